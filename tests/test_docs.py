"""What is written is true: docstrings fit signatures, and all examples run."""

import doctest
import importlib
import inspect
import pickle
import pkgutil
import re
import runpy
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import riata

mpl.use("Agg")
ROOT = Path(__file__).resolve().parent.parent
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
# What these return needs no section: it is the object itself.
RESULTS = {"fit", "set_params"}


def modules():
    found = pkgutil.walk_packages(riata.__path__, "riata.")
    return sorted(
        info.name
        for info in found
        if not info.name.endswith(("__main__", "_cyutility"))
    )


def public_objects():
    """Every public function and class, by its full name."""
    for name in riata.__all__:
        thing = getattr(riata, name) if name != "__version__" else None
        if inspect.ismodule(thing):
            for inner in thing.__all__:
                yield f"{name}.{inner}", getattr(thing, inner)
        elif thing is not None:
            yield name, thing


def public_methods():
    for name, thing in public_objects():
        if not inspect.isclass(thing):
            continue
        for key, method in inspect.getmembers(thing, inspect.isfunction):
            ours = method.__module__.partition(".")[0] == "riata"
            if ours and not key.startswith("_"):
                yield f"{name}.{key}", method


OBJECTS = dict(public_objects())
METHODS = dict(public_methods())
FUNCTIONS = {k: v for k, v in OBJECTS.items() if inspect.isfunction(v)}
CLASSES = {k: v for k, v in OBJECTS.items() if inspect.isclass(v)}


def sections(docstring):
    """Titles and texts of a numpydoc docstring."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.cleandoc(docstring), flags=re.M)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def documented(text):
    """Names of a section like Parameters: its lines without indentation."""
    names = []
    for line in re.sub(r",? *\\\n\s*", ", ", text).splitlines():
        if line.strip() and not line.startswith(" "):
            names += [name.strip() for name in line.partition(" :")[0].split(",")]
    return [name.lstrip("*") for name in names if name]


def parameters(callable_):
    signature = inspect.signature(callable_)
    return [name for name in signature.parameters if name != "self"]


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_docstring_begins_with_one_line(name):
    lines = inspect.cleandoc(OBJECTS[name].__doc__).splitlines()
    assert lines[0].endswith((".", ":"))
    assert len(lines) == 1 or lines[1] == ""


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_function_docstring(name):
    found = sections(FUNCTIONS[name].__doc__)
    told = documented(found.get("Parameters", ""))
    assert sorted(told) == sorted(parameters(FUNCTIONS[name]))
    assert "Examples" in found
    if name not in ("show_versions", "save_model"):
        assert "Returns" in found


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_class_docstring(name):
    cls = CLASSES[name]
    found = sections(cls.__doc__)
    if issubclass(cls, Exception):
        return
    results = (
        riata.Chunks, riata.CVResult, riata.LinearPredictor, riata.PathResult,
        riata.RelaxedPath, riata.SelectionPath, riata.Status,
    )
    made = issubclass(cls, results)  # by riata itself
    given = [] if made else parameters(cls)
    if issubclass(cls, tuple):
        assert documented(found["Attributes"]) == list(cls._fields)
    else:
        assert documented(found.get("Parameters", "")) == given
        assert "Examples" in found


@pytest.mark.parametrize("name", sorted(METHODS))
def test_method_docstring(name):
    method = METHODS[name]
    assert method.__doc__, f"{name} has no docstring"
    found = sections(method.__doc__)
    if "Parameters" in found:
        assert sorted(documented(found["Parameters"])) == sorted(parameters(method))
    if name.rpartition(".")[2] not in RESULTS and "Parameters" in found:
        assert "Returns" in found


ESTIMATORS = sorted(name for name, cls in CLASSES.items() if hasattr(cls, "fit"))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fitted_attributes_are_documented(name):
    X, y, _ = riata.datasets.make_correlated_data(20, 5, random_state=0)
    y = y > y.mean() if "Logistic" in name or "Classifier" in name else np.exp(y / 10)
    y = np.column_stack([y, y[::-1]]) if "MultiTask" in name else y
    model = getattr(riata, name)().fit(X, y)
    fitted = {
        key for key in vars(model) if key.endswith("_") and not key.startswith("_")
    }
    told = documented(sections(type(model).__doc__)["Attributes"])
    assert fitted <= set(told)


@pytest.mark.parametrize("name", modules())
def test_docstring_examples_run(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=OPTIONS)
    plt.close("all")
    assert not failed


@pytest.mark.parametrize("name", CLASSES)
def test_examples_of_public_classes_run(name):
    """Their ``__module__`` is the public one, so that `testmod` does not find them."""
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    known = {full.rpartition(".")[2]: thing for full, thing in OBJECTS.items()}
    finder = doctest.DocTestFinder()
    for test in finder.find(CLASSES[name], name, module=False, globs=known):
        runner.run(test)
    plt.close("all")
    assert not runner.summarize().failed


@pytest.mark.parametrize("name", CLASSES)
def test_public_classes_have_their_public_module(name):
    thing = CLASSES[name]
    home, _, _ = f"riata.{name}".rpartition(".")
    assert thing.__module__ == home
    assert pickle.loads(pickle.dumps(thing)) is thing


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.rst")), ids=lambda p: p.name)
def test_pages_run(page):
    failed, _ = doctest.testfile(
        str(page), module_relative=False, optionflags=OPTIONS, encoding="utf-8"
    )
    assert not failed


def test_readme_runs(capsys):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    words = capsys.readouterr().out.split()
    assert words[1] == words[-1] == "True"


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("examples/*.py")), ids=lambda path: path.stem
)
def test_examples_run(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    with threadpool_limits(1):  # small problems: threads would wait for one another
        runpy.run_path(str(path), run_name="__main__")
    plt.close("all")
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("examples/plot_*.py")), ids=lambda path: path.stem
)
def test_gallery_examples_begin_with_a_title(path):
    text = path.read_text(encoding="utf-8")
    title, below = re.match(r'"""\n(?:=+\n)?(.+)\n(=+)\n', text).groups()
    assert len(below) == len(title)


def test_reference_page_lists_every_public_name():
    page = (ROOT / "docs" / "api.rst").read_text(encoding="utf-8")
    listed = set(re.findall(r"^   ([\w.]+)$", page, re.M))
    named_tuples = {"datasets.PlantedProblem", "datasets.Spectra"}
    assert listed == set(OBJECTS) - named_tuples


def test_source_map_names_every_file():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "riata"
    for path in package.rglob("*"):
        if path.suffix in (".py", ".pyx", ".pxd", ".c", ".h", ".inc"):
            assert re.search(rf"^ +(?:.*\s)?{re.escape(path.name)}\b", text, re.M), path
