"""The adaptive lasso: penalty factors from an initial estimate."""

import math
from functools import partial
from time import monotonic

import numpy as np

from .. import _validation as check
from .._path import _fit as _path
from .._path._checked import checked_data, checked_elastic_net
from .._path._solve import solve_path
from .._solver._solutions import Settings
from ..losses import get_loss
from ._approximate_loo import _squared_units
from ._refit import LEAST_GAP
from ._relaxed import refuse_several

INITIAL = ("ridge", "lasso", "ols")
N_FOLDS = 5  # of the choice of the initial estimate's strength
N_ALPHAS = 30
LEAST_RATIO = {"ridge": 1e-4, "lasso": 1e-3}


def check_initial(initial, name="initial"):
    """Raise unless `initial` is a known word or may be coefficients."""
    if isinstance(initial, str):
        check.check_choice(initial, name, INITIAL)
    elif not hasattr(initial, "__len__"):
        raise TypeError(
            f"{name} must be one of {', '.join(INITIAL)} or an array of coefficients, "
            f"got {initial!r}."
        )


def check_power(power, name="power"):
    """Return the power of the initial coefficients as a float."""
    return check.check_real(power, name, low=0.0, low_open=True)


def adaptive_path(
    X, y, *, initial="ridge", power=1.0, initial_alpha=None, **options
):
    r"""Fit a path whose penalty factors come from an initial estimate.

    The factors are :math:`v_j / |\hat w_j|^\gamma`, with the initial coefficients
    :math:`\hat w`, `power` :math:`\gamma` and the factors :math:`v` given, if any. What
    seems large is penalised little, so that its estimate is hardly shrunk; what is zero
    in the initial estimate has an infinite factor and is excluded. Where the initial
    estimate is consistent, the adaptive lasso selects the right features and estimates
    their coefficients as if they had been known (Zou 2006).

    Parameters
    ----------
    X : array-like or sparse matrix or array of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
        As in `fit_path`.
    initial : {"ridge", "lasso", "ols"} or array-like of shape (n_features,), \
            default="ridge"
        The initial estimate: with an L2 penalty; with an L1 penalty (which excludes
        what it does not select); without a penalty, for fewer features than samples
        (of the squared loss ordinary least squares, of the others maximum likelihood);
        or coefficients.
    power : float, default=1.0
        Larger ones separate the features more sharply.
    initial_alpha : float, optional
        Strength of the initial ridge or lasso. By default the one of a grid of 30 that
        has the least deviance in 5-fold cross-validation; samples are dealt out to the
        folds in the order of y.
    **options
        Those of `fit_path`. With ``standardize=True`` the initial coefficients count in
        units of the columns' standard deviations, as the penalty does. The initial
        estimate has the bounds, factors, weights and offset, too.

    Returns
    -------
    PathResult
        With two attributes more: ``initial_coef`` and ``penalty_factor``, both of shape
        (n_features,).

    Raises
    ------
    ValueError, TypeError
        If an argument is malformed, ``initial="ols"`` meets too many features, or the
        loss is of several classes.

    Warns
    -----
    ConvergenceWarning
        If a solution did not reach `tol`.

    References
    ----------
    Zou (2006), doi:10.1198/016214506000000735.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import adaptive_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 8))
    >>> y = 3 * X[:, 0] + X[:, 1] + rng.standard_normal(100)
    >>> path = adaptive_path(X, y, initial="ols")
    >>> np.flatnonzero(path.coef_at(path.alphas[path.select("bic")])[0])
    array([0, 1])
    """
    started = monotonic()
    check_initial(initial)
    power = check_power(power)
    unknown = set(options) - set(_path.fit_path.__kwdefaults__)
    if unknown:
        raise TypeError(f"{sorted(unknown)} are not options of fit_path.")
    check.check_alphas(options.get("alphas", 100))
    loss = get_loss(options.get("loss", "squared"))
    refuse_several(loss, "adaptive_path")
    data = checked_data(
        X, y, options.get("sample_weight"), options.get("offset"), loss
    )
    penalty = checked_elastic_net(options, data.X.n_features, "adaptive_path")
    options.pop("penalty", None)
    shared = {
        "loss": loss,
        "fit_intercept": check.check_bool(
            options.get("fit_intercept", True), "fit_intercept"
        ),
        "standardize": check.check_bool(options.get("standardize", False), "standardize"),
        "n_threads": check.check_n_threads(options.get("n_threads")),
    }
    time_limit = check.check_time_limit(options.get("time_limit"))
    settings = Settings(
        tol=check.check_tol(options.get("tol", 1e-6)),
        max_iter=check.check_max_iter(options.get("max_iter", 1000)),
        deadline=math.inf if time_limit is None else started + 0.5 * time_limit,
    )
    coef, factor = adaptive_factor(
        data, penalty, settings, initial, initial_alpha, power, **shared
    )
    if time_limit is not None:
        left = started + time_limit - monotonic()
        options["time_limit"] = max(left, np.finfo(float).tiny)
    path = _path.fit_path(X, y, **{**options, **penalty, "penalty_factor": factor})
    return path._with(initial_coef=coef, penalty_factor=factor)


def adaptive_factor(data, penalty, settings, initial, initial_alpha, power, **options):
    """The initial estimate, and the penalty factors that follow from it.

    Parameters
    ----------
    data : Data
    penalty : dict
        As from `checked_penalty`.
    settings : Settings
    initial, initial_alpha, power
        As of `adaptive_path`.
    **options
        ``loss``, ``fit_intercept``, ``standardize`` and ``n_threads``.

    Returns
    -------
    coef, factor : ndarray of shape (n_features,)
    """
    if initial_alpha is not None:
        initial_alpha = check.check_alpha(initial_alpha, "initial_alpha")
    if isinstance(initial, str):
        coef = _initial(data, penalty, settings, initial, initial_alpha, options)
    else:
        coef = check.check_coef(initial, data.X.n_features, "initial")
    unit = np.sqrt(
        _squared_units(data, options["fit_intercept"], options["standardize"])
    )
    given = penalty["penalty_factor"]
    given = np.ones(len(coef)) if given is None else given
    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        factor = np.abs(coef * unit) ** -power
        return coef, np.where(given > 0, given, 1.0) * np.where(given > 0, factor, 0.0)


def _initial(data, penalty, settings, initial, alpha, options):
    """Coefficients of the initial estimate."""
    if initial == "ols":
        _require_samples(data, penalty, options["fit_intercept"])
        alpha = 0.0
        settings = settings._replace(tol=max(settings.tol, LEAST_GAP))
    penalty = {**penalty, "l1_ratio": 1.0 if initial == "lasso" else 0.0}
    fit = partial(solve_path, penalty=penalty, settings=settings, **options)
    if alpha is None:
        ratio = LEAST_RATIO[initial]
        grid = fit(data, N_ALPHAS, ratio=ratio).alphas
        deviance = _held_out_deviance(
            fit, data, grid, options["loss"], settings.deadline
        )
        grid = grid[:int(np.argmin(deviance)) + 1]
    else:
        grid = np.array([alpha])
    return _path_end(fit(data, grid))


def _path_end(path):
    return path._coef_of(len(path) - 1)


def _require_samples(data, penalty, fit_intercept):
    factor, weight = penalty["penalty_factor"], data.sample_weight
    p = data.X.n_features if factor is None else int(np.isfinite(factor).sum())
    n = data.X.n_samples if weight is None else int((weight > 0).sum())
    if p + fit_intercept >= n:
        raise ValueError(
            f"initial='ols' needs more samples (of positive weight: {n}) than "
            f"coefficients ({p + fit_intercept}); use initial='ridge' or 'lasso'."
        )


def _held_out_deviance(fit, data, grid, loss, deadline):
    """Deviance of each alpha on samples that were left out, by weights of zero; after the
    deadline, on those of the folds that were finished."""
    n = data.X.n_samples
    weight = np.ones(n) if data.sample_weight is None else data.sample_weight
    used = np.flatnonzero(weight > 0)
    if len(used) < N_FOLDS:
        raise ValueError(
            f"{len(used)} samples (of positive weight) are too few to choose "
            "initial_alpha by cross-validation; pass initial_alpha."
        )
    fold = np.full(n, -1)
    fold[used[np.argsort(data.y[used], kind="stable")]] = np.arange(len(used)) % N_FOLDS
    total = np.zeros(len(grid))
    for k in range(N_FOLDS):
        path = fit(data._replace(sample_weight=np.where(fold == k, 0.0, weight)), grid)
        rows = np.flatnonzero(fold == k)
        offset = None if data.offset is None else data.offset[rows]
        eta = path._decide(data.X.as_matrix()[rows], None, offset)
        with np.errstate(over="ignore"):
            total[:len(path)] += weight[rows] @ loss.value(data.y[rows, None], eta)
        total[len(path):] = np.inf  # where the deadline came before
        if monotonic() > deadline:
            break
    return np.where(np.isnan(total), np.inf, total)
