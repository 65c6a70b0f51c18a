"""What the pictures share: colours, axes of alpha, lines with names at their ends."""

import numpy as np

from .. import _validation as check

# Okabe & Ito's colours, which colour-blind readers can distinguish, without the yellow.
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000",
)
# Beside the colours, for print in grey and for lines that lie on one another.
STYLES = ("-", (0, (5, 1.5)), (0, (6, 1.5, 1.2, 1.5)), (0, (1.5, 1.2)))
GREY = "#b8b8b8"
DARK = "#404040"
MOST_LINES = 2000  # more cannot be distinguished, and are slow to draw
SINGLE = (7.0, 4.2)  # inches
DOUBLE = (7.0, 3.5)
BETWEEN = 0.08  # two panels, in their widths


def style(k):
    """Colour and line style of the k-th line."""
    return {
        "color": COLOURS[k % len(COLOURS)], "linestyle": STYLES[k % len(STYLES)],
    }


def new_figure(size):
    """An empty figure of pyplot's."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "drawing needs matplotlib; install it with pip install 'riata[plot]'."
        ) from error
    return plt.figure(figsize=size, layout="constrained")


def one_axes(ax):
    """The axes to draw in: those given, or new ones."""
    return new_figure(SINGLE).add_subplot() if ax is None else check.check_axes(ax)


def two_axes(ax):
    """Two axes side by side: those given, or in the place of the one given, or new."""
    return many_axes(ax, 2, DOUBLE)


def many_axes(ax, count, size=None):
    """Axes in rows of up to three: those given, or in the place of the one given, or new.
    """
    ax = ax if ax is None else check.check_axes(ax, count)
    if isinstance(ax, list):
        return ax
    columns = min(count, 2 if count == 4 else 3)
    rows = -(-count // columns)
    if ax is None:
        figure = new_figure(size or (SINGLE[0], 1.3 + 2.0 * rows))
        grid = figure.add_gridspec(rows, columns, wspace=BETWEEN)
    else:
        figure, place = ax.figure, ax.get_subplotspec()
        if place is None:
            raise ValueError(
                f"ax stands in no grid that could be divided; pass {count} axes instead."
            )
        ax.set_axis_off()
        grid = place.subgridspec(rows, columns, wspace=BETWEEN)
    return [figure.add_subplot(grid[divmod(k, columns)]) for k in range(count)]


def label_outer(axes):
    """Leave labels only to the axes that have no other below, or at their left."""
    places = [ax.get_subplotspec() for ax in axes]
    if None in places or len({place.get_gridspec() for place in places}) > 1:
        return
    cells = {(place.rowspan.start, place.colspan.start) for place in places}
    for ax, place in zip(axes, places, strict=True):
        row, column = place.rowspan.start, place.colspan.start
        if (row + 1, column) in cells:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
        if (row, column - 1) in cells:
            ax.set_ylabel("")
            ax.tick_params(labelleft=False)


def name_lines(axes, lines, names):
    """A legend of lines that are in all panels, beside the last of the first row."""
    places = [ax.get_subplotspec() for ax in axes]
    first = [
        ax for ax, place in zip(axes, places, strict=True)
        if place is not None and place.rowspan.start == places[0].rowspan.start
    ]
    beside = (first or axes)[-1]
    return beside.legend(
        lines, shorten(names, longest_name(beside) * 3 // 2), loc="upper left",
        bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize="small", handlelength=1.8,
        handletextpad=0.5, borderpad=0.2,
    )


def remove_frame(ax):
    """Leave only the axes at the left and at the bottom."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def alpha_axis(ax, alphas):
    """Make x the strength: logarithmic, falling from left to right.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    alphas : ndarray
        Decreasing and above 0.
    """
    from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter, NullLocator

    ax.set_xscale("log")
    high, low = alphas[0], alphas[-1]
    if high == low:
        ax.set_xlim(2.0 * high, 0.5 * low)
        ax.xaxis.set_major_locator(FixedLocator([high]))
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        ax.set_xlim(high, low)
    ax.xaxis.set_minor_formatter(NullFormatter())
    if high / low < 50.0:  # few decades: in digits, at 1, 2, 5 and their like
        if high > low:
            ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.xaxis.set_major_formatter("{x:.3g}")
    ax.set_xlabel("alpha" if is_narrow(ax) else "alpha (strength of the penalty)")
    remove_frame(ax)


def count_on_top(ax, alphas, counts, note=""):
    """An axis on top with the counts of coefficients, where there is room for them."""
    from matplotlib.ticker import FixedLocator

    from ._artists import EvenPlaces, NearestCount

    # Named functions, where matplotlib's default could not be pickled.
    top = ax.secondary_xaxis("top", functions=(np.positive, np.positive))
    single = alphas[0] == alphas[-1]
    top.xaxis.set_major_locator(FixedLocator(alphas[:1]) if single else EvenPlaces())
    top.xaxis.set_major_formatter(NearestCount(alphas, counts))
    top.minorticks_off()
    top.tick_params(length=3)
    top.set_xlabel(("non-zero" if is_narrow(ax) else "non-zero coefficients") + note)


def mark_alpha(ax, alpha, text=None, side="left"):
    """A vertical line at a strength, with its value.

    Returns
    -------
    matplotlib.lines.Line2D
    """
    from ._artists import MarkLabel

    text = f"alpha = {alpha:.3g}" if text is None else text
    line = ax.axvline(
        alpha, color=DARK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1.2
    )
    if text:
        MarkLabel(ax, alpha, text, side)
    return line


def legend_on_top(ax, handles):
    """A legend in one row above the axes, where nothing is."""
    return ax.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0),
        ncols=len(handles), frameon=False, fontsize="small", columnspacing=1.2,
        handlelength=1.7, handletextpad=0.5, borderpad=0.2,
    )


def draw_lines(ax, alphas, rows, n_coloured):
    """A line for each row, the first ones coloured and the others grey.

    Lines that lie on one another show through: those with gaps are above.

    Returns
    -------
    list of matplotlib.lines.Line2D
    """
    marker = "o" if len(alphas) == 1 else None
    common = {"marker": marker, "markersize": 5}
    grey = [
        ax.plot(alphas, row, color=GREY, linewidth=0.8, zorder=1.5, **common)[0]
        for row in rows[n_coloured:]
    ]
    coloured = [
        ax.plot(
            alphas, row, linewidth=1.7, zorder=2.0 + 0.1 * (k % len(STYLES)),
            **style(k), **common,
        )[0]
        for k, row in enumerate(rows[:n_coloured])
    ]
    return coloured + grey


def draw_coefs(ax, display, columns, n_labels, *, named=True, counted=True):
    """Draw the coefficients of some columns, the first of them in colour.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    display : PathDisplay
    columns : ndarray of int
    n_labels : int
    named : bool
        Whether the coloured lines have their names beside them.
    counted : bool
        Whether the axis on top counts the coefficients.

    Returns
    -------
    columns, lines, labels
    """
    shown = np.flatnonzero(display.alphas > 0)
    alphas, coef = display.alphas[shown], display.coef[:, shown]
    columns = columns[:max(MOST_LINES, n_labels)]
    rows = coef.tocsr()[columns].toarray()
    lines = draw_lines(ax, alphas, rows, n_labels)
    ax.axhline(0.0, color=DARK, linewidth=0.6, zorder=1)
    alpha_axis(ax, alphas)
    if display.alpha and display.alpha > alphas[0]:
        ax.set_xlim(left=display.alpha)
    ax.margins(y=0.06)
    if not rows.any():
        ax.set_ylim(-1.0, 1.0)
        ax.annotate(
            "all coefficients are zero", (0.5, 0.0), xycoords="axes fraction",
            xytext=(0, 5), textcoords="offset points", ha="center", color=DARK,
        )
    ax.set_ylabel(display.ylabel)
    if counted:
        count_on_top(ax, alphas, (coef != 0).sum(axis=0))
    labels = name_ends(
        ax, alphas[-1], rows[:n_labels, -1],
        [display.feature_names[j] for j in columns[:n_labels]],
    ) if named else []
    return columns, lines, labels


def name_ends(ax, x, ends, names):
    """Names at the right ends of the first lines; see `EndLabels`.

    Returns
    -------
    list of matplotlib.text.Annotation
    """
    from ._artists import EndLabels

    names = shorten(names, longest_name(ax))
    return EndLabels(ax, x, ends, names, [style(k) for k in range(len(names))]).texts


def longest_name(ax):
    """How many characters fit beside axes, in a third of their width."""
    return max(10, int(width_of_place(ax) / 2.8 / 4.8))  # points of a letter


def is_narrow(ax):
    """Whether axes are too narrow for long labels, as panels side by side are."""
    return width_of_place(ax) < 250.0


def width_of_place(ax):
    """Points from one panel of the figure to the next."""
    figure = ax.get_figure(root=True)
    share, spec = 1.0, ax.get_subplotspec()
    if spec is not None:
        margins = figure.subplotpars.right - figure.subplotpars.left
        share = spec.get_position(figure).width / margins
    return 72.0 * figure.get_size_inches()[0] * share


def shorten(names, longest):
    """Names without their middles, where too long; or, if that makes them alike, without
    what they begin with."""
    short = [
        name if len(name) <= longest else
        f"{name[:longest // 2]}…{name[len(name) - (longest - 1) // 2:]}"
        for name in names
    ]
    if len(set(short)) == len(set(names)):
        return short
    letters = enumerate(zip(*names, strict=False))
    start = next((k for k, these in letters if len(set(these)) > 1), 0)
    cut = [f"…{name[start:]}" for name in names]
    return [n if len(n) <= longest else f"{n[:longest - 1]}…" for n in cut]
