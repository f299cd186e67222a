"""Rows of the report's tables, as words and figures for the template."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from tnt_sim.domain.money import divide_cents
from tnt_sim.engine.stored_run import StoredEnvelope, StoredRun
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.numbers import (
    format_amount,
    format_decimal,
    format_euros,
    format_integer,
    format_percentage,
    format_short_amount,
)
from tnt_sim.reporting.charts.department_map import list_fills
from tnt_sim.reporting.decision_page.page_text import PAGE, SCRIPT
from tnt_sim.reporting.decision_page.script_data import Slider
from tnt_sim.reporting.decision_page.subtotals import Tally
from tnt_sim.reporting.reports.decision_table import MOTIVE
from tnt_sim.reporting.reports.envelope_table import EnvelopeColumn, EnvelopeRow, describe_parts, list_rows
from tnt_sim.reporting.workbook.dossier_sheet import describe_reason
from tnt_sim.values.answer_values import Support

BAR = 1000
"""Length of the longest bar, in SVG units."""
LEAST_BAR = 3
"""Shortest bar for unspent money, so that any amount is visible."""
MEASURES = ("head", "rate")
"""Measures that the map can show."""


@dataclass(frozen=True, slots=True)
class EnvelopeEntry:
    """One row of envelopes with its bars, in units of `BAR`.

    Attributes
    ----------
    totals : the text of each of the columns
    """

    name: str
    row: EnvelopeRow
    totals: Sequence[str]
    bar: tuple[int, int, int]


def build_envelope_rows(
    run: StoredRun, columns: Sequence[EnvelopeColumn], lang: Lang, slider: Slider | None
) -> list[EnvelopeEntry]:
    """Return the envelope tree as rows; all bars share the scale of the largest amount of any position."""
    largest = max(1, *(_find_largest_cents(entries) for entries in _iterate_positions(run, slider)))
    return [_build_entry(run, row, columns, largest, lang) for row in list_rows(run.envelopes)]


def _iterate_positions(run: StoredRun, slider: Slider | None) -> Iterator[Sequence[StoredEnvelope]]:
    yield run.envelopes
    for position in slider.positions if slider else ():
        if position.document is not None:
            yield position.document.envelopes


def _find_largest_cents(entries: Sequence[StoredEnvelope]) -> int:
    """Return the largest amount, or grant where there is no amount."""
    return max(max(entry.effective_cents or 0, entry.granted_cents) for entry in entries)


def _build_entry(
    run: StoredRun, row: EnvelopeRow, columns: Sequence[EnvelopeColumn], largest: int, lang: Lang
) -> EnvelopeEntry:
    first, n = row.members[0], len(row.members)
    name = (
        run.get_title(first) if n == 1 else describe_parts(f"{run.envelopes[first].parent} · ", n).in_(lang)
    )
    totals = [
        (format_amount if column.is_money else format_integer)(row.add_up(run.envelopes, column.key), lang)
        for column in columns
    ]
    committed, granted, left = (
        row.add_up(run.envelopes, key) or 0 for key in ("committed_cents", "granted_cents", "unspent_cents")
    )
    bar = _scale_bar(committed, largest), _scale_bar(granted, largest), _scale_unspent_bar(left, largest)
    return EnvelopeEntry(name, row, totals, bar)


def _scale_bar(cents: int, largest: int) -> int:
    return round(BAR * cents / largest)


def _scale_unspent_bar(cents: int, largest: int) -> int:
    return 0 if not cents else max(LEAST_BAR, _scale_bar(cents, largest))


def compute_map_bounds(departments: Sequence[Tally]) -> dict[str, list[float]]:
    """Return the class bounds of the map for each of `MEASURES`, the same at every position."""
    known = [line for line in departments if line.code]
    return {
        "head": select_shared_bounds([line.per_head_cents or 0 for line in known]),
        "rate": list(RATE_BOUNDS) if known else [],
    }


RATE_BOUNDS = (20.0, 40.0, 60.0, 80.0)
"""Class bounds of a share of applications funded, in percent."""
_MOST_BOUNDS = 5
_SERIES = (1.0, 2.0, 5.0)


def select_shared_bounds(cents: Sequence[float]) -> list[float]:
    """Return at most five bounds among 1, 2, 5, 10, 20, 50… cents: two maps share the bounds that both need.

    >>> select_shared_bounds([30, 120, 700])
    [50.0, 100.0, 200.0, 500.0]
    """
    positive = [value for value in cents if value > 0]
    if not positive:
        return []
    bounds = [factor * 10.0**power for power in range(9) for factor in _SERIES]
    inside = [bound for bound in bounds if min(positive) < bound <= max(positive)]
    middle = sorted(positive)[len(positive) // 2]
    nearest = sorted(inside, key=lambda bound: abs(math.log(bound / middle)))[:_MOST_BOUNDS]
    return sorted(nearest)


def build_legends(bounds: Mapping[str, Sequence[float]], lang: Lang) -> dict[str, list[tuple[str, str]]]:
    """Return for each measure its classes: fill and words."""
    return {key: list(_describe_classes(key, cuts, lang)) for key, cuts in bounds.items()}


def _describe_classes(key: str, cuts: Sequence[float], lang: Lang) -> Iterator[tuple[str, str]]:
    displayed = [_format_map_value(key, cut, lang) for cut in cuts]
    below, above, between = (SCRIPT[name].in_(lang) for name in ("below", "from", "between"))
    for k, fill in enumerate(list_fills(cuts)):
        if not displayed:
            yield fill, PAGE["granted"].in_(lang)
        elif k == 0:
            yield fill, below.format(n=displayed[0])
        elif k == len(displayed):
            yield fill, above.format(n=displayed[-1])
        else:
            yield fill, between.format(low=displayed[k - 1], high=displayed[k])


def _format_map_value(key: str, value: float, lang: Lang) -> str:
    if key == "count":
        return format_integer(round(value), lang)
    if key == "rate":
        return format_percentage(str(round(value) / 100), lang)
    return format_short_amount(round(value), lang)


def format_per_head(tally: Tally, lang: Lang) -> str:
    """Write the grant per inhabitant, to the cent."""
    known = tally.population > 0
    return format_amount(divide_cents(tally.granted_cents, tally.population), lang) if known else "–"


def describe_departments(departments: Sequence[Tally], lang: Lang) -> dict[str, str]:
    """Return the tooltip of each department on the map."""
    colon = _(": ").in_(lang)
    return {
        line.code: f"{line.name} ({line.code}){colon}{format_amount(line.granted_cents, lang)}, "
        f"{format_per_head(line, lang)}"
        + _n(
            " per head, {n} application",
            " per head, {n} applications",
            n=line.funded,
        ).in_(lang)
        for line in departments
        if line.code
    }


def format_value(text: str | None, unit: str, lang: Lang) -> str:
    """Write a figure of a rule in its unit."""
    if unit == "rate":
        return format_percentage(text, lang)
    return format_euros(text, lang) if unit == "money" else format_decimal(text, lang)


def build_reason_rows(table: pl.DataFrame, lang: Lang) -> list[tuple[str, str, str, str]]:
    """Return the number of applications by reason: words, number, requested, granted; funded ones first."""
    sums = (
        table.group_by("funded", "reason_code")
        .agg(pl.len(), pl.col("requested_cents").sum(), pl.col("granted_cents").sum())
        .sort(["funded", "len", "reason_code"], descending=[True, True, False])
    )
    return [
        (
            describe_reason(code or "", funded, lang),
            format_integer(n, lang),
            format_amount(asked, lang),
            format_amount(granted, lang),
        )
        for funded, code, n, asked, granted in sums.iter_rows()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """A position of the slider; `why` says why it has no allocation, and then the figures are empty."""

    k: int
    amount: str
    why: str = ""
    current: bool = False
    granted: str = ""
    left: str = ""
    funded: str = ""
    enter: str = ""
    leave: str = ""
    goal: str = ""
    proof: str = ""


def build_position_rows(run: StoredRun, slider: Slider | None, lang: Lang) -> list[PositionRow]:
    """Return the positions of the slider as a table, each compared with the decision."""
    funded = run.table["funded"].to_numpy()
    result = []
    for k, position in enumerate(slider.positions if slider else ()):
        amount, document = format_amount(position.amount_cents, lang), position.document
        if document is None:
            result.append(PositionRow(k=k, amount=amount, why=position.why.in_(lang)))
            continue
        then = position.granted_cents > 0
        goal = document.objective[0] if document.objective else None
        result.append(
            PositionRow(
                k=k,
                amount=amount,
                current=document.scenario_sha256 == run.data.scenario_sha256,
                granted=format_amount(document.granted_cents, lang),
                left=format_amount(document.unspent_cents, lang),
                funded=format_integer(document.n_funded, lang),
                enter=format_integer(int((then & ~funded).sum()), lang),
                leave=format_integer(int((funded & ~then).sum()), lang),
                goal=format_decimal(goal.value if goal else None, lang),
                proof=Support(document.proof).in_(lang),
            )
        )
    return result


def build_print_rows(table: pl.DataFrame, place: str, lang: Lang) -> list[tuple[str, ...]]:
    """Return the printed list: number, title, applicant, column `place`, requested, granted, reason."""
    columns = [
        table["dossier"].to_list(),
        table["title"].to_list(),
        table["applicant"].to_list(),
        table[place].cast(pl.String).to_list() if place in table.columns else [""] * table.height,
        [format_amount(cents, lang) for cents in table["requested_cents"].to_list()],
        [format_amount(cents, lang) if cents else "–" for cents in table["granted_cents"].to_list()],
        table[MOTIVE].to_list(),
    ]
    return [tuple(text or "" for text in row) for row in zip(*columns, strict=True)]
