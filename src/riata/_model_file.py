"""Models in files: JSON that a human can read and that runs nothing when it is read."""

import json
import os

import numpy as np

from ._linear_predictor import CERTIFICATE, LinearPredictor, predictor_of
from ._problem import Options
from .losses import Loss, get_loss

FORMAT, VERSION = "riata linear model", 1


def save_model(model, file, *, feature_names=None):
    """Write a fitted model to a JSON file.

    The file holds all that prediction needs, and what was solved how well: loss, penalty,
    coefficients (the non-zero ones, to the last bit), intercept, labels of classes, names
    of features, whether there was an offset, duality gap. It holds neither data nor code.

    Parameters
    ----------
    model : fitted estimator of riata, or LinearPredictor
        Of a path, ``path.at(alpha)``.
    file : str or os.PathLike
        Name of the file, which is replaced if it exists.
    feature_names : array-like of str of shape (n_features,), optional
        By default those that the model has.

    Raises
    ------
    TypeError
        If `model` is no fitted model, or has a loss that is not of `riata.losses`.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile, riata
    >>> model = riata.Lasso(alpha=0.1).fit([[0, 0], [1, 2], [2, 3]], [0, 1, 2])
    >>> file = tempfile.mkdtemp() + "/model.json"
    >>> riata.save_model(model, file)
    >>> riata.load_model(file).predict([[1, 1]]) == model.predict([[1, 1]])
    array([ True])
    """
    text = _to_text(predictor_of(model, feature_names))
    file = os.fspath(file)
    scratch = f"{file}.{os.getpid()}.tmp"
    try:  # whole or not at all
        with open(scratch, "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(scratch, file)
    except OSError as error:
        if os.path.exists(scratch):
            os.remove(scratch)
        error.filename = file
        raise


def load_model(file):
    """Read a model that `save_model` has written.

    Reading runs no code of the file, and neither reading nor predicting needs
    scikit-learn.

    Parameters
    ----------
    file : str or os.PathLike

    Returns
    -------
    LinearPredictor
        With `predict`, `decision_function` and `predict_proba`.

    Raises
    ------
    ValueError
        If the file is no model, is not whole, or is of a newer version of the format.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile, numpy as np, riata
    >>> path = riata.fit_path(np.eye(4), [4.0, 3.0, 0.0, 0.0], fit_intercept=False)
    >>> file = tempfile.mkdtemp() + "/model.json"
    >>> riata.save_model(path.at(0.25), file, feature_names=["a", "b", "c", "d"])
    >>> model = riata.load_model(file)
    >>> model
    <LinearPredictor: Squared(), alpha 0.25, 2 of 4 coefficients not zero>
    >>> model.feature_names
    ['a', 'b', 'c', 'd']
    """
    file = os.fspath(file)
    with open(file, "rb") as source:
        text = source.read()
    try:
        content = json.loads(text)
    except ValueError as error:  # not UTF-8, or not JSON
        start = text.lstrip()[:1] == b"{"
        raise ValueError(
            f"{file} is no model of riata: "
            + (f"its JSON breaks off or is damaged ({error})." if start else
               "it is not a JSON file.")
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(
            f'{file} is JSON, but no model of riata: it does not begin with "format": '
            f'"{FORMAT}".'
        )
    version = content.get("version")
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"{file} has the version {version!r}, which is none.")
    if version > VERSION:
        raise ValueError(
            f"{file} has version {version} of the format; this riata reads versions up to "
            f"{VERSION}. It was written by riata {content.get('riata_version')}: upgrade "
            "to that."
        )
    try:
        return _from_content(content)
    except KeyError as error:
        raise ValueError(f"{file} is damaged: it lacks the entry {error}.") from None
    except (TypeError, ValueError, IndexError, OverflowError, AttributeError) as error:
        raise ValueError(f"{file} is damaged: {error}") from error


# --- Writing.


def _to_text(model):
    """One line for each entry, and one for each row of coefficients."""
    coef = model.coef
    if not (np.isfinite(coef).all() and np.isfinite(model.intercept).all()):
        raise ValueError("model has coefficients that are not finite; it is of no use.")
    content = {
        "format": FORMAT, "version": VERSION, "riata_version": model.riata_version,
        "source": model.source, "loss": _of_loss(model.loss), "alpha": model.alpha,
        "l1_ratio": model.l1_ratio,
        "options": _of_options(model._options),
        "certificate": model.certificate, "classes": _of_classes(model.classes),
        "feature_names": model.feature_names, "offset": model.has_offset,
        "dtype": str(coef.dtype), "shape": list(coef.shape), "intercept": model.intercept,
        "coef": [_of_row(row) for row in np.atleast_2d(coef)],
    }
    lines = []
    for name, value in content.items():
        if name == "coef":
            rows = ",\n  ".join(_dump(row) for row in value)
            lines.append(f'"coef": [\n  {rows}\n ]')
        else:
            lines.append(f"{json.dumps(name)}: {_dump(value)}")
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def _dump(value):
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _plain(value):
    """Types of JSON, which has no infinity and no NaN: those become strings."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value


def _of_loss(loss):
    named = {"name": loss.name, **vars(loss)}
    if type(loss).__module__.partition(".")[0] == __name__.partition(".")[0]:
        return named
    raise TypeError(
        f"loss={loss!r} is of a class of your own, which a file of numbers cannot hold. "
        "Save coef_ and intercept_ (numpy.savez) and build the prediction from them, or "
        "pickle the estimator."
    )


def _of_classes(classes):
    if classes is None:
        return None
    labels = classes.tolist()
    if not all(isinstance(label, str | bool | int | float) for label in labels):
        raise TypeError(
            f"classes must be strings, numbers or truth values, got {labels[0]!r}; a file "
            "cannot hold others. Fit with labels of such a kind."
        )
    return {"dtype": "object" if classes.dtype == object else classes.dtype.str,
            "labels": labels}


def _of_options(options):
    """With one number for bounds and factors that are all the same."""
    if options is None:
        return None
    options = options._asdict()
    for name, value in options.items():
        if np.ndim(value) and (value == value[0]).all():
            options[name] = value[0]
    return options


def _of_row(row):
    index = np.flatnonzero(row)
    return {"index": index, "value": row[index].astype(float)}


# --- Reading.


def _from_content(content):
    shape, dtype = tuple(content["shape"]), content["dtype"]
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype is {dtype!r}")
    n_rows = 1 if len(shape) == 1 else shape[0]
    rows = content["coef"]
    if len(shape) not in (1, 2) or len(rows) != n_rows:
        raise ValueError(f"shape is {shape}, but coef has {len(rows)} rows")
    coef = np.zeros((n_rows, shape[-1]))
    for row, entries in zip(coef, rows, strict=True):
        _fill(row, entries)
    coef = coef.reshape(shape).astype(dtype)
    intercept = np.asarray(content["intercept"], dtype=dtype)
    if intercept.shape not in ((), shape[:-1]) or not np.isfinite(intercept).all():
        raise ValueError("intercept does not fit coef, or is not finite")
    return LinearPredictor(
        coef, intercept[()], _to_loss(content["loss"]), alpha=_to_alpha(content["alpha"]),
        l1_ratio=content["l1_ratio"], options=_to_options(content["options"]),
        certificate=_to_certificate(content["certificate"]),
        feature_names=content["feature_names"], classes=_to_classes(content["classes"]),
        has_offset=_to_offset(content.get("offset", False)),  # not in the first files
        source=content["source"], riata_version=content["riata_version"],
    )


def _fill(row, entries):
    """Put the stored coefficients of one row where they belong."""
    index, value = entries["index"], np.asarray(entries["value"], dtype=float)
    index = np.asarray(index, dtype=np.intp) if index else np.empty(0, dtype=np.intp)
    if index.shape != value.shape or value.ndim != 1 or not np.isfinite(value).all():
        raise ValueError("coef holds other numbers of indices and of finite values")
    if len(index) and not (index.min() >= 0 and index.max() < len(row)):
        raise ValueError(f"coef has an index outside of 0 to {len(row) - 1}")
    row[index] = value


def _to_offset(entry):
    if not isinstance(entry, bool):
        raise ValueError(f"offset is {entry!r}, neither true nor false")
    return entry


def _to_loss(entry):
    parameters = {key: value for key, value in entry.items() if key != "name"}
    kind: type[Loss] = type(get_loss(entry["name"]))
    return kind(**parameters)


def _to_alpha(alpha):
    return np.array(alpha, dtype=float) if isinstance(alpha, list) else alpha


def _to_options(options):
    if options is None:
        return None
    values = [options[name] for name in Options._fields]
    return Options(*values[:2], *(  # with strings for infinities
        None if value is None else np.array(value, dtype=float)[()]
        for value in values[2:]
    ))


def _to_certificate(entry):
    if entry is None:
        return None
    numbers = {name: _number(entry[name]) for name in CERTIFICATE[:3]}
    return {**numbers, "status": entry["status"]}


def _number(value):
    return [float(part) for part in value] if isinstance(value, list) else float(value)


def _to_classes(entry):
    if entry is None:
        return None
    dtype = np.dtype(entry["dtype"])
    if dtype.kind not in "biufUO":
        raise ValueError(f"classes are of dtype {dtype}")
    return np.array(entry["labels"], dtype=dtype)
