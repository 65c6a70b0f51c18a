"""RelaxedLassoCV and AdaptiveLassoCV: what is done besides a path is cross-validated, too.

Each fold repeats on its training samples everything that the data decide: the supports
that are refitted, the initial estimate that weighs the penalty.
"""

from typing import ClassVar

from .._cross_validation._fits import PathFits
from .._path._result import CRITERIA
from .._path._samples import Deadline
from .._selection._adaptive import adaptive_factor
from .._selection._relaxed import GAMMAS, Blend, check_gammas, relax
from .._validation import check_alpha, check_penalty_factor
from ._adaptive import Adaptive, regression_loss
from ._base import Fit, GapTolerance
from ._cv_base import OneRatio, PathCV, check_select
from ._glm import GeneralizedLinearModel

STAGES = 2  # of a fit, which share its time


class SelectionCV(OneRatio, PathCV, GapTolerance, GeneralizedLinearModel):
    """What both share: a lasso of any loss that has means to predict.

    Parameters
    ----------
    time_limit : float
        Seconds for the whole fit, shared evenly among the folds, and in each among the
        path and what comes before or after it. Models that were not reached in all
        folds have NaN scores and are not chosen.
    """

    _takes_chunks = False  # refits and weights need single columns

    def _get_loss(self):
        return regression_loss(self.loss, type(self).__name__)


def check_rule_of_scores(value, name):
    """Raise unless `value` is a rule that goes by scores, or a callable."""
    check_select(value, name)
    if isinstance(value, str) and value in CRITERIA:
        raise ValueError(
            f"{name} is {value!r}, but the degrees of freedom of a relaxed lasso are not "
            "known: refits have more than coefficients; use 'min' or '1se'."
        )


class RelaxedFits(PathFits):
    """Paths blended with refits on their supports.

    Parameters
    ----------
    gammas : ndarray of shape (n_gammas,)
    refit_alpha : float
    *arguments
        Of `PathFits`.
    """

    def __init__(self, gammas, refit_alpha, *arguments):
        super().__init__(*arguments)
        self.gammas, self.refit_alpha = gammas, refit_alpha

    def fit(self, fold, l1_ratio, alphas, seconds, saved_path):
        deadline = Deadline(seconds)
        path = self.path(
            self.penalty, fold, l1_ratio, alphas, deadline.left(STAGES), saved_path
        )
        relaxed = relax(
            path, self.samples(fold), self.penalty,
            self.settings._replace(deadline=deadline.end), self.gammas, self.refit_alpha,
            standardize=self.options["standardize"], n_threads=self.options["n_threads"],
        )
        return [Blend(relaxed, gamma) for gamma in self.gammas.tolist()]


class AdaptiveFits(PathFits):
    """Paths whose penalty factors come from an initial estimate on the same samples.

    Parameters
    ----------
    initial : dict
        ``initial``, ``initial_alpha`` and ``power`` of `adaptive_path`.
    deadline : Deadline
    *arguments
        Of `PathFits`.
    """

    def __init__(self, initial, deadline, *arguments):
        super().__init__(*arguments)
        self.initial = initial
        # The grid of alphas depends on the factors, so they come before any path.
        seconds = deadline.left(STAGES * (len(self.folds) + 1))
        self.found, self.penalty_of_all = self._weighted(None, seconds)

    def _weighted(self, fold, seconds):
        """The initial coefficients and the factors from them, and the penalty."""
        settings = self.settings._replace(deadline=Deadline(seconds).end)
        coef, factor = adaptive_factor(
            self.samples(fold), self.penalty, settings, **self.initial, **self.options
        )
        checked = check_penalty_factor(factor, self.X.n_features)
        found = {"initial_coef": coef, "penalty_factor": factor}
        return found, {**self.penalty, "penalty_factor": checked}

    def fit(self, fold, l1_ratio, alphas, seconds, saved_path):
        # No warm starts in the folds, where other factors lead to other solutions.
        if fold is None:
            path = self.path(self.penalty_of_all, None, l1_ratio, alphas, seconds)
            return [path._with(**self.found)]
        deadline = Deadline(seconds)
        _, penalty = self._weighted(fold, deadline.left(STAGES))
        return [self.path(penalty, fold, l1_ratio, alphas, deadline.left())]


class RelaxedLassoCV(SelectionCV):
    r"""Relaxed lasso whose `alpha` and `gamma` are chosen together by cross-validation.

    The coefficients are :math:`\gamma \hat w + (1 - \gamma) \bar w` with the lasso
    solution :math:`\hat w` for `alpha` and the refit :math:`\bar w` of the features it
    selects; see :func:`riata.relaxed_path`.

    Parameters
    ----------
    gammas : array-like of float in [0, 1]
        Shares of the lasso's own coefficients to choose from. 1 is the lasso.
    refit_alpha : float
        Strength of an L2 penalty on the refits. With 0 and dependent features they have
        the least norm; a logistic refit of separated classes needs it.
    select : {"min", "1se"} or callable
        The pair with the best mean score; or, of those with the largest alpha of each
        gamma within one standard error of it, the one with the fewest features (of
        equals, the better score); or a callable, see :meth:`riata.CVResult.select`.
        :meth:`reselect` makes another choice later. No information criteria: the degrees
        of freedom of refits are not known.
    lower, upper : float or array-like of shape (n_features,)
        Bounds of the coefficients, of the refits as well, ``lower <= 0 <= upper``.

    Attributes
    ----------
    alpha_
    gamma_ : float
        The chosen gamma.
    alphas_
    gammas_ : ndarray of shape (n_gammas,)
        The gammas, as given.
    score_path_ : ndarray of shape (n_gammas, n_alphas, n_folds)
        Score on the test rows of each fold, greater is better.
    cv_result_
    path_ : PathResult
        The lasso path on all of the data.
    relaxed_path_ : RelaxedPath
        The same with the refits.
    coef_, intercept_, sparse_coef_, loss_
    dual_gap_, relative_gap_ : float
        Duality gap of the lasso for `alpha_`, absolute and divided by the objective of
        the intercept-only model.
    refit_relative_gap_ : float
        The latter of the refit.
    n_iter_, status_, n_features_in_, feature_names_in_

    See Also
    --------
    riata.relaxed_path : Path and refits without cross-validation.
    LassoCV : The lasso alone.

    References
    ----------
    Meinshausen (2007), doi:10.1016/j.csda.2006.12.019; Hastie, Tibshirani & Tibshirani
    (2020), doi:10.1214/19-STS733.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import RelaxedLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((80, 30))
    >>> y = 3 * X[:, 2] - 2 * X[:, 7] + rng.standard_normal(80)
    >>> model = RelaxedLassoCV().fit(X, y)
    >>> model.score_path_.shape
    (5, 100, 5)
    >>> bool(model.gamma_ < 1) and np.flatnonzero(model.coef_)
    array([2, 7])
    """

    __module__ = "riata"

    _checks: ClassVar = {
        "gammas": check_gammas,
        "refit_alpha": check_alpha,
        "select": check_rule_of_scores,
    }

    def __init__(
        self, gammas=GAMMAS, *, loss="squared", refit_alpha=0.0, eps=1e-3, alphas=100,
        cv=None, scoring=None, select="min", fit_intercept=True, max_iter=1000,
        tol=1e-6, verbose=0, n_jobs=None, standardize=False, penalty_factor=None,
        lower=None, upper=None, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())

    def _fits(self, *problem, deadline):
        return RelaxedFits(
            check_gammas(self.gammas), float(self.refit_alpha), *problem, self.alphas,
            self.eps,
        )

    def _records(self, result):
        relaxed = result.paths[0].relaxed
        return {
            "alphas_": result.alphas[0],
            "gammas_": relaxed.gammas,
            "path_": relaxed.path,
            "relaxed_path_": relaxed,
            "score_path_": result.scores[result.metrics[0]],
        }

    def _chosen(self, choice, known, dtype):
        refits = choice.path.relaxed.refits
        return {
            "alpha_": choice.alpha,
            "gamma_": choice.gamma,
            "refit_relative_gap_": float(refits.relative_gap[choice.at]),
            **self._attributes_of(Fit.from_path(choice.path, choice.at), dtype),
        }


class AdaptiveLassoCV(Adaptive, SelectionCV):
    """Adaptive lasso whose `alpha` is chosen by cross-validation.

    Each fold finds an initial estimate of its own on its training rows, as the fit on
    all data does. Factors from all of the data would have seen the test rows: they
    penalize little what happens to fit them, and the scores would favour small alphas
    and promise too much. See :func:`riata.adaptive_path`.

    Parameters
    ----------
    initial : {"ridge", "lasso", "ols"} or array-like of shape (n_features,)
        The initial estimate; what is zero in it is excluded. Coefficients that are given
        are those of all folds: they should not come from these data.
    initial_alpha : float
        Strength of the initial ridge or lasso; None chooses it, within each fold, by
        cross-validation of its training rows.
    select : str or callable
        Rule of the choice: "min" (the best mean score), "1se" (the largest alpha within
        one standard error of it), "aic", "aicc", "bic", "ebic", "gcv" (an information
        criterion of the path on all samples, given its penalty factors), or a callable;
        see :meth:`riata.CVResult.select`. :meth:`reselect` makes another choice later.

    Attributes
    ----------
    alpha_, l1_ratio_, alphas_, score_path_
    cv_result_, path_, coef_path_, intercept_path_, initial_coef_, penalty_factor_
    coef_, intercept_, sparse_coef_, loss_, dual_gap_, relative_gap_, n_iter_, status_
    n_features_in_, feature_names_in_

    See Also
    --------
    AdaptiveLasso : For a given alpha.
    riata.adaptive_path : The path alone.

    References
    ----------
    Zou (2006), doi:10.1198/016214506000000735.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import AdaptiveLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((80, 30))
    >>> y = 3 * X[:, 2] - 2 * X[:, 7] + rng.standard_normal(80)
    >>> model = AdaptiveLassoCV(power=2.0, select="1se").fit(X, y)
    >>> np.flatnonzero(model.coef_)
    array([2, 7])
    """

    __module__ = "riata"

    def __init__(
        self, initial="ridge", *, power=1.0, initial_alpha=None, loss="squared",
        eps=1e-3, alphas=100, cv=None, scoring=None, select="min", fit_intercept=True,
        max_iter=1000, tol=1e-6, verbose=0, n_jobs=None, standardize=False,
        penalty_factor=None, lower=None, upper=None, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())

    def _fits(self, *problem, deadline):
        return AdaptiveFits(
            self._initial(), deadline, *problem, self.alphas, self.eps
        )

    def _records(self, result):
        path = result.paths[0]
        return {
            **super()._records(result),
            "initial_coef_": path.initial_coef,
            "penalty_factor_": path.penalty_factor,
        }
