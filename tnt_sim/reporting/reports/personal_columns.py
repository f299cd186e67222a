"""The columns that look personal, in the check of a scenario: how many cells, what happens to them, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.domain.portfolio import CANONICAL, get_table_column
from tnt_sim.engine.personal_columns import PersonalStanding, list_personal_columns
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.ingest.tables.personal_data import PersonalKind
from tnt_sim.reporting.report_tree import Column, Kind, Node, Section, Table
from tnt_sim.scenario.scenario import ScenarioData


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalColumnEntry:
    """A column that looks personal: what it says of persons, in how many cells, and what happens to it."""

    column: str
    kind: PersonalKind
    meaning: str
    n_cells: int
    by_header: bool
    standing: PersonalStanding
    remedy: str


_MEANINGS: dict[PersonalKind, Text] = {
    PersonalKind.E_MAIL: _("e-mail addresses"),
    PersonalKind.TELEPHONE: _("telephone numbers"),
    PersonalKind.SOCIAL_SECURITY: _("social security numbers"),
    PersonalKind.BANK: _("bank accounts"),
    PersonalKind.BIRTH: _("dates of birth"),
    PersonalKind.ADDRESS: _("postal addresses"),
    PersonalKind.SOLE_TRADER: _("natural persons or sole traders"),
    PersonalKind.AGENT: _("officers or jurors"),
    PersonalKind.NAME: _("names or contacts"),
}
_REMEDIES: dict[PersonalStanding, Text] = {
    PersonalStanding.LEFT_OUT: _(
        "No rule reads it: the run and its exports leave it out. To keep it, write its name in the scenario, "
        "`publisher: {{columns: […]}}`."
    ),
    PersonalStanding.READ: _(
        "The scenario reads it, so it stays in the run folder and its exports. Replace it by a figure without "
        "names if one serves as well."
    ),
    PersonalStanding.ALLOWED: _("The scenario keeps it under `publisher`: check that you may."),
    PersonalStanding.MARK: _(
        "It says which applicants are natural persons: what is published does not name them."
    ),
    PersonalStanding.CANONICAL: _(
        "The report and the published tables hide contacts and names of natural persons, except in the order. "
        "Correct the cells in the original file."
    ),
}


def build_personal_entries(scenario: ScenarioData, lang: Lang) -> list[PersonalColumnEntry]:
    """Return the columns that look personal, in the order of the table."""
    names = {get_table_column(name): name for name in CANONICAL}
    return [
        PersonalColumnEntry(
            column=names.get(entry.column.name, entry.column.name),
            kind=entry.column.kind,
            meaning=_MEANINGS[entry.column.kind].in_(lang),
            n_cells=entry.column.n_cells,
            by_header=entry.column.by_header,
            standing=entry.standing,
            remedy=_REMEDIES[entry.standing].in_(lang),
        )
        for entry in list_personal_columns(scenario)
    ]


def build_personal_section(entries: Sequence[PersonalColumnEntry]) -> list[Node]:
    """Return the section of the columns that look personal."""
    if not entries:
        return []
    columns = [
        Column(_("Column"), [entry.column for entry in entries]),
        Column(_("Looks like"), [entry.meaning for entry in entries]),
        Column(_("Cells"), [entry.n_cells for entry in entries], Kind.COUNT),
        Column(_("What to do"), [entry.remedy for entry in entries], below=True),
    ]
    return [
        Section(
            _("Columns that look personal"),
            [Table(columns, most=len(entries), as_cards=True, narrow_cards=True)],
        )
    ]
