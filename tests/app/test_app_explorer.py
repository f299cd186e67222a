"""`tnt.explore`: what the cell is told, and what the objects are, without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import pytest

import tnt_sim as tnt
from tnt_sim.app import explorer as explorer_module
from tnt_sim.app.cell_style import build_cell_style
from tnt_sim.app.live_answers import LiveAnswers
from tnt_sim.scenario.scenario import ScenarioData

pytest.importorskip("anywidget")
Cell = Callable[..., list[Mapping[str, Any]]]
RULE = "plafond-departement"


@pytest.fixture
def written(scenario: ScenarioData) -> tnt.Scenario:
    return tnt.Scenario.from_data(scenario)


@pytest.fixture
def explorer(written: tnt.Scenario) -> tnt.Explorer:
    return tnt.explore(written)


@pytest.fixture
def heard(explorer: tnt.Explorer, monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """What the cell was told."""
    told: list[Mapping[str, Any]] = []
    monkeypatch.setattr(explorer.widget, "send", lambda content, buffers=None: told.append(content))
    return told


@pytest.fixture
def cell(explorer: tnt.Explorer, heard: list[Mapping[str, Any]]) -> Cell:
    """One event of the cell, and all that it is told."""

    def touch(do: str, **event: Any) -> list[Mapping[str, Any]]:
        heard.clear()
        explorer.widget._receive_event(explorer.widget, {"do": do, **event}, [])
        return list(heard)

    return touch


def test_a_slider_moves_the_objects(explorer: tnt.Explorer, written: tnt.Scenario, cell: Cell) -> None:
    assert explorer.result.dossiers.equals(written.solve().dossiers)
    replies = cell("amount", id="programme", value="100000000", soft=True)
    assert replies[-1]["done"]
    assert "list" in replies[-1]["parts"]
    alone = explorer.scenario.solve()
    assert explorer.scenario.spec.programme.amount == 100_000_000
    assert explorer.result.document["allocation_sha256"] == alone.document["allocation_sha256"]
    assert explorer.result.document["scenario_sha256"] == explorer.scenario.sha256
    assert (explorer.result.status, explorer.result.proof) == ("optimal", "PROVED")
    funded = explorer.result.table().filter(pl.col("funded"))["dossier"].to_list()
    rows = re.findall(
        r'<th scope="row" role="rowheader"[^>]*>(E-\d+)', cell("show", value="funded")[-1]["parts"]["list"]
    )
    assert sorted(rows) == sorted(funded)


def test_the_result_is_the_answer_of_the_page(
    explorer: tnt.Explorer, cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell("rule", id=RULE, value=False)
    monkeypatch.setattr(LiveAnswers, "_solve_state", lambda *_: pytest.fail("solved again"))
    answer = explorer._page.last_answer
    assert answer is not None
    assert explorer.result.allocation is answer.allocation
    assert explorer.result is explorer.result


def test_python_sets_what_with_takes(
    explorer: tnt.Explorer, written: tnt.Scenario, heard: list[Mapping[str, Any]], cell: Cell
) -> None:
    changes = {
        "programme.amount": "1.5 M€", "envelopes.mobilites.amount": "700 k€", f"rules.{RULE}.max": "300 k€",
        "rules.part-communes.off": True, "programme.overbooked": True,
        "objective": [{"maximise": {"score": 1, "dossiers": "0.5"}}],
    }  # fmt: skip
    explorer.set(changes)
    expected = written.with_(changes)
    assert explorer.scenario.spec == expected.spec
    assert explorer.result.document["objective"] == expected.solve().document["objective"]
    told = heard[-1]
    assert told["values"]["rule-0"] == {"value": False}
    assert not told["done"]  # the cell waits for none, and ends none of its own
    cell("undo")
    assert explorer.scenario.sha256 == written.sha256


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"title": "Autre"}, tnt.UsageError, '"title"'),
        ({"eligibility": []}, tnt.UsageError, "with_"),
        ({"rules.plafond.off": True}, tnt.ScenarioError, "plafond-departement"),
        ({"objective": [{"minimise": {"score": 1}}]}, tnt.UsageError, "objective"),
    ],
)
def test_a_change_without_a_control_is_refused(
    explorer: tnt.Explorer, written: tnt.Scenario, changes: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        explorer.set(changes)
    assert explorer.scenario.sha256 == written.sha256


def test_impossible_settings_have_no_result(explorer: tnt.Explorer) -> None:
    explorer.set({"programme.amount": "1 M€", "envelopes.mobilites.amount": "2 M€"})
    assert "no list" in repr(explorer)
    with pytest.raises(tnt.NothingDecided) as caught:
        _ = explorer.result
    assert caught.value.conflict is not None
    assert caught.value.conflict["repairs"]
    assert "text/html" in explorer._repr_mimebundle_()[0]
    explorer.reset()
    assert explorer.result.proof == "PROVED"


def test_variants_are_scenarios_and_results(
    explorer: tnt.Explorer, written: tnt.Scenario, cell: Cell
) -> None:
    cell("rule", id=RULE, value=False)
    cell("name", value={"name": "sans plafond"})
    explorer.set({"programme.amount": "1 M€"})
    explorer.keep("un million")
    assert list(explorer.variants) == ["sans plafond", "un million"]
    richer = explorer.variants["sans plafond"]
    assert isinstance(richer, tnt.Scenario)
    assert richer.spec == written.with_({f"rules.{RULE}.off": True}).spec
    results = explorer.variants.results
    assert results["sans plafond"].dossiers.equals(richer.solve().dossiers)
    compared = tnt.compare(*results.values(), names=list(results), attribute=False)
    assert [side.name for side in compared.sides] == list(explorer.variants)
    assert [side.name for side in explorer.variants.compare(attribute=False).sides] == ["exemple", *results]
    with pytest.raises(tnt.UsageError):
        explorer.keep(" ")


def test_each_explorer_has_its_own_settings(explorer: tnt.Explorer, written: tnt.Scenario) -> None:
    other = tnt.explore(written, lang="en")
    other.set({f"rules.{RULE}.off": True})
    assert explorer.scenario.sha256 == written.sha256
    assert "Keep as a variant" in other.widget.frame
    assert "Garder comme variante" in explorer.widget.frame


def test_a_result_is_where_the_page_begins(written: tnt.Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    result = written.solve()
    monkeypatch.setattr(LiveAnswers, "_solve_state", lambda *_: pytest.fail("solved again"))
    assert tnt.explore(result).result.document == result.document


def test_another_cell_begins_with_the_present_settings(explorer: tnt.Explorer, cell: Cell) -> None:
    assert cell("open")[-1]["parts"] == {}
    cell("rule", id=RULE, value=False)
    told = cell("open")[-1]
    assert {"band", "list", "history"} <= told["parts"].keys()
    assert told["values"]["rule-1"] == {"value": False}
    assert told["done"]


def test_steps_are_explored_whole(file: Any) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write("steps:\n  - {id: t1, date: 2026-01-31}\n  - {id: t2, date: 2026-03-31}\n")
    scenario = tnt.read_scenario(file)
    explorer = tnt.explore(scenario)
    explorer.set({f"rules.{RULE}.off": True})
    expected = scenario.with_({f"rules.{RULE}.off": True}).solve()
    assert explorer.result.dossiers.equals(expected.dossiers)
    assert explorer.result.document["scenario_sha256"] == explorer.scenario.sha256


def test_a_scenario_without_a_file_has_nowhere_to_save() -> None:
    df = pl.DataFrame({"dossier": ["A", "B"], "Montant": [800.0, 500.5], "score": [12, 15]})
    small = tnt.Scenario.from_frame(
        df, envelopes="1 k€", objective=[{"maximise": {"score": 1}}], columns={"requested": "Montant"}
    )
    explorer = tnt.explore(small)
    assert 'data-do="save"' not in explorer.widget.frame
    explorer.set({"programme.amount": "1300.49 €"})
    assert explorer.result.document["granted_cents"] == 50_050
    explorer.set({"programme.amount": "1300.50 €"})
    assert explorer.result.document["granted_cents"] == 130_050


def test_without_the_extra_the_error_says_what_to_type(
    written: tnt.Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explorer_module, "find_spec", lambda name: None)
    with pytest.raises(tnt.UsageError, match="--extra notebook"):
        tnt.explore(written)


def test_a_cell_shows_the_widget_and_readers_a_card(explorer: tnt.Explorer) -> None:
    data, __ = explorer._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == explorer.widget.model_id
    assert "Prouvé" in data["text/html"]
    assert data["text/plain"] == repr(explorer) == "<Explorer exemple: 17 funded, 0 variants>"
    assert explorer._display_() is explorer.widget
    assert not getattr(explorer.widget, "_css", "")  # it would be the notebook's


def test_the_style_of_a_cell_depends_on_the_cell_alone() -> None:
    style = build_cell_style()
    assert ":root" not in style
    assert not re.search(r"^html \{", style, re.MULTILINE)
    assert not re.search(r"\d(rem|vh)\b(?!\))", style.replace("82vh", ""))
    assert not re.search(r"@media[^{]*width", style)
    assert style.count("@container") > 5
