"""The page of prices, for a terminal and a workbook too: the dearest, a picture and a table for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from tnt_sim.analysis.marginal.document import RulePricesDocument
from tnt_sim.analysis.marginal.rule_prices import APART, FENCE, FORCED, REFUSED, RULE, Price
from tnt_sim.engine.result import Proof
from tnt_sim.i18n.message import Capitalised, Text, _
from tnt_sim.i18n.parameters import Items
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.charts.svg import Measure
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import Chart, Kind, Node, Output, Paragraph, Section
from tnt_sim.studies.answer_tables import Col, build_table, list_names
from tnt_sim.values.answer_values import label_goal

if TYPE_CHECKING:
    pass

MOST_ROWS, MOST_BARS = 25, 12
_MONEY = ("granted", "cost", "base", "requested", "leverage")
"""Objectives in euros."""
TITLES: Mapping[str, Text] = MappingProxyType(
    {
        RULE: _("Rules"),
        FENCE: _("Ring fences"),
        APART: _("Walls between the amounts under an envelope (non-fungibility)"),
        FORCED: _("Applications funded by decision"),
        REFUSED: _("Applications refused by decision (replacement cost)"),
    }
)
NAMED: Mapping[str, Callable[[str], Text]] = MappingProxyType(
    {
        RULE: lambda title: _('the rule "{title}"', title=title),
        FENCE: lambda title: _('the ring fence of "{title}"', title=title),
        APART: lambda title: _('the walls under "{title}"', title=title),
        FORCED: lambda title: _('the decision to fund "{title}"', title=title),
        REFUSED: lambda title: _('the decision to refuse "{title}"', title=title),
    }
)
"""A restriction in a sentence, by its kind."""


def list_columns(kind: str) -> Iterator[Col[Price]]:
    """Yield the columns of the table of a kind; walls have a price between their children alone too."""
    yield Col(_("Constraint"), lambda price: price.named)
    yield Col(_("Without them") if kind == APART else _("Without it"), lambda price: price.gain, Kind.FIGURE)
    if kind == APART:
        yield Col(_("Between its children alone"), read_children_price, Kind.FIGURE)
    yield Col(_("Or, in money"), lambda price: price.euros, Kind.MONEY)
    yield Col(_("At least"), lambda price: price.euros.from_cents, Kind.MONEY, Output.SHEET)
    yield Col(_("Proof"), lambda price: price.support, optional=True)
    yield Col(_("Effect"), lambda price: price.moves if price.gain.change or not price.gain.goal else "–")


def read_children_price(price: Price) -> Text | None:
    """Return the price of walls between the children of the envelope alone."""
    gain = None if price.one_level is None else price.one_level.gain
    return _("nothing") if gain and gain.goal is None else gain


def build_page(document: RulePricesDocument) -> Iterator[Node]:
    """Yield a section for each kind of restriction: the picture of what it costs, its table, and what is free."""
    for kind, title in TITLES.items():
        prices = sorted((price for price in document.prices if price.kind == kind), key=rank_price)
        if not prices:
            continue
        dear, free = select_dear(prices), [price for price in prices if not price.gain.goal]
        proven = [str(price.named) for price in free if price.support.proof is Proof.PROVED]
        claimed = [str(price.named) for price in free if price.support.proof is not Proof.PROVED]
        columns, drawn = list(list_columns(kind)), select_drawn(document, dear)
        nodes: list[Node] = [draw_prices(drawn)] if drawn else []
        nodes += [build_table(columns, dear, most=MOST_ROWS, outputs=Output.READING)] if dear else []
        nodes += list_names(lambda names: _("Cost nothing: {names}", names=names), proven)
        nodes += list_names(
            lambda names: _("Cost nothing, without an exact proof: {names}", names=names), claimed
        )
        yield Section(title, [*nodes, build_table(columns, prices, outputs=Output.SHEET)])
    yield from list_names(
        lambda names: _(
            "Without an answer (no time, or no allocation is possible without them): {names}", names=names
        ),
        document.unsettled,
    )
    if not document.prices and not document.unsettled:
        yield Paragraph(
            _("No rule, no ring fence and no decision: nothing restricts the choice but the envelope.")
        )


def build_answer(document: RulePricesDocument) -> Iterator[Text]:
    """Yield what costs most, which a page says first."""
    if dearest := select_drawn(document, sorted(select_dear(document.prices), key=rank_price)):
        yield _("{sentence}.", sentence=describe_dearest(dearest[0]))
    elif document.prices and not document.unsettled:
        if all(price.support.proof is Proof.PROVED for price in document.prices):
            yield _("No rule, no fence and no decision costs anything.")
        else:
            yield _("No rule, no fence and no decision is known to cost anything; not all is proven.")


def rank_price(price: Price) -> tuple[object, str]:
    """Rank prices, the dearest first."""
    return -price.gain.value, price.named.id


def select_dear(prices: Sequence[Price]) -> list[Price]:
    """Select what costs something."""
    return [price for price in prices if price.gain.goal]


def select_drawn(document: RulePricesDocument, dear: Sequence[Price]) -> list[Price]:
    """Select the prices in the first objective that has any, since others have another unit."""
    goals = (goal.goal for goal in document.base.objective)
    drawn = ([price for price in dear if price.gain.goal == goal] for goal in goals)
    return next((prices for prices in drawn if prices), [])[:MOST_BARS]


def describe_dearest(price: Price, *, is_alone: bool = False) -> Text:
    """Say what costs most, and how much."""
    name = NAMED[price.kind](str(price.named))
    if is_alone:
        return _("{name}: {change} without it", name=Capitalised(name), change=price.gain)
    return _("Dearest: {name}, {change} without it", name=name, change=price.gain)


def list_bars(prices: Sequence[Price]) -> list[Bar]:
    """Return what would be gained without each restriction."""
    return [
        Bar(price.named, [float(price.gain.value)], [price.gain], Mark.LOSS, price.named.id)
        for price in prices
    ]


def draw_prices(drawn: Sequence[Price]) -> Chart:
    """Draw what would be gained without each of the dearest restrictions."""
    finding = describe_dearest(drawn[0], is_alone=len(drawn) == 1)
    rows = Items([_("{name}: {text}", name=price.named, text=price.gain) for price in drawn], ";")
    alt, side = _("{finding}. {rows}.", finding=finding, rows=rows), _("what would be gained without it")
    question = _("What would be gained without each of them, the others kept?")
    return Chart(Bars(list_bars(drawn), [side]), finding, question, alt)


def list_charts() -> Mapping[str, Callable[[RulePricesDocument], Chart]]:
    """Return what builds its charts by name."""
    return {"prices": build_chart}


def build_chart(document: RulePricesDocument) -> Chart:
    """Return what would be gained without each restriction, the dearest first; free ones stand at 0."""
    goal = next((price.gain.goal for price in document.prices if price.gain.goal), None)
    drawn = sorted((price for price in document.prices if price.gain.goal in (None, goal)), key=rank_price)
    if not drawn:
        raise ValueError("nothing restricts the choice: there is no price to draw")
    title = _("Gain without it ({goal})", goal=label_goal(goal)) if goal else _("Gain without it")
    bars = Bars(list_bars(drawn), measure=Measure(title))
    finding = next(build_answer(document), _("What each rule costs"))
    return Chart(bars, finding, _("What would be gained without each of them, the others kept?"))
