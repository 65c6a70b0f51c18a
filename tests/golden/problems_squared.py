"""The squared loss, X in memory."""


import numpy as np
import scipy.sparse as sp
from problems_common import (
    ONE,
    correlated,
    fitted,
    of_estimator,
    predictor,
    problem,
    sample,
    some_weights,
    sparse_sample,
    target,
)

import riata


@problem
def squared_wide():
    return fitted(*sample(1, 60, 300))


@problem
def squared_wide_c_order():
    X, y = sample(2, 60, 300)
    return fitted(np.ascontiguousarray(X), y, l1_ratio=0.5)


@problem
def squared_square_correlated():
    return fitted(*sample(3, 120, 120, rho=0.95), alphas=25)


@problem
def squared_tall():
    return fitted(*sample(4, 800, 30), alphas=30, alpha_min_ratio=1e-5)


@problem
def squared_float32():
    X, y = sample(5, 100, 200)
    return fitted(X.astype(np.float32), y)


@problem
def squared_csc():
    return fitted(*sparse_sample(6, 200, 400, 0.05))


@problem
def squared_csr_standardized():
    X, y = sparse_sample(7, 300, 200, 0.1)
    return fitted(X.tocsr(), y, fit_intercept=False, standardize=True, l1_ratio=0.9)


@problem
def squared_screened():
    return fitted(*sample(8, 200, 1500))


@problem
def squared_screened_sparse():
    return fitted(*sparse_sample(9, 2000, 1500, 0.08), alpha_min_ratio=0.05)


@problem
def squared_sparse_many_active():
    """Descent along sparse columns, for all alphas side by side."""
    X, y = sparse_sample(10, 3000, 1500, 0.01)
    return fitted(X, y, alphas=8, alpha_min_ratio=3e-2)


@problem
def squared_sparse_dense_solution():
    X, y = sparse_sample(11, 1200, 1200, 0.01)
    return fitted(X, y, l1_ratio=0.3, alphas=5, alpha_min_ratio=0.02)


@problem
def squared_many_active():
    """A Gram matrix on which lanes pay."""
    X, y = sample(12, 700, 700, k=300)
    return fitted(X, y, alphas=6, alpha_min_ratio=5e-3)


@problem
def squared_many_active_elastic():
    X, y = sample(13, 650, 900, rho=0.8, k=400)
    return fitted(X, y, alphas=6, l1_ratio=0.2, alpha_min_ratio=1e-3)


@problem
def squared_lazy_gram():
    X, y = sample(14, 1300, 250, k=20)
    return fitted(X, y, alpha_min_ratio=1e-2) | fitted(X, y, "short_", alphas=[0.5, 0.2])


@problem
def squared_rough_gram():
    """A Gram matrix in single precision."""
    X, y = sample(15, 3200, 600, k=100, rho=0.2)
    few = riata.alpha_max(X, y) * np.array([0.3, 0.01])
    return fitted(X, y, alphas=few) | fitted(X, y, "path_", alphas=6, l1_ratio=0.7)


@problem
def squared_weights_and_factors():
    X, y = sample(16, 80, 150)
    factor = np.linspace(0.5, 2.0, 150)
    factor[[3, 40]], factor[[10, 11]] = 0.0, np.inf
    return fitted(
        X, y, sample_weight=some_weights(80), penalty_factor=factor, standardize=True,
        l1_ratio=0.7,
    )


@problem
def squared_free_columns_in_lanes():
    X, y = sample(17, 90, 400)
    factor = np.ones(400)
    factor[:5] = 0.0
    return fitted(X, y, penalty_factor=factor, sample_weight=some_weights(90))


@problem
def squared_bounds():
    X, y = sample(18, 100, 160)
    lower = np.where(np.arange(160) % 2, 0.0, -0.1)
    return fitted(X, y, lower=lower, upper=0.2) | fitted(
        X, y, "positive_", lower=0.0, l1_ratio=0.5
    ) | fitted(X, y, "ridge_", lower=0.0, l1_ratio=0.0, alphas=5)


@problem
def squared_offset_no_intercept():
    X, y = sample(19, 100, 60)
    return fitted(X, y, offset=np.sin(np.arange(100)), fit_intercept=False)


@problem
def squared_one_alpha():
    """Far from the largest: by alphas on the way."""
    X, y = sample(20, 100, 500)
    top = riata.alpha_max(X, y)
    return fitted(X, y, alphas=[0.01 * top]) | fitted(X, y, "half_", alphas=[0.5 * top])


@problem
def squared_explicit_alphas():
    X, y = sample(21, 90, 40)
    return fitted(X, y, alphas=[1e-3, 0.5, 0.5, 5.0, 0.02, 0.0])


@problem
def squared_alpha_zero_wide():
    """Least squares of least norm."""
    X, y = sample(22, 40, 90)
    return fitted(X, y, alphas=[0.3, 0.0]) | fitted(
        X, y, "ridge_", alphas=[0.3, 0.0], l1_ratio=0.0
    )


@problem
def squared_limits():
    X, y = sample(23, 80, 200)
    return (
        fitted(X, y, "active_", max_active=12)
        | fitted(X, y, "deviance_", max_deviance_ratio=0.5)
        | fitted(X, y, "callback_", callback=lambda step: step.index >= 4)
        | fitted(X, y, "iterations_", max_iter=1, alphas=[0.02])
    )


@problem
def squared_resumed():
    X, y = sample(24, 80, 200)
    path = riata.fit_path(X, y, alphas=8, alpha_min_ratio=0.1, **ONE)
    low = path.alphas[-1] * np.array([0.8, 0.5, 0.2])
    return fitted(X, y, alphas=low, init=path) | fitted(
        X, y, "zero_", alphas=low, init=np.full(200, 3.0)
    )


@problem
def squared_degenerate():
    """Equal, opposite, constant and zero columns; ties."""
    rng, X = correlated(25, 60, 40)
    X = np.hstack([X, X[:, :10], -X[:, 5:15], np.ones((60, 2)), np.zeros((60, 2))])
    y = target(rng, predictor(rng, X[:, :40]))
    signs = rng.choice([-1.0, 1.0], (60, 64))
    return fitted(X, y) | fitted(signs, y, "signs_", alphas=20)


@problem
def squared_tolerances():
    X, y = sample(26, 150, 150, rho=0.9)
    return fitted(X, y, "tight_", tol=1e-13, alphas=10) | fitted(
        X, y, "loose_", tol=1e-2, alphas=10
    )


@problem
def squared_scikit_learn_paths():
    X, y = sample(27, 70, 50)
    lasso = riata.lasso_path(X, y, alphas=12, positive=True)
    enet = riata.enet_path(X, y, l1_ratio=0.4, alphas=12)
    return {"lasso": lasso[1], "lasso_gap": lasso[2], "enet": enet[1], "gap": enet[2]}


@problem
def squared_shared_rows():
    """Several targets that share their features."""
    rng, X = correlated(28, 100, 60)
    Y = X[:, :6] @ rng.standard_normal((6, 3)) + rng.standard_normal((100, 3))
    lasso = riata.lasso_path(X, Y, alphas=12)
    enet = riata.enet_path(
        sp.csc_array(np.where(abs(X) > 1, X, 0)), Y, l1_ratio=0.5, alphas=12, tol=1e-9
    )
    model = riata.ElasticNet(alpha=0.05).fit(X, Y)
    return {
        "lasso": lasso[1], "lasso_gap": lasso[2], "enet": enet[1], "gap": enet[2],
        **of_estimator(model),
    }  # fmt: skip
