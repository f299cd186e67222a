"""`python -m tnt_sim`: the command line."""

from __future__ import annotations

import sys

from tnt_sim.cli.main import main

sys.exit(main())
