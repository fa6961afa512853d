"""`python -m orchestrion` is the command `orchestrion`."""

import sys

from orchestrion.cli.main import main

sys.exit(main())
