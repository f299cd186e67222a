"""How evenly lists spread their money over the inhabitants of departments: Lorenz curves and Gini indices.

`analysis/equity/department_spread.py` computes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tnt_sim.analysis.equity.department_spread import ListMoney, SpreadLists, compute_spreads
from tnt_sim.analysis.equity.money_spread import MoneySpread
from tnt_sim.i18n.message import Lang, Text, _, _n, join_sentences
from tnt_sim.i18n.parameters import Items, Money, Rate, Rounded
from tnt_sim.reporting.charts.lorenz import MARKS, LorenzCurve, LorenzCurves
from tnt_sim.reporting.report_tree import Chart, Column, Kind, Node, Output, Paragraph, Table

HALF = Fraction(1, 2)
ABOUT_GINI = _("Index 0: as much for every inhabitant; near 1: everything for one department.")


def _round_index(gini: Fraction) -> Rounded:
    return Rounded(float(gini), 2)


def _round_share(share: Fraction) -> Rate:
    return Rate(share, 0)


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


def build_lorenz_chart(lists: Sequence[ListMoney], year: int) -> Chart:
    """Return the Lorenz curves of lists."""
    spread = compute_spreads(lists[: len(MARKS)], year)
    if spread is None:
        raise ValueError(
            "no curve of money per head: it needs two departments with applications and a known population, "
            "and money granted there by every list"
        )
    return build_spread_chart(spread)


def build_spread_chart(lists: SpreadLists) -> Chart:
    """Return the Lorenz curves of lists below their finding, each named with its index."""
    finding, alt = describe_spreads(lists), _describe_curves(lists)
    curves = [
        LorenzCurve(label_curve(lists, k), [(float(x), float(y)) for x, y in spread.points])
        for k, spread in enumerate(lists.spreads)
    ]
    picture = LorenzCurves(
        curves,
        _("inhabitants, those with least per head first"),
        _("money, cumulated"),
        _("the same for every inhabitant"),
    )
    return Chart(picture, finding, join_sentences(ABOUT_GINI, describe_limits(lists)), alt)


def _describe_curves(lists: SpreadLists) -> Text:
    """Describe the curves for those who do not see them."""
    finding = describe_spreads(lists)
    if len(lists.names) == 1:
        return finding
    entries = [
        _("{name}: {half}", name=name, half=describe_half(spread))
        for name, spread in zip(lists.names, lists.spreads, strict=True)
    ]
    return Items((finding, *entries), ";")


def label_curve(lists: SpreadLists, k: int) -> Text:
    """Return the name of a curve with its index; a list without a name is "this list"."""
    name = lists.names[k]
    if not name:
        return _("this list")
    return _("{name}: Gini index {index}", name=name, index=_round_index(lists.spreads[k].gini))


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
    return [build_spread_chart(compared), _build_figures(compared)]


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
    heads = [
        _("Gini index"),
        _("Theil index"),
        _("Money of the half with least per head"),
        _("Per head, on average"),
    ]
    columns = [
        [
            _round_index(spread.gini),
            _round_index(theil),
            _round_share(spread.get_share(HALF)),
            Money(mean),
        ]
        for spread, theil, mean in zip(lists.spreads, lists.theils, lists.means, strict=True)
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
