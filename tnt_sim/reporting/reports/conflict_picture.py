"""Picture of a conflict: demands beside limits, and the change of each that would settle it alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tnt_sim.analysis.infeasibility.document import (
    ActionEntry,
    BoundHead,
    ClashEntry,
    EasedHead,
    MemberEntry,
    RatedMemberEntry,
    RepairEntry,
)
from tnt_sim.analysis.infeasibility.sentences import OPTIONS, describe_repair
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, Text, _, _n, _p
from tnt_sim.i18n.numbers import MINUS, format_amount, format_number
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.reporting.charts.bars import GapBar, GapBars
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import Chart, write_both
from tnt_sim.rules.expressions.text import capitalise

MOST_GAPS = 10
"""Most bars of a picture."""
ASKING = frozenset({"committed", "decide", "decide_amount", "part"})
"""Kinds of members that ask for money on either side."""


@dataclass(frozen=True, slots=True)
class MemberGap:
    """A bound of a conflict in its unit, cents where it is money, and the change of it alone that is enough."""

    member: MemberEntry | RatedMemberEntry
    size: float
    change: float | None
    is_money: bool

    @property
    def is_asked(self) -> bool:
        """Whether the bound asks for something, rather than limits it."""
        return self.member.side == "min" or self.member.kind in ASKING


def build_conflict_chart(entry: ClashEntry, repairs: Sequence[RepairEntry]) -> Chart | None:
    """Return the picture of a conflict; None where no member is an amount or a number."""
    gaps = list_member_gaps(entry, repairs)
    if not gaps:
        return None
    finding = _describe_cheapest(repairs)
    alt = write_both(partial(_describe_gaps, gaps))
    question = _(
        "Do the demands exceed the limits? The outline is the change of one bound that would settle it alone."
    )
    return Chart(_build_picture(gaps), finding, question, alt)


def list_member_gaps(entry: ClashEntry, repairs: Sequence[RepairEntry]) -> list[MemberGap]:
    """Return the members that are an amount or a number: demands first, then limits, the largest first."""
    gaps = []
    for member in entry.members:
        eased = _find_least_easing(member, repairs)
        size = _read_size(member, eased)
        if size is not None:
            change = None if eased is None else _read_change(eased)
            if _is_share(member) and change is not None:
                change = abs(change)
            gaps.append(MemberGap(member, size, change, _is_money(member, eased)))
    gaps.sort(key=lambda gap: (not gap.is_money, not gap.is_asked, -gap.size))
    return gaps[:MOST_GAPS]


def _find_least_easing(member: BoundHead, repairs: Sequence[RepairEntry]) -> EasedHead | None:
    """Return the least change of a member that settles the conflict alone."""
    eased = [
        repair.actions[0]
        for repair in repairs
        if len(repair.actions) == 1 and _is_same_bound(repair.actions[0], member)
    ]
    changes = [action for action in eased if isinstance(action, EasedHead)]
    return min(changes, key=lambda action: abs(parse_decimal(action.by)), default=None)


def _is_same_bound(action: ActionEntry, member: BoundHead) -> bool:
    if (action.kind, action.id) != (member.kind, member.id):
        return False
    return member.kind == "envelope" or (action.group, action.side) == (member.group, member.side)


def _is_money(member: MemberEntry | RatedMemberEntry, eased: EasedHead | None) -> bool:
    return member.bound_cents is not None or (eased is not None and eased.by_cents is not None)


def _is_share(member: BoundHead) -> bool:
    """Whether a bound is a share, of which only what it lacks is an amount."""
    return isinstance(member, RatedMemberEntry) and member.rate is not None


def _read_size(member: MemberEntry | RatedMemberEntry, eased: EasedHead | None) -> float | None:
    """Return the bound; 0 for a share, which lacks its gap, and None where nothing can be measured."""
    if _is_share(member):
        return None if eased is None else 0.0
    if member.bound_cents is not None:
        return float(member.bound_cents)
    if member.kind == "rate" or member.bound is None or member.side == "":
        return None
    return float(parse_decimal(member.bound))


def _read_change(eased: EasedHead) -> float:
    size = float(eased.by_cents) if eased.by_cents is not None else float(parse_decimal(eased.by))
    return abs(size) if eased.do == "raise" else -abs(size)


def _describe_cheapest(repairs: Sequence[RepairEntry]) -> Text:
    """Say what the cheapest way out moves."""
    if not repairs:
        return _("No single change that settles it was found")
    cents, n = Money(repairs[0].cents), len(repairs[0].actions)
    repair = write_both(partial(describe_repair, repairs[0]))
    if repairs[0].cents != repairs[0].added_cents:
        return _("The smallest change: {repair}", repair=repair)
    if repairs[0].cents and n > 1:
        return _n(
            "{cents} would be enough, if {n} bound gives way",
            "{cents} would be enough, if {n} bounds give way together",
            n=n,
            cents=cents,
        )
    if repairs[0].cents:
        return _("{cents} would be enough: {repair}", cents=cents, repair=repair)
    return _("The cheapest way out moves no money: {repair}", repair=repair)


def _find_member_name(member: BoundHead, lang: Lang) -> str:
    """Return the name of a bound without its figure."""
    name, group = member.title or member.id, member.group_name or member.group
    if member.kind in OPTIONS:
        text = _('{option} of "{name}"', option=OPTIONS[member.kind], name=name).in_(lang)
        return capitalise(text)
    match member.kind:
        case "envelope" | "part":
            return _('Envelope "{title}"', title=name).in_(lang)
        case "committed":
            return _("Committed: {name}", name=group or name).in_(lang)
        case "decide" | "decide_amount":
            return _('Decision "{name}": {dossier}', name=name, dossier=group or "").in_(lang)
        case "may_get":
            return _("Most that {name} may get", name=group or name).in_(lang)
    return f"{name} · {group}" if group else name


def _write_gap(gap: MemberGap, lang: Lang) -> str:
    """Write a bound and its change: « 1 000 € +500 € »; of a share what it lacks."""
    if gap.change and _is_share(gap.member):
        return _("lacks {amount}", amount=_write_size(gap, gap.change, lang)).in_(lang)
    texts = [_write_size(gap, gap.size, lang)]
    if gap.change:
        sign = "+" if gap.change > 0 else MINUS
        texts.append(f"{sign}{_write_size(gap, abs(gap.change), lang)}")
    return " ".join(texts)


def _write_size(gap: MemberGap, size: float, lang: Lang) -> str:
    return (
        format_amount(round(size), lang) if gap.is_money else format_number(parse_decimal(f"{size:g}"), lang)
    )


def _describe_gaps(gaps: Sequence[MemberGap], lang: Lang) -> str:
    colon = _(": ").in_(lang)
    texts = [f"{_find_member_name(gap.member, lang)}{colon}{_write_gap(gap, lang)}" for gap in gaps]
    return f"{Items(texts, ';').in_(lang)}."


def _build_picture(gaps: Sequence[MemberGap]) -> GapBars:
    money = [_build_bar(gap) for gap in gaps if gap.is_money]
    numbers = [_build_bar(gap) for gap in gaps if not gap.is_money]
    units = (_("In money"), _("In number")) if money and numbers else ("", "")
    marks = {gap.is_asked for gap in gaps}
    keys = [(Mark.COMMITTED, _p("conflict", "demand"))] * (True in marks)
    keys += [(Mark.RANGE, _p("conflict", "limit"))] * (False in marks)
    if any(gap.change for gap in gaps):
        keys.append((Mark.LOSS, _("change that would settle it alone")))
    return GapBars([(units[0], money), (units[1], numbers)], keys)


def _build_bar(gap: MemberGap) -> GapBar:
    end = None if not gap.change else max(0.0, gap.size + gap.change)
    mark = Mark.COMMITTED if gap.is_asked else Mark.RANGE
    name, text = write_both(partial(_find_member_name, gap.member)), write_both(partial(_write_gap, gap))
    return GapBar(name, gap.size, end, mark, text)
