"""Tables as offices keep them: each cell is taken, set aside with a reason, or asked about, and nothing else."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from support.offices import Office, build_offices, list_countries

from tnt_sim.i18n.numbers import open_currency_session
from tnt_sim.ingest.intake.columns import Use
from tnt_sim.ingest.intake.intake import Fate, Intake, read_intake
from tnt_sim.ingest.intake.lines import LineKind
from tnt_sim.ingest.intake.questions import list_questions, list_unread_columns

COUNTRIES = list_countries()
OFFICES = {office.name: office for office in build_offices()}
each_office = pytest.mark.parametrize(
    "office",
    [
        pytest.param(
            office, id=office.name, marks=pytest.mark.slow if k % 3 and office not in COUNTRIES else ()
        )
        for k, office in enumerate(OFFICES.values())
    ],
)
"""One of three in each run of the tests, all of them with --slow."""


@cache
def read(name: str) -> Intake:
    office = OFFICES[name]
    with open_currency_session():
        return read_intake(office.write(), office.suffix, f"table{office.suffix}")


def test_the_corpus_has_the_tables_of_forty_offices() -> None:
    assert len(OFFICES) >= 40


@each_office
def test_no_cell_is_lost_and_each_one_is_counted(office: Office) -> None:
    counts = read(office.name).count_cells()
    assert counts[Fate.LOST] == 0
    assert sum(counts.values()) == office.n_cells


@each_office
def test_a_cell_that_is_taken_stands_in_the_copy(office: Office) -> None:
    """The count of cells taken is checked on the copy itself, column by column."""
    intake = read(office.name)
    (reading,) = [one for one in intake.sheets if one.reason is None]
    kept = intake.lines.is_application.to_numpy()
    for one in intake.columns:
        taken = reading.fates[kept, one.position] == Fate.TAKEN
        if one.use is Use.ASIDE:
            assert not taken.any()
            continue
        filled = (intake.dossiers[one.name] != "").to_numpy()
        assert not np.any(taken & ~filled)


@each_office
def test_the_applications_of_an_office_are_read(office: Office) -> None:
    intake = read(office.name)
    assert intake.dossiers["dossier"].to_list() == list(office.numbers)
    requested = intake.dossiers["requested"] if "requested" in intake.dossiers.columns else None
    assert ([""] * len(office.numbers) if requested is None else requested.to_list()) == list(
        office.requested
    )


@each_office
def test_the_place_of_the_table_is_found(office: Office) -> None:
    intake = read(office.name)
    assert intake.header_row == office.header_row
    if office.sheet:
        assert intake.table.sheet.name == office.sheet


@each_office
def test_the_headers_of_an_office_are_recognised(office: Office) -> None:
    found = {one.name: one.label for one in read(office.name).columns if one.use is Use.CANONICAL}
    assert {name: found.get(name) for name in office.columns} == office.columns


@each_office
def test_each_line_that_is_no_application_has_its_reason(office: Office) -> None:
    lines = read(office.name).lines.lines
    apart = (LineKind.TITLE, LineKind.HEADER)
    assert {line.row: line.code for line in lines if line.kind not in apart} == office.aside


@each_office
def test_what_an_office_must_be_asked_is_asked(office: Office) -> None:
    intake = read(office.name)
    asked = {one.code for one in list_questions(intake, "tnt-sim refresh mine", list_unread_columns(intake))}
    assert asked >= office.asks


@each_office
def test_the_cells_of_the_copy_are_what_people_meant(office: Office) -> None:
    table = read(office.name).dossiers
    rows = {number: index for index, number in enumerate(table["dossier"])}
    found = {(number, column): table[column][rows[number]] for number, column in office.cells}
    assert found == office.cells
