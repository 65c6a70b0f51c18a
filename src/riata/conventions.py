r"""Strengths of penalties, translated between riata and other packages.

riata minimises a (weighted) mean of losses plus ``alpha`` times a mixture of the L1 norm
and half the squared L2 norm. Every other package has the same two penalties with factors
of its own: its loss is a sum, its strength stands at the loss instead, it scales y. What
is the same model is said here, once, in the table ``PACKAGES``.

Only strengths are translated. What else has to agree (the loss, ``standardize``, the
intercept) is told in the documentation, on the page "Conventions of other packages".
"""

from typing import NamedTuple

from . import _validation as check

__all__ = ["Strength", "from_riata", "to_riata"]


class Strength(NamedTuple):
    """Strength of the penalty in riata's convention, as `to_riata` returns it.

    Attributes
    ----------
    alpha : float
        Of ``alphas=[alpha]`` in `riata.fit_path`.
    l1_ratio : float
        Share of the L1 part.
    """

    alpha: float
    l1_ratio: float


class _Convention(NamedTuple):
    """How a package states its strength."""

    strength: str = "alpha"  # name of its parameter
    mix: str | None = "l1_ratio"  # name of its parameter, or None: `l1_ratio` is fixed
    l1_ratio: float = 1.0  # the default of the mix, or its only value
    loss: str = "mean"  # strength times penalty + mean; sum; or penalty + C times sum
    scales_y: bool = False  # the L2 part is one of y / y_scale


PACKAGES = {
    "sklearn.Lasso": _Convention(mix=None),
    "sklearn.ElasticNet": _Convention(l1_ratio=0.5),
    "sklearn.Ridge": _Convention(mix=None, l1_ratio=0.0, loss="sum"),
    "sklearn.LogisticRegression": _Convention("C", l1_ratio=0.0, loss="C times sum"),
    "sklearn.PoissonRegressor": _Convention(mix=None, l1_ratio=0.0),
    "sklearn.GammaRegressor": _Convention(mix=None, l1_ratio=0.0),
    "sklearn.TweedieRegressor": _Convention(mix=None, l1_ratio=0.0),
    "liblinear.L1R_LR": _Convention("C", None, loss="C times sum"),
    "liblinear.L2R_LR": _Convention("C", None, 0.0, loss="C times sum"),
    "glmnet.gaussian": _Convention("lambda_", "alpha", scales_y=True),
    "glmnet.binomial": _Convention("lambda_", "alpha"),
    "glmnet.multinomial": _Convention("lambda_", "alpha"),
    "glmnet.poisson": _Convention("lambda_", "alpha"),
    "glum": _Convention(l1_ratio=0.0),
    "celer.Lasso": _Convention(mix=None),
    "celer.ElasticNet": _Convention(),
    "celer.LogisticRegression": _Convention("C", None, loss="C times sum"),
    "skglm.Lasso": _Convention(mix=None),
    "skglm.ElasticNet": _Convention(l1_ratio=0.5),
    "skglm.SparseLogisticRegression": _Convention(),
}


def to_riata(package, *, n_samples=None, y_scale=None, **parameters):
    r"""What riata calls the strength of a penalty of another package.

    Parameters
    ----------
    package : str
        ``"sklearn.Lasso"``, ``"sklearn.ElasticNet"``, ``"sklearn.Ridge"``,
        ``"sklearn.LogisticRegression"``, ``"sklearn.PoissonRegressor"``,
        ``"sklearn.GammaRegressor"``, ``"sklearn.TweedieRegressor"``,
        ``"liblinear.L1R_LR"``, ``"liblinear.L2R_LR"`` (its solvers 6 and 0; 7 is 0),
        ``"glmnet.gaussian"``, ``"glmnet.binomial"``, ``"glmnet.multinomial"``,
        ``"glmnet.poisson"``, ``"glum"``, ``"celer.Lasso"``, ``"celer.ElasticNet"``,
        ``"celer.LogisticRegression"``, ``"skglm.Lasso"``, ``"skglm.ElasticNet"`` or
        ``"skglm.SparseLogisticRegression"``.
    n_samples : float, optional
        Number of samples, or the sum of the sample weights (class weights included).
        Needed where the package has a sum of losses: sklearn.Ridge and all with a C.
    y_scale : float, optional
        Standard deviation of y less the offset, weighted, with divisor n; without an
        intercept the root of the mean square. Needed for glmnet.gaussian unless its
        ``alpha`` is 1: glmnet scales y, which the L2 part feels.
    **parameters
        The package's own: ``alpha``, ``C`` or (glmnet's lambda) ``lambda_``, and
        ``l1_ratio`` or (glmnet's mix) ``alpha``. A mix has the package's default.

    Returns
    -------
    Strength
        Named tuple ``(alpha, l1_ratio)``.

    Raises
    ------
    ValueError, TypeError
        If the package is unknown, a value is out of range, or one is missing.

    References
    ----------
    Friedman, Hastie & Tibshirani (2010), doi:10.18637/jss.v033.i01, for glmnet; Fan et
    al. (2008), https://www.jmlr.org/papers/v9/fan08a.html, for liblinear.

    Examples
    --------
    >>> to_riata("sklearn.LogisticRegression", C=0.5, l1_ratio=1.0, n_samples=200)
    Strength(alpha=0.01, l1_ratio=1.0)
    >>> to_riata("glmnet.gaussian", lambda_=0.1, alpha=0.5, y_scale=0.25)
    Strength(alpha=0.25, l1_ratio=0.2)
    """
    known = _convention(package)
    names = {known.strength, known.mix} - {None}
    unknown = sorted(set(parameters) - names)
    if unknown:
        raise TypeError(
            f"{unknown[0]}= is no parameter of {package}; it has {_listed(names)}."
        )
    if known.strength not in parameters:
        raise TypeError(f"{known.strength}= of {package} is missing.")
    l1_ratio = known.l1_ratio
    if known.mix in parameters:
        l1_ratio = check.check_l1_ratio(parameters[known.mix], known.mix)
    inverse = known.loss == "C times sum"
    strength = check.check_real(
        parameters[known.strength], known.strength, low=0.0, low_open=inverse
    )
    alpha = 1.0 / strength if inverse else strength
    if known.loss != "mean":
        alpha /= _positive(n_samples, "n_samples", package, "its loss is a sum")
    return _rescale_l2(known, package, alpha, l1_ratio, y_scale, direction=-1)


def from_riata(package, alpha, l1_ratio=1.0, *, n_samples=None, y_scale=None):
    """What another package calls the strength of a penalty of riata.

    The inverse of `to_riata`.

    Parameters
    ----------
    package : str
        As in `to_riata`.
    alpha : float
        riata's. Positive where the package divides by it (all with a C).
    l1_ratio : float, default=1.0
        riata's.
    n_samples, y_scale : float, optional
        As in `to_riata`.

    Returns
    -------
    dict
        Names and values of the package's parameters, to be handed on with ``**``.

    Raises
    ------
    ValueError, TypeError
        If the package is unknown, has no such mixture, a value is out of range, or one
        is missing.

    Examples
    --------
    >>> from_riata("sklearn.Ridge", 0.1, l1_ratio=0.0, n_samples=50)
    {'alpha': 5.0}
    >>> from_riata("glum", 0.1)
    {'alpha': 0.1, 'l1_ratio': 1.0}
    """
    known = _convention(package)
    inverse = known.loss == "C times sum"
    alpha = check.check_real(alpha, "alpha", low=0.0, low_open=inverse)
    l1_ratio = check.check_l1_ratio(l1_ratio)
    if known.mix is None and l1_ratio != known.l1_ratio:
        raise ValueError(
            f"l1_ratio is {l1_ratio}, but {package} has only {known.l1_ratio}."
        )
    strength, mix = _rescale_l2(known, package, alpha, l1_ratio, y_scale, direction=1)
    if known.loss != "mean":
        strength *= _positive(n_samples, "n_samples", package, "its loss is a sum")
    if inverse:
        strength = 1.0 / strength
    return {known.strength: strength} | ({known.mix: mix} if known.mix else {})


def _convention(package):
    return PACKAGES[check.check_choice(package, "package", tuple(PACKAGES))]


def _rescale_l2(known, package, alpha, l1_ratio, y_scale, direction):
    """Strength with the L2 part times ``y_scale ** direction``, where that matters.

    glmnet fits y / s with the strength lambda / s, to coefficients w / s. Multiplied by
    s^2, that is the objective in y and w with an L1 part of lambda and an L2 part of
    lambda / s.
    """
    if not known.scales_y or l1_ratio == 1.0:
        return Strength(alpha, l1_ratio)
    scale = _positive(y_scale, "y_scale", package, "it scales y")
    l1, l2 = alpha * l1_ratio, alpha * (1.0 - l1_ratio) * scale**direction
    return Strength(l1 + l2, l1 / (l1 + l2) if l1 + l2 > 0 else l1_ratio)


def _positive(value, name, package, reason):
    if value is None:
        raise TypeError(f"{name}= is needed for {package}: {reason}.")
    return check.check_real(value, name, low=0.0, low_open=True)


def _listed(names):
    return " and ".join(sorted(names))
