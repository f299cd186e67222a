"""A sample of the fuzzer with fixed seeds; `benchmarks/fuzz.py` runs as many cases as wanted."""

from __future__ import annotations

import re
import subprocess
import sys

from support.paths import ROOT

FUZZ = ROOT / "benchmarks/fuzz.py"


def test_a_sample_of_each_fuzzer_finds_nothing() -> None:
    done = subprocess.run(
        [sys.executable, str(FUZZ), "all", "--n", "30", "--seed", "7"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^\w+: 30 cases .*, 0 findings", done.stdout, re.MULTILINE)) == 6
    assert len(re.findall(r"\d+ read", done.stdout)) >= 3
