"""riata: certified lasso, ridge and elastic-net paths, fast, dense and sparse.

Names load on first use, so that ``import riata`` costs little more than NumPy.
"""

from importlib import import_module as _import_module

_NAMES = {
    "fit_path": "_path",
    "lasso_path": "_enet_path",
    "enet_path": "_enet_path",
    "alpha_max": "_path",
    "PathResult": "_path",
    "MultinomialPathResult": "_result_multinomial",
    "check_solution": "_certificate",
    "Certificate": "_certificate",
    "save_model": "_model_file",
    "load_model": "_model_file",
    "LinearPredictor": "_linear_predictor",
    "Status": "_solver",
    "ConvergenceWarning": "_solver",
    "Lasso": "_estimators",
    "ElasticNet": "_estimators",
    "Ridge": "_estimators_ridge",
    "RidgeCV": "_cross_validation_ridge",
    "LassoCV": "_cross_validation",
    "ElasticNetCV": "_cross_validation",
    "GeneralizedLinearRegressor": "_estimators_glm",
    "PoissonRegressor": "_estimators_tweedie",
    "GammaRegressor": "_estimators_tweedie",
    "TweedieRegressor": "_estimators_tweedie",
    "GeneralizedLinearClassifier": "_estimators_classifier",
    "LogisticRegression": "_estimators_logistic",
    "GeneralizedLinearRegressorCV": "_cross_validation_glm",
    "GeneralizedLinearClassifierCV": "_cross_validation_glm",
    "LogisticRegressionCV": "_cross_validation_logistic",
    "HuberRegressor": "_estimators_huber",
    "relaxed_path": "_relaxed",
    "RelaxedPath": "_relaxed",
    "adaptive_path": "_adaptive",
    "approximate_loo": "_approximate_loo",
    "LeaveOneOut": "_approximate_loo",
    "stability_path": "_stability",
    "bootstrap_path": "_stability",
    "SelectionPath": "_stability",
    "false_selection_bound": "_stability_bounds",
    "RelaxedLassoCV": "_cross_validation_selection",
    "AdaptiveLasso": "_estimators_adaptive",
    "AdaptiveLassoCV": "_cross_validation_selection",
    "StabilitySelection": "_estimators_selection",
    "cv_path": "_cross_validation_path",
    "CVResult": "_cross_validation_result",
    "Interrupted": "_solver",
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
