from typing import Final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import disjoint_base

from .design import Design

_Float = NDArray[np.float64]
_Ids = NDArray[np.intp]

CONVERGED: Final[int]
EPOCH_LIMIT: Final[int]
STALLED: Final[int]
OUT_OF_TIME: Final[int]

@disjoint_base
class Quadratic:
    @property
    def size(self) -> int: ...
    @property
    def length(self) -> int: ...
    @staticmethod
    def from_sparse(design: Design, ids: _Ids) -> Quadratic: ...
    @staticmethod
    def from_gram(gram: _Float) -> Quadratic: ...
    @staticmethod
    def from_packed(packed: _Float) -> Quadratic: ...
    def subtract(self, w: _Float, q: _Float) -> float: ...

def descend(
    quadratic: Quadratic,
    w: _Float,
    q: _Float,
    qsum: float,
    xty: _Float,
    sqnorm: _Float,
    l1: _Float,
    l2: _Float,
    lower: _Float,
    upper: _Float,
    yy: float,
    tol: float,
    max_epochs: int,
    deadline: float = ...,
    look_first: bool = False,
) -> tuple[int, int, float, float]: ...
