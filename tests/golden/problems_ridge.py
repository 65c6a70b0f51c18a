"""Ridge regression."""


import numpy as np
from problems_common import (
    ONE,
    correlated,
    fitted,
    of_estimator,
    problem,
    sample,
    some_weights,
    sparse_sample,
)

import riata


@problem
def ridge_tall_few_alphas():
    return fitted(*sample(30, 300, 40), l1_ratio=0.0, alphas=8)


@problem
def ridge_tall_many_alphas():
    X, y = sample(31, 300, 40)
    return fitted(
        X, y, l1_ratio=0.0, alphas=40, standardize=True, sample_weight=some_weights(300)
    )


@problem
def ridge_wide():
    X, y = sample(32, 50, 160)
    factor = np.linspace(0.5, 2.0, 160)
    factor[:2] = 0.0
    return fitted(X, y, l1_ratio=0.0, alphas=8) | fitted(
        X, y, "factor_", l1_ratio=0.0, penalty_factor=factor, alphas=20
    )


@problem
def ridge_square_ill_conditioned():
    X, y = sample(33, 60, 60, rho=0.999)
    X = X * np.logspace(0, 6, 60)
    return fitted(X, y, l1_ratio=0.0, alphas=[1e-3, 1e-9, 0.0])


@problem
def ridge_sparse():
    X, y = sparse_sample(34, 400, 150, 0.03)
    W, v = sparse_sample(35, 100, 300, 0.2)
    return fitted(X.tocsr(), y, l1_ratio=0.0, alphas=8) | fitted(
        W, v, "wide_", l1_ratio=0.0, alphas=18, sample_weight=some_weights(100)
    )


@problem
def ridge_krylov():
    X, y = sparse_sample(36, 900, 900, 0.01)
    direct = fitted(X, y, l1_ratio=0.0, alphas=[1.0, 0.3])
    model = riata.Ridge(alpha=3.0, solver="lsqr", tol=1e-8).fit(X, y)
    return direct | of_estimator(model)


@problem
def ridge_krylov_standardized():
    X, y = sparse_sample(37, 600, 700, 0.02)
    model = riata.Ridge(
        alpha=[0.5, 2.0], solver="sparse_cg", standardize=True, tol=1e-9,
        penalty_factor=np.where(np.arange(700) < 3, 0.0, 1.0),
    )  # fmt: skip
    model.fit(X, np.column_stack([y, np.cos(y)]), sample_weight=some_weights(600))
    return of_estimator(model)


@problem
def ridge_many_targets():
    rng, X = correlated(38, 120, 30)
    Y = X[:, :5] @ rng.standard_normal((5, 80)) + rng.standard_normal((120, 80))
    few = riata.Ridge(alpha=np.logspace(-1, 2, 80)).fit(X, Y)
    same = riata.Ridge(alpha=2.0, solver="svd").fit(X.T[:, :60].copy(), Y[:30, :70])
    out = of_estimator(few)
    return out | {f"wide_{k}": v for k, v in of_estimator(same).items()}


@problem
def ridge_estimator_options():
    X, y = sample(39, 90, 20)
    out = of_estimator(riata.Ridge(alpha=1.0, positive=True, **ONE).fit(X, y))
    for solver in ("cholesky", "svd", "auto"):
        model = riata.Ridge(alpha=0.5, solver=solver, fit_intercept=False)
        model.fit(X.astype(np.float32), y, sample_weight=some_weights(90))
        out |= {f"{solver}_{k}": v for k, v in of_estimator(model).items()}
    return out


@problem
def ridge_leave_one_out():
    X, y = sample(40, 90, 25)
    wide, v = sample(41, 40, 70)
    model = riata.RidgeCV(np.logspace(-3, 3, 13), store_cv_results=True).fit(X, y)
    other = riata.RidgeCV([0.1, 1.0, 10.0], standardize=True, alpha_per_target=True)
    other.fit(wide, np.column_stack([v, v**2]), sample_weight=0.5 + np.arange(40) % 3)
    out = of_estimator(model, "cv_results_")
    return out | {f"wide_{k}": v for k, v in of_estimator(other).items()}


@problem
def ridge_cv_folds():
    X, y = sample(42, 90, 25)
    W, v = sparse_sample(43, 80, 120, 0.1)
    out = of_estimator(riata.RidgeCV([0.1, 1.0, 10.0], cv=4, **ONE).fit(X, y))
    model = riata.RidgeCV([0.1, 1.0, 10.0], cv=3, gcv_mode="auto").fit(W, v)
    return out | {f"sparse_{k}": v for k, v in of_estimator(model).items()}
