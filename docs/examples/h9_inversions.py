"""
Page : mieux classés et pourtant écartés
==========================================

*Ranked higher and yet left out*, by the command `tnt-sim inversions`.
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
