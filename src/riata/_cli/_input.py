"""What the command line makes of its arguments and files: samples, losses, coefficients."""

import re
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ._columns import TRUTH, class_labels, is_number
from ._csv_file import read_csv
from ._data_files import read_data
from ._file_kinds import listed, suggestion
from ._table_file import Encoding

MOST_CLASSES = 100
WHOLE_FLOAT = re.compile(r"[0-9]+\.0+", re.ASCII)


class Samples(NamedTuple):
    """What a model is fitted to."""

    X: object
    y: np.ndarray
    names: list | None
    classes: np.ndarray | None
    arguments: dict  # of fit_path and its like, beside X and y
    categories: dict | None  # columns that one-hot encoding replaced, with their levels


def load_samples(options, loss, model=None):
    """Read the data that the arguments name.

    Parameters
    ----------
    options : argparse.Namespace
    loss : Loss
        Whether y holds classes.
    model : LinearPredictor, optional
        Whose classes and levels of categories hold.

    Returns
    -------
    Samples
    """
    known = () if model is None else columns_of(model)
    source = read_data(options.data, options.header, known)
    target = options.target
    if target is None:
        target = source.own_target
    if target is None:
        columns = getattr(source, "order", None)
        raise ValueError(
            f"--target is needed: which column of {options.data} is to be predicted"
            + (f" ({listed(columns)})?" if columns else "?")
        )
    y = source.take(target, "--target")
    arguments = {}
    for name, option in (("weights", "sample_weight"), ("offset", "offset")):
        which = getattr(options, name)
        if which is not None:
            arguments[option] = numbers(source.take(which, f"--{name}"), f"--{name}")
    for which in options.drop:
        source.drop(which, "--drop")
    features = source.design(encoding_of(options, source, model))
    warn_of(features.notes)
    classes = None
    if loss.classifies:
        classes, y = encoded(y, None if model is None else model.classes)
    else:
        y = numbers(y, "--target", "; for classes use --loss logistic")
    return Samples(
        features.X, y, features.names, classes, arguments, features.categories
    )


def encoding_of(options, source, model):
    """Which columns are encoded: those of the arguments, and those of a model."""
    columns = []
    for which in options.categorical:
        name = source.find(which, "--categorical")
        if name not in getattr(source, "columns", (name,)):
            raise ValueError(
                f"--categorical {which}: that column has another role already."
            )
        columns.append(name)
    levels = {} if model is None else levels_of(model, source)
    return Encoding(options.one_hot, tuple(columns), levels)


def levels_of(model, source):
    """The columns that one-hot encoding replaced for a model, with their levels.

    Of a model that does not say so (one that was not fitted by the command line), those of
    the file whose names, before an equals sign, its features begin with.
    """
    if model.categories is not None:
        return model.categories
    names, found = model.feature_names or [], {}
    for column in getattr(source, "order", ()):
        if column not in names:
            start = f"{column}="
            levels = [name[len(start):] for name in names if name.startswith(start)]
            if levels:
                found[column] = levels
    return found


def columns_of(model):
    """Names of the columns that a file of samples for a model has."""
    categories = model.categories or {}
    made = {f"{key}={level}" for key in categories for level in categories[key]}
    return {name for name in model.feature_names or () if name not in made} | {*categories}


def warn_of(notes):
    """Write notes and warnings about a file to the standard error."""
    for note in notes:
        print(f"riata: warning: {note}", file=sys.stderr)


def numbers(column, what, hint=""):
    """Values that have to be numbers."""
    values = column.numbers()
    if values is not None:
        return values
    text = next(cell for cell in column.cells() if not is_number(cell))
    raise ValueError(f"{what} holds text ({text!r}) where numbers are needed{hint}.")


def encoded(column, classes=None):
    """Classes and their numbers; `classes` are those of a model, if there is one."""
    try:
        y = class_labels(column)
    except ValueError as error:
        raise ValueError(f"--target {error}") from None
    found = np.unique(y)
    if classes is not None:
        place = {}
        for k, label in enumerate(classes.tolist()):
            place[str(label)] = place[label_text(label)] = k
        texts = [label_text(label) for label in y.tolist()]
        strange = sorted(set(texts) - set(place))
        if strange:
            raise ValueError(
                f"--target holds {strange[0]!r}, which is no class of the model "
                f"({listed([label_text(label) for label in classes.tolist()])})."
            )
        return classes, np.array([place[text] for text in texts], dtype=float)
    if len(found) < 2:
        raise ValueError(f"--target holds one class only, {found.tolist()[0]!r}.")
    if len(found) > MOST_CLASSES:
        raise ValueError(
            f"--target holds {len(found)} different values, too many to be classes; choose "
            "another column, or a loss for numbers."
        )
    return found, np.searchsorted(found, y).astype(float)


def label_text(label):
    """A label as text, the same for 1, 1.0 and True."""
    whole = isinstance(label, float) and label.is_integer()
    return str(int(label)) if whole or isinstance(label, bool) else str(label)


def check_folds(options, samples):
    """Raise if there are more folds than samples to put into them."""
    n = len(samples.y)
    if options.folds > n:
        remedy = f"choose at most {n}" if n > 1 else "two at least are needed"
        raise ValueError(
            f"--folds is {options.folds}, but {options.data} has {n} samples; {remedy}."
        )
    if samples.classes is None:
        return
    most = int(np.bincount(samples.y.astype(int)).max())
    if options.folds > most:
        raise ValueError(
            f"--folds is {options.folds}, but no class of {options.data} has more than "
            f"{most} samples; choose at most {most}."
        )


def loss_of(options, default="squared"):
    """The loss that was asked for."""
    from ..losses import get_loss

    text = options.loss or default
    name, _, parameter = text.partition(":")
    loss = get_loss(name)
    if not parameter:
        return loss
    if not is_number(parameter) or parameter.lower() in TRUTH:
        raise ValueError(f"--loss {text}: {parameter!r} is no number.")
    if len(vars(loss)) != 1 or name == "multinomial":
        raise ValueError(f"--loss {text}: {name} has no parameter.")
    return type(loss)(float(parameter))


def for_classes(loss, samples):
    """The loss for as many classes as there are."""
    from ..losses import get_loss

    if loss.name == "logistic" and len(samples.classes) > 2:
        return get_loss("multinomial")
    if loss.classifies and not loss.many_outputs and len(samples.classes) > 2:
        raise ValueError(
            f"--loss {loss.name} is for two classes, but --target holds "
            f"{len(samples.classes)}: {listed(samples.classes.tolist())}. Use --loss "
            "multinomial."
        )
    return loss


def problem_of(options, default_loss="squared"):
    """The samples, and the arguments of fit_path that say what to minimise."""
    loss = loss_of(options, default_loss)
    samples = load_samples(options, loss)
    arguments = {
        "loss": for_classes(loss, samples),
        "l1_ratio": 1.0 if options.l1_ratio is None else options.l1_ratio,
        "standardize": bool(options.standardize),
        "fit_intercept": not options.no_intercept,
        "lower": 0.0 if options.positive else None,
        **samples.arguments,
    }
    return samples, arguments


def grid_end(options):
    """Where the grid ends, if that was given."""
    ratio = options.alpha_min_ratio
    return {} if ratio is None else {"alpha_min_ratio": ratio}


# --- Coefficients to check.


COEFFICIENT = ("coef", "coefficient", "value", "estimate")


class Coefficients(NamedTuple):
    """What a CSV file holds."""

    features: list | None
    values: np.ndarray


def read_coefficients(name):
    """The model in a JSON file, or the `Coefficients` in a CSV file."""
    if not Path(name).is_file():
        raise ValueError(f"--coef {name}: there is no such file.")
    with open(name, "rb") as source:
        is_json = source.read(100).lstrip().startswith(b"{")
    if is_json or name.lower().endswith(".json"):
        from .._path._model_file import load_model

        return load_model(name)
    columns = read_csv(Path(name), warn=False)
    if len(columns) == 1:
        (values,) = columns.values()
        return Coefficients(None, finite(values))
    lower = {each.lower(): each for each in columns}
    order = list(columns)
    labels = next((lower[key] for key in ("feature", "name") if key in lower), order[0])
    values = next((lower[key] for key in COEFFICIENT if key in lower), order[1])
    features = [cell.strip() for cell in columns[labels].cells()]
    return Coefficients(features, finite(columns[values]))


def finite(column):
    """Coefficients, of which none is missing."""
    values = numbers(column, "--coef")
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        found = "no value" if np.isnan(values[row]) else str(values[row])
        raise ValueError(f"--coef: {found} in row {row + 1}.")
    return values


def coefficients(options, found, samples):
    """Coefficients and intercept, in the order of the features of the data."""
    p, intercept = samples.X.shape[1], 0.0
    if isinstance(found, Coefficients):
        coef = found.values
        if found.features is not None:
            coef, intercept = by_name(options, found, samples)
        elif len(coef) == p + 1 and coef[0] == 0:
            coef = coef[1:]  # 0 is what pandas calls a column without a name
        n_coefs = len(coef)
    else:
        n_coefs = found.n_features
    if n_coefs != p:
        raise ValueError(
            f"--coef {options.coef}: {n_coefs} coefficients for {p} features."
        )
    if not isinstance(found, Coefficients):
        coef, intercept = found.coef, found.intercept
    return coef, intercept if options.intercept is None else options.intercept


def by_name(options, found, samples):
    """Coefficients of a file, put where their features are, and the intercept."""
    p, intercept, seen = samples.X.shape[1], 0.0, set()
    names = samples.names or [str(j) for j in range(p)]
    place, coef = {name: j for j, name in enumerate(names)}, np.zeros(p)
    for feature, value in zip(found.features, found.values, strict=True):
        if feature not in place and WHOLE_FLOAT.fullmatch(feature):
            feature = feature.partition(".")[0]  # as 3.0, of programs without integers
        if feature in seen:
            raise ValueError(f"--coef {options.coef}: {feature!r} is there twice.")
        seen.add(feature)
        if feature in place:
            coef[place[feature]] = value
        elif feature.strip("()").lower() == "intercept":
            intercept = float(value)
        else:
            raise ValueError(
                f"--coef {options.coef}: {feature!r} is no feature of {options.data}"
                f"{suggestion(feature, names) or '.'}"
            )
    return coef, intercept


def in_order(options, model, samples):
    """The samples with the features in the order of the model, where both name them."""
    if samples.names is None or model.feature_names is None:
        return samples
    place = {name: j for j, name in enumerate(samples.names)}
    strange = [name for name in samples.names if name not in set(model.feature_names)]
    if strange:
        raise ValueError(
            f"{options.coef}: the model has no feature {strange[0]!r}; if that column is "
            f"none, leave it out (--drop {strange[0]})."
        )
    missing = [name for name in model.feature_names if name not in place]
    if missing:
        raise ValueError(
            f"{options.data} lacks the feature {missing[0]!r} of the model "
            f"({len(missing)} in all)."
        )
    order = [place[name] for name in model.feature_names]
    if order == sorted(order):
        return samples
    return samples._replace(X=samples.X[:, order], names=model.feature_names)


def problem_to_check(options, found, loss):
    """Arguments of check_solution: the model's, and over them those given."""
    problem = {"l1_ratio": 1.0}
    if not isinstance(found, Coefficients):
        problem = dict(found.problem)
    problem["loss"] = loss
    if options.alpha is not None:
        problem["alpha"] = options.alpha
    if "alpha" not in problem:
        raise ValueError("--alpha is needed: the strength that the coefficients are for.")
    if options.l1_ratio is not None:
        problem["l1_ratio"] = options.l1_ratio
    if options.standardize is not None:
        problem["standardize"] = True
    if options.no_intercept:
        problem["fit_intercept"] = False
    if options.positive:
        problem["lower"] = 0.0
    return problem


# --- Prediction.


def features_for(model, source):
    """The features of a model in a file of samples, with notes on what is ignored."""
    if model.feature_names is not None:
        if hasattr(source, "order") or source.names is not None:
            return source.aligned(model.feature_names, levels_of(model, source))
    elif hasattr(source, "order"):
        return source.design()
    return source.of_width(model.n_features)
