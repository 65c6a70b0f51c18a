from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from .active_set import ActiveSet

_Float = NDArray[np.float64]

@disjoint_base
class NewtonLoop:
    def __init__(
        self,
        datafit: object,
        Z: _Float,
        null: _Float,
        fit_intercept: bool,
        penalty: Sequence[_Float],
        units: tuple[float, float],
        floors: tuple[float, float],
        outputs: int = 1,
    ) -> None: ...
    @property
    def active_set(self) -> ActiveSet: ...
    @property
    def n_hessians(self) -> int: ...
    @property
    def n_steps(self) -> int: ...
    def solve(
        self,
        W: _Float,
        shifts: _Float,
        given: bool,
        first: int,
        alpha: float,
        alphas: _Float,
        tol: _Float,
        kkt_tol: _Float,
        deadline: float,
    ) -> tuple[int, int]: ...
    def verify(
        self,
        W: _Float,
        shifts: _Float,
        alphas: _Float,
        figures: _Float,
        C: _Float,
    ) -> int: ...
