"""A sample of `benchmarks/interrupted.py`: kills and full disks leave every file as it was or whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="forks, and limits of a process")
def test_kills_and_full_disks_leave_what_was_there(tmp_path: Path) -> None:
    words = ["8", "--verbs", "run", "sign", "--kinds", "moment", "byte", "full", "limit"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "benchmarks/interrupted.py"), *words],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("8 times: ")
    assert "'byte: stopped': 2" in last, "a kill while a byte is written stops the verb"
    assert "'full: stopped': 2" in last
