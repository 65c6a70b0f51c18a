"""Pictures: paths, cross-validation, certificates, stability, shrinkage, predictions.

Each is a display in scikit-learn's sense: a class method such as `from_path` computes
what is to be seen and draws it, `plot` draws it again, and the attributes `ax_` and
`figure_` hold the drawing. Matplotlib loads when one is drawn; it comes with
``pip install 'riata[plot]'``.
"""

from importlib import import_module as _import_module

_NAMES = {
    "PathDisplay": "_path",
    "ClassPathsDisplay": "_classes",
    "CVCurveDisplay": "_cross_validation",
    "CertificateDisplay": "_certificate",
    "StabilityDisplay": "_stability",
    "ShrinkageDisplay": "_shrinkage",
    "PredictionDisplay": "_prediction",
}

__all__ = [*_NAMES]  # noqa: PLE0604


def __getattr__(name):
    if name not in _NAMES:
        raise AttributeError(f"module 'riata.plots' has no attribute {name!r}")
    value = getattr(_import_module(f".{_NAMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
