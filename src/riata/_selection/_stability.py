"""How often features are selected when a path is fitted to random parts of the data.

A resample is a vector of sample weights: 0 for what is left out, multiplicities of a
bootstrap. X is neither copied nor cut. Resamples are drawn from seeds of their own and
fitted in threads, so that nothing depends on how many run at a time.
"""

import warnings
from functools import partial
from typing import NamedTuple

import numpy as np

from .. import _validation as check
from .._path._checked import checked_data, checked_penalty
from .._path._solve import Limits, largest_alpha, solve_path
from .._solver._solutions import ConvergenceWarning, Settings, Status
from ..losses import get_loss
from ._stability_bounds import false_selection_bound

MOST_RESAMPLES = 10**6


class SelectionPath:
    """Selection frequencies along a path, over resamples of the data.

    Returned by `stability_path` and `bootstrap_path`.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
        Penalty strengths, decreasing, the same for all resamples.
    frequency : scipy.sparse.csc_array of shape (n_features, n_alphas)
        Share of the resamples in which a feature has a non-zero coefficient. With
        `n_features_to_select` a resample keeps its last set to the end of the path.
    selected : scipy.sparse.csc_array of bool and shape (n_features, n_resamples)
        What each resample selects: with `n_features_to_select` the last set that is not
        larger, else everything that is active at some alpha.
    resampling : {"pairs", "bootstrap"}
    n_features_to_select : int or None
    relative_gap : ndarray of shape (n_resamples,)
        Largest relative duality gap along the path of a resample.
    n_iter : ndarray of shape (n_resamples,)
        Largest number of outer iterations for an alpha.
    status : list of Status
        Of the path of a resample; the worst, if they differ.
    feature_names_in : ndarray of str of shape (n_features,), or None
        Names of the features, where X was a data frame that has them.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import stability_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 40))
    >>> y = X[:, 0] - X[:, 1] + rng.standard_normal(100)
    >>> stable = stability_path(X, y, n_features_to_select=4, random_state=0)
    >>> np.flatnonzero(stable.selection_frequency() >= 0.9)
    array([0, 1])
    """

    __module__ = "riata"

    feature_names_in = None

    def __init__(self, **fields):
        self.__dict__.update(fields)

    def __repr__(self):
        p, count = self.selected.shape
        return (
            f"<SelectionPath: {p} features, {len(self.alphas)} alphas, {count} resamples "
            f"({self.resampling}) that select {self.mean_n_selected:.3g} on average>"
        )

    @property
    def mean_n_selected(self):
        """Mean number of features that a resample selects."""
        return self.selected.nnz / self.selected.shape[1]

    def selection_frequency(self):
        """Share of resamples that select each feature.

        With `n_features_to_select` that of `selected`, else the largest along the path,
        as Meinshausen and Buehlmann define it.

        Returns
        -------
        ndarray of shape (n_features,)
        """
        if self.n_features_to_select is None:
            return np.asarray(self.frequency.max(axis=1).toarray()).ravel()
        return np.asarray(self.selected.mean(axis=1)).ravel()

    def bound(self, threshold=0.6, assumption="unimodal"):
        """Bound the expected number of falsely selected features.

        `false_selection_bound` for the features whose selection frequency is at least
        `threshold`. Without `n_features_to_select` the mean number of selected features
        takes the place of its expectation.

        Parameters
        ----------
        threshold : float in (0.5, 1], default=0.6
        assumption : {"none", "unimodal", "r-concave"}, default="unimodal"

        Returns
        -------
        float

        Raises
        ------
        ValueError
            For a bootstrap, for which no bound is known.
        """
        if self.resampling != "pairs":
            raise ValueError(
                f"resampling is {self.resampling!r}; the bound is for complementary "
                "pairs of half-samples: use stability_path."
            )
        p, count = self.selected.shape
        q = self.n_features_to_select
        return false_selection_bound(
            self.mean_n_selected if q is None else min(q, p), p, threshold,
            n_pairs=count // 2, assumption=assumption,
        )


def stability_path(
    X, y, *, n_pairs=50, n_features_to_select=None, random_state=None, n_jobs=None,
    **options,
):
    """Selection frequencies along a path, over complementary pairs of half-samples.

    The samples are split at random into two halves (of an odd number, one is left out),
    `n_pairs` times, and a path is fitted to each half. Features that most halves select
    are stable; `SelectionPath.bound` says how many of them are expected to be false.

    Parameters
    ----------
    X : array-like or sparse matrix or array of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
        As in `fit_path`. The halves of classes are stratified.
    n_pairs : int, default=50
        Splits; twice as many paths are fitted.
    n_features_to_select : int, optional
        A half-sample selects the active set of the last alpha before more than so many
        features are active, and its path ends there. By default the whole path counts.
    random_state : int, Generator, RandomState or None, default=None
        Pass an int for the same splits at each call.
    n_jobs : int, optional
        Paths fitted at the same time, in threads; -1 for all CPUs. The result does not
        depend on it.
    **options
        Those of `fit_path` but `max_active`, `max_deviance_ratio`, `time_limit`,
        `callback` and `init`. An automatic grid of alphas begins with the largest
        `alpha_max` of all half-samples.

    Returns
    -------
    SelectionPath

    Raises
    ------
    ValueError, TypeError
        If an argument is malformed, there are fewer than four samples (of positive
        weight), or a class has one sample only.

    Warns
    -----
    ConvergenceWarning
        If a solution did not reach `tol`.

    References
    ----------
    Meinshausen & Buehlmann (2010), doi:10.1111/j.1467-9868.2010.00740.x; Shah &
    Samworth (2013), doi:10.1111/j.1467-9868.2011.01034.x, for the pairs.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import stability_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 40))
    >>> y = X[:, 0] - X[:, 1] + rng.standard_normal(100)
    >>> stable = stability_path(X, y, n_pairs=10, alphas=30, random_state=0)
    >>> stable.frequency.shape, stable.selected.shape
    ((40, 30), (40, 20))
    """
    n_pairs = check.check_integer(n_pairs, "n_pairs", high=MOST_RESAMPLES)
    data, fit = _checked(X, y, n_features_to_select, n_jobs, **options)
    return _warned(X, data, "pairs", n_pairs, random_state, fit)


def bootstrap_path(
    X, y, *, n_resamples=100, n_features_to_select=None, random_state=None, n_jobs=None,
    **options,
):
    """Selection frequencies along a path, over bootstrap samples.

    A path is fitted to each of `n_resamples` samples of the size of the data, drawn with
    replacement: multiplicities that act as sample weights. What the frequencies say of
    false selections is not known; see `stability_path` for such bounds.

    Parameters
    ----------
    X : array-like or sparse matrix or array of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
        As in `fit_path`. Classes are drawn from one by one.
    n_resamples : int, default=100
    n_features_to_select, random_state, n_jobs, **options
        As in `stability_path`.

    Returns
    -------
    SelectionPath

    Raises
    ------
    ValueError, TypeError
        If an argument is malformed.

    Warns
    -----
    ConvergenceWarning
        If a solution did not reach `tol`.

    References
    ----------
    Bach (2008), arXiv:0804.1302.

    Examples
    --------
    >>> import numpy as np
    >>> from riata import bootstrap_path
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 40))
    >>> y = X[:, 0] - X[:, 1] + rng.standard_normal(100)
    >>> boot = bootstrap_path(X, y, n_resamples=20, alphas=[0.3], random_state=0)
    >>> np.flatnonzero(boot.selection_frequency() == 1.0)
    array([0, 1])
    """
    n_resamples = check.check_integer(n_resamples, "n_resamples", high=MOST_RESAMPLES)
    data, fit = _checked(X, y, n_features_to_select, n_jobs, **options)
    return _warned(X, data, "bootstrap", n_resamples, random_state, fit)


def _checked(
    X, y, n_features_to_select, n_jobs, *, loss="squared", l1_ratio=1.0,
    penalty=None, alphas=100, alpha_min_ratio=None, fit_intercept=True,
    standardize=False, sample_weight=None, offset=None, penalty_factor=None, lower=None,
    upper=None, tol=1e-6, max_iter=1000, n_threads=None,
):
    """The data, and the arguments of `selection_path`."""
    loss = get_loss(loss)
    check.check_n_jobs(n_jobs)
    data = checked_data(X, y, sample_weight, offset, loss)
    penalty = checked_penalty(
        penalty, l1_ratio, penalty_factor, lower, upper, data.X.n_features
    )
    if n_features_to_select is not None:
        check.check_integer(n_features_to_select, "n_features_to_select")
    return data, {
        "grid": check.check_alphas(alphas),
        "ratio": 1e-3 if alpha_min_ratio is None else check.check_real(
            alpha_min_ratio, "alpha_min_ratio", low=0.0, high=1.0, low_open=True,
            high_open=True,
        ),
        "n_features_to_select": n_features_to_select,
        "penalty": penalty,
        "settings": Settings(check.check_tol(tol), check.check_max_iter(max_iter)),
        "n_jobs": n_jobs,
        "loss": loss,
        "fit_intercept": check.check_bool(fit_intercept, "fit_intercept"),
        "standardize": check.check_bool(standardize, "standardize"),
        "n_threads": check.check_n_threads(n_threads),
    }


# --- Resamples: weights of the samples.


def _strata(data, loss):
    """Rows of positive weight, class by class with the largest last."""
    weight = data.sample_weight
    rows = np.arange(data.X.n_samples) if weight is None else np.flatnonzero(weight)
    if not loss.classifies or (data.y != np.rint(data.y)).any():
        return [rows]
    classes = [rows[data.y[rows] == label] for label in np.unique(data.y[rows])]
    return sorted(classes, key=len)


def _halves(strata, seed):
    """Multiplicities of the samples in both halves of a pair.

    Shuffled classes are placed one after the other and dealt out in turn, so that each
    is halved but for one sample. The one left over is of the largest class.
    """
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(rows) for rows in strata])
    return [(order[k:len(order) // 2 * 2:2], 1.0) for k in (0, 1)]


def _bootstrap(strata, seed):
    """Multiplicities of the samples in a bootstrap sample."""
    rng = np.random.default_rng(seed)
    drawn = np.concatenate([rng.choice(rows, len(rows)) for rows in strata])
    return [np.unique(drawn, return_counts=True)]


def _require_halves(strata):
    count = sum(map(len, strata))
    if count < 4:
        raise ValueError(
            f"n_samples={count} (samples of positive weight) is too few for half-samples:"
            " at least 4 are needed."
        )
    if len(strata) > 1 and len(strata[0]) < 2:
        raise ValueError(
            "y has a class with 1 sample only (of positive weight), which cannot be in "
            "both halves; leave such classes out."
        )


# --- Paths.


class _Selection(NamedTuple):
    """What a path selects; `first[k]` to `first[k + 1]` in `columns` for the k-th alpha."""

    columns: np.ndarray
    first: np.ndarray
    selected: np.ndarray
    relative_gap: float
    n_iter: int
    status: Status


def selection_path(
    data, resampling, count, random_state, *, grid, ratio, n_features_to_select, penalty,
    settings, n_jobs, n_threads, feature_names_in=None, **options,
):
    """`stability_path` and `bootstrap_path` on checked input, without their warning.

    Parameters
    ----------
    data : Data
    resampling : {"pairs", "bootstrap"}
    count : int
        Pairs, or bootstrap samples.
    grid : int or ndarray (n_alphas,)
    ratio : float
        Of the smallest to the largest alpha of an automatic grid.

    Returns
    -------
    SelectionPath
    """
    from joblib import Parallel, delayed, effective_n_jobs

    if penalty["l1_ratio"] == 0.0:
        raise ValueError("l1_ratio is 0, but without an L1 penalty nothing is selected.")
    strata = _strata(data, options["loss"])
    if resampling == "pairs":
        _require_halves(strata)
    draw = _halves if resampling == "pairs" else _bootstrap
    seeds = check.check_random_state(random_state).integers(2**63 - 1, size=count)
    resamples = [part for seed in seeds.tolist() for part in draw(strata, seed)]
    if effective_n_jobs(n_jobs) > 1 and n_threads is None:
        n_threads = 1
    options.update(penalty=penalty, n_threads=n_threads)

    def run(function):
        return Parallel(n_jobs=n_jobs, prefer="threads")(
            delayed(function)(_weighted(data, *part)) for part in resamples
        )

    if isinstance(grid, int):
        top = max(run(partial(largest_alpha, **options)))
        top = top if top > 0 else 1.0  # nothing is selected at any
        grid = top * np.logspace(0.0, np.log10(ratio), grid)
    fits = run(partial(
        _selection, grid=grid, most=n_features_to_select, settings=settings, **options
    ))
    return _collected(
        fits, data.X.n_features, grid, resampling=resampling,
        n_features_to_select=n_features_to_select, feature_names_in=feature_names_in,
    )


def _warned(X, data, resampling, count, random_state, fit):
    """`selection_path` with the names of X, and its warning."""
    path = selection_path(
        data, resampling, count, random_state, feature_names_in=check.feature_names_of(X),
        **fit,
    )
    _warn(path, fit["settings"].tol)
    return path


def _weighted(data, rows, times):
    """The data with sample weights of zero but for some rows."""
    weight = np.zeros(data.X.n_samples)
    weight[rows] = times
    if data.sample_weight is not None:
        weight *= data.sample_weight
    return data._replace(sample_weight=weight)


def _selection(data, *, grid, most, **options):
    """Fit the path of one resample, and reduce it to the active sets."""
    loss = options["loss"]
    n_outputs = int(data.y.max()) + 1 if loss.many_outputs else 1
    limits = None
    if most is not None:  # of several classes, a feature may have that many coefficients
        limits = Limits(most * n_outputs, None, None)
    path = solve_path(data, grid, limits=limits, **options)
    active = path.coef if n_outputs == 1 else sum(map(abs, path.coef)).tocsc()
    active.eliminate_zeros()
    sizes = np.diff(active.indptr)
    stop = len(sizes)
    if most is not None and (sizes > most).any():
        stop = int(np.argmax(sizes > most))
    first = active.indptr[:stop + 1]
    columns = active.indices[:first[-1]]
    last = columns[first[stop - 1]:] if stop else columns
    poor = [status for status in path.status if status is not Status.optimal]
    return _Selection(
        columns, first, np.unique(columns) if most is None else last,
        float(path.relative_gap.max()), int(path.n_iter.max()),
        poor[-1] if poor else Status.optimal,
    )


def _collected(fits, n_features, alphas, **facts):
    from scipy.sparse import coo_array, csc_array

    rows, places = [], []
    for fit in fits:
        stop = len(fit.first) - 1
        rows.append(fit.columns)
        places.append(np.repeat(np.arange(stop), np.diff(fit.first)))
        frozen = np.arange(stop, len(alphas)) if stop else []
        rows.append(np.tile(fit.selected, len(frozen)))
        places.append(np.repeat(frozen, len(fit.selected)))
    rows, places = np.concatenate(rows), np.concatenate(places).astype(np.intp)
    counts = coo_array(
        (np.ones(len(rows)), (rows, places)), shape=(n_features, len(alphas))
    ).tocsc()  # which sums
    counts.data /= len(fits)
    chosen = [fit.selected for fit in fits]
    columns = np.concatenate(chosen)
    selected = csc_array(
        (np.ones(len(columns), dtype=bool), columns,
         np.concatenate([[0], np.cumsum([len(part) for part in chosen])])),
        shape=(n_features, len(fits)),
    )
    return SelectionPath(
        alphas=alphas, frequency=counts, selected=selected,
        relative_gap=np.array([fit.relative_gap for fit in fits]),
        n_iter=np.array([fit.n_iter for fit in fits]),
        status=[fit.status for fit in fits], **facts,
    )


def _warn(path, tol):
    poor = [k for k, status in enumerate(path.status) if status is not Status.optimal]
    if poor:
        worst = max(poor, key=lambda k: path.relative_gap[k])
        warnings.warn(
            f"the paths of {len(poor)} of {len(path.status)} resamples did not reach "
            f"tol={tol:g} everywhere; the largest relative duality gap is "
            f"{path.relative_gap[worst]:.2e} (status: {path.status[worst]}). Raise "
            "max_iter, or accept a larger tol.",
            ConvergenceWarning,
            stacklevel=3,
        )
