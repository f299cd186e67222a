"""The spread of money on pages: over which departments, in which words, and what they say where it is unknown."""

from __future__ import annotations

import re
from fractions import Fraction

import polars as pl
import pytest

from tnt_sim.analysis.equity.department_spread import ListMoney, compute_spreads
from tnt_sim.domain.territory import load_territory
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.report_tree import Chart, Paragraph, write_words
from tnt_sim.reporting.reports.money_spread import build_spread_nodes, describe_limits

YEAR = 2021
HEADS = load_territory(YEAR).get_population("department")


def make_list(name: str, cents: dict[str | None, int]) -> ListMoney:
    """A list with two applications a department, of which one gets its money."""
    rows = [(code, part) for code, whole in cents.items() for part in (whole, 0)]
    return ListMoney(
        name, pl.DataFrame(rows, {"department": pl.String, "granted_cents": pl.Int64}, orient="row")
    )


def compute_pairs_index(cents: dict[str, int]) -> Fraction:
    """The index as the mean difference of all pairs of departments, by their inhabitants."""
    people, money = sum(HEADS[code] for code in cents), sum(cents.values())
    gaps = sum(abs(cents[a] * HEADS[b] - cents[b] * HEADS[a]) for a in cents for b in cents)
    return Fraction(gaps, 2 * people * money)


def test_the_index_is_that_of_the_departments_with_an_application() -> None:
    first = {"01": 5_000_00, "02": 0, "2A": 40_000_00}
    second = {"01": 20_000_00, "02": 15_000_00, "2A": 10_000_00, None: 9_900, "XX": 100}
    lists = [make_list("a", dict(first)), make_list("b", dict(second))]
    found = compute_spreads(lists, YEAR)
    assert found is not None
    known = {code: second[code] for code in first}
    assert [one.gini for one in found.spreads] == [compute_pairs_index(first), compute_pairs_index(known)]
    assert (found.n_departments, found.n_unknown, list(found.outside_cents)) == (3, 1, [0, 10_000])
    said = describe_limits(found).in_(Lang.EN)
    assert "3 departments" in said
    assert "€100" in said


@pytest.mark.parametrize("lang", Lang)
def test_the_finding_says_which_list_is_more_even(lang: Lang) -> None:
    uneven, even = {"01": 100, "02": 90_000}, {"01": HEADS["01"], "02": HEADS["02"]}
    words = {Lang.EN: ("more evenly", "less evenly"), Lang.FR: ("plus également", "moins également")}[lang]
    for (before, after), word in zip(((uneven, even), (even, uneven)), words, strict=True):
        nodes = build_spread_nodes([make_list("a", dict(before)), make_list("b", dict(after))], YEAR)
        chart = nodes[0]
        assert isinstance(chart, Chart)
        finding = write_words(chart.finding, lang)
        assert word in finding
        shown = [float(text.replace(",", ".")) for text in re.findall(r"\d[.,]\d\d", finding)]
        exact = [float(compute_pairs_index(one)) for one in (before, after)]
        assert shown == [pytest.approx(index, abs=0.005) for index in exact]
        assert "svg" in chart.draw(lang, 552)


def test_without_two_departments_or_money_the_page_says_so() -> None:
    for cents in ({None: 500}, {"01": 500}, {"01": 0, "02": 0}, {"XX": 5, "YY": 6}):
        nodes = build_spread_nodes([make_list("a", dict(cents)), make_list("b", dict(cents))], YEAR)
        assert [type(node) for node in nodes] == [Paragraph]


def test_of_three_lists_the_most_and_the_least_even_are_named() -> None:
    lists = [
        make_list(name, {"01": cents, "02": 1_000_000})
        for name, cents in (("x", 1), ("y", 900_000), ("z", 300))
    ]
    chart = build_spread_nodes(lists, YEAR)[0]
    assert isinstance(chart, Chart)
    assert write_words(chart.finding, Lang.EN).startswith("y spreads the money most evenly")
    assert ", x least" in write_words(chart.finding, Lang.EN)
