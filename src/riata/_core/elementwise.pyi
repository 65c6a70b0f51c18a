import numpy as np
from numpy.typing import NDArray

_Float = NDArray[np.float64]

def logistic(
    y: _Float, eta: _Float, weights: _Float | None = None
) -> tuple[_Float, _Float]: ...
def poisson(
    y: _Float, eta: _Float, weights: _Float | None = None
) -> tuple[_Float, _Float]: ...
