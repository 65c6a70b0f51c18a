"""What the solver needs of a loss; a new one is a subclass in a file of its own."""

import math

import numpy as np

# Log-odds of a class whose complement has a probability below rounding.
CERTAIN = -math.log(np.finfo(float).eps)


class Loss:
    """A smooth loss of one sample as a function of its linear predictor ``eta``.

    To make a loss of your own, derive from this class, write `value`, `residual` and
    `curvature`, and hand an instance to ``loss=``. All three work on arrays that
    broadcast: `y` (n_samples, 1) with `eta` (n_samples, n_alphas) as well as two
    vectors. They must not change their arguments, and `eta` may be anything finite.

    Attributes
    ----------
    name : str
    convex : bool
        Whether `value` is convex in `eta`. If it is not, no duality gap exists and fits
        are judged by their KKT violation alone.
    fixed_dispersion : bool
        Whether the loss is a negative log-likelihood (up to terms in y), as
        information criteria suppose, or up to a factor that has to be estimated.
    classifies : bool
        Whether y holds classes.
    many_outputs : bool
        Whether a sample has several linear predictors; only `Multinomial` has.
    translates : bool
        Whether `value` depends on ``y - eta`` alone: a constant is then taken off y
        before anything is computed, so that a large mean of y costs no digits.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> from riata.losses import Loss
    >>> class LogCosh(Loss):
    ...     name = "log-cosh"
    ...     def value(self, y, eta):
    ...         return np.logaddexp(y - eta, eta - y) - np.log(2.0)
    ...     def residual(self, y, eta):
    ...         return np.tanh(y - eta)
    ...     def curvature(self, y, eta):
    ...         return 1.0 / np.cosh(np.clip(y - eta, -300.0, 300.0)) ** 2
    >>> X = np.arange(12.0).reshape(6, 2) % 5
    >>> path = fit_path(X, X[:, 0] + [0, 0, 0, 0, 0, 9], loss=LogCosh(), alphas=[0.1])
    >>> bool(path.relative_gap[0] <= 1e-6)
    True
    """

    __module__ = "riata.losses"

    name = ""
    convex = True
    fixed_dispersion = False
    classifies = False
    many_outputs = False
    translates = False
    kernel = ""  # name of a compiled loop, and its parameter
    kernel_parameter = 0.0

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        # a compiled loop is that of the class which names it
        own = cls.__dict__.keys()
        if "kernel" not in own and {"value", "residual", "curvature"} & own:
            cls.kernel = ""

    def value(self, y, eta):
        """Loss of each sample, with 0 as its least value over eta (half the unit
        deviance). A lower bound of 0 that is not attained will do."""
        raise NotImplementedError

    def residual(self, y, eta):
        """Minus the derivative of `value` with respect to eta."""
        raise NotImplementedError

    def curvature(self, y, eta):
        """Second derivative of `value`, or another non-negative number that indicates how
        fast `residual` changes: it decides on speed only."""
        raise NotImplementedError

    def sums(self, y, eta, weights):
        """Weighted sums of `value` over the samples, one for each column of eta, and
        `residual`: both in one visit where that is cheaper.

        Parameters
        ----------
        y : ndarray of shape (n_samples, 1)
        eta : ndarray of shape (n_samples, n_alphas)
        weights : ndarray of shape (n_samples,) or None
            None means ones.

        Returns
        -------
        total : ndarray of shape (n_alphas,)
            Infinite where it overflows.
        residual : ndarray of shape (n_samples, n_alphas)
            The caller's, to be changed.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            values = self.value(y, eta)
            total = values.sum(axis=0) if weights is None else weights @ values
            residual = np.asarray(self.residual(y, eta), dtype=float)
        if np.may_share_memory(residual, eta) or not residual.flags.writeable:
            residual = residual.copy()
        return np.where(np.isnan(total), np.inf, total), residual

    def least(self, y, weights):
        """What a compiled loop counts too much: the least weighted sum of its losses."""
        return 0.0

    def dual(self, y, theta):
        """Minus the conjugate of `value` at ``-theta``, that is, the least value over
        eta of ``value(eta) + theta eta``; minus infinity outside its domain.

        Optional: None says that it is not known. With it gaps far from the optimum are
        sharper.
        """
        return None

    def check_target(self, y):
        """The target as the loss expects it.

        Raises
        ------
        ValueError
            If an entry is out of range; the message names it.
        """
        return y

    def check_mean(self, mean):
        """Raise ValueError if the intercept of a model without features would be
        infinite; `mean` is the weighted mean of y."""

    def check_predictor(self, eta):
        """Raise ValueError if `value` is infinite at the predictors `eta` of the model
        without features, as where they are out of the range of a mean."""

    def start(self, mean):
        """A linear predictor to start from, given the weighted mean of y."""
        return mean

    def recession(self, y):
        """In which direction of eta the loss of each sample keeps falling, towards a value
        that it does not reach: 1, -1, or 0 for a loss that has a minimum.

        Optional. With it data that are separated by columns without a penalty, so that
        their coefficients are infinite, are recognised.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return np.zeros(len(y))

    def predict(self, eta):
        """Mean of y at a linear predictor."""
        return eta

    def in_units(self, unit):
        """The loss ``value(unit * y, unit * eta) / unit**2`` of targets in other units,
        or None if the loss fixes its units. `unit` is a power of two."""
        return None

    def __repr__(self):
        parts = ", ".join(f"{k}={v!r}" for k, v in sorted(vars(self).items()))
        return f"{type(self).__name__}({parts})"

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self):
        return hash((type(self), *sorted(vars(self).items())))


def refuse(y, wrong, loss, remedy):
    """Raise a ValueError that names the first entry of y that is `wrong`, if any."""
    at = np.flatnonzero(wrong)
    if len(at):
        raise ValueError(f"y[{at[0]}] is {y[at[0]]}, but loss={loss!r} {remedy}")


def xlogy(x, y):
    """``x log(y)``, 0 where x is 0."""
    positive = x > 0
    return np.where(positive, x * np.log(np.where(positive, y, 1.0)), 0.0)
