"""Section of a run's page: what each axis would do with one more step of money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.text import Text as Line

from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_round_amount, format_short_amount
from tnt_sim.i18n.parameters import Count, Listed
from tnt_sim.reporting.renderers.terminal import render_grid, wrap_paragraph
from tnt_sim.reporting.text.marginal import format_signed

if TYPE_CHECKING:
    from tnt_sim.analysis.extend.step_effects import AxisEffect, StepEffects

WHY_NOT: Mapping[str, Text] = {
    "steps": _("this scenario has steps"),
    "slow": _("this run took long; ask tnt-sim extend"),
    "unproven": _("the allocation is not proven optimal"),
    "no_amount": _("the programme has no amount"),
}


def render_step_effects(effects: StepEffects | None, lang: Lang, width: int) -> list[Line]:
    """Write the section; empty for a run without an allocation."""
    if effects is None:
        return []
    if effects.why_not is not None:
        why = WHY_NOT[effects.why_not].in_(lang)
        text = _("What each axis would do with more money is not computed: {why}.", why=why)
        return [Line(""), *wrap_paragraph(text.in_(lang), width)]
    step = format_round_amount(effects.cents or 0, lang)
    title = _("{step} more, and what each axis would do with it", step=step)
    lines = [Line(""), Line(title.in_(lang), style="bold")]
    lines += render_grid([_build_row(entry, lang) for entry in effects.axes], right=(1, 2, 3))
    if effects.missing:
        text = _("Not settled in the time allowed: {names}.", names=Listed(effects.missing, 6))
        lines += wrap_paragraph(text.in_(lang), width, first="  ")
    return lines


def _build_row(entry: AxisEffect, lang: Lang) -> tuple[str, str, str, str]:
    if entry.goal is None or entry.change is None:
        return entry.envelope, _("nothing more").in_(lang), "", ""
    enter = _n("{count} enters", "{count} enter", n=entry.n_enter, count=Count(entry.n_enter))
    leave = _n("{count} leaves", "{count} leave", n=entry.n_leave, count=Count(entry.n_leave))
    moves = _("{enter}, {leave}", enter=enter, leave=leave).in_(lang)
    more = entry.granted_cents
    sign = "+" if more > 0 else ""
    granted = _("{sign}{more} granted", sign=sign, more=format_short_amount(more, lang)).in_(lang)
    change = f"{format_signed(entry.change, lang)} {entry.goal}"
    return entry.envelope, change, moves, granted
