"""Regularisation paths: the alpha grid, `fit_path`, `PathResult`."""

import math
import warnings
from time import monotonic

import numpy as np

from .. import _validation as check
from .._solver._separation import message_of_separation
from .._solver._solutions import (
    BY_ROUNDING,
    ConvergenceWarning,
    Settings,
    Status,
)
from ..losses import get_loss
from ._checked import checked_data, checked_penalty
from ._result import PathResult
from ._solve import LEAST_L1_RATIO, Limits, largest_alpha, solve_path


def fit_path(
    X, y, *, loss="squared", l1_ratio=1.0, penalty=None, alphas=100,
    alpha_min_ratio=None, fit_intercept=True, standardize=False, sample_weight=None,
    offset=None, penalty_factor=None, lower=None, upper=None, tol=1e-6, max_iter=1000,
    max_active=None, max_deviance_ratio=None, n_threads=None, time_limit=None,
    callback=None, init=None,
):
    r"""Fit a linear model along a decreasing sequence of penalty strengths `alpha`.

    Minimises, for each alpha,

    .. math::
        \frac{1}{S} \sum_i s_i \, f(y_i, o_i + b + x_i^\top w)
        + \alpha \sum_j v_j \Big( \rho |w_j| + \frac{1 - \rho}{2} w_j^2 \Big)
        \quad \text{with } l_j \le w_j \le u_j

    where :math:`f` is the loss, by default :math:`\frac12 (y - \eta)^2`,
    :math:`s` are the sample weights with sum :math:`S`, :math:`o` the offset,
    :math:`v` the penalty factors and :math:`\rho` is `l1_ratio`. Each solution comes
    with its duality gap, computed on the problem as given.

    Parameters
    ----------
    X : array-like, sparse or riata.Chunks of shape (n_samples, n_features)
        float32 and float64, Fortran and C order, CSC (int32 or int64 indices) are used
        where they are, without a copy; CSR is transposed once.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Several targets are for the squared loss and a penalty on rows of coefficients
        (`penalties.RowGroup`); the result is a `MultiOutputPathResult`. Otherwise the
        target: numbers, counts, or classes 0 and 1 (or -1 and 1; 0, 1, 2, ... for
        several), as the loss expects it.
    loss : str or riata.losses.Loss, default="squared"
        ``"squared"``, ``"logistic"``, ``"multinomial"``, ``"poisson"``, ``"gamma"``,
        ``"tweedie"``, ``"negative_binomial"``, ``"huber"``, ``"squared_hinge"`` (with
        the default parameters of these losses), or an object of `riata.losses`.
    l1_ratio : float in [0, 1], default=1.0
        1 is the lasso, 0 is ridge.
    penalty : riata.penalties.Penalty, optional
        A penalty as an object, in place of `l1_ratio`, `penalty_factor`, `lower` and
        `upper`: `ElasticNet`, `RowGroup`, or one of your own.
    alphas : int or array-like, default=100
        Number of alphas, log-spaced from `alpha_max` down to
        ``alpha_max * alpha_min_ratio``; or the alphas (any order, >= 0).
    alpha_min_ratio : float in (0, 1], default=1e-3
        Where an automatic grid ends.
    fit_intercept : bool, default=True
        Fit an unpenalised intercept, exactly.
    standardize : bool, default=False
        Penalise each coefficient in units of its column's weighted standard deviation.
        Neither copies nor densifies X; coefficients are those of X as given.
    sample_weight : array-like of shape (n_samples,), optional
        Non-negative; an integer weight equals repeating the row.
    offset : array-like of shape (n_samples,), optional
        Added to the predictor; (n_samples, n_classes) for several classes.
    penalty_factor : float or array-like of shape (n_features,), optional
        0 leaves a coefficient unpenalised, inf excludes it.
    lower, upper : float or array-like of shape (n_features,), optional
        Bounds of the coefficients (of X as given), ``lower <= 0 <= upper``.
    tol : float, default=1e-6
        A solution is accepted when its duality gap is at most `tol` times the objective
        of the model without features.
    max_iter : int, default=1000
        Most outer iterations (working sets tried) for one alpha.
    max_active : int, optional
        End the path at the first alpha with more than so many non-zero coefficients.
    max_deviance_ratio : float in (0, 1], optional
        End the path when this share of the null deviance is explained.
    n_threads : int, optional
        Threads for passes over a large X; the result does not depend on it. By default
        what the process may use.
    time_limit : float, optional
        Seconds after which the path ends with what is finished.
    callback : callable, optional
        Called after each alpha with ``index``, ``alpha``, ``n_active``,
        ``relative_gap``, ``deviance_ratio`` and ``seconds``; a true answer ends the
        path.
    init : PathResult or array-like of shape (n_features,), optional
        Coefficients to start from: of a path, its last.

    Returns
    -------
    PathResult
        `MultinomialPathResult` for several classes.

    Raises
    ------
    ValueError, TypeError
        If an argument is malformed; nothing has been computed then.

    Warns
    -----
    ConvergenceWarning
        If a solution did not reach `tol`; its gap is in the result. Or if there is no
        solution: columns without a penalty separate the samples.

    Notes
    -----
    Where solutions at an alpha of 0 are not unique, that of least L2 norm is returned, the
    limit of ridge regression.

    Ctrl-C raises `Interrupted`, a `KeyboardInterrupt` with the finished alphas as its
    `result`.

    References
    ----------
    Friedman, Hastie & Tibshirani (2010), doi:10.18637/jss.v033.i01; Ndiaye et al.
    (2017), arXiv:1611.05780, for the gaps.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 200))
    >>> y = X[:, :3] @ [3.0, -2.0, 1.0] + 0.1 * rng.standard_normal(50)
    >>> path = fit_path(X, y)
    >>> path.coef.shape
    (200, 100)
    >>> bool(path.relative_gap.max() <= 1e-6)
    True
    """
    started = monotonic()
    loss = get_loss(loss)
    names = check.feature_names_of(X)
    data = checked_data(
        X, y, sample_weight, offset, loss, check.check_design_or_chunks
    )
    p = data.X.n_features
    penalty = checked_penalty(penalty, l1_ratio, penalty_factor, lower, upper, p)
    grid = check.check_alphas(alphas)
    ratio = 1e-3 if alpha_min_ratio is None else check.check_real(
        alpha_min_ratio, "alpha_min_ratio", low=0.0, high=1.0, low_open=True
    )
    limits = Limits(
        None if max_active is None else check.check_integer(
            max_active, "max_active", low=0
        ),
        None if max_deviance_ratio is None else check.check_real(
            max_deviance_ratio, "max_deviance_ratio", low=0.0, high=1.0, low_open=True
        ),
        check.check_callable(callback, "callback"),
    )
    tol, max_iter = check.check_tol(tol), check.check_max_iter(max_iter)
    n_threads = check.check_n_threads(n_threads)
    time_limit = check.check_time_limit(time_limit)
    deadline = math.inf if time_limit is None else started + time_limit
    start = _check_init(init, p, loss, data.y, names)
    fit_intercept = check.check_bool(fit_intercept, "fit_intercept")
    standardize = check.check_bool(standardize, "standardize")

    settings = Settings(tol=tol, max_iter=max_iter, deadline=deadline)
    path = solve_path(
        data, grid, penalty, settings, loss=loss, fit_intercept=fit_intercept,
        standardize=standardize, n_threads=n_threads, limits=limits, start=start,
        ratio=ratio, started=started,
    )._with(feature_names_in=names)
    _warn(path, tol)
    if isinstance(grid, int) and _has_no_alpha_max(path):
        warnings.warn(
            "alpha_max is 0: y is constant, or every penalised column is, or the offset "
            "and the unpenalised columns explain all that they could. Penalised "
            "coefficients are zero at every alpha, and the automatic grid starts at 1.",
            UserWarning,
            stacklevel=2,
        )
    return path


def _check_init(init, n_features, loss, y, names):
    if init is None:
        return None
    if isinstance(init, PathResult):
        if names is not None and init.feature_names_in is not None:
            check.require_same_names(list(init.feature_names_in), list(names))
        init = init._coef_of(len(init.alphas) - 1)
    if loss.many_outputs or y.ndim == 2:
        count = y.shape[1] if y.ndim == 2 else int(y.max()) + 1
        return check.check_class_coef(init, n_features, count, "init")
    return check.check_coef(init, n_features, "init")


def _has_no_alpha_max(path):
    """Whether no penalised coefficient differs from zero at any alpha > 0."""
    if path.l1_ratio < LEAST_L1_RATIO:
        return path.alphas[0] == 1.0 and not path.n_active.any()
    return not path.alpha_max > 0


def _warn(path, tol):
    separated = path.status.count(Status.unbounded_or_separable)
    if separated:
        remedy = "alpha > 0, and no penalty_factor of 0"
        warnings.warn(
            message_of_separation(separated, len(path.alphas), "alphas", remedy),
            ConvergenceWarning,
            stacklevel=3,
        )
    good = Status.optimal, Status.unbounded_or_separable
    poor = [k for k, status in enumerate(path.status) if status not in good]
    if not poor:
        return
    measure, name = path.relative_gap, "relative duality gap"
    if np.isnan(measure).any():  # of a loss that is not convex
        measure, name = path.kkt, "KKT violation"
    worst = max(poor, key=lambda k: measure[k])
    remedy = "Raise max_iter or time_limit, or accept a larger tol."
    if {path.status[k] for k in poor} <= BY_ROUNDING:
        remedy = (
            "Rounding errors in double precision let no further step improve on it: "
            "accept a larger tol."
        )
    warnings.warn(
        f"{len(poor)} of {len(path.alphas)} alphas did not reach tol={tol:g}; the "
        f"largest {name} is {measure[worst]:.2e} at "
        f"alpha={path.alphas[worst]:.4g} (status: {path.status[worst]}). {remedy}",
        ConvergenceWarning,
        stacklevel=3,
    )


def alpha_max(
    X, y, *, loss="squared", l1_ratio=1.0, penalty=None, fit_intercept=True,
    standardize=False, sample_weight=None, offset=None, penalty_factor=None, lower=None,
    upper=None,
):
    """Smallest strength at which every penalised coefficient is zero.

    Parameters
    ----------
    X, y, loss, l1_ratio, penalty, fit_intercept, standardize, sample_weight, offset, \
    penalty_factor, lower, upper
        As in `fit_path`. An `l1_ratio` below 1e-3 counts as 1e-3: a ridge path has no
        such strength, and its grid starts at this one.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from riata import alpha_max
    >>> alpha_max(np.array([[1.0], [-1.0]]), [2.0, -2.0])
    2.0
    """
    loss = get_loss(loss)
    data = checked_data(
        X, y, sample_weight, offset, loss, check.check_design_or_chunks
    )
    penalty = checked_penalty(
        penalty, l1_ratio, penalty_factor, lower, upper, data.X.n_features
    )
    return largest_alpha(
        data, penalty, loss, fit_intercept=check.check_bool(fit_intercept, "fit_intercept"),
        standardize=check.check_bool(standardize, "standardize"),
    )
