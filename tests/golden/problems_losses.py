"""Other losses, X in memory, and several classes."""


import numpy as np
from problems_common import (
    ONE,
    correlated,
    fitted,
    predictor,
    problem,
    sample,
    some_weights,
    sparse_sample,
    target,
)

import riata
from riata.losses import Multinomial, NegativeBinomial, Tweedie


@problem
def logistic_wide():
    return fitted(*sample(50, 80, 300, "logistic"), loss="logistic")


@problem
def logistic_tall():
    X, y = sample(51, 800, 40, "logistic")
    return fitted(X, y, loss="logistic", alphas=20)


@problem
def logistic_square_float32():
    X, y = sample(52, 150, 150, "logistic", rho=0.9)
    return fitted(X.astype(np.float32), y, loss="logistic", l1_ratio=0.5)


@problem
def logistic_sparse():
    X, y = sparse_sample(53, 600, 500, 0.03, "logistic")
    return fitted(X, y, loss="logistic", sample_weight=some_weights(600)) | fitted(
        X.tocsr(), y, "standardized_", loss="logistic", standardize=True, alphas=6
    )


@problem
def logistic_screened():
    X, y = sample(54, 200, 1400, "logistic")
    return fitted(X, y, loss="logistic", alphas=10, alpha_min_ratio=0.02)


@problem
def logistic_sparse_many_active():
    X, y = sparse_sample(55, 1500, 1500, 0.01, "logistic")
    return fitted(X, y, loss="logistic", alphas=5, alpha_min_ratio=0.03, l1_ratio=0.5)


@problem
def logistic_many_active():
    X, y = sample(56, 600, 900, "logistic", k=300)
    return fitted(X, y, loss="logistic", alphas=4, l1_ratio=0.1, alpha_min_ratio=1e-2)


@problem
def logistic_far_apart():
    """A model for each alpha."""
    X, y = sample(57, 300, 60, "logistic")
    top = riata.alpha_max(X, y, loss="logistic")
    alphas = top * np.array([0.5, 0.1, 0.01, 1e-3])
    wide, v = sample(58, 120, 400, "logistic")
    return fitted(X, y, loss="logistic", alphas=alphas) | fitted(
        wide, v, "wide_", loss="logistic", alphas=alphas
    )


@problem
def logistic_bounds_and_factors():
    X, y = sample(59, 150, 80, "logistic")
    factor = np.ones(80)
    factor[:3], factor[5] = 0.0, np.inf
    return fitted(
        X, y, loss="logistic", lower=-0.3, upper=0.3, penalty_factor=factor,
        offset=0.3 * np.cos(np.arange(150)),
    ) | fitted(X, y, "free_", loss="logistic", penalty_factor=factor, l1_ratio=0.5)


@problem
def logistic_dependent_free_columns():
    """Columns without a penalty, of which two are equal: by a basis of their span."""
    X, y = sample(60, 150, 60, "logistic")
    X[:, 1] = X[:, 0]
    factor = np.ones(60)
    factor[:4] = 0.0
    v = target(np.random.default_rng(61), X[:, 5], "poisson")
    return fitted(X, y, loss="logistic", penalty_factor=factor) | fitted(
        X, v, "poisson_", loss="poisson", penalty_factor=factor, alphas=6
    )


@problem
def logistic_alpha_zero():
    X, y = sample(62, 300, 12, "logistic")
    X[:, 7] = X[:, 2] + X[:, 3]
    return fitted(X, y, loss="logistic", alphas=[0.1, 0.0])


@problem
def huber_alpha_zero_wide():
    """The limit of a vanishing L2 penalty."""
    X, y = sample(63, 30, 50, "huber")
    v = target(np.random.default_rng(64), X[:, 0], "poisson")
    return fitted(X, y, loss="huber", alphas=[0.1, 0.0]) | fitted(
        X, v, "poisson_", loss="poisson", alphas=[0.1, 0.0]
    )


@problem
def logistic_separated():
    X, y = sample(65, 60, 10, "logistic")
    factor = np.ones(10)
    factor[0] = 0.0
    X[:, 0] = np.where(y > 0, 1.0, -1.0) * (1.0 + abs(X[:, 0]))
    out = fitted(X, y, loss="logistic", penalty_factor=factor, alphas=4)
    v = np.where(y > 0, 1.0 + X[:, 1] ** 2, 0.0)
    return out | fitted(X, v, "poisson_", loss="poisson", penalty_factor=factor, alphas=4)


@problem
def logistic_limits_and_init():
    X, y = sample(66, 150, 100, "logistic")
    path = riata.fit_path(X, y, loss="logistic", alphas=6, alpha_min_ratio=0.1, **ONE)
    low = path.alphas[-1] * np.array([0.7, 0.4])
    options = {"loss": "logistic"}
    return (
        fitted(X, y, alphas=low, init=path, **options)
        | fitted(X, y, "active_", max_active=10, **options)
        | fitted(X, y, "deviance_", max_deviance_ratio=0.4, **options)
        | fitted(X, y, "iterations_", max_iter=1, alphas=[1e-3], **options)
        | fitted(X, y, "tight_", tol=1e-12, alphas=5, **options)
    )


@problem
def logistic_ridge_few_columns():
    X, y = sample(67, 400, 15, "logistic")
    return fitted(X, y, loss="logistic", l1_ratio=0.0, alphas=20)


@problem
def logistic_ridge_square():
    X, y = sample(68, 100, 80, "logistic", rho=0.9)
    return fitted(X, y, loss="logistic", l1_ratio=0.0, alphas=10, standardize=True)


@problem
def logistic_ridge_kernel():
    """More features than samples: in the span of the samples."""
    X, y = sample(69, 50, 150, "logistic")
    W, v = sparse_sample(70, 60, 200, 0.1, "logistic")
    return fitted(X, y, loss="logistic", l1_ratio=0.0, alphas=10) | fitted(
        W, v, "sparse_", loss="logistic", l1_ratio=0.0, alphas=6,
        sample_weight=some_weights(60),
    )


@problem
def poisson_ridge():
    X, y = sample(71, 300, 20, "poisson")
    wide, v = sample(72, 40, 120, "poisson")
    return fitted(X, y, loss="poisson", l1_ratio=0.0, alphas=10) | fitted(
        wide, v, "wide_", loss="poisson", l1_ratio=0.0, alphas=6
    )


@problem
def huber_ridge_and_lasso():
    X, y = sample(73, 200, 60, "huber")
    return fitted(X, y, loss="huber") | fitted(
        X, y, "ridge_", loss="huber", l1_ratio=0.0, alphas=6, fit_intercept=False
    )


@problem
def squared_hinge_path():
    X, y = sample(74, 150, 200, "squared_hinge")
    return fitted(X, y, loss="squared_hinge") | fitted(
        X, y, "ridge_", loss="squared_hinge", l1_ratio=0.0, alphas=5
    )


@problem
def poisson_path():
    X, y = sample(75, 200, 120, "poisson")
    return fitted(
        X, y, loss="poisson", offset=np.log(0.5 + np.arange(200) % 4),
        sample_weight=some_weights(200),
    )


@problem
def poisson_sparse():
    X, y = sparse_sample(76, 400, 300, 0.05, "poisson")
    return fitted(X, y, loss="poisson", l1_ratio=0.8)


@problem
def negative_binomial_path():
    X, y = sample(77, 200, 80, "negative_binomial")
    return fitted(X, y, loss="negative_binomial") | fitted(
        X, y, "dispersed_", loss=NegativeBinomial(0.4), l1_ratio=0.5, alphas=6
    )


@problem
def gamma_path():
    X, y = sample(78, 200, 80, "gamma")
    return fitted(X, y, loss="gamma") | fitted(
        X, y, "ridge_", loss="gamma", l1_ratio=0.0, alphas=6
    )


@problem
def tweedie_paths():
    X, y = sample(79, 200, 60, "tweedie")
    out = fitted(X, y, loss="tweedie", alphas=10)
    for name, power in (("low_", 1.2), ("high_", 1.9)):
        out |= fitted(X, y, name, loss=Tweedie(power), alphas=8)
    return out | fitted(X, y + 0.1, "cubic_", loss=Tweedie(3.0), alphas=8)


@problem
def tweedie_normal_log_link():
    """A loss that is not convex."""
    X, y = sample(80, 150, 40, "gamma")
    return fitted(X, y, loss=Tweedie(0.0, link="log"), alphas=8)


@problem
def glm_degenerate():
    rng, X = correlated(81, 80, 40)
    X = np.hstack([X, X[:, :15], -X[:, 10:20], np.ones((80, 1))])
    y = target(rng, predictor(rng, X[:, :40]), "logistic")
    return fitted(X, y, loss="logistic", tol=1e-9) | fitted(
        X, np.ones(80), "null_", loss="poisson", alphas=3
    )


@problem
def multinomial_wide():
    X, y = sample(90, 90, 200, "multinomial")
    return fitted(X, y, loss="multinomial", alphas=10)


@problem
def multinomial_tall_elastic():
    X, y = sample(91, 400, 20, "multinomial")
    return fitted(
        X, y, loss="multinomial", alphas=10, l1_ratio=0.5, standardize=True,
        sample_weight=some_weights(400),
    )


@problem
def multinomial_sparse_bounds():
    X, y = sparse_sample(92, 300, 100, 0.1, "multinomial")
    return fitted(X, y, loss="multinomial", alphas=8) | fitted(
        X, y, "bounded_", loss="multinomial", alphas=5, lower=-0.2, upper=0.3
    )


@problem
def multinomial_ridge():
    X, y = sample(93, 150, 15, "multinomial")
    wide, v = sample(94, 40, 90, "multinomial")
    return fitted(X, y, loss="multinomial", l1_ratio=0.0, alphas=6) | fitted(
        wide, v, "wide_", loss="multinomial", l1_ratio=0.0, alphas=4
    ) | fitted(X, y, "zero_", loss="multinomial", alphas=[0.1, 0.0])


@problem
def multinomial_factors_and_init():
    X, y = sample(95, 150, 40, "multinomial")
    factor = np.ones(40)
    factor[:2], factor[4] = 0.0, np.inf
    options = {"loss": "multinomial", "penalty_factor": factor}
    path = riata.fit_path(X, y, alphas=4, alpha_min_ratio=0.2, **options, **ONE)
    return fitted(X, y, alphas=path.alphas[-1] * np.array([0.6, 0.3]), init=path, **options)


@problem
def multinomial_grouped():
    X, y = sample(96, 120, 150, "multinomial")
    return fitted(X, y, loss=Multinomial(grouped=True), alphas=10)


@problem
def multinomial_grouped_options():
    X, y = sparse_sample(97, 200, 60, 0.2, "multinomial")
    factor = np.ones(60)
    factor[0], factor[4] = 0.0, np.inf
    return fitted(
        X, y, loss=Multinomial(grouped=True), alphas=8, l1_ratio=0.6,
        penalty_factor=factor, sample_weight=some_weights(200),
    ) | fitted(X, y, "tight_", loss=Multinomial(grouped=True), alphas=4, tol=1e-11)
