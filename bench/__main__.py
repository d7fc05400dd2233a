"""``python -m bench``."""

import sys
from pathlib import Path

# Python puts the current folder first on sys.path; in the checkout's root it would hide an installed package named
# `datasets` behind our folder of that name. `bench` itself is imported by now and finds its parts without it.
if sys.path and Path(sys.path[0] or ".").resolve() == Path.cwd().resolve():
    del sys.path[0]

from bench.cli.app import main

if __name__ == "__main__":
    main()
