"""The audit of packages: what was not looked up is never called clean."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.paths import ROOT

SCRIPT = ROOT / ".ci/audit"


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("audit", str(SCRIPT))
    spec = importlib.util.spec_from_file_location("audit", SCRIPT, loader=loader)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    keep, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = keep
    return module


CLEAN = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1"}]}
SKIPPED = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code"),
    [([CLEAN], 0), ([CLEAN, BAD], 1), ([BAD, SKIPPED], 1), ([CLEAN, SKIPPED], 3), ([SKIPPED], 3), ([], 3)],
)
def test_only_packages_looked_up_are_called_clean(
    audit: ModuleType, packages: list[dict[str, object]], code: int
) -> None:
    found, text = audit.verdict({"dependencies": packages}, "pypi")
    assert found == code
    assert ("PYSEC-1" in text) == (code == 1)
    assert audit.verdict("no network", "pypi")[0] == 3


@pytest.mark.parametrize(("answer", "code"), [([CLEAN], 0), ([SKIPPED], 3), ([BAD], 1), (None, 3)])
def test_the_command_ends_with_the_verdict(tmp_path: Path, answer: list[object] | None, code: int) -> None:
    """With tools that answer on the spot; pip-audit ends with 0 even when it looked nothing up."""
    said = "exit 1" if answer is None else f"echo '{json.dumps({'dependencies': answer})}'"
    tool = tmp_path / "uvx"
    tool.write_text(
        f'#!/bin/sh\nif [ "$1" = pip-audit ]; then {said}; else for f; do :; done; '
        'echo \'{"components": []}\' > "$f"; fi\n'
    )
    tool.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--sbom", str(tmp_path / "sbom.json")],
        capture_output=True, text=True, check=False, env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert ("NOT AUDITED" in done.stdout) == (code == 3)
    assert "Traceback" not in done.stderr


def test_every_locked_package_has_a_hash() -> None:
    lines = (SCRIPT.parents[1] / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pinned = [k for k, line in enumerate(lines) if line and line[0].isalnum()]
    assert pinned
    assert all("==" in lines[k] and "--hash=sha256:" in lines[k + 1] for k in pinned)
    assert not [line for line in lines if line.startswith(("pip-audit", "cyclonedx"))]
