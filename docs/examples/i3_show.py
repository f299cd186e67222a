"""
fr: Page : un scénario en phrases
en: Page: a scenario in sentences

fr: Chaque valeur avec sa place, chaque règle en mots, par la commande `tnt-sim show`.
en: Each value with its place, each rule in words, by the command `tnt-sim show`.
"""

import subprocess
import sys
from pathlib import Path

scenario = "../../scenarios/equite-territoriale.yaml"
command = [sys.executable, "-m", "tnt_sim", "show", scenario, "--out", "show.html", "--quiet"]
subprocess.run(command, check=True)
Path("show.html")
