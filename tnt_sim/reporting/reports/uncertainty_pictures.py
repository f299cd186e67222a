"""Pictures of an ensemble: how the value spreads, what moves it, and which applications depend on the draw.

Every count is of draws: twelve draws show nothing about 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from tnt_sim.analysis.uncertainty.document import Risk
from tnt_sim.analysis.uncertainty.result import (
    CORE,
    EXTERIOR,
    EnsembleTables,
    ValueRange,
    compute_range,
)
from tnt_sim.i18n.message import Bilingual, Capitalised, Lang, Text, _, _n, join_sentences
from tnt_sim.i18n.numbers import format_decimal
from tnt_sim.i18n.parameters import Count
from tnt_sim.reporting.charts.histogram import (
    FrequencyGroup,
    FrequencyStrip,
    Histogram,
    MarkedValue,
    ValueBox,
)
from tnt_sim.reporting.charts.ranges import Range, RangeBars
from tnt_sim.reporting.charts.svg import Measure, describe_break
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import Chart, Kind, write_both
from tnt_sim.rules.expressions.column_text import describe_column
from tnt_sim.verify.run_document import format_fraction

MOST_INPUTS = 12
_EVENTS = {
    "withdrawn": _("Withdrawals"),
    "eligible": _("Eligibility"),
    "arrives": _("Applications that arrive"),
    "lapsed": _("Grants never paid"),
    "final_cost": _("Final costs"),
}


def describe_value(value: Fraction) -> Text:
    """Write a value with at most two decimals."""
    return write_both(partial(_format_value, value))


def _format_value(value: Fraction, lang: Lang) -> str:
    return format_decimal(format_fraction(Fraction(round(value * 100), 100)), lang)


def describe_first_goal(tables: EnsembleTables) -> Text:
    """Return the words of the first goal: the title of its measure, otherwise its name."""
    goal = tables.problem.stages[0].goal
    measure = tables.problem.scenario.spec.measures.get(goal)
    if measure is not None and measure.title:
        return Bilingual(measure.title, measure.title)
    return describe_column(goal)


def label_inputs(tables: EnsembleTables) -> list[Text]:
    """Return the words of an uncertain input: its title, otherwise what is uncertain, with its id where equal."""
    words: list[Text] = []
    for input_ in tables.ground.inputs:
        spec = input_.spec
        if spec.title:
            words.append(Bilingual(spec.title, spec.title))
        elif spec.event is not None:
            words.append(_EVENTS[spec.event])
        else:
            words.append(Capitalised(describe_column(spec.column or "")))
    return [
        _("{name} ({id})", name=name, id=input_.spec.id) if words.count(name) > 1 else name
        for name, input_ in zip(words, tables.ground.inputs, strict=True)
    ]


def count_reached(tables: EnsembleTables, risk: Risk) -> int:
    """Count the draws that are as good as the value that nine of ten reach, or better."""
    sign = 1 if tables.best_is_high else -1
    return sum(sign * value >= sign * risk.var for value in tables.values)


def describe_value_finding(tables: EnsembleTables, risk: Risk) -> Text:
    """Say what value most draws reach, with their exact number."""
    n, reached = len(tables.values), Count(count_reached(tables, risk))
    goal, value = describe_first_goal(tables), describe_value(risk.var)
    if tables.best_is_high:
        return _n(
            "In {reached} of {n} draw, {goal} reaches {value} or more",
            "In {reached} of {n} draws, {goal} reaches {value} or more",
            n=n, reached=reached, goal=goal, value=value,
        )  # fmt: skip
    return _n(
        "In {reached} of {n} draw, {goal} is {value} or less",
        "In {reached} of {n} draws, {goal} is {value} or less",
        n=n, reached=reached, goal=goal, value=value,
    )  # fmt: skip


def build_histogram(tables: EnsembleTables, risk: Risk) -> Chart:
    """Return how often each value occurs among the draws, with a box, the plan and the worst tenth."""
    finding = describe_value_finding(tables, risk)
    spread = compute_range(tables.values)
    question = join_sentences(
        _n(
            "Number of draws by value, of {n} draw; orange: the worst tenth.",
            "Number of draws by value, of {n} draws; orange: the worst tenth.",
            n=len(tables.values),
        ),
        _n(
            "Box: {inside} of {n} draw; stroke: the median, {median}.",
            "Box: {inside} of {n} draws; stroke: the median, {median}.",
            n=spread.n, inside=Count(spread.n_inside), median=describe_value(spread.median),
        ),
    )  # fmt: skip
    bad = (-math.inf, float(risk.var)) if tables.best_is_high else (float(risk.var), math.inf)
    marked = [MarkedValue(float(risk.mean), _("average"))]
    if tables.draws.plan.values:
        marked.append(MarkedValue(float(tables.draws.plan.values[0]), _("without uncertainty")))
    least, low, high, most = (float(value) for value in spread.limits)
    picture = Histogram(
        [float(value) for value in tables.values],
        Measure(describe_first_goal(tables)),
        Measure(_("draws"), Kind.COUNT),
        marked,
        bad,
        ValueBox(least, low, float(spread.median), high, most),
    )
    return Chart(picture, finding, question)


def build_tornado(tables: EnsembleTables) -> Chart | None:
    """Return the range of the value where each input alone varies, the widest first; None without such a draw."""
    labels = label_inputs(tables)
    ids = [input_.spec.id for input_ in tables.ground.inputs]
    ranges = [(ids[place], labels[place], spread) for place, spread in list_input_ranges(tables)]
    if not ranges:
        return None
    _id, name, spread = ranges[0]
    if spread.limits[0] == spread.limits[3]:
        finding = _n(
            "No uncertainty moves the result by itself, in {n} draw",
            "No uncertainty moves the result by itself, in {n} draws",
            n=spread.n,
        )
    else:
        finding = _n(
            "Greatest effect: {name}, from {low} to {high} in {inside} of {n} draw",
            "Greatest effect: {name}, from {low} to {high} in {inside} of {n} draws",
            n=spread.n, inside=Count(spread.n_inside), name=name,
            low=describe_value(spread.limits[1]), high=describe_value(spread.limits[2]),
        )  # fmt: skip
    plan = tables.draws.plan.values
    here = (float(plan[0]), _("without uncertainty")) if plan else None
    picture = RangeBars(_list_ranges(ranges[:MOST_INPUTS]), Measure(describe_first_goal(tables)), here)
    question = join_sentences(
        _(
            "One uncertainty varies, and the others are as written. Bar: without a tenth of the draws at "
            "each end; line: all of them."
        )
        if spread.n >= 10
        else _("One uncertainty varies, and the others are as written. Bar: all draws."),
        describe_break(picture.choose_scale()),
    )
    return Chart(picture, finding, question)


def list_input_ranges(tables: EnsembleTables) -> list[tuple[int, ValueRange]]:
    """Return the place of each input that varied alone, with the range of the value, the widest first."""
    ranges = [(place, spread) for place, spread in enumerate(tables.single_ranges) if spread is not None]
    ranges.sort(key=lambda entry: (-_measure_width(entry[1])[0], -_measure_width(entry[1])[1]))
    return ranges


def _measure_width(spread: ValueRange) -> tuple[Fraction, Fraction]:
    least, low, high, most = spread.limits
    return high - low, most - least


def _list_ranges(rows: Sequence[tuple[str, Text, ValueRange]]) -> list[Range]:
    result = []
    for id_, name, spread in rows:
        least, low, high, most = (float(value) for value in spread.limits)
        text = _n(
            "{low} to {high} in {inside} of {n} draw",
            "{low} to {high} in {inside} of {n} draws",
            n=spread.n, inside=Count(spread.n_inside),
            low=describe_value(spread.limits[1]), high=describe_value(spread.limits[2]),
        )  # fmt: skip
        result.append(Range(name, least, low, float(spread.median), high, most, text, id_))
    return result


def count_core_draws(n: int) -> int:
    """Return the fewest of n draws that make an application core."""
    return math.ceil(CORE * n)


def count_exterior_draws(n: int) -> int:
    """Return the most of n draws that leave an application excluded."""
    return math.floor(EXTERIOR * n)


def describe_standings(n: int) -> dict[str, Text]:
    """Say of how many of n draws each group is."""
    core, exterior = count_core_draws(n), count_exterior_draws(n)
    return {
        "core": _n("funded in the {n} draw", "funded in all {n} draws", n=n)
        if core == n
        else _("funded in at least {core} of {n} draws", core=Count(core), n=Count(n)),
        "borderline": _("depending on the draw"),
        "exterior": _n("not funded in the {n} draw", "funded in none of the {n} draws", n=n)
        if not exterior
        else _("funded in at most {exterior} of {n} draws", exterior=Count(exterior), n=Count(n)),
    }


def describe_core(tables: EnsembleTables, counted: dict[str, int]) -> Text:
    """Say how many applications every draw funds, and how many depend on the draw."""
    n = tables.n_draws + tables.n_bounded
    least = count_core_draws(n)
    where = _("in at least {core} of {n} draws", core=Count(least), n=Count(n))
    if least == n:
        where = _n("in the {n} draw", "in all {n} draws", n=n)
    always = _n(
        "{n} application is funded {where}",
        "{n} applications are funded {where}",
        n=counted.get("core", 0),
        where=where,
    )
    return _n(
        "{always}; {n} depends on the draw",
        "{always}; {n} depend on the draw",
        n=counted.get("borderline", 0),
        always=always,
    )


def build_strip(tables: EnsembleTables, counted: dict[str, int]) -> Chart | None:
    """Return each application as high as the draws that fund it; None where some draws have limits only."""
    if tables.n_bounded or not tables.n_draws:
        return None
    finding = describe_core(tables, counted)
    question = _("Each application in play, as high as the number of draws that fund it")
    n = tables.n_draws
    meanings = describe_standings(n)
    limits = {
        "core": (Mark.COMMITTED, count_core_draws(n)),
        "borderline": (Mark.WAITING, count_exterior_draws(n) + 1),
        "exterior": (Mark.LEFT, 0),
    }
    groups = [
        FrequencyGroup(
            _("{name}: {text}", name=Capitalised(meanings[key]), text=Count(counted.get(key, 0))), mark, least
        )
        for key, (mark, least) in limits.items()
    ]
    x_title, y_title = _("applications in play"), _("draws that fund the application")
    names, counts = tables.dossiers["dossier"].to_list(), tables.dossiers["times"].to_list()
    return Chart(FrequencyStrip(names, counts, n, groups, x_title, y_title), finding, question)
