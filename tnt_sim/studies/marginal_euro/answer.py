"""The page of marginal steps: a picture and a table of the envelopes, then a table of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from tnt_sim.analysis.marginal.document import NextEuroDocument
from tnt_sim.analysis.marginal.marginal_euro import BOUNDED, ENVELOPE, NEVER, RULE, STOPPED, NextEuro
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_short_amount
from tnt_sim.i18n.parameters import Money
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.charts.svg import Measure
from tnt_sim.reporting.report_tree import Chart, Kind, Node, Output, Paragraph, Section, write_both
from tnt_sim.studies.answer_tables import Col, build_table
from tnt_sim.values.answer_values import Gain, format_signed, label_goal

if TYPE_CHECKING:
    pass

MOST_BARS = 12
TITLES: Mapping[str, Text] = MappingProxyType(
    {ENVELOPE: _("Envelopes: one more euro"), RULE: _("Rules: one unit less")}
)
NO_GAIN: Mapping[str, Text] = MappingProxyType(
    {ENVELOPE: _("no gain, at any amount"), RULE: _("no gain, even without it")}
)
STEP_NOTE = _(
    '"Least useful change": the smallest change that improves an objective by one unit. '
    '"Shadow price": what one more unit would bring if fractions of applications could be '
    "funded (linear programming); it gives a slope, not a decision."
)
COLUMNS: Sequence[Col[NextEuro]] = (
    Col(_("Where"), lambda step: step.id),
    Col(_("Least useful change"), lambda step: step.step, Kind.FIGURE),
    Col(_("Gain"), lambda step: read_gain(step), Kind.FIGURE),
    Col(_("Shadow price"), lambda step: step.shadow_price, Kind.FIGURE, optional=True),
    Col(_("Funded"), lambda step: step.n_funded, Kind.COUNT, Output.FILES),
    Col(_("Proof"), lambda step: step.support, optional=True),
    Col(_("Effect"), lambda step: describe_outcome(step)),
)


def build_page(document: NextEuroDocument) -> Iterator[Node]:
    """Yield the steps of envelopes, then those of rules."""
    return build_steps(document.next)


def build_steps(steps: Sequence[NextEuro]) -> Iterator[Node]:
    """Yield a section for the envelopes and one for the rules, and what their figures mean."""
    for kind, title in TITLES.items():
        if rows := [step for step in steps if step.kind == kind]:
            yield Section(title, [Chart(build_bars(rows), alt=title), build_table(COLUMNS, rows)])
    yield Paragraph(STEP_NOTE, soft=True)


def read_gain(step: NextEuro) -> Text | str:
    """Return what the step gains, as far as it is known."""
    return "–" if step.gain is None else Gain(step.goal or "", step.gain, step.gain)


def describe_outcome(step: NextEuro) -> Text:
    """Say who enters and leaves at a step, or why that is not known."""
    if step.status == NEVER:
        return NO_GAIN[step.kind]
    if step.status == BOUNDED and step.most_gain is not None and step.goal is not None:
        goal, most = label_goal(step.goal), write_both(partial(format_signed, step.most_gain))
        return _("open; in {goal}, no change gains more than {most}", goal=goal, most=most)
    if step.status in (BOUNDED, STOPPED):
        return _("stopped by the time limit")
    if step.gain is None:
        known = step.step.high is not None
        return _("its gain was not computed") if known else _("no amount that was tried is enough")
    if step.step.exact or step.step.high is None:
        return step.moves
    enough = replace(step.step, low=step.step.high)
    return _("at {enough} more, {moves}", enough=enough, moves=step.moves)


def build_bars(steps: Sequence[NextEuro]) -> Bars:
    """Return the least to add to each envelope for a gain; no bar where none is known to the cent."""
    known = sorted(
        (step.step.low_cents, step.id) for step in steps if step.step.exact and step.step.low_cents
    )
    bars = [Bar(name, [cents], [_("+{amount}", amount=Money(cents))]) for cents, name in known[:MOST_BARS]]
    return Bars(bars, [_("the least to add for a gain")])


def list_charts() -> Mapping[str, Callable[[NextEuroDocument], Chart]]:
    """Return what builds its charts by name."""
    return {"next_euro": build_chart}


def list_bars(steps: Sequence[NextEuro]) -> list[Bar]:
    """Return the cents of each step in money whose gain is known, the smallest first."""
    bars = [
        Bar(step.id, [cents], [write_both(partial(_label_step, cents, step.gain, step.goal))], id=step.id)
        for step in steps
        if (cents := step.step.low_cents) and step.gain is not None
    ]
    return sorted(bars, key=lambda bar: (bar.sizes, bar.id))


def _label_step(cents: int, gain: Fraction, goal: str | None, lang: Lang) -> str:
    return f"+{format_short_amount(cents, lang)} → {format_signed(gain, lang)} {goal}"


def build_chart(document: NextEuroDocument) -> Chart:
    """Return the least to add to each envelope for a gain."""
    bars = list_bars(document.next)
    if not bars:
        raise ValueError("no envelope has a next step: nothing to draw")
    finding = _("Smallest step: {name}, {step}", name=bars[0].id, step=bars[0].texts[0])
    question = _("The least to add for a gain: nothing changes below")
    return Chart(Bars(bars, measure=Measure(_("To add"), Kind.ROUND_MONEY)), finding, question)
