"""What pictures need of a fitted estimator."""


def fitted_path(estimator):
    """The path of an estimator on all data, and the alpha it chose."""
    if hasattr(estimator, "path_") and hasattr(estimator, "alpha_"):
        return estimator.path_, float(estimator.alpha_)
    choice = fitted_result(estimator).select(getattr(estimator, "select", "min"))
    return choice.path, float(choice.alpha)


def fitted_result(estimator):
    """The cross-validation result of an estimator."""
    if hasattr(estimator, "cv_result_"):
        return estimator.cv_result_
    name = type(estimator).__name__
    if not hasattr(estimator, "fit"):
        raise TypeError(f"estimator must be a fitted estimator, got {estimator!r}.")
    if not hasattr(estimator, "coef_"):
        raise ValueError(f"this {name} is not fitted yet; call its fit first.")
    raise ValueError(
        f"this {name} keeps no path; use an estimator that chooses its strength along one "
        "by cross-validation, such as LassoCV (RidgeCV with store_cv_results=True)."
    )


def names_seen_in_fit(estimator):
    """Feature names, or None."""
    return getattr(estimator, "feature_names_in_", None)
