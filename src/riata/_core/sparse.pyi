from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

_Pointer = TypeVar("_Pointer", np.int32, np.int64)
_Index = TypeVar("_Index", np.int32, np.int64)
_Value = TypeVar("_Value", np.float32, np.float64)

OK: Final[int]
UNSORTED: Final[int]
BAD_START: Final[int]
DECREASING: Final[int]
TOO_LONG: Final[int]
NEGATIVE: Final[int]
TOO_LARGE: Final[int]
CHANGED: Final[int]

def check_structure(
    indptr: NDArray[_Pointer], indices: NDArray[_Index], n_minor: int
) -> tuple[int, int]: ...
def compress(
    major: NDArray[_Index],
    minor: NDArray[_Index],
    data: NDArray[_Value],
    n_major: int,
) -> tuple[int, int, NDArray[np.int64], NDArray[_Index], NDArray[_Value]]: ...
def transpose(
    indptr: NDArray[_Pointer],
    indices: NDArray[_Index],
    data: NDArray[_Value],
    n_minor: int,
) -> tuple[int, NDArray[np.int64], NDArray[_Index], NDArray[_Value]]: ...
def merge_duplicates(
    indptr: NDArray[np.int64], indices: NDArray[_Index], data: NDArray[_Value]
) -> int: ...
def canonicalize(
    indptr: NDArray[_Pointer],
    indices: NDArray[_Index],
    data: NDArray[_Value],
    n_minor: int,
) -> tuple[int, NDArray[np.int64], NDArray[_Index], NDArray[_Value]]: ...
def is_extreme_csc(indptr: NDArray[np.int64], data: NDArray[np.float32]) -> bool: ...
def is_extreme_dense(X: NDArray[np.float32]) -> bool: ...
