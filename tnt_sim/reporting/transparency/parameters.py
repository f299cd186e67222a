"""Item 3 of a sheet: the conditions, amounts and rules that concern the dossier, with its own figures.

A sum over several applications is stated only if it adds up two other applicants at least, or none: a sum with one
other would tell that one's figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.domain.field_types import Described
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_amount, format_number, format_rate
from tnt_sim.i18n.parameters import Items
from tnt_sim.ingest.tables.personal_data import mask_contacts_in_text
from tnt_sim.reporting.report_tree import COLON
from tnt_sim.reporting.text.scenario_entries import describe_eligibility, describe_recipients, has_commitments
from tnt_sim.reporting.transparency.input_values import describe_label, format_cells
from tnt_sim.reporting.transparency.read_columns import (
    has_names,
    list_selector_columns,
    select_concerned,
)
from tnt_sim.reporting.transparency.sheet_page import SheetItem, SheetLine
from tnt_sim.reporting.transparency.sheet_source import FEW_OTHERS, SheetSource
from tnt_sim.rules.expressions.selectors import select
from tnt_sim.rules.expressions.text import describe_bounds
from tnt_sim.rules.kinds.registry import describe_rule
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms, Unit
from tnt_sim.rules.offers.eligibility import EligibilitySpec
from tnt_sim.rules.offers.text import describe_cap, describe_grant
from tnt_sim.rules.protocols import Mode, Path, Reading, RuleReading
from tnt_sim.scenario.objective import SHORTFALL
from tnt_sim.scenario.spec import select_in_force

type Lines = dict[int, list[SheetLine]]

_ITEM = SheetItem.PARAMETERS
_MET, _MISSED = _("The application meets it."), _("The application does not meet it.")
_BLANK = _("The application does not state what it asks for.")
_KEPT, _BROKEN = _("The list complies with it."), _("The list does not comply with it.")
_SOFT = _("It may be departed from at a price.")
_NAMING = _("A rule of the programme that names some applications, this one among them.")


def add_conditions(source: SheetSource, lines: Lines) -> None:
    """Add every condition that applies to a dossier, its own figures, and whether it meets it."""
    spec, everyone = source.problem.scenario.spec, np.ones(source.case.n, dtype=np.bool_)
    for entry, path in select_in_force(spec, "eligibility"):
        mask = everyone if entry.where is None else select(source.case, entry.where, (*path, "where"))
        if mask is not None:
            _add_condition(source, entry, path, mask & source.case.select_applicable(entry.id), lines)


def _add_condition(
    source: SheetSource, entry: EligibilitySpec, path: Path, mask: BoolArray, lines: Lines
) -> None:
    lang, rows = source.lang, source.rows[mask[source.rows]]
    verdicts = np.zeros(source.case.n, dtype=np.int64)
    for failure in source.problem.eligibility.failures:
        if failure.rule == entry.id:
            verdicts[failure.mask & ((verdicts == 0) | failure.is_filled)] = 1 if failure.is_filled else 2
    words = [text.in_(lang) for text in (_MET, _MISSED, _BLANK)]
    sentence = describe_entry(
        entry, describe_eligibility(entry, lang, with_commitments=has_commitments(source.problem)), source
    )
    label, origin = entry.title or _("Condition").in_(lang), source.locate_entry((*path, "require"))
    columns = [name for name in dict.fromkeys(list_selector_columns(entry.require)) if name != "envelope"]
    held = [format_cells(source, name, rows) for name in columns if _is_stated(source, name)]
    heads = [describe_label(name, source) for name in columns if _is_stated(source, name)]
    known: dict[tuple[object, ...], SheetLine] = {}
    for place, row in enumerate(rows.tolist()):
        key = (int(verdicts[row]), *(cells[place] for cells in held))
        if key not in known:
            held_cells = zip(heads, key[1:], strict=True)
            own = _("; ").in_(lang).join(join_label(head, cell, lang) for head, cell in held_cells if cell)
            value = " ".join(
                piece for piece in (sentence, own and f"{own}.", words[int(verdicts[row])]) if piece
            )
            known[key] = SheetLine(_ITEM, f"parameters.condition.{entry.id}", label, value, origin)
        lines[row].append(known[key])


def _is_stated(source: SheetSource, name: str) -> bool:
    return name in source.case.table.columns or f"{name}_cents" in source.case.table.columns


def join_label(label: str, value: object, lang: Lang) -> str:
    """Return « Population : 1 200 »."""
    return f"{label}{COLON.in_(lang)}{value}"


def describe_entry(entry: Described, sentence: str, source: SheetSource) -> str:
    """Return the sentence of an entry with its legal source; a general one where it names applications."""
    text = _NAMING.in_(source.lang) if has_names(entry) else source.replace_ids(sentence)
    legal = entry.source or getattr(getattr(entry, "legal", None), "source", "")
    if not legal:
        return text
    return f"{text} {_('Source: {source}.', source=legal.rstrip('.')).in_(source.lang)}"


def add_grants(source: SheetSource, lines: Lines) -> None:
    """Add the entry that sets the amount of each dossier."""
    problem, lang = source.problem, source.lang
    left = source.is_open
    label = _("How the amount is computed").in_(lang)
    for k, (grant, path) in enumerate(select_in_force(problem.scenario.spec, "grants")):
        chosen = select(source.case, grant.where, (*path, "where"))
        mask = left if chosen is None else left & chosen
        left = left & ~mask
        sentence = describe_recipients(grant.where, lang, first=k == 0) + describe_grant(grant, lang)
        value = describe_entry(grant, sentence, source)
        entry = SheetLine(_ITEM, "parameters.grant", label, value, source.locate_entry(path))
        for row in source.rows[mask[source.rows]].tolist():
            lines[row].append(entry)


def add_caps(source: SheetSource, lines: Lines) -> None:
    """Add every cap on the project of a dossier, and what it leaves."""
    problem, lang = source.problem, source.lang
    compiled = {cap.id: cap for cap in problem.caps.caps}
    complies = {reading.id: reading.holds for reading in source.reading.rules}
    for cap, path in select_in_force(problem.scenario.spec, "caps"):
        own = compiled.get(cap.name)
        if own is None:
            continue
        full = cap.fill_from_library(cap.legal.title.in_(lang) if cap.legal else "")
        sentence = describe_entry(
            full, describe_cap(cap, lang, with_commitments=has_commitments(problem)), source
        )
        label = full.title or _("Cap on a project").in_(lang)
        verdict = (_KEPT if complies.get(cap.name, True) else _BROKEN).in_(lang)
        project = problem.caps.code
        rows = source.rows[own.covered[project][source.rows]]
        for row in rows.tolist():
            cents = max(0, int(own.limit_cents[project[row]]))
            limit = _("For this project, {amount} at most.", amount=format_amount(cents, lang)).in_(lang)
            value = f"{sentence} {limit} {verdict}"
            lines[row].append(
                SheetLine(_ITEM, f"parameters.cap.{cap.name}", label, value, source.locate_entry(path))
            )


def add_rules(source: SheetSource, lines: Lines) -> None:
    """Add every rule that concerns a dossier: its sentence, the figure of its group, whether the list complies."""
    readings = {reading.id: reading for reading in source.reading.rules}
    compiled = {rule.id: rule for rule in source.problem.rules}
    in_play, reported = source.problem.offers.in_play, dict[int, list[str]]()
    stages = [stage for stage, __ in select_in_force(source.problem.scenario.spec, "objective")]
    goals = {
        name.removeprefix(SHORTFALL) for stage in stages for name in (stage.minimise or stage.maximise or {})
    }
    for rule, path in select_in_force(source.problem.scenario.spec, "rules"):
        if rule.kind == "decide" or rule.id not in readings:
            continue
        concerned = select_concerned(source.case, rule, path) & in_play
        rows = source.rows[concerned[source.rows]]
        if not len(rows):
            continue
        label = rule.title or _("Rule of the programme").in_(source.lang)
        if readings[rule.id].mode is Mode.REPORT and rule.id not in goals:
            for row in rows.tolist():
                reported.setdefault(row, []).append(rule.title or rule.id)
            continue
        sentence = describe_entry(rule, describe_rule(rule, source.lang), source)
        measured = _GroupFigures(source, compiled[rule.id], readings[rule.id], rule)
        key = f"parameters.rule.{rule.id}"
        origin = source.join_origins(source.locate_entry(path), source.locate_field("rules"))
        known: dict[str, SheetLine] = {}
        for row in rows.tolist():
            value = f"{sentence} {measured.describe(row)}"
            if value not in known:
                known[value] = SheetLine(_ITEM, key, label, value, origin)
            lines[row].append(known[value])
    _add_reported(source, reported, lines)


def _add_reported(source: SheetSource, reported: dict[int, list[str]], lines: Lines) -> None:
    """Add the figures that the programme only measures with a dossier, in one line: they decide nothing."""
    label, origin = _("Measured only").in_(source.lang), source.locate_field("rules")
    known: dict[tuple[str, ...], SheetLine] = {}
    for row, titles in reported.items():
        names = tuple(titles)
        if names not in known:
            text = _("{titles}. These figures have no effect on the decision.", titles=Items(names, ";"))
            known[names] = SheetLine(_ITEM, "parameters.measured", label, text.in_(source.lang), origin)
        lines[row].append(known[names])


class _GroupFigures:
    """The figure of a rule in the group of each dossier, and the share of the dossier in it."""

    def __init__(self, source: SheetSource, compiled: Any, reading: RuleReading, rule: Any) -> None:
        self.source, self.reading, self.rule = source, reading, rule
        sums = compiled.list_group_sums()
        is_figure = sums is not None and (len(sums[1]) == 1 or rule.figure_unit == "rate")
        self.codes: IntArray | None = None
        self.sums: tuple[Terms, ...] = ()
        self.hidden = np.zeros(source.case.n, dtype=np.bool_)
        if sums is not None and is_figure:
            self.codes, self.sums = sums
            for terms in self.sums:
                self.hidden |= self._select_hidden(terms, self.codes)
        self.holds = reading.holds
        self.soft = _SOFT if reading.mode is Mode.PENALTY else None

    def _select_hidden(self, terms: Terms, codes: IntArray) -> BoolArray:
        """Return the dossiers for which a sum would tell the figure of one other applicant, bool (n,)."""
        counts = (terms.per_funded != 0) | (terms.per_cent != 0)
        for once in terms.once:
            counts[once.row] = True
        funded = self.source.allocation.funded & counts
        others = self.source.count_other_applicants(funded, codes, len(self.reading.readings))
        result: BoolArray = (others > 0) & (others < FEW_OTHERS)
        return result

    def describe(self, row: int) -> str:
        """Return the figure of a dossier's group, its own figure, and whether the list complies."""
        lang = self.source.lang
        code = -1 if self.codes is None else int(self.codes[row])
        figure = self.reading.readings[code] if 0 <= code < len(self.reading.readings) else None
        holds = self.holds if figure is None else figure.holds
        pieces = []
        if figure is not None:
            pieces = [*self._describe_group(figure, row), *self._describe_own(row)]
        pieces.append((_KEPT if holds else _BROKEN).in_(lang))
        if self.soft is not None:
            pieces.append(self.soft.in_(lang))
        return " ".join(pieces)

    def _describe_group(self, figure: Reading, row: int) -> Iterator[str]:
        lang = self.source.lang
        low, high = (None if one is None else self._write(one) for one in (figure.minimum, figure.maximum))
        bounds = describe_bounds(low, high, lang)
        group = mask_contacts_in_text(figure.group or "")
        if self.hidden[row] or figure.value is None:
            if group:
                yield _("Your group: {group}; {bounds}.", group=group, bounds=bounds).in_(lang)
            return
        value = self._write(figure.value)
        yield (
            _("In your group ({group}): {value}; {bounds}.", group=group, value=value, bounds=bounds)
            if group
            else _("In all: {value}; {bounds}.", value=value, bounds=bounds)
        ).in_(lang)

    def _describe_own(self, row: int) -> Iterator[str]:
        if len(self.sums) != 1:
            return
        own = compute_own_steps(self.sums[0], self.source)[row] * self.sums[0].scale
        text = (
            _("Your application counts for {value}.", value=self._write(own))
            if self.source.allocation.funded[row]
            else _("Your application would count for {value}.", value=self._write(own))
        )
        yield text.in_(self.source.lang)

    def _write(self, value: Fraction) -> str:
        return write_figure(value, self.sums[0].unit if len(self.sums) == 1 else None, self.source)


def write_figure(value: Fraction, unit: Unit | None, source: SheetSource) -> str:
    """Write a figure in its unit; None for a rate."""
    if unit is None:
        return format_rate(value, source.lang)
    if unit is Unit.MONEY and (value * 100).denominator == 1:
        return format_amount(int(value * 100), source.lang)
    return format_number(value, source.lang, 2 if unit is Unit.MONEY else 6)


def compute_own_steps(terms: Terms, source: SheetSource) -> IntArray:
    """Return what each dossier counts for alone, at its grant or the least it could get, in steps of the scale."""
    own = terms.per_funded + terms.per_cent * source.possible_cents
    for once in terms.once:
        own = own + once.sum_worth_per_dossier(len(own))
    return own


def add_envelopes(source: SheetSource, lines: Lines) -> None:
    """Add the envelopes on the path of each dossier, from its own to the programme."""
    tree, node = source.problem.case.tree, source.problem.case.node
    for leaf in sorted(set(node[source.rows].tolist()) - {-1}):
        rows = source.rows[node[source.rows] == leaf]
        for entry, mask in _describe_path(source, list(tree.list_ancestors(leaf))):
            for row in rows.tolist():
                lines[row].append(entry[int(mask[row])])


def _describe_path(
    source: SheetSource, path: list[int]
) -> Iterator[tuple[tuple[SheetLine, SheetLine], BoolArray]]:
    """Yield for each envelope its line without and with its sums, and whether a dossier's sheet states them."""
    for k, place in enumerate(path):
        stated = can_state_sums(source, place, path[k - 1] if k else None)
        yield (
            (
                _describe_envelope(source, place, with_sums=False),
                _describe_envelope(source, place, with_sums=True),
            ),
            stated,
        )


def can_state_sums(source: SheetSource, place: int, below: int | None) -> BoolArray:
    """Return for which dossiers the sums of an envelope tell of no single other applicant, bool (n,).

    Parameters
    ----------
    below : the envelope under it whose sums are stated too: their difference must not tell either
    """
    case, funded = source.problem.case, source.allocation.funded
    everyone = np.zeros(case.n, dtype=np.int64)
    inside = (case.node >= place) & (case.node < case.tree.end[place])
    selected = [inside & funded]
    if below is not None:
        selected.append(inside & funded & ~((case.node >= below) & (case.node < case.tree.end[below])))
    result = np.ones(case.n, dtype=np.bool_)
    for mask in selected:
        others = source.count_other_applicants(mask, everyone, 1)
        result &= (others == 0) | (others >= FEW_OTHERS)
    return result


_SUMS = _("Granted: {{granted}}. Left: {{left}}.")
_NO_SUMS = _("Its grants are not stated here: too few other applicants share them.")


def _describe_envelope(source: SheetSource, place: int, *, with_sums: bool) -> SheetLine:
    problem, lang, envelopes = source.problem, source.lang, source.reading.envelopes
    tree = problem.case.tree
    name, amount = tree.titles[place] or tree.ids[place], tree.written_cents[place]
    pieces: list[Text | str] = [
        _("Without an amount of its own.")
        if amount is None
        else _("Amount: {amount}.", amount=format_amount(amount, lang))
    ]
    effective = envelopes.effective_cents[place]
    if with_sums and effective is not None and effective != amount:
        pieces.append(_("With transfers: {amount}.", amount=format_amount(effective, lang)))
    if with_sums:
        left = envelopes.left_cents[place] if amount is not None else None
        granted = format_amount(envelopes.granted_cents[place], lang)
        pieces.append(
            _SUMS.in_(lang).format(granted=granted, left=format_amount(left, lang))
            if left is not None
            else _("Granted: {granted}.", granted=granted)
        )
    else:
        pieces.append(_NO_SUMS)
    value = " ".join(one if isinstance(one, str) else one.in_(lang) for one in pieces)
    label = _('Envelope "{name}"', name=name).in_(lang)
    origin = source.locate_entry(("envelope", tree.ids[place], "amount"))
    origin = source.join_origins(origin, source.locate_field("envelopes") if with_sums else "")
    return SheetLine(_ITEM, f"parameters.envelope.{tree.ids[place]}", label, value, origin)
