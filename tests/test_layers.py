"""The import graph is the one of the design: each layer knows only those below it.

Imports are parsed, not run, so that those inside functions count as well.
"""

import ast
import re
import sys
from fnmatch import fnmatch
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "riata"

# From the bottom up. A module may import what stands in lower layers, and in its own as
# long as that makes no circle.
LAYERS = (
    ("_core", "_core.*", "_costs"),
    ("_validation", "_validation.*", "_versions", "conventions", "datasets", "datasets.*",
     "losses", "losses.*", "penalties", "penalties.*"),
    ("chunks", "chunks.*"),
    ("_design", "_design.*"),
    ("_problem", "_problem.*"),
    ("_solver", "_solver.*"),
    ("_ridge", "_ridge.*"),
    ("_path", "_path.*"),
    ("_selection", "_selection.*", "plots", "plots.*"),
    ("_cross_validation", "_cross_validation.*"),
    ("_estimators", "_estimators.*"),
    ("__init__", "__main__", "_cli", "_cli.*"),
)
# The one import upwards, when a path is asked for its picture.
UPWARDS = {("_path._result", "plots")}
ESTIMATORS = ("_estimators.*", "_cross_validation.*")
# Packages that load inside functions only, and in which modules they may at all.
LAZY = {
    "scipy": ("*",),
    "sklearn": ("_validation.*", "_cli._matrix_file", "_cli._demo"),
    "joblib": ("_selection._stability",),
    "matplotlib": ("plots._*", "_cli.*"),
    "pandas": ("*",),
    "polars": ("*",),
    "pyarrow": ("*",),
    "zarr": ("chunks._open",),
    "threadpoolctl": ("chunks._chunks",),
    "dask": ("chunks._dask",),
    "distributed": ("chunks._dask",),
}
ALWAYS = {"scipy": ESTIMATORS, "sklearn": ESTIMATORS, "joblib": ESTIMATORS,
          "matplotlib": ("plots._artists",)}


def module_name(path):
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in SOURCE.rglob("*.py")}
COMPILED = sorted([*SOURCE.glob("_core/*.pyx"), *SOURCE.glob("_core/*.pxd")])


def layer(module):
    for height, patterns in enumerate(LAYERS):
        if any(fnmatch(module, pattern) for pattern in patterns):
            return height
    raise AssertionError(f"{module} has no place in LAYERS")


def matches(module, patterns):
    return any(fnmatch(module, pattern) for pattern in patterns)


def imports_of(path):
    """(name, whether at module level) of all imports; ours begin with a dot."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = path.relative_to(SOURCE).parts[:-1]
    for node in ast.walk(tree):
        at_top = node in tree.body
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, at_top
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module, at_top
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level]
            base += tuple((node.module or "").split(".")) if node.module else ()
            for alias in node.names:
                found = ".".join((*base, alias.name))
                yield "." + (found if is_module(found) else ".".join(base)), at_top


def is_module(name):
    place = SOURCE.joinpath(*name.split("."))
    return any(place.with_suffix(end).exists() for end in (".py", ".pyx")) or (
        place / "__init__.py"
    ).exists()


def own_imports(module):
    for name, _ in imports_of(MODULES[module]):
        if name.startswith("."):
            yield name.lstrip(".")


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_import_from_above(module):
    for other in own_imports(module):
        if (module, other) not in UPWARDS:
            assert layer(other) <= layer(module), f"{module} imports {other}"


def test_no_circles():
    graph = {
        module: {other for other in own_imports(module) if (module, other) not in UPWARDS}
        for module in MODULES
    }
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", sorted(MODULES))
def test_other_packages(module):
    for name, at_top in imports_of(MODULES[module]):
        package = name.partition(".")[0]
        if not package or package in sys.stdlib_module_names or package == "numpy":
            continue
        if package == "riata":
            assert module == "_cli._demo"
            continue
        allowed = ALWAYS.get(package, ())
        if not at_top:
            allowed = (*allowed, *LAZY[package])
        assert matches(module, allowed), f"{module} imports {name}"


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_use_of_scikit_learns_own_models(module):
    for name, _ in imports_of(MODULES[module]):
        if module != "_cli._demo":
            assert not name.startswith("sklearn.linear_model")


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.name)
def test_compiled_code_knows_nothing_above_it(path):
    text = path.read_text(encoding="utf-8")
    pattern = r"^[ \t]*(?:from[ \t]+(\S+)[ \t]+c?import|c?import[ \t]+(\S+))"
    found = re.findall(pattern, text, re.MULTILINE)
    siblings = {sibling.stem for sibling in COMPILED}
    for names in found:
        name = names[0] or names[1]
        package = name.partition(".")[0]
        if not package:
            # also not `from . cimport x`, whose changes the build would not see
            assert name.removeprefix(".") in siblings
        else:
            assert package in {"numpy", "libc", "cpython", "cython", "os", "time"}


@pytest.mark.parametrize("path", COMPILED, ids=lambda path: path.name)
def test_compiled_code_neither_warns_nor_prints(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\bwarnings?\.warn\b|^\s*print\(", text, re.MULTILINE)
