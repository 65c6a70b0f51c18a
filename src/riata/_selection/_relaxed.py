"""The relaxed lasso: each solution of a path blended with a refit on its support.

Neighbouring alphas mostly share their support, and a support is refitted once. The refit
is a fit like any other, of the columns of the support alone, without an L1 penalty; it
starts from the coefficients of the path and has a certificate of its own.
"""

import math
from functools import cached_property
from time import monotonic
from typing import NamedTuple

import numpy as np

from .. import _validation as check
from .._path import _fit as _path
from .._path._checked import checked_data, checked_elastic_net
from .._path._result import PathResult
from .._solver._solutions import Settings
from ..losses import get_loss
from ._refit import refit_on_supports

GAMMAS = (0.0, 0.25, 0.5, 0.75, 1.0)
# What a path has an entry of for each alpha.
ALONG = (
    "alphas", "dual_gap", "relative_gap", "kkt", "objective", "deviance_ratio", "n_iter",
    "seconds", "status",
)


class Refits(NamedTuple):
    """Refits on the supports of a path; arrays with an entry for each alpha.

    Attributes
    ----------
    coef : scipy.sparse.csc_array of shape (n_features, n_alphas)
    intercept : ndarray of shape (n_alphas,)
    dual_gap, relative_gap : ndarray of shape (n_alphas,)
        Of the refit's own problem; the relative gap in units of the path's null
        objective.
    deviance_ratio : ndarray of shape (n_alphas,)
        Share of the null deviance that the refit explains.
    status : list of Status
    which : ndarray of int, shape (n_alphas,)
        Number of the support that an alpha has; equal numbers, equal supports.
    """

    coef: object
    intercept: np.ndarray
    dual_gap: np.ndarray
    relative_gap: np.ndarray
    deviance_ratio: np.ndarray
    status: list
    which: np.ndarray


class RelaxedPath:
    """A path, the refits on its supports, and the blends of both.

    Returned by `relaxed_path`; see there for the meaning of `gamma`.

    Attributes
    ----------
    path : PathResult
        The path that was relaxed (``gamma=1``).
    refits : Refits
        The refits (``gamma=0``): a named tuple of ``coef`` (csc_array of shape
        (n_features, n_alphas)) and, with an entry for each alpha, ``intercept``,
        ``dual_gap``, ``relative_gap``, ``deviance_ratio``, ``status`` and ``which`` (the
        number of the support).
    gammas : ndarray of shape (n_gammas,)
        The blends asked for; the methods take any other as well.
    refit_alpha : float
    alphas : ndarray of shape (n_alphas,)
        Those of the path.
    n_supports : int
        Distinct supports, hence refits that were solved.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import relaxed_path
    >>> X = np.eye(4)
    >>> y = np.array([4.0, 3.0, 0.0, 0.0])
    >>> relaxed = relaxed_path(X, y, fit_intercept=False, alphas=[0.5])
    >>> relaxed.coef_at(0.5, gamma=1.0)[0]
    array([2., 1., 0., 0.])
    >>> relaxed.coef_at(0.5, gamma=0.0)[0]
    array([4., 3., 0., 0.])
    >>> relaxed.coef_at(0.5, gamma=0.5)[0]
    array([3., 2., 0., 0.])
    """

    __module__ = "riata"

    def __init__(self, path, refits, gammas, refit_alpha):
        self.path, self.refits = path, refits
        self.gammas, self.refit_alpha = gammas, refit_alpha

    @property
    def alphas(self):
        """ColumnPenalty of the path, decreasing."""
        return self.path.alphas

    @property
    def feature_names_in(self):
        """Names of the features; see `PathResult`."""
        return self.path.feature_names_in

    @property
    def n_supports(self):
        """Distinct supports."""
        return int(self.refits.which.max()) + 1

    @property
    def n_reached(self):
        """How many alphas, at least 1, have a refit that no time limit ended."""
        ended = [status == "time_limit" for status in self.refits.status]
        return max(ended.index(True), 1) if any(ended) else len(ended)

    def __len__(self):
        return len(self.path)

    def __repr__(self):
        return (
            f"<RelaxedPath: {len(self)} alphas, {self.n_supports} supports, largest "
            f"relative gap of a refit {self.refits.relative_gap.max():.1e}>"
        )

    @cached_property
    def coef(self):
        """Coefficients of all blends: a csc_array (n_features, n_alphas) per gamma."""
        return [self._blend(gamma)[0] for gamma in self.gammas.tolist()]

    @cached_property
    def intercept(self):
        """Intercepts of all blends, of shape (n_gammas, n_alphas)."""
        return np.array([self._blend(gamma)[1] for gamma in self.gammas.tolist()])

    def _blend(self, gamma):
        coef = (gamma * self.path.coef + (1.0 - gamma) * self.refits.coef).tocsc()
        intercept = gamma * self.path.intercept + (1.0 - gamma) * self.refits.intercept
        return coef, intercept

    def coef_at(self, alpha, gamma=0.0):
        """Coefficients and intercept of one blend.

        Parameters
        ----------
        alpha : float
            One of `alphas`: supports between two of them are not known.
        gamma : float in [0, 1], default=0.0

        Returns
        -------
        coef : ndarray of shape (n_features,)
        intercept : float64

        Raises
        ------
        ValueError
            If `alpha` is none of the path's, or `gamma` not in [0, 1].
        """
        alpha, gamma = check.check_alpha(alpha), check_gamma(gamma)
        k = int(np.argmin(np.abs(self.alphas - alpha)))
        if not np.isclose(self.alphas[k], alpha, rtol=1e-9, atol=0.0):
            raise ValueError(
                f"alpha={alpha:.6g} is not one of the path's (the nearest is "
                f"{self.alphas[k]:.6g}), and its support is not known; fit the path with "
                "it in alphas=."
            )
        coef, intercept = self._blend(gamma)
        return coef[:, [k]].toarray()[:, 0], intercept[k]

    def decision_function(self, X, alpha=None, gamma=0.0, offset=None):
        """Linear predictors of a blend for new samples.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
        alpha : float, optional
            One of `alphas`. By default all of them.
        gamma : float in [0, 1], default=0.0
        offset : float or array-like of shape (n_samples,), optional
            As of `PathResult.predict`.

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_alphas) for all alphas
        """
        check.require_offset(offset, self.path.has_offset)
        X = self.path._checked_operand(X)
        offset = check.check_offset(offset, X.shape[0])
        if alpha is None:
            coef, intercept = self._blend(check_gamma(gamma))
            offset = offset if offset is None else offset[:, None]
        else:
            coef, intercept = self.coef_at(alpha, gamma)
        eta = X @ coef
        eta = (eta.toarray() if hasattr(eta, "toarray") else eta) + intercept
        return eta if offset is None else eta + offset

    def predict(self, X, alpha=None, gamma=0.0, offset=None):
        """Predicted means of y of a blend for new samples.

        Parameters
        ----------
        X, alpha, gamma, offset
            As in `decision_function`.

        Returns
        -------
        ndarray of shape (n_samples,), or (n_samples, n_alphas) for all alphas
        """
        return self.path._loss.predict(self.decision_function(X, alpha, gamma, offset))

    def to_frame(self):
        """One row for each alpha, as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Of the path and, with the prefix ``refit_``, of the refits.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        frame = self.path.to_frame()
        for name in ("deviance_ratio", "intercept", "dual_gap", "relative_gap", "status"):
            frame[f"refit_{name}"] = getattr(self.refits, name)
        frame["support"] = self.refits.which
        return frame


class Blend(PathResult):
    """A relaxed path at one gamma, as a path.

    Gaps, KKT violations and objectives are those of the lasso that was relaxed.

    Attributes
    ----------
    gamma : float
    relaxed : RelaxedPath
    """

    def __init__(self, relaxed, gamma):
        size = relaxed.n_reached
        facts = {name: getattr(relaxed.path, name)[:size] for name in ALONG}
        super().__init__(**{**vars(relaxed.path), **facts})
        coef, intercept = relaxed._blend(gamma)
        coef = coef[:, :size]
        coef.eliminate_zeros()
        self.gamma, self.relaxed = gamma, relaxed
        self.coef, self.intercept = coef, intercept[:size]
        self._columns, self._values = coef.indices, coef.data
        self.n_active = np.diff(coef.indptr)
        self.deviance_ratio = self.deviance_ratio if gamma == 1.0 else (
            relaxed.refits.deviance_ratio[:size] if gamma == 0.0 else np.full(size, np.nan)
        )

    @property
    def _base(self):
        return self.relaxed.path

    def coef_at(self, alpha):
        """Coefficients and intercept at one of the alphas; see `RelaxedPath.coef_at`."""
        return self.relaxed.coef_at(alpha, self.gamma)

    def _degrees_of_freedom(self):
        raise ValueError(
            "information criteria do not know a relaxed lasso's degrees of freedom: refits "
            "have more than coefficients, for having been chosen; use 'min' or '1se'."
        )


def check_gamma(gamma):
    """Return one share of the path's coefficients as a float."""
    return check.check_real(gamma, "gamma", low=0.0, high=1.0)


def check_gammas(gammas, name="gammas"):
    """Return shares of the path's coefficients as an array of float64."""
    if np.ndim(gammas) == 0 and not hasattr(gammas, "__len__"):
        gammas = [gammas]
    if isinstance(gammas, str) or np.ndim(gammas) != 1 or len(gammas) == 0:
        raise ValueError(f"{name} is {gammas!r}; it must be a 1-D list of numbers in "
                         "[0, 1]: 0 is the refit, 1 the path itself.")
    return np.array([
        check.check_real(gamma, f"{name}[{k}]", low=0.0, high=1.0)
        for k, gamma in enumerate(np.asarray(gammas).tolist())
    ])


def refuse_several(loss, what):
    """Raise for a loss with several predictors."""
    if loss.many_outputs:
        raise ValueError(
            f"loss={loss.name!r} has a predictor for each class, which {what} is not for; "
            "fit one class against the others with loss='logistic'."
        )


def relaxed_path(X, y, *, gammas=GAMMAS, refit_alpha=0.0, **options):
    r"""Fit a path, and refit each of its supports without the L1 penalty.

    The lasso shrinks what it selects, so that a strength that predicts well selects too
    much. The relaxed lasso separates the two: with :math:`\hat w` the path's solution at
    an alpha and :math:`\bar w` the fit without an L1 penalty of the features that are
    not zero in it,

    .. math:: w = \gamma \hat w + (1 - \gamma) \bar w .

    Neighbouring alphas with the same support share their refit.

    Parameters
    ----------
    X : array-like or sparse matrix or array of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
        As in `fit_path`.
    gammas : array-like of float in [0, 1], default=(0, 0.25, 0.5, 0.75, 1)
        Shares of the path's own coefficients in the blend: 1 is the path, 0 the refits.
        Any other share can be asked of the result.
    refit_alpha : float, default=0.0
        Strength of an L2 penalty on the refits, on `fit_path`'s scale. 0 leaves them
        unpenalised: of the squared loss they are least squares, and where a support has
        dependent columns, or more than samples, the solution of least norm. A logistic
        refit whose features separate the classes has no finite optimum without it, and
        ends with large coefficients.
    **options
        Those of `fit_path`. `penalty_factor` acts on `refit_alpha` as well; the refits
        keep to `lower` and `upper`.

    Returns
    -------
    RelaxedPath

    Raises
    ------
    ValueError, TypeError
        If an argument is malformed, or the loss is of several classes.

    Warns
    -----
    ConvergenceWarning
        If a solution of the path did not reach `tol`. The gaps of the refits are in the
        result.

    References
    ----------
    Meinshausen (2007), doi:10.1016/j.csda.2006.12.019; Hastie, Tibshirani & Tibshirani
    (2020), doi:10.1214/19-STS733, whose `gamma` this is (and R glmnet's).

    Examples
    --------
    >>> import numpy as np
    >>> from riata import relaxed_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 30))
    >>> y = 3 * X[:, 2] - 2 * X[:, 7] + 0.1 * rng.standard_normal(60)
    >>> relaxed = relaxed_path(X, y)
    >>> k = np.flatnonzero(relaxed.path.n_active == 2)[0]
    >>> coef, intercept = relaxed.coef_at(relaxed.alphas[k], gamma=0)
    >>> coef[[2, 7]].round(1)
    array([ 3., -2.])
    >>> relaxed.n_supports < len(relaxed)
    True
    """
    started = monotonic()
    gammas = check_gammas(gammas)
    refit_alpha = check.check_alpha(refit_alpha, "refit_alpha")
    time_limit = check.check_time_limit(options.get("time_limit"))
    loss = get_loss(options.get("loss", "squared"))
    refuse_several(loss, "relaxed_path")
    data = checked_data(
        X, y, options.get("sample_weight"), options.get("offset"), loss
    )
    penalty = checked_elastic_net(options, data.X.n_features, "relaxed_path")
    path = _path.fit_path(X, y, **options)
    settings = Settings(
        tol=check.check_tol(options.get("tol", 1e-6)),
        max_iter=check.check_max_iter(options.get("max_iter", 1000)),
        deadline=math.inf if time_limit is None else started + time_limit,
    )
    return relax(
        path, data, penalty, settings, gammas, refit_alpha,
        standardize=options.get("standardize", False),
        n_threads=options.get("n_threads"),
    )


def relax(path, data, penalty, settings, gammas, refit_alpha, **options):
    """`relaxed_path` for a path that has been fitted, on checked input.

    Parameters
    ----------
    path : PathResult
    data : Data
        That the path was fitted to.
    penalty : dict
        As from `checked_penalty`.
    settings : Settings
    gammas : ndarray of shape (n_gammas,)
    refit_alpha : float
    **options
        ``standardize`` and ``n_threads``.

    Returns
    -------
    RelaxedPath
    """
    found = refit_on_supports(path, data, penalty, settings, refit_alpha, **options)
    return RelaxedPath(path, Refits(*found), gammas, refit_alpha)

