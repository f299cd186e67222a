"""The tables of `docs/trials.md`: every row has tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from support.paths import ROOT

MENDED = "## Defects mended in 0.2"
FAULTS_PART, _, MENDED_PART = (ROOT / "docs/trials.md").read_text(encoding="utf-8").partition(MENDED)
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| *(.*?) *\|$", re.MULTILINE)
FAULTS, MENDS = ROW.findall(FAULTS_PART), ROW.findall(MENDED_PART)
ROWS = [*FAULTS, *MENDS]
NAMES = [*(f"fault-{row[0]}" for row in FAULTS), *(f"mended-{row[0]}" for row in MENDS)]


@cache
def functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_the_table_is_whole() -> None:
    assert [int(number) for number, *_ in FAULTS] == list(range(1, 56))


def test_mended_defects_stand_in_order_once() -> None:
    numbers = [int(number) for number, *_ in MENDS]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    ("number", "fault", "answer", "tests"), ROWS, ids=[f"{k}-{row[0]}" for k, row in enumerate(ROWS)]
)
def test_every_named_test_exists(number: str, fault: str, answer: str, tests: str) -> None:
    named = re.findall(r"`([^`]+)`", tests)
    assert named, f"row {number} ({fault}: {answer}) has no test"
    for name in named:
        match = re.fullmatch(r"(tests/[\w/]+\.py)::(test_\w+)(?:\[([^\]]+)\])?", name)
        assert match is not None, name
        file, function, case = match.groups()
        path = ROOT / file
        assert path.is_file(), name
        assert function in functions(path), name
        assert case is None or f'"{case}"' in path.read_text(encoding="utf-8"), name
