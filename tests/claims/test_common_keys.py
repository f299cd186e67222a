"""The keys that entries of all kinds have, on one programme for each kind of entry, in which the entry matters."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from support.claims import Row, list_tables, write_case
from support.text_scenarios import awards

from tnt_sim.analysis.uncertainty.draws import list_inputs
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.scenario import build_report, describe_scenario
from tnt_sim.reporting.text.merged_scenario import render_merged_scenario
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.scenario import ScenarioData

ROWS: list[Row] = [
    {"dossier": name, "envelope": home, "requested": asked, "cost": cost, "score": score, "rank": rank,
     "department": place, "filed_at": day, "year": "2026", "b": score}
    for name, home, asked, cost, score, rank, place, day in (
        ("A", "a", "1000", "1500", "9", "4", "48", "2026-01-05"),
        ("B", "a", "800.50", "1000", "7.5", "3", "48", "2026-01-06"),
        ("C", "b", "600", "600", "2.5", "2", "23", "2026-02-01"),
        ("D", "b", "700", "900", "", "1", "", "2026-02-02"),
    )
]  # fmt: skip
BASE: dict[str, Any] = {
    "date": "2026-02-15",
    "programme": {"id": "p", "amount": "2000 €", "envelopes": [{"id": "a"}, {"id": "b"}]},
    "measures": {"score0": {"column": "score", "empty": 0}},
    "objective": [{"maximise": {"score0": 1, "dossiers": 1}}],
}


def rule(kind: str, **keys: Any) -> tuple[str, Any]:
    return "rules", {"id": "r", "kind": kind, **keys}


ENTRIES: dict[str, tuple[str, Any]] = {
    "LimitSpec": rule("limit", measure="granted", max="900 €"),
    "ShareSpec": rule("share", measure="granted", where={"dossier": "C"}, min="50 %"),
    "DecideSpec": rule("decide", refuse=["A"]),
    "CoverageSpec": rule(
        "coverage",
        units={"type": "departement", "department": ["48", "23"]},
        covered_by="department",
        min="2",
    ),
    "ExclusiveSpec": rule("exclusive", dossiers=["A", "B"]),
    "RequiresSpec": rule("requires", dossiers=["A"], need=["D"]),
    "TogetherSpec": rule("together", dossiers=["A", "D"]),
    "OrderSpec": rule("order", rank="rank"),
    "ScheduleSpec": rule("schedule", year={"column": "year"}, commitments={"2026": "900 €"}),
    "EquitySpec": rule("equity", measure="granted", by="department", groups=["48", "23"], max="110 %"),
    "LinearSpec": rule("linear", funded={"A": 1}, max="0"),
    "EligibilitySpec": ("eligibility", {"id": "r", "require": {"dossier": {"not": "A"}}}),
    "GrantSpec": ("grants", {"id": "r", "where": {"dossier": "A"}, "mode": "levels", "levels": ["500 €"]}),
    "CapSpec": ("caps", {"id": "r", "max": "50 %", "of": "cost"}),
    "WaiverSpec": ("waivers", {"of": "e", "where": {"dossier": "A"}}),
    "StageSpec": ("objective", {"minimise": {"requested": 1}}),
    "StepSpec": ("steps", {"id": "r", "date": "2026-01-06"}),
    "DossiersSpec": ("dossiers", {"id": "r", "file": "more.csv"}),
    "EnvelopeSpec": ("programme.envelopes", {"id": "r", "amount": "900 €"}),
    "ProgrammeSpec": ("programme", None),
    "TerritorySpec": ("territory", {"year": 2021, "fill": ["region"]}),
    "MeasureSpec": ("measures.r", {"column": "score", "empty": 0}),
    "AcceptSpec": ("accept", {"id": "no_key/q", "count": 1, "reason": "known", "author": "the jury"}),
    "UncertainSpec": ("uncertain", {"id": "r", "event": "withdrawn", "probability": "50 %"}),
}
"""For each table, where an entry of it stands, and one that changes what is decided."""

WITH: dict[str, dict[str, Any]] = {
    "AcceptSpec": {"rules": [{"id": "q", "kind": "exclusive", "by": "department"}]},
    "CoverageSpec": {"territory": {"year": 2021}},
    "EquitySpec": {"territory": {"year": 2021}},
    "GrantSpec": {"grants": [{"mode": "all_or_nothing"}]},
    "WaiverSpec": {"eligibility": [{"id": "e", "require": {"dossier": {"not": "A"}}}]},
    "StepSpec": {
        "steps": [{"id": "last", "date": "2026-02-15"}],
        "programme": {"id": "p", "amount": "1450 €"},
    },
    "TerritorySpec": {
        "rules": [{"id": "q", "kind": "limit", "measure": "dossiers", "by": "region", "max": "1"}]
    },
    "MeasureSpec": {"objective": [{"maximise": {"r": 1}}]},
}
"""What else such a programme needs."""


def build(table: str, **keys: Any) -> dict[str, Any]:
    """The programme of a table, whose entry has some keys more."""
    body = copy.deepcopy(BASE | WITH.get(table, {}))
    place, entry = ENTRIES[table]
    entry = copy.deepcopy(entry if entry is not None else body["programme"]) | keys
    *heads, last = place.split(".")
    node = body
    for head in heads:
        node = node[head]
    if place in ("programme", "territory", "measures.r"):
        node[last] = entry
    elif place == "dossiers":
        node[last] = [{"id": "first", "file": "table.csv"}, entry]
    else:
        node[last] = [entry, *node.get(last, [])]
    return body


def without(table: str) -> dict[str, Any]:
    """The programme without the entry."""
    body = build(table)
    place = ENTRIES[table][0]
    if place == "measures.r":
        del body["measures"]["r"]
    elif place == "territory":
        del body["territory"]
    else:
        node = body["programme"] if place == "programme.envelopes" else body
        del node[place.split(".")[-1]][1 if place == "dossiers" else 0]
    return body


def rows_of(table: str) -> list[Row]:
    """The applications; some ask from the envelope of the test."""
    if table == "EnvelopeSpec":
        return [row | {"envelope": "r" if row["dossier"] in "AC" else "b"} for row in ROWS]
    if table == "StepSpec":
        return [row | {"envelope": "p"} for row in ROWS]
    return ROWS


def load(folder: Path, table: str, body: dict[str, Any], *sets: str) -> ScenarioData:
    """The programme of a table as it is read."""
    head = "dossier,envelope,requested,cost,score,rank,department,filed_at,year,b"
    more = f"{head}\nE,b,300,400,9,5,23,2026-02-03,2026,9\n"
    return load_scenario(write_case(folder, rows_of(table), body, {"more.csv": more}), sets=sets)


def outcome(folder: Path, table: str, body: dict[str, Any], *sets: str) -> Any:
    """What is decided, or the codes of a refusal; for what is open or drawn, that."""
    try:
        scenario = load(folder, table, body, *sets)
        if table == "UncertainSpec":
            return len(list_inputs(compile_problem(scenario)))
        result = solve(scenario, cross_check="never")
    except UsageError:
        return None
    except InputError as error:
        return {defect.code for defect in error.defects}
    if table == "AcceptSpec":
        return result.document["open_questions"]
    return result.status.value, awards(result) if result.allocation else None


UNTOLD = {"AcceptSpec", "DossiersSpec", "TerritorySpec", "UncertainSpec", "Scenario"}
"""Tables whose entries `show` writes with all values, and in no sentence."""
TABLES = list_tables("off")


def test_every_table_has_an_example_here() -> None:
    assert set(TABLES) == set(ENTRIES)


@pytest.mark.claim("*.off", "*.valid", "Valid.from", "Valid.until")
@pytest.mark.parametrize("table", TABLES)
def test_an_entry_that_is_off_or_not_valid_is_not_applied(tmp_path: Path, table: str) -> None:
    applied = outcome(tmp_path, table, build(table))
    if table == "ProgrammeSpec":
        absent: Any = ("optimal", {})  # nothing can be asked from it
    elif table == "EnvelopeSpec":
        absent = ("optimal", {"B": 80050, "D": 70000})  # likewise
    else:
        absent = outcome(tmp_path, table, without(table))
    assert applied != absent
    assert outcome(tmp_path, table, build(table, off=True)) == absent
    for valid in ({"until": "2026-02-14"}, {"from": "2026-02-16"}):
        assert outcome(tmp_path, table, build(table, valid=valid)) == absent, valid
    for valid in ({"from": "2026-02-15"}, {"from": "2026-01-31", "until": "2026-02-15"}):
        assert outcome(tmp_path, table, build(table, valid=valid)) == applied, valid


@pytest.mark.claim("*.title", "*.source", "*.note", "Scenario.title", "Scenario.source", "Scenario.note")
@pytest.mark.parametrize("table", [*TABLES, "Scenario"])
def test_words_about_an_entry_change_no_figure_and_are_shown(tmp_path: Path, table: str) -> None:
    words = {"title": "Titre Ω", "source": "loi Ψ, page 3", "note": "remarque Φ : rien ne change"}
    if table == "DossiersSpec":
        del words["source"]  # a key of its own
    plain, told = (BASE, BASE | words) if table == "Scenario" else (build(table), build(table, **words))
    assert outcome(tmp_path, table, told) == outcome(tmp_path, table, plain)
    scenario = load(tmp_path, table, told)
    assert scenario.sha256 == load(tmp_path, table, plain).sha256
    sentences = describe_scenario(compile_problem(scenario), Lang.EN)
    values = render_merged_scenario(scenario, 200) if table in UNTOLD else []
    report = build_report(scenario, Lang.EN, values=values, sentences=sentences)
    shown = "\n".join(line.plain for line in render_report(report, Lang.EN, 400))
    assert [word for word in words.values() if word not in shown] == []


@pytest.mark.claim("*.id")
@pytest.mark.parametrize("table", list_tables("id"))
def test_an_id_is_unique_and_names_the_entry_for_set(tmp_path: Path, table: str) -> None:
    if table == "Scenario":
        assert solve(load(tmp_path, "LimitSpec", BASE | {"id": "short"})).document["scenario"] == "short"
        return
    place = ENTRIES[table][0].replace("programme.envelopes", "envelopes")
    assert outcome(tmp_path, table, build(table), f"{place}.r.off=true") == outcome(
        tmp_path, table, build(table, off=True)
    )
    twice = build(table)
    entries = twice["programme"]["envelopes"] if place == "envelopes" else twice[place]
    entries.append(next(entry for entry in entries if entry["id"] == "r"))
    with pytest.raises(InputError, match=r"\br\b"):
        compile_problem(load(tmp_path, table, twice))


@pytest.mark.claim("*.kind")
@pytest.mark.parametrize("table", list_tables("kind"))
def test_the_kind_says_which_rule_it_is(tmp_path: Path, table: str) -> None:
    """Without it, or with a word that is no kind, nothing is decided."""
    body = build(table)
    assert body["rules"][0].pop("kind") in load_rule_kinds()
    for wrong in ({}, {"kind": "nothing"}):
        body["rules"][0] |= wrong
        with pytest.raises(InputError, match="kind"):
            load(tmp_path, table, body)
