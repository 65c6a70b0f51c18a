"""Penalty strengths of other packages: the same model comes out, in both directions."""

import warnings

import numpy as np
import pytest
from sklearn import linear_model
from sklearn.exceptions import ConvergenceWarning

import riata
from riata.conventions import PACKAGES, Strength, from_riata, to_riata


@pytest.fixture(scope="module")
def problem():
    X, y, _ = riata.datasets.make_correlated_data(60, 8, rho=0.6, random_state=3)
    return X, y + 5.0, np.random.default_rng(0).integers(1, 4, 60).astype(float)


def fit(X, y, strength, **options):
    """Intercept and coefficients."""
    path = riata.fit_path(
        X, y, alphas=[strength.alpha], l1_ratio=strength.l1_ratio, tol=1e-13, **options
    )
    return np.append(path.intercept, path.coefs[:, 0])


def fitted(model, X, y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # asked for more than it has
        model.fit(X, y, **options)
    return np.append(model.intercept_, model.coef_)


# --- formulas


@pytest.mark.parametrize("package", PACKAGES)
def test_there_and_back(package):
    sizes = {"n_samples": 50, "y_scale": 3.0}
    l1_ratio = 0.3 if PACKAGES[package].mix else PACKAGES[package].l1_ratio
    parameters = from_riata(package, 0.2, l1_ratio, **sizes)
    assert to_riata(package, **parameters, **sizes) == pytest.approx((0.2, l1_ratio))


@pytest.mark.parametrize("package", PACKAGES)
def test_documented(package):
    assert f'"{package}"' in to_riata.__doc__


@pytest.mark.parametrize(
    ("package", "given", "expected"),
    [
        ("sklearn.Lasso", {"alpha": 0.5}, (0.5, 1.0)),
        ("sklearn.ElasticNet", {"alpha": 0.5}, (0.5, 0.5)),
        ("sklearn.Ridge", {"alpha": 8.0, "n_samples": 4}, (2.0, 0.0)),
        ("sklearn.LogisticRegression", {"C": 0.5, "n_samples": 4}, (0.5, 0.0)),
        ("liblinear.L1R_LR", {"C": 2.0, "n_samples": 5}, (0.1, 1.0)),
        ("liblinear.L2R_LR", {"C": 2.0, "n_samples": 5}, (0.1, 0.0)),
        ("celer.LogisticRegression", {"C": 2.0, "n_samples": 5}, (0.1, 1.0)),
        ("skglm.SparseLogisticRegression", {"alpha": 0.1}, (0.1, 1.0)),
        ("glum", {"alpha": 0.1, "l1_ratio": 0.2}, (0.1, 0.2)),
        ("glmnet.poisson", {"lambda_": 0.1, "alpha": 0.2}, (0.1, 0.2)),
        ("glmnet.gaussian", {"lambda_": 0.1}, (0.1, 1.0)),
        # L1 0.05; L2 0.05 / 0.25 = 0.2
        ("glmnet.gaussian", {"lambda_": 0.1, "alpha": 0.5, "y_scale": 0.25}, (0.25, 0.2)),
        ("glmnet.gaussian", {"lambda_": 0.0, "alpha": 0.5, "y_scale": 2.0}, (0.0, 0.5)),
    ],
)
def test_formulas(package, given, expected):
    assert to_riata(package, **given) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: to_riata("sklearn", alpha=1.0), ValueError, "package is 'sklearn'"),
        (lambda: to_riata("glum", C=1.0), TypeError, "C= is no parameter of glum"),
        (lambda: to_riata("glum"), TypeError, "alpha= of glum is missing"),
        (lambda: to_riata("glum", alpha=-1.0), ValueError, "alpha is -1"),
        (lambda: to_riata("sklearn.Ridge", alpha=1.0), TypeError, "n_samples= is needed"),
        (lambda: to_riata("sklearn.Ridge", alpha=1.0, n_samples=0), ValueError,
         "n_samples is 0"),
        (lambda: to_riata("liblinear.L1R_LR", C=0.0, n_samples=9), ValueError, "C is 0"),
        (lambda: to_riata("glmnet.gaussian", lambda_=1.0, alpha=0.5), TypeError,
         "y_scale= is needed"),
        (lambda: from_riata("sklearn.Lasso", 0.1, 0.5), ValueError, "has only 1.0"),
        (lambda: from_riata("liblinear.L1R_LR", 0.0, n_samples=9), ValueError,
         "alpha is 0"),
        (lambda: from_riata("glum", 0.1, 1.5), ValueError, "l1_ratio is 1.5"),
    ],
)  # fmt: skip
def test_errors(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


# --- scikit-learn


@pytest.mark.parametrize(
    ("package", "l1_ratio"),
    [("Lasso", 1.0), ("ElasticNet", 0.3), ("Ridge", 0.0)],
)
def test_regression_of_scikit_learn(problem, package, l1_ratio):
    X, y, s = problem
    theirs = from_riata(f"sklearn.{package}", 0.2, l1_ratio, n_samples=s.sum())
    model = getattr(linear_model, package)(**theirs, tol=1e-12)
    ours = fit(X, y, Strength(0.2, l1_ratio), sample_weight=s)
    np.testing.assert_allclose(fitted(model, X, y, sample_weight=s), ours, atol=1e-6)


@pytest.mark.parametrize("name", ["poisson", "gamma", "tweedie"])
def test_generalized_regression_of_scikit_learn(problem, name):
    X, y, s = problem
    y = 0.1 + np.abs(y)
    package, loss = f"{name.capitalize()}Regressor", name
    if name == "tweedie":
        loss = riata.losses.Tweedie(power=1.5)
    theirs = from_riata(f"sklearn.{package}", 0.2, 0.0)
    model = getattr(linear_model, package)(**theirs, tol=1e-10, max_iter=10_000)
    if name == "tweedie":
        model.set_params(power=1.5)
    ours = fit(X, y, Strength(0.2, 0.0), loss=loss, sample_weight=s)
    np.testing.assert_allclose(fitted(model, X, y, sample_weight=s), ours, atol=1e-5)


def test_logistic_regression_of_scikit_learn(problem):
    X, y, s = problem
    y = (y > y.mean()).astype(float)
    strength = to_riata("sklearn.LogisticRegression", C=0.7, n_samples=s.sum())
    model = linear_model.LogisticRegression(C=0.7, tol=1e-10, solver="newton-cholesky")
    ours = fit(X, y, strength, loss="logistic", sample_weight=s)
    np.testing.assert_allclose(fitted(model, X, y, sample_weight=s), ours, atol=1e-5)


@pytest.mark.parametrize(("solver", "l1_ratio"), [("L1R_LR", 1), ("L2R_LR", 0)])
def test_liblinear(problem, solver, l1_ratio):
    X, y, _ = problem
    y = (y > y.mean()).astype(float)
    strength = to_riata(f"liblinear.{solver}", C=0.7, n_samples=len(y))
    model = linear_model.LogisticRegression(
        C=0.7, l1_ratio=l1_ratio, tol=1e-10, max_iter=10_000, solver="liblinear",
        fit_intercept=False,
    )  # fmt: skip
    ours = fit(X, y, strength, loss="logistic", fit_intercept=False)
    np.testing.assert_allclose(fitted(model, X, y), ours, atol=1e-5)


def test_huber_of_scikit_learn_has_a_scale(problem):
    X, y, s = problem
    model = riata.HuberRegressor(epsilon=1.2, alpha=3.0).fit(X, y, sample_weight=s)
    path = riata.fit_path(
        X, y, loss=riata.losses.Huber(1.2 * model.scale_), l1_ratio=0.0,
        alphas=[3.0 * model.scale_ / s.sum()], sample_weight=s, tol=1e-13,
    )  # fmt: skip
    np.testing.assert_allclose(path.coefs[:, 0], model.coef_, atol=1e-6)
    assert path.intercept[0] == pytest.approx(model.intercept_)


# --- R's glmnet 4.1 on the same problem, with thresh=1e-16 and what is named here.


# weights=s, lambda=0.15, alpha=0.4, penalty.factor=1:8
FACTORS = [
    5.46947989, -1.01658437, -0.38678380, -0.52817339, 0.68997823, 0.62865102,
    0.53580245, -1.32746353, 0.78503476,
]  # fmt: skip
# lambda=0.15, alpha=0.4, offset=10 * x_1
OFFSET = [
    5.35953799, -10.85504793, -0.51781903, -0.47891962, 0.44813881, 0.77373239,
    0.43833077, -1.50974744, 1.04008069,
]  # fmt: skip
# lambda=0.15, alpha=0
RIDGE = [
    5.30258886, -1.00301878, -0.45947334, -0.55924067, 0.56505892, 0.71689363,
    0.55108138, -1.54516430, 1.07483130,
]  # fmt: skip
# lambda=0.15, alpha=0.4, intercept=FALSE, and also standardize=FALSE
NO_INTERCEPT = [
    0.0, -2.52993181, 1.27010751, -1.76942397, 2.45803406, -0.31374274, 1.78360376,
    -2.33955309, 3.01528948,
]  # fmt: skip
NO_INTERCEPT_AS_IT_IS = [
    0.0, -2.51649010, 1.23273341, -1.71600874, 2.44052179, -0.31459403, 1.76317672,
    -2.28976551, 2.96150128,
]  # fmt: skip
# family="binomial", y > mean(y), weights=s, lambda=0.03, alpha=0.4
BINOMIAL = [
    -0.13312163, -1.00371475, -0.51620887, 0.0, 0.64087949, 0.43441105, 0.68751074,
    -1.24072947, 0.36057564,
]  # fmt: skip
# family="poisson", floor(abs(y)), lambda=0.05, alpha=0.4
POISSON = [
    1.49824622, -0.22615816, -0.06810742, -0.12632430, 0.13732780, 0.11803655,
    0.11921275, -0.29617294, 0.22600128,
]  # fmt: skip


def glmnet(alpha, y_scale, lambda_=0.15):
    return to_riata("glmnet.gaussian", lambda_=lambda_, alpha=alpha, y_scale=y_scale)


def test_glmnet_gaussian_with_weights_and_factors(problem):
    X, y, s = problem
    strength = glmnet(0.4, np.sqrt(np.cov(y, aweights=s, ddof=0)))
    factor = np.arange(1.0, 9.0)
    ours = fit(
        X, y, strength, sample_weight=s, standardize=True,
        penalty_factor=8 * factor / factor.sum(),
    )  # fmt: skip
    np.testing.assert_allclose(ours, FACTORS, atol=1e-6)


def test_glmnet_gaussian_ridge(problem):
    X, y, _ = problem
    ours = fit(X, y, glmnet(0.0, y.std()), standardize=True)
    np.testing.assert_allclose(ours, RIDGE, atol=1e-6)


def test_glmnet_gaussian_scales_what_the_offset_leaves(problem):
    X, y, _ = problem
    offset = 10.0 * X[:, 0]
    ours = fit(X, y, glmnet(0.4, (y - offset).std()), standardize=True, offset=offset)
    np.testing.assert_allclose(ours, OFFSET, atol=1e-6)


@pytest.mark.parametrize(
    ("standardize", "expected"),
    [(True, NO_INTERCEPT), (False, NO_INTERCEPT_AS_IT_IS)],
)
def test_glmnet_gaussian_without_intercept(problem, standardize, expected):
    X, y, _ = problem
    strength = glmnet(0.4, np.sqrt((y**2).mean()))
    ours = fit(X, y, strength, standardize=standardize, fit_intercept=False)
    np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_glmnet_binomial(problem):
    X, y, s = problem
    strength = to_riata("glmnet.binomial", lambda_=0.03, alpha=0.4)
    y = (y > y.mean()).astype(float)
    ours = fit(X, y, strength, loss="logistic", sample_weight=s, standardize=True)
    np.testing.assert_allclose(ours, BINOMIAL, atol=1e-6)


def test_glmnet_poisson(problem):
    X, y, _ = problem
    strength = to_riata("glmnet.poisson", lambda_=0.05, alpha=0.4)
    ours = fit(X, np.floor(np.abs(y)), strength, loss="poisson", standardize=True)
    np.testing.assert_allclose(ours, POISSON, atol=1e-6)
