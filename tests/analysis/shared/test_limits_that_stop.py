"""A limit that comes before any list says « no time », never « impossible » or « free »."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tnt_sim as tnt
from tnt_sim.analysis.audit.question_limits import QuestionLimits
from tnt_sim.analysis.shared.goal_bounds import GoalBounds
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.alternatives import answer as alternatives_page
from tnt_sim.studies.audit import answer as audit_page
from tnt_sim.studies.weights import answer as weights_page

TEXT = """schema_version: 1
id: s
programme: {id: p, amount: 100, envelopes: [{id: a, amount: 50}]}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
rules: [{id: r, kind: limit, measure: dossiers, max: 1}]
"""
STOPPED = SolveOutcome(Status.STOPPED, (), (), None, None, None, None, False, "direct", 0.0)


@pytest.fixture
def scenario(tmp_path: Path) -> ScenarioData:
    (tmp_path / "d.csv").write_text(
        "dossier,envelope,requested,score\nA,a,30,3\nB,a,20,2\n", encoding="utf-8"
    )
    (tmp_path / "s.yaml").write_text(TEXT, encoding="utf-8")
    return load_scenario(tmp_path / "s.yaml")


def told(found: Any) -> str:
    return "\n".join(line.plain for line in render_report(found.build_report(), Lang.FR, 200))


def stop(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setattr(f"tnt_sim.analysis.{module}.optimise", lambda *_, **__: STOPPED)


def test_a_stopped_extension_says_so(scenario: ScenarioData, monkeypatch: pytest.MonkeyPatch) -> None:
    stop(monkeypatch, "marginal.extension_allocation")
    assert "arrêté par la limite de temps" in told(tnt.extension(scenario, "10 €"))


def test_a_stopped_price_is_an_interval_not_free(
    scenario: ScenarioData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the rule both dossiers fit: the score rises by 2."""
    stop(monkeypatch, "marginal.rule_prices")
    found = tnt.prices(scenario)
    (price,) = found.document["prices"]
    assert found.document["unsettled"] == []
    assert found.document["stopped_by"] == "time"
    assert (price["goal"], price["change"], price["change_upto"]) == ("score", "0", "2")
    assert "+0 (note) à +2 " in told(found)
    assert "la même liste" not in told(found)
    assert "rien ne restreint" not in told(found)


def test_a_stopped_price_without_bound_is_without_answer_not_free(
    scenario: ScenarioData, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(monkeypatch, "marginal.rule_prices")
    monkeypatch.setattr(GoalBounds, "compute_bound", lambda *_, **__: None)
    found = tnt.prices(scenario)
    assert found.document["unsettled"] == ["r"]
    assert "Sans réponse" in told(found)
    assert "rien ne restreint" not in told(found)


def test_stopped_weights_say_that_time_was_short(
    scenario: ScenarioData, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop(monkeypatch, "preferences.partial_weights")
    document = tnt.weights(scenario, ["score", "dossiers"]).data
    assert (document.status, document.complete) == ("stopped", False)
    assert weights_page.describe_verdict(document).fr.startswith("Le temps a manqué")


def test_a_stopped_audit_still_says_that_rules_hold(
    scenario: ScenarioData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["tnt_sim.analysis.audit.audit"]
    monkeypatch.setattr(module, "_optimise_in_time", lambda *_, **__: None)
    monkeypatch.setattr(module.LimitSearch, "find_best_value", lambda *_: QuestionLimits(None))
    (tmp_path / "l.csv").write_text("dossier\nA\n", encoding="utf-8")
    document = tnt.audit(scenario, tmp_path / "l.csv").data
    assert document.status == "stopped"
    assert audit_page.describe_verdict(document).fr.endswith("toutes les règles sont respectées.")


@pytest.mark.parametrize(
    ("status", "words"), [("stopped", "Le temps a manqué"), ("infeasible", "Aucune répartition")]
)
def test_stopped_alternatives_say_why_there_are_none(status: str, words: str) -> None:
    document: Any = SimpleNamespace(status=status, portfolios=(), optimum=None)
    assert alternatives_page.describe_verdict(document).fr.startswith(words)
