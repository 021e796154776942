"""`python -m serai` is the command `serai`."""

import sys

from serai.node.cli import main

sys.exit(main())
