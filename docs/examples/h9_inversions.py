"""
fr: Page : mieux classés et pourtant écartés
en: Page: ranked higher and yet left out

fr: Par la commande `tnt-sim inversions`.
en: By the command `tnt-sim inversions`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-une-region.yaml")
run = scenario.solve().save(tempfile.mkdtemp())
command = [sys.executable, "-m", "tnt_sim", "inversions", str(run), "--out", "inversions.html"]
subprocess.run([*command, "--quiet"], check=True)
Path("inversions.html")
