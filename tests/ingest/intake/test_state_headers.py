"""Columns of states under the headers that offices write; « statut » may mean something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.form_exports import imported
from support.table_files import xlsx

from tnt_sim.ingest.intake.columns import ColumnReading, Use
from tnt_sim.ingest.intake.intake import Intake, read_intake
from tnt_sim.ingest.intake.questions import Question, list_questions, list_unread_columns

USUAL = ("En instruction", "Accepté", "Refusé", "Accepté", "En construction", "Accepté")
OWN = ("Complet", "Incomplet", "Instruit", "Complet", "Reçu", "Complet")
FEW_KNOWN = ("Complet", "Incomplet", "Accepté", "Complet", "Reçu", "Complet")
LEGAL = ("Commune", "EPCI", "Association", "Commune", "Syndicat", "Commune")
QUALITY = ("Bon", "Moyen", "Mauvais", "Bon", "Bon", "Bon")
HEADERS = (
    "statut",
    "Statut du dossier",
    "état du dossier",
    "Etat",
    "État",
    "Statut de la demande",
    "STATUT DOSSIER",
)


def build_table(**columns: tuple[str, ...]) -> bytes:
    """A workbook of six applications with further columns."""
    head = ["N° dossier", "Intitulé du projet", "Coût total", "Montant demandé", *columns]
    rows = [
        [
            f"D{k}",
            f"Projet {k}",
            20_000 + 1_000 * k,
            8_000 + 100 * k,
            *(cells[k] for cells in columns.values()),
        ]
        for k in range(6)
    ]
    return xlsx([head, *rows])


def read(**columns: tuple[str, ...]) -> tuple[Intake, ColumnReading | None, dict[str, Question]]:
    """The table as it is read, its column of states, and the questions that it leaves by kind."""
    intake = read_intake(build_table(**columns), ".xlsx", "table.xlsx")
    found = [one for one in intake.columns if one.name == "state" and one.use is Use.CANONICAL]
    questions = list_questions(intake, "tnt-sim refresh mine", list_unread_columns(intake))
    return intake, found[0] if found else None, {one.code: one for one in questions}


@pytest.mark.parametrize("header", [*HEADERS, "Application status"])
def test_usual_states_are_read_under_each_header(header: str) -> None:
    intake, state, questions = read(**{header: USUAL})
    assert state is not None
    assert state.label == header
    wanted = ["en_instruction", "accepte", "refuse", "accepte", "en_construction", "accepte"]
    assert intake.dossiers["state"].to_list() == wanted
    assert not questions


@pytest.mark.parametrize(
    ("header", "cells"),
    [*((header, FEW_KNOWN) for header in HEADERS), ("Statut du dossier", OWN), ("état de la demande", OWN)],
)
def test_states_in_words_of_the_office_are_asked_about(header: str, cells: tuple[str, ...]) -> None:
    intake, state, questions = read(**{header: cells})
    assert state is not None
    assert (state.label, state.certain) == (header, False)
    assert intake.dossiers["state"].to_list() == ["accepte" if cell == "Accepté" else "" for cell in cells]
    asked = [question for question in questions.values() if "Complet" in str(question.text)]
    assert len(asked) == 1
    assert asked[0].n == sum(cell != "Accepté" for cell in cells)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Statut juridique", LEGAL),
        ("Statut juridique", USUAL),
        ("Statut", LEGAL),
        ("Statut du dossier", LEGAL),
        ("État", QUALITY),
        ("Statut", OWN),
        ("État d'avancement", USUAL),
    ],
)
def test_what_is_no_state_for_sure_keeps_its_name_and_cells(header: str, cells: tuple[str, ...]) -> None:
    intake, state, _questions = read(**{header: cells})
    assert state is None
    assert intake.dossiers[header].to_list() == list(cells)


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        (("Etat", USUAL), ("Statut", USUAL[::-1]), "Etat"),
        (("Etat", USUAL), ("Statut du dossier", OWN), "Etat"),
        (("État du dossier", OWN), ("Statut", USUAL), "Statut"),
        (("État du dossier", OWN), ("Statut", FEW_KNOWN), "État du dossier"),
    ],
)
def test_two_columns_of_states_are_asked_about(
    first: tuple[str, tuple[str, ...]], second: tuple[str, tuple[str, ...]], taken: str
) -> None:
    """The usual words decide, then the header; the other column is named and keeps its cells."""
    intake, state, questions = read(**dict([first, second]))
    assert state is not None
    assert state.label == taken
    (other,) = {first[0], second[0]} - {taken}
    assert state.rivals == (other,)
    assert f'state="{other}"' in str(questions["rivals"].answer)
    assert intake.dossiers[other].to_list() == list(dict([first, second])[other])


def test_a_legal_form_beside_the_states_is_no_rival() -> None:
    _intake, state, questions = read(**{"Statut juridique": LEGAL, "Statut": USUAL})
    assert state is not None
    assert (state.label, state.rivals) == ("Statut", ())
    assert "rivals" not in questions


@pytest.mark.parametrize(("cells", "taken"), [(LEGAL, False), (USUAL, True), (OWN, True)])
def test_import_takes_no_legal_form_for_a_state(tmp_path: Path, cells: tuple[str, ...], taken: bool) -> None:
    mapping = imported(tmp_path, "x.xlsx", build_table(Statut=cells)).mapping
    assert ("state" in mapping.columns) is taken
