"""Prices of restrictions: the answer, a picture of the dearest, and tables, on a page in words.

A terminal names restrictions and goals by their ids, which its options take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from types import MappingProxyType

from tnt_sim.analysis.marginal.document import (
    ExtensionOptionEntry,
    MarginalDocument,
    NextEuroEntry,
    PriceEntry,
    RulePricesDocument,
    TargetEntry,
)
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Bilingual, Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.i18n.parameters import Items
from tnt_sim.reporting.charts.bars import Bar, draw_bars
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import (
    Callout,
    Chart,
    Column,
    Kind,
    Node,
    Output,
    Paragraph,
    Section,
    Table,
    Tone,
    write_both,
    write_each,
)
from tnt_sim.reporting.text.marginal import KINDS, UNSETTLED, format_change, format_children_price
from tnt_sim.reporting.text.vocabulary import describe_proof
from tnt_sim.rules.expressions.text import capitalise

MOST_ENTRIES, MOST_BARS, MOST_FREE = 25, 12, 8


def build_answer(document: MarginalDocument) -> list[Node]:
    """Return what costs most, which a page of prices says first."""
    if not isinstance(document, RulePricesDocument):
        return []
    dearest = [
        write_both(partial(_describe_dearest, entry, _list_goal_titles(document), is_alone=False))
        for entry in _find_dearest(document)
    ]
    texts: list[Text] = [Bilingual(f"{text.fr}.", f"{text.en}.") for text in dearest]
    if not texts and document.prices and not document.unsettled:
        is_proven = all(entry.proof == "PROVED" for entry in document.prices)
        texts = [
            _("No rule, no fence and no decision costs anything.")
            if is_proven
            else _("No rule, no fence and no decision is known to cost anything; not all is proven.")
        ]
    return [Callout(text, Tone.PLAIN) for text in texts]


def build_prices(document: RulePricesDocument) -> list[Node]:
    """Return a section for each kind of restriction: the picture of what it costs, its table, and what is free."""
    nodes: list[Node] = []
    titles = _list_goal_titles(document)
    for kind, title in KINDS.items():
        entries = [entry for entry in document.prices if entry.kind == kind]
        if not entries:
            continue
        entries.sort(key=lambda entry: (-abs(Fraction(entry.value)), entry.id))
        dear = [entry for entry in entries if entry.goal]
        free = [entry for entry in entries if not entry.goal]
        proven = [_get_title(entry) for entry in free if entry.proof == "PROVED"]
        claimed = [_get_title(entry) for entry in free if entry.proof != "PROVED"]
        section: list[Node] = []
        if drawn := _select_drawn(document, dear):
            section.append(_build_price_chart(drawn, titles))
        if dear:
            section.append(Table(_list_price_columns(kind, dear), most=MOST_ENTRIES, outputs=Output.TERMINAL))
            section.append(
                Table(_list_titled_columns(kind, dear, titles), most=MOST_ENTRIES, outputs=Output.PAGE)
            )
        for told, names in ((_FREE, proven), (_FREE_UNPROVEN, claimed)):
            if names:
                section.append(Paragraph(write_both(partial(_list_free, told, names))))
        section.append(Table(_list_price_columns(kind, entries), outputs=Output.SHEET))
        nodes.append(Section(title, section))
    if document.unsettled:
        nodes.append(Paragraph(write_both(partial(_list_free, UNSETTLED, document.unsettled))))
    elif not document.prices:
        nothing = _("No rule, no ring fence and no decision: nothing restricts the choice but the envelope.")
        nodes.append(Paragraph(nothing))
    return nodes


def _get_title(entry: PriceEntry) -> str:
    """Return the title of a restriction, for a decided application after its number."""
    if entry.kind in ("forced", "refused"):
        return f"{entry.id} {entry.title or ''}".strip()
    return entry.title or entry.id


def _with_words(entry: PriceEntry, titles: Mapping[str, str | None], lang: Lang) -> PriceEntry:
    """Return a price whose restriction and goal have their words in the place of their ids."""

    def describe(goal: str) -> str:
        title = titles.get(goal)
        return f"({title})" if title else goal

    single = entry.one_level
    if single is not None and single.goal is not None:
        single = replace(single, goal=describe(single.goal))
    goal = None if entry.goal is None else describe(entry.goal)
    return replace(entry, id=_get_title(entry), goal=goal, one_level=single)


def _list_goal_titles(document: RulePricesDocument) -> Mapping[str, str | None]:
    return {goal.goal: goal.title for goal in document.base.objective}


def _select_drawn(document: RulePricesDocument, dear: Sequence[PriceEntry]) -> list[PriceEntry]:
    """Return the prices in the first objective that has any, since others have another unit."""
    for goal in document.base.objective:
        if drawn := [entry for entry in dear if entry.goal == goal.goal]:
            return drawn[:MOST_BARS]
    return []


def _find_dearest(document: RulePricesDocument) -> list[PriceEntry]:
    """Return what costs most of all in the first objective that has prices; nothing where all is free."""
    dear = [entry for entry in document.prices if entry.goal]
    dear.sort(key=lambda entry: (-abs(Fraction(entry.value)), entry.id))
    return _select_drawn(document, dear)[:1]


def _describe_dearest(
    entry: PriceEntry, titles: Mapping[str, str | None], lang: Lang, *, is_alone: bool
) -> str:
    name = NAMED[entry.kind].in_(lang).format(title=_get_title(entry))
    change = format_change(_with_words(entry, titles, lang), lang)
    if is_alone:
        return _("{name}: {change} without it", name=capitalise(name), change=change).in_(lang)
    return _("Dearest: {name}, {change} without it", name=name, change=change).in_(lang)


NAMED: Mapping[str, Text] = MappingProxyType(
    {
        "rule": _('the rule "{{title}}"'),
        "ring_fence": _('the ring fence of "{{title}}"'),
        "non_fungible": _('the walls under "{{title}}"'),
        "forced": _('the decision to fund "{{title}}"'),
        "refused": _('the decision to refuse "{{title}}"'),
    }
)
"""A restriction in a sentence, by its kind."""


def _build_price_chart(drawn: Sequence[PriceEntry], titles: Mapping[str, str | None]) -> Chart:
    finding = write_both(partial(_describe_dearest, drawn[0], titles, is_alone=len(drawn) == 1))
    question = _("What would be gained without each of them, the others kept?")
    alt = write_both(partial(_list_bars, drawn, finding, titles))
    return Chart(alt, partial(_draw_prices, drawn, alt, titles), finding, question)


def _list_bars(
    drawn: Sequence[PriceEntry], finding: Text, titles: Mapping[str, str | None], lang: Lang
) -> str:
    titled = [_with_words(entry, titles, lang) for entry in drawn]
    colon = _(": ").in_(lang)
    bars = [f"{entry.id}{colon}{format_change(entry, lang)}" for entry in titled]
    return f"{finding.in_(lang)}. {Items(bars, ';').in_(lang)}."


def _list_titled_columns(
    kind: str, entries: Sequence[PriceEntry], titles: Mapping[str, str | None]
) -> list[Column]:
    """Return the columns of a page: those of a terminal in words."""
    walls = kind == "non_fungible"
    columns = [
        Column(_("Constraint"), [_get_title(entry) for entry in entries]),
        Column(
            _("Without them") if walls else _("Without it"),
            write_each(partial(_format_titled, titles), entries),
            Kind.FIGURE,
        ),
    ]
    if walls:
        children = write_each(partial(_format_titled_children, titles), entries)
        columns.append(Column(_("Between its children alone"), children, Kind.FIGURE))
    return [
        *columns,
        Column(_("Or, in money"), write_each(_format_euros, entries), Kind.FIGURE),
        build_proof_column(entries),
        Column(_("Effect"), write_each(_describe_price_moves, entries)),
    ]


def _format_titled(titles: Mapping[str, str | None], entry: PriceEntry, lang: Lang) -> str:
    return _format_change(_with_words(entry, titles, lang), lang)


def _format_titled_children(titles: Mapping[str, str | None], entry: PriceEntry, lang: Lang) -> str:
    return format_children_price(_with_words(entry, titles, lang), lang)


_FREE = _("Cost nothing: ")
_FREE_UNPROVEN = _("Cost nothing, without an exact proof: ")


def _list_free(before: Text, names: Sequence[str], lang: Lang) -> str:
    return before.in_(lang) + format_list(names, lang, MOST_FREE)


def _list_price_columns(kind: str, entries: Sequence[PriceEntry]) -> list[Column]:
    walls = kind == "non_fungible"
    columns = [
        Column(_("Constraint"), [entry.id for entry in entries]),
        Column(
            _("Without them") if walls else _("Without it"),
            write_each(_format_change, entries),
            Kind.FIGURE,
        ),
    ]
    if walls:
        head = _("Between its children alone")
        columns.append(Column(head, write_each(format_children_price, entries), Kind.FIGURE))
    return [
        *columns,
        Column(
            _("Or, in money"),
            write_each(_format_euros, entries),
            Kind.FIGURE,
            Output.READING,
        ),
        Column(
            _("Or, in money"),
            [entry.euros_cents for entry in entries],
            Kind.MONEY,
            Output.SHEET,
        ),
        Column(
            _("At least"),
            [entry.euros_from_cents for entry in entries],
            Kind.MONEY,
            Output.SHEET,
        ),
        build_proof_column(entries),
        Column(_("Effect"), write_each(_describe_price_moves, entries)),
    ]


def _describe_price_moves(entry: PriceEntry, lang: Lang) -> str:
    """Say who enters and leaves; nothing where a limit found no better list."""
    return "–" if entry.goal and Fraction(entry.change) == 0 else describe_moves(entry, lang)


def _draw_prices(
    drawn: Sequence[PriceEntry], alt: Text, titles: Mapping[str, str | None], lang: Lang, width: int
) -> str:
    titled = [_with_words(entry, titles, lang) for entry in drawn]
    bars = [
        Bar(entry.id, [abs(float(Fraction(entry.value)))], [format_change(entry, lang)], Mark.LOSS)
        for entry in titled
    ]
    side = _("what would be gained without it").in_(lang)
    return draw_bars(bars, [side], alt.in_(lang), width)


def _format_change(entry: PriceEntry, lang: Lang) -> str:
    return format_change(entry, lang) if entry.goal else "0"


def _format_euros(entry: PriceEntry, lang: Lang) -> str:
    if entry.euros_cents is None and entry.euros_from_cents is None:
        return _("no amount").in_(lang)
    if entry.euros_cents is None and not entry.euros_from_cents:
        return "–"
    if entry.euros_cents is None:
        return f"≥ {format_amount(entry.euros_from_cents, lang)}"
    return format_amount(entry.euros_cents, lang)


def describe_moves(entry: NextEuroEntry | PriceEntry, lang: Lang) -> str:
    """Write who enters, who leaves, and how many amounts change."""
    pieces = []
    if entry.enter:
        pieces.append(_("in: {names}", names=format_list(entry.enter, lang, 6)).in_(lang))
    if entry.leave:
        pieces.append(_("out: {names}", names=format_list(entry.leave, lang, 6)).in_(lang))
    changed = len(entry.more) + len(entry.less)
    if changed:
        pieces.append(_n("{n} amount changed", "{n} amounts changed", n=changed).in_(lang))
    return Items(pieces, ";").in_(lang) or _("the same list").in_(lang)


def build_proof_column(
    entries: Sequence[NextEuroEntry | PriceEntry | TargetEntry | ExtensionOptionEntry],
) -> Column:
    proofs = [write_both(partial(describe_proof, entry.proof)) for entry in entries]
    return Column(_("Proof"), proofs, optional=True)
