"""Pictures of paths. Matplotlib loads when one is drawn."""

import numpy as np

from . import _validation as check

# Okabe & Ito's colours, which colour-blind readers can tell apart, without the yellow.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000",
)
STYLES = ("-", "--", ":", "-.")
GREY = "#b8b8b8"
MOST_LINES = 2000  # more can not be told apart, and are slow to draw


def plot_path(path, ax=None, *, feature_names=None, alpha=None, n_labels=8):
    """Draw the coefficients of a path against the strength of the penalty.

    The strength falls from left to right on a logarithmic scale (an alpha of 0 is left
    out); the axis on top counts the non-zero coefficients. The coefficients that are
    largest at `alpha`, or else at the end, are coloured and labelled, the others grey.

    Parameters
    ----------
    path : PathResult
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    feature_names : array-like of str of shape (n_features,), optional
        Labels; by default the numbers of the columns.
    alpha : float, optional
        A strength to mark with a vertical line, within the range of the path.
    n_labels : int, default=8
        Most coefficients to label.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the path has no alpha above 0, `alpha` is out of its range, or
        `feature_names` has not one name for each column.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import fit_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((50, 20))
    >>> path = fit_path(X, X[:, :2] @ [3.0, -2.0])
    >>> ax = path.plot(feature_names=[f"gene {j}" for j in range(20)], alpha=0.1)
    >>> ax.get_ylabel()
    'coefficient'
    """
    n_labels = check.check_integer(n_labels, "n_labels", low=0)
    alpha = None if alpha is None else check.check_alpha(alpha)
    names = _names(feature_names, path.n_features_in)
    shown = path.alphas > 0
    if not shown.any():
        raise ValueError("the path has no alpha above 0; its scale is logarithmic.")
    alphas = path.alphas[shown]
    drawn = path.coef[:, np.flatnonzero(shown)]
    at = drawn[:, [-1]].toarray().ravel() if alpha is None else path.coef_at(alpha)[0]
    columns, coefs = _largest(drawn, at)
    n_labels = min(n_labels, np.count_nonzero(at))
    ax = _new_axes() if ax is None else ax
    _draw_lines(ax, alphas, coefs, n_labels)
    ax.axhline(0.0, color="#404040", linewidth=0.6, zorder=1)
    ax.set_xscale("log")
    low, high = (alphas[-1], alphas[0]) if len(alphas) > 1 else (
        0.5 * alphas[0], 2.0 * alphas[0]
    )
    ax.set_xlim(high, low)
    ax.margins(y=0.06)
    ax.set_xlabel("alpha (strength of the penalty)")
    ax.set_ylabel("coefficient")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    _count_on_top(ax, alphas, path.n_active[shown])
    if alpha is not None:
        _mark(ax, alpha)
    _label(ax, coefs[:n_labels, -1], [names[j] for j in columns[:n_labels]])
    return ax


def _names(feature_names, n_features):
    if feature_names is None:
        return range(n_features)
    names = [str(name) for name in feature_names]
    if len(names) != n_features:
        raise ValueError(
            f"feature_names has {len(names)} names, but the path has {n_features} "
            "features."
        )
    return names


def _largest(coef, at):
    """Columns with a non-zero coefficient, the largest in the vector `at` first."""
    rows = coef.tocsr()
    columns = np.flatnonzero(np.diff(rows.indptr))
    peak = np.abs(rows[columns]).max(axis=1).toarray().ravel()
    order = np.lexsort((-peak, -np.abs(at[columns])))[:MOST_LINES]
    return columns[order], rows[columns[order]].toarray()


def _new_axes():
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "drawing a path needs matplotlib; install it with "
            "pip install 'riata[plot]'."
        ) from error
    return plt.subplots(figsize=(8.0, 5.0), layout="constrained")[1]


def _style(k):
    colour = COLOURS[k % len(COLOURS)]
    return colour, STYLES[k // len(COLOURS) % len(STYLES)]


def _draw_lines(ax, alphas, coefs, n_labels):
    marker = "o" if len(alphas) == 1 else None
    for coef in coefs[n_labels:]:
        ax.plot(alphas, coef, color=GREY, linewidth=0.8, marker=marker, zorder=1.5)
    for k, coef in reversed(list(enumerate(coefs[:n_labels]))):
        colour, style = _style(k)
        ax.plot(
            alphas, coef, color=colour, linestyle=style, linewidth=1.6, marker=marker
        )


def _count_on_top(ax, alphas, n_active):
    """Non-zero coefficients at a handful of alphas, evenly spread."""
    low, high = sorted(ax.get_xlim())
    places = np.geomspace(high, low, 7)
    nearest = [int(np.argmin(np.abs(np.log(alphas / place)))) for place in places]
    top = ax.secondary_xaxis("top")
    top.set_xticks(places, [f"{n_active[k]}" for k in nearest])
    top.minorticks_off()
    top.tick_params(length=3)
    top.set_xlabel("non-zero coefficients")


def _mark(ax, alpha):
    if alpha <= 0:
        return
    ax.axvline(alpha, color="#404040", linewidth=0.9, linestyle=(0, (4, 3)), zorder=1.2)
    ax.annotate(
        f"alpha = {alpha:.3g}", xy=(alpha, 1.0), xycoords=("data", "axes fraction"),
        xytext=(-4, -4), textcoords="offset points", rotation=90, ha="right", va="top",
        fontsize="small", color="#404040",
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
    )


def _label(ax, ends, names):
    """Names to the right of the lines' ends, moved apart where they would overlap."""
    if not names:
        return
    low, high = ax.get_ylim()
    size = 9.0
    height = ax.get_window_extent().height * 72.0 / ax.figure.dpi  # points
    wanted = (np.asarray(ends) - low) / (high - low)
    placed = spread(wanted, 1.25 * size / height)
    for k, name in enumerate(names):
        colour, style = _style(k)
        ax.annotate(
            "", xy=(1.0, wanted[k]), xytext=(1.035, placed[k]),
            xycoords="axes fraction", textcoords="axes fraction",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": colour, "linewidth": 0.8,
                "linestyle": style, "shrinkA": 0, "shrinkB": 0,
            },
        )
        ax.annotate(
            f" {name}", xy=(1.035, placed[k]), xycoords="axes fraction", color=colour,
            fontsize=size, va="center", annotation_clip=False,
        )


def spread(wanted, distance):
    """Places at least `distance` apart that are closest to the wanted ones.

    Least squares under an order constraint: isotonic regression (pool adjacent
    violators) of ``wanted - rank * distance``.

    Parameters
    ----------
    wanted : array-like of shape (n,)
    distance : float

    Returns
    -------
    ndarray of shape (n,)
    """
    wanted = np.asarray(wanted, dtype=float)
    order = np.argsort(wanted, kind="stable")
    steps = distance * np.arange(len(wanted))
    pools = []  # mean and number of members, means increasing
    for value in wanted[order] - steps:
        mean, count = value, 1
        while pools and pools[-1][0] >= mean:
            other, members = pools.pop()
            mean = (mean * count + other * members) / (count + members)
            count += members
        pools.append((mean, count))
    placed = np.empty(len(wanted))
    placed[order] = steps + np.repeat([m for m, _ in pools], [c for _, c in pools])
    return placed
