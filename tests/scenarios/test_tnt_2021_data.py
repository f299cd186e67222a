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
from support.paths import ROOT

SCENARIOS = ROOT / "scenarios"
TABLE = SCENARIOS / "data" / "tnt-2021-dossiers.csv"
APART = SCENARIOS / "data" / "tnt-2021-axe-2-seul.csv"
MAP = SCENARIOS.parent / "tnt_sim" / "data" / "territories-2021.parquet"
MONEY = ("cost", "requested", "committed")
NATIONAL = ("axe-1", "appels")
OUT_OF_SCOPE = ("equipement", "infrastructure", "formation")


def cents(column: str) -> pl.Expr:
    return (pl.col(column).cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64)


@pytest.fixture(scope="module")
def dossiers() -> pl.DataFrame:
    return read(TABLE)


def read(path: Path) -> pl.DataFrame:
    table = pl.read_csv(path, infer_schema=False)
    return table.with_columns(
        *(cents(name) for name in MONEY),
        pl.col("population", "n_communes", "n_api").cast(pl.Int64),
        pl.col("score", "points").cast(pl.Decimal(12, 2)),
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
    complete = pl.col("state").is_in(["en_instruction", "accepte"])
    return (axis_1 | axis_2 | ~pl.col("envelope").is_in(NATIONAL)) & complete


def national(dossiers: pl.DataFrame) -> pl.DataFrame:
    """The dossiers of axes 1 and 2 that were decided on 22 November 2021."""
    chosen = pl.col("envelope").is_in(NATIONAL) & (pl.col("decided") == "oui")
    return dossiers.filter(chosen).with_columns(is_eligible().alias("eligible"))


def build_script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCENARIOS / "build"))
    spec = importlib.util.spec_from_file_location("build_tnt_2021", SCENARIOS / "build" / "tnt_2021.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_build_gives_the_committed_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    script = build_script(monkeypatch)
    built = script.build(MAP)
    assert set(built) == {TABLE, APART}
    for path, rows in built.items():
        assert script.encode(rows) == path.read_bytes()


def test_scenario_controls_this_table(dossiers: pl.DataFrame, scenario: dict[str, Any]) -> None:
    for entry, path in zip(scenario["dossiers"], (TABLE, APART), strict=True):
        assert entry["file"] == f"data/{path.name}"
        assert entry["control"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    control = scenario["dossiers"][0]["control"]
    assert control["rows"] == dossiers.height == 8_290
    assert control["requested"] == "101 340 000 €"
    assert dossiers["requested"].sum() == 101_340_000_00


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


def test_axis_2_alone_is_the_other_reading(dossiers: pl.DataFrame) -> None:
    """75 laureates of axis 2 for 13.1 M€ out of 200 filed and 120 eligible; 44 of axis 1 for 13.3 M€."""
    rows = pl.concat([national(dossiers), national(read(APART))])
    axis_2 = rows.filter(pl.col("envelope") == "appels")
    for kind, counts in (
        (None, (200, 120, 75)),
        ("mutualisation", (50, 30, 19)),
        ("metropole", (50, 30, 19)),
    ):
        some = axis_2 if kind is None else axis_2.filter(pl.col("applicant_type") == kind)
        funded = some.filter(pl.col("committed").is_not_null())
        assert (some.height, some["eligible"].sum(), funded.height) == counts
    laureates = rows.filter(pl.col("committed").is_not_null())
    by_axis = laureates.group_by("envelope").agg(pl.len(), pl.col("committed").sum()).sort("envelope")
    assert by_axis.rows() == [("appels", 75, 13_100_000_00), ("axe-1", 44, 13_300_000_00)]


def test_the_second_call_and_the_lines_remain_to_be_decided(dossiers: pl.DataFrame) -> None:
    second = dossiers.filter((pl.col("envelope") == "appels") & (pl.col("decided") == "non"))
    eligible = second.filter(is_eligible())
    assert (second.height, eligible.height, eligible["requested"].sum()) == (24, 14, 2_000_000_00)
    assert (second["filed_on"] >= date(2021, 10, 8)).all()
    lines = dossiers.filter(pl.col("envelope").is_in(["groupes", "axe-3-reste"]))
    found = dict(lines.group_by("theme").agg(pl.col("requested").sum()).rows())
    assert found == {"cyber": 600_000_00, "partage": 400_000_00, "elus": 600_000_00}


def test_about_119_million_are_eligible_37_of_them_committed(dossiers: pl.DataFrame) -> None:
    """At the flat fees of the reading that is kept, 5,000 € a body for FranceConnect."""
    flat = pl.when(pl.col("envelope") == "fc").then(5_000_00)
    fee = flat.otherwise(4_000_00 + 400_00 * pl.col("n_communes").clip(1, 30))
    asked = dossiers.filter(is_eligible()).with_columns(pl.col("requested").fill_null(fee).alias("asked"))
    assert dossiers["committed"].sum() == 37_090_000_00
    assert asked["asked"].sum() == 119_607_200_00
    assert asked.height == 8_200


def test_each_class_is_worth_a_point_a_thousand_euros(dossiers: pl.DataFrame) -> None:
    """Of what may be funded and is not committed; quality moves a dossier, the size of its grant does not."""
    flat = pl.when(pl.col("envelope") == "fc").then(5_000_00)
    fee = flat.otherwise(4_000_00 + 400_00 * pl.col("n_communes").clip(1, 30))
    free = dossiers.filter(is_eligible() & pl.col("committed").is_null()).with_columns(
        pl.col("requested").fill_null(fee).alias("asked")
    )
    classes = free.group_by("project_class").agg(
        (pl.col("points").cast(pl.Float64).sum() / (pl.col("asked").sum() / 100_000)).alias("per"),
        (pl.col("points").cast(pl.Float64) / (pl.col("asked") / 100_000)).std().alias("spread"),
    )
    assert classes.height == 12
    assert classes["per"].is_between(0.999, 1.001).all()
    assert (classes["spread"] > 0.08).all()


def test_the_questionnaire_is_answered_by_nine_in_ten(dossiers: pl.DataFrame) -> None:
    for name in ("people_trained", "hours_saved", "yearly_savings"):
        answers = dossiers[name].cast(pl.Int64)
        assert 0.08 < answers.null_count() / dossiers.height < 0.12
        assert answers.drop_nulls().ge(0).all()
        assert answers.sum() > 0


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


def test_deconcentrated_windows_sum_to_the_published_figures(dossiers: pl.DataFrame) -> None:
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


def test_franceconnect_dossiers_sum_to_the_published_figures(dossiers: pl.DataFrame) -> None:
    """104 bodies at 5,000 €, all of the equipped list; 66 + 1,327 + 3,099 = 4,492 that the goals still need."""
    rows = dossiers.filter(pl.col("envelope") == "fc")
    equipped = pl.read_csv(SCENARIOS / "data" / "franceconnect-2021-equipped.csv", infer_schema=False)
    committed = rows.filter(pl.col("committed").is_not_null())
    assert (committed.height, committed["committed"].sum()) == (104, 520_000_00)
    assert set(committed["committed"]) == {5_000_00}
    assert (
        committed.join(equipped, left_on=["applicant_id", "applicant_type"], right_on=["code", "kind"]).height
        == 104
    )
    candidates = rows.filter(pl.col("committed").is_null())
    assert rows["applicant_id"].n_unique() == rows.height
    counts = dict(candidates.group_by("project_class").len().rows())
    assert counts == {"fc-departement": 66, "fc-grande": 1_327, "fc-petite": 3_099}
    assert candidates.join(
        equipped, left_on=["applicant_id", "applicant_type"], right_on=["code", "kind"]
    ).is_empty()
    assert (
        candidates["requested"].null_count()
        == candidates["filed_at"].null_count()
        == candidates.height
        == 4_492
    )
    assert candidates.height * 5_000 == 22_460_000
    assert (candidates["cost"] >= 10_000_00).all()


def test_demat_ads_asks_what_all_centres_would(dossiers: pl.DataFrame) -> None:
    """Between 13.94 M€ (each commune above 3,500 by itself) and 15.63 M€ (one centre for each EPCI)."""
    rows = dossiers.filter(pl.col("envelope") == "demat-ads")
    flat = 4_000_00 + 400_00 * rows["n_communes"].clip(1, 30)
    assert dict(rows.group_by("project_class").len().rows()) == {"ads-epci": 1_000, "ads-commune": 340}
    assert flat.max() == 16_000_00
    assert flat.sum() == 14_057_200_00
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
    assert invented.height > 100
    for members, population in invented.select("members", "population").rows():
        assert len(set(members.split(";"))) == members.count(";") + 1 >= 2
        assert sum(heads[code] for code in members.split(";")) == population


def test_members_of_a_syndicat_are_communes_of_its_department(dossiers: pl.DataFrame) -> None:
    """Each syndicat is the same wherever it applies, and over 160,000 inhabitants at most."""
    homes = dict(pl.read_parquet(MAP).filter(pl.col("type") == "commune").select("code", "department").rows())
    syndicats = dossiers.filter(pl.col("applicant_type") == "syndicat")
    assert syndicats.height == 77
    assert syndicats["applicant_id"].n_unique() == syndicats.unique(["applicant_id", "members"]).height == 50
    for department, members in syndicats.select("department", "members").rows():
        assert {homes[code] for code in members.split(";")} == {department}
    assert syndicats["population"].max() < 160_000  # type: ignore[operator]


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
    assert set(dossiers["decided"]) == {"oui", "non"}
    assert dossiers.filter(pl.col("decided") == "oui").height == 200 + 1_400 + 104


def test_larger_envelopes_extend_the_programme() -> None:
    for millions in (90, 98, 108):
        tree = load(SCENARIOS / f"enveloppe-{millions}.yaml")
        assert tree["id"] == f"enveloppe-{millions}"
        assert tree["extends"] == "tnt-2021.yaml"
        assert tree["programme"] == {"amount": f"{millions} M€"}
