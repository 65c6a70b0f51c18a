"""Names of features: what a data frame calls its columns, and whether that is the same."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ._arrays import _is_sparse

FEW = 5  # names that a message lists


def feature_names_of(X: Any) -> np.ndarray | None:
    """Return the names of the columns of a data frame or of chunks.

    Parameters
    ----------
    X : object
        Data as given to a fit or to a prediction.

    Returns
    -------
    ndarray of object and shape (n_features,), or None
        None if X has no names, or some that are not strings.
    """
    if type(X) is np.ndarray or _is_sparse(X):
        return None
    for attribute in ("columns", "feature_names", "column_names"):  # frames, chunks, Arrow
        found: Any = getattr(X, attribute, None)
        names = list(found) if hasattr(found, "__iter__") else []
        if names and all(isinstance(name, str) for name in names):
            return np.array(names, dtype=object)
    return None


def check_names_match(known: Any, X: Any, model: str, stacklevel: int = 2) -> None:
    """Check the columns of new samples against those of the fit, as scikit-learn does.

    Parameters
    ----------
    known : sequence of str, or None
        Names seen in the fit, if there were any.
    X : object
        New samples.
    model : str
        What to call the model in a warning.
    stacklevel : int
        As of :func:`warnings.warn`, counted from the caller.

    Raises
    ------
    ValueError
        If X has names, and they are others or in another order.

    Warns
    -----
    UserWarning
        If only one of the two has names.
    """
    names = feature_names_of(X)
    if names is None and known is None:
        return
    if known is None:
        warnings.warn(
            f"X has feature names, but {model} was fitted without feature names",
            UserWarning, stacklevel=stacklevel + 1,
        )
    elif names is None:
        warnings.warn(
            f"X does not have valid feature names, but {model} was fitted with feature "
            "names",
            UserWarning, stacklevel=stacklevel + 1,
        )
    else:
        require_same_names(list(known), list(names))


def require_same_names(known: list[str], names: list[str]) -> None:
    """Raise a ValueError, in scikit-learn's words, unless two lists of names agree."""
    if known == names:
        return
    lines = ["The feature names should match those that were passed during fit."]
    seen, given = set(known), set(names)
    unseen = [name for name in names if name not in seen]
    missing = [name for name in known if name not in given]
    if unseen:
        lines += ["Feature names unseen at fit time:", *_listed(unseen)]
    if missing:
        lines += ["Feature names seen at fit time, yet now missing:", *_listed(missing)]
    if not (unseen or missing):
        lines += [
            "Feature names must be in the same order as they were in fit.",
            f"Pass the columns in the order {_shown(known)}.",
        ]
    raise ValueError("\n".join(lines))


def _listed(names: list[str]) -> list[str]:
    lines = [f"- {name}" for name in names[:FEW]]
    return [*lines, "- ..."] if len(names) > FEW else lines


def _shown(names: list[str]) -> str:
    rest = ", ..." if len(names) > FEW else ""
    return f"[{', '.join(map(repr, names[:FEW]))}{rest}]"
