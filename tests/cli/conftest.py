"""The command line run in this process: exit code, stdout and stderr apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tnt_sim.cli.main import main


@dataclass(frozen=True)
class Said:
    """What a command gave; `document` reads stdout as exactly one JSON document."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def plain(self) -> str:
        """stdout with ordinary spaces."""
        return self.out.replace("\u202f", " ").replace("\u00a0", " ")


Run = Callable[..., Said]


@pytest.fixture
def tnt(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str | Path) -> Said:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def demo(tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder made by `new`, in which the test stands."""
    folder = tmp_path / "demo"
    assert tnt("new", folder).code == 0
    monkeypatch.chdir(folder)
    return folder
