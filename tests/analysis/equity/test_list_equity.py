"""Equity of a list against plain loops over its applications: classes, inhabitants, the register."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.lanes import seeds

import tnt_sim as tnt
from tnt_sim.analysis.equity.list_equity import ListEquity, compute_equity
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.report_tree import Section, Table, write_words
from tnt_sim.scenario.spec import ScenarioSpec

Row = dict[str, Any]
SCHEMA = {
    "dossier": pl.String, "applicant_id": pl.String, "applicant": pl.String, "applicant_type": pl.String,
    "department": pl.String, "region": pl.String, "population": pl.Int64, "requested_cents": pl.Int64,
    "committed_cents": pl.Int64, "eligible": pl.Boolean, "funded": pl.Boolean, "granted_cents": pl.Int64,
}  # fmt: skip
BOUNDS = (1_000, 3_500, 10_000, 50_000, 200_000, 500_000)


def make_spec(**keys: Any) -> ScenarioSpec:
    programme = {"id": "p", "amount": "60 k€"}
    tree = {"schema_version": "1", "id": "petit", "programme": programme, "dossiers": [{"file": "d.csv"}]}
    return ScenarioSpec.model_validate({**tree, "objective": [{"maximise": {"dossiers": "1"}}], **keys})


def draw_rows(seed: int) -> list[Row]:
    chance = random.Random(seed)
    rows = []
    for number in range(chance.randint(1, 14)):
        eligible = chance.random() < 0.8
        funded = eligible and chance.random() < 0.6
        rows.append(
            {
                "dossier": f"D{number}",
                "applicant_id": chance.choice(["", None, "123456789", "12345678900011", "01001", "01002"]),
                "applicant": chance.choice(["", None, "Sainte-Aure", "Valdombre", "01001"]),
                "applicant_type": chance.choice(["commune", "commune", "epci", "autre"]),
                "department": chance.choice(["01", "2A", "974", "988", "", None, "XX"]),
                "region": chance.choice(["84", "04", "R94", None, ""]),
                "population": chance.choice([None, 0, 1, 999, 1_000, 1_999, 2_000, 3_500, 600_000]),
                "requested_cents": chance.choice([None, *range(1, 30)]) if seed % 3 else chance.randint(1, 9),
                "committed_cents": None,
                "eligible": eligible,
                "funded": funded,
                "granted_cents": chance.choice([0, 7, 7, 10**12, chance.randint(0, 90)]) if funded else 0,
            }
        )
    return rows


def find_applicant(row: Row) -> str:
    number = row["applicant_id"] or ""
    if number:
        return "i" + (number[:9] if len(number) == 14 else number)
    return "n" + row["applicant"] if row["applicant"] else "d" + row["dossier"]


def find_class(row: Row, dimension: str, heads: int | None) -> str:
    match dimension:
        case "":
            return ""
        case "size":
            if heads is None:
                return ""
            below = max((bound for bound in (0, *BOUNDS) if heads >= bound), default=0)
            above = next((bound for bound in BOUNDS if heads < bound), None)
            return f"{below}+" if above is None else f"{below}-{above}"
        case "commune":
            if row["applicant_type"] != "commune" or heads is None:
                return ""
            return "below-2000" if heads < 2000 else "2000+"
        case "overseas":
            place = row["department"] or {"84": "01", "04": "974", "R94": "2A"}.get(row["region"] or "", "")
            return {"01": "mainland", "2A": "mainland", "974": "overseas", "988": "overseas"}.get(place, "")
    return str(row["applicant_type"])


def sum_rows(rows: list[Row], dimension: str) -> dict[str, dict[str, int | None]]:
    heads: dict[str, int | None] = {}
    for row in rows:
        known = [n for n in (heads.get(find_applicant(row)), row["population"]) if n]
        heads[find_applicant(row)] = max(known, default=None)
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[find_class(row, dimension, heads[find_applicant(row)])].append(row)
    found = {}
    for name, members in groups.items():
        applicants = {find_applicant(row) for row in members}
        asked = [row["requested_cents"] for row in members]
        eligible = [row["requested_cents"] for row in members if row["eligible"]]
        found[name] = {
            "n_dossiers": len(members),
            "n_eligible": sum(row["eligible"] for row in members),
            "n_funded": sum(row["funded"] for row in members),
            "requested_cents": None if None in asked else sum(asked),
            "eligible_cents": None if None in eligible else sum(eligible),
            "granted_cents": sum(row["granted_cents"] for row in members),
            "n_applicants": len(applicants),
            "n_funded_applicants": len({find_applicant(row) for row in members if row["funded"]}),
            "n_unknown": sum(heads[find_applicant(row)] is None for row in members),
            "inhabitants": sum(heads[one] or 0 for one in applicants),
            "known_cents": sum(row["granted_cents"] for row in members if heads[find_applicant(row)]),
        }
    return found


def read_classes(equity: ListEquity, dimension: str) -> dict[str, dict[str, int | None]]:
    entries = [equity.total] if not dimension else equity.list_classes(dimension)
    slots = type(equity.total).__slots__
    names = slots[slots.index("n_dossiers") : slots.index("per_head_cents")]
    return {entry.class_: {name: getattr(entry, name) for name in names} for entry in entries}


@pytest.mark.parametrize("seed", seeds(range(200), 40))
def test_classes_are_those_of_loops(seed: int) -> None:
    rows = draw_rows(seed)
    equity = compute_equity(pl.DataFrame(rows, schema=SCHEMA, orient="row"), make_spec())
    for dimension in ("", "size", "commune", "overseas", "applicant_type"):
        wanted = sum_rows(rows, dimension)
        if dimension and set(wanted) == {""}:
            assert dimension not in equity.dimensions
            continue
        assert read_classes(equity, dimension) == wanted
        entries = equity.list_classes(dimension)
        assert all(entry.class_ for entry in entries[:-1])
        for entry in entries:
            heads = None if not entry.inhabitants else Fraction(entry.known_cents, entry.inhabitants)
            assert entry.per_head_cents == heads
    index = equity.find_index("applicant")
    for split in equity.splits:
        assert index is not None
        assert abs(split.between + split.within - index.theil) <= Fraction(1, 10**6)
        assert min(split.between, split.within) >= 0
    assert (index is not None) == bool(equity.splits)


def test_one_applicant_no_money_and_nothing_at_all() -> None:
    rows = draw_rows(1)[:1]
    rows[0] |= {"population": 500, "funded": True, "granted_cents": 900, "applicant_id": "01001"}
    alone = compute_equity(pl.DataFrame(rows, schema=SCHEMA, orient="row"), make_spec())
    assert (list(alone.indices), list(alone.splits)) == ([], [])
    assert alone.total.per_head_cents == Fraction(9, 5)
    unpaid = pl.DataFrame(draw_rows(5), schema=SCHEMA, orient="row").with_columns(
        funded=False, granted_cents=pl.lit(0, pl.Int64)
    )
    assert not compute_equity(unpaid, make_spec()).indices
    empty = compute_equity(unpaid.head(0), make_spec())
    assert (empty.total.n_dossiers, empty.total.per_head_cents, empty.total.funded_share) == (0, None, None)
    assert not empty.classes


def test_a_programme_elsewhere_has_no_french_classes() -> None:
    rows = [row | {"county": "Kent"} for row in draw_rows(3)]
    table = pl.DataFrame(rows, schema={**SCHEMA, "county": pl.String}, orient="row")
    equity = compute_equity(table, make_spec(territory={"column": "county"}))
    assert {"commune", "overseas"}.isdisjoint(equity.dimensions)
    assert equity.find_index("department") is None


@pytest.mark.parametrize("name", ["milieu", "key", "inhabitants", "size", "rural", "department"])
def test_a_column_of_the_planner_says_what_is_rural(name: str) -> None:
    """The classes are the values of the column, whatever it is called."""
    rows = draw_rows(4)
    classes = [[" 01 ", "2A", None, ""][k % 4] for k in range(len(rows))]
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row").with_columns(
        pl.Series(name, classes, dtype=pl.String)
    )
    equity = compute_equity(table, make_spec(territory={"rural": name}))
    assert "commune" not in equity.dimensions
    counts = {value: sum((one or "").strip() == value for one in classes) for value in ("01", "2A", "")}
    assert {entry.class_: entry.n_dossiers for entry in equity.list_classes("rural")} == counts
    assert "commune" in compute_equity(table, make_spec()).dimensions


def test_an_unknown_rural_column_is_refused(folder: Path) -> None:
    path = folder / "petit.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "territory: {rural: milieux}\n", encoding="utf-8")
    table = folder / "dossiers.csv"
    head, *lines = table.read_text(encoding="utf-8").splitlines()
    body = [f"{line},{'rural' if k % 3 else 'urbain'}" for k, line in enumerate(lines)]
    table.write_text("\n".join([f"{head},milieu", *body]) + "\n", encoding="utf-8")
    with pytest.raises(tnt.ScenarioError, match="milieux") as caught:
        tnt.read_scenario(path)
    assert "milieu" in str(caught.value.defects[0].hint)
    path.write_text(path.read_text(encoding="utf-8").replace("milieux", "milieu"), encoding="utf-8")
    result = tnt.read_scenario(path).solve()
    classes = result.equity().table("classes").filter(dimension="rural")
    assert classes["class"].to_list() == ["rural", "urbain"]
    assert classes["n_dossiers"].sum() == len(lines)
    compared = tnt.compare(result, tnt.read_scenario(path), attribute=False)
    assert compared.table("classes").filter(dimension="rural").height == 4
    assert "urbain" in result.report.html(explain=False)


def test_the_register_is_compared_on_the_same_applications() -> None:
    rows = [row | {"population": 100 + k, "applicant_id": f"0100{k}"} for k, row in enumerate(draw_rows(7))]
    rows[0] |= {"committed_cents": 500, "granted_cents": 500, "funded": True, "eligible": True}
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    assert not compute_equity(table, make_spec()).is_compared
    total = compute_equity(table, make_spec(committed_from="registre/")).total
    inhabitants = sum(100 + k for k in range(len(rows)))
    assert (total.n_dossiers, total.before_cents) == (len(rows), 500)
    assert (total.inhabitants, total.before_per_head_cents) == (inhabitants, Fraction(500, inhabitants))
    nothing = table.with_columns(committed_cents=pl.lit(None, pl.Int64))
    assert not compute_equity(nothing, make_spec(committed_from="registre/")).is_compared


def test_python_comparison_and_report_say_the_same(folder: Path) -> None:
    scenario = tnt.read_scenario(folder / "petit.yaml")
    result = scenario.solve()
    equity = result.equity()
    richer = tnt.compare(result, scenario.with_({"programme.amount": "90 k€"}), attribute=False)
    assert equity.table("classes").row(0, named=True)["n_funded"] == result.document["n_funded"]
    assert equity.proof is None
    assert json.loads(equity.to_json()) == equity.document
    mine = richer.table("classes").filter(side="petit").drop("side")
    assert mine.to_dicts() == equity.table("classes").to_dicts()
    page = richer.build_report()
    [section] = [
        one for one in page.nodes if isinstance(one, Section) and write_words(one.title, Lang.EN) == "Equity"
    ]
    tables = [one for one in section.nodes if isinstance(one, Table)]
    assert len(tables) == len(equity.exact.dimensions)
    shares = [list(table.columns[1].values) for table in tables]
    wanted = [
        [round(entry.funded_share or Fraction(0), 3) for entry in equity.exact.list_classes(dimension)]
        for dimension in equity.exact.dimensions
    ]
    assert shares == wanted
    indices = richer.table("indices")
    department = equity.table("indices").filter(unit="department").row(0, named=True)
    assert indices.filter(side="petit", unit="department").row(0, named=True)["gini"] == department["gini"]
    run = tnt.open_run(result.save(folder / "runs"))
    assert run.equity().document == equity.document
    assert "Gini" in equity._repr_html_()
