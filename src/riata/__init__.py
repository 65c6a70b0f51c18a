"""riata: certified lasso, ridge and elastic-net paths, fast, dense and sparse.

Names load on first use, so that ``import riata`` costs little more than NumPy.
"""

from importlib import import_module as _import_module

_NAMES = {
    "fit_path": "_path._fit",
    "lasso_path": "_path._enet_path",
    "enet_path": "_path._enet_path",
    "alpha_max": "_path._fit",
    "PathResult": "_path._result",
    "MultiOutputPathResult": "_path._result_outputs",
    "MultinomialPathResult": "_path._result_multinomial",
    "check_solution": "_path._audit",
    "Certificate": "_path._audit",
    "save_model": "_path._model_file",
    "load_model": "_path._model_file",
    "LinearPredictor": "_path._linear_predictor",
    "Status": "_solver._solutions",
    "ConvergenceWarning": "_solver._solutions",
    "Lasso": "_estimators._elastic_net",
    "ElasticNet": "_estimators._elastic_net",
    "Ridge": "_estimators._ridge",
    "RidgeCV": "_estimators._ridge_cv",
    "LassoCV": "_estimators._elastic_net_cv",
    "ElasticNetCV": "_estimators._elastic_net_cv",
    "GeneralizedLinearRegressor": "_estimators._glm",
    "PoissonRegressor": "_estimators._tweedie",
    "GammaRegressor": "_estimators._tweedie",
    "TweedieRegressor": "_estimators._tweedie",
    "GeneralizedLinearClassifier": "_estimators._classifier",
    "LogisticRegression": "_estimators._logistic",
    "GeneralizedLinearRegressorCV": "_estimators._glm_cv",
    "GeneralizedLinearClassifierCV": "_estimators._glm_cv",
    "LogisticRegressionCV": "_estimators._logistic_cv",
    "GroupLasso": "_estimators._group_lasso",
    "GroupLassoCV": "_estimators._group_lasso",
    "SparseGroupLasso": "_estimators._group_lasso",
    "SparseGroupLassoCV": "_estimators._group_lasso",
    "HuberRegressor": "_estimators._huber",
    "MultiTaskLasso": "_estimators._multi_task",
    "MultiTaskElasticNet": "_estimators._multi_task",
    "MultiTaskLassoCV": "_estimators._multi_task",
    "MultiTaskElasticNetCV": "_estimators._multi_task",
    "relaxed_path": "_selection._relaxed",
    "RelaxedPath": "_selection._relaxed",
    "adaptive_path": "_selection._adaptive",
    "approximate_loo": "_selection._approximate_loo",
    "LeaveOneOut": "_selection._approximate_loo",
    "stability_path": "_selection._stability",
    "bootstrap_path": "_selection._stability",
    "SelectionPath": "_selection._stability",
    "false_selection_bound": "_selection._stability_bounds",
    "RelaxedLassoCV": "_estimators._selection_cv",
    "AdaptiveLasso": "_estimators._adaptive",
    "AdaptiveLassoCV": "_estimators._selection_cv",
    "StabilitySelection": "_estimators._stability",
    "cv_path": "_estimators._cv_path",
    "CVResult": "_cross_validation._result",
    "Interrupted": "_solver._solutions",
    "open_chunks": "chunks",
    "from_dask": "chunks",
    "Chunks": "chunks",
    "show_versions": "_versions",
}
_MODULES = ("conventions", "datasets", "losses", "penalties", "plots")

__all__ = ["__version__", *_MODULES, *_NAMES]  # noqa: PLE0604


def __getattr__(name):
    if name in _NAMES:
        value = getattr(_import_module(f".{_NAMES[name]}", __name__), name)
    elif name in _MODULES:
        value = _import_module(f".{name}", __name__)
    elif name == "__version__":
        from importlib.metadata import version

        value = version("riata")
    else:
        raise AttributeError(f"module 'riata' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
