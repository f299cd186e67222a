"""The sheet of a dossier: what a decision on it read, applied and computed, each figure with its origin."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, Lang, _
from tnt_sim.i18n.numbers import format_day
from tnt_sim.reporting.report_tree import SYNTHETIC
from tnt_sim.reporting.reports.letters import get_letter_record, write_first_sentences
from tnt_sim.reporting.text.legal_wording import LegalWording
from tnt_sim.reporting.text.verification import get_mention
from tnt_sim.reporting.transparency.contribution import build_contributions
from tnt_sim.reporting.transparency.criteria import add_criteria
from tnt_sim.reporting.transparency.input_values import build_input_values
from tnt_sim.reporting.transparency.operations import build_operations
from tnt_sim.reporting.transparency.parameters import (
    Lines,
    add_caps,
    add_conditions,
    add_envelopes,
    add_grants,
    add_rules,
)
from tnt_sim.reporting.transparency.read_columns import find_read_columns
from tnt_sim.reporting.transparency.sheet_line import SheetHead, SheetLine
from tnt_sim.reporting.transparency.sheet_page import render_fragment, render_sheet
from tnt_sim.reporting.transparency.sheet_source import SheetSource, build_source
from tnt_sim.rules.linear_terms import IntArray


@dataclass(frozen=True, slots=True)
class DossierSheet:
    """The sheet of one dossier, in the order of the law.

    Attributes
    ----------
    head : number, project and decision
    lines : the statements, item after item
    """

    head: SheetHead
    lines: tuple[SheetLine, ...]

    @property
    def dossier(self) -> str:
        """Number of the dossier."""
        return self.head.dossier

    @property
    def table(self) -> pl.DataFrame:
        """The lines as a data frame: item, key, label, value, origin."""
        rows = [(line.item.value, line.key, line.label, line.value, line.origin) for line in self.lines]
        return pl.DataFrame(rows, schema=["item", "key", "label", "value", "origin"], orient="row")

    def to_html(self) -> str:
        """Return the sheet as a page."""
        return render_sheet(self.head, self.lines)

    def _repr_html_(self) -> str:
        return render_fragment(self.head, self.lines)


def build_sheets(
    run: StoredRun, lang: Lang, dossiers: Sequence[str] | None = None, wording: LegalWording | None = None
) -> list[DossierSheet]:
    """Return the sheets of some dossiers of a run, all by default, in the order of the run.

    `wording` are the legal texts that a legal service edited.

    Raises
    ------
    DataError
        If the data of the run are gone or have changed.
    UsageError
        If the run has no dossier of a number.
    """
    source = build_source(run, lang, wording=wording)
    if dossiers is not None:
        source = build_source(run, lang, find_rows(source, dossiers), wording)
    heads, lines = _build_heads(source), _build_lines(source)
    return [
        DossierSheet(head, tuple(lines[row])) for row, head in zip(source.rows.tolist(), heads, strict=True)
    ]


def find_rows(source: SheetSource, dossiers: Sequence[str]) -> IntArray:
    """Return the rows of some dossiers, ascending.

    Raises
    ------
    UsageError
        If there is no dossier of a number.
    """
    known = {name: row for row, name in enumerate(source.problem.case.table["dossier"].to_list())}
    refuse_unknown(dossiers, known)
    return np.array(sorted({known[name] for name in dossiers}), dtype=np.int64)


def refuse_unknown(dossiers: Sequence[str], known: Collection[str]) -> None:
    """Check that a run has some dossiers.

    Raises
    ------
    UsageError
        With the first number that it does not have.
    """
    unknown = [name for name in dossiers if name not in known]
    if unknown:
        hint = suggest_name(unknown[0], known) or NO_TEXT
        raise UsageError(
            _('the run has no application "{name}". {hint}', name=unknown[0], hint=hint), code="usage.dossier"
        )


def _build_lines(source: SheetSource) -> Lines:
    """Return the lines of each dossier, by row, in the order of the law."""
    lines: Lines = build_contributions(source)
    read = find_read_columns(source.problem, source.case, source.is_open)
    parameters: Lines = {row: [] for row in lines}
    for add in (add_conditions, add_grants, add_caps, add_rules, add_criteria, add_envelopes):
        add(source, parameters)
    for part in (build_input_values(source, read), parameters, build_operations(source)):
        for row, own in part.items():
            lines[row].extend(own)
    return lines


def _build_heads(source: SheetSource) -> list[SheetHead]:
    run, lang = source.run, source.lang
    mention = get_mention(get_letter_record(run))
    notices = tuple(
        text.in_(lang) for text in ([SYNTHETIC] if run.synthetic else []) + ([mention] if mention else [])
    )
    day = format_day(run.spec.date.isoformat(), lang) if run.spec.date else ""
    decisions = write_first_sentences(run, source.table, lang).to_list()
    table = source.table.select("dossier", "title").rows()
    law = source.wording.fill("sheet_four_parts", lang) if run.spec.place_column is None else ""
    return [
        SheetHead(table[row][0], table[row][1] or "", run.title, day, decisions[row], notices, lang, law)
        for row in source.rows.tolist()
    ]
