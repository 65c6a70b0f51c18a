import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

_Float = NDArray[np.float64]
_Ids = NDArray[np.intp]
_Mask = NDArray[np.uint8]

def losses(
    yy: float, xty: _Float, C: _Float, w: _Float, noise: float = 0.0
) -> tuple[_Float, _Float]: ...
MOST_UNIT: float

def in_design_units(
    factor: _Float | None,
    sd: _Float,
    scale: _Float,
    sqnorm: _Float,
    n_samples: float,
    l1_ratio: float,
    unit: float,
) -> tuple[_Float, _Float, _Float, _Float, _Ids, bool]: ...

def in_user_units(
    columns: _Ids,
    w: _Float,
    n_active: _Ids,
    coef_unit: _Float,
    mean: _Float,
    gap: _Float,
    loss: _Float,
    penalty: _Float,
    n_samples: float,
    unit: float,
    null_objective: float,
) -> tuple[_Float, _Float, _Float, _Float, _Float, _Float]: ...
def extrapolate(
    C: _Float, cols: _Ids, before: int, k: int, step: float, c: _Float, slope: _Float
) -> None: ...

@disjoint_base
class ColumnPenalty:
    convex: bool
    piecewise_linear: bool
    by_blocks: bool
    has_gap: bool
    rounding: float
    def __init__(
        self,
        l1: _Float,
        l2: _Float,
        lower: _Float | None,
        upper: _Float | None,
        unit: _Float,
    ) -> None: ...
    @property
    def l1(self) -> _Float: ...
    @property
    def l2(self) -> _Float: ...
    @property
    def lower(self) -> _Float | None: ...
    @property
    def upper(self) -> _Float | None: ...
    @property
    def unit(self) -> _Float: ...
    def whole(self, columns: _Ids, mask: _Mask) -> _Ids: ...
    def certify(
        self,
        C: _Float,
        cols: _Ids,
        w: _Float,
        alphas: _Float,
        loss: _Float,
        squared: bool = True,
        joint: bool = False,
    ) -> tuple[_Float, _Float, _Float]: ...
    def value(self, W: _Float, alphas: _Float, cols: NDArray[np.intp]) -> _Float: ...
    def drop_rounding(
        self, cols: _Ids, w: _Float, alphas: _Float, noise: float
    ) -> None: ...
    def violators(
        self, C: _Float, cols: _Ids, first: int, alphas: _Float, margin: float
    ) -> tuple[_Ids, _Float]: ...
    def predict(
        self,
        c: _Float,
        slope: _Float,
        alpha: float,
        target: float,
        gamma: float,
        in_working: _Mask,
    ) -> tuple[_Ids, _Float]: ...
    def alpha_max(self, c: _Float) -> float: ...
