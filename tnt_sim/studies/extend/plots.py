"""Chart of "transfer or extend": what each of them, and both together, bring to an objective."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import altair as alt
import polars as pl

from tnt_sim.analysis.extend.document import ExtendDocument, FundedListEntry
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import format_round_amount
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.plots.drawing.change_charts import draw_gain_bars
from tnt_sim.reporting.plots.drawing.chart_words import build_money_axis
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart, finish_chart
from tnt_sim.studies.extend.answer import describe_totals, describe_transfers, format_change
from tnt_sim.values.answer_values import label_goal

WAYS = {
    Mark.WAITING: ("transfer", _("Transfers")),
    Mark.GRANTED: ("alone", _("Extension alone")),
    Mark.COMMITTED: ("total", _("Together")),
}
"""Ways to do more, with the key of their gain."""


def list_plots() -> Mapping[str, Callable[..., AltairChart]]:
    """Return the Altair charts by name."""
    return {"gains": plot_gains}


def plot_gains(document: ExtendDocument, lang: Lang, goal: str | None = None) -> AltairChart:
    """Draw what transfers, a larger total and both bring to an objective, each list for itself.

    Parameters
    ----------
    goal : name of the objective, by default the first

    Raises
    ------
    ValueError
        If there is no such objective, or no gain is known.
    """
    goals = {one.goal: one for one in document.goals}
    chosen = goal or next(iter(goals))
    if chosen not in goals:
        raise ValueError(f"goal must be one of {', '.join(goals)}, not {goal!r}")
    words = {key: word.in_(lang) for key, word in WAYS.values()}
    rows = [
        {
            "goal": chosen,
            "total": cents / 100,
            "name": format_round_amount(cents, lang),
            "way": words[way],
            "gain": float(parse_decimal(gain)),
            "label": format_change(document, chosen, gain, lang),
        }
        for cents, way, gain in _list_gains(document, chosen)
    ]
    if not rows:
        raise ValueError("no gain is known: there is nothing to draw")
    is_money = goals[chosen].unit == "money"
    axis = build_money_axis(lang) if is_money else alt.Axis(tickCount=5, format=",~f")
    marks = [(mark, words[key]) for mark, (key, _word) in WAYS.items()]
    title = _("Gain ({goal})", goal=label_goal(chosen)).in_(lang)
    chart = draw_gain_bars(pl.DataFrame(rows), marks, title, axis)
    question = _("Gain over the amounts as written, by total; each list is decided for itself")
    return finish_chart(chart, _find_finding(document, lang), question, lang, synthetic=document.synthetic)


def _list_gains(document: ExtendDocument, goal: str) -> Iterator[tuple[int, str, str]]:
    """Yield the total, the way and the gain of each bar: transfers at the written total alone."""
    free = document.free
    for own in free.gains:
        if own.goal == goal and own.transfer is not None and document.transfers != "none":
            yield document.amount_cents, "transfer", own.transfer
    for entry in free.totals:
        for gain in entry.gains:
            if gain.goal != goal:
                continue
            if gain.alone is not None:
                yield entry.total_cents, "alone", gain.alone
            if gain.total is not None and document.transfers != "none":
                yield entry.total_cents, "total", gain.total


def _find_finding(document: ExtendDocument, lang: Lang) -> str:
    """Return the sentence that answers: what transfers bring, else what the first larger total does."""
    entry = document.free.transfer
    if isinstance(entry, FundedListEntry) and document.transfers != "none":
        return describe_transfers(document, entry, lang)
    texts = describe_totals(document, document.free, lang)
    return texts[0] if texts else _("Transfer or extend?").in_(lang)
