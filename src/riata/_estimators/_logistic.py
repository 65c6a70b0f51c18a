"""Logistic regression with scikit-learn's parameters and meaning.

`C` multiplies the summed loss: ``alpha = 1 / (C * sum(weights))``, where the weights are
those of samples times those of classes.
"""

import math
import warnings
from functools import partial
from typing import ClassVar

import numpy as np

from .._cross_validation._progress import CallbackSupportMixin, with_callbacks
from .._path._audit import check_solution
from .._path._samples import Deadline, total_weight
from .._solver._solutions import Status
from .._validation import check_bool, check_integer, check_l1_ratio
from ..losses import Logistic
from ._base import GradientTolerance
from ._classifier import LinearClassifier, class_attributes, solve_fit
from ._parameters import check_positive, one_of, or_none

SOLVERS = ("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")
PENALTIES = ("l1", "l2", "elasticnet", "deprecated")


def check_C(value, name):
    """Raise unless `value` is a number above 0; it may be infinite."""
    if not (isinstance(value, float) and value == math.inf):
        check_positive(value, name)


def warn_of_penalty(l1_ratio, C, stacklevel):
    """Warn that `penalty` is deprecated, as scikit-learn does."""
    warnings.warn(
        "'penalty' was deprecated in version 1.8 of scikit-learn. Leave it out, and use "
        f"{l1_ratio}=0 instead of penalty='l2', {l1_ratio}=1 instead of penalty='l1', "
        f"{l1_ratio} alone instead of penalty='elasticnet', and {C}=numpy.inf instead "
        "of penalty=None.",
        FutureWarning, stacklevel=stacklevel + 1,
    )


class LogisticModel(GradientTolerance, LinearClassifier):
    """What LogisticRegression and LogisticRegressionCV share.

    Parameters
    ----------
    dual : bool
        Accepted and without effect.
    intercept_scaling : float
        Accepted and without effect: no solver here penalizes the intercept.
    solver : {"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"}
        Accepted and without effect: riata has one solver, for all penalties and any
        number of classes, which chooses its means.
    tol : float
        Tolerance, in scikit-learn's spelling: a fit stops when no entry of the
        (sub)gradient of the objective, divided by ``C * sum(s)``, is larger than
        `tol`, as there, and when the duality gap is at most ``tol ** 2`` (not less than
        1e-10) times the objective of the model that has an intercept only.
    """

    _takes_chunks = True
    _checks: ClassVar = {
        "dual": check_bool,
        "intercept_scaling": check_positive,
        "solver": one_of(*SOLVERS),
    }
    _counts_weights = True
    _stronger = "a smaller C"

    def _get_loss(self):
        return Logistic()


def solve_iterations(data, alphas, *, max_iter, **options):
    """As `solve_fit`, but with ``max_iter=0`` return the coefficients of the start."""
    if max_iter > 0:
        return solve_fit(data, alphas, max_iter=max_iter, **options)
    fit = solve_fit(data, alphas, max_iter=1, **options)
    start = options["start"]
    coef = np.zeros_like(fit.coef) if start is None else np.reshape(start, fit.coef.shape)
    intercept = np.zeros_like(fit.intercept)
    about = ("l1_ratio", "loss", "standardize", "penalty_factor", "lower", "upper")
    certificate = check_solution(
        data.X, data.y, coef, intercept.tolist(), alpha=float(alphas[0]),
        fit_intercept=options["fit_intercept"], sample_weight=data.sample_weight,
        offset=data.offset, **{name: options[name] for name in about},
    )
    return fit._replace(
        coef=coef, intercept=intercept, dual_gap=certificate.gap,
        relative_gap=certificate.relative_gap, n_iter=0, status=Status.iteration_limit,
    )


@with_callbacks
def fit_with_callbacks(estimator, X, y, sample_weight, offset):
    """Fit a LogisticRegression and call its callbacks after each iteration.

    The model after k iterations is fitted anew with ``max_iter=k``, as there are few of
    them. As in scikit-learn, the callbacks see the beginning of one more iteration than
    is made.
    """
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    about = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
    limit = 1000 if estimator.max_iter is None else estimator.max_iter
    context = None

    def solve(data, alphas, *, known, max_iter, seconds, **options):
        deadline = Deadline(seconds)

        def begin(fit):
            task = context.subcontext(task_name="newton-iter")
            task.call_on_fit_task_begin(**about, reconstruction_attributes=model(fit))
            return task

        def model(fit):
            return {**known, **class_attributes(fit, data.X.dtype)}

        def fit_of(n_iter):
            return solve_iterations(
                data, alphas, known=known, max_iter=n_iter, seconds=deadline.left(),
                **options,
            )

        task = begin(fit_of(0))
        for n_iter in range(min(max_iter, 1), max(max_iter, 1) + 1):
            fit = fit_of(n_iter)
            ended = fit.status != Status.iteration_limit or n_iter == max_iter
            stop = task.call_on_fit_task_end(**about, reconstruction_attributes=model(fit))
            task = begin(fit)
            if ended or stop:
                break
        task.call_on_fit_task_end(**about)
        return fit

    context = estimator._init_callback_context(max_subtasks=max(limit, 1) + 1)
    context.call_on_fit_task_begin(**about)
    estimator._fit_classes(X, y, sample_weight, offset, solve)
    context.call_on_fit_task_end(**about, reconstruction_attributes={})
    return estimator


class LogisticRegression(CallbackSupportMixin, LogisticModel):
    r"""Logistic regression with an L2 and an L1 penalty, solved with a certificate.

    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        C \sum_i s_i\, \ell(y_i, \eta_i)
        + \sum_j v_j \left( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \right),
        \qquad \eta_i = o_i + b + x_i^\top w, \quad l_j \le w_j \le u_j,

    with the logistic loss :math:`\ell`, the weights :math:`s` of samples times those of
    classes, the offset :math:`o`, the penalty factors :math:`v` and :math:`\rho` =
    `l1_ratio`. More than two classes have coefficients each, and the multinomial loss.
    With the defaults it is the problem of
    :class:`sklearn.linear_model.LogisticRegression`, whose parameters, attributes and
    methods this class has; those after `n_jobs` are riata's own. Note that `C`
    multiplies a sum: it corresponds to ``alpha = 1 / (C * sum(s))`` elsewhere in riata.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet", None}
        Accepted with a ``FutureWarning``, as by scikit-learn. Where it is left out,
        `l1_ratio` decides; None means ``C=numpy.inf``. Where it contradicts `l1_ratio`
        or `C` it counts, with a ``UserWarning``.
    C : float
        Inverse of the strength of the penalty, > 0. Infinity means no penalty; classes
        that can be separated then have no solution.
    l1_ratio : float
        Share of the L1 penalty, in [0, 1], with any `solver`. None means 0, with a
        ``FutureWarning``.
    max_iter : int
        Largest number of outer iterations. One of them solves for a whole working set
        of features, so a few are the rule. None means 1000. 0 leaves the coefficients
        where the fit starts, at zero or (with `warm_start`) at those of the last fit.
    n_jobs : int
        Accepted without effect, with a ``FutureWarning``, as by scikit-learn.

    Attributes
    ----------
    classes_, coef_, intercept_, sparse_coef_, loss_
    dual_gap_ : float
        Duality gap, in units of the objective above divided by ``C * sum(s)``: no
        other coefficients have an objective lower by more than this.
    relative_gap_, n_iter_, status_, n_features_in_, feature_names_in_

    See Also
    --------
    LogisticRegressionCV : Chooses `C` and `l1_ratio` by cross-validation.
    GeneralizedLinearClassifier : On riata's own scale, and with other losses.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from riata import LogisticRegression
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = LogisticRegression(l1_ratio=1.0, C=0.1).fit(X, y)
    >>> int((model.coef_ != 0).sum())
    6
    >>> model.predict(X[-3:])
    array([0, 0, 1])
    >>> bool(model.relative_gap_ <= 1e-8)
    True
    """

    __module__ = "riata"

    _checks: ClassVar = {
        "penalty": or_none(one_of(*PENALTIES)),
        "C": check_C,
        "l1_ratio": or_none(check_l1_ratio),
        "max_iter": or_none(partial(check_integer, low=0)),
    }

    def __init__(
        self, penalty="deprecated", *, C=1.0, l1_ratio=0.0, dual=False, tol=1e-4,
        fit_intercept=True, intercept_scaling=1, class_weight=None, random_state=None,
        solver="lbfgs", max_iter=100, verbose=0, warm_start=False, n_jobs=None,
        standardize=False, penalty_factor=None, lower=None, upper=None, n_threads=None,
        time_limit=None,
    ):
        self._keep_parameters(locals())

    def fit(self, X, y, sample_weight=None, offset=None):
        """Fit the model.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Labels of any kind: numbers, strings, truth values.
        sample_weight : float or array-like of shape (n_samples,)
            Weights >= 0 of the samples. As the sum of losses is not divided by their
            sum, weights twice as large count like a `C` twice as large.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes)
            Known part of the linear predictor, added to it and not fitted.
        """
        if getattr(self, "_skl_callbacks", None):
            return fit_with_callbacks(self, X, y, sample_weight, offset)
        return self._fit_classes(X, y, sample_weight, offset, solve_iterations)

    def set_callbacks(self, *callbacks):
        """Set scikit-learn's callbacks, which are called after each iteration of a fit.

        Parameters
        ----------
        *callbacks : callback instances
            Of :mod:`sklearn.callback`. None removes those that were set.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        AttributeError
            If scikit-learn is older than 1.9 and has no callbacks.

        Warns
        -----
        UserWarning
            If `solver` is not "lbfgs": scikit-learn calls no callbacks then.
        """
        if self.solver != "lbfgs":
            warnings.warn(
                f"Callbacks are only supported in {type(self).__name__} for "
                f"solver='lbfgs' by scikit-learn, but solver is {self.solver!r}; riata "
                "calls them with any solver.",
                UserWarning, stacklevel=2,
            )
        return super().set_callbacks(*callbacks)

    def _strength(self, data):
        C, l1_ratio = self._resolve_penalty()
        return 1.0 / (C * total_weight(data)), l1_ratio

    def _resolve_penalty(self):
        """Return C and l1_ratio, which the deprecated `penalty` overrides."""
        C, l1_ratio = self.C, self.l1_ratio
        if self.penalty != "deprecated":
            warn_of_penalty("l1_ratio", "C", stacklevel=5)
        elif l1_ratio is None:
            warnings.warn(
                "'l1_ratio=None' was deprecated in version 1.8 of scikit-learn; use "
                "l1_ratio=0.",
                FutureWarning, stacklevel=5,
            )
        self._warn_of_contradictions()
        if self.n_jobs is not None:
            warnings.warn(
                "'n_jobs' has no effect since 1.8 and will be removed in 1.10 of "
                f"scikit-learn. You provided n_jobs={self.n_jobs}; leave it out.",
                FutureWarning, stacklevel=5,
            )
        if self.penalty is None:
            return math.inf, 0.0
        if self.penalty in ("l1", "l2"):
            return C, float(self.penalty == "l1")
        if self.penalty == "elasticnet" and l1_ratio is None:
            raise ValueError(
                "l1_ratio is None; penalty='elasticnet' needs a number between 0 and 1."
            )
        return C, 0.0 if l1_ratio is None else l1_ratio

    def _warn_of_contradictions(self):
        """Warn of an l1_ratio or C that `penalty` overrides, as scikit-learn does."""
        penalty, l1_ratio = self.penalty, self.l1_ratio
        if penalty == "deprecated":
            penalty = None if math.inf == self.C else "elasticnet"
        messages = []
        if penalty != "elasticnet" and l1_ratio is not None and 0 < l1_ratio < 1:
            messages.append(
                "l1_ratio parameter is only used when penalty is 'elasticnet'. Got "
                f"(penalty={penalty})"
            )
        if penalty in ("l1", "l2") and l1_ratio != (penalty == "l1"):
            messages.append(
                f"Inconsistent values: penalty={penalty} with l1_ratio={l1_ratio}. "
                "penalty counts; it is deprecated, please use l1_ratio only."
            )
        if self.penalty is None and self.C != 1.0:
            messages.append(
                "Setting penalty=None will ignore the C and l1_ratio parameters"
            )
        for message in messages:
            warnings.warn(message, UserWarning, stacklevel=6)
