"""
fr: Page : un scénario contrôlé
en: Page: a scenario checked

fr: Sans rien résoudre, par la commande `tnt-sim validate`.
en: Without solving, by the command `tnt-sim validate`.
"""

import subprocess
import sys
from pathlib import Path

scenario = "../../scenarios/equite-territoriale.yaml"
command = [sys.executable, "-m", "tnt_sim", "validate", scenario, "--out", "validate.html", "--quiet"]
subprocess.run(command, check=True)
Path("validate.html")
