"""The solvers of the race and the environments that they live in.

``python peers.py`` makes the environments under ``.envs`` (again, where their
requirements have changed) and installs R's glmnet where apt-get can.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = {
    "python": ["numpy", "scipy", "scikit-learn", "celer", "skglm", "glum"],
    "adelie": ["numpy<2", "scipy", "adelie"],
}


def _ladder(first, last):
    """Return the tolerances first, first/10, ... down to last."""
    tolerances = [first]
    while tolerances[-1] > 1.5 * last:
        tolerances.append(float(f"{tolerances[-1] / 10:.1e}"))
    return tuple(tolerances)


@dataclass(frozen=True)
class Solver:
    """A solver: a function of ``solvers.py`` (or ``glmnet.R``) with its options.

    Parameters
    ----------
    function : str
    environment : str
        A key of ENVIRONMENTS, "riata" (the Python that runs the race) or "R".
    ladder : tuple of float
        Its tolerances from loose to tight, in its own meaning.
    options : dict
        Further arguments of the function.
    gram : bool
        True for a variant that is raced where n_samples > n_features only.
    dense : bool
        True for one that takes dense X only.
    min_features, max_features : float
        The numbers of columns for which it is raced (a Gram matrix must fit).
    losses : tuple of str
        The losses that it has.
    l1_ratios : pair of float
        The least and the largest that it has.
    intercept : bool
        False for one that has no unpenalised intercept.
    weights : bool
        False for one that has no sample weights.
    """

    function: str
    environment: str
    ladder: tuple
    options: dict = field(default_factory=dict)
    gram: bool = False
    dense: bool = False
    min_features: float = 0
    max_features: float = float("inf")
    losses: tuple = ("squared",)
    l1_ratios: tuple = (0, 1)
    intercept: bool = True
    weights: bool = True

    def applies(self, problem):
        """Return whether this solver is raced on a problem."""
        n, p = problem.X.shape
        return (
            problem.loss in self.losses
            and self.l1_ratios[0] <= problem.l1_ratio <= self.l1_ratios[1]
            and (self.intercept or not problem.fit_intercept)
            and (self.weights or problem.sample_weight is None)
            and self.min_features <= p <= self.max_features
            and not (self.gram and n <= p)
            and not (self.dense and hasattr(problem.X, "tocsc"))
        )

    def command(self):
        """Return the command that runs it, or None where it is not installed."""
        script = HERE / ("glmnet.R" if self.environment == "R" else "worker.py")
        if self.environment == "R":
            program = shutil.which("Rscript") if _has_glmnet() else None
        elif self.environment == "riata":
            program = sys.executable if _has_riata() else None
        else:
            program = _python(self.environment)
            program = program if Path(program).exists() else None
        return program and [str(program), str(script), self.function]


CLASSES = "logistic", "multinomial"
CLAIMS = "poisson", "gamma", "tweedie"

# 5e-7 times scikit-learn's ||y||^2 (celer's too) is 1e-6 of the null objective: rungs
# of 5 make their ladders hit the race's target. The tolerances of glmnet and adelie are
# on squared changes, so one rung is about three times the accuracy.
SOLVERS = {
    "riata": Solver(
        "riata", "riata", _ladder(1e-4, 1e-10),
        losses=("squared", *CLASSES, *CLAIMS, "huber"),
    ),
    "sklearn": Solver("sklearn", "python", _ladder(5e-5, 5e-12)),
    "sklearn-nogram": Solver(
        "sklearn", "python", _ladder(5e-5, 5e-12), {"precompute": False},
        gram=True, dense=True,
    ),
    "sklearn-saga": Solver(
        "sklearn_logistic", "python", _ladder(1e-3, 1e-10), {"solver": "saga"},
        losses=CLASSES,
    ),
    "sklearn-liblinear": Solver(
        "sklearn_logistic", "python", _ladder(1e-2, 1e-10), {"solver": "liblinear"},
        losses=("logistic",), intercept=False,
    ),
    "sklearn-lbfgs": Solver(
        "sklearn_logistic", "python", _ladder(1e-3, 1e-10), {"solver": "lbfgs"},
        losses=CLASSES, l1_ratios=(0, 0),
    ),
    "sklearn-cholesky": Solver(
        "sklearn_logistic", "python", _ladder(1e-3, 1e-10),
        {"solver": "newton-cholesky"},
        losses=CLASSES, l1_ratios=(0, 0), max_features=10_000,
    ),
    "sklearn-glm-lbfgs": Solver(
        "sklearn_glm", "python", _ladder(1e-3, 1e-10), {"solver": "lbfgs"},
        losses=CLAIMS, l1_ratios=(0, 0),
    ),
    "sklearn-glm-cholesky": Solver(
        "sklearn_glm", "python", _ladder(1e-3, 1e-10), {"solver": "newton-cholesky"},
        losses=CLAIMS, l1_ratios=(0, 0), max_features=10_000,
    ),
    "celer": Solver("celer", "python", _ladder(5e-5, 5e-14)),
    "celer-logreg": Solver(
        "celer_logreg", "python", _ladder(1e-4, 1e-12),
        losses=("logistic",), l1_ratios=(1, 1), intercept=False,
    ),
    "skglm": Solver("skglm", "python", _ladder(1e-2, 1e-12)),
    "skglm-glm": Solver(
        "skglm_glm", "python", _ladder(1e-2, 1e-12),
        losses=("logistic", "poisson", "huber"), l1_ratios=(0.01, 1), weights=False,
    ),
    "glum": Solver(
        "glum", "python", _ladder(1e-2, 1e-12), losses=("squared", "logistic", *CLAIMS)
    ),
    "adelie": Solver(
        "adelie", "adelie", _ladder(1e-7, 1e-16),
        losses=("squared", "logistic", "poisson"),
    ),
    "adelie-cov": Solver(
        "adelie_cov", "adelie", _ladder(1e-7, 1e-16),
        gram=True, dense=True, max_features=5000,
    ),
    "glmnet": Solver(
        "glmnet", "R", _ladder(1e-7, 1e-16),
        losses=("squared", *CLASSES, "poisson", "gamma"),
    ),
    "glmnet-cov": Solver(
        "glmnet", "R", _ladder(1e-7, 1e-16), {"type.gaussian": "covariance"},
        gram=True, min_features=500, max_features=5000,
    ),
}  # fmt: skip


def _python(environment):
    where = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return HERE.joinpath(".envs", environment, *where)


def _succeeds(*command):
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def _has_riata():
    return _succeeds(sys.executable, "-c", "from riata import fit_path")


def _has_glmnet():
    return _succeeds("Rscript", "-e", "library(glmnet)")


def _install_python(environment, requirements):
    folder = HERE / ".envs" / environment
    stamp = folder / "requirements.txt"
    wanted = "\n".join(requirements) + "\n"
    if stamp.exists() and stamp.read_text() == wanted:
        print(f"{environment}: already there")
        return
    print(f"{environment}: installing {', '.join(requirements)}")
    python = str(_python(environment))
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", *requirements], check=True)
    stamp.write_text(wanted)


def _install_glmnet():
    if _has_glmnet():
        print("R's glmnet: already there")
    elif shutil.which("apt-get") and getattr(os, "geteuid", lambda: 1)() == 0:
        print("R's glmnet: installing the package r-cran-glmnet")
        subprocess.run(["apt-get", "-qq", "update"], check=True)
        install = ["apt-get", "-qq", "install", "-y", "--no-install-recommends"]
        subprocess.run([*install, "r-cran-glmnet"], check=True)
    else:
        print("R's glmnet: skipped; install R and its package glmnet to race it")


def main():
    """Install what can be installed, and say what cannot."""
    jobs = [(_install_python, item) for item in ENVIRONMENTS.items()]
    for install, arguments in [*jobs, (_install_glmnet, ())]:
        try:
            install(*arguments)
        except subprocess.CalledProcessError as error:
            print(f"failed and left out: {error}")


if __name__ == "__main__":
    main()
