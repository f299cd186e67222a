"""A sample of the fuzzer with fixed seeds; `benchmarks/fuzz.py` runs as many cases as wanted."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from support.lanes import share
from support.paths import ROOT

FUZZ = ROOT / "benchmarks/fuzz.py"


@pytest.mark.slow
@pytest.mark.drawn
def test_a_sample_of_each_fuzzer_finds_nothing() -> None:
    n = share(40)
    done = subprocess.run(
        [sys.executable, str(FUZZ), "all", "--n", str(n), "--seed", "7"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(rf"^\w+: {n} cases .*, 0 findings", done.stdout, re.MULTILINE)) == 6
    assert len(re.findall(r"\d+ read", done.stdout)) >= (3 if n == 40 else 1)
