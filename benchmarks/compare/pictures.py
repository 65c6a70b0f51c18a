"""Pictures of the race's results: gap against time, a panel for each cell."""

import textwrap
from itertools import groupby

from losses import LOSSES
from peers import SOLVERS
from table import describe

PANELS = 6  # in one file
WIDTH, ROW, DPI = 10.0, 3.2, 160  # inches, inches, dots per inch: 1600 dots across
FLOOR_SECONDS, FLOOR_GAP = 1e-4, 1e-17  # what is less is drawn here

# The cells of the first picture: of each kind one that is well known or easily made.
MAIN = "ar1_wide", "tall", "zipf", "leukemia", "california_poly4", "a9a"

# Okabe and Ito's palette, to be told apart by colour-blind eyes too, less its yellow. A
# solver's variants have its colour, with dashes of their own and open markers.
EMPHASISED = "riata"
TARGET = {"color": "0.25", "linewidth": 0.9, "zorder": 2}  # over the grid
STYLES = [
    ("#0072B2", "o"), ("#E69F00", "s"), ("#009E73", "^"), ("#CC79A7", "D"),
    ("#56B4E9", "v"), ("#D55E00", "P"), ("#777777", "X"),
]  # fmt: skip
DASHES = [(3, 1.5), (1, 1), (5, 1, 1, 1), (6, 3)]


def draw(store, folder):
    """Draw the gaps against the times of all cells in the race's results.

    Parameters
    ----------
    store : dict
        The contents of the race's JSON file.
    folder : Path
        Where the PNG files go.

    Returns
    -------
    files : list of Path
        Up to six cells in one file, ``race.png``. Of more cells it holds the main ones,
        and the others are in ``race-paths-1.png``, ``race-enet-1.png`` and so on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, cells in pages(store["cells"]):
        files.append(folder / f"{name}.png")
        _page(cells, files[-1])
    return files


def pages(cells):
    """Return pairs: the name of a file, and its cells by name."""
    if len(cells) <= PANELS:
        return [("race", cells)] if cells else []
    main = {name: cells[name] for name in MAIN if name in cells}
    result = [("race", main)] if main else []
    others = sorted(cells.keys() - main.keys(), key=list(cells).index)
    for kind, names in groupby(sorted(others, key=_kind), _kind):
        names = list(names)
        for k in range(0, len(names), PANELS):
            part = {name: cells[name] for name in names[k : k + PANELS]}
            result.append((f"race-{kind}-{k // PANELS + 1}", part))
    return result


def _kind(name):
    """Return what is fitted in a cell, by its name; see ``cells.py``."""
    endings = {"-enet": "enet", "-noint": "noint"}
    loss = next((loss for loss in LOSSES if f"-{loss}" in name), None)
    if loss:
        return loss
    if "@" in name:
        return "single"
    return next((v for k, v in endings.items() if name.endswith(k)), "paths")


def _order(name):
    """Return the place of a solver in legends: as in ``peers.py``."""
    return (list(SOLVERS).index(name) if name in SOLVERS else len(SOLVERS), name)


def _style(name):
    """Return the keywords of a solver's line; the same in all pictures."""
    family, _, variant = name.partition("-")
    if family == EMPHASISED:
        line = {"color": "black", "marker": "o", "linewidth": 2.4, "markersize": 9}
        return line | {"markeredgecolor": "white", "zorder": 4}
    families = dict.fromkeys(k.partition("-")[0] for k in SOLVERS if k != EMPHASISED)
    place = list(families).index(family) if family in families else len(STYLES)
    colour, marker = STYLES[min(place, len(STYLES) - 1)]
    line = {"color": colour, "marker": marker, "linewidth": 1.4, "markersize": 4.5}
    if variant:
        variants = [k for k in SOLVERS if k.startswith(f"{family}-")]
        place = variants.index(name) if name in variants else 0
        dashes = DASHES[place % len(DASHES)]
        line |= {"linestyle": (0, dashes), "markerfacecolor": "white"}
    return line | {"zorder": 3}


def _page(cells, file):
    """Draw one file."""
    # here, since nothing else in the race needs matplotlib
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    columns = min(len(cells), 3) if len(cells) != 4 else 2
    rows = -(-len(cells) // columns)
    figure = Figure(figsize=(WIDTH, ROW * rows + 0.7), dpi=DPI, layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for ax in grid[len(cells) :]:
        ax.remove()
    axes = grid[: len(cells)]
    figure.get_layout_engine().set(h_pad=0.07, w_pad=0.07)
    width = 42 * 3 // columns
    failures = [_failures(cell["solvers"], width) for cell in cells.values()]
    for ax, (name, cell), failed in zip(axes, cells.items(), failures, strict=True):
        _panel(ax, name, cell, failed)
    _set_limits(axes, cells.values(), max(map(len, failures)))
    for k, ax in enumerate(axes):
        if k + columns >= len(cells):
            ax.set_xlabel("seconds", fontsize=9)
        if k % columns == 0:
            ax.set_ylabel("worst relative gap", fontsize=9)
    results = [item for cell in cells.values() for item in cell["solvers"].items()]
    names = sorted({name for name, result in results if result["runs"]}, key=_order)
    lines = [Line2D([], [], **_style(name)) for name in names]
    place = 1 if EMPHASISED in names else len(names)  # so that variants stand in pairs
    names.insert(place, "target")
    lines.insert(place, Line2D([], [], **TARGET))
    figure.legend(
        lines, names, loc="outside lower center",
        ncols=len(names) if len(names) <= 6 else -(-len(names) // 2),
        fontsize=9.5, frameon=False, handlelength=3,
    )  # fmt: skip
    figure.savefig(file)


def _panel(ax, name, cell, failed):
    """Draw one cell."""
    ax.set_title(name, loc="left", fontsize=10.5, fontweight="bold", pad=17)
    ax.text(0, 1.02, describe(cell), transform=ax.transAxes, fontsize=8.5, color="0.3")
    ax.set(xscale="log", yscale="log")
    ax.grid(color="0.92", linewidth=0.7)
    ax.tick_params(labelsize=8.5)
    ax.spines[["top", "right"]].set_visible(False)
    ax.axhline(cell["target"], **TARGET)
    for solver, result in cell["solvers"].items():
        times, gaps = _points(result)
        style = _style(solver)
        if len(times) == 1:  # all that there is to see of it
            style["markersize"] *= 1.4
        ax.plot(times, gaps, **style)
        if solver == EMPHASISED and times:
            ax.annotate(
                solver, (times[-1], gaps[-1]), (0, -8), textcoords="offset points",
                fontsize=10, fontweight="bold", ha="center", va="top", zorder=5,
            )  # fmt: skip
    ax.text(
        0.98, 0.985, "\n".join(failed), transform=ax.transAxes, fontsize=8, color="0.3",
        ha="right", va="top", linespacing=1.15,
    )  # fmt: skip


def _points(result):
    """Return the seconds and gaps of a solver's runs, from loose to tight."""
    runs = sorted(result["runs"], key=lambda run: -run["tolerance"])
    times = [max(run["seconds"], FLOOR_SECONDS) for run in runs]
    return times, [max(run["worst_gap"], FLOOR_GAP) for run in runs]


def _failures(solvers, width):
    """Return lines of text that name the solvers without a single run."""
    failed = {k: v["error"] or "" for k, v in solvers.items() if not v["runs"]}
    slow = [k for k in sorted(failed, key=_order) if failed[k].startswith("over ")]
    broken = [k for k in sorted(failed, key=_order) if k not in slow]
    lines = []
    for what, names in (("not within the limit", slow), ("failed", broken)):
        if names:
            lines += textwrap.wrap(
                f"{what}: {', '.join(names)}", width, break_on_hyphens=False
            )
    return lines


def _set_limits(axes, cells, n_lines):
    """One range of gaps for a page, with room for the failures; times for each cell."""
    gaps = [cell["target"] for cell in cells]
    for ax, cell in zip(axes, cells, strict=True):
        points = [_points(result) for result in cell["solvers"].values()]
        times = [t for part, _ in points for t in part] or [1.0]
        gaps += [g for _, part in points for g in part]
        low, high = min(times), max(times)
        span = max(high / low, 10.0)
        centre = (high * low / span) ** 0.5  # of the narrow ones
        low, high = min(low, centre), max(high, centre * span)
        ax.set_xlim(low / span**0.13, high * span**0.06)
        _label_times(ax, narrow=span < 50)
    low, high = min(gaps), max(1.0, *gaps)
    low /= (high / low) ** 0.15  # riata's name stands below its last run
    axes[0].set_ylim(low, high * (high / low) ** (0.02 + 0.065 * n_lines))
    ticks = [10.0**k for k in range(-20, 1, 2)]
    axes[0].set_yticks([tick for tick in ticks if tick >= low])


def _label_times(ax, narrow):
    """Write plain numbers on the axis of times, so many that there are two at least."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ax.xaxis.set_major_locator(LogLocator(subs=(1, 3) if narrow else (1,)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(which="minor", length=0)
