"""Exports lose no cent and no dossier, run nothing in a spreadsheet, and refuse what they must."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from support.run_folders.awkward_run import TABLE, make_run

from tnt_sim.domain.money import parse_cents
from tnt_sim.domain.portfolio import CANONICAL, get_table_column
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import DataError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.forms.form_import import import_form
from tnt_sim.ingest.forms.form_reader import read_form
from tnt_sim.ingest.portfolio_reader import read_dossiers
from tnt_sim.ingest.tables.pabulib import read_pb
from tnt_sim.ingest.tables.raw_table import ReadOptions
from tnt_sim.reporting.export.flat_table import CsvStyle
from tnt_sim.reporting.export.formats import FORMATS, ExportOptions, export_bytes
from tnt_sim.reporting.export.scdl import find_violations, load_schema

FLAT = [name for name, known in FORMATS.items() if ".csv" in known.suffixes and name != "csv"]
GIVER = {"nomAttribuant": "Préfecture", "idAttribuant": "17690001900015"}
GRANTED = {"0123": 80008, "0124": 160000, "1": 70007, "E-6": 200000, "E-8": 240000}


def exported(run: StoredRun, name: str, suffix: str, lang: Lang = Lang.FR, **more: object) -> bytes:
    info: Mapping[str, str] = GIVER if name == "scdl" else {}
    return export_bytes(run, name, ExportOptions(suffix, lang, info=info, **more))  # type: ignore[arg-type]


def rows(data: bytes, delimiter: str = ";") -> list[dict[str, str]]:
    text = data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_the_run_is_what_the_tests_think(stored: StoredRun) -> None:
    funded = stored.table.filter("funded")
    assert dict(zip(funded["dossier"], funded["granted_cents"], strict=True)) == GRANTED
    assert stored.table.filter(pl.col("reserve_rank") == 1)["dossier"].to_list() == ["01"]
    assert stored.publishable


@pytest.mark.parametrize("style", CsvStyle)
def test_csv_reads_back_whole(stored: StoredRun, tmp_path: Path, style: CsvStyle) -> None:
    data = exported(stored, "csv", ".csv", csv_style=style)
    assert data.startswith(b"\xef\xbb\xbf") is (style is CsvStyle.FR)
    _same(stored, data, tmp_path / "x.csv", ReadOptions(decimal="," if style is CsvStyle.FR else "."))


def test_parquet_reads_back_whole(stored: StoredRun, tmp_path: Path) -> None:
    data = exported(stored, "parquet", ".parquet")
    _same(stored, data, tmp_path / "x.parquet", ReadOptions())


def test_the_sheet_of_dossiers_reads_back_whole(stored: StoredRun, tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    file.write_bytes(exported(stored, "xlsx", ".xlsx"))
    columns = {
        "dossier": "Numéro", "title": "Intitulé", "applicant": "Demandeur", "applicant_id": "SIRET ou code",
        "department": "Département", "cost": "Coût", "requested": "Demandé", "score": "Note",
    }  # fmt: skip
    table = read_dossiers(file, shown_as="x.xlsx", columns=columns).table.sort("dossier")
    wanted = stored.table.sort("dossier")
    for name in columns:
        column = get_table_column(name)
        assert table[column].to_list() == wanted[column].to_list(), name
    granted = [parse_cents(text) for text in table["Accordé"].cast(pl.String)]
    assert granted == wanted["granted_cents"].to_list()


def _same(stored: StoredRun, data: bytes, file: Path, options: ReadOptions) -> None:
    """Every canonical cell, the planner's own column, and every cent of every grant."""
    file.write_bytes(data)
    table = read_dossiers(file, shown_as=file.name, read=options).table
    for name in CANONICAL:
        column = get_table_column(name)
        assert table[column].to_list() == stored.table[column].to_list(), name
    assert [text or None for text in table["avis"]] == [text or None for text in stored.table["avis"]]
    cents = table["granted_cents"] if "granted_cents" in table.columns else table["granted"]
    if not cents.dtype.is_integer():
        cents = pl.Series([parse_cents(text, options.decimal) for text in cents.cast(pl.String)])
    assert [int(value) for value in cents] == stored.table["granted_cents"].to_list()


@pytest.mark.parametrize("lang", Lang)
@pytest.mark.parametrize("name", FLAT)
def test_flat_tables_tell_every_cent(stored: StoredRun, name: str, lang: Lang) -> None:
    """The column of the grant sums to what was granted: all of it, or what is newly committed."""
    header = {
        "demarche": "Montant accordé", "turgot": "Montant prévisionnel accordé", "scdl": "montant",
        "publipostage": "MontantAccorde", "arrete": "Subvention", "chorus": "Montant AE",
    }[name]  # fmt: skip
    found = rows(exported(stored, name, ".csv", lang), "," if name == "scdl" else ";")
    decimal = "." if name == "scdl" or (name, lang) == ("publipostage", Lang.EN) else ","
    total = sum(parse_cents(row[header], decimal) for row in found if row[header])
    new = name in ("arrete", "chorus")
    assert total == sum(GRANTED.values()) - (GRANTED["1"] if new else 0)
    assert len(found) == {"arrete": 4, "chorus": 4, "scdl": 5}.get(name, 9)


@pytest.mark.parametrize("name", [*FLAT, "csv"])
def test_no_cell_is_a_formula(stored: StoredRun, name: str) -> None:
    for row in rows(exported(stored, name, ".csv"), "," if name == "scdl" else ";"):
        for cell in row.values():
            number = cell.replace(",", ".").lstrip("-").replace(".", "", 1).isdigit()
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell


def test_annotations_say_each_decision_with_its_reason(stored: StoredRun) -> None:
    found = {row["Numéro de dossier"]: row for row in rows(exported(stored, "demarche", ".csv"))}
    assert found["0123"]["Décision"] == "Accepté"
    assert found["0123"]["Taux de subvention (%)"] == "80,00"
    assert found["01"]["Décision"] == "En instruction"
    assert found["E-9"]["Décision"] == "Classé sans suite"
    assert found["E-5"]["Décision"] == "Refusé"
    assert found["E-5"]["Motivation"].startswith(
        "Votre demande ne remplit pas une condition du programme, au motif"
    )


def test_turgot_says_what_is_provisional(stored: StoredRun) -> None:
    found = {row["Numéro de dossier DS"]: row for row in rows(exported(stored, "turgot", ".csv"))}
    assert found["1"]["Statut de la simulation"] == "✅ Accepté"
    assert found["E-6"]["Statut de la simulation"] == "✔️ Accepté provisoirement"
    assert found["0124"]["Date de dépôt du dossier"] == "03/01/2026"
    assert found["0124"]["Taux demandé"] == "80,0005"


def test_letters_in_both_languages(stored: StoredRun) -> None:
    french = {row["NumeroDossier"]: row for row in rows(exported(stored, "publipostage", ".csv"))}
    assert french["E-8"]["Phrase"] == (
        "Une subvention de 2\u202f400,00\u00a0€ est accordée pour le projet « Part du Rhône », soit 80,0\u202f% "
        "d'une dépense subventionnable de 3\u202f000,00\u00a0€."
    )
    assert french["E-5"]["Phrase"].endswith("la population est de 10.")
    assert french["01"]["Courrier"] == "réserve"
    assert french["1"]["Phrase"].startswith("La subvention de 700,07\u00a0€ déjà engagée")
    english = {row["NumeroDossier"]: row for row in rows(exported(stored, "publipostage", ".csv", Lang.EN))}
    assert english["E-8"]["Phrase"].startswith("A grant of €2,400.00 is awarded")
    assert list(english["E-8"]) == list(french["E-8"])


def test_chorus_commits_only_what_is_new(stored: StoredRun) -> None:
    data = export_bytes(
        stored, "chorus", ExportOptions(".csv", Lang.FR, info={"centreFinancier": "0363-CDMA"})
    )
    found = rows(data)
    assert [row["Axe ministériel 2"] for row in found] == ["DS-0123", "DS-0124", "DS-E-6", "DS-E-8"]
    assert {row["centreFinancier"] for row in found} == {"0363-CDMA"}
    assert {row["Exercice"] for row in found} == {"2026"}


def test_scdl_keeps_its_schema(stored: StoredRun) -> None:
    found = rows(exported(stored, "scdl", ".csv"), ",")
    names = [field["name"] for field in load_schema()["fields"]]
    assert list(found[0]) == names
    for field in load_schema()["fields"]:
        assert not list(find_violations(field, pl.Series([row[field["name"]] for row in found]))), field[
            "name"
        ]
    assert found[0]["dateConvention"] == "2026-03-31"


def test_scdl_dates_what_was_committed_before_by_its_own_day(stored: StoredRun, tmp_path: Path) -> None:
    def days(table: str, **info: str) -> tuple[dict[str, str], list[str]]:
        run = open_stored(make_run(tmp_path / f"p{len(list(tmp_path.iterdir()))}", table=table))
        asked = ExportOptions(".csv", Lang.FR, info={**GIVER, **info})
        found = rows(export_bytes(run, "scdl", asked), ",")
        amounts = {row["montant"]: row["dateConvention"] for row in found}
        assert all(row["datesPeriodeVersement"] == row["dateConvention"] for row in found)
        return amounts, [one.fr for one in FORMATS["scdl"].remarks(run, asked)]

    found, told = days(TABLE)
    assert found["700.07"] == "2026-03-31"
    assert any("Date de convention inconnue pour 1 dossier engagé avant : 1." in one for one in told)
    head, *lines = TABLE.splitlines()
    notified = "\n".join([f"{head},notified_at", *(f"{x}," for x in lines[:2]), f"{lines[2]},2025-11-04",
                          *(f"{x}," for x in lines[3:])]) + "\n"  # fmt: skip
    found, told = days(notified)
    assert (found["700.07"], found["800.08"]) == ("2025-11-04", "2026-03-31")
    assert not any("Date de convention" in one for one in told)
    own = notified.replace("notified_at", "dateConvention")
    assert days(own)[0]["700.07"] == "2025-11-04"
    assert set(days(notified, dateConvention="2026-04-01")[0].values()) == {"2026-04-01"}


def test_chorus_names_the_third_parties_that_are_no_siret(tmp_path: Path) -> None:
    good, la_poste = "21010053900019", "35600000012346"
    ids = {"21690123100011": good, "20004656500019": la_poste, "21010053900012": "", "21010999900011": good}
    table = TABLE
    for old, new in ids.items():
        table = table.replace(old, new)
    run = open_stored(make_run(tmp_path / "p", table=table))
    told = [one.fr for one in FORMATS["chorus"].remarks(run, ExportOptions(".csv", Lang.FR))]
    assert told == [
        "« Tiers » n'est pas un SIRET de 14 chiffres pour 1 dossier : E-6. "
        "Complétez applicant_id dans la table, ou la ligne avant de la saisir.",
    ]  # fmt: skip
    wrong = open_stored(make_run(tmp_path / "q", table=table.replace(good, "21010053900018")))
    told = [one.fr for one in FORMATS["chorus"].remarks(wrong, ExportOptions(".csv", Lang.FR))]
    assert told[1].startswith("Le SIRET a une clé de contrôle fausse pour 2 dossiers : ")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_turgot_comes_back_whole(stored: StoredRun, tmp_path: Path, suffix: str) -> None:
    """Every dossier, and every cent of cost, base, request and grant, in Turgot's own layout."""
    (tmp_path / f"t{suffix}").write_bytes(exported(stored, "turgot", suffix))
    form, layout = read_form(tmp_path / f"t{suffix}", shown_as=f"t{suffix}")
    assert layout.name == "turgot"
    back = import_form(form, layout).table.sort("dossier")
    sent = stored.table.sort("dossier")
    for name in ("dossier", "title", "applicant", "cost_cents", "requested_cents"):
        assert back[name].to_list() == sent[name].to_list(), name
    assert (
        back["base_cents"].to_list()
        == sent.select(pl.coalesce("base_cents", "cost_cents")).to_series().to_list()
    )
    granted = [
        parse_cents(text, "," if suffix == ".csv" else ".") if text else 0
        for text in back["montant_previsionnel_accorde"]
    ]
    assert granted == sent["granted_cents"].to_list()
    assert back.filter(pl.col("dossier") == "1")["state"].item() == "accepte"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("idAttribuant", "1234"), ("dateConvention", "2026-02-30"), ("notificationUE", "peut-être"),
        ("nature", "prêt"), ("pourcentageSubvention", "1.5"), ("montant", "12,5"), ("nomAttribuant", ""),
        ("objet", "x" * 257), ("datesPeriodeVersement", "2026"), ("rnaBeneficiaire", "W12"),
    ],
)  # fmt: skip
def test_the_schema_refuses(name: str, value: str) -> None:
    field = next(field for field in load_schema()["fields"] if field["name"] == name)
    assert [bad.to_list() for _, bad in find_violations(field, pl.Series([value]))] == [[True]]


def test_scdl_says_what_is_missing(stored: StoredRun) -> None:
    with pytest.raises(DataError) as caught:
        export_bytes(stored, "scdl", ExportOptions(".csv", Lang.FR, info={"idAttribuant": "12"}))
    text = str(caught.value)
    assert "--info nomAttribuant=VALEUR" in text
    assert "SCDL, champ idAttribuant « 12 »" in text


@pytest.mark.parametrize("lang", list(Lang))
def test_every_format_says_that_the_data_are_synthetic(tmp_path: Path, lang: Lang) -> None:
    head, *lines = TABLE.splitlines()
    table = "\n".join([f"{head},synthetic", *(f"{line},oui" for line in lines)]) + "\n"
    run = open_stored(make_run(tmp_path / "p", table=table))
    for name, known in FORMATS.items():
        if name == "xlsx":  # the workbook has a sentence of its own (tests/reporting/workbook)
            continue
        for suffix in known.suffixes:
            data = exported(run, name, suffix, lang)
            if suffix == ".parquet":
                text = " ".join(pl.read_parquet(io.BytesIO(data)).columns)
            elif suffix == ".xlsx":
                text = zipfile.ZipFile(io.BytesIO(data)).read("xl/sharedStrings.xml").decode()
            else:
                text = data.decode()
            assert "synth" in text.lower(), (name, suffix)


def test_pabulib_reads_back(stored: StoredRun) -> None:
    file = read_pb(exported(stored, "pabulib", ".pb"), "x.pb")
    assert (file.meta["budget"], file.meta["num_projects"]) == ("9000", "9")
    selected = dict(zip(file.get_column("project_id"), file.get_column("selected"), strict=True))
    assert {name for name, flag in selected.items() if flag == "1"} == set(GRANTED)
    granted = zip(file.get_column("project_id"), file.get_column("granted"), strict=True)
    assert {name: parse_cents(text, ".") for name, text in granted if text != "0"} == GRANTED
    assert file.get_column("name") == stored.table["title"].to_list()


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_run_gives_the_same_bytes(stored: StoredRun, name: str) -> None:
    suffix = FORMATS[name].suffixes[0]
    assert exported(stored, name, suffix) == exported(stored, name, suffix)


def test_names_that_are_none(stored: StoredRun) -> None:
    with pytest.raises(UsageError, match="Vouliez-vous dire « turgot »"):
        export_bytes(stored, "turgo", ExportOptions(".csv", Lang.FR))
    with pytest.raises(UsageError, match=r"s'écrit en \.pb"):
        export_bytes(stored, "pabulib", ExportOptions(".csv", Lang.FR))
    with pytest.raises(UsageError, match="Vouliez-vous dire « nomAttribuant »"):
        export_bytes(stored, "scdl", ExportOptions(".csv", Lang.FR, info={"nomAtribuant": "x"}))
    with pytest.raises(UsageError, match="ne prend pas de --info"):
        export_bytes(stored, "csv", ExportOptions(".csv", Lang.FR, info={"x": "y"}))
