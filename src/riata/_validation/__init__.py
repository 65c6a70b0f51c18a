"""The one place where input is checked.

Everything a caller hands over passes through here before anything is computed, and what
comes out can be trusted by compiled code that checks no bounds. Nothing of the caller's
is ever written to. What is wrong raises `TypeError` or `ValueError` with the name of
the argument, the first offending position and value, and the remedy.

Data
    `check_design` (X, for fits; `check_design_or_chunks`), `check_operand` (X, for
    products), `is_chunks`, `check_target`, `check_sample_weight`, `check_offset`,
    `check_penalty_factor`, `check_bounds`, `check_coef`, `check_feature_names`,
    `check_gram`, `check_finite`, `raise_nonfinite`, `require_offset`.
Names of features
    `feature_names_of`, `check_names_match`, `require_same_names`.
Numbers
    `check_alphas`, `check_alpha`, `check_l1_ratio`, `check_tol`, `check_max_iter`,
    `check_n_jobs`, `check_n_threads`, `check_time_limit`, `check_random_state`, and the
    general `check_real`, `check_integer`, `check_bool`, `check_choice`,
    `check_callable`; `as_invalid_parameter` turns their errors into one that is both a
    ValueError and a TypeError.
Pictures
    `check_path_alphas`, `check_curve`, `check_axes`.
Estimators
    `validate_estimator_input`, `validate_classifier_input`, `validate_predict_input`: the
    above with scikit-learn's conventions. Only these import scikit-learn.

Importing this module imports NumPy and nothing larger; SciPy's classes are recognised
only if SciPy has been loaded already.
"""

from ._arrays import DesignArrays, check_finite, raise_nonfinite
from ._design import check_design, check_design_or_chunks, check_operand, is_chunks
from ._estimators import (
    FitInput,
    validate_classifier_input,
    validate_estimator_input,
    validate_predict_input,
)
from ._gram import check_gram
from ._names import check_names_match, feature_names_of, require_same_names
from ._numbers import (
    InvalidParameterError,
    as_invalid_parameter,
    check_alpha,
    check_alphas,
    check_bool,
    check_callable,
    check_choice,
    check_integer,
    check_l1_ratio,
    check_max_iter,
    check_n_jobs,
    check_n_threads,
    check_random_state,
    check_real,
    check_time_limit,
    check_tol,
)
from ._pictures import (
    check_axes,
    check_curve,
    check_path_alphas,
)
from ._vectors import (
    check_bounds,
    check_class_coef,
    check_class_intercept,
    check_coef,
    check_feature_names,
    check_offset,
    check_penalty_factor,
    check_sample_weight,
    check_target,
    require_offset,
)

__all__ = [
    "DesignArrays",
    "FitInput",
    "InvalidParameterError",
    "as_invalid_parameter",
    "check_alpha",
    "check_alphas",
    "check_axes",
    "check_bool",
    "check_bounds",
    "check_callable",
    "check_choice",
    "check_class_coef",
    "check_class_intercept",
    "check_coef",
    "check_curve",
    "check_design",
    "check_design_or_chunks",
    "check_feature_names",
    "check_finite",
    "check_gram",
    "check_integer",
    "check_l1_ratio",
    "check_max_iter",
    "check_n_jobs",
    "check_n_threads",
    "check_names_match",
    "check_offset",
    "check_operand",
    "check_path_alphas",
    "check_penalty_factor",
    "check_random_state",
    "check_real",
    "check_sample_weight",
    "check_target",
    "check_time_limit",
    "check_tol",
    "feature_names_of",
    "is_chunks",
    "raise_nonfinite",
    "require_offset",
    "require_same_names",
    "validate_classifier_input",
    "validate_estimator_input",
    "validate_predict_input",
]
