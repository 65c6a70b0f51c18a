"""Artists that arrange themselves when drawn, whatever size the figure has by then.

The one module that imports matplotlib at once; the others import it when they draw.
"""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.ticker import Formatter, Locator

LEADER = 12.0  # points between the end of a line and its label
GAP = 4.0  # points around a label along a vertical line
SHARES = sorted(np.linspace(0, 1, 17), key=lambda s: min(1 - s, s + 0.01))  # of the way up
SPACING = 1.25  # between labels, in heights of their font


class EndLabels(Artist):
    """Names at the right ends of lines, moved apart where they would overlap.

    Where there is no room for all, the last are left out.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x : float
        Where the lines end.
    ends : array-like of shape (n_lines,)
        Their heights there.
    names : list of str
    styles : list of dict
        Colour and line style of each.
    """

    def __init__(self, ax, x, ends, names, styles):
        super().__init__()
        self.set_in_layout(False)
        self.set_zorder(-1000)  # drawn first, before the labels it moves
        self.ends = np.asarray(ends, dtype=float)
        self.texts = [
            ax.annotate(
                f" {name}", xy=(x, end), xytext=(LEADER, 0.0),
                textcoords="offset points", color=style["color"], fontsize="small",
                va="center", annotation_clip=False,
                arrowprops={
                    "arrowstyle": "-", "linewidth": 0.8, **style, "relpos": (0.0, 0.5),
                    "shrinkA": 0.0, "shrinkB": 0.0, "patchA": None,
                },
            )
            for name, end, style in zip(names, self.ends, styles, strict=True)
        ]
        ax.add_artist(self)

    def draw(self, renderer):
        """Move the labels to where the lines end now."""
        if not self.texts:
            return
        point = self.axes.get_figure(root=True).dpi / 72.0
        box = self.axes.get_window_extent()
        places = np.column_stack([np.zeros_like(self.ends), self.ends])
        wanted = (self.axes.transData.transform(places)[:, 1] - box.y0) / point
        height = box.height / point
        size = self.texts[0].get_fontsize()
        distance, edge = SPACING * size, 0.5 * size
        room = min(len(self.texts), 1 + max(int((height - 2 * edge) / distance), 0))
        placed = spread(wanted[:room], distance, edge, height - edge)
        for k, text in enumerate(self.texts):
            text.set_visible(k < room)
            if k < room:
                text.xyann = (LEADER, placed[k] - wanted[k])


class MarkLabel(Artist):
    """The label of a vertical line, written along it where the fewest lines are.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x : float
        Position of the line.
    text : str
    side : {"left", "right"}
        The side of the line to prefer.
    """

    def __init__(self, ax, x, text, side):
        super().__init__()
        self.set_in_layout(False)
        self.set_zorder(-1000)  # drawn first, before the label it moves
        self.text = ax.annotate(
            text, xy=(x, 0.0), xycoords=("data", "axes fraction"), xytext=(GAP, GAP),
            textcoords="offset points", rotation=90, va="bottom",
            fontsize="small", color="#404040", zorder=1.9, annotation_clip=False,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
        )
        self.text.set_in_layout(False)
        self.sides = (side, "left" if side == "right" else "right")
        ax.add_artist(self)

    def draw(self, renderer):
        """Move the label to the place with the least in its way."""
        ax, point = self.axes, self.axes.get_figure(root=True).dpi / 72.0
        frame = ax.get_window_extent(renderer)
        length = self.text.get_window_extent(renderer).height
        room = (frame.height - length) / point - 2 * GAP
        taken = [
            other.get_window_extent(renderer)
            for other in ax.texts if other is not self.text and other.get_visible()
        ]
        lines = [  # by their widths, but those that cross all of the axes
            (line.get_linewidth() ** 4, line.get_path().transformed(ax.transData))
            for line in ax.lines if line.get_transform() == ax.transData
        ]

        def cost(place):
            self._place(*place, room)
            box = self.text.get_window_extent(renderer)
            return (
                1e6 * (box.x0 < frame.x0 or box.x1 > frame.x1)
                + 1e5 * sum(map(box.overlaps, taken))
                + sum(w * path.intersects_bbox(box, filled=False) for w, path in lines)
            )

        places = [(side, share) for share in SHARES for side in self.sides]
        self._place(*min(places, key=cost), room)

    def _place(self, side, share, room):
        self.text.xyann = -GAP if side == "left" else GAP, GAP + share * max(room, 0.0)
        self.text.set_ha("right" if side == "left" else "left")


class EvenPlaces(Locator):
    """Places evenly spread over a logarithmic axis, as many as there is room for."""

    def __call__(self):
        first, last = self.axis.get_view_interval()
        return self.tick_values(first, last)

    def tick_values(self, first, last):
        """As matplotlib asks for them."""
        return np.geomspace(first, last, int(np.clip(self.axis.get_tick_space(), 2, 7)))


class NearestCount(Formatter):
    """Writes the count that belongs to the alpha nearest to a place."""

    def __init__(self, alphas, counts):
        self.logs, self.counts = np.log(alphas), counts

    def __call__(self, place, position=None):
        """As matplotlib asks for it; nothing outside the range of the alphas."""
        log, logs = np.log(place), self.logs
        if not logs[-1] - 1e-9 <= log <= logs[0] + 1e-9:
            return ""
        return f"{self.counts[np.argmin(np.abs(logs - log))]}"


def spread(wanted, distance, low=-np.inf, high=np.inf):
    """Places at least `distance` apart that are closest to the wanted ones.

    Least squares under an order constraint: isotonic regression (pool adjacent
    violators) of ``wanted - rank * distance``, clipped to the bounds.

    Parameters
    ----------
    wanted : array-like of shape (n,)
    distance : float
    low, high : float, optional
        Bounds of the places; ``(n - 1) * distance`` must fit between them.

    Returns
    -------
    ndarray of shape (n,)
    """
    wanted = np.asarray(wanted, dtype=float)
    order = np.lexsort((-np.arange(len(wanted)), wanted))  # of equal ones the first on top
    steps = distance * np.arange(len(wanted))
    pools = []  # mean and number of members, means increasing
    for value in wanted[order] - steps:
        mean, count = value, 1
        while pools and pools[-1][0] >= mean:
            other, members = pools.pop()
            mean = (mean * count + other * members) / (count + members)
            count += members
        pools.append((mean, count))
    means = np.repeat([m for m, _ in pools], [c for _, c in pools])
    placed = np.empty(len(wanted))
    placed[order] = steps + np.clip(means, low, high - steps[-1:])
    return placed
