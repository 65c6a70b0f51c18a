import numpy as np
from numpy.typing import NDArray

_Float = NDArray[np.float64]

def descend_rows(
    gram: _Float,
    W: _Float,
    C: _Float,
    l1: _Float,
    l2: _Float,
    enough: float,
    max_epochs: int,
) -> int: ...
