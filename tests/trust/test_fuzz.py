"""A sample of the fuzzer with fixed seeds; `benchmarks/fuzz.py` runs as many cases as wanted."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from support.paths import ROOT

FUZZ = ROOT / "benchmarks/fuzz.py"


@pytest.mark.slow
def test_a_sample_of_each_fuzzer_finds_nothing() -> None:
    n = 20
    done = subprocess.run(
        [sys.executable, str(FUZZ), "all", "--n", str(n), "--seed", "7"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(rf"^\w+: {n} cases .*, 0 findings", done.stdout, re.MULTILINE)) == 6
    assert len(re.findall(r"\d+ read", done.stdout)) >= 1
