"""Item 1 of a sheet: what the computation contributes to the decision, and what people decided by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.i18n.parameters import Day
from tnt_sim.reporting.transparency.sheet_line import SheetItem, SheetLine
from tnt_sim.reporting.transparency.sheet_source import SheetSource
from tnt_sim.rules.expressions.selectors import select
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
