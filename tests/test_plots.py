"""The pictures show what they are given, legibly, at any size."""

import pickle
from itertools import combinations
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pytest
from scipy import sparse

import riata
from riata.datasets import make_correlated_data
from riata.plots import (
    CertificateDisplay,
    ClassPathsDisplay,
    CVCurveDisplay,
    PathDisplay,
    PredictionDisplay,
    ShrinkageDisplay,
    StabilityDisplay,
)
from riata.plots._artists import spread
from riata.plots._drawing import COLOURS, STYLES, shorten, style

mpl.use("Agg")

SIZES = {"page": (7.0, 4.2), "column": (3.5, 2.6)}
NAMES = [f"gene {j}" for j in range(60)]


@pytest.fixture(scope="module")
def data():
    X, y, _ = make_correlated_data(40, 60, n_nonzero=5, random_state=0)
    return X, y


@pytest.fixture(scope="module")
def path(data):
    return riata.fit_path(*data, alphas=30)


@pytest.fixture(scope="module")
def classes_path(data):
    X, y = data
    labels = np.digitize(y, np.quantile(y, [0.3, 0.6]))
    return riata.fit_path(X, labels, loss="multinomial", alphas=8, alpha_min_ratio=0.05)


@pytest.fixture(params=SIZES)
def ax(request):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=SIZES[request.param], layout="constrained")
    yield ax
    plt.close(figure)


@pytest.fixture
def closed():
    import matplotlib.pyplot as plt

    plt.close("all")
    yield plt
    plt.close("all")


def texts(artists):
    return [artist.get_text().strip() for artist in artists]


def boxes(artists):
    """Where visible, non-empty texts stand, in pixels."""
    artists = [a for a in artists if a.get_visible() and a.get_text().strip()]
    return [a.get_window_extent() for a in artists]


def drawn(figure):
    """All that is written in axes, of a figure as it is printed."""
    figure.canvas.draw()
    for ax in figure.axes:
        axes = [ax, *ax.child_axes]
        written = [a.xaxis.label for a in axes] + [ax.yaxis.label, ax.title, *ax.texts]
        for axis in (*(a.xaxis for a in axes), ax.yaxis):
            first, last = sorted(axis.get_view_interval())
            written += [
                tick.label1 if tick.label1.get_visible() else tick.label2
                for tick in axis.get_major_ticks()
                if first <= tick.get_loc() <= last
            ]
        if ax.get_legend():
            written += ax.get_legend().get_texts()
        if ax.axison:
            yield from written


def text_box(text):
    """Where an artist's letters stand, an annotation's arrow left out."""
    from matplotlib.text import Text

    return Text.get_window_extent(text)


def assert_legible(figure):
    written = [t for t in drawn(figure) if t.get_visible() and t.get_text().strip()]
    placed = [(text.get_text(), text_box(text)) for text in written]
    for (one, a), (other, b) in combinations(placed, 2):
        overlap = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(overlap) <= 2.0, (one, other)  # boxes are as high as tall letters
    page = figure.bbox
    for text, box in placed:
        outside = (page.x0 - box.x0, box.x1 - page.x1, page.y0 - box.y0, box.y1 - page.y1)
        assert max(outside) <= 3.0, text


# --- PathDisplay


def test_lines_are_the_coefficients(path, ax):
    display = PathDisplay.from_path(path, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    coefs = path.coefs
    assert sorted(display.columns_) == np.flatnonzero(coefs.any(axis=1)).tolist()
    for line, column in zip(display.lines_, display.columns_, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), path.alphas)
        np.testing.assert_array_equal(line.get_ydata(), coefs[column])
    left, right = ax.get_xlim()
    assert (left, right) == (path.alphas[0], path.alphas[-1])


def test_path_plot_is_the_display(path, ax):
    assert path.plot(ax=ax, feature_names=NAMES, n_labels=3) is ax
    largest = np.argsort(-np.abs(path.coefs[:, -1]))[:3]
    assert texts(ax.texts) == [NAMES[j] for j in largest]


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.coo_array])
def test_coefficients_of_any_storage(path, kind, ax):
    display = PathDisplay(path.alphas, kind(path.coefs)).plot(ax)
    np.testing.assert_array_equal(
        display.lines_[0].get_ydata(), path.coefs[display.columns_[0]]
    )


def test_names_are_the_largest_at_the_end(path, ax):
    display = PathDisplay.from_path(path, feature_names=NAMES, n_labels=5, ax=ax)
    last = np.abs(path.coefs[:, -1])
    assert texts(display.labels_) == [NAMES[j] for j in np.argsort(-last)[:5]]
    assert_legible(ax.figure)


@pytest.mark.parametrize("place", [0, 10, 10.5, 29])
def test_names_are_the_largest_at_the_marked_alpha(path, place, ax):
    alpha = np.interp(place, range(30), path.alphas)
    coef = np.abs(path.coef_at(alpha)[0])
    display = PathDisplay.from_path(path, alpha=alpha, n_labels=3, ax=ax)
    largest = np.argsort(-coef, kind="stable")[: min(3, np.count_nonzero(coef))]
    assert texts(display.labels_) == [str(j) for j in largest]
    assert f"alpha = {alpha:.3g}" in texts(ax.texts)
    assert any(np.all(np.asarray(line.get_xdata()) == alpha) for line in ax.lines)
    assert_legible(ax.figure)


def test_no_names_outside_the_marked_model(path, ax):
    k = int(np.flatnonzero(path.n_active == 2)[0])
    display = PathDisplay.from_path(path, alpha=path.alphas[k], ax=ax)
    assert len(display.labels_) == 2


def test_alpha_of_a_model_without_coefficients(path, ax):
    alpha = 2 * path.alphas[0]
    display = PathDisplay.from_path(path, alpha=alpha, ax=ax)
    assert display.labels_ == []
    assert ax.get_xlim()[0] == alpha


def test_top_axis_counts(path, ax):
    PathDisplay.from_path(path, ax=ax)
    ax.figure.canvas.draw()
    (top,) = ax.child_axes
    for place, label in zip(top.get_xticks(), top.get_xticklabels(), strict=True):
        nearest = np.argsort(np.abs(np.log(path.alphas / place)))[:2]
        assert int(label.get_text()) in path.n_active[nearest]
    assert top.get_xticks()[[0, -1]] == pytest.approx(path.alphas[[0, -1]])


def test_same_look_for_no_two_of_many_lines():
    looks = {(style(k)["color"], style(k)["linestyle"]) for k in range(28)}
    assert len(looks) == len(COLOURS) * len(STYLES)


def test_duplicated_coefficients_show_through(ax):
    coef = np.tile([[0.0, 1.0, 2.0]], (4, 1))
    display = PathDisplay([4.0, 2.0, 1.0], coef).plot(ax)
    below = sorted(display.lines_, key=lambda line: line.get_zorder())
    assert below[0].get_linestyle() == "-"
    assert len({line.get_zorder() for line in below}) == 4
    assert len({line.get_color() for line in below}) == 4
    ax.figure.canvas.draw()
    heights = [box.y0 for box in boxes(display.labels_)]
    assert heights == sorted(heights, reverse=True)  # the first on top
    assert_legible(ax.figure)


@pytest.mark.parametrize("alphas", [[1e6], [0.5], [0.5, 0.0], [1e6, 1e5], [3.0, 2.0]])
@pytest.mark.parametrize("n_features", [1, 5])
def test_short_and_empty_paths(alphas, n_features, ax):
    X, y, _ = make_correlated_data(40, n_features, random_state=0)
    path = riata.fit_path(X, y, alphas=alphas)
    display = PathDisplay.from_path(path, alpha=alphas[0], ax=ax)
    assert len(display.lines_) == np.count_nonzero(path.coefs.any(axis=1))
    assert ("all coefficients are zero" in texts(ax.texts)) == (not display.lines_)
    assert_legible(ax.figure)


def test_long_names_stay_distinct(path, ax):
    names = [f"expression of the gene BRCA-{j} after all treatments" for j in range(60)]
    display = PathDisplay.from_path(path, feature_names=names, ax=ax)
    assert len(set(texts(display.labels_))) == len(display.labels_)
    ax.figure.canvas.draw()
    assert ax.get_window_extent().width > 0.4 * ax.figure.bbox.width
    assert_legible(ax.figure)


def test_shorten():
    assert shorten(["age", "height"], 10) == ["age", "height"]
    assert shorten(["mean concave points"], 11) == ["mean …oints"]
    alike = ["a long name 1 of it all", "a long name 2 of it all"]
    assert shorten(alike, 10) == ["…1 of it …", "…2 of it …"]


def test_labels_follow_the_size_of_the_figure(path, ax):
    display = PathDisplay.from_path(path, feature_names=NAMES, n_labels=20, ax=ax)
    counts = []
    for height in (8.0, 2.0):
        ax.figure.set_size_inches(7.0, height)
        assert_legible(ax.figure)
        shown = [label for label in display.labels_ if label.get_visible()]
        assert shown == display.labels_[: len(shown)]
        counts.append(len(shown))
    assert counts[0] == 20 > counts[1] > 3


def test_wide_ridge_path(ax):
    X, y, _ = make_correlated_data(20, 3000, random_state=0)
    path = riata.fit_path(X, y, l1_ratio=0.0, alphas=[10.0, 1.0])
    PathDisplay.from_path(path, alpha=2.0, ax=ax)
    assert len(ax.lines) <= 2100
    assert_legible(ax.figure)


def test_one_class_at_a_time(classes_path, ax):
    display = PathDisplay.from_path(classes_path, class_of_interest=1, ax=ax)
    coefs = classes_path.coefs[1]
    assert sorted(display.columns_) == np.flatnonzero(coefs.any(axis=1)).tolist()
    with pytest.raises(ValueError, match="class_of_interest is 3"):
        classes_path.plot(class_of_interest=3)


def test_all_classes_in_panels(classes_path, closed):
    display = PathDisplay.from_path(
        classes_path, alpha=classes_path.alphas[4], n_labels=5, classes=["a", "b", "c"]
    )
    assert isinstance(display, ClassPathsDisplay)
    assert [panel.get_title() for panel in display.axes_] == ["a", "b", "c"]
    at = np.abs(classes_path.coefs[:, :, 4]).max(axis=0)
    named = [text.get_text() for text in display.legend_.get_texts()]
    assert named == [str(j) for j in np.argsort(-at, kind="stable")[:5]]
    colours = []
    for one, coefs, panel in zip(
        display.displays, classes_path.coefs, display.axes_, strict=True
    ):
        for line, column in zip(one.lines_, one.columns_, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), coefs[column])
        colours.append([line.get_color() for line in one.lines_])
        assert panel.get_ylim() == display.ax_.get_ylim()
    assert colours[0] == colours[1] == colours[2]  # a feature looks alike everywhere
    assert_legible(display.figure_)
    assert classes_path.plot().get_title() == "0"


@pytest.mark.parametrize("given", ["one", "each"])
def test_panels_of_classes_in_axes_given(classes_path, given, closed):
    figure, axes = closed.subplots(1, 3, figsize=(9.0, 3.0), layout="constrained")
    if given == "one":
        closed.close(figure)
        figure, axes = closed.subplots(figsize=(9.0, 3.0), layout="constrained")
    display = PathDisplay.from_path(classes_path, ax=axes)
    assert display.figure_ is figure
    assert len(display.axes_) == 3
    assert_legible(figure)
    with pytest.raises(ValueError, match="ax holds 2 axes"):
        PathDisplay.from_path(classes_path, ax=closed.subplots(1, 2)[1])


@pytest.mark.parametrize("n_classes", [4, 5, 12])
def test_panels_of_any_number(n_classes, closed):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 8))
    y = (2.0 * X @ rng.standard_normal((8, n_classes))).argmax(axis=1)
    path = riata.fit_path(X, np.unique(y, return_inverse=True)[1], loss="multinomial",
                          alphas=6, alpha_min_ratio=0.05)
    display = PathDisplay.from_path(path)
    assert len(display.axes_) == len(path.coef)
    assert_legible(display.figure_)
    below = [panel for panel in display.axes_ if panel.get_xlabel()]
    assert 1 < len(below) <= 3


def test_more_classes_than_panels(ax):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 5))
    path = riata.fit_path(X, np.arange(200) % 14, loss="multinomial", alphas=5)
    display = PathDisplay.from_path(path, ax=ax)
    norms = np.linalg.norm(path.coefs, axis=0)
    np.testing.assert_allclose(
        display.lines_[0].get_ydata(), norms[display.columns_[0]]
    )
    assert ax.get_ylabel() == "norm over the 14 classes"


def test_features_of_panels_must_be_the_same(path):
    one = PathDisplay(path.alphas, path.coef)
    other = PathDisplay(path.alphas, path.coef[:5])
    with pytest.raises(ValueError, match="same features"):
        ClassPathsDisplay([one, other])
    with pytest.raises(ValueError, match="3 labels"):
        ClassPathsDisplay([one, one], ["a", "b", "c"])


def test_path_of_an_estimator(data, ax):
    pd = pytest.importorskip("pandas")
    X, y = data
    model = riata.LassoCV(cv=3, alphas=20).fit(pd.DataFrame(X, columns=NAMES), y)
    display = PathDisplay.from_estimator(model, ax=ax)
    assert display.alpha == model.alpha_
    assert display.feature_names == NAMES
    with pytest.raises(ValueError, match="one set of coefficients"):
        PathDisplay.from_path(model.path_, class_of_interest=0)
    with pytest.raises(ValueError, match=r"class_of_interest is 'a'.*classes \[\]"):
        PathDisplay.from_estimator(model, class_of_interest="a")


def test_classes_of_an_estimator_by_name(classes_path, ax):
    class Model:
        path_, alpha_ = classes_path, classes_path.alphas[4]
        classes_ = np.array(["a", "b", "c"])

    display = PathDisplay.from_estimator(Model(), class_of_interest="c", ax=ax)
    np.testing.assert_array_equal(display.coef.toarray(), classes_path.coefs[2])
    display = PathDisplay.from_estimator(Model())
    assert [panel.get_title() for panel in display.axes_] == ["a", "b", "c"]


@pytest.mark.parametrize("display", [PathDisplay, CertificateDisplay, CVCurveDisplay])
def test_estimators_without_a_path(display, data, closed):
    with pytest.raises(ValueError, match="Lasso is not fitted yet"):
        display.from_estimator(riata.Lasso())
    with pytest.raises(ValueError, match=r"Lasso keeps no path.*LassoCV"):
        display.from_estimator(riata.Lasso().fit(*data))
    with pytest.raises(TypeError, match="must be a fitted estimator"):
        display.from_estimator(3)
    assert not closed.get_fignums()


def test_bad_input_of_paths(path, closed):
    plot, alphas, coefs = path.plot, path.alphas, path.coefs
    for error, message, call in (
        (ValueError, r"59 names.*60 features", lambda: plot(feature_names=["x"] * 59)),
        (TypeError, "must be a list of names", lambda: plot(feature_names="age")),
        (ValueError, "n_labels", lambda: plot(n_labels=-1)),
        (ValueError, "outside the range", lambda: plot(alpha=0.5 * alphas[-1])),
        (TypeError, "ax must be a matplotlib Axes", lambda: plot(ax=3)),
        (ValueError, "must decrease", lambda: PathDisplay(alphas[::-1], coefs)),
        (ValueError, "29 columns", lambda: PathDisplay(alphas, coefs[:, 1:])),
        (ValueError, "no alpha above 0", lambda: PathDisplay([0.0], [[1.0]])),
        (ValueError, "outside", lambda: PathDisplay([1.0], [[1.0]], alpha=2.0).plot()),
    ):
        with pytest.raises(error, match=message):
            call()
    assert not closed.get_fignums()


def test_without_matplotlib(path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'riata\[plot\]'"):
        path.plot()


# --- CVCurveDisplay


class Choice(NamedTuple):
    which: int
    at: int
    alpha: float
    path: Any


class Result:
    """A cross-validation with scores from a formula; min at 10, one SE at 6."""

    metrics = ("neg_mean_squared_error", "r2")

    gammas = None

    def __init__(self, data, l1_ratios=(1.0,), n_alphas=20):
        X, y = data
        self.l1_ratios = np.array(l1_ratios)
        self.paths = [
            riata.fit_path(X, y, l1_ratio=ratio, alphas=n_alphas) for ratio in l1_ratios
        ]
        self.alphas = [path.alphas for path in self.paths]
        steps = np.arange(n_alphas)
        self.mean = -(3.0 + 0.02 * (steps - min(10, n_alphas - 1)) ** 2) - np.arange(
            len(l1_ratios)
        )[::-1, None]

    def mean_score(self, metric=None):
        return self.mean if metric != "r2" else 1.0 + 0.1 * self.mean

    def standard_error(self, metric=None):
        return np.full(self.mean.shape, 0.35 if metric != "r2" else 0.035)

    def select(self, rule="min", metric=None):
        mean, error = self.mean_score(metric), self.standard_error(metric)
        which, at = np.unravel_index(np.argmax(mean), mean.shape)
        if rule == "1se":
            at = np.flatnonzero(mean[which] >= mean[which, at] - error[which, at])[0]
        path = self.paths[which]
        return Choice(int(which), int(at), float(path.alphas[at]), path)

    def out_of_fold(self, X, rule="min", offset=None):
        choice = self.select(rule)
        predicted = choice.path.predict(X, choice.alpha, offset)
        predicted[0] = np.nan  # a sample that no fold tests
        return predicted


@pytest.fixture(scope="module")
def result(data):
    return Result(data)


def test_scores_are_drawn_positive(result, ax):
    display = CVCurveDisplay.from_result(result, ax=ax)
    (line,) = display.lines_
    np.testing.assert_array_equal(line.get_xdata(), result.alphas[0])
    np.testing.assert_array_equal(line.get_ydata(), -result.mean[0])
    assert ax.get_ylabel() == "mean squared error\n(smaller is better)"
    bars = display.errorbar_.lines[2][0].get_segments()
    np.testing.assert_allclose([bar[1, 1] - bar[0, 1] for bar in bars], 0.7)
    assert_legible(ax.figure)


def test_greater_scores_stay_as_they_are(result, ax):
    display = CVCurveDisplay.from_result(result, metric="r2", ax=ax)
    np.testing.assert_array_equal(
        display.lines_[0].get_ydata(), result.mean_score("r2")[0]
    )
    assert ax.get_ylabel() == "R²\n(greater is better)"
    assert_legible(ax.figure)


def test_choices_are_marked(result, ax):
    display = CVCurveDisplay.from_result(result, ax=ax)
    alphas = result.alphas[0]
    for rule, at in (("min", 10), ("1se", 6)):
        assert display.marks_[rule].get_xdata() == [alphas[at]]
        assert display.marks_[rule].get_ydata() == [-result.mean[0, at]]
    assert texts(ax.texts) == [
        f"best: alpha = {alphas[10]:.3g}", f"1 SE: alpha = {alphas[6]:.3g}"
    ]


def test_choices_of_one_alpha_share_a_text(data, ax):
    CVCurveDisplay.from_result(Result(data, n_alphas=1), ax=ax)
    (text,) = texts(ax.texts)
    assert text.startswith("best, 1 SE: alpha = ")
    assert_legible(ax.figure)


def test_gammas_of_a_relaxed_lasso(data, ax):
    X, y = data[:2]
    model = riata.RelaxedLassoCV([0.0, 1.0], alphas=12, cv=3).fit(X, y)
    display = CVCurveDisplay.from_estimator(model, ax=ax)
    assert display.legend_.get_title().get_text() == "gamma"
    assert [text.get_text() for text in display.legend_.get_texts()] == ["0", "1"]


def test_a_score_without_a_standard_error(data, ax):
    X, y = data[:2]
    model = riata.RidgeCV([1.0, 10.0], scoring="r2", store_cv_results=True).fit(X, y)
    display = CVCurveDisplay.from_estimator(model, ax=ax)
    assert list(display.marks_) == ["min"]


def test_several_l1_ratios(data, ax):
    result = Result(data, (0.1, 0.5, 1.0))
    display = CVCurveDisplay.from_result(result, ax=ax)
    for k, line in enumerate(display.lines_):
        np.testing.assert_array_equal(line.get_xdata(), result.alphas[k])
        np.testing.assert_array_equal(line.get_ydata(), -result.mean[k])
    assert display.errorbar_.lines[0] is display.lines_[2]  # where the best one is
    assert texts(display.legend_.get_texts()) == ["0.1", "0.5", "1"]
    (top,) = ax.child_axes
    assert top.get_xlabel() == "non-zero coefficients (l1_ratio = 1)"
    assert_legible(ax.figure)
    inside = ax.get_window_extent()
    assert all(box.x0 > inside.x1 for box in boxes(display.legend_.get_texts()))


def test_alphas_that_time_left_out(data, ax):
    result = Result(data)
    result.paths[0] = riata.fit_path(*data, alphas=result.alphas[0][:15])
    result.mean[0, 15:] = np.nan
    result.mean_score = lambda metric=None: np.where(
        np.isnan(result.mean), -np.inf, result.mean
    )
    display = CVCurveDisplay.from_result(result, ax=ax)
    np.testing.assert_array_equal(
        display.lines_[0].get_xdata(), result.alphas[0][:15]
    )


def test_cross_validation_of_an_estimator(result, ax):
    class Model:
        cv_result_ = result

    display = CVCurveDisplay.from_estimator(Model(), rules="1se", ax=ax)
    assert list(display.marks_) == ["1se"]
    assert PathDisplay.from_estimator(Model()).alpha == result.alphas[0][10]
    mpl.pyplot.close("all")


def test_cross_validation_itself(data, ax):
    X, y = data
    cv = riata.cv_path(X, y, l1_ratio=[0.5, 1.0], alphas=12, cv=3, scoring="r2")
    display = CVCurveDisplay.from_result(cv, metric="r2", rules=("min", "bic"), ax=ax)
    for k, line in enumerate(display.lines_):
        np.testing.assert_array_equal(line.get_ydata(), cv.mean_score("r2")[k])
    for rule, mark in display.marks_.items():
        assert mark.get_xdata() == [cv.select(rule, "r2").alpha]
    assert_legible(ax.figure)


def test_estimators_that_cross_validate(data, closed):
    X, y = data
    model = riata.LassoCV(cv=3, alphas=9, select="1se").fit(X, y)
    assert CVCurveDisplay.from_estimator(model).metric == "neg_deviance"
    assert PathDisplay.from_estimator(model).alpha == model.alpha_
    seen = PredictionDisplay.from_result(model.cv_result_, X, y, rule="1se")
    np.testing.assert_array_equal(seen.y_pred, model.cv_result_.out_of_fold(X, "1se"))
    classifier = riata.LogisticRegressionCV(Cs=5, cv=3, l1_ratios=(1.0,))
    classifier.fit(X, y > np.median(y))
    best = classifier.cv_result_.select("min")
    assert PathDisplay.from_estimator(classifier).alpha == best.alpha


def test_one_fold_has_no_standard_error(ax):
    display = CVCurveDisplay(
        [[2.0, 1.0, 0.5]], [[0.1, 0.3, -np.inf]], [[np.nan] * 3], [[0, 1, 2]],
        metric="accuracy", choices={max: (0, 1)},
    ).plot(ax)
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), [0.1, 0.3, np.nan])
    assert texts(ax.texts) == ["max: alpha = 1"]
    assert_legible(ax.figure)


def test_bad_input_of_curves(result, closed):
    grid, rows = [[2.0, 1.0]], [[1.0, 2.0]]
    for message, call in (
        ("metric is 'mse'.*neg_mean", lambda: CVCurveDisplay.from_result(
            result, metric="mse")),
        ("mean_score has 2 entries", lambda: CVCurveDisplay(
            grid, rows * 2, rows, rows)),
        (r"standard_error has shape \(1,\)", lambda: CVCurveDisplay(
            grid, rows, [[1.0]], rows)),
        ("outside the grid", lambda: CVCurveDisplay(
            grid, rows, rows, rows, choices={"min": (0, 2)})),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert not closed.get_fignums()


# --- CertificateDisplay


def test_certificates_of_a_path(path, ax):
    display = CertificateDisplay.from_path(path, ax=ax)
    for line, values in (
        (display.gap_line_, path.relative_gap), (display.kkt_line_, path.kkt)
    ):
        np.testing.assert_array_equal(line.get_xdata(), path.alphas)
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert path.tol == 1e-6
    assert set(display.tol_line_.get_ydata()) == {1e-6}
    assert_legible(ax.figure)


@pytest.mark.parametrize("zeros", [[0, 5], [], range(10)])
def test_zero_gaps_stand_below_all_others(zeros, ax):
    alphas = np.geomspace(1.0, 0.1, 10)
    gap = np.geomspace(1e-7, 1e-12, 10)
    gap[list(zeros)] = 0.0
    display = CertificateDisplay(alphas, gap, np.maximum(gap, 1e-9), tol=1e-6).plot(ax)
    ax.figure.canvas.draw()
    places = ax.transData.transform(np.column_stack([alphas, gap]))[:, 1]
    assert np.isfinite(places).all()
    inside = ax.get_window_extent()
    assert ((places > inside.y0) & (places < inside.y1)).all()
    positive = places[gap > 0]
    assert (np.diff(positive) < 0).all()
    if len(positive) < 10:
        assert (places[gap == 0] < positive.min(initial=np.inf)).all()
        assert 0.0 in ax.get_yticks()
    else:
        assert ax.get_yscale() == "log"
    assert display.gap_line_.get_ydata().tolist() == gap.tolist()
    assert_legible(ax.figure)


def test_gaps_that_are_as_good_as_zero_take_no_room(ax):
    CertificateDisplay([3.0, 2.0, 1.0], [1e-40, 1e-15, 1e-9], [0.0] * 3).plot(ax)
    assert min(tick for tick in ax.get_yticks() if tick > 0) >= 1e-18


def test_unknown_gaps_are_not_in_the_legend(ax):
    nan = np.full(2, np.nan)
    display = CertificateDisplay([2.0, 1.0], nan, [1e-7, 1e-8], tol=1e-6).plot(ax)
    assert texts(display.legend_.get_texts()) == ["KKT violation", "tol = 1e-06"]
    assert_legible(ax.figure)


def test_certificates_of_an_estimator(data, ax):
    model = riata.LassoCV(cv=3, alphas=5).fit(*data)
    display = CertificateDisplay.from_estimator(model, tol=1e-3, ax=ax)
    np.testing.assert_array_equal(display.kkt, model.path_.kkt)
    assert display.tol == 1e-3


def test_bad_input_of_certificates():
    with pytest.raises(ValueError, match=r"kkt\[1\] is -1.0; it must be at least 0"):
        CertificateDisplay([2.0, 1.0], [0.0, 0.0], [0.0, -1.0])
    with pytest.raises(ValueError, match=r"relative_gap has shape \(1,\)"):
        CertificateDisplay([2.0, 1.0], [0.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="tol"):
        CertificateDisplay([2.0, 1.0], [0.0] * 2, [0.0] * 2, tol=-1.0)


# --- StabilityDisplay

ALPHAS = np.geomspace(1.0, 0.01, 9)
FREQUENCIES = np.vstack([
    np.linspace(0.0, 1.0, 9),
    np.minimum(1.0, np.linspace(0.4, 1.4, 9)),
    np.linspace(0.0, 0.5, 9),
    np.zeros(9),
    np.r_[np.linspace(0.0, 0.7, 5), np.linspace(0.6, 0.1, 4)],
])


def test_frequencies_are_drawn(ax):
    display = StabilityDisplay(
        ALPHAS, FREQUENCIES, feature_names=list("abcde")
    ).plot(ax)
    assert display.columns_.tolist() == [1, 0, 4, 2]  # without the one never selected
    for line, j in zip(display.lines_, display.columns_, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), FREQUENCIES[j])
    assert texts(display.labels_) == ["b", "a", "e"]  # which reach 0.6
    assert set(display.threshold_line_.get_ydata()) == {0.6}
    assert texts(display.legend_.get_texts()) == ["threshold 0.6 (3 selected)"]
    assert_legible(ax.figure)


def test_many_features_that_are_always_selected(ax):
    frequencies = np.ones((200, 9))
    display = StabilityDisplay(ALPHAS, frequencies, threshold=1.0).plot(ax, n_labels=6)
    assert len(display.labels_) == 6
    assert len(display.lines_) == 200
    assert_legible(ax.figure)


def test_stability_of_a_selector(data, ax):
    X, y = data
    selector = riata.StabilitySelection(n_pairs=5, threshold=0.8, random_state=0)
    selector.fit(X, y)
    display = StabilityDisplay.from_selector(selector, feature_names=NAMES, ax=ax)
    np.testing.assert_array_equal(display.frequencies, selector.stability_path_.toarray())
    np.testing.assert_array_equal(display.alphas, selector.alphas_)
    assert display.threshold == 0.8
    stable = display.frequencies.max(axis=1) >= 0.8
    assert set(texts(display.labels_)) <= set(np.array(NAMES)[stable])


def test_bad_input_of_stability(closed):
    for message, call in (
        (r"shape \(5, 8\)", lambda: StabilityDisplay(ALPHAS, FREQUENCIES[:, 1:])),
        (r"frequencies\[0, 5\] is 1.25", lambda: StabilityDisplay(
            ALPHAS, 2 * FREQUENCIES[:1])),
        ("threshold is 0.0", lambda: StabilityDisplay(
            ALPHAS, FREQUENCIES, threshold=0.0)),
        ("4 names", lambda: StabilityDisplay(
            ALPHAS, FREQUENCIES, feature_names=list("abcd"))),
        ("no stability_path_", lambda: StabilityDisplay.from_selector(riata.Lasso())),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert not closed.get_fignums()


# --- ShrinkageDisplay


def test_same_colours_on_both_sides(data, path, ax):
    ridge = riata.fit_path(*data, l1_ratio=0.0, alphas=30)
    display = ShrinkageDisplay.from_paths(path, ridge, feature_names=NAMES, ax=ax)
    left, right = display.axes_
    assert left.get_ylim() == right.get_ylim()
    assert display.lasso.columns_.tolist() == display.ridge.columns_.tolist()
    for side, fitted in ((display.lasso, path), (display.ridge, ridge)):
        for line, column in zip(side.lines_, side.columns_, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), fitted.coefs[column])
    for one, other in zip(display.lasso.lines_, display.ridge.lines_, strict=True):
        assert one.get_color() == other.get_color()
        assert one.get_linestyle() == other.get_linestyle()
    assert len(display.ridge.labels_) == 8
    assert_legible(ax.figure)


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e6])
def test_ridge_path_from_nothing_to_everything(scale, closed):
    X, y, _ = make_correlated_data(80, 6, random_state=1)
    display = ShrinkageDisplay.from_data(scale * X, y)
    first, last = np.abs(display.ridge.coef.toarray()[:, [0, -1]]).max(axis=0)
    assert first < 0.05 * last
    exact = np.linalg.lstsq(scale * (X - X.mean(axis=0)), y - y.mean())[0]
    np.testing.assert_allclose(
        display.ridge.coef.toarray()[:, -1], exact, atol=0.03 * np.abs(exact).max()
    )
    assert_legible(display.figure_)


def test_shrinkage_of_a_frame_and_of_sparse_data(closed):
    pd = pytest.importorskip("pandas")
    X, y, _ = make_correlated_data(80, 3, random_state=1)
    frame = pd.DataFrame(X, columns=["age", "height", "weight"])
    display = ShrinkageDisplay.from_data(frame, y)
    assert display.lasso.feature_names == ["age", "height", "weight"]
    other = ShrinkageDisplay.from_data(sparse.csr_array(X), y, standardize=False)
    np.testing.assert_allclose(other.ridge.alphas, display.ridge.alphas)
    given = ShrinkageDisplay.from_data(X, y, alphas=[2.0, 1.0], n_labels=0)
    assert given.ridge.alphas.tolist() == given.lasso.alphas.tolist() == [2.0, 1.0]


@pytest.mark.filterwarnings("ignore:alpha_max is 0")
def test_shrinkage_of_nothing(closed):
    X, _, _ = make_correlated_data(30, 4, random_state=1)
    display = ShrinkageDisplay.from_data(X, np.zeros(30))
    assert display.lasso.lines_ == []
    display.figure_.canvas.draw()


def test_bad_input_of_shrinkage(path, classes_path, closed):
    X, y, _ = make_correlated_data(40, 5, random_state=0)
    small = riata.fit_path(X, y, l1_ratio=0.0, alphas=3)
    with pytest.raises(ValueError, match="both must have the same"):
        ShrinkageDisplay.from_paths(path, small)
    with pytest.raises(ValueError, match="ridge_path has several classes"):
        ShrinkageDisplay.from_paths(path, classes_path)
    assert not closed.get_fignums()


# --- PredictionDisplay


def test_predictions(ax):
    y_true, y_pred = np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.5, 2.0, 2.0, 6.0])
    display = PredictionDisplay.from_predictions(y_true, y_pred, ax=ax)
    np.testing.assert_array_equal(display.points_.get_xdata(), y_pred)
    np.testing.assert_array_equal(display.points_.get_ydata(), y_true)
    np.testing.assert_array_equal(display.residual_points_.get_xdata(), y_pred)
    np.testing.assert_array_equal(display.residual_points_.get_ydata(), y_true - y_pred)
    assert display.r2_ == pytest.approx(1 - 1.25 / 14)
    left, right = display.axes_
    assert left.get_xlim() == left.get_ylim() == right.get_xlim()
    assert sum(right.get_ylim()) == 0.0
    assert display.identity_line_.get_slope() == 1.0
    assert_legible(ax.figure)


@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e5, 1e9])
def test_numbers_of_any_size(scale, ax):
    rng = np.random.default_rng(0)
    y = scale * rng.standard_normal(3000)
    PredictionDisplay.from_predictions(y, y + 0.1 * y[::-1], ax=ax)
    assert_legible(ax.figure)


def test_predictions_without_spread(ax):
    display = PredictionDisplay.from_predictions([3.0, 3.0], [3.0, 3.0], ax=ax)
    assert np.isnan(display.r2_)
    assert_legible(ax.figure)


def test_predictions_of_an_estimator(data, ax):
    X, y = data
    model = riata.Lasso().fit(X, y)
    display = PredictionDisplay.from_estimator(model, X, y, ax=ax)
    np.testing.assert_array_equal(display.y_pred, model.predict(X))
    assert display.r2_ == pytest.approx(model.score(X, y))


def test_predictions_out_of_fold(data, result, ax):
    X, y = data
    display = PredictionDisplay.from_result(result, X, y, rule="1se", ax=ax)
    np.testing.assert_array_equal(display.y_true, y[1:])
    np.testing.assert_array_equal(display.y_pred, result.out_of_fold(X, "1se")[1:])


def test_bad_input_of_predictions(data, closed):
    X, y = data
    classifier = riata.LogisticRegression().fit(X, y > 0)
    for message, call in (
        (r"y_pred has shape \(3, 1\)", lambda: PredictionDisplay([1.0] * 3, [[1]] * 3)),
        ("NaN for every", lambda: PredictionDisplay([1.0], [np.nan])),
        ("y_pred", lambda: PredictionDisplay([1.0], [np.inf])),
        ("y_true", lambda: PredictionDisplay([1.0, 2.0], [1.0])),
        ("classifier", lambda: PredictionDisplay.from_estimator(classifier, X, y)),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert not closed.get_fignums()


# --- All of them


@pytest.fixture(scope="module")
def displays(data, path, result):
    """Each kind, not drawn yet."""
    return {
        "path": PathDisplay(path.alphas, path.coef, alpha=path.alphas[9]),
        "curve": CVCurveDisplay(
            result.alphas, result.mean, -result.mean / 9, [path.n_active[:20]],
            choices={"min": (0, 4)},
        ),
        "certificate": CertificateDisplay(path.alphas, path.relative_gap, path.kkt),
        "stability": StabilityDisplay(ALPHAS, FREQUENCIES),
        "shrinkage": ShrinkageDisplay(
            *(PathDisplay(path.alphas, path.coef) for _ in range(2))
        ),
        "prediction": PredictionDisplay([1.0, 2.0], [1.5, 1.5]),
    }


KINDS = ("path", "curve", "certificate", "stability", "shrinkage", "prediction")
PANELS = ("shrinkage", "prediction")


@pytest.mark.parametrize("kind", KINDS)
def test_given_axes_open_no_figure(kind, displays, closed):
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    display = displays[kind]
    assert display.plot(figure.add_subplot()) is display
    assert display.figure_ is figure
    assert not closed.get_fignums()
    figure.canvas.draw()
    pickle.loads(pickle.dumps(figure))


@pytest.mark.parametrize("kind", KINDS)
def test_one_new_figure_without_axes(kind, displays, closed):
    display = displays[kind].plot()
    assert closed.get_fignums() == [display.figure_.number]
    assert_legible(display.figure_)


@pytest.mark.parametrize("kind", ["path", "certificate", "stability", "curve"])
def test_narrow_panels(kind, displays, closed):
    figure, axes = closed.subplots(1, 2, figsize=(7.0, 2.6), layout="constrained")
    for ax in axes:
        displays[kind].plot(ax)
    assert_legible(figure)


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("sharey", [False, True])
def test_two_axes_of_ones_own(kind, sharey, displays, closed):
    figure, axes = closed.subplots(1, 2, sharey=sharey and kind == "shrinkage")
    display = displays[kind].plot(axes)
    assert display.axes_ == list(axes)
    with pytest.raises(ValueError, match="ax holds 3 axes"):
        displays[kind].plot([*axes, axes[0]])
    with pytest.raises(ValueError, match="stands in no grid"):
        displays[kind].plot(figure.add_axes((0.1, 0.1, 0.5, 0.5)))
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes"):
        displays[kind].plot("here")


def test_names_are_lazy():
    assert set(riata.plots.__all__) <= set(dir(riata.plots))
    with pytest.raises(AttributeError, match="no attribute 'Display'"):
        riata.plots.Display


# --- Places of labels


def test_spread_keeps_order_and_distance():
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 30):
        wanted = rng.random(n)
        placed = spread(wanted, 0.05)
        order = np.argsort(wanted)
        assert np.all(np.diff(placed[order]) >= 0.05 - 1e-12)
        assert placed.mean() == pytest.approx(wanted.mean())
    np.testing.assert_allclose(spread([0.1, 0.9, 0.5], 0.05), [0.1, 0.9, 0.5])


def test_spread_stays_in_bounds():
    placed = spread([0.98, 1.0, 0.99, 0.1], 0.05, 0.0, 1.0)
    np.testing.assert_allclose(placed, [0.9, 1.0, 0.95, 0.1])
    np.testing.assert_allclose(spread([0.0, 0.0], 0.2, 0.0, 1.0), [0.2, 0.0])
