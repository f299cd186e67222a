"""Pictures of the page of a sweep: the curve as steps, what each amount reaches, who enters, the envelopes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from tnt_sim.analysis.sweep.document import FundedCurvePoint, SweepDocument
from tnt_sim.i18n.message import NO_TEXT, Capitalised, Text, _, _n, join_sentences
from tnt_sim.i18n.parameters import Count, Items, Listed, Number, Rate, RoundMoney, ShortMoney, SignedMoney
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.charts.curves import Curves, NamedCurve
from tnt_sim.reporting.charts.dumbbells import Change, Dumbbells
from tnt_sim.reporting.charts.svg import Measure, describe_break
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import Chart, Kind
from tnt_sim.reporting.text.sweep import CURVE, list_envelope_titles, list_top_envelopes, select_lists
from tnt_sim.reporting.text.vocabulary import write_goal
from tnt_sim.rules.protocols import Sense
from tnt_sim.values.answer_values import label_goal

MOST_STEPS_NAMED = 15
KEYS = {"value": "value", "funded": "n_funded", "granted": "granted"}
"""Measures of the curve, and the column of each in a frame."""
_READERS: Mapping[str, Callable[[FundedCurvePoint], float]] = {
    "value": lambda entry: float(Fraction(entry.objective[0].value)),
    "funded": lambda entry: float(entry.n_funded),
    "granted": lambda entry: float(entry.granted_cents),
}
_INDEX_MARKS = (Mark.GRANTED, Mark.LOSS, Mark.COMMITTED)
MOST_ENVELOPES = 12


def build_charts(document: SweepDocument) -> dict[str, Chart]:
    """Return the pictures that the document has data for, by kind; none for a single amount."""
    if len(select_lists(document, document.first_curve)) < 2:
        return {}
    charts = {"curve": build_curve(document), "figures": build_index(document)}
    if document.dossiers:
        charts["ladder"] = _build_entries(document)
    return {**charts, "envelopes": _build_envelopes(document)}


def _list_curves(document: SweepDocument, measure: str) -> list[NamedCurve]:
    """Return the curves of a measure, one alone where both are equal."""
    read = _READERS[measure]
    curves: list[NamedCurve] = []
    for name, mark in (("free", Mark.GRANTED), ("nested", Mark.LOSS)):
        points = [(float(point.amount_cents), read(entry)) for point, entry in select_lists(document, name)]
        steps = document.steps
        if name == "free" and steps is not None and steps.amount_cents:
            columns: Mapping[str, Sequence[str | int]] = {
                "value": steps.value,
                "funded": steps.n_funded,
                "granted": steps.granted_cents,
            }
            points = [
                (float(cents), float(Fraction(value)))
                for cents, value in zip(steps.amount_cents, columns[measure], strict=True)
            ]
            points.append((float(document.to_cents), points[-1][1]))
        if points and not (curves and points == curves[0].points):
            curves.append(NamedCurve(name, CURVE[name], mark, points))
    return curves


def _list_bands(document: SweepDocument) -> list[tuple[float, float, float, float]]:
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


def build_curve(document: SweepDocument, measure: str = "value") -> Chart:
    """Return the value of the first objective, the `funded` applications or the sum `granted`, by amount."""
    curves = _list_curves(document, measure)
    if not curves:
        raise ValueError("no amount has a list: there is nothing to draw")
    goal = Capitalised(label_goal(document.goals[0].goal))
    title = {"value": goal, "funded": _("Funded applications"), "granted": _("Amount granted")}[measure]
    is_money = measure == "granted"
    kinds = {"value": Kind.DECIMAL, "funded": Kind.COUNT, "granted": Kind.ROUND_MONEY}
    y = Measure(title, kinds[measure], KEYS[measure])
    base = document.base_cents
    here = None if base is None else (float(base), _("written: {amount}", amount=RoundMoney(base)))
    bands = _list_bands(document) if measure == "value" else []
    picture = Curves(curves, _measure_amount(document), y, bands, here, diagonal=is_money)
    question = join_sentences(
        _("{goal} by amount; grey: the value is proven to lie there.", goal=title)
        if bands
        else _("{goal} by amount.", goal=title),
        _("Thin line: all of the amount.") if is_money else None,
        describe_break(picture.choose_scale()),
    )
    return Chart(picture, _describe_rise(document, measure), question)


def _describe_rise(document: SweepDocument, measure: str) -> Text:
    """Say by how much a measure changes from the least amount to the greatest."""
    pairs = select_lists(document, document.first_curve)
    (start, first), (end, last) = pairs[0], pairs[-1]
    low, high, goal = RoundMoney(start.amount_cents), RoundMoney(end.amount_cents), document.goals[0].goal
    if measure == "funded":
        return _(
            "From {low} to {high}, funded applications go from {before} to {after}",
            low=low, high=high, before=Count(first.n_funded), after=Count(last.n_funded),
        )  # fmt: skip
    if measure == "granted":
        return _(
            "From {low} to {high}, the amount granted goes from {before} to {after}",
            low=low, high=high, before=ShortMoney(first.granted_cents), after=ShortMoney(last.granted_cents),
        )  # fmt: skip
    before, after = (Fraction(entry.objective[0].value) for entry in (first, last))
    if start is end:
        return _("At {amount}, {goal} is {value}", amount=low, goal=write_goal(goal), value=Number(before))
    if before == after:
        return _(
            "From {low} to {high}, {goal} stays at {value}",
            low=low, high=high, goal=write_goal(goal), value=Number(before),
        )  # fmt: skip
    rate = NO_TEXT
    if before > 0:
        change = Rate(abs(after - before) / before, decimals=1)
        rate = _(" ({rate} more)", rate=change) if after > before else _(" ({rate} less)", rate=change)
    return _(
        "From {low} to {high}, {goal} goes from {first} to {last}{rate}",
        low=low, high=high, goal=write_goal(goal), first=Number(before), last=Number(after), rate=rate,
    )  # fmt: skip


def describe_amount(document: SweepDocument) -> Text:
    """Return the title of an axis of amounts."""
    return _("Amount of {name}", name=Listed(list_envelope_titles(document), 3))


def _measure_amount(document: SweepDocument) -> Measure:
    return Measure(describe_amount(document), Kind.ROUND_MONEY, "amount")


def build_index(document: SweepDocument) -> Chart:
    """Return what each amount reaches, 100 at the smallest; what is granted where nothing else changes."""
    lists = select_lists(document, document.first_curve)
    columns: Mapping[str, tuple[Text, list[int | None]]] = {
        "n_funded": (_("funded applications"), [entry.n_funded for _point, entry in lists]),
        "population": (_("population of the applicants"), [entry.population for _point, entry in lists]),
        "n_departments": (_("departments reached"), [entry.n_departments for _point, entry in lists]),
    }
    amounts = [float(point.amount_cents) for point, _entry in lists]
    curves, flat = [], []
    for (key, (name, counts)), mark in zip(columns.items(), _INDEX_MARKS, strict=True):
        first = counts[0]
        if not first or None in counts:
            continue
        if len(set(counts)) == 1:
            flat.append(name)
        else:
            index = [100.0 * (count or 0) / first for count in counts]
            curves.append(NamedCurve(key, name, mark, list(zip(amounts, index, strict=True))))
    y = Measure("", key="index")
    if not curves:
        granted = [float(entry.granted_cents) for _point, entry in lists]
        y = Measure("", Kind.ROUND_MONEY, "granted")
        curves = [NamedCurve("granted", _("granted"), Mark.GRANTED, list(zip(amounts, granted, strict=True)))]
    picture = Curves(curves, _measure_amount(document), y, stepped=False)
    question = join_sentences(
        _("100 is the value at the smallest amount.") if y.key == "index" else None,
        *(_("Unchanged: {name}.", name=name) for name in flat),
        describe_break(picture.choose_scale()),
    )
    return Chart(picture, _describe_reach(lists[0][1], lists[-1][1]), question)


def _describe_reach(first: FundedCurvePoint, last: FundedCurvePoint) -> Text:
    """Say how many applications the smallest and the largest amount fund."""
    return _(
        "Funded applications: {before} at the smallest amount, {after} at the largest",
        before=Count(first.n_funded),
        after=Count(last.n_funded),
    )


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
    return Chart(_build_entry_bars(counts, size), finding, question)


def _build_entry_bars(counts: Sequence[tuple[int, int]], size: int) -> Bars:
    """Return who enters at each amount, or at so many neighbouring amounts together: no entry is left out."""
    bars = []
    for k in range(0, len(counts), size):
        group = counts[k : k + size]
        ends = dict.fromkeys(RoundMoney(cents) for cents in (group[0][0], group[-1][0]))
        n = sum(count for _cents, count in group)
        bars.append(Bar(Items(list(ends), " –"), [n], [Count(n)]))
    return Bars(bars)


def _build_envelopes(document: SweepDocument) -> Chart:
    lists = select_lists(document, document.first_curve)
    (start, first), (end, last) = lists[0], lists[-1]
    before = {entry.id: entry.granted_cents for entry in first.envelopes}
    rows = [
        (entry.id, entry.title or entry.id, before.get(entry.id, 0), entry.granted_cents)
        for entry in list_top_envelopes(last)
    ]
    rows.sort(key=lambda row: -abs(row[3] - row[2]))
    _id, name, least, most = rows[0]
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
    changes = [
        Change(id_, title, before, after, SignedMoney(after - before))
        for id_, title, before, after in rows[:MOST_ENVELOPES]
    ]
    sides = (RoundMoney(start.amount_cents), RoundMoney(end.amount_cents))
    return Chart(Dumbbells(changes, sides), finding, question)


def describe_largest_gain(name: str, least: int, most: int) -> Text:
    """Say what the envelope that changes most gains or loses from the smallest amount to the largest, in cents."""
    gain = ShortMoney(abs(most - least))
    if most == least:
        return _("Every envelope grants as much at the smallest amount as at the largest")
    if most > least:
        return _("{envelope} gains the most: {gain}", envelope=name, gain=gain)
    return _("{envelope} loses the most: {gain}", envelope=name, gain=gain)
