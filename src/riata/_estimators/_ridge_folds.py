"""What `RidgeCV` fits and scores in each fold."""

import numpy as np
from sklearn.metrics import get_scorer

from .._cross_validation._scores import ModelScorer, r_squared
from ._base import Fit


def r2_scorer(model, X, y, **params):
    """Score a model by R squared, as scikit-learn's scorer, whose warning it leaves for
    single samples."""
    if len(y) > 1:
        return r_squared(y, model.predict(X), **params)
    return get_scorer("r2")(model, X, y, **params)


class TargetPaths:
    """Ridge regressions of several targets at several alphas, as the driver sees a path.

    Attributes
    ----------
    alphas : ndarray of shape (n_alphas,)
    fits : list of n_alphas lists of n_targets Fit
        Empty for all samples, whose fits wait for the choice of an alpha.
    """

    def __init__(self, alphas, fits=(), solver=None):
        self.alphas, self.fits, self.solver = alphas, fits, solver
        self.n_active = np.ones(len(alphas), dtype=int)  # which decide on nothing
        each = [fit for of_alpha in fits for fit in of_alpha]
        self.relative_gap = [fit.relative_gap for fit in each]
        self.kkt, self.status = [fit.kkt for fit in each], [fit.status for fit in each]
        self._base = self

    def __len__(self):
        return len(self.alphas)


class RidgeFits:
    """Ridge regressions at all alphas, from one factorization in each fold.

    Parameters
    ----------
    model : RidgeCV
    data : Samples
    folds : Folds
    alphas : ndarray of shape (n_alphas,)
        As given: on scikit-learn's scale.
    order : ndarray of shape (n_alphas,)
        Sorts them into decreasing alphas.
    weight : ndarray of shape (n_samples,)
        As given.
    feature_names : ndarray of shape (n_features,), optional
    """

    l1_ratios, gammas, chunked = (0.0,), None, False

    def __init__(self, model, data, folds, alphas, order, weight, feature_names=None):
        self.model, self.data, self.folds = model, data, folds
        self.alphas, self.order, self.weight = alphas[order], order, weight
        self.feature_names = feature_names

    def grids(self, fold=None):
        rows = slice(None) if fold is None else self.folds[fold][0]
        total = self.weight[rows].sum()
        if not total > 0:
            raise ValueError("sample_weight is zero on all training rows of a fold.")
        return [self.alphas / total]

    def fit(self, fold, l1_ratio, alphas, seconds, saved_path):
        model, data, several = self.model, self.data, self.data.y.ndim == 2
        if fold is None and several:
            return [TargetPaths(alphas)]
        if fold is None and model._needs_dof():
            loo = model._loo(data, alphas)
            return [model._path_of_loo(loo, data, self.feature_names)]
        if fold is not None:
            data = data.rows(self.folds[fold][0])
        fits, solver = model._solve_alphas(data, alphas, seconds)
        if several:
            return [TargetPaths(alphas, fits, solver)]
        fits = [fit for (fit,) in fits]
        path = model._path(fits, alphas, data, self.feature_names, solver=solver)
        return [path.measure(data) if fold is None else path._with(_column_scales=None)]

    def scores(self, path, scorers, held_out, fold):
        """As of `PathFits`; only a single target has predictors, for its deviance."""
        eta = None
        if not isinstance(path, TargetPaths):
            eta = held_out.X @ path.coefs + path.intercept
        rows = self.folds[fold][1]
        return {name: score(path, eta, held_out, rows) for name, score in scorers.items()}


class RidgeScorer(ModelScorer):
    """Scores the models of a fold, each of which is a fitted `Ridge`."""

    def models(self, path, eta, held_out):
        """Yield the fitted model of each alpha."""
        for k, alpha in enumerate(self.attributes["alphas"].tolist()):
            several = isinstance(path, TargetPaths)
            fits = path.fits[k] if several else [Fit.from_path(path, k)]
            yield self.model._for_scoring(
                held_out, alpha=alpha, solver_=path.solver,
                n_features_in_=held_out.X.shape[1],
                **self.model._attributes(fits, held_out),
            )
