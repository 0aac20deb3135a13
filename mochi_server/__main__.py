"""`mochi-server`, and `python -m mochi_server`."""

import sys

from entrypoints.cli import main

if __name__ == "__main__":
    sys.exit(main())
