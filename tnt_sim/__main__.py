"""`python -m tnt_sim`: the command line."""

import sys

from tnt_sim.cli.main import main

sys.exit(main())
