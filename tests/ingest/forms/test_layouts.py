"""A made-up export in each layout becomes the same dossiers, and comes back from the table that is written."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.form_exports import (
    ASKED,
    COST,
    LABELS,
    PEOPLE,
    answer,
    as_csv,
    book,
    demarche_sheets,
    imported,
    ods_book,
    rows,
)

from tnt_sim.cli.main import main
from tnt_sim.domain.portfolio import CANONICAL, get_table_column
from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.forms.form_import import Imported
from tnt_sim.ingest.forms.form_table import make_labels_unique
from tnt_sim.ingest.forms.mapping import FORMATS
from tnt_sim.ingest.portfolio_reader import read_dossiers
from tnt_sim.reporting.reports.form_import import build_import_tables


def check_demarche(done: Imported) -> None:
    table = done.table
    assert done.mapping.format == "demarche"
    assert table["dossier"].to_list() == ["1001", "1002"]
    assert table["title"].to_list() == ["Rénovation de l'école 1", "Rénovation de l'école 2"]
    assert table["state"].to_list() == ["en_instruction", "refuse"]
    assert table["applicant"].to_list() == ["COMMUNE DE BOURG EN BRESSE"] * 2
    assert table["applicant_id"].to_list() == ["21010053000018"] * 2
    assert table["applicant_type"].to_list() == ["commune"] * 2
    assert table["department"].to_list() == ["01", "01"]
    assert table["commune"].to_list() == ["01053", "01053"]
    assert table["cost_cents"].to_list() == [12_000_000, None]
    assert table["requested_cents"].to_list() == [6_000_000, 1_200_050]
    assert table["filed_at"].to_list() == [
        dt.datetime(2026, 1, 5, 8, 30, tzinfo=dt.UTC),
        dt.datetime(2026, 1, 6, 9, 0, tzinfo=dt.UTC),
    ]
    assert table["end"].to_list() == [dt.date(2026, 12, 31)] * 2
    assert done.excluded == {"État du dossier : Brouillon": 1}
    assert done.quality.count_by_code()["zero_as_empty"] == 1


def check_nobody(done: Imported) -> None:
    """Nothing of a person is in the table, in the findings or in the mapping's columns."""
    written, findings = build_import_tables(done, Lang.FR, "Europe/Paris")
    for text in (written.write_csv(), findings.write_csv()):
        for person in PEOPLE:
            assert person not in text


def test_a_demarche_csv_becomes_dossiers_without_people(tmp_path: Path) -> None:
    done = imported(tmp_path, "dossiers_detr_2026-01-15_10-02.csv", as_csv(LABELS, rows()))
    check_demarche(done)
    check_nobody(done)


def test_demarche_csv_with_semicolons_and_columns_moved(tmp_path: Path) -> None:
    order = list(reversed(range(len(LABELS))))
    labels, body = [LABELS[k] for k in order], [[row[k] for k in order] for row in rows()]
    check_demarche(imported(tmp_path, "d.csv", as_csv(labels, body, delimiter=";")))


@pytest.mark.parametrize(("name", "build"), [("d.xlsx", book), ("d.ods", ods_book)])
def test_a_demarche_workbook_becomes_dossiers_with_its_lists(tmp_path: Path, name: str, build: Any) -> None:
    done = imported(tmp_path, name, build(demarche_sheets()))
    check_demarche(done)
    check_nobody(done)
    kept = {source.from_: column for column, source in done.mapping.keep.items()}
    assert done.table[kept["Cofinancements : Montant (somme)"]].to_list() == ["1500.5", ""]
    assert done.table[kept["Cofinancements (lignes)"]].to_list() == ["2", ""]
    assert done.table[kept["Avis (nombre)"]].to_list() == ["1", ""]


def test_a_block_whose_amounts_are_empty_has_no_sum(tmp_path: Path) -> None:
    sheets = demarche_sheets()
    sheets["Cofinancements"].append([rows()[1][0], 1, "Europe", None])
    done = imported(tmp_path, "d.xlsx", book(sheets))
    kept = {source.from_: column for column, source in done.mapping.keep.items()}
    assert done.table[kept["Cofinancements : Montant (somme)"]].to_list() == ["1500.5", ""]
    assert done.table[kept["Cofinancements (lignes)"]].to_list() == ["2", "1"]


def test_what_is_written_is_read_as_dossiers(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes(as_csv(LABELS, rows()))
    out = tmp_path / "out"
    assert main(["import", str(tmp_path / "d.csv"), "--out", str(out), "--quiet"]) == 0
    table = read_dossiers(out / "dossiers.csv", shown_as="dossiers.csv").table
    assert table["dossier"].to_list() == ["1001", "1002"]
    assert table["requested_cents"].to_list() == [6_000_000, 1_200_050]
    assert table["state"].to_list() == ["en_instruction", "refuse"]
    assert main(["import", str(out / "dossiers.csv"), "--out", str(tmp_path / "again"), "--quiet"]) == 0
    again = read_dossiers(tmp_path / "again" / "dossiers.csv", shown_as="x").table
    names = [get_table_column(name) for name in CANONICAL]
    assert again.select(names).equals(table.select(names))


def test_labels_that_repeat_are_numbered() -> None:
    assert make_labels_unique(["Nom", "Nom (2)", "Nom", "Nom"]) == ["Nom", "Nom (2)", "Nom (3)", "Nom (4)"]


def test_a_turgot_export_becomes_dossiers(tmp_path: Path) -> None:
    labels = [
        "Date de dépôt du dossier", "Numéro de dossier DS", "Intitulé du projet", "Demandeur",
        "Arrondissement du demandeur", "Projet en double dotation", "Coût total du projet",
        "Assiette subventionnable", "Montant demandé", "Taux demandé", "Statut de la simulation",
        "Montant prévisionnel accordé",
    ]  # fmt: skip
    body = [
        [
            "05/01/2026",
            "1001",
            "École",
            "Bourg",
            "Ain",
            "Non",
            "1 000,50",
            "900",
            "450,25",
            "50",
            "✅ Accepté",
            "450",
        ],
        [
            "06/01/2026",
            "1002",
            "Voirie",
            "Oyonnax",
            "Ain",
            "Oui",
            "2000",
            "2000",
            "1000",
            "50",
            "En traitement",
            "",
        ],
    ]
    done = imported(tmp_path, "t.csv", as_csv(labels, body, delimiter=";"), constants={"envelope": "detr"})
    assert done.mapping.format == "turgot"
    assert done.table.select(
        "dossier", "cost_cents", "base_cents", "requested_cents", "state", "envelope"
    ).rows() == [
        ("1001", 100_050, 90_000, 45_025, "accepte", "detr"),
        ("1002", 200_000, 200_000, 100_000, "en_instruction", "detr"),
    ]


def test_turgot_as_its_own_source_writes_it(tmp_path: Path) -> None:
    """The columns and formats of `gsl_simulation/resources.py` (betagouv/gestion-des-subventions-locales, MIT)."""
    labels = [
        "Date de dépôt du dossier", "Numéro de dossier DS", "Intitulé du projet", "Demandeur",
        "Arrondissement du demandeur", "Projet en double dotation", "Coût total du projet",
        "Assiette subventionnable", "Montant demandé", "Taux demandé", "Montant prévisionnel accordé",
        "Taux prévisionnel accordé", "Statut de la simulation", "Date de début des travaux",
        "Date de fin des travaux", "Budget vert (demandeur)", "Projet concourant à la transition écologique",
        "Dotation", "Catégorie d'opération", "Dossier complet", "Commentaire 1", "Commentaire 2", "Commentaire 3",
        "Champ libre 1", "Champ libre 2", "Champ libre 3", "Nom et prénom du demandeur",
        "Montant demandé supérieur à 100 000€ ?", "Avis de la commission",
    ]  # fmt: skip
    row = [
        "05/01/2026", "1001", "École", "Bourg", "Bourg-en-Bresse", "Non", "1000,50", "900,00", "450,25", "50,0278",
        "450,00", "50,0000", "✅ Accepté", "01/03/2026", "31/12/2026", "Oui", "Inconnu", "DETR",
        "2 - Bâtiments scolaires", "Oui", "", "", "", "", "", "", "Jeanne Martin", "Non", "Inconnu",
    ]  # fmt: skip
    done = imported(tmp_path, "t.csv", as_csv(labels, [row]))
    assert done.mapping.format == "turgot"
    told = done.table.select("dossier", "cost_cents", "base_cents", "requested_cents", "state", "envelope")
    assert told.rows() == [("1001", 100_050, 90_000, 45_025, "accepte", "DETR")]
    assert [done.table[name].dt.date()[0].isoformat() for name in ("start", "end")] == [
        "2026-03-01",
        "2026-12-31",
    ]
    assert not done.quality.count_by_code().get("unreadable")
    assert "Jeanne Martin" not in done.table.write_csv()


def test_turgot_as_its_source_wrote_it_before(tmp_path: Path) -> None:
    """An earlier `resources.py`: other labels, two columns of one name."""
    labels = [
        "Date de dépôt du dossier", "Numéro de dossier DS", "Intitulé du projet", "Demandeur",
        "Nom et prénom du demandeur", "Code INSEE commune du demandeur", "Code INSEE commune du demandeur",
        "Projet en double dotation", "Coût total du projet", "Assiette subventionnable", "Montant demandé",
        "Taux demandé par rapport au coût total", "Montant prévsionnel accordé", "Taux prévsionnel accordé",
        "Statut de la simulation", "Date de début des travaux", "Date de fin des travaux",
        "Projet situé dans un QPV", "Projet rattaché à un CRTE", "Projet concourant à la transition écologique",
        "Priorité du projet", "Annotation de l’instructeur",
    ]  # fmt: skip
    row = [
        "05/01/2026", "1001", "École", "Bourg", "Jeanne Martin", "01053", "Bourg-en-Bresse", "Non", "1000.50",
        "900.00", "450.25", "50.03", "450.00", "50.00", "✔️ Accepté provisoirement", "01/03/2026", "31/12/2026",
        "Non", "Oui", "Non", "2", "",
    ]  # fmt: skip
    done = imported(tmp_path, "t.csv", as_csv(labels, [row]), constants={"envelope": "dsil"})
    assert done.mapping.format == "turgot"
    told = done.table.select("dossier", "commune", "cost_cents", "base_cents", "requested_cents", "state")
    assert told.rows() == [("1001", "01053", 100_050, 90_000, 45_025, "en_instruction")]
    assert "Jeanne Martin" not in done.table.write_csv()


def test_a_grist_export_becomes_dossiers(tmp_path: Path) -> None:
    labels = ["N° dossier", "Titre", "Porteur", "SIRET", "Coût total", "Subvention demandée", "Code INSEE"]
    body = [["7", "École", "Bourg", "21010053000018", 1000.0, 500.5, "01053"]]
    done = imported(tmp_path, "g.xlsx", book({"Projets": [labels, *body]}))
    assert done.mapping.format == "grist"
    assert done.table.select("dossier", "title", "cost_cents", "requested_cents", "commune").rows() == [
        ("7", "École", 100_000, 50_050, "01053")
    ]


def test_titles_above_the_headers_are_passed_over(tmp_path: Path) -> None:
    sheets = {"F": [["Liste des projets"], [], ["id_projet", "nom_terr", "cout_total", "montant_sub"],
                    ["p1", "Ain", 10, 5], ["p2", "Ain", 20, 6]]}  # fmt: skip
    done = imported(tmp_path, "x.xlsx", book(sheets))
    assert done.table["requested_cents"].to_list() == [500, 600]
    assert [note.code for note in done.form.notes] == ["header_row"]
    assert done.cells["cost"] == "C"


def champ(kind: str, label: str, **values: Any) -> dict[str, Any]:
    return {
        "id": f"c-{label}",
        "champDescriptorId": f"D-{label}",
        "__typename": kind,
        "label": label,
        **values,
    }


def test_every_graphql_value(tmp_path: Path) -> None:
    fields = [
        champ("TextChamp", "Intitulé du projet", stringValue="École"),
        champ("HeaderSectionChamp", "Titre", stringValue=""),
        champ("IntegerNumberChamp", COST, value="9007199254740", stringValue="9007199254740"),
        champ("DecimalNumberChamp", ASKED, value=1234.56),
        champ("YesNoChamp", "Oui ou non", value=None),
        champ("CheckboxChamp", "Case", checked=False),
        champ("DateChamp", "Date de commencement de l'opération", value="2026-03-01", stringValue="1 mars 2026"),
        champ("DropDownListChamp", "Nature du porteur de projet", value="Syndicat mixte"),
        champ("MultipleDropDownListChamp", "Zonage", values=["A", "B"]),
        champ("LinkedDropDownListChamp", "EPCI", primaryValue="200029999 - CC RIVES DE L'AIN", secondaryValue="x"),
        champ("CommuneChamp", "Commune", commune={"name": "Bourg", "code": "01053"}, departement={"code": "01"}),
        champ("SiretChamp", "Délégué", etablissement={"siret": "21010053000018"}),
        champ("EngagementJuridiqueChamp", "EJ", engagementJuridique={"montantEngage": "12.5", "montantPaye": "1"}),
        champ("PieceJustificativeChamp", "Plan", files=[{"filename": "secret.pdf", "url": "https://x"}]),
        champ("EmailChamp", "Où écrire", stringValue=PEOPLE[0]),
        champ("RepetitionChamp", "Lots", rows=[{"champs": [champ("DecimalNumberChamp", "Prix", value=1.5)]},
                                               {"champs": [champ("DecimalNumberChamp", "Prix", value=2)]}]),
    ]  # fmt: skip
    dossier = {
        "number": 77, "state": "en_instruction", "archived": False, "dateDepot": "2026-01-05T09:30:00+01:00",
        "usager": {"email": PEOPLE[0]}, "labels": [{"name": "urgent"}, {"name": "QPV"}],
        "demandeur": {"__typename": "PersonneMorale", "siret": "20002999900016", "address": {"cityCode": "01053"},
                      "entreprise": {"siren": "200029999", "raisonSociale": "CC", "formeJuridiqueCode": "7346"}},
        "champs": fields, "annotations": [champ("DecimalNumberChamp", "Assiette", value=None)],
    }  # fmt: skip
    done = imported(tmp_path, "d.json", answer(dossier))
    row = done.table.row(0, named=True)
    assert (row["dossier"], row["applicant"], row["applicant_id"]) == ("77", "CC", "20002999900016")
    assert (row["cost_cents"], row["requested_cents"], row["base_cents"]) == (900719925474000, 123456, None)
    assert (row["start"], row["applicant_type"], row["commune"]) == (dt.date(2026, 3, 1), "syndicat", "01053")
    assert (row["epci"], row["tags"]) == ("200029999", ["urgent", "QPV"])
    kept = {source.from_: row[name] for name, source in done.mapping.keep.items()}
    assert kept["Case"] == "false"
    assert kept["Zonage"] == "A;B"
    assert kept["EJ"] == "12.5"
    assert (kept["Lots (lignes)"], kept["Lots : Prix (somme)"]) == ("2", "3.5")
    assert "Oui ou non" not in kept
    assert done.mapping.columns["cost"].id == f"D-{COST}"
    assert (done.mapping.form, done.mapping.revision) == ("42", "r1")
    check_nobody(done)


def test_natural_persons_are_not_kept(tmp_path: Path) -> None:
    people = [
        {"__typename": "PersonnePhysique", "nom": PEOPLE[1], "prenom": PEOPLE[2], "civilite": "M"},
        {"__typename": "PersonneMorale", "siret": "44306184100047",
         "entreprise": {"raisonSociale": "MARTIN JEANNE", "formeJuridiqueCode": "1000", "siren": "443061841"}},
    ]  # fmt: skip
    dossiers = [
        {"number": k, "state": "accepte", "demandeur": who, "champs": []} for k, who in enumerate(people)
    ]
    done = imported(tmp_path, "d.json", answer(*dossiers))
    written = build_import_tables(done, Lang.FR, "Europe/Paris")[0].write_csv()
    for secret in (*PEOPLE, "MARTIN", "443061841"):
        assert secret not in written
    assert done.quality.count_by_code()["person"] == 2


def test_a_partial_extraction_is_said(tmp_path: Path) -> None:
    dossier = {"number": 1, "state": "accepte", "champs": []}
    done = imported(tmp_path, "d.json", answer(dossier, pageInfo={"hasNextPage": True}))
    assert [note.code for note in done.form.notes] == ["partial"]


def test_a_person_is_kept_when_the_mapping_asks(tmp_path: Path) -> None:
    data = as_csv(LABELS, rows())
    guessed = imported(tmp_path, "d.csv", data).mapping
    asked = guessed.model_validate(
        guessed.model_dump(by_alias=True) | {"keep": {"contact": {"from": "Email"}}, "rate_cap": None}
    )
    assert imported(tmp_path, "d.csv", data, asked).table["contact"].to_list() == [PEOPLE[0]] * 2


def test_formats_are_all_named_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "--help"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in FORMATS)
    assert "Exemples" in said


def test_a_pabulib_file_becomes_dossiers_without_voters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (
        "META\nkey;value\ndescription;Quartier\nbudget;100\nvote_type;approval\ncurrency;EUR\n"
        'PROJECTS\nproject_id;cost;name;proposer\n1;60;Banc;Jeanne\n2;50;Arbre;Paul\n3;40;"Jeu; grand";Ali\n'
        "VOTES\nvoter_id;vote;age\n9;1,2;30\n8;2,3;31\n7;3;40\n6;3;41\n"
    )
    Path("q.pb").write_text(text, encoding="utf-8")
    assert main(["run", "q.pb", "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert (run["n_funded"], run["granted_cents"]) == (2, 9_000)
    assert main(["verify", run["run_dir"]]) == 0
    capsys.readouterr()
    assert main(["import", "q.pb", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert "Jeanne" not in Path(document["files"]["dossiers"]).read_text(encoding="utf-8")
    assert main(["run", document["files"]["scenario"], "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["allocation_sha256"] == run["allocation_sha256"]
    table = pl.read_csv(document["files"]["dossiers"])
    assert table["votes"].to_list() == [1, 2, 3]


def test_a_dossier_that_asks_two_funds_is_two_requests_of_one_project(tmp_path: Path) -> None:
    labels = [
        "ID", "État du dossier", "Déposé le", "À archiver", "Dispositif de financement sollicité", ASKED,
        "dont DETR", "dont DSIL", "Fonds vert - Précisez le montant sollicité ou obtenu",
        "FNADT - Précisez le montant sollicité ou obtenu",
    ]  # fmt: skip
    body = [
        ["1", "En instruction", "2026-01-05", "Non", "DETR, DSIL", 100, 60, 40, 5, 7],
        ["2", "En instruction", "2026-01-06", "Non", "DETR", 50, 50, 0, 0, 0],
        ["3", "En instruction", "2026-01-07", "Non", "DSIL", 30, 0, 20, "", 3],
        ["4", "En instruction", "2026-01-08", "Non", "DSIL", 10, 0, 0, "", ""],
    ]
    done = imported(tmp_path, "d.csv", as_csv(labels, body))
    assert set(done.mapping.requests) == {"DETR", "DSIL"}
    names = ("dossier", "project", "envelope", "requested_cents", "other_state_cents", "source_row")
    assert done.table.select(names).rows() == [
        ("1", "1", "DETR", 6000, 1200, 2),
        ("2", "2", "DETR", 5000, None, 3),
        ("3", "3", "DSIL", 2000, 300, 4),
        ("4", "4", "DSIL", 1000, None, 5),
        ("1-dsil", "1", "DSIL", 4000, 1200, 2),
    ]
    told = done.quality.findings.filter(pl.col("code") == "split_total")
    assert told.select("index", "value", "expected").rows() == [(2, "30", "20")]
    lost = imported(tmp_path, "d.csv", as_csv(labels, body)).mapping
    with pytest.raises(DataError, match="FNADT"):
        imported(tmp_path, "d.csv", as_csv(labels[:-1], [row[:-1] for row in body]), lost)
