"""How evenly lists spread their money over the inhabitants of departments: Lorenz curves and Gini indices.

The departments are those with at least one application in some list: a programme of one region is not uneven
because it pays nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import polars as pl

from tnt_sim.analysis.compare.money_spread import MoneySpread, TerritoryMoney, compute_spread
from tnt_sim.domain.money import divide_cents
from tnt_sim.domain.territory import YEARS, load_territory
from tnt_sim.i18n.message import Lang, Text, _, _n, join_sentences
from tnt_sim.i18n.parameters import Money, Rate, Rounded
from tnt_sim.reporting.charts.lorenz import MARKS, LorenzCurve, LorenzWords, draw_lorenz
from tnt_sim.reporting.report_tree import Chart, Column, Kind, Node, Output, Paragraph, Table, write_both
from tnt_sim.scenario.spec import ScenarioSpec

HALF = Fraction(1, 2)
WORDS = {
    "x_title": _("inhabitants, those with least per head first"),
    "y_title": _("money, cumulated"),
    "equal": _("the same for every inhabitant"),
}
ABOUT_GINI = _("Index 0: as much for every inhabitant; near 1: everything for one department.")


def _round_index(gini: Fraction) -> Rounded:
    return Rounded(float(gini), 2)


def _round_share(share: Fraction) -> Rate:
    return Rate(share, 0)


@dataclass(frozen=True, slots=True)
class ListMoney:
    """A list's applications with their department and grants (`department`, `granted_cents`), and its name."""

    name: str
    table: pl.DataFrame


@dataclass(frozen=True, slots=True)
class SpreadLists:
    """The spread of some lists over the same departments.

    Attributes
    ----------
    names, spreads, means : of each list; a mean is in cents per inhabitant
    n_departments : departments with an application and a known population
    n_unknown : departments with an application whose population is not known
    outside_cents : granted in no department, or in one of these, by list
    """

    names: Sequence[str]
    spreads: Sequence[MoneySpread]
    means: Sequence[int]
    n_departments: int
    n_unknown: int
    outside_cents: Sequence[int]


def get_map_year(spec: ScenarioSpec) -> int:
    """Return the year of the scenario's map, by default the first one."""
    return spec.map_year or YEARS[0]


def compute_spreads(lists: Sequence[ListMoney], year: int) -> SpreadLists | None:
    """Compute the spread of lists over the departments of their applications; None if it cannot be.

    There must be two departments with a known population, and each list must grant money there.
    """
    units = load_territory(year).units.filter(pl.col("level") == "department")
    known = {
        code: (name, heads) for code, name, heads in units.select("code", "name", "population").iter_rows()
    }
    named = {
        code for one in lists for code in one.table["department"].drop_nulls().unique().to_list() if code
    }
    codes = sorted(code for code in named if known.get(code, ("", 0))[1])
    spreads, means, outside = [], [], []
    for one in lists:
        cents = dict(one.table.group_by("department").agg(pl.col("granted_cents").sum()).iter_rows())
        territories = [TerritoryMoney(known[code][0], known[code][1], cents.get(code, 0)) for code in codes]
        spread = compute_spread(territories)
        if spread is None:
            return None
        total = sum(territory.cents for territory in territories)
        spreads.append(spread)
        means.append(divide_cents(total, sum(territory.inhabitants for territory in territories)))
        outside.append(sum(cents.values()) - total)
    return SpreadLists(
        [one.name for one in lists], spreads, means, len(codes), len(named) - len(codes), outside
    )


def describe_change(lists: SpreadLists) -> Text:
    """Say whether the second list spreads its money more evenly than the first, with both indices."""
    before, after = (_round_index(spread.gini) for spread in lists.spreads)
    first, second = lists.spreads[0].gini, lists.spreads[1].gini
    if before.in_(Lang.EN) == after.in_(Lang.EN):
        return _("The money is spread as evenly in both lists: Gini index {index}", index=before)
    if second < first:
        return _("The money is spread more evenly: Gini index {before} → {after}", before=before, after=after)
    return _("The money is spread less evenly: Gini index {before} → {after}", before=before, after=after)


def describe_half(spread: MoneySpread) -> Text:
    """Say which share of the money the less favoured half of the inhabitants gets, with the index."""
    share = spread.get_share(HALF)
    return _(
        "The half of the inhabitants with least per head gets {share} of the money: Gini index {index}",
        share=_round_share(share), index=_round_index(spread.gini),
    )  # fmt: skip


def describe_limits(lists: SpreadLists) -> Text:
    """Say which departments are compared, and what is left out."""
    n = lists.n_departments
    departments = _n(
        "{n} department with an application, by its inhabitants.",
        "{n} departments with an application, by their inhabitants.",
        n=n,
    )
    unknown = _n(
        "{n} department without a known population is left out.",
        "{n} departments without a known population are left out.",
        n=lists.n_unknown,
    )
    most = max(lists.outside_cents)
    outside = _("Granted elsewhere, and left out: {cents} at most.", cents=Money(most))
    return join_sentences(departments, unknown if lists.n_unknown else None, outside if most else None)


def build_spread_chart(lists: SpreadLists, finding: Text) -> Chart:
    """Return the Lorenz curves of lists below their finding."""
    alt = write_both(partial(describe_curves, lists, finding))
    return Chart(
        alt, partial(draw_spreads, lists, alt), finding, join_sentences(ABOUT_GINI, describe_limits(lists))
    )


def describe_curves(lists: SpreadLists, finding: Text, lang: Lang) -> str:
    """Describe the curves for those who do not see them."""
    if len(lists.names) == 1:
        return finding.in_(lang)
    entries = [
        _("{name}: {half}", name=name, half=describe_half(spread)).in_(lang)
        for name, spread in zip(lists.names, lists.spreads, strict=True)
    ]
    return "; ".join([finding.in_(lang), *entries])


def draw_spreads(lists: SpreadLists, label: Text, lang: Lang, width: int) -> str:
    """Draw the Lorenz curves of lists, each named with its index."""
    curves = [
        LorenzCurve(
            label_curve(lists, k, lang),
            [(float(x), float(y)) for x, y in spread.points],
        )
        for k, spread in enumerate(lists.spreads)
    ]
    words = LorenzWords(**{key: text.in_(lang) for key, text in WORDS.items()})
    return draw_lorenz(curves, words, label.in_(lang), lang, width)


def label_curve(lists: SpreadLists, k: int, lang: Lang) -> str:
    """Return the name of a curve with its index; a list without a name is "this list"."""
    name = lists.names[k]
    if not name:
        return _("this list").in_(lang)
    return _("{name}: Gini index {index}", name=name, index=_round_index(lists.spreads[k].gini)).in_(lang)


def build_spread_nodes(lists: Sequence[ListMoney], year: int) -> list[Node]:
    """Return the curves of two lists or more and their figures, or why there are none."""
    compared = compute_spreads(lists[: len(MARKS)], year)
    if compared is None:
        return [
            Paragraph(
                _(
                    "No curve of money per head: it needs two departments with applications and a known "
                    "population, and money granted there by every list."
                ),
                soft=True,
            )
        ]
    return [build_spread_chart(compared, describe_spreads(compared)), _build_figures(compared)]


def describe_spreads(lists: SpreadLists) -> Text:
    """Say how evenly one list spreads its money, how two differ, or which of several are the extremes."""
    if len(lists.names) == 1:
        return describe_half(lists.spreads[0])
    return describe_change(lists) if len(lists.names) == 2 else _describe_extremes(lists)


def _describe_extremes(lists: SpreadLists) -> Text:
    """Say which of several lists is the most even, and which the least."""
    order = sorted(range(len(lists.names)), key=lambda k: (lists.spreads[k].gini, k))
    best, worst = order[0], order[-1]
    return _(
        "{best} spreads the money most evenly (Gini index {low}), {worst} least ({high})",
        best=lists.names[best], low=_round_index(lists.spreads[best].gini),
        worst=lists.names[worst], high=_round_index(lists.spreads[worst].gini),
    )  # fmt: skip


def _build_figures(lists: SpreadLists) -> Table:
    heads = [_("Gini index"), _("Money of the half with least per head"), _("Per head, on average")]
    columns = [
        [
            write_both(_round_index(spread.gini).in_),
            write_both(_round_share(spread.get_share(HALF)).in_),
            write_both(Money(mean).in_),
        ]
        for spread, mean in zip(lists.spreads, lists.means, strict=True)
    ]
    return Table(
        [
            Column(_("Figure"), heads),
            *(Column(name, cells, Kind.FIGURE) for name, cells in zip(lists.names, columns, strict=True)),
        ],
        _("The figures of the picture"),
        outputs=Output.PAGE,
        folded=True,
    )
