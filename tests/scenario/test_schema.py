"""The committed JSON schema is the one that the specification gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.paths import ROOT

from tnt_sim.scenario.json_schema import main

COMMITTED = ROOT / "scenarios" / "scenario.schema.json"


@pytest.mark.usefixtures("shipped_catalogue")
def test_the_committed_schema_is_fresh() -> None:
    assert main(["--check", str(COMMITTED)]) == 0


def test_a_stale_schema_is_seen(tmp_path: Path) -> None:
    stale = tmp_path / "schema.json"
    changed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    changed["properties"].pop("rules")
    stale.write_text(json.dumps(changed), encoding="utf-8")
    assert main(["--check", str(stale)]) == 1
