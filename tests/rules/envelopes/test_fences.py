"""Nothing leaves a ring-fenced envelope: what it does not use pays no dossier outside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tnt_sim.certify.claim_systems import build_claims
from tnt_sim.certify.rule_rows import compare_readings
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

HEAD = """schema_version: 1
id: t
programme: {programme}
dossiers: [{{file: d.csv}}]
objective: [{{maximise: {{score: 1}}}}]
solver: {{cross_check: never}}
"""


def funded(folder: Path, programme: str, rows: str) -> dict[str, int]:
    (folder / "d.csv").write_text("dossier,envelope,requested,score\n" + rows, encoding="utf-8")
    (folder / "t.yaml").write_text(HEAD.format(programme=programme), encoding="utf-8")
    result = solve(load_scenario(folder / "t.yaml"))
    assert result.document["proof"] == "PROVED"
    table = result.dossiers.filter(result.dossiers["funded"])
    return dict(zip(table["dossier"].to_list(), table["granted_cents"].to_list(), strict=True))


@pytest.mark.parametrize(("fence", "expected"), [("", {"A": 70_50}), (", ring_fenced: true", {"B": 40_25})])
def test_dossiers_of_the_envelope_above(tmp_path: Path, fence: str, expected: dict[str, int]) -> None:
    """100 € of which 59.75 € are ads: A of 70.50 € would need what ads leaves."""
    programme = f"{{id: p, amount: 100 €, envelopes: [{{id: ads, amount: 59.75 €{fence}}}]}}"
    assert funded(tmp_path, programme, "A,p,70.50,9.5\nB,p,40.25,3.5\n") == expected


@pytest.mark.parametrize("fence", ["", ", ring_fenced: true"])
def test_a_transfer_out_of_the_envelope_above(tmp_path: Path, fence: str) -> None:
    """a may give to b all that it does not use, but not what is fenced in a."""
    programme = (
        f"{{id: p, amount: 100 €, envelopes: [{{id: a, amount: 60 €, transfers: {{to: [b]}}, envelopes: "
        f"[{{id: a1, amount: 50 €{fence}}}]}}, {{id: b, amount: 40 €}}]}}"
    )
    assert funded(tmp_path, programme, "A,b,90,9\nB,b,50,3\n") == ({"B": 50_00} if fence else {"A": 90_00})


def test_a_fence_further_down(tmp_path: Path) -> None:
    """The programme's own dossier may use what a leaves (20 €), but not what is fenced in a (40 €)."""
    programme = (
        "{id: p, amount: 100 €, envelopes: [{id: a, amount: 60 €, envelopes: [{id: a1, amount: 40 €, "
        "ring_fenced: true}]}]}"
    )
    rows = "A,p,60.01,9\nB,p,60,3\nC,a1,40,1\n"
    assert funded(tmp_path, programme, rows) == {"B": 60_00, "C": 40_00}


def test_the_reserve_is_held_back_of_the_whole(tmp_path: Path) -> None:
    """10 € are held back of 100 €: p has 50 € of its own, and 90 € in all."""
    programme = "{id: p, amount: 100 €, reserve: 10 %, envelopes: [{id: f, amount: 50 €, ring_fenced: true}]}"
    assert funded(tmp_path, programme, "A,p,50,3\nB,f,40,2\nC,f,10,1\n") == {"A": 50_00, "B": 40_00}
    assert funded(tmp_path, programme, "A,p,50.01,3\nB,f,40,2\n") == {"B": 40_00}


def test_ceilings_set_nothing_apart(tmp_path: Path) -> None:
    """Under an overbooked envelope amounts are ceilings, fenced or not."""
    programme = (
        "{id: p, amount: 100 €, overbooked: true, envelopes: [{id: f, amount: 80 €, ring_fenced: true}]}"
    )
    assert funded(tmp_path, programme, "A,p,90,9\n") == {"A": 90_00}


def test_money_that_siblings_give_is_passed_on(tmp_path: Path) -> None:
    """b has 10 € of its own for c, 40 € beside, and the 50 € of a: a floor of 95 € in c is no contradiction."""
    programme = (
        "{id: p, amount: 100 €, envelopes: [{id: a, amount: 50 €, transfers: {to: [b]}}, "
        "{id: b, amount: 50 €, envelopes: [{id: c, amount: 10 €, min_use: 950 %}]}]}"
    )
    assert funded(tmp_path, programme, "A,c,95,1\n") == {"A": 95_00}
    floor = "rules: [{id: f, kind: limit, measure: granted, where: {envelope: c}, min: 95 €}]\n"
    programme = programme.replace(", min_use: 950 %", "") + "\n" + floor
    assert funded(tmp_path, programme, "A,c,95,1\n") == {"A": 95_00}


@pytest.mark.parametrize("within", ["", ", envelopes: [{id: g, amount: 30 €, ring_fenced: true}]"])
def test_the_second_reading_knows_the_row(tmp_path: Path, within: str) -> None:
    """A fence within a fence sets nothing more apart."""
    programme = f"{{id: p, amount: 100 €, envelopes: [{{id: f, amount: 50 €, ring_fenced: true{within}}}]}}"
    funded(tmp_path, programme, "A,p,50,3\nB,f,40,2\nC,p,20,1\n")
    problem = compile_problem(load_scenario(tmp_path / "t.yaml"))
    claims = build_claims(problem)
    assert "envelope:p:unfenced:max" in claims.system.rows.names
    found = compare_readings(problem, claims)
    assert (found.holds, found.n_unread) == (True, 0)
    rows = claims.system.rows
    upper = rows.upper.copy()
    upper[rows.names.index("envelope:p:unfenced:max")] -= 1
    narrower = replace(claims, system=claims.system.with_rows(replace(rows, upper=upper)))
    assert compare_readings(problem, narrower).narrow == ("envelope:p:unfenced:max",)
