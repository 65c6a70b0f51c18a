"""Cross-validation, variable selection, audits and estimators."""


import numpy as np
from problems_common import (
    ONE,
    of_cv,
    of_estimator,
    of_path,
    problem,
    sample,
    some_weights,
    sparse_sample,
    target,
)

import riata


@problem
def cv_lasso_wide():
    X, y = sample(120, 80, 150)
    model = riata.LassoCV(alphas=12, cv=3, **ONE).fit(X, y)
    return of_estimator(model) | of_cv(model.cv_result_)


@problem
def cv_lasso_tall():
    """All folds from moments."""
    X, y = sample(121, 600, 25)
    model = riata.LassoCV(alphas=12, cv=4, select="1se", **ONE)
    model.fit(X, y, sample_weight=some_weights(600))
    return of_estimator(model) | of_cv(model.cv_result_)


@problem
def cv_elastic_net():
    X, y = sparse_sample(122, 150, 100, 0.2)
    model = riata.ElasticNetCV(
        l1_ratio=[0.2, 0.9], alphas=8, cv=3, standardize=True, **ONE
    ).fit(X, y)
    return of_estimator(model) | of_cv(model.cv_result_)


@problem
def cv_path_logistic():
    """The folds are guided by the path on all samples."""
    X, y = sample(123, 500, 30, "logistic")
    wide, v = sample(124, 90, 150, "logistic")
    out = of_cv(riata.cv_path(X, y, loss="logistic", alphas=5, cv=3, **ONE))
    return out | of_cv(
        riata.cv_path(wide, v, loss="logistic", alphas=4, cv=3, **ONE), "wide_"
    )


@problem
def cv_path_ridge():
    X, y = sample(125, 150, 20)
    squared = riata.cv_path(X, y, l1_ratio=0.0, alphas=8, cv=3, **ONE)
    huber = riata.cv_path(X, y, loss="huber", l1_ratio=[0.0, 0.5], alphas=6, cv=3, **ONE)
    return of_cv(squared) | of_cv(huber, "huber_")


@problem
def cv_logistic_l1():
    X, y = sample(126, 300, 30, "logistic")
    model = riata.LogisticRegressionCV(
        Cs=6, l1_ratios=[1.0], cv=3, scoring="neg_log_loss", use_legacy_attributes=False,
        **ONE,
    ).fit(X, y)
    return of_estimator(model, "scores_", "coefs_paths_") | of_cv(model.cv_result_)


@problem
def cv_logistic_l2():
    X, y = sample(127, 300, 10, "logistic")
    wide, v = sample(128, 60, 130, "logistic")
    out = {}
    for name, data in (("tall_", (X, y)), ("wide_", (wide, v))):
        model = riata.LogisticRegressionCV(
            Cs=6, l1_ratios=[0.0], cv=3, scoring="accuracy", use_legacy_attributes=False,
            **ONE,
        ).fit(*data)
        found = of_estimator(model, "scores_", "coefs_paths_") | of_cv(model.cv_result_)
        out |= {name + key: value for key, value in found.items()}
    return out


@problem
def cv_logistic_classes():
    X, y = sample(129, 150, 20, "multinomial")
    model = riata.LogisticRegressionCV(
        Cs=4, l1_ratios=[0.5], cv=3, scoring="accuracy", use_legacy_attributes=False,
        class_weight="balanced", **ONE,
    ).fit(X, y)
    return of_estimator(model, "scores_") | of_cv(model.cv_result_)


@problem
def cv_glm():
    X, y = sample(130, 200, 30, "poisson")
    model = riata.GeneralizedLinearRegressorCV("poisson", alphas=8, cv=3, **ONE)
    model.fit(X, y)
    codes = target(np.random.default_rng(131), X[:, 0], "multinomial")
    other = riata.GeneralizedLinearClassifierCV("multinomial", alphas=5, cv=3, **ONE)
    other.fit(X, codes)
    out = of_estimator(model) | of_cv(model.cv_result_)
    return out | {f"classes_{k}": v for k, v in of_estimator(other).items()}


@problem
def cv_on_chunks():
    X, y = sample(132, 1000, 15)
    labels = target(np.random.default_rng(133), X[:, 3], "logistic")
    with riata.open_chunks(X, axis=0, memory_limit=2**20) as chunks:
        squared = riata.cv_path(chunks, y, alphas=8, cv=3, **ONE)
        logistic = riata.cv_path(chunks, labels, loss="logistic", alphas=5, cv=3, **ONE)
    return of_cv(squared) | of_cv(logistic, "logistic_")


@problem
def cv_selection():
    X, y = sample(134, 100, 40)
    relaxed = riata.RelaxedLassoCV((0.0, 0.5, 1.0), alphas=8, cv=3, **ONE).fit(X, y)
    adaptive = riata.AdaptiveLassoCV(alphas=8, cv=3, **ONE).fit(X, y)
    out = of_estimator(relaxed) | of_cv(relaxed.cv_result_)
    return out | {
        f"adaptive_{k}": v
        for k, v in (of_estimator(adaptive) | of_cv(adaptive.cv_result_)).items()
    }


def of_relaxed(relaxed, prefix=""):
    """The path of a `RelaxedPath`, its refits, and the blends of both."""
    out, refits = of_path(relaxed.path, prefix), relaxed.refits
    out[f"{prefix}refits"] = refits.coef.toarray()
    for name in ("intercept", "dual_gap", "relative_gap", "which"):
        out[f"{prefix}refits_{name}"] = getattr(refits, name)
    out[f"{prefix}refits_status"] = [str(status) for status in refits.status]
    out[f"{prefix}blends"] = np.stack([coef.toarray() for coef in relaxed.coef])
    out[f"{prefix}blends_intercept"] = np.stack(relaxed.intercept)
    return out


@problem
def relaxed_paths():
    X, y = sample(140, 90, 120)
    labels = target(np.random.default_rng(141), X[:, 0] + X[:, 50], "logistic")
    squared = riata.relaxed_path(
        X, y, gammas=(0.0, 0.5), alphas=10, alpha_min_ratio=0.05, **ONE
    )
    logistic = riata.relaxed_path(
        X, labels, loss="logistic", alphas=5, alpha_min_ratio=0.3, refit_alpha=1e-3, **ONE
    )
    return of_relaxed(squared) | of_relaxed(logistic, "logistic_")


@problem
def adaptive_paths():
    X, y = sample(142, 90, 120)
    counts = target(np.random.default_rng(143), X[:, 0], "poisson")
    out = of_path(riata.adaptive_path(X, y, alphas=10, **ONE))
    out |= of_path(riata.adaptive_path(X, y, initial="lasso", alphas=8, **ONE), "lasso_")
    path = riata.adaptive_path(X, counts, loss="poisson", power=0.5, alphas=6, **ONE)
    return out | of_path(path, "poisson_")


@problem
def stability_paths():
    X, y = sample(144, 80, 40)
    labels = target(np.random.default_rng(145), X[:, 0], "logistic")
    options = {"alphas": 6, "random_state": 0, "n_jobs": 1, **ONE}
    halves = riata.stability_path(X, y, n_pairs=6, **options)
    boot = riata.bootstrap_path(X, labels, loss="logistic", n_resamples=6, **options)
    model = riata.StabilitySelection(n_pairs=6, random_state=0, n_jobs=1, **ONE).fit(X, y)
    out = {"support": model.get_support()}
    for name, found in (("halves_", halves), ("boot_", boot)):
        out[f"{name}alphas"] = found.alphas
        out[f"{name}frequency"] = found.frequency.toarray()
        out[f"{name}selected"] = found.selected.toarray()
        out[f"{name}gap"], out[f"{name}n_iter"] = found.relative_gap, found.n_iter
        out[f"{name}status"] = [str(status) for status in found.status]
    return out


@problem
def leave_one_out():
    X, y = sample(146, 90, 40)
    labels = target(np.random.default_rng(147), X[:, 0], "logistic")
    out = {}
    for name, v, loss in (("squared_", y, "squared"), ("logistic_", labels, "logistic")):
        path = riata.fit_path(X, v, loss=loss, alphas=6, l1_ratio=0.5, **ONE)
        found = riata.approximate_loo(path, X, v)._asdict()
        out |= {name + key: value for key, value in found.items()}
    return out


@problem
def audits():
    X, y = sample(148, 90, 40)
    weight = some_weights(90)
    out = {}
    for loss in ("squared", "huber", "logistic", "squared_hinge", "poisson", "gamma",
                 "multinomial"):
        v = target(np.random.default_rng(149), X[:, 0] + X[:, 20], loss)
        path = riata.fit_path(X, v, loss=loss, alphas=4, sample_weight=weight, **ONE)
        alpha = float(path.alphas[-1])
        coef, intercept = path.coef_at(alpha)
        for name, near in (("", coef), ("off_", coef + 0.01)):
            found = riata.check_solution(
                X, v, near, intercept, alpha=alpha, loss=loss, sample_weight=weight
            )
            out[f"{name}{loss}"] = np.array(found)
    factor = np.ones(40)
    factor[:3] = 0.0
    for name, options in (
        ("factor", {"penalty_factor": factor}), ("bounds", {"lower": 0.0, "upper": 1.0}),
        ("standardized", {"standardize": True, "l1_ratio": 0.5}),
        ("ridge", {"l1_ratio": 0}),
    ):
        coef = np.where(np.arange(40) % 5, 0.0, 0.1)
        found = riata.check_solution(X, y, coef, 2.0, alpha=0.05, **options)
        out[name] = np.array(found)
    return out


@problem
def estimators_squared():
    X, y = sample(160, 90, 60)
    out = of_estimator(riata.Lasso(alpha=0.1, **ONE).fit(X, y))
    warm = riata.ElasticNet(alpha=0.2, l1_ratio=0.3, warm_start=True, **ONE).fit(X, y)
    warm.set_params(alpha=0.05).fit(X.astype(np.float32), y)
    return out | {f"warm_{k}": v for k, v in of_estimator(warm).items()}


@problem
def estimators_logistic():
    X, y = sample(161, 200, 20, "logistic")
    codes = target(np.random.default_rng(162), X[:, 0], "multinomial")
    out = {}
    for name, v, options in (
        ("l2_", y, {}), ("l1_", y, {"l1_ratio": 1.0, "C": 0.1}),
        ("classes_", codes, {"class_weight": "balanced"}), ("none_", y, {"C": np.inf}),
    ):
        model = riata.LogisticRegression(**options, **ONE).fit(X, v)
        out |= {name + key: value for key, value in of_estimator(model).items()}
    return out


@problem
def estimators_glm():
    X, y = sample(163, 150, 20, "gamma")
    out = {}
    for name, model in (
        ("poisson_", riata.PoissonRegressor(alpha=0.1, **ONE)),
        ("gamma_", riata.GammaRegressor(alpha=0.1, l1_ratio=0.5, **ONE)),
        ("tweedie_", riata.TweedieRegressor(power=1.5, alpha=0.1, **ONE)),
        ("glm_", riata.GeneralizedLinearRegressor("negative_binomial", alpha=0.05, **ONE)),
        ("huber_", riata.HuberRegressor(alpha=0.01, **ONE)),
        ("huber_l1_", riata.HuberRegressor(alpha=0.01, l1_ratio=0.5, **ONE)),
        ("adaptive_", riata.AdaptiveLasso(alpha=0.05, **ONE)),
    ):
        model.fit(X, np.round(y) if name == "glm_" else y)
        out |= {name + key: value for key, value in of_estimator(model).items()}
    return out
