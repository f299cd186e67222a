"""Pictures of the page of a sweep: the curve as steps, what each amount reaches, who enters, the envelopes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from tnt_sim.analysis.sweep.document import FundedCurvePoint, SweepDocument
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import NO_TEXT, Capitalised, Lang, Text, _, _n, join_sentences
from tnt_sim.i18n.numbers import format_decimal, format_integer, format_round_amount, format_short_amount
from tnt_sim.i18n.parameters import Count, Items, Rate
from tnt_sim.reporting.charts.bars import Bar, Bars, Change, draw_dumbbells
from tnt_sim.reporting.charts.curves import Axes, StepCurve, draw_steps
from tnt_sim.reporting.charts.svg import (
    Scale,
    WriteNumber,
    choose_limits,
    describe_break,
    write_cents,
    write_number,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import Chart, write_both
from tnt_sim.reporting.text.sweep import CURVE, list_envelope_titles, list_top_envelopes, select_lists
from tnt_sim.reporting.text.vocabulary import write_goal
from tnt_sim.rules.protocols import Sense
from tnt_sim.values.answer_values import label_goal

MOST_STEPS_NAMED = 15
MOST_ENVELOPES = 12


def build_charts(document: SweepDocument) -> dict[str, Chart]:
    """Return the pictures that the document has data for, by kind; none for a single amount."""
    if len(select_lists(document, document.first_curve)) < 2:
        return {}
    charts = {"curve": _build_curve(document), "figures": _build_totals(document)}
    if document.dossiers:
        charts["ladder"] = _build_entries(document)
    return {**charts, "envelopes": _build_envelopes(document)}


def _list_curves(document: SweepDocument) -> list[tuple[str, StepCurve]]:
    """Return the curves of the first objective, one alone where both are equal."""
    result: list[tuple[str, StepCurve]] = []
    for name, mark in (("free", Mark.GRANTED), ("nested", Mark.LOSS)):
        points = [
            (float(point.amount_cents), float(Fraction(entry.objective[0].value)))
            for point, entry in select_lists(document, name)
        ]
        steps = document.steps
        if name == "free" and steps is not None and steps.amount_cents:
            points = [
                (float(cents), float(Fraction(value)))
                for cents, value in zip(steps.amount_cents, steps.value, strict=True)
            ]
            points.append((float(document.to_cents), points[-1][1]))
        if points and not (result and points == result[0][1].points):
            result.append((name, StepCurve("", mark, points)))
    return result


def list_bands(document: SweepDocument) -> list[tuple[float, float, float, float]]:
    if document.goals[0].sense != Sense.MAXIMISE:
        return []
    return [
        (
            float(part.from_cents),
            float(part.until_cents),
            float(Fraction(part.low)),
            float(Fraction(part.high)),
        )
        for part in document.band
        if part.low is not None and part.high is not None and part.width is not None
    ]


def _build_curve(document: SweepDocument) -> Chart:
    curves, bands = _list_curves(document), list_bands(document)
    values = [value for _name, curve in curves for _x, value in curve.points]
    values += [value for band in bands for value in band[2:]]
    scale = Scale(*choose_limits(values), 0, 1, write_number)
    goal = Capitalised(label_goal(document.goals[0].goal))
    finding = write_both(partial(describe_rise, document))
    question = join_sentences(
        _("{goal} by amount; grey: the value is proven to lie there.", goal=goal)
        if bands
        else _("{goal} by amount.", goal=goal),
        write_both(partial(describe_break, scale)) if scale.is_broken else None,
    )
    return Chart(finding, partial(_draw_curve, document, curves, bands, finding), finding, question)


def describe_rise(document: SweepDocument, lang: Lang) -> str:
    """Write by how much the first objective changes from the least amount to the greatest."""
    pairs = select_lists(document, document.first_curve)
    (start, first), (end, last) = pairs[0], pairs[-1]
    if start is end:
        return _(
            "At {amount}, {goal} is {value}",
            amount=format_round_amount(start.amount_cents, lang),
            goal=write_goal(document.goals[0].goal),
            value=format_decimal(first.objective[0].value, lang),
        ).in_(lang)
    before, after = (Fraction(entry.objective[0].value) for entry in (first, last))
    texts = [format_decimal(entry.objective[0].value, lang) for entry in (first, last)]
    amounts = [format_round_amount(point.amount_cents, lang) for point in (start, end)]
    goal = write_goal(document.goals[0].goal)
    if before == after:
        return _(
            "From {low} to {high}, {goal} stays at {value}",
            low=amounts[0], high=amounts[1], goal=goal, value=texts[0],
        ).in_(lang)  # fmt: skip
    rate = NO_TEXT
    if before > 0:
        change = Rate(abs(after - before) / before, decimals=1)
        rate = _(" ({rate} more)", rate=change) if after > before else _(" ({rate} less)", rate=change)
    return _(
        "From {low} to {high}, {goal} goes from {first} to {last}{rate}",
        low=amounts[0], high=amounts[1], goal=goal, first=texts[0], last=texts[1], rate=rate,
    ).in_(lang)  # fmt: skip


def _draw_curve(
    document: SweepDocument,
    curves: Sequence[tuple[str, StepCurve]],
    bands: Sequence[tuple[float, float, float, float]],
    label: Text,
    lang: Lang,
    width: int,
) -> str:
    named = [StepCurve(CURVE[name].in_(lang), curve.mark, curve.points) for name, curve in curves]
    here = None
    if document.base_cents is not None:
        words = _("written: {amount}", amount=format_round_amount(document.base_cents, lang))
        here = (float(document.base_cents), words.in_(lang))
    axes = Axes(describe_amount(document, lang), label_goal(document.goals[0].goal).in_(lang), write_cents)
    return draw_steps(named, bands, here, axes, label.in_(lang), lang, width)


def describe_amount(document: SweepDocument, lang: Lang) -> str:
    names = format_list(list_envelope_titles(document), lang, 3)
    return _("Amount of {name}", name=names).in_(lang)


def _build_totals(document: SweepDocument) -> Chart:
    lists = select_lists(document, document.first_curve)
    series: list[tuple[Text, list[tuple[float, float]]]] = []
    columns: tuple[tuple[Text, list[int | None]], ...] = (
        (_("funded applications"), [entry.n_funded for _point, entry in lists]),
        (_("population of the applicants"), [entry.population for _point, entry in lists]),
        (_("departments reached"), [entry.n_departments for _point, entry in lists]),
    )
    flat = []
    for name, counts in columns:
        first = counts[0]
        if not first or None in counts:
            continue
        points = [
            (float(point.amount_cents), 100.0 * (count or 0) / first)
            for (point, _entry), count in zip(lists, counts, strict=True)
        ]
        if len({value for _x, value in points}) == 1:
            flat.append(name)
        else:
            series.append((name, points))
    indexed = bool(series)
    if not indexed:
        series.append((_("granted"), [(float(p.amount_cents), float(e.granted_cents)) for p, e in lists]))
    finding = write_both(partial(describe_reach, lists[0][1], lists[-1][1]))
    values = [value for _name, points in series for _x, value in points]
    write = write_number if indexed else write_cents
    scale = Scale(*choose_limits(values), 0, 1, write)
    unchanged = [_("Unchanged: {name}.", name=name) for name in flat]
    question = join_sentences(
        _("100 is the value at the smallest amount.") if indexed else None,
        *(words for words in unchanged),
        write_both(partial(describe_break, scale)) if scale.is_broken else None,
    )
    return Chart(finding, partial(_draw_totals, document, series, write, finding), finding, question)


def describe_reach(first: FundedCurvePoint, last: FundedCurvePoint, lang: Lang) -> str:
    before, after = (format_integer(entry.n_funded, lang) for entry in (first, last))
    return _(
        "Funded applications: {before} at the smallest amount, {after} at the largest",
        before=before,
        after=after,
    ).in_(lang)


def _draw_totals(
    document: SweepDocument,
    series: Sequence[tuple[Text, Sequence[tuple[float, float]]]],
    write: WriteNumber,
    label: Text,
    lang: Lang,
    width: int,
) -> str:
    marks = (Mark.GRANTED, Mark.LOSS, Mark.COMMITTED)
    curves = [
        StepCurve(name.in_(lang), mark, points, whole=False)
        for (name, points), mark in zip(series, marks, strict=False)
    ]
    axes = Axes(describe_amount(document, lang), "", write_cents, write)
    return draw_steps(curves, [], None, axes, label.in_(lang), lang, width)


def _build_entries(document: SweepDocument) -> Chart:
    lists = select_lists(document, document.first_curve)[1:]
    counts = [(point.amount_cents, len(entry.entered)) for point, entry in lists]
    n = sum(count for _cents, count in counts)
    finding = _n("{n} entry over all amounts", "{n} entries over all amounts", n=n)
    size = -(-len(counts) // MOST_STEPS_NAMED)
    question = _("Applications that enter at each amount; some leave again")
    if size > 1:
        question = _n(
            "Applications that enter, {n} amount to a bar; some leave again",
            "Applications that enter, {n} amounts to a bar; some leave again",
            n=size,
        )
    return Chart(finding, _build_entry_bars(counts, size, finding), finding, question)


def _build_entry_bars(counts: Sequence[tuple[int, int]], size: int, label: Text) -> Bars:
    """Return who enters at each amount, or at so many neighbouring amounts together: no entry is left out."""
    bars = []
    for k in range(0, len(counts), size):
        group = counts[k : k + size]
        ends = dict.fromkeys(
            write_both(partial(format_round_amount, cents)) for cents in (group[0][0], group[-1][0])
        )
        n = sum(count for _cents, count in group)
        bars.append(Bar(Items(list(ends), " –"), [n], [Count(n)]))
    return Bars(bars, label)


def _build_envelopes(document: SweepDocument) -> Chart:
    lists = select_lists(document, document.first_curve)
    (start, first), (end, last) = lists[0], lists[-1]
    before = {entry.id: entry.granted_cents for entry in first.envelopes}
    rows = [
        (entry.title or entry.id, before.get(entry.id, 0), entry.granted_cents)
        for entry in list_top_envelopes(last)
    ]
    rows.sort(key=lambda row: -abs(row[2] - row[1]))
    name, least, most = rows[0]
    finding = describe_largest_gain(name, least, most)
    question = join_sentences(
        _("Amounts granted by each envelope, at the smallest amount and at the largest."),
        _n(
            "{n} envelope that changes less is in the table alone.",
            "{n} envelopes that change less are in the table alone.",
            n=len(rows) - MOST_ENVELOPES,
        )
        if len(rows) > MOST_ENVELOPES
        else None,
    )
    amounts = (start.amount_cents, end.amount_cents)
    return Chart(
        finding, partial(_draw_envelopes, rows[:MOST_ENVELOPES], amounts, finding), finding, question
    )


def describe_largest_gain(name: str, least: int, most: int) -> Text:
    """Say what the envelope that changes most gains or loses from the smallest amount to the largest, in cents."""
    gain = write_both(partial(format_short_amount, abs(most - least)))
    if most == least:
        return _("Every envelope grants as much at the smallest amount as at the largest")
    if most > least:
        return _("{envelope} gains the most: {gain}", envelope=name, gain=gain)
    return _("{envelope} loses the most: {gain}", envelope=name, gain=gain)


def _draw_envelopes(
    rows: Sequence[tuple[str, int, int]], amounts: tuple[int, int], label: Text, lang: Lang, width: int
) -> str:
    changes = [
        Change(
            name, before, after, ("+" if after > before else "") + format_short_amount(after - before, lang)
        )
        for name, before, after in rows
    ]
    low, high = (format_round_amount(cents, lang) for cents in amounts)
    return draw_dumbbells(changes, (low, high), write_cents, label.in_(lang), lang, width)
