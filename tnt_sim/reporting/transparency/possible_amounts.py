"""The amount of a sheet: the limits that apply to a dossier, the least of which is what it may get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.numbers import get_currency
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.reporting.transparency.sheet_line import SheetItem, SheetLine
from tnt_sim.reporting.transparency.sheet_source import SheetSource
from tnt_sim.rules.expressions.columns import NO_LIMIT
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.offers.grants import compute_grant_limits
from tnt_sim.scenario.spec import select_in_force

_LIMITS: Mapping[str, Text] = {
    "requested": _("the amount requested ({{amount}})"),
    "formula": _("the scale of the programme ({{amount}})"),
    "base": _("the eligible cost ({{amount}})"),
    "max_rate": _("the share of the eligible cost that may be funded ({{amount}})"),
    "max": _("the maximum that applies ({{amount}})"),
    "caps": _("what the caps on the project leave ({{amount}})"),
}

COMPUTED = _("computed from parts 2 and 3")
"""Origin of what follows from the data and the rules of the same sheet."""


def build_amounts(source: SheetSource) -> dict[int, SheetLine]:
    """Return by row how the amount of a dossier comes about; nothing for one that is not eligible."""
    offers, lang = source.problem.offers, source.lang
    committed, decided = source.table["committed_cents"].to_list(), source.problem.decided.amount_cents
    limits, levels = _read_limits(source), _list_levels(source)
    lines: dict[int, SheetLine] = {}
    label = _("Amount").in_(lang)
    for row in source.rows.tolist():
        if committed[row] is not None:
            pieces = [_("The committed amount, {amount}, stays.", amount=Money(committed[row]))]
        elif decided[row] >= 0 and offers.candidate[row]:
            pieces = [_("People set the amount: {amount}.", amount=Money(int(decided[row])))]
        elif source.problem.eligibility.eligible[row]:
            pieces = list(_describe_amount(source, limits, levels.get(row, []), row))
        else:
            continue
        granted = int(source.allocation.granted_cents[row])
        if granted and committed[row] is None:
            pieces.append(_("Granted: {amount}.", amount=Money(granted)))
        words = " ".join(one.in_(lang) for one in pieces)
        origin = source.join_origins(COMPUTED.in_(lang), source.locate_field("granted", "allocation.csv"))
        lines[row] = SheetLine(SheetItem.OPERATIONS, "operations.amount", label, words, origin)
    return lines


def _read_limits(source: SheetSource) -> list[tuple[Text, IntArray]]:
    """Return each limit with its cents by row, `NO_LIMIT` where it is none."""
    problem = source.problem
    grants = select_in_force(problem.scenario.spec, "grants")
    cents = compute_grant_limits(source.case, grants, source.is_open)
    cents["caps"] = problem.caps.compute_ceiling_cents()
    return [(text, cents[key]) for key, text in _LIMITS.items() if key in cents]


def _list_levels(source: SheetSource) -> dict[int, list[int]]:
    levels: dict[int, list[int]] = {}
    found = source.problem.offers.levels
    for row, cents in zip(found.row.tolist(), found.cents.tolist(), strict=True):
        levels.setdefault(row, []).append(cents)
    return levels


def _describe_amount(
    source: SheetSource, limits: list[tuple[Text, IntArray]], levels: list[int], row: int
) -> Iterator[Text]:
    """Yield the limits of a dossier, then the amounts that it may get."""
    lang, offers = source.lang, source.problem.offers
    own = [(text, int(cents[row])) for text, cents in limits if cents[row] < NO_LIMIT]
    named = [text.in_(lang).format(amount=Money(max(0, cents)).in_(lang)) for text, cents in own]
    if len(named) == 1:
        yield _("It is limited by {limit}.", limit=named[0])
    elif named:
        yield _("It is the least of: {limits}.", limits=Items(named, ";"))
    unit = int(offers.unit_cents[row])
    if unit > get_currency().step_cents:
        yield _("It is rounded down to a multiple of {amount}.", amount=Money(unit))
    if offers.capped_out[row]:
        yield _("No amount is left to grant.")
    elif levels:
        yield _("Possible amounts: {amounts}.", amounts=Items([Money(cents) for cents in levels], ";"))
    elif offers.ranged[row]:
        least, most = (Money(int(one[row])) for one in (offers.least_cents, offers.most_cents))
        yield _("Possible amounts: from {least} to {most}.", least=least, most=most)
    elif offers.candidate[row]:
        yield _("Possible amount: {amount}.", amount=Money(int(offers.most_cents[row])))
