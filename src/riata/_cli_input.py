"""What the command line makes of its arguments and files: samples, losses, coefficients."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ._data_files import is_number, listed, read_csv, read_data, suggestion

MOST_CLASSES = 100


class Samples(NamedTuple):
    """What a model is fitted to."""

    X: object
    y: np.ndarray
    names: list | None
    classes: np.ndarray | None
    arguments: dict  # of fit_path and its like, beside X and y


def load_samples(options, loss, classes=None):
    """Read the data that the arguments name; y is as the loss wants it."""
    source = read_data(options.data)
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
        drop(source, which)
    X, names = source.design(options.one_hot)
    if loss.classifies:
        classes, y = encoded(y, classes)
    else:
        y = numbers(y, "--target", "; for classes use --loss logistic")
    return Samples(X, y, names, classes if loss.classifies else None, arguments)


def drop(source, which):
    """Leave out a column, whatever it holds."""
    name = source.find(which, "--drop")
    if hasattr(source, "columns"):
        source.columns.pop(name, None)
    else:
        source.taken.append(name)


def numbers(values, what, hint=""):
    """Values that have to be numbers."""
    if values.dtype.kind in "fiub":
        return values.astype(float)
    text = next((str(value) for value in values if not is_number(str(value))), None)
    if text is None:
        return values.astype(float)
    raise ValueError(f"{what} holds text ({text!r}) where numbers are needed{hint}.")


def encoded(y, classes=None):
    """Labels and their numbers; `classes` are those of a model, if there is one."""
    if y.dtype.kind == "f":
        if not (y == np.floor(y)).all():
            value = y[y != np.floor(y)][0]
            raise ValueError(
                f"--target holds {value:g}, which is no class; choose a loss for numbers."
            )
        y = y.astype(int)
    else:
        y = y.astype(str)
    found = np.unique(y)
    if classes is not None:
        place = {label_text(label): k for k, label in enumerate(classes.tolist())}
        texts = [label_text(label) for label in y.tolist()]
        strange = sorted(set(texts) - set(place))
        if strange:
            raise ValueError(
                f"--target holds {strange[0]!r}, which is no class of the model "
                f"({listed(list(place))})."
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


def loss_of(options, default="squared"):
    """The loss that was asked for."""
    from .losses import get_loss

    text = options.loss or default
    name, _, parameter = text.partition(":")
    loss = get_loss(name)
    if not parameter:
        return loss
    if not is_number(parameter):
        raise ValueError(f"--loss {text}: {parameter!r} is no number.")
    if len(vars(loss)) != 1 or name == "multinomial":
        raise ValueError(f"--loss {text}: {name} has no parameter.")
    return type(loss)(float(parameter))


def for_classes(loss, samples):
    """The loss for as many classes as there are."""
    from .losses import get_loss

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
    """Where the grid ends, if that was said."""
    ratio = options.alpha_min_ratio
    return {} if ratio is None else {"alpha_min_ratio": ratio}


# --- Coefficients to check.


class Coefficients(NamedTuple):
    """What a CSV file holds."""

    features: list | None
    values: np.ndarray


def read_coefficients(name):
    """The model in a JSON file, or the `Coefficients` in a CSV file."""
    if name.lower().endswith(".json"):
        from ._model_file import load_model

        return load_model(name)
    if not Path(name).is_file():
        raise ValueError(f"--coef {name}: there is no such file.")
    columns = read_csv(Path(name))
    if len(columns) == 1:
        (values,) = columns.values()
        return Coefficients(None, numbers(values, "--coef"))
    lower = {each.lower(): each for each in columns}
    order = list(columns)
    labels = next((lower[key] for key in ("feature", "name") if key in lower), order[0])
    wanted = ("coef", "coefficient", "value", "estimate")
    values = next((lower[key] for key in wanted if key in lower), order[1])
    features = [
        f"{each:g}" if isinstance(each, float) else str(each)
        for each in columns[labels].tolist()
    ]
    return Coefficients(features, numbers(columns[values], "--coef"))


def coefficients(options, found, samples):
    """Coefficients and intercept, in the order of the features of the data."""
    intercept = 0.0
    if isinstance(found, Coefficients):
        coef = found.values
        if found.features is not None:
            coef, intercept = by_name(options, found, samples)
    else:
        coef, intercept = found.coef, found.intercept
        if samples.names is not None and found.feature_names is not None:
            coef = coef[..., places(samples.names, found.feature_names, options.coef)]
    if coef.shape[-1] != samples.X.shape[1]:
        raise ValueError(
            f"--coef {options.coef}: {coef.shape[-1]} coefficients for "
            f"{samples.X.shape[1]} features."
        )
    return coef, intercept if options.intercept is None else options.intercept


def by_name(options, found, samples):
    """Coefficients of a file, put where their features are, and the intercept."""
    p, intercept = samples.X.shape[1], 0.0
    names = samples.names or [str(j) for j in range(p)]
    place, coef = {name: j for j, name in enumerate(names)}, np.zeros(p)
    for feature, value in zip(found.features, found.values, strict=True):
        if feature.strip("()").lower() == "intercept":
            intercept = float(value)
        elif feature in place:
            coef[place[feature]] = value
        else:
            raise ValueError(
                f"--coef {options.coef}: {feature!r} is no feature of {options.data}"
                f"{suggestion(feature, names) or '.'}"
            )
    return coef, intercept


def places(names, features, file):
    """Where the features of the data stand in the model."""
    place = {name: j for j, name in enumerate(features)}
    strange = [name for name in names if name not in place]
    if strange:
        raise ValueError(
            f"{file}: the model has no feature {strange[0]!r}; if that column is none, "
            f"leave it out (--drop {strange[0]})."
        )
    return [place[name] for name in names]


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
    """The features of a model in a file of samples, and notes."""
    if model.feature_names is None or not hasattr(source, "aligned"):
        X, notes = source.design()[0], []
    else:
        X, notes = source.aligned(model.feature_names)
    lacking = model.n_features - X.shape[1]
    if lacking > 0 and hasattr(X, "indptr"):  # trailing zeros, which such files leave out
        X = X.copy()
        X.resize((X.shape[0], model.n_features))
    return X, notes
