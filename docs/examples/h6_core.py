"""
fr: Page : financés dans tous les cas
en: Page: funded in all decisions

fr: Par la commande `tnt-sim core`.
en: By the command `tnt-sim core`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import tnt_sim as tnt

scenario = tnt.read_scenario("../../scenarios/equite-territoriale.yaml")
richer = scenario.with_({"programme.amount": "30 M€"})
runs = [str(one.solve().save(tempfile.mkdtemp())) for one in (scenario, richer)]
subprocess.run([sys.executable, "-m", "tnt_sim", "core", *runs, "--out", "core.html", "--quiet"], check=True)
Path("core.html")
