"""The command line: ``riata`` and ``python -m riata``."""

from ._commands import main

__all__ = ["main"]
