import numpy as np
from numpy.typing import NDArray

from .design import Design

def sparse_gram(
    design: Design, cols: NDArray[np.intp], old: int
) -> NDArray[np.float64]: ...
def rows_of(
    design: Design, ids: NDArray[np.intp], weighted: bool
) -> tuple[
    NDArray[np.int64], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]
]: ...
def gram_of_rows(
    start: NDArray[np.int64], column: NDArray[np.int32], entry: NDArray[np.float64],
    weights: NDArray[np.float64], size: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
