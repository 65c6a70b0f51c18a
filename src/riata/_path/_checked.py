"""The input of a fit, checked: data, penalty, problem."""


from typing import NamedTuple

import numpy as np

from .. import _validation as check
from .._core.design import NonFinite
from .._problem._outputs_problem import OutputsProblem
from .._problem._problem import GeneralProblem, Problem
from ..losses import Squared
from ..penalties import Penalty, RowGroup


class Data(NamedTuple):
    """Validated input of a fit."""

    X: object
    y: np.ndarray  # as the loss expects it
    sample_weight: np.ndarray | None
    offset: np.ndarray | None
SQUARED = Squared()


def checked_data(X, y, sample_weight, offset, loss=SQUARED, check_X=check.check_design):
    """The input of a fit, checked; what is fitted to chunks says so by `check_X`."""
    X = check_X(X)
    n = X.n_samples
    y = loss.check_target(check.check_target(y, n, isinstance(loss, Squared)))
    sample_weight = check.check_sample_weight(sample_weight, n)
    n_targets = int(y.max()) + 1 if loss.many_outputs else None
    if y.ndim == 2:
        n_targets = y.shape[1]
        y = y[:, 0] if n_targets == 1 else y
    offset = check.check_offset(offset, n, n_targets=n_targets)
    return Data(X, y, sample_weight, offset)


def less_offset(data):
    """The target less the offset, which is all that the squared loss sees."""
    y, offset = data.y, data.offset
    if offset is None:
        return y
    return y - (offset[:, None] if offset.ndim < y.ndim else offset)


def checked_penalty(penalty, l1_ratio, penalty_factor, lower, upper, n_features):
    """The options of a problem for a penalty, given as an object or by its parts."""
    more = {}
    if penalty is not None:
        if not isinstance(penalty, Penalty):
            raise TypeError(
                f"penalty must be None or an object of a class derived from "
                f"riata.penalties.Penalty, got {penalty!r}."
            )
        if l1_ratio != 1.0 or not (penalty_factor is lower is upper is None):
            raise ValueError(
                "penalty= holds l1_ratio, penalty_factor, lower and upper itself; "
                "do not pass them beside it."
            )
        if penalty.codes_ is not None and len(penalty.codes_) != n_features:
            raise ValueError(
                f"groups of penalty={penalty!r} must have one label for each of the "
                f"{n_features} features of X, got {len(penalty.codes_)}."
            )
        more, penalty_factor = penalty.options(), penalty.penalty_factor
        l1_ratio = more.pop("l1_ratio", 1.0)
        lower, upper = more.pop("lower", None), more.pop("upper", None)
    l1_ratio = check.check_l1_ratio(l1_ratio)
    factor = check.check_penalty_factor(penalty_factor, n_features)
    lower, upper = check.check_bounds(lower, upper, n_features)
    return {
        "l1_ratio": l1_ratio, "penalty_factor": factor, "lower": lower, "upper": upper,
        **more,
    }


def checked_elastic_net(options, n_features, name):
    """As `checked_penalty`, for the arguments of a function that takes no others."""
    given = options.get("penalty")
    penalty = checked_penalty(
        given, options.get("l1_ratio", 1.0),
        *map(options.get, ("penalty_factor", "lower", "upper")), n_features,
    )
    if not elastic_net_parts(penalty) == penalty:
        raise ValueError(f"{name} is for the elastic net, not for penalty={given!r}.")
    return penalty


def elastic_net_parts(penalty):
    """The options of an elastic net among those from `checked_penalty`."""
    return {name: v for name, v in penalty.items() if name not in ("penalty", "rows")}


def checked_problem(data, loss=SQUARED, **options):
    bounded = options.get("lower") is not None or options.get("upper") is not None
    generic, rows = options.get("penalty"), options.pop("rows", None)
    if data.y.ndim == 2:
        return _problem_of_rows(data, rows, **options)
    if loss.many_outputs and loss.grouped and rows is None:  # which is deprecated
        rows = RowGroup(options["l1_ratio"], options["penalty_factor"])
    if loss.many_outputs and rows is not None and bounded:
        raise ValueError(
            "lower and upper must be None where rows of coefficients are penalised "
            "(RowGroup, or Multinomial(grouped=True)): rows have norms, not bounds."
        )
    if loss.many_outputs and generic is not None:
        raise ValueError(
            f"penalty={generic!r} is for losses with one linear predictor, but "
            f"loss={loss.name!r} has several. Use ElasticNet or RowGroup."
        )
    if loss.many_outputs and data.X.kind == "chunks":
        raise ValueError(
            f"loss={loss.name!r} is not fitted to chunks, but X is {data.X!r}. Fit "
            "loss='logistic' to one class against the others, or X in memory."
        )
    if generic is not None and generic.codes_ is not None and data.X.kind == "chunks":
        raise ValueError(
            f"penalty={generic!r} is not fitted to chunks, but X is {data.X!r}. Use "
            "ElasticNet, or X in memory."
        )
    options["sample_weight"] = data.sample_weight
    try:
        exact = generic is None or generic.codes_ is not None
        if isinstance(loss, Squared) and exact and not (
            _by_gradients(data.X, options["l1_ratio"])
        ):
            return Problem(data.X, less_offset(data), **options)
        if loss.many_outputs:
            options["rows"] = rows
        return GeneralProblem(data.X, data.y, loss=loss, offset=data.offset, **options)
    except NonFinite as error:
        check.raise_nonfinite("X", *error.args)


def _problem_of_rows(data, rows, penalty=None, lower=None, upper=None, **options):
    """Least squares with several targets."""
    if rows is None:
        raise ValueError(
            f"y has {data.y.shape[1]} targets: pass penalty=RowGroup() to select features "
            "for all of them together, or fit each of its columns by itself."
        )
    if lower is not None or upper is not None:
        raise ValueError(
            "lower and upper must be None: rows of coefficients have norms, not bounds."
        )
    if data.X.kind == "chunks":
        raise ValueError(
            f"several targets are not fitted to chunks, but X is {data.X!r}. Fit each of "
            "the columns of y by itself, or X in memory."
        )
    if options["l1_ratio"] == 0:
        raise ValueError(
            "l1_ratio=0 has no norms of rows: fit several targets by Ridge, or use a "
            "positive l1_ratio."
        )
    try:
        return OutputsProblem(
            data.X, less_offset(data), sample_weight=data.sample_weight, rows=rows,
            **options
        )
    except NonFinite as error:
        check.raise_nonfinite("X", *error.args)


def _by_gradients(X, l1_ratio):
    """Whether the squared loss is a loss like others, which asks for gradients at given
    coefficients: where residuals had a way to go to X."""
    return X.kind == "chunks" and not X.local and not X.axis and l1_ratio > 0
