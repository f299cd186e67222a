"""Section of a run's page: what each axis would do with one more step of money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text as Line

from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import plural, round_amount, short_amount
from tnt_sim.reporting.renderers.terminal import grid, paragraph
from tnt_sim.reporting.text.marginal import signed
from tnt_sim.rules.expressions.column_text import listed

Document = Mapping[str, Any]
WHY_NOT: Mapping[str, Text] = {
    "steps": Text("ce scénario a des étapes", "this scenario has steps"),
    "slow": Text("ce calcul a été long ; demandez tnt-sim extend", "this run took long; ask tnt-sim extend"),
    "unproven": Text("la répartition n'est pas prouvée optimale", "the allocation is not proven optimal"),
    "no_amount": Text("le programme n'a pas de montant", "the programme has no amount"),
}


def one_more_lines(document: Document | None, lang: Lang, width: int) -> list[Line]:
    """Write the section; empty for a run without an allocation."""
    if document is None:
        return []
    if document["why_not"] is not None:
        why = WHY_NOT[document["why_not"]].in_(lang)
        text = Text(
            f"Ce que chaque axe ferait d'argent en plus n'est pas calculé : {why}.",
            f"What each axis would do with more money is not computed: {why}.",
        )
        return [Line(""), *paragraph(text.in_(lang), width)]
    step = round_amount(document["cents"], lang)
    title = Text(
        f"{step} de plus, ce qu'en ferait chaque axe", f"{step} more, and what each axis would do with it"
    )
    lines = [Line(""), Line(title.in_(lang), style="bold")]
    lines += grid([_row(entry, lang) for entry in document["axes"]], right=(1, 2, 3))
    if document["missing"]:
        names = listed(document["missing"], lang, 6)
        text = Text(
            f"Non établi dans le temps permis : {names}.", f"Not settled in the time allowed: {names}."
        )
        lines += paragraph(text.in_(lang), width, first="  ")
    return lines


def _row(entry: Document, lang: Lang) -> tuple[str, str, str, str]:
    if entry["goal"] is None:
        return entry["envelope"], Text("rien de plus", "nothing more").in_(lang), "", ""
    enter = plural(entry["n_enter"], ("entre", "entrent"), ("enters", "enter"), lang)
    leave = plural(entry["n_leave"], ("sort", "sortent"), ("leaves", "leave"), lang)
    more = entry["granted_cents"]
    sign = "+" if more > 0 else ""
    granted = Text(
        f"{sign}{short_amount(more, lang)} accordés", f"{sign}{short_amount(more, lang)} granted"
    ).in_(lang)
    change = f"{signed(entry['change'], lang)} {entry['goal']}"
    return entry["envelope"], change, f"{enter}, {leave}", granted
