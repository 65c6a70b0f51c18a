from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from .free_set import FreeSet

_Float = NDArray[np.float64]

SOLVED: Final[int]
GAVE_UP: Final[int]

@disjoint_base
class ActiveSet(FreeSet):
    def __init__(self, limit: int = 4000) -> None: ...
    @property
    def n_events(self) -> int: ...
    def form_when_free(
        self, formed: NDArray[np.uint8], form: Callable[[int, _Float, _Float], object]
    ) -> None: ...
    def solve(
        self,
        gram: _Float,
        xty: _Float,
        w: _Float,
        c: _Float,
        l1_from: _Float,
        l1: _Float,
        l2: _Float,
        lower: _Float,
        upper: _Float,
    ) -> int: ...
    def solve_path(
        self,
        gram: _Float,
        xty: _Float,
        w: _Float,
        c: _Float,
        alpha: float,
        alphas: _Float,
        first: int,
        l1: _Float,
        l2: _Float,
        lower: _Float,
        upper: _Float,
        W: _Float,
    ) -> int: ...
    def solve_batch(
        self,
        gram: _Float,
        xty: _Float,
        w: _Float,
        c: _Float,
        alphas_from: _Float,
        alphas: _Float,
        l1: _Float,
        l2: _Float,
        lower: _Float,
        upper: _Float,
    ) -> NDArray[np.bool_]: ...
