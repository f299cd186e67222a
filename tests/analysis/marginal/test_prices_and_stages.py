"""Prices of broken rules stay with their own goal, and a fence is priced with what is given in proportion."""

from __future__ import annotations

from pathlib import Path

import tnt_sim as tnt

ROWS = "dossier,envelope,requested,score,lot\nA,a,40.50,5.5,x\nB,b,30.25,3.25,x\nC,b,30.25,9.75,y\n"
HEAD = "schema_version: 1\nid: s\ndate: 2026-03-31\ndossiers: [{file: d.csv}]\n"


def scenario(folder: Path, text: str) -> tnt.Scenario:
    (folder / "d.csv").write_text(ROWS, encoding="utf-8")
    (folder / "s.yaml").write_text(HEAD + text, encoding="utf-8")
    return tnt.Scenario.from_yaml(folder / "s.yaml")


def test_the_price_of_a_later_goal_is_no_distance(tmp_path: Path) -> None:
    """Two dossiers at once cost 800 of the second goal; the first one rises for one broken « une »."""
    found = tnt.next_euro(
        scenario(
            tmp_path,
            "programme: {id: p, amount: 100 €, envelopes: [{id: a}, {id: b}]}\n"
            "rules:\n  - {id: une, kind: limit, measure: dossiers, max: 1}\n"
            "  - {id: lot, kind: limit, measure: dossiers, max: 0, penalty: {cost: 40, per: 0.1, stage: 2}}\n"
            "objective: [{maximise: {dossiers: 1}}, {maximise: {score: 1}}]\n",
        ),
        envelopes=[],
        rules=["une"],
    ).document["next"]
    assert [(one["step"], one["goal"], one["gain"]) for one in found] == [("1", "dossiers", "1")]


def test_a_fence_keeps_what_would_be_given_in_proportion(tmp_path: Path) -> None:
    """Without the fence a gets 20 of the 40 € beyond the amounts, and A of 40.50 € fits."""
    found = tnt.prices(
        scenario(
            tmp_path,
            "programme: {id: p, amount: 100 €, unassigned: pro_rata, envelopes: "
            "[{id: a, amount: 30 €, ring_fenced: true}, {id: b, amount: 30 €}]}\n"
            "objective: [{maximise: {score: 1}}]\n",
        ),
        kinds=["ring_fence"],
    ).document["prices"]
    # fenced, b has 70 € and funds B and C; else each has 50 €, and A and C are funded
    assert [(one["id"], one["change"]) for one in found] == [("a", "2.25")]
