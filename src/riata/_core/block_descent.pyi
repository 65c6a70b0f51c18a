import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

_Float = NDArray[np.float64]
_Index = NDArray[np.intp]

def group_norms(
    C: _Float,
    cols: _Index,
    unit: _Float,
    group: _Index,
    la: _Float,
    alphas: _Float,
    out: _Float,
) -> None: ...
@disjoint_base
class BlockDescent:
    def __init__(
        self,
        M: _Float,
        by_gram: bool,
        first: _Index,
        blocks: _Float,
        largest: _Float,
        la: _Float,
        lg: _Float,
        l2: _Float,
    ) -> None: ...
    def sweep(
        self, v: _Float, state: _Float, alpha: float, only_active: bool
    ) -> float: ...
