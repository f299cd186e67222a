"""Section of a run's page: what each axis would do with one more step of money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.text import Text as Line

from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import format_count, format_list, format_round_amount, format_short_amount
from tnt_sim.reporting.renderers.terminal import render_grid, wrap_paragraph
from tnt_sim.reporting.text.marginal import format_signed

if TYPE_CHECKING:
    from tnt_sim.analysis.extend.step_effects import AxisEffect, StepEffects

WHY_NOT: Mapping[str, Text] = {
    "steps": Text("ce scénario a des étapes", "this scenario has steps"),
    "slow": Text("ce calcul a été long ; demandez tnt-sim extend", "this run took long; ask tnt-sim extend"),
    "unproven": Text("la répartition n'est pas prouvée optimale", "the allocation is not proven optimal"),
    "no_amount": Text("le programme n'a pas de montant", "the programme has no amount"),
}


def render_step_effects(effects: StepEffects | None, lang: Lang, width: int) -> list[Line]:
    """Write the section; empty for a run without an allocation."""
    if effects is None:
        return []
    if effects.why_not is not None:
        why = WHY_NOT[effects.why_not].in_(lang)
        text = Text(
            f"Ce que chaque axe ferait d'argent en plus n'est pas calculé : {why}.",
            f"What each axis would do with more money is not computed: {why}.",
        )
        return [Line(""), *wrap_paragraph(text.in_(lang), width)]
    step = format_round_amount(effects.cents or 0, lang)
    title = Text(
        f"{step} de plus, ce qu'en ferait chaque axe", f"{step} more, and what each axis would do with it"
    )
    lines = [Line(""), Line(title.in_(lang), style="bold")]
    lines += render_grid([_build_row(entry, lang) for entry in effects.axes], right=(1, 2, 3))
    if effects.missing:
        names = format_list(effects.missing, lang, 6)
        text = Text(
            f"Non établi dans le temps permis : {names}.", f"Not settled in the time allowed: {names}."
        )
        lines += wrap_paragraph(text.in_(lang), width, first="  ")
    return lines


def _build_row(entry: AxisEffect, lang: Lang) -> tuple[str, str, str, str]:
    if entry.goal is None or entry.change is None:
        return entry.envelope, Text("rien de plus", "nothing more").in_(lang), "", ""
    enter = format_count(entry.n_enter, ("entre", "entrent"), ("enters", "enter"), lang)
    leave = format_count(entry.n_leave, ("sort", "sortent"), ("leaves", "leave"), lang)
    more = entry.granted_cents
    sign = "+" if more > 0 else ""
    granted = Text(
        f"{sign}{format_short_amount(more, lang)} accordés",
        f"{sign}{format_short_amount(more, lang)} granted",
    ).in_(lang)
    change = f"{format_signed(entry.change, lang)} {entry.goal}"
    return entry.envelope, change, f"{enter}, {leave}", granted
