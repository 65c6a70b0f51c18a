"""HuberRegressor: robust regression with an estimate of the scale, as scikit-learn has it.

For a given scale the problem is a path problem of Huber's loss. Its optimal value is a
convex function of the scale, whose minimum is found by secant steps between brackets.
"""

import math
from functools import partial
from typing import ClassVar

import numpy as np

from .. import _costs as costs
from .._path._checked import SQUARED
from .._path._samples import Deadline, Samples, solve_path, weights_as_given
from .._solver._solutions import Status
from .._validation import check_real, validate_estimator_input
from ..losses import Huber
from ._base import (
    Fit,
    GradientTolerance,
    LinearRegressor,
    fitted_attributes,
    warn_not_converged,
)
from ._huber_start import JointNewton

LEAST_SCALE = 1e-6  # against the median distance of the target from its median
FIRST_SCALE = 0.1  # likewise: to begin with a smaller one would be hard
SHARP = 1e-13  # largest gradient of the mean loss, against that of a large error
CLOSE = 1e-10  # relative change of the scale that ends the search
MOST_IDLE = 6  # scales in a row that come no closer to the best one
EPS = float(np.finfo(float).eps)


def best_scale(residual, weight, epsilon):
    """Return the scale with the least objective for given residuals.

    The derivative, ``sum(s) - sum(s min(|r| / scale, epsilon)^2)``, rises with the scale.
    Sorted by size, the first k residuals are not cut off; each k has a scale in closed
    form, and the right one is the first that cuts off the others.
    """
    size = np.abs(residual)
    order = np.argsort(size)
    size, weight = size[order], weight[order]
    total = weight.sum()
    with np.errstate(over="ignore"):  # of outliers, which are cut off
        within = np.concatenate([[0.0], np.cumsum(weight * size**2)])
    beyond = total - np.concatenate([[0.0], np.cumsum(weight)])
    beyond[-1] = 0.0
    rest = total - epsilon**2 * beyond
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(within / rest)
        fits = (rest > 0) & (epsilon * scale <= np.append(size, np.inf))
    return float(scale[np.argmax(fits)])


def weighted_median(values, weight):
    """Return a value with no more than half of the weights on either side."""
    order = np.argsort(values)
    sums = np.cumsum(weight[order])
    return float(values[order[np.searchsorted(sums, 0.5 * sums[-1])]])


class HuberRegressor(GradientTolerance, LinearRegressor):
    r"""Linear regression that is robust to outliers, solved with a certificate.

    Minimizes, over the coefficients :math:`w`, the intercept :math:`b` and the scale
    :math:`\sigma`,

    .. math::

        \sum_i s_i \left( \sigma + \sigma H\Big( \frac{e_i}{\sigma} \Big) \right)
        + 2 \alpha \sum_j v_j \left( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \right),
        \qquad l_j \le w_j \le u_j,

    with the errors :math:`e_i = y_i - o_i - b - x_i^\top w`, where :math:`H(z)` is
    :math:`z^2` up to `epsilon` and :math:`2 \epsilon |z| - \epsilon^2` beyond.
    :math:`s` are the sample weights, :math:`o` is the offset, :math:`v` are the penalty
    factors and :math:`\rho` = `l1_ratio`. With the defaults it is the problem of
    :class:`sklearn.linear_model.HuberRegressor`, whose parameters, attributes and
    methods this class has; those after `tol` are riata's own. Note that the losses
    are summed, not averaged.

    Parameters
    ----------
    epsilon : float
        Errors larger than `epsilon` times the scale count as outliers; at least 1.
        (1 means least absolute errors, with a scale near zero.)
    max_iter : int
        Largest number of scales that are tried, and of outer iterations for each. None
        means 1000.
    warm_start : bool
        Start from the coefficients and the scale of the previous fit, if their shape
        still fits.
    tol : float
        Tolerance, in scikit-learn's spelling: the fit stops when no entry of the
        (sub)gradient of the objective, that of the scale included, is larger than `tol`
        or rounding allows, and when the duality gap at the scale is at most
        ``tol ** 2`` (not less than 1e-10) times the objective of the model that has an
        intercept only.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_
    scale_ : float
        The scale: errors are divided by it. Where (nearly) all errors can be zero it
        has none but the least value, 1e-6 of the median distance of the target from
        its median.
    outliers_ : ndarray of bool, shape (n_samples,)
        Which samples have errors larger than ``epsilon * scale_``.
    dual_gap_ : float
        Duality gap of the coefficients at the scale, in units of the objective above
        (without the constant) times ``scale_ / (2 sum(s))``.
    relative_gap_
    n_iter_ : int
        Number of scales that were tried.
    status_, n_features_in_, feature_names_in_

    See Also
    --------
    GeneralizedLinearRegressor : Huber's loss with a given scale, ``loss="huber"``.

    References
    ----------
    A. B. Owen, "A robust hybrid of lasso and ridge regression", Contemporary
    Mathematics 443, 59-71, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import HuberRegressor
    >>> X = np.arange(10.0)[:, None]
    >>> y = 2 * X[:, 0] + np.sin(X[:, 0])
    >>> y[4] = 400.0  # an outlier
    >>> model = HuberRegressor().fit(X, y)
    >>> model.coef_.round(1)
    array([2.])
    >>> bool(model.outliers_[4])
    True
    """

    __module__ = "riata"

    _checks: ClassVar = {"epsilon": partial(check_real, low=1.0)}

    def __init__(
        self, *, epsilon=1.35, max_iter=100, alpha=0.0001, warm_start=False,
        fit_intercept=True, tol=1e-05, l1_ratio=0.0, standardize=False,
        penalty_factor=None, lower=None, upper=None, n_threads=None, time_limit=None,
    ):
        self._keep_parameters(locals())

    def fit(self, X, y, sample_weight=None, offset=None):
        """Fit the model.

        Parameters
        ----------
        y : array-like of shape (n_samples,)
            Target.
        sample_weight : float or array-like of shape (n_samples,)
            Weights >= 0 of the samples. As the sum of losses is not divided by their
            sum, weights twice as large count like an `alpha` half as large.
        """
        self._check_params()
        *data, features = validate_estimator_input(
            self, X, y, sample_weight=sample_weight, offset=offset
        )
        data = Samples(*data)
        weight = weights_as_given(sample_weight, len(data.y))
        fit, scale, error = self._search(data, weight)
        warn_not_converged(self, [fit], "fits", stacklevel=2)
        loss = Huber(self.epsilon * scale)  # also where the squared one did
        fit = fit._replace(solved=fit.solved._replace(loss=loss))
        attributes = fitted_attributes([fit], data.y, data.X.dtype, self.fit_intercept)
        self._set_fitted(
            **attributes, scale_=scale, outliers_=np.abs(error) > self.epsilon * scale,
            **features,
        )
        return self

    def _search(self, data, weight):
        """Return the fit at the best scale, the scale, and the errors."""
        target = data.y if data.offset is None else data.y - data.offset
        centred = target - (weighted_median(target, weight) if self.fit_intercept else 0.0)
        with np.errstate(over="ignore", invalid="ignore"):
            # of a typical sample: the mean would be that of the outliers
            size = weighted_median(np.abs(centred), weight)
            size = size or float(np.average(np.abs(centred), weights=weight)) or 1.0
        if not 1e-300 < size * self.epsilon < 1e300:
            raise ValueError(
                f"the typical absolute deviation of y (less the offset) is {size:.3g} and "
                f"epsilon is {self.epsilon:.3g}: their product, or the sum of "
                "sample_weight, is out of range. Rescale y or sample_weight."
            )
        least = LEAST_SCALE * size
        (coef,) = self._starts(1, data.X.shape[1])
        if coef is not None:
            scale = max(self.scale_, least)
        else:
            scale = max(best_scale(centred, weight, self.epsilon), FIRST_SCALE * size)
            if self._is_small_and_smooth(data.X):
                l2 = np.full(data.X.shape[1], float(self.alpha))
                newton = JointNewton(
                    data.X, target, weight, self.epsilon, l2, self.fit_intercept
                )
                found = newton.minimum(scale)
                if found is not None:
                    coef, scale = found[0], max(found[1], least)
        problem = AtScale(self, data, weight, size, Deadline(self.time_limit))
        low, high, before = least, math.inf, None
        closest, idle = math.inf, 0
        limit = 1000 if self.max_iter is None else self.max_iter
        for n_iter in range(1, limit + 1):
            fit, error = problem.solve(scale, coef, target)
            fit, coef = fit._replace(n_iter=n_iter), fit.coef
            better = max(best_scale(error, weight, self.epsilon), least)
            # zero at the best scale, positive below it; with a slope between -1 and 0
            # in the logarithm of the scale
            lead = math.log(better / scale)
            cut = np.minimum(np.abs(error) / scale, self.epsilon)
            slope = weight.sum() - float(weight @ cut**2)
            done = abs(lead) <= CLOSE or abs(slope) <= 1e-4 * self.tol
            if done or fit.status == "time_limit":
                break
            idle = 0 if abs(lead) <= 0.5 * closest else idle + 1
            closest = min(abs(lead), closest)
            if idle >= MOST_IDLE:
                # of errors that are differences of these
                size_of_parts = np.abs(target) + np.abs(error)
                rounding = 8.0 * EPS * float(weight @ (cut * size_of_parts)) / scale
                done = abs(slope) <= max(self.tol, rounding)
                if done:
                    break
            if lead > 0:
                low = scale
            else:
                high = scale
            new = next_scale(scale, lead, before, low, high)
            done = not low < new < high  # no number is left between them
            if done:
                break
            before, scale = (scale, lead), new
        if not done and fit.status == "optimal":
            fit = fit._replace(status=Status.iteration_limit)
        return fit, scale, error


    def _is_small_and_smooth(self, X):
        """Whether Newton's method for all unknowns together is worth its matrices."""
        return (
            isinstance(X, np.ndarray) and X.shape[1] <= costs.LOOP_COLUMNS
            and X.size <= costs.LOOP_ENTRIES and self.l1_ratio == 0 and self.alpha > 0
            and not self.standardize and self.penalty_factor is None
            and self.lower is None and self.upper is None
        )


class AtScale:
    """The problem at a given scale, for many scales.

    Where all errors are small against the scale, the squared loss has the same solution,
    and is solved much faster.
    """

    def __init__(self, estimator, data, weight, size, deadline):
        self.estimator, self.data, self.total = estimator, data, weight.sum()
        self.weight, self.counts = weight, weight > 0
        self.size, self.deadline = size, deadline
        self.options = estimator._path_options()
        self.all_small = False

    def solve(self, scale, start, target):
        """Return the fit and the errors."""
        delta = self.estimator.epsilon * scale
        if self.all_small:
            # the gap is to be small against the objective of Huber's loss
            tol = max(self.options["tol"] * min(delta / self.size, 1.0), 1e-15)
            fit, error = self._fit(
                scale, start, target, loss=SQUARED, kkt_tol=math.inf, tol=tol
            )
            if np.abs(error[self.counts]).max() <= delta and fit.status == "optimal":
                return fit, error
        # Nearly as sharp as rounding permits, which costs one step: the loss is
        # quadratic between few kinks. The search for the scale needs a smooth function.
        options = {"loss": Huber(delta), "kkt_tol": SHARP * delta}
        fit, error = self._fit(scale, start, target, **options)
        if fit.status != "time_limit" and fit.relative_gap <= self.options["tol"]:
            if fit.kkt <= self._enough(scale, target, np.abs(error) <= delta):
                fit = fit._replace(status=Status.optimal)
        self.all_small = bool(np.abs(error[self.counts]).max() <= delta)
        return fit, error

    def _enough(self, scale, target, inside):
        """Largest gradient of the mean loss that the tolerance, or else rounding,
        allows: that of the objective is larger by 2 sum(s) / scale. The derivative at an
        outlier is the same whatever its size."""
        size = np.where(inside & self.counts, self.weight * np.abs(target), 0.0)
        with np.errstate(over="ignore"):
            rounding = 8.0 * EPS * float(np.max(abs(self.data.X).T @ size, initial=0.0))
        return max(0.5 * self.estimator.tol * scale, rounding) / self.total

    def _fit(self, scale, start, target, **options):
        path = solve_path(
            self.data, np.array([self.estimator.alpha * scale / self.total]),
            l1_ratio=self.estimator.l1_ratio, seconds=self.deadline.left(), start=start,
            **{**self.options, **options},
        )
        fit = Fit.from_path(path, 0)
        return fit, target - (self.data.X @ fit.coef + fit.intercept)


def next_scale(scale, lead, before, low, high):
    """Return the scale to try next: a secant step in its logarithm, inside of brackets."""
    step = lead
    if before is not None:
        rise = lead - before[1]
        run = math.log(scale / before[0])
        if rise * run < 0:
            step = -lead * run / rise
    step = min(max(step, -3.0), 3.0)
    new = scale * math.exp(step)
    if low < new < high:
        return new
    return math.sqrt(low * high) if high < math.inf else 2.0 * low
