"""What planners call things leads to the grammar's names: one table for keys, kinds, measures and columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tnt_sim.cli.verbs import VERBS
from tnt_sim.domain.portfolio import CANONICAL
from tnt_sim.errors import ScenarioError, find_nearest_name
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.expressions.measures import BUILT_IN
from tnt_sim.scenario.json_schema import build_schema
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.spec import ScenarioSpec

TABLE = csv.DictReader(
    (files("tnt_sim") / "data" / "planner-words.csv").read_text(encoding="utf-8").splitlines(), delimiter=";"
)
ROWS = list(TABLE)


def names_of(node: Any) -> Iterator[str]:
    """Keys and fixed values of the schema."""
    if isinstance(node, list):
        for child in node:
            yield from names_of(child)
    elif isinstance(node, dict):
        yield from node.get("properties", {})
        yield from (value for value in node.get("enum", []) if isinstance(value, str))
        yield from [node["const"]] if isinstance(node.get("const"), str) else []
        for child in node.values():
            yield from names_of(child)


def test_each_row_names_something_of_the_grammar() -> None:
    known = {
        *names_of(build_schema(ScenarioSpec)),
        *CANONICAL,
        *BUILT_IN,
        *VERBS,
        "above",
        "below",
        "from",
        "until",
    }
    assert [row["name"] for row in ROWS if row["name"] not in known] == []
    assert [row["name"] for row in ROWS if not row["fr"]] == []
    assert len({row["name"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_each_word_leads_to_its_name(row: dict[str, str]) -> None:
    for word in [*row["fr"].split(", "), *row["en"].split(", ")]:
        if word:
            assert find_nearest_name(word, [row["name"], "zzzz"]) == row["name"]
            many = word.upper() + (
                "S" if word.isascii() and len(word.split()[-1]) > 3 and not word.endswith("s") else ""
            )
            assert find_nearest_name(many, [row["name"], "zzzz"]) == row["name"]


def test_what_is_spelt_almost_so_comes_first() -> None:
    assert find_nearest_name("montant", ["granted", "montant_ht", "montants"]) == "montants"
    assert find_nearest_name("note", ["score", "note_a"]) == "score"
    assert find_nearest_name("grantd", ["granted", "requested"]) == "granted"
    assert find_nearest_name("xyz", ["granted", "requested"]) is None


HEAD = """schema_version: 1
id: t
programme: {id: p, amount: 1 000 €}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
rules: [%s]
"""
MEANT = {
    "{id: r, kind: limit, measure: montant, max: 3 k€}": "granted",
    "{id: r, kind: limit, measure: nombre, max: 3}": "dossiers",
    "{id: r, kind: share, measure: granted, of_measure: assiette, max: 30 %}": "base",
    "{id: r, kind: plafond, measure: granted, max: 3 k€}": "limit",
    "{id: r, kind: quota, measure: granted, max: 30 %}": "share",
    "{id: r, kind: cap, measure: granted, max: 3 k€}": "limit",
    "{id: r, kind: limit, measure: granted, plafond: 3 k€}": "max",
    "{id: r, kind: limit, measure: granted, floor: strict, plancher: 3 k€}": "min",
    "{id: r, kind: limit, mesure: granted, max: 3 k€}": "measure",
    "{id: r, kind: limit, measure: granted, par: zone, max: 3 k€}": "by",
    "{id: r, kind: limit, measure: granted, by: département, max: 3 k€}": "department",
    "{id: r, kind: limit, measure: granted, where: {porteur: X}, max: 3 k€}": "applicant",
    "{id: r, kind: order, rank: note, best: high}": "score",
}


def refused(folder: Path, rule: str) -> ScenarioError:
    (folder / "d.csv").write_text("dossier,cost,requested,score,zone\nA,200,150,1,N\n", encoding="utf-8")
    (folder / "s.yaml").write_text(HEAD % rule, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        compile_problem(load_scenario(folder / "s.yaml"))
    return caught.value


@pytest.mark.parametrize("rule", MEANT)
def test_a_word_of_a_planner_is_answered_with_the_name(rule: str, tmp_path: Path) -> None:
    texts = [defect.line(lang) for defect in refused(tmp_path, rule).defects for lang in Lang]
    assert any(f"Vouliez-vous dire « {MEANT[rule]} » ?" in text for text in texts)
    assert any(f'Did you mean "{MEANT[rule]}"?' in text for text in texts)


def test_a_percentage_is_no_bound_of_a_limit(tmp_path: Path) -> None:
    (defect,) = refused(tmp_path, "{id: r, kind: limit, measure: granted, max: 10%}").defects
    assert defect.line(Lang.FR) == (
        "limit-share s.yaml:6:53 — « 10% » est une part, et une règle `limit` demande un montant ou un nombre. "
        "Écrivez `kind: share`, ou un montant, ou la part d'une enveloppe : `max: {share: 10%, of_amount: "
        "ENVELOPPE}`."
    )
    assert "Write `kind: share`, or an amount" in defect.line(Lang.EN)
