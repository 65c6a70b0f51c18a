"""Properties of small problems of every kind, found by hypothesis.

A problem is drawn with any mix of options. Its answer must be certified by
`reference.certify`; and the answer of a changed problem (other units, other order,
repeated rows, other storage, ...) carried back must be certified for the original.
"""

import warnings

import numpy as np
import pytest
import reference
import scipy.sparse as sp
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import riata
from riata import _costs
from riata._path._checked import checked_data, checked_penalty
from riata._path._solve import solve_path
from riata._solver._solutions import Settings

TOL = 1e-8

# Small whole numbers make ties, zeros and dependent columns; the rest do not.
small = st.integers(-3, 3).map(float)
any_size = st.floats(-100, 100).map(lambda x: round(x, 6))
number = st.one_of(small, any_size)
unit = st.sampled_from([1.0, 1e-12, 1e-6, 1e3, 1e6, 1e12])


@st.composite
def problems(draw, max_samples=8, max_features=6, mixed_units=False):
    """Arguments of `fit_path` for one problem, but for alpha."""
    n, p = draw(st.integers(1, max_samples)), draw(st.integers(1, max_features))
    units = draw(unit)
    if mixed_units:
        units = np.array(draw(st.lists(unit, min_size=p, max_size=p)))
    options = {
        "X": draw(arrays(float, (n, p), elements=number)) * units,
        "y": draw(arrays(float, n, elements=number)) * draw(unit),
        "l1_ratio": draw(st.sampled_from([1.0, 1.0, 0.5, 0.01, 0.0])),
        "fit_intercept": draw(st.booleans()),
        "standardize": draw(st.booleans()),
    }
    if draw(st.booleans()):
        weight = draw(arrays(float, n, elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])))
        assume(weight.any())
        options["sample_weight"] = weight
    if draw(st.booleans()):
        options["offset"] = draw(arrays(float, n, elements=number))
    if draw(st.booleans()):
        factor = st.sampled_from([0.0, 0.5, 1.0, 2.0, np.inf])
        options["penalty_factor"] = draw(arrays(float, p, elements=factor))
    if draw(st.booleans()):
        bound = st.sampled_from([0.0, 0.25, 2.0, np.inf])
        options["lower"] = -draw(arrays(float, p, elements=bound))
        options["upper"] = draw(arrays(float, p, elements=bound))
    return options


# Fractions of alpha_max.
fractions = st.sampled_from([2.0, 1.0, 0.999, 0.5, 0.1, 1e-2, 1e-4, 0.0])


def strength(problem, fraction):
    """An alpha; 1 stands in for alpha_max where that is 0."""
    arguments = {k: v for k, v in problem.items() if k not in ("X", "y")}
    return fraction * (riata.alpha_max(problem["X"], problem["y"], **arguments) or 1.0)


def answer(problem, alpha, **more):
    path = riata.fit_path(**problem, alphas=[alpha], tol=TOL, **more)
    return path.coef.toarray()[:, 0], path.intercept[0]


def rounding(problem):
    """What the objective may be off because y and the intercept are doubles."""
    y = problem["y"] - problem.get("offset", 0.0)
    return (1e-14 * np.abs(y).max()) ** 2


def assert_optimal(problem, alpha, coef, intercept, tol=TOL):
    own = reference.certify(coef=coef, intercept=intercept, alpha=alpha, **problem)
    assert own.gap <= (1.01 * tol + 1e-13) * own.null + rounding(problem), own


@given(problems())
def test_every_alpha_is_certified(problem):
    top = strength(problem, 1.0)
    alphas = top * np.array([2.0, 1.0, 1 - 1e-9, 0.7, 0.2, 1e-2, 1e-4, 0.0])
    path = riata.fit_path(**problem, alphas=alphas)
    coefs = path.coef.toarray()
    lower, upper = problem.get("lower", -np.inf), problem.get("upper", np.inf)
    for k, alpha in enumerate(alphas):
        assert_optimal(problem, alpha, coefs[:, k], path.intercept[k], 1e-6)
        assert np.all((lower <= coefs[:, k]) & (coefs[:, k] <= upper))
    assert np.all(path.relative_gap <= 1e-6)
    assert list(path.status) == [riata.Status.optimal] * len(alphas)


ENGINES = (
    {"batch": 1}, {"engine": "gram"}, {"engine": "residual"},
    {"engine": "residual", "batch": 1}, {"screening": False},
)  # fmt: skip


@given(problems(), st.sampled_from(ENGINES), st.booleans(), st.booleans())
def test_every_engine_is_certified_on_repeated_columns(problem, how, sparse, together):
    # Each column twice and once with the other sign: dependent whatever was drawn.
    problem = {k: v for k, v in problem.items() if k not in EACH_COLUMN}
    problem["l1_ratio"] = problem["l1_ratio"] or 1.0
    X = problem["X"] = np.hstack([problem["X"], -problem["X"], problem["X"]])
    top = strength(problem, 1.0)
    alphas = top * np.array([1.0, 0.9, 0.8, 0.7, 0.5, 0.3, 0.2, 0.1, 1e-2, 1e-4])
    data = checked_data(
        sp.csc_array(X) if sparse else X, problem["y"], problem.get("sample_weight"),
        problem.get("offset"),
    )
    penalty = checked_penalty(
        None, problem["l1_ratio"], None, None, None, X.shape[1]
    )
    with pytest.MonkeyPatch.context() as patch:
        # all alphas together on small Gram matrices as well, which the usual choice avoids
        patch.setattr(_costs, "ALL_ALPHAS_COLUMNS", 1 if together else 10**9)
        path = solve_path(
            data, alphas, penalty, Settings(tol=TOL, **how),
            fit_intercept=problem["fit_intercept"], standardize=problem["standardize"],
        )
    coefs = path.coef.toarray()
    for k, alpha in enumerate(alphas):
        if path.status[k] == riata.Status.optimal:
            assert_optimal(problem, alpha, coefs[:, k], path.intercept[k])
        else:  # descent along nearly dependent columns may take for ever
            assert how.get("engine") == "residual"


EACH_COLUMN = ("penalty_factor", "lower", "upper")


@given(problems(mixed_units=True), fractions)
def test_columns_in_different_units_are_certified_or_reported(problem, fraction):
    alpha = strength(problem, fraction)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", riata.ConvergenceWarning)
        path = riata.fit_path(**problem, alphas=[alpha])
    coef, intercept = path.coef.toarray()[:, 0], path.intercept[0]
    assert np.all(np.isfinite(coef))
    if path.status[0] == riata.Status.optimal:
        assert_optimal(problem, alpha, coef, intercept, 1e-6)


@given(problems(max_samples=15, max_features=10), fractions)
def test_single_alphas_equal_the_oracle(problem, fraction):
    alpha = strength(problem, fraction)
    coef, intercept = reference.solve(alpha=alpha, **problem)
    best = reference.certify(coef=coef, intercept=intercept, alpha=alpha, **problem)
    found = reference.certify(
        **problem,
        alpha=alpha,
        **dict(zip(("coef", "intercept"), answer(problem, alpha), strict=True)),
    )
    excess = found.primal - best.primal
    assert excess <= (1.01 * TOL + 1e-13) * best.null + rounding(problem)


@given(problems())
def test_nothing_moves_at_alpha_max(problem):
    problem["l1_ratio"] = problem["l1_ratio"] or 1.0
    top = strength(problem, 1.0)
    coef, _ = answer(problem, top * (1 + 1e-9))
    factor = np.broadcast_to(problem.get("penalty_factor", 1.0), coef.shape)
    assert not coef[factor > 0].any()


@given(
    problems(), fractions, st.integers(0, 2**32 - 1), st.sampled_from([1e-9, 1, 1e9])
)
def test_any_warm_start(problem, fraction, seed, size):
    alpha = strength(problem, fraction)
    start = size * np.random.default_rng(seed).normal(size=problem["X"].shape[1])
    assert_optimal(problem, alpha, *answer(problem, alpha, init=start))


@given(problems())
def test_objective_rises_and_deviance_falls_with_alpha(problem):
    top = strength(problem, 1.0)
    path = riata.fit_path(
        **problem, alphas=top * np.array([1.5, 0.9, 0.5, 0.1, 0.01]), tol=TOL
    )
    slack = 3 * TOL * path.null_objective
    assert np.all(np.diff(path.objective) <= slack)
    # The penalised loss alone may lie by sqrt(tol) off; its order does not.
    assert np.all(np.diff(path.deviance_ratio) >= -1e-3)


# --- Changes of a problem that do not change its answer -------------------------------
#
# Each takes the problem, alpha and a random generator, and returns the changed problem
# (with its "alpha") and a function that carries the answer back.


def _same(coef, intercept):
    return coef, intercept


def rescale_penalty(problem, alpha, l1_by, l2_by):
    """alpha and l1_ratio with the two strengths multiplied."""
    l1 = l1_by * alpha * problem["l1_ratio"]
    l2 = l2_by * alpha * (1 - problem["l1_ratio"])
    ratio = l1 / (l1 + l2) if l1 + l2 > 0 else problem["l1_ratio"]
    return {"alpha": l1 + l2, "l1_ratio": ratio}


def rescale_bounds(problem, by):
    return {name: problem[name] * by for name in ("lower", "upper") if name in problem}


def unit_of_y(problem, alpha, rng):
    c = 10.0 ** rng.integers(-6, 7)
    changed = {**problem, **rescale_bounds(problem, c), "y": c * problem["y"]}
    changed.update(rescale_penalty(problem, alpha, c, 1.0))
    if "offset" in problem:
        changed["offset"] = c * problem["offset"]
    return changed, lambda coef, intercept: (coef / c, intercept / c)


def unit_of_X(problem, alpha, rng):
    c = 10.0 ** rng.integers(-6, 7)
    changed = {**problem, **rescale_bounds(problem, 1 / c), "X": c * problem["X"]}
    by = 1.0 if problem["standardize"] else c
    changed.update(rescale_penalty(problem, alpha, by, by**2))
    return changed, lambda coef, intercept: (coef * c, intercept)


def unit_of_weights(problem, alpha, rng):
    s = problem.get("sample_weight", np.ones(len(problem["y"])))
    return {**problem, "alpha": alpha, "sample_weight": 1e-7 * s}, _same


def rows_twice(problem, alpha, rng):
    changed = {**problem, "alpha": alpha}
    for name in ("X", "y", "sample_weight", "offset"):
        if name in problem:
            changed[name] = np.concatenate([problem[name]] * 2)
    return changed, _same


def weights_as_repetition(problem, alpha, rng):
    s = rng.integers(0, 4, len(problem["y"]))
    s[rng.integers(s.size)] = 1
    original = {**problem, "sample_weight": s}
    changed = {**problem, "alpha": alpha}
    changed.pop("sample_weight", None)
    for name in ("X", "y", "offset"):
        if name in problem:
            changed[name] = np.repeat(problem[name], s, axis=0)
    return changed, _same, original


def rows_of_weight_zero(problem, alpha, rng):
    n, p = problem["X"].shape
    s = problem.get("sample_weight", np.ones(n))
    changed = {
        **problem,
        "alpha": alpha,
        "X": np.vstack([1e6 * rng.normal(size=(2, p)), problem["X"]]),
        "y": np.r_[1e9, -1e9, problem["y"]],
        "sample_weight": np.r_[0.0, 0.0, s],
    }
    if "offset" in problem:
        changed["offset"] = np.r_[5.0, 5.0, problem["offset"]]
    return changed, _same


def order_of_rows(problem, alpha, rng):
    rows = rng.permutation(len(problem["y"]))
    changed = {**problem, "alpha": alpha}
    for name in ("X", "y", "sample_weight", "offset"):
        if name in problem:
            changed[name] = problem[name][rows]
    return changed, _same


def order_of_columns(problem, alpha, rng):
    columns = rng.permutation(problem["X"].shape[1])
    changed = {**problem, "alpha": alpha, "X": problem["X"][:, columns]}
    for name in ("penalty_factor", "lower", "upper"):
        if name in problem:
            changed[name] = problem[name][columns]
    back = np.argsort(columns)
    return changed, lambda coef, intercept: (coef[back], intercept)


def sign_of_y(problem, alpha, rng):
    changed = {**problem, "alpha": alpha, "y": -problem["y"]}
    if "offset" in problem:
        changed["offset"] = -problem["offset"]
    if "lower" in problem:
        changed["lower"], changed["upper"] = -problem["upper"], -problem["lower"]
    return changed, lambda coef, intercept: (-coef, -intercept)


def offset_for_y(problem, alpha, rng):
    changed = {**problem, "alpha": alpha}
    changed["offset"] = -problem["y"]
    changed["y"] = -problem.get("offset", np.zeros(len(problem["y"])))
    return changed, _same


def columns_that_get_zero(problem, alpha, rng):
    more = np.zeros((len(problem["y"]), 2))
    if problem["fit_intercept"]:
        more[:, 1] = 0.1
    changed = {**problem, "alpha": alpha, "X": np.hstack([more, problem["X"]])}
    for name, value in (("penalty_factor", 1.0), ("lower", -1.0), ("upper", 1.0)):
        if name in problem:
            changed[name] = np.r_[value, value, problem[name]]

    def back(coef, intercept):
        assert not coef[:2].any()
        return coef[2:], intercept

    return changed, back


def excluded_column(problem, alpha, rng):
    factor = problem.get("penalty_factor", np.ones(problem["X"].shape[1]))
    X = np.column_stack([problem["X"], problem["y"]])
    changed = {
        **problem,
        "alpha": alpha,
        "X": X,
        "penalty_factor": np.r_[factor, np.inf],
    }
    for name in ("lower", "upper"):
        if name in problem:
            changed[name] = np.r_[problem[name], 0.0]

    def back(coef, intercept):
        assert coef[-1] == 0
        return coef[:-1], intercept

    return changed, back


def duplicated_column(problem, alpha, rng):
    # With a square term, or a bound, two halves are not one whole.
    problem = {k: v for k, v in problem.items() if k not in ("lower", "upper")}
    problem["l1_ratio"] = 1.0
    changed = {**problem, "alpha": alpha}
    changed["X"] = np.column_stack([problem["X"], problem["X"][:, 0]])
    if "penalty_factor" in problem:
        factor = problem["penalty_factor"]
        changed["penalty_factor"] = np.r_[factor, factor[0]]

    def back(coef, intercept):
        merged = coef[:-1].copy()
        merged[0] += coef[-1]
        return merged, intercept

    return changed, back, problem


def stored_otherwise(problem, alpha, rng):
    X = problem["X"]
    makers = [
        np.ascontiguousarray,
        np.asfortranarray,
        sp.csc_array,
        sp.csr_matrix,
        sp.coo_array,
        lambda X: np.repeat(X, 2, axis=1)[::-1, ::2][::-1],
    ]
    return {**problem, "alpha": alpha, "X": makers[rng.integers(len(makers))](X)}, _same


CHANGES = [
    unit_of_y,
    unit_of_X,
    unit_of_weights,
    rows_twice,
    weights_as_repetition,
    rows_of_weight_zero,
    order_of_rows,
    order_of_columns,
    sign_of_y,
    offset_for_y,
    columns_that_get_zero,
    excluded_column,
    duplicated_column,
    stored_otherwise,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@given(problem=problems(), fraction=fractions, seed=st.integers(0, 2**32 - 1))
def test_changes_that_do_not_change_the_answer(change, problem, fraction, seed):
    alpha = strength(problem, fraction)
    changed, back, *original = change(problem, alpha, np.random.default_rng(seed))
    coef, intercept = back(*answer(changed, changed.pop("alpha")))
    problem = original[0] if original else problem
    if "lower" in problem:
        # Carrying back may round a coefficient past its bound.
        assert np.all(coef <= problem["upper"] * (1 + 1e-15))
        assert np.all(coef >= problem["lower"] * (1 + 1e-15))
        coef = np.clip(coef, problem["lower"], problem["upper"])
    assert_optimal(problem, alpha, coef, intercept)


@st.composite
def damaged(draw):
    """A sparse matrix of 6 x 5 of which one number was changed."""
    X = sp.csc_array(draw(arrays(float, (6, 5), elements=small)))
    name = draw(st.sampled_from(["indices", "indptr"]))
    part = getattr(X, name)
    assume(part.size)
    part[draw(st.integers(0, part.size - 1))] = draw(st.integers(-3, 40))
    return X


@given(damaged())
def test_a_damaged_sparse_matrix_is_refused_or_legal(X):
    legal = (
        X.indptr[0] == 0
        and np.all(np.diff(X.indptr) >= 0)
        and X.indptr[-1] <= min(X.indices.size, X.data.size)
        and np.all((X.indices[: X.indptr[-1]] >= 0) & (X.indices[: X.indptr[-1]] < 6))
    )
    y = np.arange(6.0)
    if not legal:
        with pytest.raises(ValueError, match="X"):
            riata.fit_path(X, y, alphas=[0.1])
        return
    dense = np.zeros((6, 5))
    for j in range(5):
        for k in range(X.indptr[j], X.indptr[j + 1]):
            dense[X.indices[k], j] += X.data[k]
    path = riata.fit_path(X, y, alphas=[0.1])
    coef, intercept = path.coef.toarray()[:, 0], path.intercept[0]
    assert_optimal({"X": dense, "y": y}, 0.1, coef, intercept, 1e-6)
