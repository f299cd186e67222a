"""Questions on a queue that serves whoever fits: it moves with the amount of its envelope, and with requests."""

from __future__ import annotations

from pathlib import Path

import pytest

import tnt_sim as tnt
from tnt_sim.scenario.scenario import ScenarioData

TEXT = """schema_version: 1
id: s
date: 2026-03-31
programme: {id: p, amount: 100.50 €}
dossiers: [{file: d.csv}]
rules: [{id: q, kind: order, first_come: filed_at, skip: true}]
objective: [{maximise: {score: 1}}]
"""
ROWS = "A,60.25,1.5,2026-01-01\nB,50.25,2.5,2026-01-02\nC,40.25,1,2026-01-03\n"


@pytest.fixture
def queue(tmp_path: Path) -> ScenarioData:
    """A and C fit 100.50 €; A and B need 110.50 €, all three 150.75 €."""
    (tmp_path / "d.csv").write_text("dossier,requested,score,filed_at\n" + ROWS, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(TEXT, encoding="utf-8")
    return tnt.Scenario.from_yaml(tmp_path / "s.yaml")


def test_the_next_euro_is_not_never(queue: ScenarioData) -> None:
    (found,) = tnt.next_euro(queue, rules=[]).document["next"]
    assert found["status"] == "rises"
    assert found["step_cents"] <= 10_00 == round(float(found["step_upto"]) * 100)
    assert (found["enter"], found["leave"]) == (["B"], ["C"])


def test_targets_are_reached(queue: ScenarioData) -> None:
    found = tnt.target(queue, "dossiers=3", "score=4").document["targets"]
    assert [one["amount_cents"] for one in found] == [150_75, 110_50]


def test_no_loss_is_no_dearer_than_it_is(queue: ScenarioData) -> None:
    rows = {row["dossier"]: row for row in tnt.entries(queue, stop="200 €").document["entries"]}
    assert rows["B"]["no_loss_cents"] <= 10_00
    assert not rows["B"]["no_loss_never"]


def test_a_smaller_request_is_not_called_useless(tmp_path: Path, queue: ScenarioData) -> None:
    """C of 40.25 € is served where B asks for more than 40.25 €; with 40.25 € B itself would be."""
    changes = queue.solve().explain("B").document["dossiers"][0]["changes"]
    (grant,) = [change for change in changes if change["kind"] == "grant"]
    assert (grant["status"], grant["why"]) == ("undefined", "request_counts")
    table = tmp_path / "d.csv"
    table.write_text(table.read_text().replace("50.25", "40.25"), encoding="utf-8")
    assert tnt.Scenario.from_yaml(tmp_path / "s.yaml").solve().dossiers["funded"].to_list()[1]


FORCED = """schema_version: 1
id: s
date: 2026-03-31
programme: {id: p, amount: 26.25 €}
dossiers: [{file: d.csv}]
rules:
  - {id: q, kind: order, first_come: filed_at}
  - {id: maire, kind: decide, fund: [A]}
objective: [{maximise: {score: 1}}]
"""


@pytest.mark.parametrize("skip", [False, True])
def test_without_its_decision_a_dossier_stands_in_the_queue(skip: bool, tmp_path: Path) -> None:
    """A, filed first, is funded by decision; without the decision B and C may still not pass before it."""
    rows = "A,16.25,2.25,2026-01-01\nB,10.50,5.5,2026-01-02\nC,2.50,9.35,2026-01-03\n"
    (tmp_path / "d.csv").write_text("dossier,requested,score,filed_at\n" + rows, encoding="utf-8")
    text = FORCED.replace("filed_at}", "filed_at, skip: true}") if skip else FORCED
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    scenario = tnt.Scenario.from_yaml(tmp_path / "s.yaml")
    result = scenario.solve()
    without = scenario.with_({"rules.maire.off": True}).solve()
    assert without.dossiers["funded"].to_list() == result.dossiers["funded"].to_list()
    prices = tnt.prices(scenario).document["prices"]
    (price,) = [one for one in prices if (one["kind"], one["id"]) == ("forced", "A")]
    assert (price["goal"], price["enter"], price["leave"]) == (None, [], [])
    entries = result.explain(everyone=True).document["dossiers"]
    assert "maire" not in {rule["id"] for entry in entries for rule in entry["because"]}
