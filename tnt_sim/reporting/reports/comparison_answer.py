"""The answer on the page of a comparison, and its pictures: envelopes before and after, the map of changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

import polars as pl

from tnt_sim.analysis.compare.comparison import ENTERS, LEAVES, ComparedRuns
from tnt_sim.analysis.equity.department_spread import get_map_year
from tnt_sim.domain.territory import load_territory
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_amount, format_short_amount
from tnt_sim.i18n.parameters import Money
from tnt_sim.reporting.charts.bars import Change, draw_dumbbells
from tnt_sim.reporting.charts.department_map import (
    ChangeWords,
    compute_change_bounds,
    draw_change_map,
    list_department_codes,
)
from tnt_sim.reporting.charts.svg import write_cents
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


def _map_granted(comparison: ComparedRuns, dimension: str) -> dict[str, tuple[int, int]]:
    """Return what each group is granted on the two sides, in cents."""
    totals = comparison.totals.filter(pl.col("dimension") == dimension)
    first, second = (side.name for side in comparison.sides)
    result: dict[str, tuple[int, int]] = {}
    for group, side, cents in totals.select("group", "side", "granted_cents").iter_rows():
        before, after = result.get(group, (0, 0))
        result[group] = (cents, after) if side == first else (before, cents)
        assert side in (first, second)
    return result


def build_envelope_chart(comparison: ComparedRuns) -> list[Chart]:
    """Return the envelopes of two decisions before and after, the largest changes first; none if nothing moves."""
    titles = {
        name: title or name
        for side in comparison.sides
        for name, title in zip(side.problem.case.tree.ids, side.problem.case.tree.titles, strict=True)
    }
    granted = _map_granted(comparison, "envelope")
    roots = {side.problem.case.tree.ids[0] for side in comparison.sides}
    if len(granted) > len(roots):
        granted = {name: pair for name, pair in granted.items() if name not in roots}
    moved = sorted(
        ((after - before, name) for name, (before, after) in granted.items() if before != after),
        key=lambda entry: (-abs(entry[0]), entry[1]),
    )
    if not moved:
        return []
    change, name = moved[0]
    finding = describe_envelope_change(titles[name], change)
    rows = [(titles[name], *granted[name]) for _change, name in moved[:MOST_ENVELOPES]]
    names = (comparison.sides[0].name, comparison.sides[1].name)
    alt = write_both(partial(_describe_envelopes, rows))
    question = _("Amounts granted by envelope, before and after")
    if len(moved) > MOST_ENVELOPES:
        question = _n(
            "Amounts granted by envelope, before and after; {n} envelope that changes less is in the annex",
            "Amounts granted by envelope, before and after; {n} envelopes that change less are in the annex",
            n=len(moved) - MOST_ENVELOPES,
        )
    return [Chart(alt, partial(_draw_envelopes, rows, names, alt), finding, question)]


def describe_envelope_change(title: str, change_cents: int) -> Text:
    """Say by how much the grants of an envelope change."""
    if change_cents > 0:
        return _("{envelope}: {change} more", envelope=title, change=_write_short(change_cents))
    return _("{envelope}: {change} less", envelope=title, change=_write_short(-change_cents))


def _write_short(cents: int) -> Text:
    return write_both(partial(format_short_amount, cents))


def _describe_envelopes(rows: list[tuple[str, int, int]], lang: Lang) -> str:
    return "; ".join(
        f"{name} {format_amount(before, lang)} → {format_amount(after, lang)}" for name, before, after in rows
    )


def _draw_envelopes(
    rows: list[tuple[str, int, int]], names: tuple[str, str], alt: Text, lang: Lang, width: int
) -> str:
    changes = [
        Change(name, before, after, _format_signed(after - before, lang)) for name, before, after in rows
    ]
    return draw_dumbbells(changes, names, write_cents, alt.in_(lang), lang, width)


def _format_signed(cents: int, lang: Lang) -> str:
    return ("+" if cents > 0 else "") + format_short_amount(cents, lang)


def build_department_section(comparison: ComparedRuns) -> Iterator[Section]:
    """Yield the map and the table of what each department gains or loses between two decisions."""
    if len(comparison.sides) != 2:
        return
    known = set(list_department_codes())
    granted = {code: pair for code, pair in _map_granted(comparison, "department").items() if code in known}
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
    chart = Chart(finding, partial(draw_changes, changes, names, finding), finding, question)
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


def draw_changes(changes: dict[str, int], names: dict[str, str], label: Text, lang: Lang, width: int) -> str:
    """Draw what each department gains or loses, in cents, on a map with its legend."""
    colon = _(": ").in_(lang)
    titles = {
        code: f"{name} ({code}){colon}{_format_signed(changes.get(code, 0), lang)}"
        for code, name in names.items()
    }
    bounds = [format_short_amount(round(cents), lang) for cents in compute_change_bounds(changes)]
    between = [f"{low} – {high}" for low, high in pairwise(bounds)]
    if bounds:
        ends = [_("under {displayed}", displayed=bounds[0]), _("{displayed} and more", displayed=bounds[-1])]
        classes = [ends[0].in_(lang), *between, ends[1].in_(lang)]
    else:
        classes = [_("another amount").in_(lang)]
    words = ChangeWords(classes, _("the same amount").in_(lang))
    return draw_change_map(changes, titles, label.in_(lang), words, width)
