"""Section of a run's page: what each axis would do with one more step of money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Items, Listed, RoundMoney, ShortMoney
from tnt_sim.reporting.report_tree import Column, Kind, Node, Paragraph, Section, Table, Words, write_both
from tnt_sim.values.answer_values import Gain

if TYPE_CHECKING:
    from tnt_sim.analysis.extend.step_effects import AxisEffect, StepEffects

WHY_NOT: Mapping[str, Text] = {
    "steps": _("this scenario has steps"),
    "slow": _("this run took long; ask tnt-sim extend"),
    "unproven": _("the allocation is not proven optimal"),
    "no_amount": _("the programme has no amount"),
}


def build_step_effects(effects: StepEffects | None) -> list[Node]:
    """Return the section; nothing for a run without an allocation."""
    if effects is None:
        return []
    if effects.why_not is not None:
        why = WHY_NOT[effects.why_not]
        return [Paragraph(_("What each axis would do with more money is not computed: {why}.", why=why))]
    step = RoundMoney(effects.cents or 0)
    nodes: list[Node] = [_build_axes(effects.axes)]
    if effects.missing:
        names = Listed(effects.missing, 6)
        nodes.append(Paragraph(_("Not settled in the time allowed: {names}.", names=names)))
    return [Section(_("{step} more, and what each axis would do with it", step=step), nodes)]


def _build_axes(axes: Sequence[AxisEffect]) -> Table:
    rows = [_describe_axis(entry) for entry in axes]
    figures = [Column("", cells, Kind.FIGURE) for cells in zip(*rows, strict=True)]
    return Table([Column("", [entry.envelope for entry in axes]), *figures], most=len(axes))


def _describe_axis(entry: AxisEffect) -> tuple[Words, Words, Words]:
    if entry.goal is None or entry.change is None:
        return _("nothing more"), "", ""
    change = parse_decimal(entry.change)
    enter = _n("{n} enters", "{n} enter", n=entry.n_enter)
    leave = _n("{n} leaves", "{n} leave", n=entry.n_leave)
    cents = entry.granted_cents
    more = ShortMoney(cents)
    return (
        Gain(entry.goal, change, change),
        write_both(Items((enter, leave)).in_),
        _("{sign}{more} granted", sign="+" if cents > 0 else "", more=more),
    )
