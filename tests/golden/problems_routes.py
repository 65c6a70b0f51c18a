"""Routes that few problems take."""


import numpy as np
import scipy.sparse as sp
from problems_chunks import column_blocks, files_of_rows, row_blocks
from problems_common import (
    ONE,
    correlated,
    fitted,
    of_cv,
    of_estimator,
    predictor,
    problem,
    sample,
    some_weights,
    sparse,
    sparse_sample,
    target,
)
from problems_models import of_relaxed

import riata
from riata.losses import Multinomial


@problem
def logistic_ridge_many_columns():
    """Too many for an exact model: conjugate gradients by products with X."""
    X, y = sample(170, 800, 560, "logistic")
    W, v = sparse_sample(171, 700, 600, 0.02, "poisson")
    return fitted(X, y, loss="logistic", l1_ratio=0.0, alphas=3) | fitted(
        W, v, "poisson_", loss="poisson", l1_ratio=0.0, alphas=3, fit_intercept=False
    )


@problem
def multinomial_ridge_many_columns():
    X, y = sample(172, 60, 560, "multinomial")
    return fitted(X, y, loss="multinomial", l1_ratio=0.0, alphas=3) | fitted(
        X, y, "grouped_", loss=Multinomial(grouped=True), l1_ratio=0.0, alphas=3
    )


@problem
def multinomial_many_active():
    """More active coefficients than one Gram matrix serves."""
    rng, X = correlated(173, 300, 500, 0.3)
    y = target(rng, predictor(rng, X, 200), "multinomial", 8)
    return fitted(
        X, y, loss="multinomial", l1_ratio=0.1, alphas=4, alpha_min_ratio=1e-2
    )


@problem
def multinomial_sparse_many_active():
    rng, X = sparse(174, 300, 500, 0.1)
    y = target(rng, predictor(rng, X, 200), "multinomial", 6)
    return fitted(
        X, y, loss="multinomial", l1_ratio=0.05, alphas=3, alpha_min_ratio=1e-2
    )


@problem
def squared_alpha_zero_bounds():
    """One of many solutions, the limit of a vanishing L2 penalty."""
    X, y = sample(175, 30, 50)
    return fitted(X, y, alphas=[0.1, 0.0], lower=-0.2, upper=0.3)


@problem
def glm_alpha_zero_bounds():
    X, y = sample(176, 40, 60, "poisson")
    W, v = sample(177, 60, 20, "squared_hinge")
    return fitted(X, y, loss="poisson", alphas=[0.1, 0.0], lower=-0.2, upper=0.2) | fitted(
        W, v, "hinge_", loss="squared_hinge", alphas=[0.1, 0.0]
    )


@problem
def logistic_one_class():
    X, _ = sample(178, 40, 20)
    y, options = np.ones(40), {"alphas": 3, "fit_intercept": False}
    half = np.arange(40) < 20
    return (
        fitted(X, y, loss="logistic", **options)
        | fitted(X, y, "hinge_", loss="squared_hinge", **options)
        | fitted(X, half, "weight_", loss="logistic", alphas=2, sample_weight=half * 1.0)
    )


@problem
def squared_large_working_set():
    """Descent along the columns of X: too many for a Gram matrix."""
    X, y = sample(179, 25, 2800)
    return fitted(X, y, l1_ratio=0.002, alphas=2, alpha_min_ratio=0.05)


@problem
def glm_large_working_set():
    X, y = sample(180, 25, 2800, "logistic")
    W, v = sample(181, 25, 2700, "poisson")
    options = {"l1_ratio": 0.002, "alphas": 2, "alpha_min_ratio": 0.05}
    return fitted(X, y, loss="logistic", **options) | fitted(
        W, v, "poisson_", loss="poisson", **options
    )


@problem
def squared_shared_rows_correlated():
    rng, X = correlated(182, 80, 60, 0.995)
    Y = X[:, :6] @ rng.standard_normal((6, 3)) + 0.1 * rng.standard_normal((80, 3))
    alphas = np.array([0.1, 0.01])
    enet = riata.enet_path(X, Y, l1_ratio=0.99, alphas=alphas, tol=1e-8)
    start = riata.lasso_path(X, Y, alphas=alphas, coef_init=enet[1][:, :, -1])
    return {"coef": enet[1], "gap": enet[2], "init": start[1], "init_gap": start[2]}


@problem
def squared_lazy_gram_tall():
    X, y = sample(183, 1500, 200, k=60)
    return fitted(X, y, alphas=20, alpha_min_ratio=0.05)


@problem
def leave_one_out_of_dense_solutions():
    X, y = sample(184, 40, 70)
    labels = target(np.random.default_rng(185), X[:, 0], "logistic")
    out = {}
    for name, v, loss in (("squared_", y, "squared"), ("logistic_", labels, "logistic")):
        path = riata.fit_path(X, v, loss=loss, alphas=4, l1_ratio=0.0, **ONE)
        found = riata.approximate_loo(path, X, v)._asdict()
        out |= {name + key: value for key, value in found.items()}
    return out


@problem
def ridge_leave_one_out_of_leverage():
    """Samples that alone determine a coefficient."""
    X, y = sample(186, 50, 12)
    X[:, 3] = 0.0
    X[7, 3] = 1e4
    model = riata.RidgeCV([1e-9, 1e-3, 1.0], store_cv_results=True).fit(X, y)
    sparse_model = riata.RidgeCV([0.1, 1.0], scoring="neg_mean_absolute_error")
    sparse_model.fit(sp.csr_array(np.where(abs(X) > 0.8, X, 0.0)), y)
    out = of_estimator(model, "cv_results_")
    return out | {f"sparse_{k}": v for k, v in of_estimator(sparse_model).items()}


@problem
def ridge_cv_scoring():
    X, y = sample(187, 90, 15)
    model = riata.RidgeCV([0.1, 1.0, 10.0], cv=3, scoring="r2", **ONE)
    model.fit(X, np.column_stack([y, y**2]), sample_weight=0.5 + np.arange(90) % 3)
    return of_estimator(model)


@problem
def ridge_krylov_ill_conditioned():
    X, y = sparse_sample(188, 400, 300, 0.05)
    X = sp.csc_array(X @ sp.diags_array(np.logspace(0, 2.5, 300)))
    out = {}
    for name, options in (
        ("tight_", {"alpha": 1e-4, "tol": 1e-12}),
        ("short_", {"alpha": 1.0, "tol": 1e-10, "max_iter": 40}),
    ):
        model = riata.Ridge(solver="lsqr", **options).fit(X, y)
        out |= {name + key: value for key, value in of_estimator(model).items()}
    return out


@problem
def chunks_sparse_rows():
    X, y = sparse_sample(189, 2000, 20, 0.2, "logistic")
    W, v = sparse_sample(190, 400, 120, 0.1)
    return row_blocks(X, y, "logistic", alphas=6) | {
        f"squared_{k}": value for k, value in row_blocks(W, v, alphas=6).items()
    }


@problem
def chunks_columns_screened():
    X, y = sample(191, 200, 2000)
    W, v = sample(192, 200, 1500, "logistic")
    return column_blocks(X, y, alphas=12, alpha_min_ratio=0.1, memory_limit=2**22) | {
        f"logistic_{k}": value
        for k, value in column_blocks(
            W, v, "logistic", alphas=8, alpha_min_ratio=0.1, memory_limit=2**22
        ).items()
    }


@problem
def chunks_ridge_of_columns():
    X, y = sample(193, 200, 50)
    return column_blocks(
        X, y, l1_ratio=0.0, alphas=[1.0, 0.1, 0.0], penalty_factor=np.linspace(0, 1, 50)
    ) | {f"rows_{k}": v for k, v in row_blocks(X, y, alphas=[0.1, 0.0]).items()}


@problem
def cv_on_chunks_of_columns():
    X, y = sample(194, 120, 200)
    labels = target(np.random.default_rng(195), X[:, 3], "logistic")
    with riata.open_chunks(X, axis=1, memory_limit=2**21) as chunks:
        squared = riata.cv_path(chunks, y, alphas=5, cv=3, alpha_min_ratio=0.1, **ONE)
        logistic = riata.cv_path(
            chunks, labels, loss="logistic", alphas=4, cv=3, alpha_min_ratio=0.2, **ONE
        )
    return of_cv(squared) | of_cv(logistic, "logistic_")


@problem
def cv_elastic_net_tall():
    X, y = sample(196, 900, 20)
    model = riata.ElasticNetCV(
        l1_ratio=[0.3, 1.0], alphas=10, cv=3, standardize=True, **ONE
    ).fit(X, y)
    return of_estimator(model) | of_cv(model.cv_result_)


@problem
def cv_logistic_without_refit():
    X, y = sample(197, 200, 15, "logistic")
    model = riata.LogisticRegressionCV(
        Cs=4, l1_ratios=[0.0, 1.0], cv=3, scoring="accuracy", refit=False,
        use_legacy_attributes=False, **ONE,
    ).fit(X, y)
    return of_estimator(model, "scores_")


@problem
def cv_relaxed_and_adaptive_sparse():
    X, y = sparse_sample(198, 150, 60, 0.2)
    relaxed = riata.RelaxedLassoCV(alphas=6, cv=3, standardize=True, **ONE).fit(X, y)
    adaptive = riata.AdaptiveLassoCV(alphas=6, cv=3, select="1se", **ONE)
    adaptive.fit(X, y, sample_weight=some_weights(150))
    path = riata.relaxed_path(
        X, y, alphas=8, penalty_factor=np.linspace(0.5, 1.5, 60), **ONE
    )
    out = of_relaxed(path, "path_") | of_estimator(relaxed)
    return out | {f"adaptive_{k}": v for k, v in of_estimator(adaptive).items()}


@problem
def stability_of_selections():
    X, y = sample(199, 80, 60)
    pairs = riata.stability_path(
        X, y, n_pairs=5, n_features_to_select=6, random_state=1, n_jobs=1, **ONE
    )
    boot = riata.bootstrap_path(
        X, y, n_resamples=5, alphas=5, l1_ratio=0.5, random_state=1, n_jobs=1, **ONE
    )
    return {
        "pairs": pairs.frequency.toarray(), "selected": pairs.selected.toarray(),
        "gap": pairs.relative_gap, "boot": boot.frequency.toarray(),
        "boot_gap": boot.relative_gap, "bound": pairs.bound(0.7),
    }  # fmt: skip


@problem
def audits_of_sparse():
    X, y = sparse_sample(200, 120, 50, 0.2)
    out = {}
    for loss in ("squared", "logistic", "multinomial", "negative_binomial", "tweedie"):
        v = target(np.random.default_rng(201), X[:, [0]].toarray()[:, 0] + np.sin(y), loss)
        path = riata.fit_path(X, v, loss=loss, alphas=3, l1_ratio=0.7, **ONE)
        coef, intercept = path.coef_at(float(path.alphas[-1]))
        found = riata.check_solution(
            X, v, coef, intercept, alpha=float(path.alphas[-1]), loss=loss, l1_ratio=0.7
        )
        out[loss] = np.array(found)
    return out


@problem
def predictions():
    X, y = sample(202, 150, 10, "logistic")
    codes = target(np.random.default_rng(203), X[:, 0], "multinomial")
    out = {}
    for name, model, v in (
        ("lasso_", riata.Lasso(alpha=0.05, **ONE), y),
        ("huber_", riata.HuberRegressor(alpha=0.01, fit_intercept=False, **ONE), y),
        ("hinge_", riata.GeneralizedLinearClassifier("squared_hinge", alpha=0.02), y),
        ("logistic_", riata.LogisticRegression(**ONE), y),
        ("classes_", riata.GeneralizedLinearClassifier("multinomial", alpha=0.02), codes),
        ("poisson_", riata.PoissonRegressor(alpha=0.1, **ONE), codes),
    ):
        model.fit(X, v)
        out |= {name + key: value for key, value in of_estimator(model).items()}
        for method in ("predict", "predict_proba", "decision_function"):
            if hasattr(model, method):
                out[name + method] = getattr(model, method)(X)
        out[f"{name}score"] = model.score(X, v)
    return out


@problem
def ridge_krylov_weighted():
    X, y = sparse_sample(204, 1000, 1200, 0.008)
    return fitted(
        X, y, l1_ratio=0.0, alphas=[2.0, 0.5], sample_weight=some_weights(1000),
        fit_intercept=False,
    )


@problem
def ridge_alpha_zero_dependent():
    X, y = sample(205, 80, 20)
    X[:, 4] = X[:, 2] - X[:, 3]
    return fitted(X, y, l1_ratio=0.0, alphas=[1.0, 1e-9, 0.0]) | fitted(
        X.T.copy(), y[:20], "wide_", l1_ratio=0.0, alphas=[1.0, 1e-9, 0.0]
    )


@problem
def glm_nearly_dependent_free_columns():
    X, y = sample(206, 120, 30, "gamma")
    X[:, 1] = X[:, 0] + 1e-9 * X[:, 2]
    factor = np.where(np.arange(30) < 4, 0.0, 1.0)
    return fitted(X, y, loss="gamma", penalty_factor=factor, alphas=5) | fitted(
        sp.csc_array(X), y, "sparse_", loss="gamma", penalty_factor=factor, alphas=5
    )


@problem
def chunks_logistic_many_columns():
    """Models of more columns than are followed exactly."""
    X, y = sample(207, 2700, 520, "logistic", rho=0.2)
    return row_blocks(
        X, y, "logistic", alphas=6, l1_ratio=0.2, alpha_min_ratio=1e-2,
        memory_limit=2**25,
    )


@problem
def chunks_rows_wide_weighted():
    X, y = sample(208, 250, 180)
    labels = target(np.random.default_rng(209), X[:, 0], "logistic")
    options = {"n_files": 3, "alphas": 6, "sample_weight": some_weights(250)}
    return files_of_rows(X, y, standardize=True, **options) | {
        f"logistic_{k}": v
        for k, v in files_of_rows(X, labels, loss="logistic", **options).items()
    }


@problem
def squared_rough_gram_tight():
    """Single precision is not enough: its errors are measured and made up for."""
    X, y = sample(210, 3200, 600, k=100, rho=0.2)
    alphas = riata.alpha_max(X, y) * np.array([0.3, 0.1, 0.03, 0.01])
    return fitted(X, y, alphas=alphas, tol=1e-9) | fitted(
        X, y, "elastic_", alphas=alphas, tol=2e-9, l1_ratio=0.5, standardize=True
    )


@problem
def glm_ridge_many_columns():
    X, y = sample(211, 650, 540, "squared_hinge")
    W, v = sample(212, 560, 520, "multinomial")
    return fitted(X, y, loss="squared_hinge", l1_ratio=0.0, alphas=3) | fitted(
        W, v, "classes_", loss="multinomial", l1_ratio=0.0, alphas=2
    )


@problem
def glm_sparse_many_active():
    """Descent along sparse columns, without a Gram matrix."""
    X, y = sparse_sample(213, 1500, 1500, 0.01, "logistic")
    W, v = sparse_sample(221, 1500, 1500, 0.01, "huber")
    return fitted(
        X, y, loss="logistic", alphas=4, alpha_min_ratio=0.03, l1_ratio=0.4,
        standardize=True, sample_weight=0.5 + np.arange(1500) % 3,
    ) | fitted(W, v, "huber_", loss="huber", alphas=3, alpha_min_ratio=0.05, l1_ratio=0.3)


@problem
def squared_hinge_separated():
    """No loss is left where a column without a penalty tells the classes apart."""
    X, y = sample(214, 50, 15, "squared_hinge")
    X[:, 2] = np.where(y > 0, 1.0, -1.0) + 0.01 * X[:, 2]
    factor = np.where(np.arange(15) == 2, 0.0, 1.0)
    return fitted(X, y, loss="squared_hinge", penalty_factor=factor, alphas=3) | fitted(
        X, y, "logistic_", loss="logistic", alphas=4, fit_intercept=False,
        penalty_factor=factor,
    ) | fitted(X, y, "one_class_", loss="squared_hinge", sample_weight=y, alphas=2)


@problem
def poisson_alpha_zero_wide():
    X, _ = sample(215, 25, 40)
    y = np.arange(25) % 3.0
    return fitted(X, y, loss="poisson", alphas=[0.2, 0.0])


@problem
def ridge_ill_conditioned_weighted():
    X, y = sample(216, 50, 45, rho=0.9999)
    X = X * np.logspace(6, 0, 45)
    return fitted(
        X, y, l1_ratio=0.0, alphas=[1e-4, 1e-10, 0.0], sample_weight=some_weights(50)
    )


@problem
def ridge_leave_one_out_weighted():
    X, y = sample(217, 40, 10)
    X[:, 4] = 0.0
    X[[3, 9], 4] = 1e5, 1e-5
    weight = 0.5 + np.arange(40) % 2
    model = riata.RidgeCV([1e-8, 1e-2], store_cv_results=True)
    model.fit(X, y, sample_weight=weight)
    wide = riata.RidgeCV([1e-10, 1.0]).fit(X[:8], y[:8])
    out = of_estimator(model, "cv_results_")
    return out | {f"wide_{k}": v for k, v in of_estimator(wide).items()}


@problem
def squared_shared_rows_sparse():
    rng, X = sparse(218, 120, 50, 0.3)
    X = sp.csc_array(X @ sp.diags_array(np.ones(50)) + 0.9 * X[:, [0]] @ np.ones((1, 50)))
    Y = X[:, :5] @ rng.standard_normal((5, 2)) + 0.1 * rng.standard_normal((120, 2))
    alphas = np.array([0.1, 0.003])
    lasso = riata.lasso_path(X, Y, alphas=alphas, tol=1e-10)
    start = riata.enet_path(X, Y, alphas=alphas / 2, coef_init=lasso[1][:, :, -1])
    return {"coef": lasso[1], "gap": lasso[2], "init": start[1], "init_gap": start[2]}


@problem
def chunks_sparse_rows_poisson():
    X, y = sparse_sample(219, 1500, 25, 0.15, "poisson")
    W, v = sparse_sample(220, 1200, 30, 0.2)
    return row_blocks(X, y, "poisson", alphas=5, l1_ratio=0.5) | {
        f"squared_{k}": value
        for k, value in row_blocks(W, v, alphas=8, sample_weight=some_weights(1200)).items()
    }
