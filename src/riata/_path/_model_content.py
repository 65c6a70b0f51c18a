"""The content of a model file, checked entry by entry before anything is made of it.

A file may come from anybody. What is allocated is in proportion to what the file holds,
whatever sizes it states, and values that no fitted model has are refused.
"""

import json
import math
import re

import numpy as np

from .. import _validation as check
from .._problem._problem import Options
from ..losses import Loss, get_loss
from ..penalties import RowGroup
from ._linear_predictor import CERTIFICATE, LinearPredictor, SparseRows

ENTRIES = (
    "riata_version", "source", "loss", "alpha", "l1_ratio", "options", "certificate",
    "classes", "feature_names", "dtype", "shape", "intercept", "coef",
)  # fmt: skip
LATER = {"offset": False, "categories": None}  # not in the first files
NO_NUMBERS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}  # JSON has none such
LONGEST = 1024  # characters of words that are no names
LABEL_TYPES = {
    "b": (bool,), "i": (int,), "u": (int,), "f": (int, float), "U": (str,),
    "O": (str, bool, int, float),
}  # fmt: skip


def parse(text):
    """JSON with every key once, and without the infinities that Python adds to it.

    Parameters
    ----------
    text : bytes

    Raises
    ------
    ValueError
        If it is anything else, or nested deeper than any model.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _object(pairs):
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the entry {twice!r:.99} is there twice")
    return content


def _refuse(name):
    raise ValueError(f"{name} is no JSON")


def predictor_from(content):
    """The model that the content of a file describes.

    Parameters
    ----------
    content : dict

    Returns
    -------
    LinearPredictor

    Raises
    ------
    KeyError
        If an entry is missing.
    ValueError, TypeError, OverflowError
        If an entry is not what it ought to be.
    """
    content = {**LATER, **content}
    strange = sorted(content.keys() - {*ENTRIES, *LATER, "format", "version"})
    if strange:
        raise ValueError(f"the entry {strange[0]!r:.99} is unknown")
    shape = _shape(content["shape"], content["coef"])
    n_rows = 1 if len(shape) == 1 else shape[0]
    loss = _loss(content["loss"])
    if loss.many_outputs and n_rows < 2:
        raise ValueError(f"coef of loss {loss.name} has shape {shape}")
    if loss.classifies and not loss.many_outputs and len(shape) > 1:
        raise ValueError(f"coef of loss {loss.name} has shape {shape}")
    several = len(shape) == 2 and not loss.many_outputs
    dtype = check.check_choice(content["dtype"], "dtype", ("float32", "float64"))
    names = _strings(content["feature_names"], "feature_names", shape[-1])
    if content["l1_ratio"] is not None:
        check.check_l1_ratio(content["l1_ratio"])
    return LinearPredictor(
        SparseRows(shape, dtype, _rows(content["coef"], shape[-1], dtype)),
        _intercept(content["intercept"], shape[:-1], dtype), loss,
        alpha=_alpha(content["alpha"], n_rows if several else None),
        l1_ratio=content["l1_ratio"],
        options=_options(content["options"], shape[-1], content["l1_ratio"]),
        certificate=_certificate(content["certificate"], n_rows if several else None),
        feature_names=names, classes=_classes(content["classes"]),
        has_offset=_truth(content["offset"], "offset"),
        source=_word(content["source"], "source"),
        riata_version=_word(content["riata_version"], "riata_version"),
        categories=_categories(content["categories"], names),
    )


# --- Entries of one kind.


def _list(value, name):
    if not isinstance(value, list):
        raise TypeError(f"{name} is {value!r:.99}, which is no list")
    return value


def _dict(value, name, keys):
    """A dict of exactly these keys."""
    if not isinstance(value, dict):
        raise TypeError(f"{name} is {value!r:.99}, which is no object")
    for key in keys:
        value[key]
    strange = sorted(value.keys() - set(keys))
    if strange:
        raise ValueError(f"{name} has the unknown entry {strange[0]!r:.99}")
    return value


def _word(value, name):
    if not isinstance(value, str) or len(value) > LONGEST:
        raise TypeError(f"{name} is {value!r:.99}, which is no short text")
    _check_text(value, name)
    return value


def _strings(value, name, size=None):
    """A list of str, of a given length, or None."""
    if value is None:
        return None
    if not {type(each) for each in _list(value, name)} <= {str}:
        raise TypeError(f"{name} holds others than texts")
    if size is not None and len(value) != size:
        raise ValueError(f"{name} has {len(value)} names for {size} features")
    for each in value:
        _check_text(each, name)
    return value


def _check_text(value, name):
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} holds {value!r:.99}, which is no text") from None


def _truth(value, name):
    if not isinstance(value, bool):
        raise TypeError(f"{name} is {value!r:.99}, neither true nor false")
    return value


def _real(value, name):
    """A number, perhaps an infinity or NaN in a string."""
    if isinstance(value, str) and value in NO_NUMBERS:
        return NO_NUMBERS[value]
    return check.check_real(value, name)


def _finite(values, name, dtype=np.float64):
    """Finite numbers in an array, also after rounding to a dtype."""
    if not {type(each) for each in _list(values, name)} <= {int, float}:
        odd = next(each for each in values if type(each) not in (int, float))
        known = isinstance(odd, str) and odd in NO_NUMBERS
        what = "not finite" if known else "no number"
        raise TypeError(f"{name} is or holds {odd!r:.99}, which is {what}")
    with np.errstate(over="ignore"):
        array = np.array(values, dtype=np.float64).astype(dtype)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} is not finite")
    return array


# --- The entries.


def _shape(shape, rows):
    for size in _list(shape, "shape"):
        check.check_integer(size, "shape")
    n_rows = 1 if len(shape) == 1 else shape[0] if shape else 0
    if len(shape) not in (1, 2) or len(_list(rows, "coef")) != n_rows:
        raise ValueError(f"shape is {shape!r:.99}, but coef has {len(rows)} rows")
    if shape[-1] > np.iinfo(np.intp).max:
        raise ValueError(f"shape is {shape!r:.99}, beyond the memory of any machine")
    return tuple(shape)


def _rows(rows, n_features, dtype):
    """Indices and values of the coefficients that are not zero, of each row."""
    found = []
    for row in rows:
        row = _dict(row, "coef", ("index", "value"))
        index, value = row["index"], _finite(row["value"], "coef", dtype)
        if not {type(each) for each in _list(index, "coef")} <= {int}:
            raise TypeError("coef has an index that is no integer")
        if len(index) != len(value):
            raise ValueError("coef holds other numbers of indices and of values")
        if index and not (min(index) >= 0 and max(index) < n_features):
            raise ValueError(f"coef has an index outside of 0 to {n_features - 1}")
        index = np.array(index, dtype=np.intp)
        if not (np.diff(index) > 0).all():
            raise ValueError("coef has indices that do not increase")
        found.append((index, value))
    return found


def _intercept(value, shape, dtype):
    if isinstance(value, list):
        if (len(value),) != shape:
            raise ValueError(f"intercept has {len(value)} values")
        return _finite(value, "intercept", dtype)
    return _finite([value], "intercept", dtype)[0]


def _loss(entry):
    """The loss, with all of its parameters and no others."""
    if not isinstance(entry, dict):
        raise TypeError(f"loss is {entry!r:.99}, which is no object")
    default = get_loss(_word(entry["name"], "loss"))
    kind: type[Loss] = type(default)
    parameters = vars(default)
    _dict(entry, "loss", ("name", *parameters))
    for name, value in parameters.items():
        if isinstance(value, bool):
            _truth(entry[name], name)
        else:
            check.check_real(entry[name], name)
    values = {name: entry[name] for name in parameters}
    grouped = values.pop("grouped", False)
    loss = kind(**values)
    if grouped:  # a deprecated argument, as older files have it
        loss.grouped = True
    return loss


def _alpha(alpha, n_targets):
    if isinstance(alpha, list):
        if len(alpha) != n_targets:
            raise ValueError(f"alpha has {len(alpha)} values")
        array = _finite(alpha, "alpha")
        if not (array >= 0).all():
            raise ValueError("alpha is negative")
        return array
    return None if alpha is None else check.check_alpha(alpha)


def _options(options, n_features, l1_ratio):
    if options is None:
        return None
    if isinstance(options, dict):
        options = {"penalty": None, **options}  # not in the first files
    options = dict(_dict(options, "options", Options._fields))
    if options["penalty"] is not None:
        _word(options["penalty"], "penalty")
    for name in ("fit_intercept", "standardize"):
        _truth(options[name], name)
    for name in ("penalty_factor", "lower", "upper"):
        options[name] = _per_feature(options[name], name, n_features)
    if options["penalty_factor"] is not None and not np.all(options["penalty_factor"] >= 0):
        raise ValueError("penalty_factor is negative or NaN")
    if options["lower"] is not None and not np.all(options["lower"] <= 0):
        raise ValueError("lower is above 0 or NaN")
    if options["upper"] is not None and not np.all(options["upper"] >= 0):
        raise ValueError("upper is below 0 or NaN")
    if options["penalty"] == "riata.penalties.RowGroup":
        options["penalty"] = RowGroup(l1_ratio, options["penalty_factor"])
    return Options(**options)


def _per_feature(value, name, n_features):
    """One number for all features, or one for each."""
    if value is None:
        return None
    if not isinstance(value, list):
        return np.float64(_real(value, name))
    if len(value) != n_features:
        raise ValueError(f"{name} has {len(value)} values for {n_features} features")
    return np.array([_real(each, name) for each in value])


def _certificate(entry, n_targets):
    if entry is None:
        return None
    _dict(entry, "certificate", CERTIFICATE)
    found = {name: _each(entry[name], name, n_targets, _real) for name in CERTIFICATE[:3]}
    return {**found, "status": _each(entry["status"], "status", n_targets, _word)}


def _each(value, name, n_targets, convert):
    if not isinstance(value, list):
        return convert(value, name)
    if len(value) != n_targets:
        raise ValueError(f"{name} has {len(value)} values")
    return [convert(each, name) for each in value]


def _classes(entry):
    """The labels, in the dtype that they had."""
    if entry is None:
        return None
    _dict(entry, "classes", ("dtype", "labels"))
    text, labels = _word(entry["dtype"], "dtype"), _list(entry["labels"], "labels")
    if not (text == "object" or re.fullmatch(r"[<>|=]?[biufUO][0-9]{0,6}", text, re.ASCII)):
        raise ValueError(f"classes are of dtype {text!r}")
    dtype = np.dtype(text)
    if not {type(label) for label in labels} <= {*LABEL_TYPES[dtype.kind]}:
        raise TypeError(f"classes are of dtype {text}, but hold others")
    for label in labels:
        if isinstance(label, str):
            _check_text(label, "classes")
        elif isinstance(label, float) and not math.isfinite(label):
            raise ValueError("classes are not finite")
    if dtype.kind == "U":
        longest, width = max(map(len, labels), default=0), dtype.itemsize // 4
        if not longest <= width <= max(longest, LONGEST):
            raise ValueError(f"classes are of dtype {text}, the longest has {longest}")
    if dtype.kind in "iu" and labels:
        limits = np.iinfo(dtype)
        if not limits.min <= min(labels) <= max(labels) <= limits.max:
            raise ValueError(f"classes are of dtype {text}, but go beyond")
    with np.errstate(over="ignore"):
        classes = np.array(labels, dtype=dtype)
    if classes.ndim != 1 or len(set(classes.tolist())) < len(labels):
        raise ValueError("classes has a label twice")
    if dtype.kind == "f" and not np.isfinite(classes).all():
        raise ValueError("classes are not finite")
    return classes


def _categories(entry, names):
    """Columns of text, with the levels for each of which there is a feature."""
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise TypeError(f"categories is {entry!r:.99}, which is no object")
    known, seen = set(names or ()), set()
    for column, levels in entry.items():
        _check_text(column, "categories")
        made = [f"{column}={level}" for level in _strings(levels, "categories") or ()]
        if not made or len(made) > len(set(made) - seen) or not known >= set(made):
            raise ValueError(f"categories of {column!r:.99} do not fit feature_names")
        seen.update(made)
    return entry
