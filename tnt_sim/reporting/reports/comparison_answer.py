"""The answer on the page of a comparison, and its pictures: envelopes before and after, the map of changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import polars as pl

from tnt_sim.analysis.compare.comparison import ENTERS, LEAVES, ComparedRuns
from tnt_sim.analysis.equity.department_spread import get_map_year
from tnt_sim.domain.territory import load_territory
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.parameters import Items, Money, ShortMoney, SignedMoney
from tnt_sim.reporting.charts.department_map import ChangeMap, list_department_codes
from tnt_sim.reporting.charts.dumbbells import Change, Dumbbells
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
)
from tnt_sim.reporting.text.scenario_differences import NONE, list_differences
from tnt_sim.scenario.spec import ScenarioSpec

MOST_NAMED = 3
"""Most differences that the answer names one by one."""
MOST_ENVELOPES = 6


def build_answer(comparison: ComparedRuns) -> list[Node]:
    """Return what each decision changes against the first, and which settings make it differ."""
    nodes: list[Node] = [
        Callout(describe_side(comparison, name, moved), Tone.PLAIN)
        for name, moved in comparison.moves.items()
    ]
    if len(comparison.sides) == 2 and comparison.keys.height:
        nodes.append(Paragraph(write_both(partial(_describe_differences, comparison))))
    return nodes


def describe_side(comparison: ComparedRuns, name: str, moved: pl.DataFrame) -> Text:
    if not moved.height:
        return _(
            "{name}: same applications, same amounts as {first}.", name=name, first=comparison.sides[0].name
        )
    counted = dict(moved.group_by("move").len().iter_rows())
    granted = {side.name: side.granted_cents for side in comparison.list_sides()}
    change = granted[name] - granted[comparison.sides[0].name]
    enters = _n("{n} application enters", "{n} applications enter", n=counted.get(ENTERS, 0))
    leaves = _n("{n} leaves", "{n} leave", n=counted.get(LEAVES, 0))
    if not change:
        return _(
            "{name}: {enters}, {leaves}; as much granted as {first}.",
            name=name, enters=enters, leaves=leaves, first=comparison.sides[0].name,
        )  # fmt: skip
    if change > 0:
        return _(
            "{name}: {enters}, {leaves}; {change} more granted than {first}.",
            name=name, enters=enters, leaves=leaves, change=Money(change), first=comparison.sides[0].name,
        )  # fmt: skip
    return _(
        "{name}: {enters}, {leaves}; {change} less granted than {first}.",
        name=name, enters=enters, leaves=leaves, change=Money(-change), first=comparison.sides[0].name,
    )  # fmt: skip


def _describe_differences(comparison: ComparedRuns, lang: Lang) -> str:
    rows = list_differences(comparison, lang)
    if len(rows) > MOST_NAMED:
        return _n("{n} setting differs.", "{n} settings differ.", n=len(rows)).in_(lang)
    sentences = []
    for _kind, name, before, after in rows:
        if NONE in (before, after) or max(len(before), len(after)) > 30:
            sentences.append(_("Different setting: {name}.", name=name).in_(lang))
        else:
            sentences.append(
                _(
                    "Different setting: {name}, {before} before, {after} after.",
                    name=name,
                    before=before,
                    after=after,
                ).in_(lang)
            )
    return " ".join(sentences)


def map_granted(comparison: ComparedRuns, dimension: str, side: str) -> dict[str, tuple[int, int]]:
    """Return what each group is granted on the first side and on another one, in cents."""
    totals = comparison.totals.filter(pl.col("dimension") == dimension)
    first = comparison.sides[0].name
    result: dict[str, tuple[int, int]] = {}
    for group, name, cents in totals.select("group", "side", "granted_cents").iter_rows():
        before, after = result.get(group, (0, 0))
        if name in (first, side):
            result[group] = (cents, after) if name == first else (before, cents)
    return result


def build_envelope_chart(comparison: ComparedRuns, side: str) -> Chart:
    """Return the envelopes of two decisions before and after, the largest changes first."""
    titles = {
        name: title or name
        for one in comparison.sides
        for name, title in zip(one.problem.case.tree.ids, one.problem.case.tree.titles, strict=True)
    }
    granted = map_granted(comparison, "envelope", side)
    roots = {one.problem.case.tree.ids[0] for one in comparison.sides}
    if len(granted) > len(roots):
        granted = {name: pair for name, pair in granted.items() if name not in roots}
    moved = {name: pair for name, pair in granted.items() if pair[0] != pair[1]} or granted
    rows = sorted(moved.items(), key=lambda row: (-abs(row[1][1] - row[1][0]), row[0]))
    changes = [
        Change(name, titles[name], before, after, SignedMoney(after - before))
        for name, (before, after) in rows[:MOST_ENVELOPES]
    ]
    entries = [Items((one.label, Items((Money(one.before), Money(one.after)), " →")), "") for one in changes]
    question = _("Amounts granted by envelope, before and after")
    if len(rows) > MOST_ENVELOPES:
        question = _n(
            "Amounts granted by envelope, before and after; {n} envelope that changes less is in the annex",
            "Amounts granted by envelope, before and after; {n} envelopes that change less are in the annex",
            n=len(rows) - MOST_ENVELOPES,
        )
    picture = Dumbbells(changes, (comparison.sides[0].name, side))
    return Chart(picture, _describe_envelope_change(changes[0]), question, Items(entries, ";"))


def _describe_envelope_change(change: Change) -> Text:
    """Say by how much the grants of an envelope change."""
    more = change.after - change.before
    if not more:
        return _("Every envelope grants the same amount")
    if more > 0:
        return _("{envelope}: {change} more", envelope=change.label, change=ShortMoney(more))
    return _("{envelope}: {change} less", envelope=change.label, change=ShortMoney(-more))


def build_department_section(comparison: ComparedRuns) -> Iterator[Section]:
    """Yield the map and the table of what each department gains or loses between two decisions."""
    if len(comparison.sides) != 2:
        return
    known = set(list_department_codes())
    granted = {
        code: pair
        for code, pair in map_granted(comparison, "department", comparison.sides[1].name).items()
        if code in known
    }
    changes = {code: after - before for code, (before, after) in granted.items() if after != before}
    if not changes:
        return
    names = map_department_names(comparison.sides[0].scenario.spec)
    finding = describe_department_changes(list(changes.values()))
    question = _("Blue for more, striped orange for less, hatched for the same amount")
    rows = sorted(granted, key=lambda code: (granted[code][1] - granted[code][0], code))
    table = Table(
        [
            Column(_("Department"), label_departments(rows, comparison.sides[0].scenario.spec)),
            *(
                Column(side.name, [granted[code][k] for code in rows], Kind.ROUND_MONEY)
                for k, side in enumerate(comparison.sides)
            ),
            Column(_("Difference"), [granted[code][1] - granted[code][0] for code in rows], Kind.ROUND_MONEY),
        ],
        outputs=Output.PAGE,
    )
    chart = Chart(ChangeMap(changes, names), finding, question)
    yield Section(_("Who gains and who loses"), [chart, table])


def describe_department_changes(changes: Sequence[float]) -> Text:
    """Say how many departments get more, and how many less; there is at least one change."""
    n_more, n_less = sum(value > 0 for value in changes), sum(value < 0 for value in changes)
    gaining = _n("{n} department gets more", "{n} departments get more", n=n_more)
    losing = _n("{n} department gets less", "{n} departments get less", n=n_less)
    both = _("{gaining}, {losing}", gaining=gaining, losing=losing)
    return both if n_more and n_less else gaining if n_more else losing


def label_departments(codes: Sequence[str | None], spec: ScenarioSpec) -> list[str]:
    """Return « Ain (01) » for each code of the map, and any other code as it is."""
    names = map_department_names(spec)
    return [f"{names[code]} ({code})" if code in names else code or "" for code in codes]


def map_department_names(spec: ScenarioSpec) -> dict[str, str]:
    """Return the name of each department, by code, on the map of the scenario's year."""
    units = load_territory(get_map_year(spec)).units.filter(pl.col("level") == "department")
    return dict(units.select("code", "name").iter_rows())
