"""Groups of coefficients, zero or not as a whole; and zeros inside of groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._base import Penalty


@dataclass(frozen=True, eq=False)
class Group(Penalty):
    r"""The group lasso and the group elastic net.

    .. math:: \sum_g v_g \Big( \rho \|w_g\|_2 + \frac{1 - \rho}{2} \|w_g\|_2^2 \Big),

    where :math:`w_g` are the coefficients of group g, :math:`v_g` its weight and
    :math:`\rho` = `l1_ratio`: the features of a group are selected together or not at all.
    The levels of a category, the basis functions of a spline or the lags of a series are
    such groups. Groups of one feature each make it the lasso.

    Parameters
    ----------
    groups : array-like of shape (n_features,)
        The group of each feature: numbers or names, in any order.
    weights : "sqrt", float, mapping, or array-like of shape (n_groups,), default="sqrt"
        :math:`v`: the square root of each group's size, so that groups of any size have
        the same chance under noise; a number for all; a number for each group, in the
        sorted order of their labels; or a mapping from labels to numbers (others have the
        square root of their size). 0 leaves a group unpenalised, inf excludes it.
    l1_ratio : float in [0, 1], default=1.0
        Share of the norms.

    References
    ----------
    Yuan & Lin (2006), doi:10.1111/j.1467-9868.2005.00532.x.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> from riata.penalties import Group
    >>> X = np.random.default_rng(0).standard_normal((50, 6))
    >>> y = X[:, 0] - X[:, 1]
    >>> groups = ["a", "a", "a", "b", "b", "b"]
    >>> path = fit_path(X, y, penalty=Group(groups), alphas=[0.5])
    >>> (path.coefs[:, 0] != 0.0).tolist()
    [True, True, True, False, False, False]
    """

    __module__ = "riata.penalties"

    groups: Any
    weights: Any = "sqrt"
    l1_ratio: float = 1.0

    l1_share = 0.0  # of the absolute values of coefficients in the norms

    def __post_init__(self):
        groups = np.asarray(self.groups)
        if groups.ndim != 1 or not len(groups):
            raise ValueError(
                "groups must have one label for each feature, an array of shape "
                f"(n_features,), got shape {groups.shape}."
            )
        if groups.dtype.kind == "f" and not np.isfinite(groups).all():
            raise ValueError("groups must not contain NaN or infinity.")
        labels, codes = np.unique(groups, return_inverse=True)
        object.__setattr__(self, "labels_", labels)
        object.__setattr__(self, "codes_", codes.astype(np.intp))
        object.__setattr__(self, "group_weights_", self._weights_of_groups())

    def _weights_of_groups(self):
        """The weight of each group."""
        labels, given = self.labels_, self.weights
        roots = np.sqrt(np.bincount(self.codes_))
        if isinstance(given, str):
            if given != "sqrt":
                raise ValueError(f'weights must be "sqrt" or numbers, got {given!r}.')
            return roots
        if isinstance(given, Mapping):
            unknown = set(given) - set(labels.tolist())
            if unknown:
                raise ValueError(
                    f"weights has labels that no feature has: {sorted(map(str, unknown))}."
                )
            pairs = zip(labels.tolist(), roots, strict=True)
            given = [given.get(label, root) for label, root in pairs]
        try:
            weights = np.asarray(given, dtype=float)
            weights = np.array(np.broadcast_to(weights, labels.shape))
        except (TypeError, ValueError):
            raise ValueError(
                f"weights must be a number or one for each of the {len(labels)} groups, "
                f"got {given!r}."
            ) from None
        if not (weights >= 0).all():
            raise ValueError(f"weights must not be negative or NaN, got {weights.min()}.")
        return weights

    @property
    def penalty_factor(self):
        """The weight of each feature's group."""
        return self.group_weights_[self.codes_]

    def options(self):
        """Itself, or the elastic net where that is the same."""
        if self.l1_ratio == 0 or len(self.labels_) == len(self.codes_):
            return {"l1_ratio": self.l1_ratio}
        return {"penalty": self, "l1_ratio": self.l1_ratio}

    # Of one group, whose coefficients are along the last axis.

    def value(self, w, alpha, weight=1.0):
        """The penalty of groups of coefficients, along the last axis, with a weight."""
        norm, size = np.linalg.norm(w, axis=-1), np.abs(w).sum(axis=-1)
        l1 = (1.0 - self.l1_share) * weight * norm + self.l1_share * size
        ridge = 0.5 * (1.0 - self.l1_ratio) * weight * norm**2
        return alpha * (self.l1_ratio * l1 + ridge)

    def prox(self, u, curvature, alpha, weight=1.0):
        """Soft thresholding of each coefficient, then of the norm, then shrinkage."""
        alpha, weight = (np.asarray(a, dtype=float)[..., None] for a in (alpha, weight))
        l1 = alpha * self.l1_ratio
        x = np.sign(u) * np.maximum(np.abs(u) - l1 * self.l1_share, 0.0)
        norm = np.linalg.norm(x, axis=-1, keepdims=True)
        left = np.maximum(norm - l1 * (1.0 - self.l1_share) * weight, 0.0)
        share = np.divide(left, norm, out=np.zeros_like(left), where=norm > 0.0)
        return x * share / (curvature + alpha * (1.0 - self.l1_ratio) * weight)

    def dual_norm(self, c, weight=1.0):
        """The least alpha at which coefficients of zero are optimal for groups, given the
        gradients c there; infinite where only an L2 penalty holds them."""
        size, share = np.abs(np.asarray(c, dtype=float)), self.l1_share
        root = np.zeros(size.shape[:-1])
        for _ in range(100):  # Newton's steps on a convex function that falls to zero
            x = np.maximum(size - share * root[..., None], 0.0)
            norm = np.linalg.norm(x, axis=-1)
            fall = share * x.sum(axis=-1)
            fall = np.divide(fall, norm, out=np.zeros_like(norm), where=norm > 0.0)
            step = (norm - (1.0 - share) * weight * root) / (fall + (1.0 - share) * weight)
            root = root + np.maximum(step, 0.0)
            if not (step > 1e-16 * root).any():
                break
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nan_to_num(root / self.l1_ratio, posinf=np.inf)

    def violation(self, c, w, alpha, weight=1.0):
        """Distance of the gradients of groups to the subdifferential of the penalty."""
        alpha, weight = (np.asarray(a, dtype=float)[..., None] for a in (alpha, weight))
        z = c - alpha * (1.0 - self.l1_ratio) * weight * w
        la = alpha * self.l1_ratio * self.l1_share
        lg = alpha * self.l1_ratio * (1.0 - self.l1_share) * weight
        beyond = np.maximum(np.abs(z) - la, 0.0)
        norm = np.linalg.norm(w, axis=-1, keepdims=True)
        slope = np.divide(lg, norm, out=np.zeros(norm.shape), where=norm > 0.0)
        rest = np.where(w != 0.0, np.abs(z - la * np.sign(w) - slope * w), beyond)
        at_zero = np.maximum(np.linalg.norm(beyond, axis=-1) - lg[..., 0], 0.0)
        inside = np.linalg.norm(rest, axis=-1)
        return np.where(norm[..., 0] > 0.0, inside, at_zero)

    def __repr__(self):
        shown = [f"groups=<{len(self.labels_)} groups of {len(self.codes_)} features>"]
        for name, default in (("weights", "sqrt"), ("l1_ratio", 1.0)):
            value = getattr(self, name)
            if not (isinstance(value, str | float | int) and value == default):
                shown.append(f"{name}={value!r}")
        if self.l1_share:
            shown.append(f"l1_share={self.l1_share!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


@dataclass(frozen=True, eq=False, repr=False)
class SparseGroup(Group):
    r"""The sparse-group lasso: groups are selected, and features within them.

    .. math:: \rho \Big( (1 - s) \sum_g v_g \|w_g\|_2 + s \|w\|_1 \Big)
        + \frac{1 - \rho}{2} \sum_g v_g \|w_g\|_2^2,

    with :math:`s` = `l1_share` and the other symbols as of `Group`. A group with a weight
    of 0 is unpenalised, and one with a weight of inf excluded, as a whole.

    Parameters
    ----------
    groups, weights, l1_ratio
        As of `Group`.
    l1_share : float in [0, 1], default=0.05
        Share of the absolute values in the norms: 0 is the group lasso, 1 the lasso.

    References
    ----------
    Simon, Friedman, Hastie & Tibshirani (2013), doi:10.1080/10618600.2012.681250.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> from riata.penalties import SparseGroup
    >>> X = np.random.default_rng(0).standard_normal((50, 6))
    >>> y = X[:, 0] - X[:, 1]
    >>> penalty = SparseGroup([0, 0, 0, 1, 1, 1], l1_share=0.5)
    >>> path = fit_path(X, y, penalty=penalty, alphas=[0.3])
    >>> (path.coefs[:, 0] != 0.0).tolist()
    [True, True, False, False, False, False]
    """

    __module__ = "riata.penalties"

    l1_share: float = 0.05

    def __post_init__(self):
        super().__post_init__()
        share = self.l1_share
        if not (isinstance(share, int | float | np.number) and 0.0 <= share <= 1.0):
            raise ValueError(f"l1_share must be a number from 0 to 1, got {share!r}.")

    @property
    def penalty_factor(self):
        """The weight of each feature's group; of the lasso, 1 in its place."""
        factor = self.group_weights_[self.codes_]
        if self._is_lasso:
            factor = np.where((factor > 0) & np.isfinite(factor), 1.0, factor)
        return factor

    @property
    def _is_lasso(self):
        return self.l1_share == self.l1_ratio == 1

    def options(self):
        """Itself, or the lasso where that is the same."""
        if self._is_lasso or self.l1_ratio == 0:
            return {"l1_ratio": self.l1_ratio}
        return {"penalty": self, "l1_ratio": self.l1_ratio}
