"""The page of entry thresholds: how many enter at which increase, and the amounts of each that waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from tnt_sim.analysis.marginal.document import EntryThresholdRow, EntryThresholdsDocument
from tnt_sim.documents import TableRows
from tnt_sim.i18n.message import Capitalised, Text, _, _n
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.i18n.parameters import Count, Items, Money, RoundMoney
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.charts.histogram import Histogram
from tnt_sim.reporting.charts.svg import Measure
from tnt_sim.reporting.report_tree import Chart, Kind, Node, Output, Paragraph, Section, write_both
from tnt_sim.reporting.text.vocabulary import FLAGS
from tnt_sim.studies.answer_tables import Col, build_table
from tnt_sim.values.answer_values import Interval

if TYPE_CHECKING:
    pass

MOST_ENTRIES, MOST_BARS = 25, 12
OBSERVED_FLAGS: Mapping[str, Text] = MappingProxyType(
    {
        "always": _("at each amount looked at"),
        "enters": _("enters, at the amounts looked at"),
        "leaves": _("leaves, at the amounts looked at"),
        "never": _("at no amount looked at"),
    }
)
"""Words used instead of a flag where the list may change unobserved between two amounts."""
COLUMNS: Sequence[Col[EntryThresholdRow]] = (
    Col(_("Application"), lambda entry: entry.dossier),
    Col(_("Without loss, from"), lambda entry: read_no_loss(entry), Kind.FIGURE),
    Col(
        _("First"),
        lambda entry: Interval.of_cents(entry.first_from_cents, entry.first_upto_cents),
        Kind.FIGURE,
        Output.READING,
    ),
    Col(_("For good"), lambda entry: read_stable(entry), Kind.FIGURE, Output.READING),
    Col(_("First, at least"), lambda entry: entry.first_from_cents, Kind.MONEY, Output.SHEET),
    Col(_("First, at most"), lambda entry: entry.first_upto_cents, Kind.MONEY, Output.SHEET),
    Col(_("For good, at least"), lambda entry: entry.stable_low_cents, Kind.MONEY, Output.SHEET),
    Col(_("For good, at most"), lambda entry: entry.stable_upto_cents, Kind.MONEY, Output.SHEET),
    Col(_("In and out"), lambda entry: read_flips(entry), Kind.FIGURE, optional=True),
    Col(_("In the range"), lambda entry: describe_flag(entry.flag, exact=entry.exact)),
)


def build_page(document: EntryThresholdsDocument) -> Iterator[Node]:
    """Yield the range that was looked at, how many of each flag there are, and who waits, the nearest first."""
    entries = document.entries
    if isinstance(entries, TableRows):  # the others need no object
        entries = entries.filter_rows(~pl.col("funded"))
    waiting = [entry for entry in entries if not entry.funded]
    waiting.sort(key=lambda entry: (entry.no_loss_cents is None, entry.no_loss_cents or 0, entry.dossier))
    flags = [flag for flag in sorted(document.flags) if flag in FLAGS]
    title = _("Applications that wait for more money")
    nodes: list[Node] = [Paragraph(describe_range(document))]
    if flags:
        counts = [
            _(
                "{name}: {text}",
                name=describe_flag(flag, exact=document.exact),
                text=Count(document.flags[flag]),
            )
            for flag in flags
        ]
        nodes.append(Paragraph(_("{sentence}.", sentence=Capitalised(Items(counts, ";")))))
    nodes.append(Chart(build_bars(waiting), alt=title))
    yield Section(title, [*nodes, build_table(COLUMNS, waiting, most=MOST_ENTRIES)])


def read_no_loss(entry: EntryThresholdRow) -> Text | str:
    """Return the extra money with which an application enters without loss, as far as it is known."""
    low, high = entry.no_loss_cents, entry.no_loss_upto_cents
    if entry.no_loss_never:
        return _("no amount")
    if low is None:
        return "–"
    if high == 0:
        return _("today")
    if low == high:
        return write_both(lambda lang: f"+{format_amount(low, lang)}")
    if high is None and low == 0:
        return _("not computed (--dossier)")
    return Interval.of_cents(low or None, high)


def read_stable(entry: EntryThresholdRow) -> Interval:
    """Return the amount from which the optimum always funds an application."""
    exact = entry.stable_from_cents
    if exact is not None or entry.stable_upto_cents is None:
        return Interval.of_cents(exact, exact)
    return Interval.of_cents(entry.stable_low_cents, entry.stable_upto_cents)


def read_flips(entry: EntryThresholdRow) -> Text:
    """Return how often an application enters or leaves; a lower bound where changes may be unobserved."""
    n = Count(entry.flips)
    return n if entry.exact else _("≥ {n}", n=n)


def describe_flag(flag: str, *, exact: bool) -> Text:
    """Describe what happens to an application over the range, as far as known."""
    return FLAGS[flag] if exact else OBSERVED_FLAGS.get(flag, FLAGS[flag])


def describe_range(document: EntryThresholdsDocument) -> Text:
    """Say between which amounts lists were computed, and whether every change of them is known."""
    low, high, looked = Money(document.from_cents), Money(document.to_cents), describe_amounts(document)
    if document.from_cents == document.to_cents:
        return _(
            "At {amount}: {looked}",
            amount=low,
            looked=_("its list alone is known.") if document.n_lists else looked,
        )
    return _n(
        "From {low} to {high}, {n} list: {looked}",
        "From {low} to {high}, {n} lists: {looked}",
        n=document.n_lists,
        low=low,
        high=high,
        looked=looked,
    )


def describe_amounts(document: EntryThresholdsDocument) -> Text:
    """Describe the amounts whose lists were computed."""
    if not document.n_lists:
        return _("the best list is not proven; entry amounts are then limits.")
    if document.nested:
        return _("the announcements, commitments kept.")
    if document.exact:
        return _("every change of the list is known.")
    return _("between some amounts the list may change unseen; entry amounts are then given as brackets.")


def build_bars(waiting: Sequence[EntryThresholdRow]) -> Bars:
    """Return how many applications can enter without loss for each increase, at up to `MOST_BARS` amounts."""
    known = sorted(entry.no_loss_upto_cents for entry in waiting if entry.no_loss_upto_cents is not None)
    places = sorted({round((k + 1) * len(known) / MOST_BARS) - 1 for k in range(MOST_BARS)} - {-1})
    bars = []
    for cents in (known[place] for place in places):
        n = sum(one <= cents for one in known)
        bars.append(Bar(_("+{amount}", amount=Money(cents)), [n], [Count(n)]))
    side = _("applications that can enter without loss")
    return Bars(bars, [side])


def list_charts() -> Mapping[str, Callable[[EntryThresholdsDocument], Chart]]:
    """Return what builds its charts by name."""
    return {"entries": build_chart}


def build_chart(document: EntryThresholdsDocument) -> Chart:
    """Return how many applications enter first at each amount of the envelope."""
    limits = (document.from_cents, document.to_cents)
    amounts = [entry.first_cents for entry in document.entries if (entry.first_cents or 0) > limits[0]]
    finding = _n(
        "{n} application enters between {low} and {high}",
        "{n} applications enter between {low} and {high}",
        n=len(amounts), low=RoundMoney(limits[0]), high=RoundMoney(limits[1]),
    )  # fmt: skip
    amount = Measure(_("Amount of {name}", name=document.envelope or "–"), Kind.ROUND_MONEY)
    values = [float(cents) for cents in amounts if cents is not None]
    picture = Histogram(values, amount, Measure(_("Applications"), Kind.COUNT), limits=limits)
    return Chart(picture, finding, _("Applications by the smallest amount that funds them"))
