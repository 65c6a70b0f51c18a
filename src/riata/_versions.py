"""show_versions: what a bug report needs to say."""

import os
import platform
import sys


def show_versions():
    """Print versions of riata and what it runs on.

    Examples
    --------
    >>> import riata
    >>> riata.show_versions()  # doctest: +ELLIPSIS
    riata...
    """
    from importlib.metadata import PackageNotFoundError, version

    from ._core.design import kernel_levels

    for name in ("riata", "numpy", "scipy", "scikit-learn"):
        try:
            print(f"{name:<14} {version(name)}")
        except PackageNotFoundError:
            print(f"{name:<14} not installed")
    print(f"{'python':<14} {sys.version.split()[0]}")
    print(f"{'platform':<14} {platform.platform()}")
    chosen = os.environ.get("RIATA_KERNELS") or kernel_levels()[-1]
    print(f"{'kernels':<14} {chosen} (of {', '.join(kernel_levels())})")
