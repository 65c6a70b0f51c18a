"""Whole paths, one fit and one cross-validation, each with the gap it has reached."""

import importlib

import numpy as np
import scipy.sparse as sp

from .common import DATA, SOLVE, SOLVERS, TOL, problem, quiet


class Path:
    """100 alphas from alpha_max to alpha_max/100, by the path functions."""

    params = (SOLVERS, list(DATA), [1.0, 0.5])
    param_names = ("solver", "data", "l1_ratio")
    timeout = 120

    def setup(self, solver, data, l1_ratio):
        quiet()
        self.problem = problem(data, l1_ratio)
        self.alphas = self.problem.alpha_max() * np.geomspace(1, 0.01, 100)
        self._solve(solver, self.alphas[:3])  # imports

    def _solve(self, solver, alphas):
        p = self.problem
        return SOLVE[solver](
            p.X, p.y, alphas, p.l1_ratio, p.fit_intercept, tol=TOL[solver]
        )

    def time_path(self, solver, data, l1_ratio):
        self._solve(solver, self.alphas)

    def track_relative_gap_path(self, solver, data, l1_ratio):
        """Worst duality gap over the path, as a share of the null objective."""
        coef, intercept, _ = self._solve(solver, self.alphas)
        P, D = self.problem.evaluate(self.alphas, sp.csc_array(coef), intercept)
        return float(np.max(P - D)) / self.problem.null_objective


class Work:
    """What a path of riata costs in counts, which no other load on a machine changes."""

    params = (list(DATA), [1.0, 0.5])
    param_names = ("data", "l1_ratio")
    timeout = 120

    def setup(self, data, l1_ratio):
        from riata import fit_path

        p = problem(data, l1_ratio)
        alphas = p.alpha_max() * np.geomspace(1, 0.01, 100)
        self.work = fit_path(
            p.X, p.y, alphas=alphas, l1_ratio=l1_ratio, fit_intercept=p.fit_intercept,
            n_threads=1,
        ).diagnostics

    def track_passes(self, *_):
        return self.work.passes

    def track_columns_touched(self, *_):
        return self.work.columns_touched

    def track_rounds(self, *_):
        return self.work.rounds

    def track_events(self, *_):
        return self.work.events

    def track_epochs(self, *_):
        return self.work.epochs

    def track_newton(self, *_):
        return self.work.newton


class NewtonWork:
    """The same for losses that Newton's method fits."""

    params = (["logistic", "poisson"], ["dense wide", "dense tall"])
    param_names = ("loss", "data")
    timeout = 120

    def setup(self, loss, data):
        from riata import fit_path

        p = problem(data)
        y = {
            "logistic": lambda: (p.y > 0).astype(float),
            "poisson": lambda: np.floor(np.exp(p.y / p.y.std())),
        }[loss]()
        self.work = fit_path(
            p.X, y, loss=loss, alphas=100, alpha_min_ratio=0.05, n_threads=1
        ).diagnostics

    def track_passes(self, *_):
        return self.work.passes

    def track_hessians(self, *_):
        return self.work.hessians

    def track_events(self, *_):
        return self.work.events


class _Estimator:
    """An estimator of the same name from riata and from scikit-learn."""

    param_names = ("solver", "data")
    timeout = 120
    name: str
    options: dict

    def setup(self, solver, data):
        quiet()
        self.problem = problem(data)
        module = {"riata": "riata", "sklearn": "sklearn.linear_model"}[solver]
        self.factory = getattr(importlib.import_module(module), self.name)
        options = dict(self.options)
        if solver == "riata":
            options["n_threads"] = 1
        if self.name == "Lasso":
            options["alpha"] = self.problem.alpha_max() / 20
        self.model = self.factory(**options)
        rng = np.random.default_rng(0)
        small = self.factory(**options)
        small.fit(rng.standard_normal((20, 3)), rng.standard_normal(20))

    def _fit(self):
        return self.model.fit(self.problem.X, self.problem.y)

    def _relative_gap(self, alpha_name):
        model = self._fit()
        alpha, coef = getattr(model, alpha_name), sp.csc_array(model.coef_[:, None])
        P, D = self.problem.evaluate([alpha], coef, [model.intercept_])
        return float(P[0] - D[0]) / self.problem.null_objective


class Fit(_Estimator):
    """The estimator Lasso with its defaults, at alpha_max/20."""

    params = (SOLVERS, list(DATA))
    name, options = "Lasso", {}

    def time_fit(self, solver, data):
        self._fit()

    def track_relative_gap_fit(self, solver, data):
        """Duality gap as a share of the null objective."""
        return self._relative_gap("alpha")


class CrossValidation(_Estimator):
    """The estimator LassoCV with five folds and 50 alphas."""

    params = (SOLVERS, ["dense wide", "dense tall"])
    name, options = "LassoCV", {"cv": 5, "alphas": 50, "eps": 0.01}

    def time_cross_validation(self, solver, data):
        self._fit()

    def track_relative_gap_cross_validation(self, solver, data):
        """Duality gap of the final fit as a share of the null objective."""
        return self._relative_gap("alpha_")


class Logistic:
    """LogisticRegression with an L1 or an L2 penalty, defaults otherwise.

    Labels are the signs of the residuals of a target. scikit-learn uses liblinear and
    lbfgs; what is reached is tracked as the objective less the best of the two.
    """

    params = (SOLVERS, ["dense wide", "dense tall"], ["l1", "l2"])
    param_names = ("solver", "data", "penalty")
    timeout = 120

    def setup(self, solver, data, penalty):
        quiet()
        p = problem(data)
        self.X, self.y = p.X, (p.y > np.median(p.y)).astype(int)
        self.models = {}
        for name, module in (("riata", "riata"), ("sklearn", "sklearn.linear_model")):
            factory = importlib.import_module(module).LogisticRegression
            options = {"C": 0.1, "l1_ratio": float(penalty == "l1")}
            if name == "riata":
                options["n_threads"] = 1
            elif penalty == "l1":
                options["solver"] = "liblinear"
            self.models[name] = factory(**options)
        self.models[solver].fit(self.X[:50], self.y[:50])  # imports

    def _objective(self, model):
        signs = np.where(self.y == 1, 1.0, -1.0)
        loss = np.logaddexp(0.0, -signs * model.decision_function(self.X)).sum()
        coef, share = model.coef_[0], model.l1_ratio
        return 0.1 * loss + share * abs(coef).sum() + 0.5 * (1 - share) * coef @ coef

    def time_logistic(self, solver, data, penalty):
        self.models[solver].fit(self.X, self.y)

    def track_excess_logistic(self, solver, data, penalty):
        """Objective above the better of the two, as a share of it."""
        found = {k: self._objective(m.fit(self.X, self.y)) for k, m in self.models.items()}
        return found[solver] / min(found.values()) - 1
