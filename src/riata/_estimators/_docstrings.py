"""Docstrings of the estimators, completed with what their base classes describe.

A parameter, a fitted attribute or an argument of a method is described once: where its
meaning is the same in all estimators in :class:`Estimator`, else in the class, public or
not, from which on it has that meaning. The docstring of an estimator in the source has
only what is its own. When the class is created, its docstring gets an entry for each
parameter of the signature, in this order and with its default, and for each attribute
that its section Attributes names.
"""

import inspect
import re
from functools import cache
from typing import NamedTuple

HEADING = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.M)
TITLES = (
    "", "Parameters", "Attributes", "Returns", "Raises", "Warns", "See Also", "Notes",
    "References", "Examples",
)


class Entry(NamedTuple):
    """The description of one parameter or attribute, or of several together."""

    names: str
    kind: str
    text: str


@cache
def sections(docstring):
    """Return the sections of a numpydoc docstring by title; the first has none."""
    parts = HEADING.split(inspect.cleandoc(docstring or ""))
    texts = [part.strip("\n") for part in parts[::2]]
    return dict(zip(["", *parts[1::2]], texts, strict=True))


@cache
def entries(docstring, title):
    """Return the entries of a section by name, with None for a name without a text."""
    text = re.sub(r"\\\n\s*", "", sections(docstring).get(title, ""))
    found = {}
    for block in re.split(r"\n(?=\S)", text) if text else ():
        header, _, body = block.partition("\n")
        names, colon, kind = header.partition(" : ")
        kind = re.sub(r",\s+default=.*", "", " ".join(kind.split()))
        entry = Entry(names, kind, body) if colon else None
        found.update(dict.fromkeys(re.findall(r"\w+", names), entry))
    return found


def bases(cls):
    """Return a class and its bases, those of riata only."""
    return [c for c in cls.__mro__ if c.__module__.partition(".")[0] == "riata"]


def parameters(function):
    """Return the names and defaults of the parameters of a function or class."""
    found = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in found if p.name != "self"}


def spelled(default):
    """Return how a docstring gives a default."""
    if default is inspect.Parameter.empty:
        return ""
    if isinstance(default, str):
        return f', default="{default}"'
    if isinstance(default, float) and 0.0 < abs(default) < 0.01:
        return f", default={default:.0e}".replace("e-0", "e-")
    return f", default={default!r}"


def described(names, docstrings, title, what):
    """Return the text of a section that describes each name once.

    Parameters
    ----------
    names : dict from names to defaults
    docstrings : list of str
        Where to look for each of them, in this order.
    title : str
    what : str
        What has the names, for an error message.
    """
    lines = {}
    for name, default in names.items():
        known = (entries(doc, title).get(name) for doc in docstrings)
        entry = next(filter(None, known), None)
        if entry is None:
            raise TypeError(f"{name} of {what} has no description.")
        lines[f"{entry.names} : {entry.kind}{spelled(default)}"] = entry.text
    return "\n".join(f"{header}\n{text}".rstrip() for header, text in lines.items())


def joined(found):
    """Return the docstring with the given sections, in the order of numpydoc."""
    parts = [
        f"{title}\n{'-' * len(title)}\n{found[title]}" if title else found[title]
        for title in TITLES
        if found.get(title)
    ]
    return "\n\n".join(parts)


def complete_class(cls):
    """Complete the docstring of an estimator."""
    docstrings = [base.__doc__ for base in bases(cls) if base.__doc__]
    found = dict(sections(cls.__doc__))
    attributes = dict.fromkeys(entries(cls.__doc__, "Attributes"), inspect.Parameter.empty)
    for title, names in (("Parameters", parameters(cls)), ("Attributes", attributes)):
        found[title] = described(names, docstrings, title, cls.__name__)
    shared = map(sections, docstrings)
    objective = next((s["Objective"] for s in shared if "Objective" in s), "")
    found[""] = found[""].replace("{objective}", objective)
    cls.__doc__ = joined(found)


def complete_methods(cls):
    """Complete the docstrings of the public methods that a class defines.

    Arguments are described by the method, by that of the same name in a base class or,
    except for those of ``fit``, by ``predict``. What ``fit`` returns and raises is that
    of all estimators.
    """
    for name, member in vars(cls).items():
        if name.startswith("_") or isinstance(member, staticmethod | classmethod):
            continue
        method = inspect.unwrap(member)
        if not (inspect.isfunction(method) and method.__doc__):
            continue
        docstrings = [
            vars(base)[key].__doc__
            for base in bases(cls)
            for key in ((name,) if name == "fit" else (name, "predict"))
            if key in vars(base)
        ]
        base = sections(docstrings[-1]) if name == "fit" else {}  # of Estimator
        found = {**base, **sections(docstrings[0])}
        what = f"{cls.__name__}.{name}"
        found["Parameters"] = described(parameters(method), docstrings, "Parameters", what)
        method.__doc__ = joined(found)
