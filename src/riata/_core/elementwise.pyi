from typing import Final

import numpy as np
from numpy.typing import NDArray

_Float = NDArray[np.float64]

LOSSES: Final[tuple[str, ...]]

def visit(
    name: str,
    y: _Float,
    weights: _Float | None,
    unit: float,
    eta: _Float,
    step: _Float | None,
    shift: _Float,
    length: _Float,
    which: NDArray[np.intc],
    model: _Float | None,
    moved: _Float,
    weighted: _Float,
    curvature: _Float,
    parameter: float = 0.0,
) -> _Float: ...
def standard_target(
    y: _Float, weights: _Float | None, center: bool
) -> tuple[_Float, float, float, float]: ...
def visit_joint(
    targets: _Float,
    weights: _Float | None,
    unit: float,
    eta: _Float,
    step: _Float | None,
    shift: _Float,
    length: _Float,
    moved: _Float,
    weighted: _Float,
    curvature: _Float,
) -> _Float: ...
def joint_sums(
    targets: _Float, weights: _Float | None, eta: _Float, shift: _Float
) -> tuple[float, _Float, _Float]: ...
