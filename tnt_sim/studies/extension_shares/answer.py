"""The page of ways to share an extra amount: a picture of their gains and one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from tnt_sim.analysis.marginal.document import ExtensionDocument
from tnt_sim.analysis.marginal.extension_allocation import ExtensionOption
from tnt_sim.i18n.message import Text, _, _p
from tnt_sim.i18n.parameters import Items, Listed, Money
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.report_tree import Chart, Kind, Node, Output, Section
from tnt_sim.studies.answer_tables import Col, build_table
from tnt_sim.values.answer_values import Gain

MOST_NAMED = 12
WAYS: Mapping[str, Text] = MappingProxyType(
    {
        "free": _("as the model chooses"),
        "key": _("by the sharing key"),
        "wholly": _("wholly on"),
    }
)
NO_WAY: Mapping[str, Text] = MappingProxyType(
    {
        "contradiction": _("the amounts contradict each other"),
        "infeasible": _("no allocation satisfies the rules"),
        "stopped": _("stopped by the time limit"),
    }
)
COLUMNS: Sequence[Col[ExtensionOption]] = (
    Col(_p("shared out", "Share"), lambda way: describe_way(way)),
    Col(_("Gain"), lambda way: read_gain(way) if way.allowed else "–", Kind.FIGURE),
    Col(_("Applications"), lambda way: way.n_funded, Kind.COUNT),
    Col(_("Departments"), lambda way: way.n_departments, Kind.COUNT, optional=True),
    Col(_("Granted"), lambda way: way.granted_cents, Kind.MONEY, Output.FILES),
    Col(_("Not spent"), lambda way: way.unspent_cents, Kind.ROUND_MONEY, optional=True),
    Col(_("Proof"), lambda way: way.support, optional=True),
    Col(_("Added to"), lambda way: describe_additions(way)),
)


def build_page(document: ExtensionDocument) -> Iterator[Node]:
    """Yield the ways, with a picture where their gains have one unit."""
    title, ways = _("{extra} more", extra=Money(document.extra_cents)), document.ways
    yield Section(title, [Chart(build_bars(document), alt=title), build_table(COLUMNS, ways, most=len(ways))])


def describe_way(option: ExtensionOption) -> Text:
    """Name a way to share, with its axis."""
    return Items([WAYS[option.way], option.axis], "") if option.axis else WAYS[option.way]


def read_gain(option: ExtensionOption) -> Gain:
    """Return what a way gains."""
    return Gain(option.goal, option.gain, option.gain)


def describe_additions(option: ExtensionOption) -> Text | str:
    """Say where the money goes, or why this way is not possible."""
    if not option.allowed:
        return NO_WAY[option.why or ""]
    added = [Items([part.envelope, Money(part.cents)], "") for part in option.added]
    return Listed(added, MOST_NAMED) if added else "–"


def build_bars(document: ExtensionDocument) -> Bars:
    """Return the gain of each way; no bar where the gains have several units."""
    ways = [way for way in document.ways if way.allowed]
    is_comparable = len({way.goal for way in ways if way.goal}) == 1
    bars = [
        Bar(describe_way(way), [max(0.0, float(read_gain(way).change))], [read_gain(way)])
        for way in ways
        if is_comparable
    ]
    side = _("gain for {extra} more", extra=Money(document.extra_cents))
    return Bars(bars, [side])
