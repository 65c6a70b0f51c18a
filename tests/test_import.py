"""Importing riata is cheap: what is heavy loads when it is first used."""

import subprocess
import sys

import pytest

import riata


def modules_after(statements):
    """Top-level modules that a fresh interpreter has loaded after the statements."""
    code = f"{statements}\nimport sys\nprint(*sorted(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in run.stdout.split()}


FIT = """
import numpy as np, riata
X = np.eye(4)
path = riata.fit_path(X, X[0], alphas=3)
riata.check_solution(X, X[0], path.coef.toarray()[:, 0], alpha=1.0)
path.select("bic")
"""


def test_import_loads_nothing_heavier_than_numpy():
    loaded = modules_after("import riata") - modules_after("import numpy")
    assert loaded - set(sys.stdlib_module_names) <= {"riata"}


def test_fitting_a_path_needs_no_scikit_learn():
    loaded = modules_after(FIT)
    for heavy in ("sklearn", "joblib", "pandas", "polars", "matplotlib", "dask"):
        assert heavy not in loaded


# __version__ is that of an installation: see test_packaging.py
@pytest.mark.parametrize("name", [n for n in riata.__all__ if n != "__version__"])
def test_every_public_name_loads(name):
    assert getattr(riata, name) is not None
    assert name in dir(riata)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'Laso'"):
        riata.Laso
    assert not hasattr(riata, "_nothing")


def test_star_import():
    names = {}
    exec("from riata import fit_path, Lasso, datasets", names)
    assert names["fit_path"] is riata.fit_path
    assert names["Lasso"] is riata.Lasso
    assert names["datasets"] is riata.datasets
