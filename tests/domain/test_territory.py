"""The map of each year, and what it fills in: counts, codes keyed by type, empty cells only, all of it told."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tnt_sim.domain.territory import YEARS, load_territory
from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

HEAD = (
    "dossier,applicant_type,applicant_id,department,region,epci,commune,members,population,requested,cost\n"
)
YAML = """schema_version: 1
id: carte
territory: {year: 2021, fill: [department, region, population]}
programme: {id: p, amount: 1 k€}
dossiers: [{file: table.csv}]
objective: [{maximise: {dossiers: 1}}]
"""


def read(folder: Path, rows: str, text: str = YAML) -> ScenarioData:
    (folder / "table.csv").write_text(HEAD + rows, encoding="utf-8")
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return load_scenario(folder / "s.yaml")


def cells(scenario: ScenarioData, *names: str) -> dict[str, tuple[object, ...]]:
    return {row[0]: row[1:] for row in scenario.portfolio.table.select("dossier", *names).rows()}


@pytest.mark.parametrize(
    ("year", "large", "small", "epci"), [(2021, 3168, 31797, 1254), (2026, 3252, 31623, 1255)]
)
def test_counts_are_the_published_ones(year: int, large: int, small: int, epci: int) -> None:
    units = load_territory(year).units
    communes = units.filter(pl.col("type") == "commune")
    assert communes.filter(pl.col("population") > 3500).height == large
    assert communes.filter(pl.col("population") <= 3500).height == small
    assert units.filter(pl.col("level") == "epci").height == epci
    assert len(load_territory(year).list_codes("department")) == 101
    assert len(load_territory(year).list_codes("region")) == 18


def test_codes_are_keyed_by_type() -> None:
    for year in YEARS:
        keys = load_territory(year).list_keys()
        assert not keys.select("level", "key").is_duplicated().any()
    names = {(level, key): name for level, key, name in keys.select("level", "key", "name").rows()}
    assert names["department", "01"] == "Ain"
    assert names["region", "01"] == names["region", "R01"] == "Guadeloupe"
    with pytest.raises(ValueError, match="2020"):
        load_territory(2020)


def test_only_empty_cells_are_filled(tmp_path: Path) -> None:
    scenario = read(
        tmp_path,
        "c,commune,01001,,,,,,,10,10\n"  # by its INSEE code
        "d,commune,,,,,01002,,,10,10\n"  # by its column
        "e,epci,200000172,,,,,,,10,10\n"
        "f,departement,01,,,,,,,10,10\n"  # Ain, not Guadeloupe
        "g,region,01,,,,,,,10,10\n"  # Guadeloupe, not Ain
        "h,commune,01001,02,,,,,7,10,10\n"  # what is written stays
        "i,autre,,,,,,,,10,10\n"
        "j,departement,,2A,,,,,,10,10\n",
    )
    assert cells(scenario, "department", "region", "population") == {
        "c": ("01", "84", 779),
        "d": ("01", "84", 256),
        "e": ("74", "84", 27163),
        "f": ("01", "84", 652432),
        "g": ("", "01", 384239),
        "h": ("02", "32", 7),
        "i": ("", "", None),
        "j": ("2A", "94", scenario_population("2A")),
    }
    assert [w.line(Lang.FR) for w in scenario.warnings] == [
        "territory-filled s.yaml:3:31 — carte de 2021, « department » : 4 cellules remplies, "
        "2 restent vides.",
        "territory-filled s.yaml:3:31 — carte de 2021, « region » : 7 cellules remplies, 1 reste vide.",
        "territory-filled s.yaml:3:31 — carte de 2021, « population » : 6 cellules remplies, 1 reste vide.",
    ]


def scenario_population(department: str) -> int:
    return load_territory(2021).get_population("department")[department]


def test_population_of_a_group_counts_each_inhabitant_once(tmp_path: Path) -> None:
    scenario = read(
        tmp_path,
        "a,mutualisation,x,,,,,01001;01002;01001,,10,10\n"
        "b,epci,200000172,,,,,01001;01002,,10,10\n"  # written members come before the applicant
        "c,mutualisation,x,,,,,01001;200069193,,10,10\n"  # 01001 lies in 200069193
        "d,mutualisation,x,,,,,01001;FICTIF,,10,10\n"  # one is unknown: nothing is said
        "e,autre,x,,,,01001,,,10,10\n"  # members are the commune by default
        "f,departement,01,,,,01053,,,10,10\n"  # but an applicant on the map counts itself
        "g,commune,21010001200017,,,,01001,,5,10,10\n",
    )
    epci = load_territory(2021).get_population("epci")["200069193"]
    expected = {"a": 1035, "b": 1035, "c": epci, "d": None, "e": 779, "f": 652432, "g": 5}
    assert {name: row[0] for name, row in cells(scenario, "population").items()} == expected


def test_nothing_is_filled_unasked(tmp_path: Path) -> None:
    text = YAML.replace(", fill: [department, region, population]", "")
    scenario = read(tmp_path, "c,commune,01001,,,,,,,10,10\n", text)
    assert cells(scenario, "department", "population") == {"c": ("", None)}
    assert scenario.warnings == ()


def test_codes_are_checked_against_the_map(tmp_path: Path) -> None:
    text = YAML.replace(", fill: [department, region, population]", "")
    rows = (
        "a,commune,,20A,,,01001,,1,10,10\nb,commune,,01,01,,,,1,10,10\nc,commune,,987,987,,98735,,1,10,10\n"
    )
    scenario = read(tmp_path, rows, text)
    assert [w.line(Lang.FR) for w in scenario.warnings] == [
        "territory-unknown table.csv:2 [a], table.csv:4 [c] — colonne « department » : 2 dossiers portent un "
        "code que la carte de 2021 ne connaît pas (20A, 987).",
        "territory-unknown table.csv:4 [c] — colonne « region » : 1 dossier porte un code que la carte de "
        "2021 ne connaît pas (987).",
        "territory-elsewhere table.csv:2 [a] — 1 dossier a un « commune » qui, sur la carte de 2021, "
        "n'est pas dans le « department » de la ligne.",
        "territory-elsewhere table.csv:3 [b] — 1 dossier a un « department » qui, sur la carte de 2021, "
        "n'est pas dans le « region » de la ligne.",
    ]


def test_there_is_no_map_of_another_year(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, "c,commune,01001,,,,,,,10,10\n", YAML.replace("2021", "2020"))
    assert [d.line(Lang.FR) for d in caught.value.defects] == [
        "territory-year s.yaml:3:19 — il n'y a pas de carte de 2020. Cartes connues : 2021, 2026."
    ]
