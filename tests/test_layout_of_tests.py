"""Tests mirror the rooms of the package: a test is found where what it tests stands."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from support.lanes import Lane, choose_profile
from support.paths import ROOT, TESTS

OTHER_FOLDERS = {"claims", "docs", "notebooks", "scenarios", "trust"}
"""Across rooms: rows of the reference, documents, notebooks, shipped scenarios, faults of the surroundings."""

DATA = TESTS / "support" / "data"
PACKAGE = TESTS / "example_package"
"""A package of its own, as another project would write it."""
FILES = [path for path in TESTS.rglob("*.py") if not {DATA, PACKAGE} & {*path.parents}]
NAMED = [path for path in FILES if path.name.startswith("test_")]


def test_each_folder_is_a_room_of_the_package_or_a_known_one() -> None:
    folders = {path.parent.relative_to(TESTS) for path in NAMED} - {Path()}
    unknown = {
        str(folder)
        for folder in folders
        if not (ROOT / "tnt_sim" / folder).is_dir() and str(folder) not in OTHER_FOLDERS
    }
    assert unknown == set()


def test_each_base_name_stands_once() -> None:
    assert [name for name, times in Counter(path.name for path in NAMED).items() if times > 1] == []


def test_helpers_stand_in_support_alone() -> None:
    elsewhere = {
        str(path.relative_to(TESTS))
        for path in FILES
        if path not in NAMED and path.name != "conftest.py" and TESTS / "support" not in path.parents
    }
    assert elsewhere == set()


def test_no_test_changes_where_modules_are_found() -> None:
    found = re.compile(r"sys\.path\.(insert|append)|^(from|import) test_", re.MULTILINE)
    changing = {
        str(path.relative_to(TESTS)) for path in FILES if found.search(path.read_text(encoding="utf-8"))
    }
    assert changing - {"support/benchmarks.py", Path(__file__).name} == set()


def test_each_name_of_a_test_says_what_must_hold() -> None:
    short = {
        f"{path.name}::{node.name}"
        for path in NAMED
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and node.name.count("_") < 3
    }
    assert short == set()


def test_lanes_draw_the_same_examples_and_only_a_seed_changes_them(pytestconfig: pytest.Config) -> None:
    by_hand = Lane.is_whole()
    if pytestconfig.getoption("--hypothesis-profile") is None:
        assert settings().derandomize is not by_hand
    assert choose_profile(slow=True, in_ci=False) == "anew"
    assert {choose_profile(slow=slow, in_ci=True) for slow in (False, True)} == {"same"}
    assert choose_profile(slow=False, in_ci=False) == "same"
    anew = settings.get_profile("anew")
    assert not anew.derandomize
    assert anew.database is None
    for lane in (".ci/run", ".ci/fresh"):  # one commit, one verdict: anew is a lane by hand
        assert "--hypothesis" not in (ROOT / lane).read_text(encoding="utf-8"), lane
    assert "--hypothesis-profile=anew" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
