"""Data larger than memory, and than one machine: matrices in chunks."""

from ._chunks import Chunks, Progress
from ._open import open_chunks

__all__ = ["Chunks", "Progress", "open_chunks"]
