"""Every Python solver of the race, side by side: one function each.

A function gets ``X`` (Fortran-ordered float64 array, or CSC with int32 indices), ``y``,
decreasing ``alphas``, ``l1_ratio``, ``fit_intercept`` and ``tol`` in the solver's own
meaning, minimises for each alpha ::

    1/(2n) ||y - b - X w||^2 + alpha (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||^2)

and returns ``coef`` (n_features, n_alphas), ``intercept`` (n_alphas,) and a dictionary
of facts to report. All of it is timed: centring, Gram matrices, wrapping. Iteration
limits are set out of the way; the race has a time limit instead. The imports are inside
the functions since no environment has all of the packages; the call that warms up pays
for them. R's glmnet is in ``glmnet.R``.
"""

import numpy as np
import scipy.sparse as sp


def riata(X, y, alphas, l1_ratio, fit_intercept, tol):
    """riata.fit_path; tol is the relative duality gap that the race asks for."""
    from riata import fit_path

    path = fit_path(
        X, y, alphas=alphas, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=tol,
        max_iter=10**6, n_threads=1,
    )  # fmt: skip
    return path.coef, path.intercept, {"passes": float(path.passes)}


def sklearn(X, y, alphas, l1_ratio, fit_intercept, tol, precompute="auto"):
    """scikit-learn's enet_path, given an intercept in the way its LassoCV gives it one.

    tol is its duality gap over ||y||^2, which is twice our null objective.
    """
    from sklearn.linear_model import enet_path

    X, y, mean, offset = _centre(X, y, fit_intercept)
    _, coef, _ = enet_path(
        X, y, l1_ratio=l1_ratio, alphas=alphas, precompute=precompute, copy_X=False,
        tol=tol, max_iter=10**8, **offset,
    )  # fmt: skip
    return coef, mean(coef), {}


def celer(X, y, alphas, l1_ratio, fit_intercept, tol):
    """celer's celer_path with the settings of its Lasso; tol as scikit-learn's."""
    from celer import celer_path

    X, y, mean, offset = _centre(X, y, fit_intercept)
    _, coef, _ = celer_path(
        X, y, "lasso", l1_ratio=l1_ratio, alphas=alphas, tol=tol, prune=True,
        max_iter=10**4, max_epochs=10**6, **offset,
    )  # fmt: skip
    return coef, mean(coef), {}


def skglm(X, y, alphas, l1_ratio, fit_intercept, tol):
    """skglm's Lasso/ElasticNet path: Anderson-accelerated coordinate descent.

    Its tolerance bounds the subgradient; ours is in units of alpha_max.
    """
    from skglm import ElasticNet, Lasso

    settings = {
        "fit_intercept": fit_intercept, "tol": tol * _alpha_max(X, y, fit_intercept),
        "max_iter": 10**4, "max_epochs": 10**6,
    }  # fmt: skip
    if l1_ratio == 1:
        model = Lasso(**settings)
    else:
        model = ElasticNet(l1_ratio=l1_ratio, **settings)
    coef = model.path(X, y, alphas)[1]
    return _split_intercept(coef, fit_intercept)


def glum(X, y, alphas, l1_ratio, fit_intercept, tol):
    """glum's GeneralizedLinearRegressor; its absolute gradient_tol as skglm's tol."""
    from glum import GeneralizedLinearRegressor

    model = GeneralizedLinearRegressor(
        family="normal", l1_ratio=l1_ratio, alpha_search=True, alphas=alphas,
        fit_intercept=fit_intercept, scale_predictors=False, copy_X=False,
        gradient_tol=tol * _alpha_max(X, y, fit_intercept),
        max_iter=10**4, max_inner_iter=10**8,
    ).fit(X, y)  # fmt: skip
    return model.coef_path_.T, np.broadcast_to(model.intercept_path_, alphas.shape), {}


def adelie(X, y, alphas, l1_ratio, fit_intercept, tol):
    """adelie's grpnet with groups of one; tol is on squared coefficient changes."""
    import adelie as ad

    X = ad.matrix.sparse(X) if sp.issparse(X) else ad.matrix.dense(X)
    state = ad.grpnet(
        X, ad.glm.gaussian(y), lmda_path=alphas, alpha=l1_ratio, tol=tol,
        intercept=fit_intercept, early_exit=False, progress_bar=False, max_iters=10**9,
    )  # fmt: skip
    return state.betas.T, state.intercepts, {}


def adelie_cov(X, y, alphas, l1_ratio, fit_intercept, tol):
    """adelie's covariance method, its Gram matrix made here; for n > p, dense X."""
    import adelie as ad

    X, y, mean, _ = _centre(X, y, fit_intercept)
    n = y.size
    state = ad.gaussian_cov(
        ad.matrix.dense(np.asfortranarray(X.T @ X / n), method="cov"), X.T @ y / n,
        lmda_path=alphas, alpha=l1_ratio, tol=tol,
        early_exit=False, progress_bar=False, max_iters=10**9,
    )  # fmt: skip
    coef = state.betas.T
    return coef, mean(coef), {}


def _centre(X, y, fit_intercept):
    """Centre for the solvers whose path functions have no intercept.

    Dense X is copied and centred. Sparse X is left alone, and its column means are
    passed on as ``X_offset`` and ``X_scale``, which scikit-learn and celer understand.

    Returns
    -------
    X, y : the data to fit
    intercepts : function from coefficients to intercepts
    offset : dictionary of further arguments
    """
    if not fit_intercept:
        return X, y, lambda coef: np.zeros(coef.shape[1]), {}
    X_mean, y_mean = np.asarray(X.mean(axis=0)).ravel(), y.mean()
    offset = {}
    if sp.issparse(X):
        offset = {"X_offset": X_mean, "X_scale": np.ones_like(X_mean)}
    else:
        X = X - X_mean
    return X, y - y_mean, lambda coef: y_mean - coef.T @ X_mean, offset


def _alpha_max(X, y, fit_intercept):
    return np.max(np.abs(X.T @ (y - y.mean() * fit_intercept))) / y.size


def _split_intercept(coef, fit_intercept):
    if fit_intercept:
        return coef[:-1], coef[-1], {}
    return coef, np.zeros(coef.shape[1]), {}
