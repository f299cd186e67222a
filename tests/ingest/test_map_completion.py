"""What the map completes of an applicant: only what is certain, in one form, and never over what is written."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from support.paths import ROOT

from tnt_sim.domain.territory import YEARS, load_territory
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.map_completion import complete_columns, locate_units
from tnt_sim.scenario.load import load_scenario

DATA = ROOT.parent / "shared" / "data"
TEXTS = ("applicant", "applicant_type", "applicant_id", "department", "region", "commune", "epci")


def complete(rows: list[tuple[str, str, str, str]], *asked: str, year: int = 2026) -> list[tuple[str, ...]]:
    """The columns asked for, of applicants given by name, type, number and department."""
    table = pl.DataFrame(
        [
            dict(zip(("applicant", "applicant_type", "applicant_id", "department"), row, strict=True))
            for row in rows
        ]
    )
    table = table.with_columns(pl.lit("").alias(name) for name in TEXTS if name not in table.columns)
    return list(pl.DataFrame(complete_columns(table, load_territory(year), asked)).rows())


@pytest.mark.parametrize(
    ("applicant", "kind", "department", "number"),
    [
        ("Commune de Foix", "autre", "09", "210901229"),
        ("FOIX", "commune", "09", "210901229"),
        ("Foix", "autre", "09", ""),  # a bare name may be anybody's
        ("Commune de Foix", "autre", "", ""),  # the department is wanted
        ("Commune de Foix", "autre", "31", ""),  # there is none in that one
        ("Ville du Mans", "autre", "72", "217201813"),
        ("Mairie des Abymes", "autre", "971", "219711017"),
        ("Commune de L'Abergement-Clémenciat", "autre", "01", "210100012"),
        ("Ville-d'Avray", "commune", "92", "219200771"),  # « ville » belongs to its name
        ("commune de St Girons", "autre", "09", "210902615"),
        ("CC Couserans-Pyrénées", "autre", "09", "200067940"),
        ("Communauté de communes Couserans Pyrénées (CCCP)", "epci", "", "200067940"),
        ("CC Couserans-Pyrénées", "epci", "31", ""),  # its seat is elsewhere
        ("CC Couserans-Pyrénées", "commune", "09", ""),  # name and type say different things
        ("Commune de Foix", "syndicat", "09", ""),
        ("Les Amis du lac", "autre", "09", ""),
        ("", "commune", "09", ""),
    ],
)
def test_a_number_is_filled_where_the_name_is_certain(
    applicant: str, kind: str, department: str, number: str
) -> None:
    assert complete([(applicant, kind, "", department)], "applicant_id") == [(number,)]


def test_what_is_written_stays_and_an_unknown_number_is_not_another_one() -> None:
    rows = [("Commune de Foix", "commune", "123456782", "09"), ("Foix", "commune", "x", "09")]
    assert complete(rows, "applicant_id", "commune") == [("123456782", ""), ("x", "")]


def test_communes_get_the_form_of_number_that_the_table_has() -> None:
    foix, tarascon = ("Foix", "commune", "", "09"), ("Tarascon-sur-Ariège", "commune", "{}", "09")

    def number(written: str, *more: tuple[str, str, str, str]) -> str:
        return complete([foix, (*tarascon[:2], written, "09"), *more], "applicant_id")[0][0]

    assert number("09306") == "09122"
    assert number("210903068") == number("21090306800015") == "210901229"
    assert number("09306", ("Pamiers", "commune", "210902250", "09")) == ""  # both forms: it cannot be known


def test_a_map_without_sirens_gives_codes_unless_the_table_has_sirens() -> None:
    foix = ("Foix", "commune", "", "09")
    assert complete([foix], "applicant_id", year=2021) == [("09122",)]
    assert complete([foix, ("Pamiers", "commune", "09225", "09")], "applicant_id", year=2021)[0] == ("09122",)


def test_commune_and_epci_follow_from_the_number() -> None:
    rows = [
        ("", "commune", "09122", ""),
        ("", "autre", "210901229", ""),  # a SIREN says of itself what it is
        ("", "autre", "09122", ""),  # a code alone does not
        ("", "epci", "200067940", ""),
        ("", "departement", "09", ""),
    ]
    epci = load_territory(2026).table.filter(pl.col("code") == "09122")["epci"].item()
    assert complete(rows, "commune", "epci", "department") == [
        ("09122", epci, "09"),
        ("09122", epci, "09"),
        ("", "", ""),
        ("", "200067940", "09"),
        ("", "", "09"),
    ]


@pytest.mark.parametrize("year", YEARS)
def test_every_commune_is_found_by_its_own_name_alone(year: int) -> None:
    """Drawn from the whole map: a name leads to its own unit or to none."""
    known = load_territory(year)
    units = known.table.filter(pl.col("level").is_in(["commune", "epci"])).sample(4000, seed=year)
    asked = units.select(
        applicant="name", applicant_type="level", department="department", true="code"
    ).with_columns(pl.lit("").alias(name) for name in ("applicant_id", "commune", "epci", "region"))
    found = locate_units(asked, known)["code"]
    assert ((found == asked["true"]) | found.is_null()).all()
    assert found.null_count() < 40


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data are not beside the project")
def test_real_grants_are_located_where_their_codes_say() -> None:
    """51,106 grants of two years: 0.3 % of those located have another code, by error or a merger."""
    read = pl.read_csv(DATA / "dgcl/projects_detr_dsil_2018_2019.csv", infer_schema_length=0)
    asked = read.select(
        applicant=pl.col("beneficiary").fill_null(""),
        applicant_type="level",
        department=pl.col("department").fill_null("").str.zfill(2),
    ).with_columns(pl.lit("").alias(name) for name in ("applicant_id", "commune", "epci", "region"))
    units = locate_units(asked, load_territory(2021)).with_columns(true=read["beneficiary_code"])
    located = units.filter(pl.col("level").is_in(["commune", "epci"]))
    assert located.height > 47_000
    assert located.filter(pl.col("code") != pl.col("true")).height < 100


def test_a_commune_under_two_numbers_is_told(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(
        "dossier,applicant_type,applicant_id,requested,cost\n1,commune,09122,10,10\n2,commune,21090122900011,10,10\n"
        "3,commune,09225,10,10\n4,commune,,10,10\n",
        encoding="utf-8",
    )
    (tmp_path / "s.yaml").write_text(
        "schema_version: 1\nid: carte\nterritory: {year: 2026, fill: [applicant_id]}\n"
        "programme: {id: p, amount: 1 k€}\n"
        "dossiers: [{file: table.csv}]\nobjective: [{maximise: {dossiers: 1}}]\n",
        encoding="utf-8",
    )
    told = [one.line(Lang.EN) for one in load_scenario(tmp_path / "s.yaml").warnings]
    assert (
        "territory-two-numbers table.csv:2 [1], table.csv:3 [2] — 1 commune is named by its INSEE code in one "
        "application and by its SIREN in another: a rule by applicant takes it for two. Write one of the two in "
        "every application of a commune."
    ) in told
