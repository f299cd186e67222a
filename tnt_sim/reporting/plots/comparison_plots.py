"""Charts of a comparison: envelopes before and after, who moves, the map of what changes, how evenly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import altair as alt
import polars as pl

from tnt_sim.analysis.compare.comparison import CHANGES, ENTERS, LEAVES, ComparedRuns
from tnt_sim.analysis.equity.department_spread import ListMoney, get_map_year
from tnt_sim.i18n.message import Capitalised, Lang, Text, _, _p
from tnt_sim.i18n.numbers import format_short_amount
from tnt_sim.reporting.charts.department_map import LESS, MORE, compute_change_bounds, list_department_codes
from tnt_sim.reporting.charts.svg import wrap_text
from tnt_sim.reporting.charts.theme import SOFT, Mark
from tnt_sim.reporting.plots.drawing.chart_words import (
    QUESTION_SIZE,
    WIDTH,
    build_colours,
    build_legend,
    build_money_axis,
    build_name_axis,
)
from tnt_sim.reporting.plots.drawing.department_maps import EMPTY, MapClasses, draw_shades
from tnt_sim.reporting.plots.drawing.themed_chart import AltairChart
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.reporting.reports.comparison_answer import (
    build_envelope_chart,
    describe_department_changes,
    describe_side,
    map_department_names,
    map_granted,
)
from tnt_sim.reporting.reports.money_spread import build_lorenz_chart
from tnt_sim.scenario.scenario import is_synthetic

MOVES: dict[Mark, tuple[str, Text]] = {
    Mark.GAIN: (ENTERS, _p("dossiers", "enter")),
    Mark.LOSS: (LEAVES, _p("dossiers", "leave")),
    Mark.WAITING: (CHANGES, _p("dossiers", "get another amount")),
}

"""Moves of applications, with their marks."""


def choose_side(comparison: ComparedRuns, name: str | None) -> str:
    """Return the side to compare with the first: the one named, by default the second."""
    names = [side.name for side in comparison.sides[1:]]
    if name is None:
        return names[0]
    if name not in names:
        raise ValueError(f"side must be one of {', '.join(names)}, not {name!r}")
    return name


def format_changes(cents: Sequence[int], lang: Lang) -> list[str]:
    """Return amounts with their signs, « = » for none."""
    return [
        ("+" if value > 0 else "") + format_short_amount(value, lang) if value else "=" for value in cents
    ]


def build_department_frame(comparison: ComparedRuns, side: str, lang: Lang) -> pl.DataFrame:
    """Return one row per department of the map: `department`, `name`, `before`, `after`, `change` in euros."""
    names = map_department_names(comparison.sides[0].scenario.spec)
    granted = map_granted(comparison, "department", side)
    rows = [(code, names.get(code, code), *granted.get(code, (0, 0))) for code in list_department_codes()]
    changes = [after - before for _code, _name, before, after in rows]
    return pl.DataFrame(rows, schema=["department", "name", "before", "after"], orient="row").with_columns(
        pl.col("before", "after") / 100,
        (pl.Series("change", changes) / 100).alias("change"),
        pl.Series("label", format_changes(changes, lang)),
        pl.Series("sign", ["+" if cents > 0 else "\u2212" if cents < 0 else "" for cents in changes]),
    )


def build_move_frame(comparison: ComparedRuns, side: str, lang: Lang) -> pl.DataFrame:
    """Return one row per application that moves, the largest change first, in euros; `sign` is 1 if it gains."""
    moved = comparison.moves[side].sort(pl.col("change_cents").abs(), "dossier", descending=[True, False])
    words = {code: Capitalised(text).in_(lang) for code, text in MOVES.values()}
    cents = moved["change_cents"].to_list()
    return moved.select(
        "dossier",
        pl.col("title").fill_null(""),
        pl.col("applicant").fill_null(""),
        "envelope",
        "department",
        pl.Series("move", [words[code] for code in moved["move"].to_list()], dtype=pl.String),
        (pl.col("before_cents").fill_null(0) / 100).alias("before"),
        (pl.col("after_cents").fill_null(0) / 100).alias("after"),
        (pl.col("change_cents") / 100).alias("change"),
        pl.Series("label", format_changes(cents, lang), dtype=pl.String),
        "cause",
        pl.col("change_cents").sign().alias("sign"),
    )


ROW = 28

MOST_MOVES = 15

"""Largest moves in the list below the histogram."""

_N_BINS = 24

_MOST_TICKS = 4

"""Counts of one sign up to which each whole number has a tick."""


def draw_move_charts(frame: pl.DataFrame, lang: Lang) -> AltairChart:
    """Draw how many enter, above zero, and leave, below, by amount; then the largest moves of chosen amounts."""
    words = [(mark, Capitalised(text).in_(lang)) for mark, (_code, text) in MOVES.items()]
    present = [pair for pair in words if pair[1] in set(frame["move"])]
    brush = alt.selection_interval(encodings=["x"], name="amounts")
    colour = alt.Color("move:N", scale=build_colours(present), legend=build_legend() if present else None)
    amount = "abs(datum.change)"
    step = choose_bin_step(float(frame["change"].abs().max() or 1))  # type: ignore[arg-type]
    n_bins = _count_bins(frame, step)
    labelled = [step * k for k in range(0, n_bins + 1, math.ceil(n_bins / 6))]
    histogram = (
        alt.Chart(frame)
        .transform_calculate(size=amount)
        .mark_bar(stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X(
                "size:Q",
                bin=alt.Bin(step=step, extent=[0, step * n_bins]),
                title=_("Amount gained or lost").in_(lang),
                axis=build_money_axis(lang, grid=False, values=labelled),
            ),
            y=alt.Y(
                "sum(sign):Q",
                title=_("Applications: more (above), less (below)").in_(lang),
                axis=_build_balance_axis(frame, step),
            ),
            color=colour,
            tooltip=[
                alt.Tooltip("move:N", title=_("Move").in_(lang)),
                alt.Tooltip("count()", title=_("Applications").in_(lang), format=",d"),
                alt.Tooltip("sum(change):Q", title=_("Difference (€)").in_(lang), format="+,.2f"),
            ],
        )
        .add_params(brush)
        .properties(width=WIDTH, height=170)
    )
    return alt.vconcat(histogram, _draw_largest(frame, colour, brush, lang), data=frame)


def choose_bin_step(most: float) -> float:
    """Return the least of 1, 2 and 5 times a power of ten that covers `most` by 24 bins.

    >>> choose_bin_step(200_000), choose_bin_step(30)
    (10000.0, 2.0)
    """
    power = 10.0 ** math.floor(math.log10(most / _N_BINS))
    return next(power * times for times in (1, 2, 5, 10) if power * times * _N_BINS >= most)


def _count_bins(frame: pl.DataFrame, step: float) -> int:
    return max(1, math.ceil(float(frame["change"].abs().max() or 1) / step))  # type: ignore[arg-type]


def _build_balance_axis(frame: pl.DataFrame, step: float) -> alt.Axis:
    """Return an axis of whole numbers of applications on both sides of zero, without their signs."""
    place = (pl.col("change").abs() / step).floor().clip(0, _count_bins(frame, step) - 1)
    counts = frame.group_by(place.alias("bin"), "sign").agg(pl.len().alias("n"))
    sizes = [counts.filter(pl.col("sign") == sign)["n"].max() or 0 for sign in (-1, 1)]
    down, up = (int(size) for size in sizes)  # type: ignore[arg-type]
    label = "format(abs(datum.value), ',d')"
    if max(down, up) <= _MOST_TICKS:
        return alt.Axis(labelExpr=label, values=list(range(-down, up + 1)))
    return alt.Axis(labelExpr=label, tickMinStep=1, tickCount=5)


def _draw_largest(frame: pl.DataFrame, colour: alt.Color, brush: alt.Parameter, lang: Lang) -> AltairChart:
    heading = _("The largest moves ({n} at most); drag over amounts above to choose others", n=MOST_MOVES)
    y = alt.Y(
        "who:N",
        title=None,
        sort=alt.EncodingSortField("size", order="descending"),
        axis=build_name_axis(labelLimit=330),
    )
    base = (
        alt.Chart(frame)
        .transform_calculate(
            size="abs(datum.change)",
            who="datum.title == '' || datum.title == datum.dossier ? datum.dossier : "
            "datum.title + ' (' + datum.dossier + ')'",
        )
        .transform_filter(brush)
        .transform_window(rank="row_number()", sort=[alt.SortField("size", order="descending")])
        .transform_filter(alt.datum.rank <= MOST_MOVES)
    )
    bars = base.mark_bar(height=15).encode(
        x=alt.X("change:Q", title=_("Difference").in_(lang), axis=build_money_axis(lang)),
        y=y,
        color=colour,
        tooltip=[
            alt.Tooltip("dossier:N", title=_("Application").in_(lang)),
            alt.Tooltip("title:N", title=_("Title").in_(lang)),
            alt.Tooltip("applicant:N", title=_("Applicant").in_(lang)),
            alt.Tooltip("move:N", title=_("Move").in_(lang)),
            alt.Tooltip("before:Q", title=_("Before (€)").in_(lang), format=",.2f"),
            alt.Tooltip("after:Q", title=_("After (€)").in_(lang), format=",.2f"),
        ],
    )
    rows = max(1, min(MOST_MOVES, frame.height))
    lines = wrap_text(heading.in_(lang), WIDTH - 120, QUESTION_SIZE)
    title = alt.TitleParams(lines, fontSize=QUESTION_SIZE, fontWeight="normal", color=SOFT)
    return bars.properties(width=WIDTH - 120, height=22 * rows, title=title)


@dataclass(frozen=True, slots=True)
class ComparisonPlots(InOneLanguage):
    """Charts of a comparison, in one language: `envelopes`, `moves`, `by_department`, `lorenz`.

    Each method returns an Altair chart, whose `data` is a tidy frame of polars with amounts in euros.
    """

    comparison: ComparedRuns
    lang: Lang

    def __repr__(self) -> str:
        return "<Charts of a comparison: envelopes, moves, by_department, lorenz>"

    def envelopes(self, side: str | None = None) -> AltairChart:
        """Draw what each envelope grants in the first decision and in another one.

        Parameters
        ----------
        side : name of the other decision, by default the second

        Raises
        ------
        ValueError
            If there is no such decision.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.plot.envelopes().data.columns
        ['id', 'name', 'before', 'after', 'label', 'change']
        """
        name = choose_side(self.comparison, side)
        return self._plot(build_envelope_chart(self.comparison, name))

    def moves(self, side: str | None = None) -> AltairChart:
        """Draw who enters and who leaves by amount, above the largest moves; drag over amounts to choose some.

        Parameters
        ----------
        side : name of the other decision, by default the second

        Raises
        ------
        ValueError
            If there is no such decision.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.plot.moves().data.height == found.moves[found.sides[1].name].height
        True
        """
        name = choose_side(self.comparison, side)
        frame = build_move_frame(self.comparison, name, self.lang)
        finding = describe_side(self.comparison, name, self.comparison.moves[name])
        question = self._ask(_("Applications by the amount that they gain or lose"), name)
        return self._plot(draw_move_charts(frame, self.lang), finding, question)

    def by_department(self, side: str | None = None) -> AltairChart:
        """Draw the map of what each department gains or loses.

        Parameters
        ----------
        side : name of the other decision, by default the second

        Raises
        ------
        ValueError
            If there is no such decision.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.plot.by_department().data["change"].sum() < 0
        True
        """
        name = choose_side(self.comparison, side)
        frame = build_department_frame(self.comparison, name, self.lang)
        changes = [value for value in frame["change"].to_list() if value]
        finding = (
            describe_department_changes(changes) if changes else _("Every department gets the same amount")
        )
        question = self._ask(_("Gains (+) and losses (−) of departments"), name)
        placed, classes = _classify_changes(frame, self.lang)
        return self._plot(draw_shades(placed, classes, _list_tooltips(self.lang), "sign"), finding, question)

    def lorenz(self) -> AltairChart:
        """Draw how evenly each decision spreads its money over inhabitants.

        Raises
        ------
        ValueError
            If fewer than two departments with applications have a known population.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.plot.lorenz().data["list"].n_unique()
        2
        """
        lists = [ListMoney(one.name, one.build_dossier_table()) for one in self.comparison.sides]
        year = get_map_year(self.comparison.sides[0].scenario.spec)
        return self._plot(build_lorenz_chart(lists, year))

    def _ask(self, what: Text, name: str) -> Text:
        return _("{what}: {first} → {name}", what=what, first=self.comparison.sides[0].name, name=name)

    @property
    def is_synthetic(self) -> bool:
        """Whether the data of a side are invented."""
        return any(is_synthetic(one.scenario) for one in self.comparison.sides)


def _classify_changes(frame: pl.DataFrame, lang: Lang) -> tuple[pl.DataFrame, MapClasses]:
    """Return the frame with the `class` of each change: more and less have the same bounds and shades."""
    cents = {code: value * 100 for code, value in frame.select("department", "change").iter_rows()}
    bounds = compute_change_bounds({code: value for code, value in cents.items() if value})
    texts = [format_short_amount(round(bound), lang) for bound in bounds]
    sizes = [_("another amount").in_(lang)]
    if texts:
        sizes = [_("under {displayed}", displayed=texts[0]).in_(lang)]
        sizes += [f"{low} – {high}" for low, high in pairwise(texts)]
        sizes.append(_("{displayed} and more", displayed=texts[-1]).in_(lang))
    same = _("the same amount").in_(lang)

    def classify(value: float) -> str:
        if not value:
            return same
        return f"{'+' if value > 0 else '−'} {sizes[sum(bound <= abs(value) for bound in bounds)]}"

    words = [*(f"+ {size}" for size in reversed(sizes)), same, *(f"− {size}" for size in sizes)]
    if not any(cents.values()):
        words = [same]
    shades = len(sizes)
    fills = [*reversed(MORE[-shades:]), EMPTY, *LESS[-shades:]]
    values = [classify(value) for value in cents.values()]
    return frame.with_columns(pl.Series("class", values, dtype=pl.String)), MapClasses(
        words, fills if any(cents.values()) else [EMPTY]
    )


def _list_tooltips(lang: Lang) -> list[alt.Tooltip]:
    amount = partial(alt.Tooltip, format=",.2f")
    return [
        alt.Tooltip("name:N", title=_("Department").in_(lang)),
        amount("before:Q", title=_("Before (€)").in_(lang)),
        amount("after:Q", title=_("After (€)").in_(lang)),
        amount("change:Q", title=_("Difference (€)").in_(lang)),
    ]
