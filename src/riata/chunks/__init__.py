"""Data larger than memory, and than one machine: matrices in chunks."""

from ._chunks import Chunks, Progress
from ._dask import from_dask
from ._open import open_chunks

__all__ = ["Chunks", "Progress", "from_dask", "open_chunks"]
