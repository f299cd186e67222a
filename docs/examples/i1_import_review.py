"""
Page : la relecture d’un tableau
==================================

*The review of a table*: what each column was read as. `tnt-sim new --from` and `tnt-sim refresh` write it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp()) / "programme"
table = Path("../../scenarios/data/demarche-exemple.csv")
subprocess.run(
    [sys.executable, "-m", "tnt_sim", "new", str(folder), "--from", str(table), "--quiet"], check=True
)
folder / "relecture.html"
