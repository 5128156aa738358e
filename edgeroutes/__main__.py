"""`python -m edgeroutes`, the same as the command `edgeroutes`."""

import sys

from edgeroutes.cli import main

if __name__ == "__main__":
    sys.exit(main())
