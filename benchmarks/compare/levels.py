"""Which machine was measured: its processor, and the level of riata's kernels."""

import os
import platform
from pathlib import Path


def processor():
    """Return the name of the processor and the number of its cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":")[1] for line in lines if "model name" in line)
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name.strip()}, {os.cpu_count()} cores"


def kernel_level():
    """Return the instruction-set level of riata's kernels in this process and those it
    starts: that of ``RIATA_KERNELS``, or the best one of the processor."""
    try:
        from riata._core.design import kernel_levels
    except ImportError:  # no riata, or one without levels
        return "unknown"
    return os.environ.get("RIATA_KERNELS") or kernel_levels()[-1]


def machine():
    """Return a description for the head of a table: processor and kernel level."""
    return f"{processor()}; kernels {kernel_level()}"
