"""
fr: Page : la relecture d’un tableau
en: Page: the review of a table

fr: Comment chaque colonne a été lue. `tnt-sim new --from` et `tnt-sim refresh` écrivent cette page.
en: How each column was read. `tnt-sim new --from` and `tnt-sim refresh` write this page.
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
