"""The synthetic TNT dossiers reproduce the published figures exactly, and are rebuilt to the byte."""

from __future__ import annotations

import hashlib
import importlib.util
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from ruamel.yaml import YAML

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
TABLE = SCENARIOS / "data" / "tnt-2021-dossiers.csv"
MAP = SCENARIOS.parent / "tnt_sim" / "data" / "territories-2021.parquet"
MONEY = ("cost", "requested", "committed")
NATIONAL = ("axe-1", "appels")
OUT_OF_SCOPE = ("equipement", "infrastructure", "formation")


def cents(column: str) -> pl.Expr:
    return (pl.col(column).cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64)


@pytest.fixture(scope="module")
def dossiers() -> pl.DataFrame:
    table = pl.read_csv(TABLE, infer_schema=False)
    return table.with_columns(
        *(cents(name) for name in MONEY),
        pl.col("population", "n_communes", "n_api").cast(pl.Int64),
        pl.col("score").cast(pl.Decimal(6, 1)),
        pl.col("filed_at").str.slice(0, 10).str.to_date("%Y-%m-%d").alias("filed_on"),
        pl.col("notified_at", "end").str.to_date("%Y-%m-%d"),
    )


@pytest.fixture(scope="module")
def scenario() -> dict[str, Any]:
    return load(SCENARIOS / "tnt-2021.yaml")


def load(path: Path) -> dict[str, Any]:
    tree: dict[str, Any] = YAML(typ="safe").load(path)
    return tree


def is_eligible() -> pl.Expr:
    """The scenario's eligibility of axes 1 and 2, written again by hand."""
    second_call = pl.col("filed_on") >= date(2021, 10, 8)
    in_session = (pl.col("filed_on") <= date(2021, 9, 30)) | second_call
    enough = (
        pl.when(second_call).then(pl.col("population") >= 300_000).otherwise(pl.col("population") > 500_000)
    )
    large = enough | (pl.col("applicant_type") == "departement")
    axis_1 = (pl.col("envelope") == "axe-1") & ~pl.col("theme").is_in(OUT_OF_SCOPE)
    axis_2 = (pl.col("envelope") == "appels") & in_session & large
    return (axis_1 | axis_2) & pl.col("state").is_in(["en_instruction", "accepte"])


def national(dossiers: pl.DataFrame) -> pl.DataFrame:
    return dossiers.filter(pl.col("envelope").is_in(NATIONAL)).with_columns(is_eligible().alias("eligible"))


def build_script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCENARIOS / "build"))
    spec = importlib.util.spec_from_file_location("build_tnt_2021", SCENARIOS / "build" / "tnt_2021.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_build_gives_the_committed_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    script = build_script(monkeypatch)
    assert script.encode(script.build(MAP)) == TABLE.read_bytes()


def test_scenario_controls_this_table(dossiers: pl.DataFrame, scenario: dict[str, Any]) -> None:
    control = scenario["dossiers"][0]["control"]
    assert control["sha256"] == hashlib.sha256(TABLE.read_bytes()).hexdigest()
    assert control["rows"] == dossiers.height == 3_206
    assert control["requested"] == "96 140 000 €"
    assert dossiers["requested"].sum() == 96_140_000_00


def test_amounts_of_the_envelopes_add_up(scenario: dict[str, Any]) -> None:
    programme = scenario["programme"]
    amounts = {node["id"]: node.get("amount") for node in programme["envelopes"]}
    assert programme["amount"] == "88 M€"
    assert amounts == {"axe-1": "30 M€", "axe-2": "24 M€", "axe-3": "34 M€"}
    parts = {node["id"]: node["amount"] for node in programme["envelopes"][2]["envelopes"]}
    assert parts == {"deconcentre": "28 M€", "demat-ads": "5.5 M€", "axe-3-reste": "0.5 M€"}


@pytest.mark.parametrize(
    ("kind", "counts"),
    [(None, (200, 120, 75)), ("mutualisation", (50, 30, 19)), ("metropole", (50, 30, 19))],
)
def test_axes_1_and_2_filed_eligible_funded(
    dossiers: pl.DataFrame, kind: str | None, counts: tuple[int, int, int]
) -> None:
    rows = national(dossiers)
    if kind is not None:
        rows = rows.filter(pl.col("applicant_type") == kind)
    funded = rows.filter(pl.col("committed").is_not_null())
    assert (rows.height, rows["eligible"].sum(), funded.height) == counts
    assert funded["eligible"].all()


def test_laureates_of_axes_1_and_2(dossiers: pl.DataFrame) -> None:
    rows = national(dossiers).filter(pl.col("committed").is_not_null())
    by_axis = rows.group_by("envelope").agg(pl.len(), pl.col("committed").sum()).sort("envelope")
    assert by_axis.rows() == [("appels", 40, 40 * 175_000_00), ("axe-1", 35, 35 * 302_000_00)]


def test_jury_refuses_the_45_other_eligible_ones(dossiers: pl.DataFrame, scenario: dict[str, Any]) -> None:
    rows = national(dossiers).filter(pl.col("eligible") & pl.col("committed").is_null())
    jury = next(rule for rule in scenario["rules"] if rule["id"] == "jury-axes-1-2")
    assert len(jury["refuse"]) == 45
    assert sorted(jury["refuse"]) == sorted(rows["dossier"])
    assert jury["reason"]
    assert jury["author"]


def test_every_requirement_of_axes_1_and_2_excludes_someone(dossiers: pl.DataFrame) -> None:
    rows = national(dossiers).filter(~pl.col("eligible"))
    assert rows.height == 80
    assert rows.filter(pl.col("theme").is_in(OUT_OF_SCOPE)).height == 24
    assert rows.filter(pl.col("state") == "en_construction").height == 19
    assert rows.filter(pl.col("session") == "hors-session").height == 7
    # a dossier excluded by its size meets every other requirement
    too_small = rows.filter(
        (pl.col("envelope") == "appels")
        & (pl.col("state") == "en_instruction")
        & (pl.col("session") != "hors-session")
    )
    assert dict(too_small["session"].value_counts().rows()) == {"appel-1": 21, "appel-2": 9}


def test_rates_of_axes_1_and_2_are_kept(dossiers: pl.DataFrame) -> None:
    percent = pl.when(pl.col("session") == "appel-2").then(75).otherwise(50)
    rows = national(dossiers)
    assert rows.filter(pl.col("requested") * 100 > pl.col("cost") * percent).is_empty()


def test_deconcentrated_windows(dossiers: pl.DataFrame) -> None:
    rows = dossiers.filter(pl.col("envelope") == "deconcentre")
    committed = rows.filter(pl.col("committed").is_not_null())
    october = committed.filter(pl.col("notified_at") <= date(2021, 10, 8))
    assert (rows.height, rows["requested"].sum()) == (2_076, 52_000_000_00)
    assert (committed.height, committed["committed"].sum()) == (1_400, 19_000_000_00)
    assert (october.height, october["committed"].sum()) == (500, 9_700_000_00)
    assert committed.group_by("department").agg(pl.col("committed").sum())["committed"].max() <= 297_000_00  # type: ignore[operator]
    candidates = rows.filter(pl.col("committed").is_null())
    assert (candidates.height, candidates["requested"].sum()) == (676, 33_000_000_00)
    assert set(candidates["state"]) == {"en_instruction"}
    assert candidates.filter(pl.col("requested") > pl.col("cost")).is_empty()
    assert candidates.filter(~(pl.col("end") <= date(2023, 11, 22))).is_empty()


def test_about_400_candidates_fit_9_million_and_more_fit_more(dossiers: pl.DataFrame) -> None:
    # Greedy by score per euro: within one dossier of the best score a euro can buy.
    rows = dossiers.filter((pl.col("envelope") == "deconcentre") & pl.col("committed").is_null())
    ranked = rows.sort(pl.col("score").cast(pl.Float64) / pl.col("requested"), descending=True)
    spent = ranked["requested"].cum_sum()
    counts = [(spent <= millions * 1_000_000_00).sum() for millions in (9, 11, 19, 29)]
    assert 375 <= counts[0] <= 425
    assert counts == sorted(set(counts))
    assert counts[-1] < rows.height


def test_franceconnect(dossiers: pl.DataFrame) -> None:
    rows = dossiers.filter(pl.col("envelope") == "fc")
    committed = rows.filter(pl.col("committed").is_not_null())
    assert (committed.height, committed["committed"].sum()) == (104, 520_000_00)
    assert set(committed["committed"]) == {5_000_00}
    assert committed["applicant_id"].n_unique() == 104
    candidates = rows.filter(pl.col("committed").is_null())
    assert (candidates.height, candidates["applicant_id"].n_unique()) == (206, 200)
    asked = 5_000_00 + 5_000_00 * candidates["n_api"].clip(0, 1)
    twice = candidates.with_columns(asked.alias("asked")).group_by("applicant_id").agg(pl.col("asked").sum())
    assert twice.filter(pl.col("asked") > 10_000_00).height == 6
    assert candidates["requested"].null_count() == candidates.height
    assert (candidates["cost"] >= 10_000_00).all()


def test_demat_ads_asks_more_than_its_tranche(dossiers: pl.DataFrame) -> None:
    rows = dossiers.filter(pl.col("envelope") == "demat-ads")
    flat = 4_000_00 + 400_00 * rows["n_communes"].clip(1, 30)
    assert rows.height == 620
    assert flat.max() == 16_000_00
    assert flat.sum() == 6_296_000_00
    assert (rows["cost"] >= flat).all()
    served = pl.concat([rows["members"].drop_nulls().str.split(";").explode(), rows["commune"].drop_nulls()])
    assert served.len() == served.n_unique() == rows["n_communes"].sum()


def test_centres_and_applicants_are_those_of_the_map(dossiers: pl.DataFrame) -> None:
    territories = pl.read_parquet(MAP)
    real = dossiers.filter(~pl.col("applicant_id").str.starts_with("FICTIF-"))
    joined = real.join(territories, left_on="applicant_id", right_on="code", how="left")
    assert (joined["applicant"] == joined["name"]).all()
    assert (joined["population"] == joined["population_right"]).all()
    kinds = {"metropole": ["epci-METRO", "epci-MET69"], "epci": ["epci-CA", "epci-CC", "epci-CU"]}
    for kind, types in kinds.items():
        assert set(joined.filter(pl.col("applicant_type") == kind)["type"]) <= set(types)
    size = territories.filter(pl.col("type") == "commune").group_by("epci").len()
    centres = dossiers.filter((pl.col("envelope") == "demat-ads") & (pl.col("applicant_type") != "commune"))
    centres = centres.join(size, left_on="applicant_id", right_on="epci", how="left")
    assert (centres["n_communes"] == centres["len"]).all()


def test_invented_bodies_say_so_and_count_their_members(dossiers: pl.DataFrame) -> None:
    invented = dossiers.filter(pl.col("applicant_id").str.starts_with("FICTIF-"))
    assert set(invented["applicant_type"]) == {"mutualisation", "syndicat"}
    assert invented["applicant"].str.ends_with("(fictif)").all()
    assert dossiers.filter(pl.col("applicant").str.contains("fictif", literal=True)).height == invented.height
    heads = dict(pl.read_parquet(MAP).select("code", "population").rows())
    for members, population in invented.drop_nulls("members").select("members", "population").rows():
        assert sum(heads[code] for code in members.split(";")) == population


def test_form_of_the_table(dossiers: pl.DataFrame) -> None:
    assert dossiers["dossier"].is_unique().all()
    assert set(dossiers["synthetic"]) == {"oui"}
    assert dossiers["score"].is_between(2, 20).all()
    assert dossiers["filed_on"].is_between(date(2021, 3, 1), date(2021, 11, 22)).all()
    assert dossiers["filed_at"].str.contains("T", literal=True).any()
    assert "2021-11-22T23:58" in dossiers["filed_at"]
    committed = dossiers.filter(pl.col("committed").is_not_null())
    assert (committed["committed"] == committed["requested"]).all()
    assert (committed["notified_at"] >= committed["filed_on"]).all()
    assert committed.height == 75 + 1_400 + 104


def test_larger_envelopes_extend_the_programme() -> None:
    for millions in (90, 98, 108):
        tree = load(SCENARIOS / f"enveloppe-{millions}.yaml")
        assert tree["id"] == f"enveloppe-{millions}"
        assert tree["extends"] == "tnt-2021.yaml"
        assert tree["programme"] == {"amount": f"{millions} M€"}
