"""``python -m riata``: the command line, and by default the demo."""

import sys

from ._cli._commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["demo"], prog="python -m riata"))
