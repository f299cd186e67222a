"""The register entry of 22 November 2021: verified from its own files, and what the flagship starts from."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from support.paths import ROOT

from tnt_sim.cli.main import main
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

SCENARIOS = ROOT / "scenarios"
ENTRY = SCENARIOS / "registre" / "2021-11-22"


@pytest.fixture(scope="module")
def engaged() -> dict[str, str]:
    table = pl.read_csv(ENTRY / "engagements.csv", infer_schema_length=0)
    return dict(table.select("dossier", "granted").rows())


def read_committed(name: str) -> dict[str, str]:
    table = pl.read_csv(SCENARIOS / "data" / name, infer_schema_length=0)
    return dict(table.filter(pl.col("committed").is_not_null()).select("dossier", "committed").rows())


def test_the_entry_is_verified_from_its_own_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(ENTRY), "--require-proof", "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (answer["rules"], answer["optimal"], answer["first"]) == ("shown", "shown", "shown")


def test_the_entry_is_todays_scenario() -> None:
    run = solve(load_scenario(SCENARIOS / "tnt-2021-11.yaml"), cross_check="never")
    signed = json.loads((ENTRY / "signature.json").read_text())
    assert run.document["allocation_sha256"] == signed["allocation_sha256"]
    assert (signed["n_dossiers"], signed["granted_cents"]) == (1_579, 3_709_000_000)


def test_the_flagship_starts_from_the_entry(engaged: dict[str, str]) -> None:
    """List and amounts, to the cent."""
    assert len(engaged) == 1_579
    assert read_committed("tnt-2021-dossiers.csv") == engaged


@pytest.mark.slow
def test_the_flagship_takes_the_entry_as_its_register() -> None:
    """`committed_from` of the entry says the same as the column: nothing changes but where it comes from."""
    plain = solve(load_scenario(SCENARIOS / "tnt-2021.yaml"), cross_check="never")
    changes = ["committed_from=registre/2021-11-22"]
    by_register = solve(load_scenario(SCENARIOS / "tnt-2021.yaml", changes), cross_check="never")
    assert by_register.document["allocation_sha256"] == plain.document["allocation_sha256"]
