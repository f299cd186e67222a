"""The real 2019 projects: nothing lost, nothing corrected, and the envelopes that follow from them."""

from __future__ import annotations

import hashlib
from typing import Any

import polars as pl
import pytest
from ruamel.yaml import YAML
from support.paths import ROOT

SCENARIOS = ROOT / "scenarios"
DATA = SCENARIOS / "data"
TABLE = DATA / "detr-dsil-2019.parquet"
FUNDS = {"detr": 20_382, "dsil": 4_079, "dsid": 350}


@pytest.fixture(scope="module")
def dossiers() -> pl.DataFrame:
    return pl.read_parquet(TABLE)


@pytest.fixture(scope="module")
def scenario() -> dict[str, Any]:
    tree: dict[str, Any] = YAML(typ="safe").load(SCENARIOS / "detr-dsil-2019.yaml")
    return tree


def euros(text: str) -> int:
    """Cents of « 1 234.56 € », for the amounts written in this scenario."""
    whole, _, decimals = text.removesuffix(" €").replace(" ", "").partition(".")
    return int(whole) * 100 + int(decimals.ljust(2, "0"))


def test_rows_and_totals(dossiers: pl.DataFrame, scenario: dict[str, Any]) -> None:
    control = scenario["dossiers"][0]["control"]
    assert control["rows"] == dossiers.height == 24_811
    assert control["sha256"] == hashlib.sha256(TABLE.read_bytes()).hexdigest()
    assert euros(control["requested"]) == dossiers["requested_cents"].sum() == 1_707_978_945_66
    assert dict(dossiers["envelope"].value_counts().rows()) == FUNDS
    assert dossiers["dossier"].is_unique().all()


def test_columns_have_their_types_and_no_empty_cell(dossiers: pl.DataFrame) -> None:
    integers = {"population", "cost_cents", "requested_cents"}
    assert {name for name, kind in dossiers.schema.items() if kind == pl.Int64} == integers
    assert {kind for name, kind in dossiers.schema.items() if name not in integers} == {pl.String}
    assert dossiers.null_count().sum_horizontal().item() == 0
    kinds = {"commune": 22_014, "epci": 2_400, "metropole": 40, "departement": 357}
    assert dict(dossiers["applicant_type"].value_counts().rows()) == kinds
    communes = dossiers.filter(pl.col("applicant_type") == "commune")
    assert (communes["commune"] == communes["applicant_id"]).all()
    assert communes["applicant_id"].n_unique() == 15_422


def test_two_rows_without_cost_leave_24809(dossiers: pl.DataFrame) -> None:
    unusable = dossiers.filter(~(pl.col("cost_cents") > 0))
    assert sorted(unusable["dossier"]) == ["di19epci01454", "di19epci01810"]
    assert dossiers.height - unusable.height == 24_809
    above_cost = dossiers.filter(pl.col("requested_cents") > pl.col("cost_cents"))
    assert sorted(above_cost["dossier"]) == sorted(unusable["dossier"])
    assert (dossiers["requested_cents"] > 0).all()


def test_texts_are_on_one_line(dossiers: pl.DataFrame) -> None:
    for column in ("dossier", "title", "applicant", "category"):
        assert not dossiers[column].str.contains(r"[\p{Cc}\p{Zl}\p{Zp}]|^ | $|  ").any()


def test_one_population_per_applicant(dossiers: pl.DataFrame) -> None:
    counted = dossiers.group_by("applicant_id").agg(pl.col("population", "applicant_type").n_unique())
    assert counted["population"].max() == 1
    assert counted["applicant_type"].max() == 1


@pytest.mark.parametrize("fund", FUNDS)
def test_fund_and_its_departments(dossiers: pl.DataFrame, scenario: dict[str, Any], fund: str) -> None:
    rows = dossiers.filter(pl.col("envelope") == fund)
    node = next(one for one in scenario["programme"]["envelopes"] if one["id"] == fund)
    assert euros(node["amount"]) == rows["requested_cents"].sum() * 65 // 100
    assert node["overbooked"] is True
    assert node["split"] == {
        "by": "department",
        "groups": "present",
        "table": f"data/{fund}-2019-departments.csv",
    }
    split = pl.read_csv(SCENARIOS / node["split"]["table"], infer_schema=False)
    found = {group: euros(amount) for group, amount in split.select("group", "amount").rows()}
    totals = rows.group_by("department").agg(pl.col("requested_cents").sum()).rows()
    assert found == {department: total * 70 // 100 for department, total in totals}
    assert sum(found.values()) > euros(node["amount"])


def test_programme_is_the_sum_of_the_funds(scenario: dict[str, Any]) -> None:
    programme = scenario["programme"]
    assert euros(programme["amount"]) == sum(euros(node["amount"]) for node in programme["envelopes"])
