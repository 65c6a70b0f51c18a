"""enet_path and lasso_path: paths with scikit-learn's call and scikit-learn's result."""

import warnings
from numbers import Integral

import numpy as np

from .. import _validation as check
from ._fit import alpha_max, fit_path
from ._result import PathResult
from ._rows_path import rows_path

GIVEN = ("warn", "deprecated")  # defaults of scikit-learn: as if nothing had been passed


class TuplePath(PathResult):
    """A `PathResult` that is a sequence of its parts, as scikit-learn's tuple is.

    ``path[0]`` is `alphas`, ``path[1]`` is `coefs`, ``path[2]`` is `dual_gap` and, with
    ``return_n_iter=True``, ``path[3]`` is `n_iter`.
    """

    def __len__(self):
        return len(self.unpacks)

    def __getitem__(self, key):
        return tuple(self)[key]

    @property
    def coefs(self):
        """Dense coefficients of shape (n_features, n_alphas), in the dtype of X."""
        return super().coefs.astype(self.coefs_dtype, copy=False)


def enet_path(
    X, y, *, l1_ratio=0.5, eps=1e-3, n_alphas="deprecated", alphas=100,
    precompute="auto", Xy=None, copy_X=True, coef_init=None, verbose=False,
    return_n_iter=False, positive=False, check_input=True, tol=1e-6, max_iter=1000,
    random_state=None, selection="cyclic", do_screening=True, sample_weight=None,
):
    """Elastic-net path with scikit-learn's call: no intercept, columns as given.

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Several targets share their features, as in scikit-learn: the L1 penalty is that
        of the multi-task elastic net, the sum over the features of the Euclidean norms
        of their coefficients.
    l1_ratio : float in [0, 1], default=0.5
    eps : float, default=1e-3
        Ratio of the smallest to the largest alpha of an automatic grid, > 0.
    n_alphas : int, optional
        Deprecated, with a ``FutureWarning``: another name for an integer `alphas`.
    alphas : int or array-like, default=100
        Number of alphas, or the alphas, in any order.
    precompute : bool, "auto" or array-like of shape (n_features, n_features), \
            default="auto"
        The solver decides by itself which Gram matrices it needs, and computes them. One
        that is passed is compared with X.
    Xy, copy_X, verbose, check_input, do_screening
        Accepted and without effect: the solver copies nothing, and always checks its
        input.
    coef_init : array-like of shape (n_features,) or (n_targets, n_features), optional
    return_n_iter : bool, default=False
        Whether the result has a fourth part, `n_iter`.
    positive : bool, default=False
        Force the coefficients to be >= 0. Not for several targets.
    tol : float, default=1e-6
        Largest relative duality gap, as in `fit_path`.
    max_iter : int, default=1000
        Largest number of outer iterations for each alpha.
    random_state : int, RandomState instance or None, default=None
        Accepted and without effect: the solver is deterministic.
    selection : {"cyclic", "random"}, default="cyclic"
        Accepted and without effect: the solver chooses the order of the features.
    sample_weight : array-like of shape (n_samples,), optional

    Returns
    -------
    PathResult
        Unpacks as ``alphas, coefs, dual_gaps``, and these can be indexed:
        ``path[1]`` is `coefs`, dense of shape (n_features, n_alphas), in the dtype of X.
        Of several targets a tuple of just these, with `coefs` of shape
        (n_targets, n_features, n_alphas).

    Raises
    ------
    ValueError, TypeError
        If an argument is malformed.

    Warns
    -----
    ConvergenceWarning
        If a solution did not reach `tol`.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import enet_path
    >>> X = np.array([[1.0, 2.0, 3.1], [2.3, 5.4, 4.3]]).T
    >>> alphas, coefs, dual_gaps = enet_path(X, [1.0, 2.0, 3.1], alphas=[5.0, 0.5])
    >>> coefs.shape
    (2, 2)
    >>> enet_path(X, np.array([[1.0, 2.0, 3.1], [0.0, 1.0, 0.0]]).T, alphas=5)[1].shape
    (2, 2, 5)
    """
    return _scikit_learn_path(
        X, y, l1_ratio=l1_ratio, eps=eps, n_alphas=n_alphas, alphas=alphas,
        precompute=precompute, coef_init=coef_init, return_n_iter=return_n_iter,
        positive=positive, tol=tol, max_iter=max_iter, random_state=random_state,
        selection=selection, sample_weight=sample_weight,
    )


def lasso_path(
    X, y, *, eps=1e-3, n_alphas="deprecated", alphas=100, precompute="auto", Xy=None,
    copy_X=True, coef_init=None, verbose=False, return_n_iter=False, positive=False,
    check_input=True, tol=1e-6, max_iter=1000, random_state=None, selection="cyclic",
    do_screening=True, sample_weight=None,
):
    """Lasso path with scikit-learn's call: `enet_path` with ``l1_ratio=1``.

    Parameters
    ----------
    X : array-like or sparse of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    eps, n_alphas, alphas, precompute, Xy, copy_X, coef_init, verbose, return_n_iter, \
    positive, check_input, tol, max_iter, random_state, selection, do_screening, \
    sample_weight
        As of `enet_path`.

    Returns
    -------
    PathResult
        Unpacks as ``alphas, coefs, dual_gaps``; see `enet_path`.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import lasso_path
    >>> X = np.array([[1.0, 2.0, 3.1], [2.3, 5.4, 4.3]]).T
    >>> alphas, coefs, dual_gaps = lasso_path(X, [1.0, 2.0, 3.1], alphas=[1.0, 0.5])
    >>> bool((dual_gaps <= 1e-5).all())
    True
    """
    return _scikit_learn_path(
        X, y, l1_ratio=1.0, eps=eps, n_alphas=n_alphas, alphas=alphas,
        precompute=precompute, coef_init=coef_init, return_n_iter=return_n_iter,
        positive=positive, tol=tol, max_iter=max_iter, random_state=random_state,
        selection=selection, sample_weight=sample_weight,
    )


def _scikit_learn_path(
    X, y, *, l1_ratio, eps, n_alphas, alphas, precompute, coef_init, return_n_iter,
    positive, tol, max_iter, random_state, selection, sample_weight,
):
    """What `enet_path` returns for those of its arguments that have an effect, or a
    value that can be wrong."""
    with check.as_invalid_parameter():
        check.check_l1_ratio(l1_ratio)
        eps = check.check_real(eps, "eps", low=0.0, low_open=True)
        check.check_choice(selection, "selection", ("cyclic", "random"))
        check.check_bool(positive, "positive")
        check.check_bool(return_n_iter, "return_n_iter")
        check.check_random_state(random_state)
        alphas = _grid(alphas, n_alphas)
    data = check.check_design_or_chunks(X)
    dtype = np.dtype(float)
    if not check.is_chunks(data):
        matrix, dtype = data.as_matrix(), data.data.dtype
        check.check_gram(precompute, matrix, stacklevel=3)
        X = X if hasattr(X, "columns") else matrix  # a frame keeps its names
    if np.ndim(y) == 2:
        if positive:
            raise ValueError(
                "positive=True is not possible for a y of two dimensions; fit its "
                "columns one by one."
            )
        parts = rows_path(
            X, y, alphas, eps, l1_ratio=float(l1_ratio), sample_weight=sample_weight,
            start=coef_init, tol=tol, max_iter=max_iter,
        )
        return parts if return_n_iter else parts[:3]
    if coef_init is not None and not isinstance(coef_init, PathResult):
        coef_init = check.check_coef(coef_init, data.n_features, "coef_init")
    path = _fit(
        X, y, alphas, eps, l1_ratio=l1_ratio, sample_weight=sample_weight,
        lower=0.0 if positive else None, tol=tol, max_iter=max_iter, init=coef_init,
    )
    unpacks = (*path.unpacks, "n_iter") if return_n_iter else path.unpacks
    return path._with(coefs_dtype=dtype, unpacks=unpacks)


def _grid(alphas, n_alphas):
    """Return the number of alphas or the alphas, of the arguments with two names."""
    if n_alphas is not None and not _is_default(n_alphas):
        n_alphas = check.check_alphas(check.check_integer(n_alphas, "n_alphas"), "n_alphas")
        warnings.warn(
            "'n_alphas' was deprecated in 1.9 and will be removed in 1.11 of "
            f"scikit-learn. Pass alphas={n_alphas}.",
            FutureWarning,
            stacklevel=4,
        )
        if alphas is None or _is_default(alphas) or isinstance(alphas, Integral):
            return n_alphas
    if alphas is None:
        warnings.warn(
            "'alphas=None' is deprecated and will be removed in 1.11 of scikit-learn. "
            "Pass alphas=100.",
            FutureWarning,
            stacklevel=4,
        )
    return 100 if alphas is None or _is_default(alphas) else check.check_alphas(alphas)


def _is_default(value):
    return isinstance(value, str) and value in GIVEN


def _fit(X, y, alphas, eps, **options):
    """`fit_path` without an intercept, as a `TuplePath`."""
    if isinstance(alphas, int) and eps > 1.0:  # a grid that rises from the largest alpha
        known = {name: options[name] for name in ("l1_ratio", "sample_weight", "lower")}
        top = alpha_max(X, y, fit_intercept=False, **known)
        alphas = np.geomspace(top, top * eps, alphas)
    path = fit_path(
        X, y, alphas=alphas, alpha_min_ratio=min(eps, 1.0), fit_intercept=False, **options
    )
    return TuplePath(**vars(path))
