"""Ridge.

`alpha` is scikit-learn's, for the summed squared error. Divided by the sum of the weights
it is the alpha of the mean loss, as elsewhere in riata.
"""

from typing import ClassVar

import numpy as np

from .. import _validation as check
from .._path._checked import SQUARED
from .._path._result import Solved
from .._path._samples import Deadline, Samples, solve_path, weights_as_given
from .._problem._problem import Options
from .._ridge._solve import solve_ridge
from .._solver._solutions import ROUNDING, Status
from ._base import (
    Fit,
    LinearRegressor,
    SeveralTargets,
    fitted_attributes,
    warn_not_converged,
)
from ._parameters import one_of

SOLVERS = ("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs")
DIRECT_TOL = 1e-10  # relative gap asked of a direct solution: little more than rounding


def check_target_alphas(value, name):
    """Raise unless `value` is a number >= 0 or a 1-D list of them."""
    if np.ndim(value) == 0:
        check.check_alpha(value.item() if isinstance(value, np.ndarray) else value, name)
    else:
        check.check_alphas(value, name)


class Ridge(SeveralTargets, LinearRegressor):
    r"""Linear regression with an L2 penalty, solved with a certificate.

    Minimizes, over the coefficients :math:`w` and the intercept :math:`b`,

    .. math::

        \sum_i s_i (y_i - o_i - b - x_i^\top w)^2 + \alpha \sum_j v_j w_j^2,
        \qquad l_j \le w_j \le u_j,

    with the sample weights :math:`s`, the offset :math:`o` and the penalty factors
    :math:`v`. With the defaults it is the problem of
    :class:`sklearn.linear_model.Ridge`, whose parameters, attributes and methods this
    class has; those after `random_state` are riata's own. Note that the loss is a
    sum here, and a mean in most other estimators and functions of riata: ``Ridge(alpha)``
    corresponds to ``alpha / sum(s)`` there.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,)
        Strength of the penalty, >= 0; an array gives each target its own. 0 is least
        squares; where that has many solutions, the one of smallest norm.
    max_iter : int
        Largest number of iterations, where a fit needs any: for data that are large
        both ways, and with bounds. None lets riata decide.
    tol : float
        Tolerance of fits with bounds: they stop when the duality gap is at most
        ``tol / 100`` times the objective of the model that has an intercept only.
        Without bounds the solution is exact but for rounding, or iterates to a relative
        gap of 1e-10 or ``tol / 100``, whichever is smaller.
    solver : {"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}
        Accepted and without effect: riata chooses by the shape of X, and changes to
        orthogonal transformations where X is ill-conditioned. See `solver_`.
    n_threads : int
        Number of threads of fits with bounds; None lets riata decide. Other fits leave
        their threads to the BLAS library.
    time_limit : float
        Seconds after which the fit stops with what it has (and a warning). Where a
        direct solve may take longer, which cannot be stopped, it iterates.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap, in units of the objective above divided by ``2 sum(s)``.
    relative_gap_
    n_iter_ : ndarray of shape (n_targets,)
        Number of iterations; of a direct solution, the number of solves.
    status_
    solver_ : str
        What was used, such as "gram-cholesky", "kernel-svd", "krylov" or, with bounds,
        "path".
    n_features_in_, feature_names_in_

    See Also
    --------
    RidgeCV : Chooses `alpha` by cross-validation.
    ElasticNet : With an L1 penalty in addition.

    References
    ----------
    A. E. Hoerl and R. W. Kennard, "Ridge regression: biased estimation for
    nonorthogonal problems", Technometrics 12, 55-67, 1970.

    Examples
    --------
    >>> from riata import Ridge
    >>> model = Ridge(alpha=2.0).fit([[0], [1], [2]], [0, 1, 2])
    >>> model.coef_.round(6), round(float(model.intercept_), 6)
    (array([0.5]), 0.5)
    """

    __module__ = "riata"

    _takes_chunks = True
    _checks: ClassVar = {"alpha": check_target_alphas, "solver": one_of(*SOLVERS)}

    def __init__(
        self, alpha=1.0, *, fit_intercept=True, copy_X=True, max_iter=None, tol=1e-4,
        solver="auto", positive=False, random_state=None, standardize=False,
        penalty_factor=None, lower=None, upper=None, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())

    def fit(self, X, y, sample_weight=None, offset=None):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data, of any layout and of either kind of sparse format.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,)
            Weights >= 0 of the samples. As the sum of squares is not divided by their
            sum, weights twice as large count like an `alpha` half as large.
        offset : array-like of shape (n_samples,) or (n_samples, n_targets)
            Known part of the prediction, added to it and not fitted.
        """
        self._check_params()
        *data, features = check.validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset, multi_output=True
        )
        data = Samples(*data)
        total = weights_as_given(sample_weight, data.X.shape[0]).sum()
        alphas = self._alpha_of_targets(data.y) / total
        (fits,), solver = self._solve(data, alphas[None, :])
        warn_not_converged(self, fits, "targets", stacklevel=2)
        self._set_fitted(**self._attributes(fits, data), solver_=solver, **features)
        return self

    def _alpha_of_targets(self, y):
        n_targets = 1 if y.ndim == 1 else y.shape[1]
        alpha = np.asarray(self.alpha, dtype=np.float64).ravel()
        if alpha.size not in (1, n_targets):
            raise ValueError(
                f"alpha has {alpha.size} values, but y has {n_targets} targets; give "
                "one value, or one for each target."
            )
        return np.broadcast_to(alpha, (n_targets,))

    def _attributes(self, fits, data):
        attributes = fitted_attributes(fits, data.y, data.X.dtype, self.fit_intercept)
        attributes["n_iter_"] = np.atleast_1d(attributes["n_iter_"])
        return attributes

    def _is_bounded(self):
        return self.positive or self.lower is not None or self.upper is not None

    def _solve(self, data, alphas):
        """Fit all targets for several alphas.

        Parameters
        ----------
        data : Samples
        alphas : ndarray of shape (n_alphas, n_targets)
            On the scale of the mean loss.

        Returns
        -------
        fits : list of n_alphas lists of n_targets Fit
        solver : str
        """
        if self._is_bounded() or check.is_chunks(data.X):
            return self._solve_bounded(data, alphas), "path"
        deadline = Deadline(self.time_limit)
        result = solve_ridge(
            data.X, data.y, alphas if data.y.ndim == 2 else alphas[:, 0],
            fit_intercept=bool(self.fit_intercept), standardize=bool(self.standardize),
            sample_weight=data.sample_weight, offset=data.offset,
            penalty_factor=check.check_penalty_factor(self.penalty_factor, data.X.shape[1]),
            tol=min(self.tol / 100, DIRECT_TOL),
            max_iter=10_000 if self.max_iter is None else self.max_iter,
            deadline=deadline.end,
        )
        fits = fits_of_result(self, result, alphas, late=deadline.left() == 0.0)
        return fits, result.method

    def _solve_bounded(self, data, alphas):
        options = self._path_options()
        deadline = Deadline(self.time_limit)
        fits = [[None] * alphas.shape[1] for _ in alphas]
        for k, target in enumerate(data.targets()):
            order = np.argsort(-alphas[:, k], kind="stable")
            path = solve_path(
                target, alphas[order, k], l1_ratio=0.0,
                seconds=deadline.left(alphas.shape[1] - k), **options,
            )
            for at, i in enumerate(order):
                fits[i][k] = Fit.from_path(path, min(at, len(path.alphas) - 1))
        return fits


def fits_of_result(estimator, result, alphas, late=False):
    """Return the content of a RidgeResult as a list (alphas) of lists (targets).

    `alphas`, of that shape, are on the scale of the mean loss; `late` says whether the
    time limit ended it.
    """
    shape, tol = alphas.shape, estimator.tol / 100
    factor = check.check_penalty_factor(estimator.penalty_factor, result.coef.shape[-1])
    options = Options(
        bool(estimator.fit_intercept), bool(estimator.standardize), factor, None, None
    )
    coef = result.coef.reshape(*shape, -1)
    fields = (
        result.intercept, result.dual_gap, result.relative_gap, result.n_iter, result.kkt
    )
    intercept, dual_gap, relative_gap, n_iter, kkt = (f.reshape(shape) for f in fields)
    return [
        [
            Fit(
                coef[i, k],
                intercept[i, k],
                float(dual_gap[i, k]),
                float(relative_gap[i, k]),
                int(n_iter[i, k]),
                status_of_gap(relative_gap[i, k], tol, late),
                Solved(
                    float(alphas[i, k]), 0.0, SQUARED, options, float(kkt[i, k]),
                    result.column_scales,
                ),
            )
            for k in range(shape[1])
        ]
        for i in range(shape[0])
    ]


def status_of_gap(relative_gap, tol, late=False):
    """Return how a direct or Krylov solution ended."""
    if relative_gap <= tol:
        return Status.optimal
    if late:
        return Status.time_limit
    if relative_gap <= max(10 * tol, ROUNDING):
        return Status.optimal_inaccurate
    return Status.insufficient_progress
