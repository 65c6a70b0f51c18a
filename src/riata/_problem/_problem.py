"""Problem: penalised least squares in the units of the design.

Columns have norms in [1, 2), y has its norm in (1/2, 1]. All conversions are powers of
two, so that changing the units of X or y changes nothing but the units of the answer.
"""

import math
from typing import NamedTuple

import numpy as np

from .._core.certificate import MOST_UNIT, ColumnPenalty, in_design_units
from .._core.elementwise import standard_target
from .._design._make import design_of
from ._block_penalty import BlockPenalty
from ._datafit import Datafit
from ._generic_penalty import GenericPenalty
from ._joint_datafit import JointDatafit
from ._output_penalties import RowPenalty, SeparatePenalty

EPS = float(np.finfo(float).eps)
NEGLIGIBLE = 1e-12  # error by rounding of y, relative to the null objective, to ignore
NO_COLUMNS = np.empty(0, dtype=np.intp)
SMALLEST = float(np.finfo(float).tiny)
LARGEST = 2.0**1023  # target that can be brought to units near one


class Options(NamedTuple):
    """Arguments of `fit_path` beside the loss, `alphas` and `l1_ratio`, as given; the
    penalty only if it is no elastic net."""

    fit_intercept: bool
    standardize: bool
    penalty_factor: np.ndarray | None
    lower: np.ndarray | None
    upper: np.ndarray | None
    penalty: object = None  # riata.penalties.Penalty


class Given(NamedTuple):
    """Samples and loss of a `GeneralProblem`, as given."""

    X: object  # DesignArrays or Chunks
    y: np.ndarray
    loss: object  # riata.losses.Loss
    sample_weight: np.ndarray | None
    offset: np.ndarray | None


class ColumnScales(NamedTuple):
    """The standard deviations of columns, computed when they are needed.

    Without an intercept, unless columns are standardised, these are root mean squares about
    zero: nothing more is known of the columns.
    """

    square: np.ndarray  # weighted squared norms of the columns as scaled
    scale: np.ndarray | float
    total: float  # sum of the weights

    def deviations(self):
        """Weighted standard deviation of each column of X as given; NaN where a column
        is left out."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.sqrt(self.square / self.total) / self.scale


class Problem:
    """Penalised weighted least squares in the units of the design.

    Parameters
    ----------
    X : DesignArrays
        Validated arrays.
    y : ndarray of float64 (n_samples,)
        Target less the offset.
    sample_weight : ndarray of float64 (n_samples,) or None
    l1_ratio, penalty_factor, lower, upper
        The penalty; arrays of length n_features or None.
    fit_intercept, standardize : bool
    n_threads : int, optional
        By default what the process may use.

    Attributes
    ----------
    unit : float
        What one unit of the design's y is in the user's.
    coef_unit : ndarray (n_features,)
        What one unit of a coefficient of the design is in the user's.
    options : Options
    column_scales : ColumnScales
        Of the columns.
    """

    rounding = 0.0  # what rounded predictors may cost, in the units of the design
    separated = False  # see `GeneralProblem`
    n_outputs = 1  # predictors of a sample
    quadratic = True  # whether the problem itself is solved, not a model of it

    def __init__(
        self, X, y, *, l1_ratio, fit_intercept=True, standardize=False,
        sample_weight=None, penalty_factor=None, lower=None, upper=None, penalty=None,
        n_threads=None,
    ):
        self._set_weights(X, sample_weight, fit_intercept)
        try:
            self.y, self.center, self.unit, self.yy = standard_target(
                y, self.weights, fit_intercept
            )
        except OverflowError:
            _raise_too_large(y)
        # the mean of y is a double
        self.rounding = 0.5 * X.n_samples * (EPS * self.center / self.unit) ** 2
        if not NEGLIGIBLE * self.yy < self.rounding < math.inf:
            self.rounding = 0.0
        self._set_design(X, n_threads)
        self._set_penalty(l1_ratio, penalty_factor, lower, upper, standardize)
        if penalty is not None:
            self._set_penalty_object(penalty)
            self.penalty = self.column_penalty

    def _set_weights(self, X, sample_weight, fit_intercept):
        self.fit_intercept = fit_intercept
        self.weights = None
        if sample_weight is not None:
            scaled = sample_weight / sample_weight.max()
            self.weights = scaled * (X.n_samples / scaled.sum())

    def _set_design(self, X, n_threads):
        self.design = design_of(
            X, self.weights, self.fit_intercept, self.y, n_threads, not self.quadratic
        )

    def _set_penalty(self, l1_ratio, factor, lower, upper, standardize):
        self.l1_ratio = l1_ratio
        self.options = Options(self.fit_intercept, standardize, factor, lower, upper)
        design, n = self.design, self.design.n_samples
        scale, sqnorm = design.scale, design.sqnorm
        sd = scale  # of a column as penalised, times its scale
        if factor is not None or standardize:
            factor = np.ones(len(scale)) if factor is None else factor
            excluded = ~(factor < np.inf)
            if standardize:
                # zero for a constant column, which is unpenalised where it is not
                # absorbed by an intercept
                sd = design.deviations()
            factor = np.where(excluded, 0.0, factor)
            scale[excluded] = sqnorm[excluded] = design.xty[excluded] = 0.0
        self.factor, self.sd = factor, sd
        units = factor, sd, scale, sqnorm, n, l1_ratio, self.unit
        *penalties, extreme = in_design_units(*units)
        self.left_out, self.least_alpha = NO_COLUMNS, 0.0
        if extreme or not self.unit * self.unit < math.inf:
            self._leave_out_tiny(*penalties)
            *penalties, _ = in_design_units(*units)
        l1, l2, self.coef_unit, unit, free = penalties
        known = self.fit_intercept or not standardize
        self.column_scales = ColumnScales(sqnorm if known else n * sd**2, scale, n)
        self.free = self.unpenalised = free  # the former without bounds
        if lower is not None or upper is not None:
            lower, upper = self._bound(lower, -np.inf), self._bound(upper, np.inf)
            bounded = np.isfinite(lower[free]) | np.isfinite(upper[free])
            self.free = free[~bounded]
            self.unpenalised = np.concatenate([self.free, free[bounded]])
        self.column_penalty = ColumnPenalty(l1, l2, lower, upper, unit)
        self.column_penalty.rounding = self.rounding
        self.penalty = self.column_penalty

    def _set_penalty_object(self, penalty):
        """Take a penalty that is no elastic net in place of the one with its factors."""
        self.options = self.options._replace(penalty=penalty)
        scale = np.where(self.coef_unit > 0, self.sd, 0.0) * self.unit
        objective = self.design.n_samples / self.unit**2
        if penalty.codes_ is None:
            self.column_penalty = GenericPenalty(
                penalty, self.column_penalty, scale, self.factor, objective
            )
        else:
            self.column_penalty = BlockPenalty(
                penalty, self.column_penalty, scale, objective
            )

    def _leave_out_tiny(self, l1, l2, coef_unit, gradient_unit, free):
        """Exclude columns that are so small, against y, that their penalty or their
        coefficients could not be represented.

        `least_alpha` is the alpha from which on their coefficients are zero to rounding
        anyway. A column without such an alpha is an error, as are units of X and y whose
        products are beyond the range of double precision.
        """
        design = self.design
        self._check_units(coef_unit, gradient_unit)
        tiny = (coef_unit > MOST_UNIT) | (design.sqnorm < 0.5)
        tiny |= np.maximum(l1, l2) > MOST_UNIT
        tiny = np.flatnonzero(tiny & (design.sqnorm > 0.0))
        if not len(tiny):
            return
        # (the penalties themselves may overflow)
        sd, factor = self.sd[tiny], 1.0 if self.factor is None else self.factor[tiny]
        with np.errstate(divide="ignore"):
            unit = 1.0 / (design.n_samples * factor * sd)
            least = 1e6 * self.unit * (unit / self.l1_ratio)
            least = np.minimum(least, 1e20 * (unit / (1.0 - self.l1_ratio)) / sd)
        self.left_out = tiny
        self.least_alpha = max(float(least.max()), SMALLEST)
        if self.options.standardize or np.isin(tiny, free).any():
            self._refuse_tiny()
        design.scale[tiny] = design.sqnorm[tiny] = design.xty[tiny] = 0.0

    def _check_units(self, coef_unit, gradient_unit):
        """Raise if coefficients, gradients or objectives are not finite in these units."""
        design = self.design
        used = design.sqnorm > 0.0
        with np.errstate(over="ignore"):
            objective = self.unit * self.unit
        bad = ~np.isfinite(design.sqnorm) | ~np.isfinite(gradient_unit)
        bad |= used & (coef_unit < 1.0 / MOST_UNIT)
        if bad.any() or not objective < math.inf:
            column = f"column {np.flatnonzero(bad)[0]} of " if bad.any() else ""
            raise ValueError(
                f"the values of {column}X and y are so large, or so far apart, that "
                "coefficients or objectives are beyond the range of double precision; "
                "rescale X or y."
            )

    def check_alphas(self, largest, smallest):
        """Raise for an alpha at which a penalty overflows, or that is too small for the
        coefficient of a column that was left out to be zero."""
        l1, l2 = self.column_penalty.l1, self.column_penalty.l2
        if largest > 1e3 and not (
            float(largest) * float(max(l1.max(initial=0.0), l2.max(initial=0.0))) < math.inf
        ):
            raise ValueError(
                f"alpha={largest:g} is so large that the penalty is beyond the range of "
                "double precision; choose a smaller alpha, or rescale X or y."
            )
        if not smallest >= self.least_alpha:
            self._refuse_tiny()

    def _refuse_tiny(self):
        raise ValueError(
            f"column {self.left_out[0]} of X is so small that its coefficient is beyond "
            "the range of double precision; multiply the column by a constant, or leave "
            "it out (penalty_factor=inf)."
        )

    def _bound(self, bound, default):
        """A bound of the coefficients in the units of the design."""
        if bound is None:
            return np.full(len(self.coef_unit), default)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return np.where(self.coef_unit > 0, bound / self.coef_unit, 0.0)

    def center_block(self, R):
        """Take the weighted mean off each column of R (n, n_vectors) if there is an
        intercept; returns the means."""
        if not self.fit_intercept:
            return np.zeros(R.shape[1])
        mean = self.weigh(R).sum(axis=0) / len(R)
        R -= mean
        return mean

    def weigh(self, R):
        """Weights times R (n, n_vectors); R itself if all weights are one."""
        return R if self.weights is None else self.weights[:, None] * R

    def least_l1_alpha(self, c, l1_ratio):
        """alpha_max of the same penalty with another (small) l1_ratio."""
        design, column_penalty, n = self.design, self.column_penalty, self.design.n_samples
        size = np.abs(c)
        if column_penalty.lower is not None:
            stuck = np.where(c > 0, column_penalty.upper, column_penalty.lower) == 0
            size[stuck] = 0.0
        factor_sd = self.sd if self.factor is None else self.factor * self.sd
        unit_l1 = n * l1_ratio / self.unit * factor_sd
        used = (unit_l1 > 0) & (design.sqnorm > 0)
        return float((size[used] / unit_l1[used]).max(initial=0.0))

    @property
    def has_gap(self):
        """Whether duality gaps are known: fits are judged by their KKT violation
        elsewhere."""
        return self.column_penalty.has_gap

    @property
    def null_objective(self):
        """Objective of the model without features, in the design's units."""
        return 0.5 * self.yy

    def objective_unit(self, value):
        """A loss or a gap in the user's units (inf where that overflows)."""
        return float(value) / self.design.n_samples * self.unit * self.unit


class GeneralProblem(Problem):
    """A penalised generalised linear model in the units of the design.

    With ``eta = null_eta + b + unit X~ w`` for the predictor, and objectives divided by
    the square of `unit`, the model is brought to the form of penalised least squares:
    its null objective is near one half, its null residual ``y`` has norm near one.

    Parameters
    ----------
    X : DesignArrays
    y : ndarray of float64 (n_samples,)
        Target, as the loss expects it.
    loss : riata.losses.Loss
    offset : ndarray of float64 (n_samples,) or None
    **options
        As of `Problem`.

    Attributes
    ----------
    loss, target, null_eta
        The loss, its targets and the predictor (n_samples, 1) of the model without
        features, in units of `target_unit` (1 for a loss that has units of its own).
    y : ndarray (n_samples,)
        The null residual.
    given : Given
    eta_unit : float
        What one unit of ``X~ w`` is in the predictor's.
    noise : float
        Bound on the change of the null model's loss by rounding of the predictors, to first
        order.
    separated : bool
        Whether the intercept alone makes the loss vanish up to rounding, because one
        class has all the weight; the null model then is the solution at every alpha.
    """

    quadratic = False

    @property
    def has_gap(self):
        return self.loss.convex and self.column_penalty.has_gap

    def __init__(
        self, X, y, *, loss, offset=None, l1_ratio, fit_intercept=True,
        standardize=False, sample_weight=None, penalty_factor=None, lower=None,
        upper=None, penalty=None, rows=None, n_threads=None,
    ):
        self.given = Given(X, y, loss, sample_weight, offset)
        self._set_weights(X, sample_weight, fit_intercept)
        kind = JointDatafit if loss.many_outputs else Datafit
        n_labels = kind.check_labels(loss, y, fit_intercept)
        if sample_weight is not None:
            y = np.where(sample_weight > 0, y, y[np.argmax(sample_weight > 0)])
        offset = np.zeros(X.n_samples) if offset is None else offset
        if sample_weight is not None:
            offset = np.where(sample_weight > 0, offset.T, 0.0).T
        unit, self.shift_of_y = 1.0, 0.0
        if loss.translates:
            y, offset = y - offset, np.zeros(X.n_samples)
            if fit_intercept:
                self.shift_of_y = middle(y, sample_weight)
                y = y - self.shift_of_y
        if loss.in_units(1.0) is not None:
            peak = max(float(np.abs(y).max()), float(np.abs(offset).max()))
            if peak > LARGEST:
                _raise_too_large(y if np.abs(y).max() == peak else offset)
            unit = 2.0 ** math.frexp(peak)[1]
            loss, y, offset = loss.in_units(unit), y / unit, offset / unit
        self.datafit, self.target_unit = kind(loss, y, self.weights), unit
        self.datafit.n_labels = n_labels
        with np.errstate(over="ignore", invalid="ignore"):  # seen in its loss
            self.null_eta, constant = self.datafit.fit_null(offset, fit_intercept)
            self.center = self.shift_of_y + constant * unit
            self.n_outputs = self.datafit.n_outputs
            self.separated = self.datafit.separated
            self.loss, self.target, self.targets = loss, y, self.datafit.targets
            self._set_null_loss()
        self.unit = unit * self.eta_unit
        self._set_design(X, n_threads)
        self._set_penalty(l1_ratio, penalty_factor, lower, upper, standardize)
        self.options = self.options._replace(penalty=rows)
        if penalty is not None:
            self._set_penalty_object(penalty)
        kind = SeparatePenalty if rows is None else RowPenalty
        self.penalty = kind(self.column_penalty, self.n_outputs)

    def _set_null_loss(self):
        eta = self.null_eta
        residual = self.loss.residual(self.targets, eta)
        square = 2.0 * float(self.datafit.losses(eta).sum())
        if not math.isfinite(square):
            raise ValueError(
                f"the loss of the model without features is {square}: y or offset (of "
                f"sizes up to {np.abs(self.target).max() * self.target_unit:.3g} and "
                f"{np.abs(eta).max() * self.target_unit:.3g}) is beyond the range of "
                f"loss={self.loss.name!r}. Rescale y, or correct the offset."
            )
        rounding, is_rounding = self._null_rounding(residual)
        if is_rounding or self.separated:
            residual, square = np.zeros_like(residual), 0.0
        self.eta_unit = (
            2.0 ** math.frexp(math.sqrt(square))[1] if 0 < square < math.inf else 1.0
        )
        self.datafit.unit = self.eta_unit
        self.y = np.ascontiguousarray(residual[:, 0]) / self.eta_unit
        self.yy = square / self.eta_unit**2
        self.rounding = rounding / self.eta_unit**2
        self.noise = math.sqrt(2.0 * self.rounding * self.yy)
        if self.rounding <= NEGLIGIBLE * self.yy:
            self.rounding = 0.0

    def _null_rounding(self, residual):
        """Error of the objective by rounding of the predictors, to second order, and
        whether the null model's residuals are rounding errors only."""
        residual, largest = np.abs(residual), float(np.abs(self.target).max())
        if self.loss.many_outputs or residual.max() > 1e-3 * max(1.0, largest):
            return 0.0, False
        with np.errstate(over="ignore", invalid="ignore"):
            curvature = np.abs(self.loss.curvature(self.targets, self.null_eta))
            noise = EPS * (1.0 + np.abs(self.null_eta))
            only = self.weigh(residual) <= self.weigh(64.0 * curvature * noise)
            noise += EPS * abs(self.shift_of_y) / self.target_unit  # of the intercept
            total = 0.5 * float(self.weigh(curvature * noise * noise).sum())
        only = self.fit_intercept and bool(only.all())
        return (total if math.isfinite(total) else 0.0), only


def middle(values, weights):
    """A median of the values of positive weight, one of them."""
    values = values if weights is None else values[weights > 0]
    half = len(values) // 2
    return float(np.partition(values, half)[half])


def _raise_too_large(values):
    """Raise the error for a target (or an offset) that cannot be squared and added."""
    at = int(np.abs(values).argmax())
    raise ValueError(
        f"y (less the offset) has values of the size {np.abs(values).flat[at]:.3g}, the "
        f"largest at position {at}, which are too large to be added. Rescale y."
    )
