"""Stability selection: resamples, frequencies, bounds, and the transformer."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator

from riata import (
    StabilitySelection,
    bootstrap_path,
    false_selection_bound,
    fit_path,
    stability_path,
)
from riata._selection._stability import _bootstrap, _halves
from riata._selection._stability_bounds import (
    largest_selection,
    largest_tail,
    least_threshold,
)

ASSUMPTIONS = ("none", "unimodal", "r-concave")


def make_data(n_samples=100, n_features=60, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_samples, n_features))
    return X, X[:, :3] @ [1.5, -1.5, 1.0] + rng.standard_normal(n_samples)


# --- resamples


@pytest.mark.parametrize("n_samples", [4, 5, 20, 21])
def test_halves_are_disjoint_and_of_equal_size(n_samples):
    (first, _), (second, _) = _halves([np.arange(n_samples)], seed=3)
    assert len(first) == len(second) == n_samples // 2
    assert not set(first) & set(second)


@pytest.mark.parametrize("sizes", [(2, 3), (2, 2), (3, 10), (5, 6), (2, 2, 3), (3, 4, 4)])
def test_every_class_is_in_both_halves(sizes):
    ends = np.cumsum((0, *sizes))
    strata = [np.arange(a, b) for a, b in pairwise(ends)]
    for seed in range(20):
        halves = [set(rows) for rows, _ in _halves(strata, seed)]
        assert len(halves[0]) == len(halves[1]) == sum(sizes) // 2
        for rows in strata:
            shares = [len(half & set(rows)) for half in halves]
            assert min(shares) >= 1
            assert abs(shares[0] - shares[1]) <= 1


def test_bootstrap_draws_as_many_as_there_are():
    strata = [np.arange(3), np.arange(3, 20)]
    ((rows, times),) = _bootstrap(strata, seed=0)
    assert times.sum() == 20
    assert times[rows < 3].sum() == 3


# --- paths


def test_frequencies_are_those_of_paths_on_the_halves():
    X, y = make_data()
    alphas = [0.5, 0.2, 0.1]
    stable = stability_path(X, y, n_pairs=3, alphas=alphas, random_state=7)
    seeds = np.random.default_rng(7).integers(2**63 - 1, size=3)
    counts, union = np.zeros((60, 3)), []
    for seed in seeds.tolist():
        for rows, _ in _halves([np.arange(100)], seed):
            path = fit_path(X[rows], y[rows], alphas=alphas)
            counts += path.coefs != 0
            union.append((path.coefs != 0).any(axis=1))
    assert_allclose(stable.frequency.toarray(), counts / 6)
    assert_array_equal(stable.selected.toarray(), np.array(union).T)
    assert_allclose(stable.selection_frequency(), (counts / 6).max(axis=1))
    assert stable.mean_n_selected == np.sum(union) / 6


def test_a_limit_on_the_selected():
    X, y = make_data()
    whole = stability_path(X, y, n_pairs=4, random_state=0)
    stable = stability_path(
        X, y, n_pairs=4, n_features_to_select=5, random_state=0, alphas=whole.alphas
    )
    sizes = np.asarray(stable.selected.sum(axis=0)).ravel()
    assert 0 < sizes.max() <= 5
    # frozen at the end: the last column is what was selected
    assert_allclose(
        stable.frequency[:, [-1]].toarray()[:, 0], stable.selection_frequency()
    )
    # before anything is full the paths are the same
    k = np.flatnonzero(whole.frequency.sum(axis=0) > 0)[0]
    assert_allclose(stable.frequency.toarray()[:, k], whole.frequency.toarray()[:, k])


def test_grid_begins_where_all_halves_are_empty():
    X, y = make_data()
    stable = stability_path(X, y, n_pairs=5, alphas=30, random_state=0)
    assert stable.frequency[:, [0]].nnz <= 1  # rounding may let the last one in
    assert stable.frequency[:, [1]].nnz > 0
    assert stable.alphas[-1] == pytest.approx(1e-3 * stable.alphas[0])


@pytest.mark.parametrize("function", [stability_path, bootstrap_path])
def test_seeds_and_jobs(function):
    X, y = make_data()
    count = {"n_pairs": 4} if function is stability_path else {"n_resamples": 8}

    def run(**options):
        options = {"random_state": 1, "alphas": 20, **options}
        return function(X, y, **count, **options).selected.toarray()

    first = run()
    assert_array_equal(first, run(n_jobs=2))
    assert_array_equal(first, run(n_threads=2))
    assert (first != run(random_state=2)).any()
    states = [np.random.RandomState(3) for _ in range(2)]
    assert_array_equal(run(random_state=states[0]), run(random_state=states[1]))
    generators = [np.random.default_rng(3) for _ in range(2)]
    assert_array_equal(
        run(random_state=generators[0]), run(random_state=generators[1])
    )


def test_storage_does_not_matter(main_storage):
    X, y = make_data()
    expected = stability_path(X, y, n_pairs=3, alphas=20, random_state=0)
    found = stability_path(main_storage(X), y, n_pairs=3, alphas=20, random_state=0)
    assert_allclose(found.frequency.toarray(), expected.frequency.toarray())


def test_bootstrap_weights_are_multiplicities():
    X, y = make_data()
    boot = bootstrap_path(X, y, n_resamples=2, alphas=[0.2], random_state=5)
    seeds = np.random.default_rng(5).integers(2**63 - 1, size=2)
    for k, seed in enumerate(seeds.tolist()):
        ((rows, times),) = _bootstrap([np.arange(100)], seed)
        rows = np.repeat(rows, times)
        path = fit_path(X[rows], y[rows], alphas=[0.2])
        assert_array_equal(boot.selected.toarray()[:, k], path.coefs[:, 0] != 0)
    with pytest.raises(ValueError, match="use stability_path"):
        boot.bound()


def test_samples_of_weight_zero_are_in_no_half():
    X, y = make_data()
    weight = np.ones(100)
    weight[60:] = 0.0
    found = stability_path(
        X, y, n_pairs=3, alphas=[0.3, 0.1], sample_weight=weight, random_state=0
    )
    expected = stability_path(
        X[:60], y[:60], n_pairs=3, alphas=[0.3, 0.1], random_state=0
    )
    assert_allclose(found.frequency.toarray(), expected.frequency.toarray())


@pytest.mark.parametrize("loss", ["logistic", "multinomial", "poisson"])
def test_other_losses_find_what_is_there(loss):
    X, y = make_data(200)
    y = np.digitize(y, [-1.0, 1.0]).astype(float)
    y = y > 0 if loss == "logistic" else y
    stable = stability_path(
        X, y, loss=loss, n_pairs=5, alphas=30, n_features_to_select=6, random_state=0
    )
    found = np.flatnonzero(stable.selection_frequency() >= 0.9)
    assert {0, 1} <= set(found) <= {0, 1, 2}
    assert np.asarray(stable.selected.sum(axis=0)).max() <= 6


def test_target_of_zeros():
    X, _ = make_data()
    stable = stability_path(X, np.zeros(100), n_pairs=2, alphas=5, random_state=0)
    assert not stable.selection_frequency().any()
    assert stable.mean_n_selected == 0.0
    assert stable.bound() == 0.0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_pairs": 0}, ValueError, "n_pairs is 0"),
        ({"l1_ratio": 0.0}, ValueError, "nothing is selected"),
        ({"n_features_to_select": 0}, ValueError, "n_features_to_select is 0"),
        ({"random_state": "x"}, TypeError, "random_state"),
        ({"random_state": -1}, ValueError, "random_state is -1"),
        ({"max_active": 3}, TypeError, "max_active"),
    ],
)
def test_bad_arguments(options, error, message):
    X, y = make_data()
    with pytest.raises(error, match=message):
        stability_path(X, y, **options)


def test_too_few_samples():
    X, y = make_data()
    with pytest.raises(ValueError, match="n_samples=3"):
        stability_path(X[:3], y[:3])
    one = np.zeros(100)
    one[4] = 1.0
    with pytest.raises(ValueError, match="1 sample only"):
        stability_path(X, one, loss="logistic")


# --- bounds


def test_bound_without_an_assumption():
    # q^2 / ((2 tau - 1) p)
    found = false_selection_bound(20, 1000, 0.9, assumption="none")
    assert found == pytest.approx(400 / (0.8 * 1000))


def test_unimodal_bound_by_hand():
    # theta = 0.02, B = 50: q theta / (2 (2 tau - 1 - 0.01)) and the other branch
    found = false_selection_bound(20, 1000, 0.6, assumption="unimodal")
    assert found == pytest.approx(0.4 / (2 * 0.19))
    found = false_selection_bound(20, 1000, 0.9, assumption="unimodal")
    assert found == pytest.approx(0.4 * 4 * 0.11 / 1.02)


# D(eta, t, B, r) as the R code beside Shah and Samworth's paper has it, to the three
# digits that its optimiser reaches: (eta, B t, B, r, D)
TAILS = [
    (0.05, 60, 100, -0.25, 0.0029367),
    (0.0025, 10, 50, -0.5, 0.0026053),
    (0.1, 80, 100, -0.25, 0.0047387),
    (0.01, 25, 50, -0.5, 0.0028582),
    (0.04, 5, 10, -0.5, 0.0223677),
]


@pytest.mark.parametrize(("mean", "count", "size", "r", "expected"), TAILS)
def test_tails_agree_with_the_authors(mean, count, size, r, expected):
    assert largest_tail(mean, count, size, r) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("r", [-0.5, -0.25])
def test_no_r_concave_distribution_has_a_heavier_tail(r):
    # f = g^(1/r) with g convex and positive is r-concave
    rng = np.random.default_rng(0)
    size = 20
    i = np.arange(size + 1)
    for _ in range(40):
        slopes = np.sort(rng.normal(rng.normal(), 1.0, size)) * rng.exponential(2.0)
        g = np.concatenate([[0.0], np.cumsum(slopes)])
        g += rng.exponential(0.5) - g.min() + 1e-3
        f = g ** (1.0 / r)
        if rng.random() < 0.5:  # a support that ends early
            f[rng.integers(2, size):] = 0.0
        f /= f.sum()
        mean = f @ i / size
        for count in rng.choice(np.arange(1, size + 1), 4):
            tail = f[count:].sum()
            assert tail <= largest_tail(mean, count, size, r) + 1e-6


def test_stronger_assumptions_and_thresholds_give_smaller_bounds():
    for q in (3, 20):
        bounds = np.array([
            [false_selection_bound(q, 500, tau, assumption=name) for name in ASSUMPTIONS]
            for tau in (0.55, 0.65, 0.75, 0.85, 1.0)
        ])
        assert (np.diff(bounds, axis=0) <= 0).all()
        assert (np.diff(bounds, axis=1) <= 0).all()
        assert (bounds[:, 2] < bounds[:, 0]).all()


def test_bounds_at_the_ends():
    assert false_selection_bound(0, 10, 0.6) == 0.0
    for name in ASSUMPTIONS:
        assert false_selection_bound(10, 10, 0.6, assumption=name) == 10.0
        assert false_selection_bound(1, 1, 0.6, assumption=name) <= 1.0
    # a threshold between two shares that can occur acts as the next
    assert false_selection_bound(5, 100, 0.601) == false_selection_bound(5, 100, 0.61)


@pytest.mark.parametrize("assumption", ASSUMPTIONS)
def test_sizes_and_thresholds_that_follow_from_the_bound(assumption):
    options = {"n_pairs": 50, "assumption": assumption}
    q = largest_selection(1.0, 300, 0.7, **options)
    assert false_selection_bound(q, 300, 0.7, **options) <= 1.0
    assert false_selection_bound(q + 1, 300, 0.7, **options) > 1.0
    tau = least_threshold(3.5, 300, 30, **options)
    assert false_selection_bound(30, 300, tau, **options) <= 3.5
    assert false_selection_bound(30, 300, tau - 0.01, **options) > 3.5
    with pytest.raises(ValueError, match="allows no threshold"):
        least_threshold(1e-9, 300, 200, **options)


def test_bad_bounds():
    with pytest.raises(ValueError, match=r"threshold is 0\.5"):
        false_selection_bound(5, 100, 0.5)
    with pytest.raises(ValueError, match="n_selected is 101"):
        false_selection_bound(101, 100, 0.6)
    with pytest.raises(ValueError, match="assumption is 'normal'"):
        false_selection_bound(5, 100, 0.6, assumption="normal")


def test_bound_holds_on_average():
    """Planted data with correlated noise columns: fewer false selections than allowed."""
    n_false, bounds = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((80, 100)) + 0.5 * rng.standard_normal((80, 1))
        y = X[:, :4] @ [1.0, -1.0, 1.0, -1.0] + rng.standard_normal(80)
        selector = StabilitySelection(
            n_pairs=20, pfer=1.0, alphas=40, assumption="r-concave", random_state=seed
        ).fit(X, y)
        n_false.append(selector.support_[4:].sum())
        bounds.append(selector.pfer_)
        assert selector.support_[:4].sum() >= 2
    assert max(bounds) <= 1.0
    assert np.mean(n_false) <= np.mean(bounds)


# --- the transformer

# Halves are drawn of the rows as they are: a row of weight two is in one of them, two
# rows need not be. Weights are no repetition here, and cannot be.
NOT_FOR_RESAMPLING = (
    "check_array_api_input", "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)  # fmt: skip


def transformer_checks():
    for _, check in estimator_checks_generator(StabilitySelection()):
        if check.func.__name__ not in NOT_FOR_RESAMPLING:
            yield pytest.param(check, id=check.func.__name__)


@pytest.mark.filterwarnings("ignore:No features were selected")
@pytest.mark.parametrize("check", list(transformer_checks()))
def test_check_estimator(check):
    check(StabilitySelection(n_pairs=5, alphas=20))


def fitted(**params):
    X, y = make_data()
    params = {"n_pairs": 10, "alphas": 30, "random_state": 0, **params}
    return StabilitySelection(**params).fit(X, y), X, y


def test_attributes_fit_together():
    selector, X, y = fitted()
    frequency = selector.selection_frequency_
    assert_array_equal(selector.support_, frequency >= 0.6 - 1e-9)
    assert set(selector.get_support(indices=True)) >= {0, 1}
    assert selector.stability_path_.shape == (60, 30) == (60, len(selector.alphas_))
    q = largest_selection(1.0, 60, 0.6, 10, "unimodal")
    assert selector.n_features_to_select_ == q
    assert selector.pfer_ == false_selection_bound(q, 60, 0.6, n_pairs=10)
    same = stability_path(
        X, y, n_pairs=10, alphas=30, random_state=0, n_features_to_select=q
    )
    assert_allclose(frequency, same.selection_frequency())


def test_threshold_follows_from_size_and_bound():
    selector, _, _ = fitted(threshold=None, n_features_to_select=6, pfer=0.8)
    expected = least_threshold(0.8, 60, 6, 10, "unimodal")
    assert selector.threshold_ == expected
    assert selector.pfer_ <= 0.8
    with pytest.raises(ValueError, match="threshold is None"):
        fitted(threshold=None)


def test_the_whole_path():
    selector, _, _ = fitted(n_features_to_select=None, alphas=[0.4, 0.2])
    expected = selector.stability_path_.toarray().max(axis=1)
    assert_allclose(selector.selection_frequency_, expected)
    assert selector.n_features_to_select_ == selector.selection_path_.mean_n_selected


def test_more_to_select_than_there_are():
    selector, _, _ = fitted(n_features_to_select=1000)
    assert selector.pfer_ == 60.0


def test_labels_of_any_kind():
    X, y = make_data(200)
    labels = np.where(y > 0, "yes", "no")
    params = {"n_pairs": 5, "alphas": 30, "random_state": 0, "loss": "logistic"}
    selector = StabilitySelection(**params).fit(X, labels)
    numbers = StabilitySelection(**params).fit(X, (y > 0) * 1)
    assert_array_equal(selector.classes_, ["no", "yes"])
    assert_allclose(selector.selection_frequency_, numbers.selection_frequency_)
    assert set(selector.get_support(indices=True)) >= {0, 1}
    three = np.digitize(y, [-1.0, 1.0])
    several = StabilitySelection(**params).fit(X, three)
    assert set(several.get_support(indices=True)) >= {0, 1}
    with pytest.raises(ValueError, match="Only binary"):
        clone(several).set_params(loss="squared_hinge").fit(X, three)


def test_as_scikit_learns_selectors():
    selector, X, y = fitted()
    kept = X[:, selector.support_]
    assert_array_equal(selector.transform(X), kept)
    assert_array_equal(selector.transform(sp.csr_array(X)).toarray(), kept)
    back = selector.inverse_transform(kept)
    assert back.shape == X.shape
    assert_array_equal(back[:, selector.support_], kept)
    assert not back[:, ~selector.support_].any()
    names = selector.get_feature_names_out()
    assert_array_equal(names, [f"x{j}" for j in selector.get_support(indices=True)])
    model = make_pipeline(clone(selector), LinearRegression()).fit(X, y)
    assert model[-1].coef_.shape == (selector.support_.sum(),)
    with pytest.raises(NotFittedError):
        StabilitySelection().transform(X)


def test_frames_in_and_out():
    _, X, y = fitted()
    frame = pd.DataFrame(X, columns=[f"gene {j}" for j in range(60)])
    selector = StabilitySelection(n_pairs=10, alphas=30, random_state=0)
    out = selector.set_output(transform="pandas").fit(frame, y).transform(frame)
    assert list(out.columns) == list(frame.columns[selector.support_])
    with config_context(transform_output="pandas"):
        assert isinstance(selector.fit_transform(frame, y), pd.DataFrame)


def test_failing_fit_leaves_the_selector_as_it_was():
    selector, X, _ = fitted()
    before = selector.support_
    with pytest.raises(ValueError, match="NaN"):
        selector.fit(X, np.full(100, np.nan))
    assert selector.support_ is before


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"threshold": 0.5}, r"threshold is 0\.5"),
        ({"pfer": 0.0}, "pfer is 0"),
        ({"n_features_to_select": "best"}, "n_features_to_select is 'best'"),
        ({"assumption": "normal"}, "assumption is 'normal'"),
        ({"n_pairs": 0}, "n_pairs is 0"),
        ({"n_jobs": 0}, "n_jobs is 0"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        fitted(**params)
