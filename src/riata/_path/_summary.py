"""What a model says: tables of coefficients, and a path in a dozen lines."""

import numpy as np

from .. import _validation as check
from ._table import frame_of, lay_out

LINES = 12  # of a path that is printed
ENDS = {
    "complete": "complete", "max_active": "ended by max_active",
    "deviance": "ended by max_deviance_ratio", "time_limit": "ended by time_limit",
    "callback": "ended by the callback", "interrupted": "interrupted",
}


def coefficient_table(
    coef, *, deviations=None, entry=None, frequency=None, feature_names=None, rows=None,
    all_features=False, frame=None,
):
    """A table of coefficients, the largest on the standardised scale first.

    Parameters
    ----------
    coef : ndarray of shape (n_features,) or (n_rows, n_features)
    deviations : ndarray of shape (n_features,), optional
        Standard deviations of the columns.
    entry : ndarray of the shape of `coef`, optional
        Strength at which each coefficient enters; NaN if it does not.
    frequency : ndarray of shape (n_features,) or that of `coef`, optional
        Share of the folds in which each coefficient is not zero.
    feature_names : array-like of str of shape (n_features,), optional
        By default the numbers of the columns.
    rows : tuple, optional
        What the rows of `coef` are, "class" or "target", and their labels.
    all_features : bool, default=False
        Also those whose coefficient is zero.
    frame : {"pandas", "polars", "table"}, optional
        As of `riata._path._table.frame_of`.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or Table
    """
    all_features = check.check_bool(all_features, "all_features")
    matrix = np.atleast_2d(coef)
    p = matrix.shape[1]
    names = check.check_feature_names(feature_names, p)
    names = np.arange(p) if names is None else np.array(names, dtype=object)
    row, feature = np.indices(matrix.shape).reshape(2, -1)
    value = matrix.ravel()
    columns = {"feature": names[feature], "coef": value}
    weight = np.abs(value)
    if deviations is not None:
        per_deviation = np.where(value == 0, 0.0, value * deviations[feature])
        columns["standardized"], weight = per_deviation, np.abs(per_deviation)
    columns["sign"] = np.array(["-", "", "+"])[np.sign(value).astype(int) + 1]
    if entry is not None:
        columns["entry_alpha"] = np.ravel(entry)
    if frequency is not None:
        columns["frequency"] = np.broadcast_to(frequency, matrix.shape).ravel()
    if rows is not None:
        columns = {rows[0]: np.asarray(rows[1])[row], **columns}
    order = np.argsort(-weight, kind="stable")
    if not all_features:
        order = order[value[order] != 0]
    return frame_of({name: part[order] for name, part in columns.items()}, frame)


def entry_alphas(path):
    """Strength at which each coefficient of a path first is not zero, NaN for never."""
    first = np.full(path._n_coefs, np.nan)
    alphas = np.repeat(path.alphas, path.n_active)
    first[path._columns[::-1]] = alphas[::-1]
    several = path._n_coefs != path.n_features_in
    return first.reshape(path.n_features_in, -1).T if several else first


def summary_of(
    path, at, feature_names=None, selection_frequency=None, *, classes=None, **options
):
    """Summary of one solution of a path.

    Parameters
    ----------
    path : PathResult
    at : int or float
        Index of the strength, or (a float) the strength itself.
    feature_names : array-like of str of shape (n_features,), optional
    selection_frequency : ndarray of shape (n_features,), optional
    classes : array-like of shape (n_classes,), optional
        Labels; by default the numbers of the classes.
    **options
        `all_features` and `frame`, as of `coefficient_table`.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or Table
    """
    coef = path.coef_at(at)[0] if isinstance(at, float) else path._coef_of(at)
    rows = None
    if coef.ndim == 2:
        rows = ("class", np.arange(len(coef)) if classes is None else classes)
    column_scales = path._column_scales
    if feature_names is None:
        feature_names = path.feature_names_in
    return coefficient_table(
        coef, deviations=column_scales and column_scales.deviations(),
        entry=entry_alphas(path),
        frequency=selection_frequency, feature_names=feature_names, rows=rows, **options,
    )


def summary_of_estimator(model, feature_names=None, **options):
    """Summary of a fitted estimator; as `summary_of`."""
    coef = model.coef_.toarray() if hasattr(model.coef_, "toarray") else model.coef_
    labels = getattr(model, "classes_", None)
    if labels is not None and len(coef) == 1:
        coef = coef[0]
    rows = None
    if coef.ndim == 2:
        rows = ("target", np.arange(len(coef)))
        if labels is not None:
            rows = ("class", labels)
    solved, path = model._solved_, getattr(model, "path_", None)
    result, frequency = getattr(model, "cv_result_", None), None
    if result is not None and solved is not None:
        place = _place(result, solved[0])
        if result.l1_ratios[place[0]] > 0:  # else nothing enters, and all is there
            frequency = result._frequency(*place)
            path = result.paths[place[0]]
    if feature_names is None:
        feature_names = getattr(model, "feature_names_in_", None)
    return coefficient_table(
        np.asarray(coef, dtype=float),
        deviations=None if solved is None else solved[0].column_scales.deviations(),
        entry=None if path is None else entry_alphas(path),
        frequency=frequency,
        feature_names=feature_names, rows=rows, **options,
    )


def loss_text(loss):
    """Name of a loss, with its parameters if there are any."""
    return repr(loss) if any(value is not False for value in vars(loss).values()) else (
        loss.name
    )


def _place(result, solved):
    """Position of the chosen model among those of a cross-validation."""
    which = int(np.argmin(np.abs(result.l1_ratios - solved.l1_ratio)))
    return which, int(np.argmin(np.abs(result.paths[which].alphas - solved.alpha)))


def _looked_at(path):
    """How often X was, in words."""
    work = path.diagnostics
    if work.reads is None:
        return f"{path.passes:.3g} passes over X"
    requests = f" ({work.requests} requests to workers)" if work.requests else ""
    return f"{work.reads:.3g} reads of X{requests}"


def describe_path(path):
    """A path as text: a header, and a line for each of a dozen alphas."""
    penalty = {0.0: "Ridge", 1.0: "Lasso"}.get(path.l1_ratio)
    penalty = penalty or f"Elastic-net (l1_ratio {path.l1_ratio:.3g})"
    if path._options.penalty is not None:
        penalty = type(path._options.penalty).__name__
    missed = sum(status != "optimal" for status in path.status)
    end = ENDS.get(path.end, path.end)
    end += f", {missed} of them not to the tolerance" if missed else ""
    gap = np.max(path.relative_gap)  # NaN for a loss that is not convex
    worst = f"relative gaps <= {gap:.1e}" if gap == gap else (
        f"KKT violations <= {path.kkt.max():.1e}"
    )
    cost = []
    if not np.isnan(path.passes):
        cost = [f"{_looked_at(path)}, {path.seconds[-1]:.3g} s"]
    count = len(path.alphas)
    head = (
        f"{penalty} path, {loss_text(path._loss)} loss: {path.n_samples} samples, "
        f"{path.n_features_in} features\n"
        f"{count} alpha{'s' * (count != 1)}, {end}; {'; '.join([worst, *cost])}\n"
    )
    which = np.unique(np.linspace(0, count - 1, LINES).round().astype(int))
    columns = {
        "alpha": [f"{value:.4g}" for value in path.alphas[which]],
        "df": [f"{value:.4g}" for value in path._df[which]],
        "%dev": [f"{100.0 * value:.2f}" for value in path.deviance_ratio[which]],
        "gap": [f"{value:.1e}" for value in path.relative_gap[which]],
        "kkt": [f"{value:.1e}" for value in path.kkt[which]],
    }
    return f"{head}\n{lay_out(columns)}"
