"""The sheet of a dossier: what a decision on it read, applied and computed, each figure with its origin."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _
from tnt_sim.i18n.numbers import format_amount, format_day
from tnt_sim.i18n.parameters import Day
from tnt_sim.reporting.report_tree import SYNTHETIC
from tnt_sim.reporting.reports.letters import get_letter_record, write_first_sentences
from tnt_sim.reporting.text.legal_wording import LegalWording
from tnt_sim.reporting.text.verification import get_mention
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
from tnt_sim.reporting.transparency.sheet_page import (
    SheetHead,
    SheetItem,
    SheetLine,
    render_fragment,
    render_sheet,
)
from tnt_sim.reporting.transparency.sheet_source import SheetSource, build_source
from tnt_sim.rules.expressions.selectors import select
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.offers.decisions import DecideSpec
from tnt_sim.scenario.decision_register import SIGNATURE
from tnt_sim.scenario.spec import select_in_force
from tnt_sim.verify.signing.witness import is_signed_entry

_ITEM = SheetItem.CONTRIBUTION

_BY_HAND = {
    1: _("Yes: people decided that this application is funded{{amount}}."),
    -1: _("Yes: people decided that this application is not funded."),
}

_NOT_BY_HAND = _("No: nobody set the decision on this application apart from the rules.")

_EARLIER = _("Yes: the grant was committed before this computation, which keeps it as it is.")


def build_contributions(source: SheetSource) -> dict[int, list[SheetLine]]:
    """Return the lines of the contribution of each dossier, by row."""
    shared = [_describe_help(source), _describe_signature(source)]
    none = _build(source, "contribution.by_hand", _("Decided by hand"), _NOT_BY_HAND)
    earlier = _build(source, "contribution.by_hand", _("Decided by hand"), _EARLIER)
    by_hand, committed = _list_decisions(source), source.table["committed_cents"].is_not_null().to_list()
    waived = _list_waivers(source)
    lines = {}
    for row in source.rows.tolist():
        own = by_hand.get(row) or (earlier if committed[row] else none)
        lines[row] = [shared[0], own, *waived.get(row, ()), shared[1]]
    return lines


def _build(source: SheetSource, key: str, label: Text, value: Text, origin: str = "") -> SheetLine:
    return SheetLine(_ITEM, key, label.in_(source.lang), value.in_(source.lang), origin)


def _describe_help(source: SheetSource) -> SheetLine:
    authority, wording, lang = source.run.spec.publisher.authority, source.wording, source.lang
    decides = (
        wording.fill("sheet_decided_by", lang, authority=authority)
        if authority
        else wording.fill("sheet_decided_by_competent", lang)
    )
    label = _("Part of the computation in the decision").in_(lang)
    origin = source.locate_entry(("publisher", "authority")) if authority else ""
    part = wording.fill("sheet_part", lang)
    return SheetLine(_ITEM, "contribution.part", label, f"{part} {decides}", origin)


def _describe_signature(source: SheetSource) -> SheetLine:
    """Say under which name the list was signed; only an entry of a register knows."""
    run, label = source.run, _("Signature of the list")
    if not is_signed_entry(run.folder, run.summary):
        return _build(source, "contribution.signature", label, source.wording.write("sheet_unsigned"))
    signature = json.loads((run.folder / SIGNATURE).read_bytes())
    day = signature.get("day")
    text = (
        _(
            'The list is signed in the register as "{name}", for the decision of {day}.',
            name=signature["id"],
            day=Day(day),
        )
        if day
        else _('The list is signed in the register as "{name}".', name=signature["id"])
    )
    return _build(source, "contribution.signature", label, text, source.locate_field("id", SIGNATURE))


def _list_decisions(source: SheetSource) -> dict[int, SheetLine]:
    """Return the decision that people took on each dossier, by row."""
    problem = source.problem
    decided, lines = problem.decided, dict[int, SheetLine]()
    for row in np.flatnonzero((decided.choice != 0) & ~problem.offers.committed).tolist():
        spec: DecideSpec = decided.specs[int(decided.rule[row])]
        cents = int(decided.amount_cents[row])
        amount = (
            ""
            if cents < 0
            else _(", for {amount}", amount=format_amount(cents, source.lang)).in_(source.lang)
        )
        text = _BY_HAND[int(decided.choice[row])].in_(source.lang).format(amount=amount)
        words = " ".join([text, *_describe_act(spec, source)])
        origin = source.locate_entry(("rules", spec.id))
        lines[row] = SheetLine(
            _ITEM, "contribution.by_hand", _("Decided by hand").in_(source.lang), words, origin
        )
    return lines


def _describe_act(spec: DecideSpec, source: SheetSource) -> Iterator[str]:
    """Yield the title, reason and author of a decision."""
    if spec.title:
        yield _("Act: {title}.", title=spec.title.rstrip(".")).in_(source.lang)
    if spec.reason:
        yield _("Reason: {reason}.", reason=spec.reason.rstrip(".")).in_(source.lang)
    if spec.author:
        yield _("Author: {author}.", author=spec.author.rstrip(".")).in_(source.lang)


def _list_waivers(source: SheetSource) -> dict[int, list[SheetLine]]:
    """Return the waivers that concern each dossier, by row."""
    lines: dict[int, list[SheetLine]] = {}
    spec = source.problem.scenario.spec
    titles = {entry.id: entry.title for entry in (*spec.eligibility, *spec.rules)}
    titles |= {cap.name: cap.fill_from_library().title for cap in spec.caps}
    for waiver, path in select_in_force(spec, "waivers"):
        mask = select(source.case, waiver.where, (*path, "where"))
        if mask is None:
            continue
        text = _('"{title}" does not apply to this application.', title=titles.get(waiver.of) or waiver.of)
        why = [_("Reason: {reason}.", reason=waiver.reason.rstrip("."))] if waiver.reason else []
        why += [_("Author: {author}.", author=waiver.author.rstrip("."))] if waiver.author else []
        words = " ".join(one.in_(source.lang) for one in (text, *why))
        entry = SheetLine(
            _ITEM,
            f"contribution.waiver.{waiver.of}",
            _("Waiver").in_(source.lang),
            words,
            source.locate_entry(path),
        )
        for row in np.flatnonzero(mask).tolist():
            lines.setdefault(row, []).append(entry)
    return lines


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
    """
    source = build_source(run, lang, wording=wording)
    if dossiers is not None:
        source = build_source(run, lang, find_rows(source, dossiers), wording)
    heads, lines = _build_heads(source), _build_lines(source)
    return [
        DossierSheet(head, tuple(lines[row])) for row, head in zip(source.rows.tolist(), heads, strict=True)
    ]


def find_rows(source: SheetSource, dossiers: Sequence[str]) -> IntArray:
    """Return the rows of some dossiers, ascending."""
    known = {name: row for row, name in enumerate(source.problem.case.table["dossier"].to_list())}
    refuse_unknown(dossiers, known)
    return np.array(sorted({known[name] for name in dossiers}), dtype=np.int64)


def refuse_unknown(dossiers: Sequence[str], known: Collection[str]) -> None:
    """Check that a run has some dossiers."""
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
