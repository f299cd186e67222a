"""Settings as a partial scenario: asked in memory, saved as a file, taken back from a repair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tnt_sim.app.downloads import list_variants, save
from tnt_sim.app.page_state import Forced, State
from tnt_sim.app.scenario_changes import (
    apply_state,
    build_slug,
    build_tree,
    exclude_unknown,
    format_exact_amount,
    move_amount,
    with_set_lines,
    without_written,
)
from tnt_sim.domain.money import parse_cents
from tnt_sim.engine.solve import solve
from tnt_sim.errors import UsageError
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

SETTINGS = State(
    amounts={"programme": 130_000_050, "numerique": 70_000_000},
    rules={"part-communes": False},
    weights={(0, "dossiers"): "1.5", (0, "score"): "2"},
    forced={
        "E-12": Forced("E-12", True, "priorité : « métropole »"),
        "E-01": Forced("E-01", False, "porteur en défaut"),
    },
    sets={"rules.plafond-departement.max": "450 k€"},
)


def test_a_saved_file_is_the_scenario_that_was_shown(scenario: ScenarioData) -> None:
    shown = apply_state(scenario, SETTINGS)
    again = load_scenario(save(scenario, SETTINGS, "Priorité métropole"))
    assert (again.id, again.title) == ("priorite-metropole", "Priorité métropole")
    left, right = (one.resolve() for one in (shown, again))
    for resolved in (left, right):
        del resolved["id"], resolved["title"]
    assert left == right
    one, other = solve(shown), solve(again)
    assert one.document["allocation_sha256"] == other.document["allocation_sha256"]


def test_what_is_shown_is_what_with_says(scenario: ScenarioData) -> None:
    """The same by dotted paths, which the page does not use."""
    import tnt_sim as tnt

    plain = tnt.Scenario.from_yaml(scenario.path or Path()).with_(
        {
            "programme.amount": "1300000.50 €",
            "envelopes.numerique.amount": "700 k€",
            "rules.part-communes.off": True,
            "rules.plafond-departement.max": "450 k€",
            "objective": [{"maximise": {"score": 2, "dossiers": 1.5}}],
        }
    )
    mine = apply_state(scenario, replace(SETTINGS, forced={}))
    assert plain.resolve() == mine.resolve()


def test_never_over_a_file_that_exists(scenario: ScenarioData) -> None:
    target = save(scenario, SETTINGS, "Ma variante")
    before = target.read_bytes()
    with pytest.raises(UsageError, match="existe déjà"):
        save(scenario, State(), "ma VARIANTE")
    with pytest.raises(UsageError, match="existe déjà"):
        save(scenario, State(), "scenario")
    assert target.read_bytes() == before
    assert list_variants(scenario) == ["ma-variante.yaml"]


@pytest.mark.parametrize("name", ["", "  ", "!!!", "/", "..", "日本"])
def test_a_name_wants_letters(scenario: ScenarioData, name: str) -> None:
    with pytest.raises(UsageError, match="lettres"):
        save(scenario, State(), name)


def test_a_name_leads_nowhere_else(scenario: ScenarioData) -> None:
    folder = (scenario.path or Path()).parent
    assert save(scenario, State(), "../../ailleurs").parent == folder.resolve()
    link = folder / "lien.yaml"
    link.symlink_to(folder.parent / "dehors.yaml")
    with pytest.raises(Exception, match="hors du dossier"):
        save(scenario, State(), "lien")
    assert not (folder.parent / "dehors.yaml").exists()


def test_new_money_goes_up_and_proportions_stay(scenario: ScenarioData) -> None:
    more = move_amount(scenario, State(), "mobilites", 50_000_000)
    assert more.amounts == {"mobilites": 50_000_000, "programme": 130_000_000}
    whole = move_amount(scenario, more, "programme", 260_000_000)
    assert whole.amounts == {"mobilites": 100_000_000, "numerique": 120_000_000, "programme": 260_000_000}
    back = move_amount(
        scenario, move_amount(scenario, whole, "programme", 130_000_000), "mobilites", 40_000_000
    )
    assert back.amounts == {}
    free = move_amount(scenario, State(share="free"), "programme", 150_000_000)
    assert free.amounts == {"programme": 150_000_000}
    nothing = move_amount(scenario, State(), "mobilites", 0)
    assert move_amount(scenario, nothing, "mobilites", 40_000_000).amounts == {}


def test_decisions_of_the_page_stand_over_written_ones(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace(
        "\nobjective:",
        "\n  - {id: jury, kind: decide, fund: [E-24], refuse: [E-01, E-02], reason: jury}\n\nobjective:",
    )
    file.write_text(text, encoding="utf-8")
    scenario = load_scenario(file)
    state = State(forced={"E-01": Forced("E-01", True, "x"), "E-24": Forced("E-24", False, "x")})
    rules = {rule["id"]: rule for rule in build_tree(scenario, state)["rules"]}
    assert rules["jury"] == {"id": "jury", "fund": [], "refuse": ["E-02"]}
    assert rules["page-x"]["fund"] == ["E-01"]
    allocation = solve(apply_state(scenario, state)).dossiers
    funded = dict(zip(allocation["dossier"], allocation["funded"], strict=True))
    assert (funded["E-01"], funded["E-02"], funded["E-24"]) == (True, False, False)
    both = replace(state, forced={**state.forced, "E-02": Forced("E-02", True, "x")})
    assert {rule["id"]: rule for rule in build_tree(scenario, both)["rules"]}["jury"]["off"] is True


def test_a_repair_is_taken_into_the_settings(scenario: ScenarioData) -> None:
    state = State(forced={name: Forced(name, True, "a") for name in ("E-03", "E-12")})
    lines = [
        "programme.amount=1 300 000 €",
        "envelopes.numerique.amount=700 000 €",
        "rules.part-communes.off=true",
    ]
    lines += ["rules.plafond-departement.max=450 000 €", 'rules.page-a.fund=["E-12"]']
    found = with_set_lines(scenario, state, lines)
    assert found.amounts == {"programme": 130_000_000, "numerique": 70_000_000}
    assert found.rules == {"part-communes": False}
    assert found.sets == {"rules.plafond-departement.max": "450 000 €"}
    assert list(found.forced) == ["E-12"]
    assert with_set_lines(scenario, state, ["rules.page-a.off=true"]).forced == {}
    apply_state(scenario, found)


def test_what_another_scenario_knows_is_told(scenario: ScenarioData) -> None:
    state = State(
        amounts={"mobilite": 1, "mobilites": 5},
        rules={"part-commune": False},
        forced={"E-99": Forced("E-99", True, "x")},
        weights={(7, "score"): "1"},
    )
    kept, told = exclude_unknown(scenario, state)
    assert kept == State(amounts={"mobilites": 5})
    said = " ".join(text.fr for text in told)
    assert "Vouliez-vous dire « mobilites »" in said
    assert "« part-communes »" in said
    assert "« E-99 » n'existe pas" in said


@pytest.mark.parametrize("cents", [0, 1, 99, 3_150_000_000, 10_000_000, 123_456_789, 9_007_199_254_740_991])
def test_amounts_are_written_exactly(cents: int) -> None:
    assert parse_cents(format_exact_amount(cents)) == cents


def test_a_title_becomes_a_short_plain_slug() -> None:
    assert build_slug("Axe 1 à 31 M€ / été") == "axe-1-a-31-m-ete"
    assert build_slug("a" * 200) == "a" * 60


def test_weights_leave_the_rest_of_the_stages(file: Path) -> None:
    written = """objective:
  - {maximise: {smallest: {measure: granted, per: population, by: department}, dossiers: 2}}
  - {minimise: {granted: 1}, tolerance: 10 %}
  - {maximise: {score: 1}}
"""
    text = file.read_text(encoding="utf-8").replace("objective:\n  - {maximise: {score: 1}}\n", written)
    file.write_text(text, encoding="utf-8")
    scenario = load_scenario(file)
    assert len(scenario.spec.objective) == 3
    state = State(weights={(0, "dossiers"): "0", (1, "granted"): "0", (2, "population"): "0.5"})
    assert build_tree(scenario, state)["objective"] == [
        {"maximise": {"smallest": {"measure": "granted", "per": "population", "by": "department"}}},
        {"minimise": {"granted": "0"}, "tolerance": "10 %"},
        {"maximise": {"score": "1", "population": "0.5"}},
    ]
    assert without_written(scenario, State(weights={(0, "dossiers"): "2", (2, "cost"): "0"})) == State()
