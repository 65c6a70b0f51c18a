import numpy as np
from numpy.typing import NDArray

from .design import Design

def sparse_gram(
    design: Design, cols: NDArray[np.intp], old: int
) -> NDArray[np.float64]: ...
