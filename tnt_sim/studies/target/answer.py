"""The page of targets: a picture of the amounts, a sentence for each target, and the lists as annexes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tnt_sim.analysis.marginal.document import TargetDocument, TargetEntry
from tnt_sim.i18n.message import NO_TEXT, Text, _
from tnt_sim.i18n.parameters import Count, Listed, Money
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.report_tree import Chart, Column, Kind, Node, Output, Section, Words, build_section
from tnt_sim.studies.answer_tables import Col, build_table
from tnt_sim.values.answer_values import Support

MOST_NAMED, MOST_BLOCKERS = 12, 6
STOPPED = _(
    "Stopped by the time limit: whether any amount is enough is not known. Give it more time: --time-limit."
)


def list_columns(document: TargetDocument) -> Sequence[Col[TargetEntry]]:
    """Return the columns: a terminal has a sentence for each target, files have its figures."""
    return (
        Col(_("Target"), lambda entry: entry.words),
        Col("", lambda entry: describe_target(document, entry), outputs=Output.TERMINAL),
        Col(_("Amount"), lambda entry: entry.amount_cents, Kind.MONEY, Output.FILES),
        Col(_("No less than"), lambda entry: entry.amount_from_cents, Kind.MONEY, Output.FILES),
        Col(_("More"), lambda entry: entry.extra_cents, Kind.MONEY, Output.FILES),
        Col(_("Funded"), lambda entry: entry.n_funded, Kind.COUNT, Output.FILES),
        Col(_("Departments"), lambda entry: entry.n_departments, Kind.COUNT, Output.FILES),
        Col(_("Obstacle"), lambda entry: describe_obstacle(entry), outputs=Output.FILES),
        Col(_("Proof"), lambda entry: Support(entry.proof), outputs=Output.FILES),
    )


def build_page(document: TargetDocument) -> Iterator[Node]:
    """Yield the table of targets with its picture, then the list of each target that is reached."""
    title, n = _("The smallest envelope that reaches each target"), len(document.targets)
    table = build_table(list_columns(document), document.targets, most=n, as_cards=True)
    yield Section(title, [Chart(build_bars(document), alt=title), table])
    for entry in document.targets:
        if entry.dossiers:
            names = Column(_("Application"), list(entry.dossiers))
            yield build_section(_("List: {target}", target=entry.words), [names], annex=True)


def is_without_allocation(document: TargetDocument) -> bool:
    """Whether no list exists at all: targets that ask for more than rules leave that open."""
    return not all(
        entry.target != "rules" and not entry.target.startswith("rule:") for entry in document.targets
    )


def describe_target(document: TargetDocument, entry: TargetEntry) -> Text:
    """Say from which amount a target is reached, or what stands in the way."""
    if entry.missing:
        return _("No amount is enough: {missing}.", missing=entry.missing)
    if entry.stopped:
        return STOPPED
    if not entry.reached and entry.amount_from_cents is not None:
        least = Money(entry.amount_from_cents)
        return _("At least {least}; no amount that was tried is enough.", least=least)
    if not entry.reached:
        if not entry.blocked_by:
            return _("No amount is enough; what stands in the way was not singled out.")
        stops = Listed(entry.blocked_by, MOST_BLOCKERS)
        return _("No amount is enough; these would have to give way: {stops}.", stops=stops)
    low = Money(entry.amount_from_cents)
    return _(
        '{there} for "{envelope}" ({change}){between}: {n} applications, {n_departments} departments; {proof}.',
        there=Money(entry.amount_cents),
        envelope=document.envelope or "",
        change=describe_difference(entry.extra_cents),
        between=NO_TEXT if entry.exact else _(", no less than {low}", low=low),
        n=Count(entry.n_funded),
        n_departments=Count(entry.n_departments),
        proof=Support(entry.proof or "FEASIBLE_GAP"),
    )


def describe_difference(extra_cents: int | None) -> Text:
    """Say how far an amount is from the written one."""
    if extra_cents is None:
        return _("no amount is written")
    if extra_cents == 0:
        return _("the written amount is enough")
    more = Money(abs(extra_cents))
    return _("{more} more", more=more) if extra_cents > 0 else _("{more} less", more=more)


def describe_obstacle(entry: TargetEntry) -> Text | str:
    """Return what keeps a target from being reached; a dash where nothing does."""
    if entry.stopped:
        return STOPPED
    return entry.missing or (Listed(entry.blocked_by, MOST_NAMED) if entry.blocked_by else "–")


def build_bars(document: TargetDocument) -> Bars:
    """Return the amount of each target that is reached, after the written one; no bar where none is."""
    known: list[tuple[Words, int]] = [
        (one.words, one.amount_cents) for one in document.targets if one.amount_cents is not None
    ]
    if known and document.amount_cents is not None:
        known.insert(0, (_("written amount"), document.amount_cents))
    bars = [Bar(name, [cents], [Money(cents)]) for name, cents in known]
    side = _('envelope "{envelope}"', envelope=document.envelope or "")
    return Bars(bars, [side])
