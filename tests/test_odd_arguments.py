"""Arguments that make no sense: a ValueError or TypeError that names the argument."""

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest

import riata

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 3))
Y = np.abs(X[:, 0] + RNG.standard_normal(20)) + 0.1
LABELS = (np.median(Y) < Y).astype(int)
ODD = [
    None, True, np.True_, "x", "", b"x", [], {}, object(), 2**63, 10**400, -1, 0, 1.5,
    1e308, float("nan"), -float("inf"), np.float32(0.5), np.int64(3), [1, 2], ["a"],
    [None], np.array([]), np.zeros((2, 2)), 1j, [1e308, -1e308] * 10, len, pd.NA,
    range(3), np.array("x"), slice(None), np.datetime64("2020"),
]
PATH = riata.fit_path(X, Y, alphas=3)
RESULT = riata.cv_path(X, Y, alphas=3, cv=2)

CALLS = {
    "fit_path": (riata.fit_path, {"X": X, "y": Y, "alphas": 2}),
    "fit_path ridge": (riata.fit_path, {"X": X, "y": Y, "alphas": 2, "l1_ratio": 0.0}),
    "fit_path logistic": (
        riata.fit_path, {"X": X, "y": LABELS, "alphas": 2, "loss": "logistic"}
    ),
    "alpha_max": (riata.alpha_max, {"X": X, "y": Y}),
    "check_solution": (
        riata.check_solution, {"X": X, "y": Y, "coef": np.zeros(3), "alpha": 0.1}
    ),
    "enet_path": (riata.enet_path, {"X": X, "y": Y, "alphas": 2}),
    "stability_path": (riata.stability_path, {"X": X, "y": Y, "alphas": 2, "n_pairs": 1}),
    "cv_path": (riata.cv_path, {"X": X, "y": Y, "alphas": 2, "cv": 2}),
    "approximate_loo": (riata.approximate_loo, {"path": PATH, "X": X, "y": Y}),
    "coef_at": (PATH.coef_at, {"alpha": PATH.alphas[1]}),
    "predict": (PATH.predict, {"X": X}),
    "select": (PATH.select, {}),
    "at": (PATH.at, {"alpha": PATH.alphas[1]}),
    "CVResult.select": (RESULT.select, {}),
    "out_of_fold": (RESULT.out_of_fold, {"X": X}),
    "Ridge": (lambda **options: riata.Ridge(**options).fit(X, Y), {"alpha": 1.0}),
    "RidgeCV": (lambda **options: riata.RidgeCV(**options).fit(X, Y), {"cv": 2}),
    "LassoCV": (
        lambda **options: riata.LassoCV(**options).fit(X, Y), {"alphas": 2, "cv": 2}
    ),
    "LogisticRegression": (
        lambda **options: riata.LogisticRegression(**options).fit(X, LABELS), {"C": 1.0}
    ),
    "LogisticRegressionCV": (
        lambda **options: riata.LogisticRegressionCV(**options).fit(X, LABELS),
        {"Cs": 2, "cv": 2},
    ),
    "HuberRegressor": (
        lambda **options: riata.HuberRegressor(**options).fit(X, Y), {"alpha": 1.0}
    ),
}
CLASSES = {
    "Ridge": riata.Ridge, "RidgeCV": riata.RidgeCV, "LassoCV": riata.LassoCV,
    "LogisticRegression": riata.LogisticRegression, "HuberRegressor": riata.HuberRegressor,
    "LogisticRegressionCV": riata.LogisticRegressionCV,
}


def parameters(name):
    function = CLASSES.get(name, CALLS[name][0])
    return [p for p in inspect.signature(function).parameters if p != "self"]


def message_of(function, **options):
    """What a call raises, unless that is neither ValueError nor TypeError."""
    try:
        function(**options)
    except (ValueError, TypeError) as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(name, parameter) for name in CALLS for parameter in parameters(name)],
)
def test_each_argument_is_named(name, parameter):
    function, options = CALLS[name]
    for value in ODD:
        if parameter == "callback" and callable(value):
            continue
        if parameter in ("scoring", "select", "rule", "criterion") and callable(value):
            continue  # which is asked for anything at all
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            message = message_of(function, **{**options, parameter: value})
        assert message is None or parameter in message or parameter == "y", (value, message)


def is_named(error, match, function, *args, **options):
    with pytest.raises(error, match=match):
        function(*args, **options)


def test_integers_beyond_all_bounds():
    for function in (riata.fit_path, riata.cv_path, riata.lasso_path):
        is_named(ValueError, r"alphas is 9223372036854775808; .* most 1000000",
                 function, X, Y, alphas=2**63)
    is_named(ValueError, "n_alphas is .* at most", riata.enet_path, X, Y, n_alphas=2**63)
    is_named(ValueError, "Cs is an integer of 1329 bits",
             riata.LogisticRegressionCV(Cs=10**400).fit, X, LABELS)
    is_named(ValueError, "n_threads is", riata.fit_path, X, Y, n_threads=2**31)
    is_named(ValueError, "n_pairs is", riata.stability_path, X, Y, n_pairs=2**63)
    riata.stability_path(X, Y, alphas=2, n_pairs=1, random_state=2**127)  # entropy


def test_what_is_no_path():
    for value in ("x", None, 3, riata.Lasso(), X):
        is_named(TypeError, "path must be a PathResult", riata.approximate_loo, value, X, Y)


def test_targets_that_cannot_be_added():
    for y in (np.full(20, 1e308), np.r_[Y[:-1], -1.7e308]):
        for loss in ("squared", "huber")[:1 + (np.ptp(y) > 0)]:  # Huber's is free of means
            is_named(ValueError, r"y \(less the offset\) has values of the size 1",
                     riata.fit_path, X, y, loss=loss)
        is_named(ValueError, "y", riata.HuberRegressor().fit, X, y)
    is_named(ValueError, r"offset \(of sizes", riata.fit_path, X, LABELS, loss="logistic",
             offset=1e308 * np.where(LABELS, 1.0, -1.0))
    is_named(ValueError, r"offset \(of sizes", riata.fit_path, X, Y, loss="poisson",
             offset=np.where(LABELS, 1e10, -1e10))


def test_jobs_folds_scorers_and_callbacks():
    for function in (riata.stability_path, riata.bootstrap_path, riata.cv_path):
        is_named(TypeError, "n_jobs must be an integer, got 'x'",
                 function, X, Y, n_jobs="x")
        is_named(ValueError, "n_jobs is 0", function, X, Y, n_jobs=0)
    is_named(TypeError, "callback must be callable or None, got 'x'",
             riata.fit_path, X, Y, callback="x")
    for cv, error, match in (
        (True, TypeError, "cv must be"),
        (1, ValueError, "cv is 1; it must be at least 2"),
        ([1, 2], ValueError, "cv must give pairs .* fold 0 is 1"),
        ([([0], [99])], ValueError, "cv gave the row 99"),
        ([([0.5], [1])], TypeError, "cv gave rows of shape .* float64"),
    ):
        for model in (riata.LassoCV(cv=cv), riata.RidgeCV(cv=cv)):
            is_named(error, match, model.fit, X, Y)
        is_named(error, match, riata.LogisticRegressionCV(cv=cv).fit, X, LABELS)
    is_named(TypeError, "scoring must be the name of a scorer",
             riata.RidgeCV(scoring=3).fit, X, Y)
    is_named(ValueError, "groups has shape", riata.cv_path, X, Y, groups=[1, 2])


def test_labels_that_cannot_be_sorted():
    y = np.array(["a", "b"] * 10, dtype=object)
    y[3] = None
    is_named(ValueError, "y holds labels that cannot be sorted, of the types NoneType, str",
             riata.LogisticRegression().fit, X, y)


def test_a_number_for_all_weights():
    model = riata.LogisticRegressionCV(Cs=2, cv=2)
    model.fit(X, LABELS, sample_weight=1.0)
    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e5])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.0])
def test_constant_target(value, l1_ratio):
    with pytest.warns(UserWarning, match="alpha_max is 0: y is constant"):
        path = riata.fit_path(X, np.full(20, value), l1_ratio=l1_ratio)
    assert path.alphas[0] == 1.0
    assert path.alphas[-1] == pytest.approx(1e-3)
    assert path.coef.nnz == 0
    np.testing.assert_allclose(path.intercept, value)


def test_a_choice_is_shown_in_one_line():
    choice = RESULT.select()
    count = np.count_nonzero(choice.coef)
    assert repr(choice) == (
        f"<Choice: alpha {choice.alpha:.4g}, l1_ratio 1, {count} of 3 coefficients not "
        "zero>"
    )
    wide = RNG.standard_normal((30, 1000))
    relaxed = riata.RelaxedLassoCV(alphas=3, cv=2).fit(wide, wide[:, 0])
    text = repr(relaxed.cv_result_.select())
    assert "\n" not in text
    assert len(text) < 120
