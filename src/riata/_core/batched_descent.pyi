import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from .descent import Quadratic

_Float = NDArray[np.float64]

@disjoint_base
class BatchedDescent:
    def __init__(
        self,
        quadratic: Quadratic,
        sqnorm: _Float,
        l1: _Float,
        l2: _Float,
        lower: _Float,
        upper: _Float,
        alphas: _Float,
    ) -> None: ...
    @property
    def quadratic(self) -> Quadratic: ...
    @property
    def w(self) -> _Float: ...
    @property
    def C(self) -> _Float: ...
    @property
    def live(self) -> _Float: ...
    def start(self, w: _Float, Q: _Float) -> None: ...
    def sweep(self) -> _Float: ...
    def correlate(self) -> None: ...
    def newton(self, iterations: int) -> int: ...
