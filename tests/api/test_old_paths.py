"""Public names are still found where version 0.1 had them, and each says where it is now."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import tnt_sim as tnt
from tnt_sim.api.old_paths import OLD_PATHS

NAMES = [(module, name, home) for module, names in OLD_PATHS.items() for name, home in names.items()]


@pytest.mark.parametrize(("module", "name", "home"), NAMES)
def test_an_old_path_gives_the_public_name_and_warns(module: str, name: str, home: str) -> None:
    old = import_module(module)
    with pytest.warns(DeprecationWarning, match=rf"{name} is now {home}\.{name}; .* 0\.3\.0"):
        found = getattr(old, name)
    assert found is getattr(import_module(home), name)


def test_public_functions_and_classes_have_their_old_path() -> None:
    covered = {name for _, name, home in NAMES if home == "tnt_sim"}
    errors = {
        name for name in tnt.__all__ if getattr(import_module("tnt_sim.errors"), name, None) is not None
    }
    newer = {"__version__", "Scenario", "Run", "read_scenario", "Model", "envelope", "goals", "rules"}
    newer |= {"Batch", "Explorer", "batch", "explore", "open_batch"}
    assert set(tnt.__all__) - errors - newer == covered


def test_other_names_of_an_old_path_are_absent() -> None:
    with pytest.raises(AttributeError, match="no attribute 'secret'"):
        _ = import_module("tnt_sim.result").secret
    with pytest.raises(ModuleNotFoundError):
        import_module("tnt_sim.study.never")


def test_an_import_statement_works_in_a_new_process() -> None:
    code = "from tnt_sim.study.compare.api import compare; import tnt_sim; assert compare is tnt_sim.compare"
    done = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
