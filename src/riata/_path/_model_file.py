"""Models in files: JSON that a human can read and that runs nothing when it is read."""

import json
import os
import threading

import numpy as np

from ._linear_predictor import predictor_of
from ._model_content import parse, predictor_from

FORMAT, VERSION = "riata linear model", 1


def save_model(model, file, *, feature_names=None):
    """Write a fitted model to a JSON file.

    The file holds all that prediction needs, and what was solved how well: loss, penalty,
    coefficients (the non-zero ones, to the last bit), intercept, labels of classes, names
    of features, whether there was an offset, duality gap; of the command line also which
    columns were text, with their levels. It holds neither data nor code.

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
    write_file(file, text.encode())


def write_file(file, content):
    """Write a file whole or not at all.

    Parameters
    ----------
    file : str or os.PathLike
        Replaced if it exists; what is no regular file (a pipe, a device) is written to.
    content : bytes
    """
    file = os.fspath(file)
    if os.path.exists(file) and not os.path.isfile(file):
        with open(file, "wb") as out:
            out.write(content)
        return
    target = os.path.realpath(file)  # where a link leads
    unique = f".riata-{os.getpid()}-{threading.get_ident()}.tmp"
    scratch = os.path.join(os.path.dirname(target), unique)
    try:
        with open(scratch, "wb") as out:
            out.write(content)
        os.replace(scratch, target)
    except OSError as error:
        if os.path.exists(scratch):
            os.remove(scratch)
        error.filename = file
        raise


def load_model(file):
    """Read a model that `save_model` has written.

    Reading runs no code of the file, and neither reading nor predicting needs
    scikit-learn. The file may come from anybody: it is checked entry by entry, and what
    is allocated is in proportion to its length, whatever sizes it states.

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
        If the file is no model, is not whole, is of a newer version of the format, or
        holds what no fitted model has, as numbers that are not finite.
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
        content = parse(text)
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
    if type(version) is not int or version < 1:
        raise ValueError(f"{file} has the version {version!r:.99}, which is none.")
    if version > VERSION:
        raise ValueError(
            f"{file} has version {version} of the format; this riata reads versions up to "
            f"{VERSION}. It was written by riata {content.get('riata_version')!s:.99}: "
            "upgrade to that."
        )
    try:
        return predictor_from(content)
    except KeyError as error:
        raise ValueError(f"{file} is damaged: it lacks the entry {error}.") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{file} is damaged: {error}") from error


# --- Writing.


def _to_text(model):
    """One line for each entry, and one for each row of coefficients."""
    rows = model._rows()
    if not all(np.isfinite(values).all() for _, values in rows) or (
        not np.isfinite(model.intercept).all()
    ):
        raise ValueError("model has coefficients that are not finite; it is of no use.")
    content = {
        "format": FORMAT, "version": VERSION, "riata_version": model.riata_version,
        "source": model.source, "loss": _of_loss(model.loss), "alpha": model.alpha,
        "l1_ratio": model.l1_ratio,
        "options": _of_options(model._options),
        "certificate": model.certificate, "classes": _of_classes(model.classes),
        "feature_names": model.feature_names, "offset": model.has_offset,
        "categories": model.categories, "dtype": str(model._dtype),
        "shape": list(model._shape), "intercept": model.intercept,
        "coef": [
            {"index": index, "value": value.astype(float)} for index, value in rows
        ],
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
    """With one number for bounds and factors that are all the same, and the name of a
    penalty that is no elastic net: of one of riata, all else is in other entries."""
    if options is None:
        return None
    options = options._asdict()
    if options["penalty"] is not None and not isinstance(options["penalty"], str):
        kind = type(options["penalty"])
        options["penalty"] = f"{kind.__module__}.{kind.__qualname__}"
    for name, value in options.items():
        if np.ndim(value) and (value == value[0]).all():
            options[name] = value[0]
    return options
