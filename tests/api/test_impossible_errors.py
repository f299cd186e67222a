"""Errors of an impossible setting carry what `tnt.conflict` gives; errors of a mistake do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.tiny_scenario import HEAD, tiny

import tnt_sim as tnt

EXCEEDED = HEAD.replace("{id: a, amount: 900 €}", "{id: a, title: Les routes, amount: 1000.01 €}")
OUT_OF_REACH = """rules:
  - {id: un, kind: limit, measure: granted, where: {department: '01'}, min: 1300 €}
  - {id: deux, kind: limit, measure: granted, where: {department: '02'}, min: 450 €}
"""
CALLS: dict[str, Callable[[tnt.Scenario], Any]] = {
    "solve": lambda scenario: scenario.solve(),
    "sweep": tnt.sweep,
    "marginal euro": tnt.next_euro,
    "alternatives": tnt.alternatives,
    "extend": tnt.extend,
    "audit": lambda scenario: tnt.audit(scenario, "none.csv"),
}


def read(folder: Path, text: str) -> tnt.Scenario:
    tiny(folder, text)
    return tnt.read_scenario(folder / "tiny.yaml")


@pytest.mark.parametrize("name", CALLS)
def test_an_impossible_setting_carries_its_conflict(name: str, tmp_path: Path) -> None:
    scenario = read(tmp_path, EXCEEDED)
    with pytest.raises(tnt.ScenarioError) as caught:
        CALLS[name](scenario)
    found = caught.value.conflict
    assert found is not None
    wanted = tnt.conflict(scenario).document
    assert found["sets"] == wanted["sets"]
    assert [one["set"] for one in found["repairs"]] == [one["set"] for one in wanted["repairs"]]


def test_a_solver_that_finds_nothing_carries_it_too(tmp_path: Path) -> None:
    scenario = read(tmp_path, HEAD + OUT_OF_REACH)
    with pytest.raises((tnt.NothingDecided, tnt.ScenarioError)) as caught:
        tnt.next_euro(scenario)
    found = caught.value.conflict
    assert found is not None
    assert found["repairs"]


def test_a_mistake_carries_none(tmp_path: Path) -> None:
    scenario = read(tmp_path, HEAD + "rules:\n  - {id: oui, kind: decide, fund: ['99']}\n")
    with pytest.raises(tnt.ScenarioError) as caught:
        scenario.solve()
    assert caught.value.conflict is None
