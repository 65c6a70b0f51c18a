"""What is written is true: docstrings fit signatures, and all examples run."""

import doctest
import importlib
import inspect
import pkgutil
import re
import runpy
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot
import numpy as np
import pytest
from sklearn import linear_model

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
            ours = method.__module__.startswith("riata.")
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
        riata.CVResult, riata.LinearPredictor, riata.PathResult, riata.RelaxedPath,
        riata.SelectionPath, riata.Status,
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
    mpl.pyplot.close("all")
    assert not failed


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
    assert capsys.readouterr().out.split()[1:] == ["True", "True"]


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("examples/*.py")), ids=lambda path: path.stem
)
def test_examples_run(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(path), run_name="__main__")
    mpl.pyplot.close("all")
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("examples/plot_*.py")), ids=lambda path: path.stem
)
def test_gallery_examples_begin_with_a_title(path):
    text = path.read_text(encoding="utf-8")
    above, title, below = text.splitlines()[1:4]
    assert above == below == "=" * len(title)


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


# --- the table of conventions in docs/objective.rst


@pytest.fixture(scope="module")
def problem():
    X, y, _ = riata.datasets.make_correlated_data(60, 8, rho=0.6, random_state=3)
    return X, y + 5.0, np.random.default_rng(0).integers(1, 4, 60).astype(float)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
def test_elastic_net_of_scikit_learn_is_the_same(problem, l1_ratio):
    X, y, s = problem
    theirs = linear_model.ElasticNet(alpha=0.2, l1_ratio=l1_ratio, tol=1e-12)
    theirs.fit(X, y, sample_weight=s)
    path = riata.fit_path(
        X, y, alphas=[0.2], l1_ratio=l1_ratio, sample_weight=s, tol=1e-12
    )
    np.testing.assert_allclose(path.coefs[:, 0], theirs.coef_, atol=1e-6)
    assert path.intercept[0] == pytest.approx(theirs.intercept_)


def test_ridge_of_scikit_learn_counts_the_sum(problem):
    X, y, s = problem
    theirs = linear_model.Ridge(alpha=7.0).fit(X, y, sample_weight=s)
    path = riata.fit_path(
        X, y, alphas=[7.0 / s.sum()], l1_ratio=0.0, sample_weight=s, tol=1e-12
    )
    np.testing.assert_allclose(path.coefs[:, 0], theirs.coef_, atol=1e-6)
    assert path.intercept[0] == pytest.approx(theirs.intercept_)


# Intercept and coefficients of R's glmnet 4.1 on this problem, with weights=s,
# lambda=0.15, alpha=0.4, penalty.factor=1:8, standardize=TRUE and thresh=1e-16.
GLMNET = [
    5.46947989, -1.01658437, -0.38678380, -0.52817339, 0.68997823, 0.62865102,
    0.53580245, -1.32746353, 0.78503476,
]  # fmt: skip


def test_elastic_net_of_glmnet(problem):
    X, y, s = problem
    sd = np.sqrt(np.cov(y, aweights=s, ddof=0))
    alpha = 0.15 * (0.4 + 0.6 / sd)
    factor = np.arange(1.0, 9.0)
    path = riata.fit_path(
        X, y, alphas=[alpha], l1_ratio=0.4 * 0.15 / alpha, sample_weight=s,
        penalty_factor=8 * factor / factor.sum(), standardize=True, tol=1e-12,
    )  # fmt: skip
    np.testing.assert_allclose(
        np.append(path.intercept, path.coefs[:, 0]), GLMNET, atol=1e-6
    )


def test_logistic_regression_of_scikit_learn_counts_the_sum(problem):
    X, y, s = problem
    y = (y > y.mean()).astype(float)
    theirs = linear_model.LogisticRegression(C=0.7, tol=1e-10, solver="newton-cholesky")
    theirs.fit(X, y, sample_weight=s)
    path = riata.fit_path(
        X, y, loss="logistic", alphas=[1 / (0.7 * s.sum())], l1_ratio=0.0,
        sample_weight=s, tol=1e-13,
    )  # fmt: skip
    np.testing.assert_allclose(path.coefs[:, 0], theirs.coef_[0], atol=1e-5)
    assert path.intercept[0] == pytest.approx(theirs.intercept_[0], abs=1e-5)


def test_huber_of_scikit_learn_has_a_scale(problem):
    X, y, s = problem
    model = riata.HuberRegressor(epsilon=1.2, alpha=3.0).fit(X, y, sample_weight=s)
    path = riata.fit_path(
        X, y, loss=riata.losses.Huber(1.2 * model.scale_), l1_ratio=0.0,
        alphas=[3.0 * model.scale_ / s.sum()], sample_weight=s, tol=1e-13,
    )  # fmt: skip
    np.testing.assert_allclose(path.coefs[:, 0], model.coef_, atol=1e-6)
    assert path.intercept[0] == pytest.approx(model.intercept_)
