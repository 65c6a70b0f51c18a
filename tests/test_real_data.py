"""Whole paths on real data, certified at every alpha.

Collected only where the folder of data sets is found (see `conftest.data_dir`).
"""

import time

import numpy as np
import pytest
import reference

import riata


def certify(X, y, path, every=1, **options):
    """Certificates of the path by the reference, in double precision."""
    alphas = path.alphas
    picked = range(0, len(alphas), every)
    for k in picked:
        own = reference.certify(
            X,
            y,
            path.coef[:, [k]].toarray()[:, 0],
            path.intercept[k],
            alphas[k],
            precision=np.float64,
            **options,
        )
        assert own.relative_gap <= 1.01e-6 + 1e-10
        # both are valid bounds; the reference looks for the best it can find
        assert own.gap <= path.dual_gap[k] + 1e-9 * own.null
    assert np.all(path.relative_gap <= 1e-6)
    assert path.end == "complete"
    assert set(path.status) == {riata.Status.optimal}


@pytest.mark.parametrize("name", ["leukemia", "riboflavin"])
@pytest.mark.parametrize("standardize", [False, True])
def test_gene_expression(name, standardize, load_real, dtype):
    X, y, _ = load_real(name, dtype=dtype)
    X, y = np.asfortranarray(X), y.astype(dtype)
    path = riata.fit_path(X, y, standardize=standardize)
    certify(X, y, path, every=20, standardize=standardize)
    assert path.deviance_ratio[-1] > 0.95
    assert path.n_active.max() <= 2 * len(y)


def test_elastic_net_with_everything(load_real):
    X, y, _ = load_real("riboflavin")
    rng = np.random.default_rng(0)
    options = {
        "l1_ratio": 0.5,
        "standardize": True,
        "sample_weight": rng.integers(1, 4, len(y)),
        "offset": rng.normal(size=len(y)) / 10,
        "penalty_factor": np.r_[0.0, 0.0, rng.uniform(0.5, 2, X.shape[1] - 2)],
        "lower": -0.2,
        "upper": 0.3,
    }
    path = riata.fit_path(X, y, **options)
    certify(X, y, path, every=5, **options)


def test_tall_polynomials(load_real):
    # 494 monomials, strongly dependent: the Gram has a condition number of 1e14.
    X, y, _ = load_real("california_poly4")
    path = riata.fit_path(X, y)
    certify(X, y, path, every=5)


def test_tall_one_hot_table(load_real):
    X, y, meta = load_real("fremtpl2")
    s = meta["exposure"]
    options = {"sample_weight": s}
    path = riata.fit_path(X, y / s, **options)
    certify(X.tocsc(), y / s, path, every=10, **options)


@pytest.mark.parametrize("name", ["news20", "wordnet"])
def test_text(name, load_real):
    X, labels, _ = load_real(name)
    X, y = X.tocsc(), np.where(labels == labels[0], 1.0, -1.0)
    start = time.perf_counter()
    path = riata.fit_path(X, y, alphas=30, alpha_min_ratio=1e-2)
    assert time.perf_counter() - start < 60
    certify(X, y, path, every=6)
    assert path.n_active[-1] > 100


def test_correlated_spectra(load_real):
    X, Y, _ = load_real("meats")
    path = riata.fit_path(X, Y[:, 1], standardize=True, alpha_min_ratio=1e-5)
    certify(X, Y[:, 1], path, every=5, standardize=True)
    assert path.deviance_ratio[-1] > 0.9


def test_diabetes_agrees_with_scikit_learn(load_real):
    from sklearn.linear_model import Lasso

    X, y, _ = load_real("diabetes")
    path = riata.fit_path(X, y, alphas=20, tol=1e-12)
    for k in (5, 10, 19):
        theirs = Lasso(alpha=path.alphas[k], tol=1e-14, max_iter=10**6).fit(X, y)
        coef, intercept = path.coef_at(path.alphas[k])
        np.testing.assert_allclose(coef, theirs.coef_, rtol=1e-6, atol=1e-5)
        assert intercept == pytest.approx(theirs.intercept_)


def test_categories_of_ames(load_real):
    # All levels of every factor: dependent columns, some of them constant.
    X, y, _ = load_real("ames")
    for options in ({"standardize": True}, {"l1_ratio": 0.0}, {"lower": 0.0}):
        path = riata.fit_path(X, y, alphas=50, **options)
        certify(np.asarray(X), y, path, every=10, **options)
