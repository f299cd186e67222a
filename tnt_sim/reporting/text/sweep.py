"""Sentences of a sweep, shared by the terminal, the page and the notebook."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tnt_sim.analysis.sweep.document import (
    CURVES,
    AnyCurvePoint,
    BandEntry,
    FundedCurvePoint,
    PointGoal,
    SweepDocument,
    SweepEnvelopeEntry,
    SweepPointEntry,
)
from tnt_sim.domain.money import parse_decimal
from tnt_sim.engine.result import Status
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _, _n, join_sentences
from tnt_sim.i18n.numbers import (
    format_amount,
    format_amounts,
    format_decimal,
    format_integer,
    format_rate,
    format_round_amount,
    format_short_amount,
)
from tnt_sim.i18n.parameters import Count, Items, Money, Number
from tnt_sim.reporting.text.vocabulary import write_goal
from tnt_sim.rules.protocols import Sense
from tnt_sim.values.answer_values import label_goal

ABOUT = _("what another envelope buys")
CURVE = {
    "free": _("Each amount for itself (free)"),
    "nested": _("Commitments kept from one amount to the next (nested)"),
}
SHARES = {
    "free": _("What is beyond the written amounts goes freely to envelopes that are not ring-fenced."),
    "pro_rata": _("Every amount under it changes in the same proportion."),
}
PEOPLE = _("Applicants' pop.")
PEOPLE_NOTE = _(
    "Applicants' population: each applicant once; a commune, its EPCI and its department "
    "each count their own."
)
REACHED = _("Inhabitants")
REACHED_NOTE = _("Inhabitants: those of the communes reached, each counted once.")
NOTHING = {
    "infeasible": _("no allocation is possible"),
    "stopped": _("nothing found in time"),
}


def _list_found(document: SweepDocument) -> list[FundedCurvePoint]:
    found = [point.get_list(curve) for point in document.points for curve in CURVES]
    return [entry for entry in found if entry is not None]


def has_inhabitants(document: SweepDocument) -> bool:
    """Whether some list of the sweep has a number of inhabitants."""
    return any(entry.inhabitants is not None for entry in _list_found(document))


def describe_inhabitants(document: SweepDocument) -> list[Text]:
    """Explain what the figures on inhabitants count, if there are any."""
    counted = any(entry.population is not None for entry in _list_found(document))
    return [*([PEOPLE_NOTE] if counted else []), *([REACHED_NOTE] if has_inhabitants(document) else [])]


type CurveList = tuple[SweepPointEntry, FundedCurvePoint]
"""One amount, and its list on a curve."""


def select_lists(document: SweepDocument, curve: str) -> list[CurveList]:
    """Return the amounts of a curve that have a list, each with it."""
    pairs = [(point, point.get_list(curve)) for point in document.points]
    return [(point, entry) for point, entry in pairs if entry is not None]


def list_envelope_titles(document: SweepDocument) -> list[str]:
    """Return the titles of the envelopes that vary; an id where an envelope has none or no amount has a list."""
    pairs = [pair for curve in CURVES for pair in select_lists(document, curve)[:1]]
    titles = {one.id: one.title for __, entry in pairs for one in entry.envelopes}
    return [titles.get(name) or name for name in document.envelopes]


def describe_verdict(document: SweepDocument) -> Text:
    """Say in one sentence how certain the figures are."""
    pairs = [point.get_curve(curve) for point in document.points for curve in CURVES]
    all_items = [entry for entry in pairs if entry is not None]
    lists = [entry for entry in all_items if isinstance(entry, FundedCurvePoint)]
    if document.stopped_by == "interrupt":
        return _(
            "Interrupted: {n_allocations} allocations found are kept; --resume goes on from there.",
            n_allocations=len(all_items),
        )
    if all_items and all(entry.status == Status.INFEASIBLE for entry in all_items):
        return _("No allocation is possible at these amounts.")
    if all_items and not lists:
        return _("No allocation was found in time at these amounts.")
    others = [entry for entry in all_items if not isinstance(entry, FundedCurvePoint)]
    tail = None
    if others and all(entry.status == Status.INFEASIBLE and entry.proof == "PROVED" for entry in others):
        tail = _("Where none is shown, no allocation is possible.")
    elif others:
        tail = _("Where none is shown, none is proven impossible.")
    if all(entry.proof == "PROVED" for entry in lists):
        proven = _n(
            "The allocation is optimal: an exact certificate proves it.",
            "The {n} allocations are optimal: an exact certificate proves each of them.",
            n=len(lists),
        )
        return join_sentences(proven, tail)
    sentences = [_describe_n_proved(lists, k, goal.goal) for k, goal in enumerate(document.goals)]
    bounded = _(
        "Proven optimal: {proven}. The rest is bounded: no allocation exceeds the bound in brackets.",
        proven=Items(sentences),
    )
    return join_sentences(bounded, tail)


def _describe_n_proved(lists: Sequence[FundedCurvePoint], k: int, goal: str) -> Text:
    """Say for how many lists one objective is proved optimal."""
    n = sum(entry.objective[k].gap == "0" for entry in lists)
    return _(
        "{goal} for {n} of {n_lists} lists", goal=label_goal(goal), n=Count(n), n_lists=Count(len(lists))
    )


def describe_sweep(document: SweepDocument, lang: Lang) -> str:
    """Write the title: what varies, from where to where."""
    names = format_list(list_envelope_titles(document), lang)
    amounts = (document.from_cents, document.to_cents, document.base_cents)
    low, high, base = ("–" if cents is None else format_round_amount(cents, lang) for cents in amounts)
    share = SHARES.get(document.share)
    tail = share or _('The difference goes to "{share}".', share=document.share)
    return _(
        "Envelope {names}: from {low} to {high} (as written: {base}). {tail}",
        names=names,
        low=low,
        high=high,
        base=base,
        tail=tail,
    ).in_(lang)


def summarise_sweep(document: SweepDocument, lang: Lang) -> list[str]:
    """Summarise who gets the extra money, what stays unspent, and what earlier announcements cost."""
    points = select_lists(document, document.first_curve)
    sentences = [_describe_gain(points, lang)] if len(points) > 1 else []
    sentences += _describe_unspent(document, points, lang) if points else []
    if document.nested and document.free and len(document.points) > 1:
        sentences += _describe_announcements(document, lang)
    return [
        *sentences,
        *_describe_largest_gap(document, lang),
        *describe_tighter_rules(document, lang),
        *_describe_intervals(document, lang),
    ]


def _describe_gain(points: Sequence[CurveList], lang: Lang) -> str:
    (start, first), (end, last) = points[0], points[-1]
    more = last.n_funded - first.n_funded
    money = last.granted_cents - first.granted_cents
    low, high = (format_round_amount(point.amount_cents, lang) for point in (start, end))
    applications = _n("{n} more application", "{n} more applications", n=more)
    if more < 0:
        applications = _n("{n} application less", "{n} applications less", n=-more)
    where = [
        _("{amount} to {name}", amount=format_short_amount(cents, lang), name=name)
        if cents > 0
        else _("{amount} less to {name}", amount=format_short_amount(-cents, lang), name=name)
        for name, cents in _list_top_changes(first, last)
    ]
    parameters: dict[str, Text | str] = {
        "low": low,
        "high": high,
        "applications": applications,
        "extra": format_round_amount(end.amount_cents - start.amount_cents, lang),
        "granted": format_short_amount(abs(money), lang),
        "where": _(": {where}", where=format_list([part.in_(lang) for part in where], lang))
        if where
        else NO_TEXT,
    }
    if money > 0:
        text = _(
            "From {low} to {high}: {applications}. Of {extra} more, {granted} are granted{where}.",
            **parameters,
        )
    elif money < 0:
        text = _("From {low} to {high}: {applications}. With {extra} more, {granted} less are granted{where}.",
                 **parameters)  # fmt: skip
    else:
        text = _(
            "From {low} to {high}: {applications}. With {extra} more, as much is granted{where}.",
            **parameters,
        )
    return text.in_(lang)


def _list_top_changes(first: FundedCurvePoint, last: FundedCurvePoint) -> list[tuple[str, int]]:
    """List the envelopes just below the programme whose grants change, the largest change first."""
    before = {entry.id: entry.granted_cents for entry in first.envelopes}
    changed = [
        (entry.title or entry.id, entry.granted_cents - before[entry.id])
        for entry in list_top_envelopes(last)
        if entry.granted_cents != before[entry.id]
    ]
    return sorted(changed, key=lambda pair: -pair[1])


def list_top_envelopes(entry: FundedCurvePoint) -> list[SweepEnvelopeEntry]:
    """Return the envelopes just below the programme, or the programme alone."""
    root = next((e.id for e in entry.envelopes if e.parent is None), None)
    return [e for e in entry.envelopes if e.parent == root] or list(entry.envelopes)


def _describe_unspent(document: SweepDocument, points: Sequence[CurveList], lang: Lang) -> list[str]:
    """Describe what stays unspent at the largest and at the smallest amount."""
    (start, first), (end, last) = points[0], points[-1]
    left, before = last.left_cents, first.left_cents
    if left <= 0:
        return []
    low, high = (format_round_amount(point.amount_cents, lang) for point in (start, end))
    also = NO_TEXT
    if len(points) > 1 and before > 0:
        also = _(" ({before} at {low})", before=Money(before), low=low)
    sentences = [
        _("At {high}, {left} remain unspent{also}.", high=high, left=Money(left), also=also).in_(lang)
    ]
    sentences += [
        f"{entry.id}{_(': ').in_(lang)}{format_short_amount(entry.unspent_cents, lang)}. "
        f"{entry.unspent_because}"
        for entry in document.unspent
    ]
    return sentences


def _describe_announcements(document: SweepDocument, lang: Lang) -> list[str]:
    """Say where no allocation keeps the commitments, and what keeping them costs elsewhere."""
    broken = [point for point in document.points if point.get_list("free") and _is_impossible(point.nested)]
    sentences = []
    if broken:
        sentences.append(
            _n(
                "At {n} amount no allocation keeps the commitments: {at}.",
                "At {n} amounts no allocation keeps the commitments, the first being {at}.",
                n=len(broken),
                at=format_round_amount(broken[0].amount_cents, lang),
            )
        )
    priced = [point for point in document.points if point.price_of_nesting is not None]
    if len(priced) > 1:
        sentences.append(
            _describe_commitment_price(document, lang, everywhere=len(priced) == len(document.points))
        )
    return [text.in_(lang) for text in sentences]


def _is_impossible(entry: AnyCurvePoint | None) -> bool:
    return entry is not None and entry.status == Status.INFEASIBLE


def _describe_commitment_price(document: SweepDocument, lang: Lang, *, everywhere: bool) -> Text:
    """Say what keeping the commitments costs at the amounts where both lists are known."""
    goal, (worst, cents) = _find_worst_price(document)
    is_sure = not any(_has_gap(point) or _is_stopped(point) for point in document.points)
    if worst == 0 and not is_sure:
        return _("Of what was found, keeping the commitments costs nothing; but not all is proven.")
    if worst == 0 and not everywhere:
        return _("At the amounts that have both lists, keeping the commitments costs nothing.")
    if worst == 0:
        return _(
            "Keeping the commitments costs nothing here: at each amount the best allocation keeps all "
            "that was announced at the amount before."
        )
    return _(
        "Keeping the commitments costs {worst} ({goal}) at most, at {at}{unsure}.",
        worst=Number(worst),
        goal=label_goal(goal),
        at=format_round_amount(cents, lang),
        unsure=NO_TEXT if is_sure else _(", of what was found (not all is proven)"),
    )


def _is_stopped(point: SweepPointEntry) -> bool:
    entries = (point.free, point.nested)
    return any(entry is not None and entry.status == Status.STOPPED for entry in entries)


def _find_worst_price(document: SweepDocument) -> tuple[str, tuple[Fraction, int]]:
    """Return the largest cost of earlier announcements, in the first objective that has one, and its amount."""
    goal = ""
    for goal in (goal.goal for goal in document.goals):
        prices = [
            (parse_decimal(point.price_of_nesting), point.amount_cents)
            for point in document.points
            if point.price_goal == goal and point.price_of_nesting is not None
        ]
        if prices:
            return goal, max(prices)
    return goal, (Fraction(0), 0)


def format_price(document: SweepDocument, point: SweepPointEntry, lang: Lang) -> str:
    """Write the cost of earlier announcements at an amount; "?" while it is not proved."""
    text = format_decimal(point.price_of_nesting, lang)
    if point.price_goal and len(document.goals) > 1:
        text = f"{text} ({label_goal(point.price_goal).in_(lang)})"
    known = point.price_of_nesting is not None
    return f"{text} (?)" if known and _has_gap(point) else text


def _has_gap(point: SweepPointEntry) -> bool:
    entries = (point.free, point.nested)
    return any(goal.gap != "0" for entry in entries if entry is not None for goal in entry.objective)


def describe_tighter_rules(document: SweepDocument, lang: Lang) -> list[str]:
    """Name the rules that become tighter as the amount grows."""
    rules = [rule.id + (f".{rule.option}" if rule.option else "") for rule in document.tightening]
    if not rules:
        return []
    return [
        _("{rules} asks more as the envelope grows: the value may fall.", rules=format_list(rules, lang)).in_(
            lang
        ),
        *_explain_missing_intervals(document, lang),
    ]


def _explain_missing_intervals(document: SweepDocument, lang: Lang) -> list[str]:
    """Say why nothing is stated between the amounts, although it was requested."""
    if not document.exact and not document.tolerance:
        return []
    option, n = "--exact" if document.exact else "--tolerance", len(document.points)
    return [
        _(
            "So {option} has no effect: an amount says nothing of its neighbours, and only the {n} "
            "amounts above are computed. For others: --at, or --steps.",
            option=option,
            n=n,
        ).in_(lang)
    ]


def _describe_intervals(document: SweepDocument, lang: Lang) -> list[str]:
    """Say what is known between the amounts, if requested."""
    steps = document.steps
    if not steps or not steps.amount_cents:
        return []
    n = format_integer(len(steps.amount_cents), lang)
    tolerance = _format_tolerance(document, lang)
    wide = [part for part in document.band if not part.within_tolerance]
    if document.exact:
        sentence = _("The exact curve has {n} steps: every amount at which the best allocation changes.", n=n)
        if wide:
            sentence = _("{n} steps are found.", n=n)
    else:
        sentence = _(
            "The free curve is known within {tolerance} from end to end. Amounts examined between its ends: {n}.",
            tolerance=tolerance,
            n=n,
        )
        if wide:
            sentence = _(
                "The tolerance ({tolerance}) is not reached everywhere. Amounts examined: {n}.",
                tolerance=tolerance,
                n=n,
            )
    return [sentence.in_(lang), *_describe_widest_interval(document, wide, lang)]


def _format_tolerance(document: SweepDocument, lang: Lang) -> str:
    text = document.tolerance or ""
    size = text.removesuffix(" %")
    if size != text:
        return format_rate(Fraction(size) / 100, lang, decimals=6)
    return f"{format_decimal(size, lang)} ({label_goal(document.goals[0].goal).in_(lang)})" if text else ""


def _describe_widest_interval(document: SweepDocument, wide: Sequence[BandEntry], lang: Lang) -> list[str]:
    """Say how many intervals stay open, and which is the widest."""
    known = [(parse_decimal(part.width), part) for part in wide if part.width is not None]
    if not wide:
        return []
    why = NO_TEXT
    if document.stopped_by == "time":
        why = _(" when the time is over")
    many = _n("{n} interval stays open", "{n} intervals stay open", n=len(wide))
    sentence = _("{many}{why}: the value is bounded there.", many=many, why=why)
    if known:
        worst = max(known, key=lambda pair: pair[0])[1]
        low, high = format_amounts([worst.from_cents, worst.until_cents], lang)
        bounds = (worst.low, worst.high, worst.width)
        least, most, width = (format_decimal(value, lang) for value in bounds)
        sentence = _(
            "{many}{why}. The widest, from {low} to {high}: between {least} and {most}, that is {width}.",
            many=many,
            why=why,
            low=low,
            high=high,
            least=least,
            most=most,
            width=width,
        )
    return [sentence.in_(lang)]


def _describe_largest_gap(document: SweepDocument, lang: Lang) -> list[str]:
    """Name the amount with the largest gap, in units of the objective and in euros."""
    points = select_lists(document, "free")
    for k, goal in enumerate(document.goals):
        stages = [(point, entry, entry.objective[k]) for point, entry in points]
        gaps = [
            (parse_decimal(stage.gap), point, entry, stage)
            for point, entry, stage in stages
            if stage.gap is not None and stage.gap != "0"
        ]
        if not gaps:
            continue
        __, point, entry, stage = max(gaps, key=lambda found: found[0])
        at, cents = format_round_amount(point.amount_cents, lang), entry.width_cents
        gap, value, bound = (format_decimal(text, lang) for text in (stage.gap, stage.value, stage.bound))
        euros = NO_TEXT
        if cents:
            least, less = format_amount(point.amount_cents - cents, lang), format_short_amount(cents, lang)
            euros = _(" In euros: nothing as good below {least} ({less} less).", least=least, less=less)
        most = _("at most") if goal.sense == Sense.MAXIMISE else _("at least")
        return [
            _(
                "The gap is widest at {at}: {goal} is {value}, and {bound} {most} ({gap}).{euros}",
                at=at,
                goal=write_goal(goal.goal),
                value=value,
                bound=bound,
                most=most,
                gap=gap,
                euros=euros,
            ).in_(lang)
        ]
    return []


def format_value(goal: PointGoal, lang: Lang) -> str:
    """Write a value, with its certified bound if it is not proved optimal."""
    text = format_decimal(goal.value, lang)
    if goal.gap == "0":
        return text
    sign = "≤" if goal.sense == Sense.MAXIMISE else "≥"
    return f"{text} ({sign} {format_decimal(goal.bound, lang)})" if goal.bound is not None else f"{text} (?)"
