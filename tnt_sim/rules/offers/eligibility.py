"""Eligibility: which dossiers may be funded, with every reason for each that may not, and waivers.

A dossier is eligible when it satisfies every `require` of every entry in force whose `where` it satisfies. A
dossier in state `refuse` or `sans_suite` is not eligible, unless an entry that requires something of `state`
applies to it.

A waiver exempts some dossiers from an eligibility entry, a cap or a rule. A waived dossier need not meet the
entry; a project with a waived dossier is not under the cap; a waived dossier is left out of the sums, groups
and order of a rule (`Case.bound`). In `requires` it needs nobody, but others may still need it. A `decide`
rule cannot be waived. Every waiver in force is listed among the warnings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.domain.budget_tree import EnvelopeSpec
from tnt_sim.domain.field_types import Code, Described, convert_to_fraction
from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_cents, format_day, format_number
from tnt_sim.i18n.parameters import Names
from tnt_sim.rules.expressions.column_text import describe_bare_column
from tnt_sim.rules.expressions.columns import ValueKind, get_column_kind
from tnt_sim.rules.expressions.empty_cells import is_blank, list_condition_columns, select_unknown
from tnt_sim.rules.expressions.selectors import (
    Selector,
    describe,
    evaluate_conditions,
    select,
    select_subtree,
)
from tnt_sim.rules.expressions.text import describe_selector
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.offers.funded_rows import format_dossier_rows
from tnt_sim.rules.protocols import Case, Path

CLOSED_STATES = ("refuse", "sans_suite")
NOT_GIVEN = "not_given"
INELIGIBLE_CODES = ("state", "ineligible", NOT_GIVEN)
MAX_LISTED = 10


class EligibilitySpec(Described):
    """One requirement on some applications."""

    id: Code
    where: Selector | None = None
    require: Selector
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """One requirement with the dossiers that do not satisfy it.

    Attributes
    ----------
    rule : id of the eligibility entry, or `state`
    column : column of the requirement
    mask : bool (n,), dossiers that do not satisfy it
    limit : the requirement in the scenario's notation
    reason : the planner's own words
    source : legal or other source
    told : the whole sentence, where it is not composed of the above
    wanted : the requirement itself
    given : False where the dossiers fail only because a cell is empty
    """

    rule: str
    column: str
    mask: BoolArray
    limit: str
    reason: str
    source: str
    sentence: Text | None = None
    wanted: Mapping[str, Any] = field(default_factory=dict)
    is_filled: bool = True

    @property
    def code(self) -> str:
        """Reason code of the dossiers for which this is the first failed requirement."""
        return "state" if self.rule == "state" else "ineligible" if self.is_filled else NOT_GIVEN


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The eligible dossiers, bool (n,), and every failed requirement; failures by an empty cell come last."""

    eligible: BoolArray
    failures: tuple[Failure, ...]

    def without(self, failure: Failure) -> Eligibility:
        """Return the same with one more failed requirement."""
        given = [one for one in self.failures if one.is_filled]
        blank = [one for one in self.failures if not one.is_filled]
        return Eligibility(self.eligible & ~failure.mask, (*given, failure, *blank))


def evaluate_eligibility(
    case: Case, specs: Sequence[tuple[EligibilitySpec, Path]], waived: Mapping[str, BoolArray] | None = None
) -> Eligibility:
    """Evaluate every requirement in force.

    `waived` gives, by id of an entry, the dossiers exempted from it, bool (n,).
    """
    closed = case.portfolio.memoise(
        ("closed",), lambda: case.table["state"].is_in(list(CLOSED_STATES)).to_numpy(), ("state",)
    )
    failures: list[Failure] = []
    for spec, path in specs:
        mask = select(case, spec.where, (*path, "where"))
        if mask is None:
            continue
        if waived and spec.id in waived:
            mask = mask & ~waived[spec.id]
        here = (*path, "require")
        for column, holds in evaluate_conditions(case, spec.require.root, here):
            if column == "state":
                closed = closed & ~mask
            if holds is not None:
                failures += _split_failure(case, spec, column, mask & ~holds, (*here, column))
    if closed.any():
        failures.insert(0, Failure("state", "state", closed, "state", "", ""))
    failures.sort(key=lambda failure: not failure.is_filled)
    eligible = np.ones(case.n, dtype=np.bool_)
    for failure in failures:
        eligible &= ~failure.mask
    return Eligibility(eligible, tuple(failures))


def _split_failure(
    case: Case, spec: EligibilitySpec, column: str, missed: BoolArray, path: Path
) -> Iterator[Failure]:
    """Yield the failure of a requirement, split into wrong values and empty cells."""
    if not missed.any():
        return
    wanted = {column: spec.require.root[column]}
    limit = describe(wanted)
    unknown = missed & select_unknown(case, column, wanted[column], path)
    for mask, given in ((missed & ~unknown, True), (unknown, False)):
        if mask.any():
            yield Failure(spec.id, column, mask, limit, spec.reason, spec.source, None, wanted, given)


def find_late_filings(case: Case, day: date | None) -> Failure | None:
    """Return the failure of the dossiers filed after the day of a step: no candidates at that step.

    A dossier without `filed_at` is a candidate at every step.
    """
    if day is None:
        return None
    limit = {"filed_at": {"until": day.isoformat()}}
    chosen = select(case, limit, ("steps",))
    empty = case.table["filed_at"].is_null().to_numpy()
    if chosen is None or bool((chosen | empty).all()):
        return None
    return Failure("steps", "filed_at", ~chosen & ~empty, describe(limit), "", "", None, limit)


def find_closed_envelopes(case: Case, root: EnvelopeSpec) -> Iterator[Failure]:
    """Yield a failure for each envelope not in force, with the dossiers at and under it."""
    for spec, __ in root.walk():
        node = case.tree.get_node(spec.id)
        above = int(case.tree.parent[node])
        if spec.is_in_force(case.day) or (above >= 0 and case.tree.closed[above]):
            continue
        mask = select_subtree(case, node)
        if not mask.any():
            continue
        limit, why = "off: true", _("it is set aside (`off: true`)")
        if not spec.off and spec.valid is not None:
            days = {"from": spec.valid.from_, "until": spec.valid.until}
            limit = describe({"valid": {key: str(day) for key, day in days.items() if day is not None}})
            why = _("`{limit}`, decision of {day}", limit=limit, day=str(case.day))
        sentence = _('envelope "{name}" is not in force: {why}', name=spec.id, why=why)
        yield Failure(f"envelope:{spec.id}", "envelope", mask, limit, "", spec.source, sentence)


def ask_blank_answers(case: Case, eligibility: Eligibility) -> None:
    """Record an open question per requirement that dossiers fail only because of an empty cell."""
    known = np.zeros(case.n, dtype=np.bool_)
    for failure in eligibility.failures:
        if failure.is_filled:
            known |= failure.mask
            continue
        rows = np.flatnonzero(failure.mask & ~known)
        names = list_blank_columns(case, failure, rows)
        case.leave_open(
            f"{NOT_GIVEN}/{failure.rule}",
            _n(
                'the requirement "{rule}" reads {columns}, which {n} application leaves empty; it is not '
                "eligible for want of an answer ({dossiers}).",
                'the requirement "{rule}" reads {columns}, which {n} applications leave empty; they are not '
                "eligible for want of an answer ({dossiers}).",
                n=len(rows),
                rule=failure.rule,
                columns=Names(names),
                dossiers=format_dossier_rows(case, rows, MAX_LISTED),
            ),
            _("Fill these cells."),
            rows,
        )


def ask_blank_state(case: Case, in_play: BoolArray) -> None:
    """Record an open question on the candidates whose state is empty; they stay candidates."""
    rows = np.flatnonzero(
        is_blank(case, "state") & in_play & case.table["committed_cents"].is_null().to_numpy()
    )
    case.leave_open(
        f"{NOT_GIVEN}/state",
        _n(
            '{n} application does not state its state (column "state"); it is taken as a candidate ({dossiers}).',
            '{n} applications do not state their state (column "state"); they are taken as candidates '
            "({dossiers}).",
            n=len(rows),
            dossiers=format_dossier_rows(case, rows, MAX_LISTED),
        ),
        _("Fill these cells."),
        rows,
    )


def list_blank_columns(case: Case, failure: Failure, rows: IntArray) -> tuple[str, ...]:
    """Return the columns of a requirement that some of the dossiers leave empty."""
    columns = list_condition_columns(failure.column, failure.wanted[failure.column])
    return tuple(column for column in columns if is_blank(case, column)[rows].any())


def describe_failures(case: Case, failure: Failure, lang: Lang) -> pl.Series:
    """Return the sentence of a failure for each dossier, String (n,).

    A sentence is meaningful only where the mask is True.

    « Moins de 500 000 habitants (population : 12 000 ; exigé : la population dépasse 500 000) » « non
    renseigné : Avis DDT (exigé : « Avis DDT » est « Favorable ») »
    """
    if failure.sentence is not None:
        return pl.Series([failure.sentence.in_(lang)]).new_from_index(0, case.n)
    if failure.rule == "state":
        words = {
            "refuse": _("refused by the service").in_(lang),
            "sans_suite": _("closed without follow-up").in_(lang),
        }
        return case.table["state"].replace(words)
    colon = _(": ").in_(lang)
    required = _("required").in_(lang) + colon
    head = failure.reason or _("requirement not met").in_(lang)
    wanted = describe_selector(failure.wanted, lang)
    if not failure.is_filled:
        before, after = write_blank_sentence(failure.wanted, lang)
        return pl.select(
            pl.concat_str(pl.lit(before), _join_blank_columns(case, failure), pl.lit(after))
        ).to_series()
    if get_column_kind(case, failure.column) is None:
        return pl.Series([f"{head} ({required}{wanted})"]).new_from_index(0, case.n)
    column = describe_bare_column(failure.column).in_(lang)
    found, tail = _format_failing_cells(case, failure, lang), f"{_('; ').in_(lang)}{required}{wanted})"
    return pl.select(pl.concat_str(pl.lit(f"{head} ({column}{colon}"), found, pl.lit(tail))).to_series()


def write_blank_sentence(wanted: Mapping[str, object], lang: Lang) -> tuple[str, str]:
    """Return what stands before and after the empty columns in the sentence of a requirement that reads them.

    >>> "score".join(write_blank_sentence({"score": {"empty": "false"}}, Lang.EN))
    'not given: score (required: the score is not empty)'
    """
    colon = _(": ").in_(lang)
    before, required = _("not given").in_(lang) + colon, _("required").in_(lang) + colon
    return before, f" ({required}{describe_selector(wanted, lang)})"


def _join_blank_columns(case: Case, failure: Failure) -> pl.Series:
    """Return for each dossier the columns of a requirement that it leaves empty, in written order."""
    names = pl.Series([""]).new_from_index(0, case.n)
    for column in list_condition_columns(failure.column, failure.wanted[failure.column]):
        blank = pl.Series(is_blank(case, column))
        added = pl.select(
            pl.when(names == "").then(pl.lit(column)).otherwise(names + f", {column}")
        ).to_series()
        names = added.zip_with(blank, names)
    return names


def _format_failing_cells(case: Case, failure: Failure, lang: Lang) -> pl.Series:
    """Return the value of a requirement's column in words where a dossier fails; not given elsewhere."""
    kind = get_column_kind(case, failure.column)
    missing = _("not given").in_(lang)
    name = f"{failure.column}_cents" if kind is ValueKind.MONEY else failure.column
    cells = pl.select(pl.when(pl.Series(failure.mask)).then(case.table[name])).to_series()
    if kind is ValueKind.MONEY:
        text = _write_values(cells, lambda cents: format_cents(cents, lang))
    elif kind is ValueKind.LIST:
        text = cells.list.join(";")
        missing = _("no value").in_(lang)
    elif kind is ValueKind.DATE and isinstance(cells.dtype, pl.Datetime):
        text = cells.dt.convert_time_zone(case.timezone).dt.strftime("%Y-%m-%d %H:%M")
    elif kind is ValueKind.NUMBER:
        text = _write_values(cells, lambda number: _format_value(number, lang))
    elif kind is ValueKind.DATE:
        text = _write_values(cells, lambda day: format_day(day.isoformat(), lang))
    else:
        text = cells.cast(pl.String)
    filled = text.fill_null("")
    return pl.select(pl.when(filled == "").then(pl.lit(missing)).otherwise(filled)).to_series()


def _write_values(cells: pl.Series, write: Callable[[Any], str]) -> pl.Series:
    """Write each distinct value of a column once."""
    words = {value: write(value) for value in cells.drop_nulls().unique().to_list()}
    return cells.replace_strict(words, default=None, return_dtype=pl.String)


def _format_value(value: Any, lang: Lang) -> str:
    exact = convert_to_fraction(value)
    return str(value) if exact is None else format_number(exact, lang)


DECISION = "decide"
"""The one kind of entry that no waiver lifts: a decision names its own dossiers."""
NAMED = 10


class WaiverSpec(Described):
    """What is lifted, for whom, why and by whom."""

    of: Code
    where: Selector
    reason: str = ""
    author: str = ""


def read_waivers(
    case: Case, specs: Sequence[tuple[WaiverSpec, Path]], kinds: Sequence[tuple[str, str]]
) -> dict[str, BoolArray]:
    """Return for each waived id the dossiers exempted from it, bool (n,).

    `kinds` lists (id, kind) of all entries.
    """
    waived: dict[str, BoolArray] = {}
    for spec, path in specs:
        result = [kind for name, kind in kinds if name == spec.of]
        if len(set(result)) > 1:
            _record_ambiguous_waiver(case, spec, result, path)
            continue
        if not result or result[0] == DECISION:
            _record_invalid_waiver(case, spec, result[0] if result else None, kinds, path)
            continue
        mask = select(case, spec.where, (*path, "where"))
        if mask is None:
            continue
        waived[spec.of] = waived[spec.of] | mask if spec.of in waived else mask
        _record_waiver(case, spec, mask, path)
    return waived


def _record_ambiguous_waiver(case: Case, spec: WaiverSpec, columns: Sequence[str], path: Path) -> None:
    listed = ", ".join(sorted(set(columns)))
    case.record_defect(
        "waiver-unclear",
        _(
            '"{of}" is the name of several things ({listed}): the waiver does not say which is lifted.',
            of=spec.of,
            listed=listed,
        ),
        (*path, "of"),
        _("Give each a name of its own."),
    )


def _record_invalid_waiver(
    case: Case, spec: WaiverSpec, kind: str | None, kinds: Sequence[tuple[str, str]], path: Path
) -> None:
    if kind is None:
        case.record_defect(
            "unknown-waiver",
            _('no eligibility entry, cap or rule is named "{of}".', of=spec.of),
            (*path, "of"),
            suggest_name(spec.of, [name for name, found in kinds if found != DECISION]),
        )
        return
    case.record_defect(
        "waiver-kind",
        _('a rule of kind "{kind}" cannot be lifted for some applications.', kind=kind),
        (*path, "of"),
        _("Take these applications out of the rule itself."),
    )


def _record_waiver(case: Case, spec: WaiverSpec, mask: BoolArray, path: Path) -> None:
    rows = np.flatnonzero(mask)
    if len(rows) == 0:
        case.warnings.add(
            "waiver-idle",
            _('the waiver of "{of}" concerns no application.', of=spec.of),
            case.locate(path),
        )
        return
    names = ", ".join(case.table["dossier"].gather(rows[:NAMED]).to_list())
    more = f", … (+{len(rows) - NAMED})" if len(rows) > NAMED else ""
    author = f" ({spec.author})" if spec.author else ""
    case.warnings.add(
        "waiver",
        _n(
            'waiver of "{rule}" for {n} application ({names}): {reason}{author}.',
            'waiver of "{rule}" for {n} applications ({names}): {reason}{author}.',
            n=len(rows),
            rule=spec.of,
            names=names + more,
            reason=spec.reason or _("no reason given"),
            author=author,
        ),
        case.locate(path),
    )
