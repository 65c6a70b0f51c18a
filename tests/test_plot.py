"""The picture of a path shows what the path says."""

import matplotlib as mpl
import numpy as np
import pytest

import riata
from riata._plot import spread
from riata.datasets import make_correlated_data

mpl.use("Agg")


@pytest.fixture(scope="module")
def path():
    X, y, _ = make_correlated_data(40, 60, n_nonzero=5, random_state=0)
    return riata.fit_path(X, y, alphas=30)


@pytest.fixture
def ax():
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def labels(ax):
    return [text.get_text().strip() for text in ax.texts if text.get_text().strip()]


def test_lines_are_the_coefficients(path, ax):
    assert path.plot(ax=ax) is ax
    coefs = path.coef.toarray()
    drawn = [line for line in ax.lines if len(line.get_xdata()) == len(path)]
    assert len(drawn) == np.count_nonzero(coefs.any(axis=1))
    rows = {tuple(row) for row in coefs}
    for line in drawn:
        np.testing.assert_array_equal(line.get_xdata(), path.alphas)
        assert tuple(line.get_ydata()) in rows
    left, right = ax.get_xlim()
    assert left > right


def test_labels_are_the_largest_at_the_end(path, ax):
    names = [f"gene {j}" for j in range(60)]
    path.plot(ax=ax, feature_names=names, n_labels=5)
    last = np.abs(path.coef[:, [-1]].toarray().ravel())
    assert labels(ax) == [names[j] for j in np.argsort(-last)[:5]]


def test_labels_are_the_largest_at_the_marked_alpha(path, ax):
    alpha = path.alphas[10]
    path.plot(ax=ax, alpha=alpha, n_labels=3)
    coef = np.abs(path.coef_at(alpha)[0])
    mark, *rest = labels(ax)
    assert mark == f"alpha = {alpha:.3g}"
    assert rest == [str(j) for j in np.argsort(-coef)[:3]]
    assert any(np.all(np.asarray(line.get_xdata()) == alpha) for line in ax.lines)


def test_labels_only_of_what_is_in_the_marked_model(path, ax):
    k = int(np.flatnonzero(path.n_active == 2)[0])
    path.plot(ax=ax, alpha=path.alphas[k], n_labels=8)
    assert len(labels(ax)) == 1 + 2


def test_top_axis_counts(path, ax):
    path.plot(ax=ax)
    top = ax.child_axes[0]
    counts = [int(text.get_text()) for text in top.get_xticklabels()]
    assert counts[0] == path.n_active[0]
    assert counts[-1] == path.n_active[-1]


def test_new_figure_by_default(path):
    import matplotlib.pyplot as plt

    ax = path.plot(n_labels=0)
    assert labels(ax) == []
    plt.close(ax.figure)


@pytest.mark.parametrize("alphas", [[1e6], [0.5], [0.5, 0.0], [1e6, 1e5]])
def test_short_and_empty_paths(alphas, ax):
    X, y, _ = make_correlated_data(40, 5, random_state=0)
    riata.fit_path(X, y, alphas=alphas).plot(ax=ax)
    ax.figure.canvas.draw()


def test_wide_ridge_path(ax):
    X, y, _ = make_correlated_data(20, 3000, random_state=0)
    path = riata.fit_path(X, y, l1_ratio=0.0, alphas=[10.0, 1.0])
    path.plot(ax=ax)
    assert len(ax.lines) <= 2100


def test_errors(path, ax):
    with pytest.raises(ValueError, match=r"59 names.*60 features"):
        path.plot(ax=ax, feature_names=["x"] * 59)
    with pytest.raises(ValueError, match="alpha"):
        path.plot(ax=ax, alpha=1e9 * path.alphas[-1] * 1e-12)
    with pytest.raises(ValueError, match="n_labels"):
        path.plot(ax=ax, n_labels=-1)
    X, y, _ = make_correlated_data(40, 5, random_state=0)
    with pytest.raises(ValueError, match="no alpha above 0"):
        riata.fit_path(X, y, alphas=[0.0]).plot(ax=ax)
    assert not ax.lines


def test_without_matplotlib(path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'riata\[plot\]'"):
        path.plot()


def test_spread_keeps_order_and_distance():
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 30):
        wanted = rng.random(n)
        placed = spread(wanted, 0.05)
        order = np.argsort(wanted)
        assert np.all(np.diff(placed[order]) >= 0.05 - 1e-12)
        assert placed.mean() == pytest.approx(wanted.mean())
    np.testing.assert_allclose(spread([0.1, 0.9, 0.5], 0.05), [0.1, 0.9, 0.5])
