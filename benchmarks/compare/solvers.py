"""Every Python solver of the race, side by side: one function each.

A function gets ``X`` (Fortran-ordered float64 array, or CSC with int32 indices), ``y``,
decreasing ``alphas``, ``l1_ratio``, ``fit_intercept`` and ``tol`` in the solver's own
meaning, minimises for each alpha ::

    1/(2n) ||y - b - X w||^2 + alpha (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||^2)

and returns ``coef`` (n_features, n_alphas), ``intercept`` (n_alphas,) and a dictionary
of facts to report. Where ``loss`` names another loss (log loss, half the unit deviance),
its mean weighted by ``sample_weight`` takes the place of the first term; y is 0 and 1
for "logistic" and 0, 1, ... for "multinomial", of which the results hold, for each
alpha, a column for each class. All of it is timed: centring, Gram matrices, wrapping.
Iteration limits are set out of the way; the race has a time limit instead. The imports
are inside the functions since no environment has all of the packages; the call that
warms up pays for them. R's glmnet is in ``glmnet.R``.
"""

import numpy as np
import scipy.sparse as sp
from losses import HUBER_DELTA, TWEEDIE_POWER


def riata(X, y, alphas, l1_ratio, fit_intercept, tol, **glm):
    """riata.fit_path; tol is the relative duality gap that the race asks for."""
    from riata import fit_path

    path = fit_path(
        X, y, alphas=alphas, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=tol,
        max_iter=10**6, n_threads=1, **glm,
    )  # fmt: skip
    facts = {"passes": float(path.passes)}
    if glm.get("loss") == "multinomial":
        return *_side_by_side(path.coefs, path.intercept), facts
    return path.coef, path.intercept, facts


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


def celer_logreg(X, y, alphas, l1_ratio, fit_intercept, tol, loss):
    """celer's path of its LogisticRegression: a sum of losses, the lasso, no intercept.

    tol is the gap over that of coefficients of zero.
    """
    from celer import celer_path

    _, coef, _ = celer_path(
        X, 2 * y - 1, "logreg", alphas=alphas * y.size, tol=tol, prune=True,
        max_iter=10**4, max_epochs=10**6, use_PN=True,
    )  # fmt: skip
    return coef, np.zeros(alphas.size), {}


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


def skglm_glm(X, y, alphas, l1_ratio, fit_intercept, tol, loss):
    """skglm's prox-Newton (descent for Huber), started at the previous alpha's result.

    It has no weights. Its tolerance as in ``skglm``.
    """
    from skglm import datafits
    from skglm.penalties import L1_plus_L2
    from skglm.solvers import AndersonCD, ProxNewton

    settings = {
        "fit_intercept": fit_intercept, "max_iter": 10**4, "warm_start": True,
        "tol": tol * _alpha_max(X, y, fit_intercept),
    }  # fmt: skip
    if loss == "huber":
        datafit = datafits.Huber(HUBER_DELTA)
        solver = AndersonCD(**settings, max_epochs=10**6)
    else:
        datafit = {"logistic": datafits.Logistic, "poisson": datafits.Poisson}[loss]()
        solver = ProxNewton(**settings, max_pn_iter=10**6)
    if loss == "logistic":
        y = 2 * y - 1
    n, p = X.shape
    w, eta, columns = np.zeros(p + fit_intercept), np.zeros(n), []
    for alpha in alphas:
        penalty = L1_plus_L2(alpha, l1_ratio)
        w = solver.solve(X, y, datafit, penalty, w, eta)[0].copy()
        eta = X @ w[:p] + (w[p] if fit_intercept else 0.0)
        columns.append(sp.csc_array(w[:, None]))
    return _split_intercept(sp.hstack(columns).tocsr(), fit_intercept)


def glum(
    X, y, alphas, l1_ratio, fit_intercept, tol, loss="squared", sample_weight=None
):
    """glum's GeneralizedLinearRegressor; its absolute gradient_tol as skglm's tol."""
    from glum import GeneralizedLinearRegressor, TweedieDistribution

    family = {
        "squared": "normal", "logistic": "binomial", "poisson": "poisson",
        "gamma": "gamma", "tweedie": TweedieDistribution(TWEEDIE_POWER),
    }[loss]  # fmt: skip
    model = GeneralizedLinearRegressor(
        family=family, l1_ratio=l1_ratio, alpha_search=True, alphas=alphas,
        fit_intercept=fit_intercept, scale_predictors=False, copy_X=False,
        gradient_tol=tol * _alpha_max(X, y, fit_intercept, sample_weight),
        max_iter=10**4, max_inner_iter=10**8,
    ).fit(X, y, sample_weight=sample_weight)  # fmt: skip
    return model.coef_path_.T, np.broadcast_to(model.intercept_path_, alphas.shape), {}


def sklearn_logistic(X, y, alphas, l1_ratio, fit_intercept, tol, loss, solver):
    """scikit-learn's LogisticRegression, started at the previous alpha's result.

    It has C on the sum of the losses. liblinear cannot be started, and it penalises the
    intercept, so that it is raced without one. tol is on coefficient changes (saga) or
    gradients.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        solver=solver, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=tol,
        max_iter=10**7, warm_start=True, random_state=0,
    )  # fmt: skip
    coefs, intercepts = [], []
    for alpha in alphas:
        model.set_params(C=1 / (alpha * y.size)).fit(X, y)
        coefs.append(sp.csc_array(model.coef_.T))
        intercepts.append(np.broadcast_to(model.intercept_, coefs[-1].shape[1]))
    return sp.hstack(coefs), np.concatenate(intercepts), {}


def sklearn_glm(
    X, y, alphas, l1_ratio, fit_intercept, tol, loss, solver, sample_weight=None
):
    """scikit-learn's TweedieRegressor and its special cases; tol is on gradients."""
    from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor

    settings = {
        "alpha": alphas[0], "fit_intercept": fit_intercept, "solver": solver,
        "tol": tol, "max_iter": 10**7,
    }  # fmt: skip
    if loss == "tweedie":
        model = TweedieRegressor(power=TWEEDIE_POWER, link="log", **settings)
    else:
        model = {"poisson": PoissonRegressor, "gamma": GammaRegressor}[loss](**settings)
    model.fit(X, y, sample_weight)
    return model.coef_[:, None], np.atleast_1d(model.intercept_), {}


def adelie(
    X, y, alphas, l1_ratio, fit_intercept, tol, loss="squared", sample_weight=None
):
    """adelie's grpnet with groups of one; tol is on squared coefficient changes."""
    import adelie as ad

    X = ad.matrix.sparse(X) if sp.issparse(X) else ad.matrix.dense(X)
    family = {"squared": "gaussian", "logistic": "binomial"}.get(loss, loss)
    glm = getattr(ad.glm, family)(y, weights=sample_weight)
    state = ad.grpnet(
        X, glm, lmda_path=alphas, alpha=l1_ratio, tol=tol, irls_tol=tol,
        intercept=fit_intercept, early_exit=False, progress_bar=False, max_iters=10**9,
        irls_max_iters=10**9,
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


def _alpha_max(X, y, fit_intercept, sample_weight=None):
    r = y - np.average(y, weights=sample_weight) * fit_intercept
    r = r / y.size if sample_weight is None else r * sample_weight / sample_weight.sum()
    return np.max(np.abs(X.T @ r))


def _split_intercept(coef, fit_intercept):
    if fit_intercept:
        return coef[:-1], coef[[-1]].toarray()[0] if sp.issparse(coef) else coef[-1], {}
    return coef, np.zeros(coef.shape[1]), {}


def _side_by_side(coefs, intercepts):
    """Of arrays (features, alphas) for each class make one with the race's columns."""
    n_classes, n_alphas = np.shape(intercepts)
    order = np.arange(n_classes * n_alphas).reshape(n_classes, n_alphas).T.ravel()
    columns = sp.hstack([sp.csc_array(coef) for coef in coefs], format="csc")
    return columns[:, order], np.ravel(intercepts)[order]
