"""`python -m chiso` is the same as `chiso`."""

import sys

from chiso.interfaces.cli.main import main

sys.exit(main())
