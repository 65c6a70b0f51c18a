"""Parameters of the estimators: each is described once, and has one check."""

import ast
import inspect
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import riata
from riata._estimators._docstrings import bases, entries, sections
from riata._estimators._parameters import CHECKS, Estimator

SOURCE = Path(__file__).resolve().parent.parent / "src" / "riata" / "_estimators"
PUBLIC = [getattr(riata, name) for name in riata.__all__ if name != "__version__"]
ESTIMATORS = [cls for cls in PUBLIC if inspect.isclass(cls) and issubclass(cls, Estimator)]


def source_docstrings():
    """Name and docstring of every class of the package, as written in its source."""
    for path in sorted(SOURCE.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and ast.get_docstring(node):
                yield node.name, ast.get_docstring(node)


def defaults(callable_):
    given = inspect.signature(callable_).parameters.values()
    return {p.name: p.default for p in given if p.default is not inspect.Parameter.empty}


def documented_defaults(docstring):
    found = {}
    text = sections(docstring).get("Parameters", "")
    for names, default in re.findall(r"^(\S.*) : .*, default=(.*)$", text, re.M):
        found.update(dict.fromkeys(names.split(", "), ast.literal_eval(default)))
    return found


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_docstring_gives_the_parameters_with_their_defaults(cls):
    names = list(inspect.signature(cls).parameters)
    assert list(entries(cls.__doc__, "Parameters")) == names
    assert None not in entries(cls.__doc__, "Parameters").values()
    assert documented_defaults(cls.__doc__) == defaults(cls)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_methods_give_their_arguments_with_their_defaults(cls):
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        ours = method.__module__.partition(".")[0] == "riata"
        if ours and not name.startswith("_") and name != "path":  # a function
            assert documented_defaults(method.__doc__) == defaults(method), name


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_every_attribute_is_described(cls):
    found = entries(cls.__doc__, "Attributes")
    assert None not in found.values()
    assert {"n_features_in_", "feature_names_in_"} <= set(found)
    assert "{" + "objective}" not in cls.__doc__


@pytest.mark.parametrize("title", ["Parameters", "Attributes"])
def test_nothing_is_described_twice_in_the_same_words(title):
    texts = Counter(
        (entry.names, entry.kind, entry.text)
        for _, docstring in source_docstrings()
        for entry in set(entries(docstring, title).values()) - {None}
    )
    assert texts
    assert [entry for entry, count in texts.items() if count > 1] == []


def test_defaults_are_in_signatures_only():
    told = [name for name, doc in source_docstrings() if ", default=" in doc]
    assert told == []


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_every_parameter_has_one_check(cls):
    names = list(inspect.signature(cls).parameters)
    assert list(cls._parameter_checks) == names
    tables = [vars(base).get("_checks", {}) for base in bases(cls)] + [CHECKS]
    for name in names:
        checks = [table[name] for table in tables if name in table]
        assert cls._parameter_checks[name] is checks[0]
        assert len(checks) == len(set(map(id, checks))), f"{name} is restated"


def test_shared_checks_and_descriptions_belong_together():
    described = set(entries(Estimator.__doc__, "Parameters"))
    used = set().union(*(cls._parameter_checks for cls in ESTIMATORS))
    assert described <= set(CHECKS) <= used


class Scaled(riata.Lasso):
    """An estimator of the user's own."""

    def __init__(self, alpha=1.0, scale=2.0, tol=1e-4):
        super().__init__(alpha=alpha, tol=tol)
        self.scale = scale

    def predict(self, X):
        """Predict on another scale."""
        return self.scale * super().predict(X)


def test_classes_of_users_keep_their_docstrings():
    assert Scaled.__doc__ == "An estimator of the user's own."
    assert Scaled.predict.__doc__ == "Predict on another scale."
    X = np.arange(8.0)[:, None]
    model = Scaled(alpha=0.1).fit(X, X[:, 0])
    assert np.allclose(model.predict(X), 2 * riata.Lasso(0.1).fit(X, X[:, 0]).predict(X))
    with pytest.raises(ValueError, match="tol"):
        Scaled(tol=-1.0).fit(X, X[:, 0])


def test_without_docstrings():
    code = """
import riata
for name in riata.__all__:
    getattr(riata, name)
assert_none = [riata.Lasso.__doc__, riata.LassoCV.fit.__doc__]
model = riata.LassoCV(alphas=3, cv=2).fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 2, 3])
try:
    riata.Lasso(alpha=-1).fit([[0.0], [1.0]], [0, 1])
except ValueError as error:
    print(assert_none, model.alphas_.shape, "alpha" in str(error))
"""
    run = subprocess.run(
        [sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[None, None] (3,) True"
