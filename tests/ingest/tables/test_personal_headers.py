"""Columns that look personal, by header and by content, and those that do not."""

from __future__ import annotations

import polars as pl
import pytest

from tnt_sim.ingest.tables.personal_data import (
    PersonalKind,
    find_personal_columns,
    mask_contacts,
    select_marked_persons,
    select_persons,
)


@pytest.mark.parametrize(
    ("header", "cell", "kind"),
    [
        ("Courriel du demandeur", "x", PersonalKind.E_MAIL),
        ("e-mail", "x", PersonalKind.E_MAIL),
        ("Téléphone", "06", PersonalKind.TELEPHONE),
        ("Date de naissance", "1980-01-02", PersonalKind.BIRTH),
        ("date of birth", "1980-01-02", PersonalKind.BIRTH),
        ("N° de sécurité sociale", "x", PersonalKind.SOCIAL_SECURITY),
        ("IBAN", "x", PersonalKind.BANK),
        ("Adresse", "3 rue Haute", PersonalKind.ADDRESS),
        ("Adresse postale du demandeur", "3 rue Haute", PersonalKind.ADDRESS),
        ("Nom du maire", "Roy", PersonalKind.NAME),
        ("Nom de la collectivité", "Lyon", None),
        ("Prénom du maire", "Anne", PersonalKind.NAME),
        ("Contact", "Anne Roy", PersonalKind.NAME),
        ("Instructeur", "Roy", PersonalKind.AGENT),
        ("Juré 2", "Roy", PersonalKind.AGENT),
        ("Catégorie juridique", "1000", PersonalKind.SOLE_TRADER),
        ("Catégorie juridique", "7210", None),
        ("remarque", "écrire à anne.roy@exemple.fr", PersonalKind.E_MAIL),
        ("remarque", "06 12 34 56 78", PersonalKind.TELEPHONE),
        ("remarque", "+33 6 12 34 56 78", PersonalKind.TELEPHONE),
        ("remarque", "2 80 01 75 116 001 21", PersonalKind.SOCIAL_SECURITY),
        ("remarque", "FR76 3000 6000 0112 3456 7890 189", PersonalKind.BANK),
        ("porteur", "Madame Anne Roy", PersonalKind.SOLE_TRADER),
        ("porteur", "Anne Roy EI", PersonalKind.SOLE_TRADER),
        ("porteur", "Madame la maire de Lyon", None),
        ("Note du jury", "12", None),
        ("Groupe instructeur", "DETR", None),
        ("Adresse électronique fournie", "oui", None),
        ("Adresse du projet", "place de la mairie", None),
        ("theme", "Services en ligne", None),
        ("code", "21350001700010", None),
        ("annee", "2026-03-31", None),
        ("Nombre de contacts", "3", None),
    ],
)
def test_a_column_looks_personal_by_its_header_or_its_cells(
    header: str, cell: str, kind: PersonalKind | None
) -> None:
    found = find_personal_columns(pl.DataFrame({"dossier": ["A", "B"], header: [cell, ""]}))
    assert [(one.name, one.kind, one.n_cells) for one in found] == ([(header, kind, 1)] if kind else [])


def test_numbers_and_flags_under_such_a_header_are_no_persons() -> None:
    table = pl.DataFrame({"contact": [3, 4], "usager": [True, False], "portable": [612345678, 612345679]})
    assert [one.name for one in find_personal_columns(table)] == ["portable"]


def test_canonical_codes_are_no_telephone_numbers() -> None:
    table = pl.DataFrame({"dossier": ["0123456789"], "title": ["rappeler 0123456789"]})
    assert [one.name for one in find_personal_columns(table)] == ["title"]


def test_contacts_are_masked_and_figures_stay() -> None:
    text = "Toiture, 12 000,50 € ; jean@exemple.fr, 06.12.34.56.78, SIRET 21350001700010, lot 2026-03-31"
    masked = pl.DataFrame({"t": [text]}).select(mask_contacts(pl.col("t"))).item()
    assert masked == "Toiture, 12 000,50 € ; …, …, SIRET 21350001700010, lot 2026-03-31"


def test_natural_persons_are_named_by_civility_or_legal_category() -> None:
    table = pl.DataFrame(
        {
            "applicant": ["Mme Anne Roy", "Ferme du Lac", "Commune de Lyon", "Monsieur le maire de Bron"],
            "catégorie juridique": ["", "1000", "7210", "7210"],
        }
    )
    assert select_marked_persons(table).to_list() == [True, True, False, False]
    assert select_persons(table["applicant"]).to_list() == [True, False, False, False]


def test_a_list_of_bodies_is_no_social_security_number() -> None:
    bodies = pl.Series("members", [["200038990", "200039022", "243500139"]], dtype=pl.List(pl.String))
    assert find_personal_columns(pl.DataFrame({"dossier": ["A"], "members": bodies})) == []
