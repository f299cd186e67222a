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
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import (
    format_amount,
    format_amounts,
    format_count,
    format_decimal,
    format_integer,
    format_list,
    format_number,
    format_short_amount,
)
from tnt_sim.rules.protocols import Sense

ABOUT = Text("ce qu'achète une autre enveloppe", "what another envelope buys")
CURVE = {
    "free": Text("Chaque montant pour lui-même (libre)", "Each amount for itself (free)"),
    "nested": Text(
        "Promesses tenues d'un montant au suivant (cumulatif)",
        "Promises kept from one amount to the next (nested)",
    ),
}
SHARES = {
    "free": Text(
        "Ce qui dépasse les montants écrits va librement aux enveloppes qui ne sont pas cantonnées.",
        "What is beyond the written amounts goes freely to envelopes that are not ring-fenced.",
    ),
    "pro_rata": Text(
        "Tous les montants qui en dépendent changent dans la même proportion.",
        "Every amount under it changes in the same proportion.",
    ),
}
PEOPLE = Text("Pop. des porteurs", "Applicants' pop.")
PEOPLE_NOTE = Text(
    "Population des porteurs : chaque porteur une fois ; une commune, son EPCI et son département comptent chacun "
    "les leurs.",
    "Applicants' population: each applicant once; a commune, its EPCI and its department each count their own.",
)
REACHED = Text("Habitants", "Inhabitants")
REACHED_NOTE = Text(
    "Habitants : ceux des communes atteintes, chacun compté une fois.",
    "Inhabitants: those of the communes reached, each counted once.",
)
NOTHING = {
    "infeasible": Text("aucune répartition ne tient", "no allocation fits"),
    "stopped": Text("rien trouvé à temps", "nothing found in time"),
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


def describe_verdict(document: SweepDocument) -> Text:
    """Say in one sentence how certain the figures are."""
    pairs = [point.get_curve(curve) for point in document.points for curve in CURVES]
    all_items = [entry for entry in pairs if entry is not None]
    proven = sum(entry.proof == "PROVED" for entry in all_items)
    if document.stopped_by == "interrupt":
        return Text(
            f"Interrompu : {len(all_items)} répartitions trouvées sont gardées ; --resume reprend la suite.",
            f"Interrupted: {len(all_items)} allocations found are kept; --resume goes on from there.",
        )
    if all_items and proven == len(all_items):
        return Text(
            f"Les {len(all_items)} répartitions sont optimales : chacune est prouvée par un certificat exact.",
            f"All {len(all_items)} allocations are optimal: each is proven by an exact certificate.",
        )
    sentences = [_describe_n_proved(all_items, k, goal.goal) for k, goal in enumerate(document.goals)]
    return Text(
        f"Prouvé optimal : {', '.join(text.fr for text in sentences)}. Le reste est encadré : aucune répartition "
        "ne dépasse la borne dite entre parenthèses.",
        f"Proven optimal: {', '.join(text.en for text in sentences)}. The rest is within certified bounds.",
    )


def _describe_n_proved(points: Sequence[AnyCurvePoint], k: int, goal: str) -> Text:
    """Say at how many amounts one objective is proved optimal."""
    n = sum(bool(entry.objective) and entry.objective[k].gap == "0" for entry in points)
    return Text(f"{goal} à {n} montants sur {len(points)}", f"{goal} at {n} of {len(points)} amounts")


def describe_sweep(document: SweepDocument, lang: Lang) -> str:
    """Write the title: what varies, from where to where."""
    names = format_list(document.envelopes, lang)
    amounts = (document.from_cents, document.to_cents, document.base_cents)
    low, high, base = (format_short_amount(cents, lang) for cents in amounts)
    share = SHARES.get(document.share)
    tail = share.in_(lang) if share else Text(
        f"La différence va à « {document.share} ».", f'The difference goes to "{document.share}".'
    ).in_(lang)  # fmt: skip
    return Text(
        f"Enveloppe {names} de {low} à {high} (montant écrit : {base}). {tail}",
        f"Envelope {names} from {low} to {high} (as written: {base}). {tail}",
    ).in_(lang)


def summarise_sweep(document: SweepDocument, lang: Lang) -> list[str]:
    """Summarise who gets the extra money, what stays unspent, and what earlier announcements cost."""
    points = select_lists(document, document.first_curve)
    sentences = [_describe_gain(points, lang)] if len(points) > 1 else []
    sentences += _describe_unspent(document, points, lang) if points else []
    sentences += (
        [_describe_announcements(document, lang)]
        if document.nested and document.free and len(points) > 1
        else []
    )
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
    extra = end.amount_cents - start.amount_cents
    where = [
        f"{format_short_amount(cents, lang)} {Text('à', 'to').in_(lang)} {name}"
        for name, cents in _list_top_changes(first, last)
    ]
    to = f" : {format_list(where, lang)}" if where else ""
    low, high = (format_short_amount(point.amount_cents, lang) for point in (start, end))
    dossiers = format_count(
        more, ("dossier de plus", "dossiers de plus"), ("more dossier", "more dossiers"), lang
    )
    return Text(
        f"De {low} à {high} : {dossiers}. Sur {format_short_amount(extra, lang)} de plus, "
        f"{format_short_amount(money, lang)} "
        f"sont accordés{to}.",
        f"From {low} to {high}: {dossiers}. Of {format_short_amount(extra, lang)} more, "
        f"{format_short_amount(money, lang)} "
        f"are granted{to.replace(' : ', ': ')}.",
    ).in_(lang)


def _list_top_changes(first: FundedCurvePoint, last: FundedCurvePoint) -> list[tuple[str, int]]:
    """List the envelopes just below the programme whose grants change, the largest change first."""
    before = {entry.id: entry.granted_cents for entry in first.envelopes}
    changed = [
        (entry.id, entry.granted_cents - before[entry.id])
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
    low, high = (format_short_amount(point.amount_cents, lang) for point in (start, end))
    also = Text("", "")
    if len(points) > 1 and before > 0:
        also = Text(f" ({format_amount(before, lang)} à {low})", f" ({format_amount(before, lang)} at {low})")
    sentences = [
        Text(
            f"À {high}, {format_amount(left, lang)} restent non dépensés{also.fr}.",
            f"At {high}, {format_amount(left, lang)} remain unspent{also.en}.",
        ).in_(lang)
    ]
    sentences += [
        f"{entry.id}{Text(' : ', ': ').in_(lang)}{format_short_amount(entry.unspent_cents, lang)}. "
        f"{entry.unspent_because}"
        for entry in document.unspent
    ]
    return sentences


def _describe_announcements(document: SweepDocument, lang: Lang) -> str:
    goal, worst = _find_worst_price(document)
    unsure = Text("", "")
    if any(_has_gap(point) for point in document.points):
        unsure = Text(
            ", sur ce qui est trouvé (tout n'est pas prouvé)", ", of what was found (not all is proven)"
        )
    at = format_short_amount(worst[1], lang)
    if worst[0] == 0 and unsure.fr:
        return Text(
            "Sur ce qui est trouvé, tenir les promesses ne coûte rien ; mais tout n'est pas prouvé.",
            "Of what was found, keeping the promises costs nothing; but not all is proven.",
        ).in_(lang)
    if worst[0] == 0:
        return Text(
            "Tenir les promesses ne coûte rien ici : à chaque montant, la meilleure répartition garde tout ce "
            "qui était annoncé au montant d'avant.",
            "Keeping the promises costs nothing here: at each amount the best allocation keeps all that was "
            "announced at the amount before.",
        ).in_(lang)
    return Text(
        f"Tenir les promesses coûte au plus {format_number(worst[0], lang)} ({goal}), à {at}{unsure.fr}.",
        f"Keeping the promises costs {format_number(worst[0], lang)} ({goal}) at most, at {at}{unsure.en}.",
    ).in_(lang)


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
        text = f"{text} {point.price_goal}"
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
        Text(
            f"{format_list(rules, lang)} demande davantage quand l'enveloppe grandit : la valeur peut baisser.",
            f"{format_list(rules, lang)} asks more as the envelope grows: the value may fall.",
        ).in_(lang),
        *_explain_missing_intervals(document, lang),
    ]


def _explain_missing_intervals(document: SweepDocument, lang: Lang) -> list[str]:
    """Say why nothing is stated between the amounts, although it was requested."""
    if not document.exact and not document.tolerance:
        return []
    option, n = "--exact" if document.exact else "--tolerance", len(document.points)
    return [
        Text(
            f"{option} reste donc sans effet : un montant ne dit rien de ses voisins, et seuls les {n} montants "
            "ci-dessus sont calculés. Pour d'autres : --at, ou --steps.",
            f"So {option} has no effect: an amount says nothing of its neighbours, and only the {n} amounts "
            "above are computed. For others: --at, or --steps.",
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
        sentence = Text(
            f"La courbe exacte a {n} paliers : tous les montants où la meilleure répartition change.",
            f"The exact curve has {n} steps: every amount at which the best allocation changes.",
        )
        if wide:
            sentence = Text(f"{n} paliers sont trouvés.", f"{n} steps are found.")
    else:
        sentence = Text(
            f"La courbe libre est connue à {tolerance} près d'un bout à l'autre : {n} montants regardés.",
            f"The free curve is known within {tolerance} from end to end: {n} amounts looked at.",
        )
        if wide:
            sentence = Text(
                f"La tolérance ({tolerance}) n'est pas tenue partout : {n} montants regardés.",
                f"The tolerance ({tolerance}) is not kept everywhere: {n} amounts looked at.",
            )
    return [sentence.in_(lang), *_describe_widest_interval(document, wide, lang)]


def _format_tolerance(document: SweepDocument, lang: Lang) -> str:
    text = document.tolerance or ""
    size = text.removesuffix(" %")
    if size != text:
        return f"{format_decimal(size, lang)}\u00a0%"
    return f"{format_decimal(size, lang)} ({document.goals[0].goal})" if text else ""


def _describe_widest_interval(document: SweepDocument, wide: Sequence[BandEntry], lang: Lang) -> list[str]:
    """Say how many intervals stay open, and which is the widest."""
    known = [(parse_decimal(part.width), part) for part in wide if part.width is not None]
    if not wide:
        return []
    why = Text("", "")
    if document.stopped_by == "time":
        why = Text(" quand le temps s'achève", " when the time is over")
    many = format_count(len(wide), ("intervalle reste ouvert", "intervalles restent ouverts"),
                  ("interval stays open", "intervals stay open"), lang)  # fmt: skip
    sentence = Text(
        f"{many}{why.fr} : la valeur y est encadrée.", f"{many}{why.en}: the value is bounded there."
    )
    if known:
        worst = max(known, key=lambda pair: pair[0])[1]
        low, high = format_amounts([worst.from_cents, worst.until_cents], lang)
        bounds = (worst.low, worst.high, worst.width)
        least, most, width = (format_decimal(value, lang) for value in bounds)
        sentence = Text(
            f"{many}{why.fr}. Le plus large, de {low} à {high} : entre {least} et {most}, soit {width}.",
            f"{many}{why.en}. The widest, from {low} to {high}: between {least} and {most}, that is {width}.",
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
        _, point, entry, stage = max(gaps, key=lambda found: found[0])
        at, cents = format_short_amount(point.amount_cents, lang), entry.width_cents
        gap, value, bound = (format_decimal(text, lang) for text in (stage.gap, stage.value, stage.bound))
        euros = Text("", "")
        if cents:
            least, less = format_amount(point.amount_cents - cents, lang), format_short_amount(cents, lang)
            euros = Text(
                f" En euros : rien d'aussi bon au-dessous de {least} ({less} de moins).",
                f" In euros: nothing as good below {least} ({less} less).",
            )
        most = Text("au plus", "at most") if goal.sense == Sense.MAXIMISE else Text("au moins", "at least")
        return [
            Text(
                f"L'écart est le plus grand à {at} : {goal.goal} vaut {value}, et {bound} {most.fr} "
                f"({gap}).{euros.fr}",
                f"The gap is widest at {at}: {goal.goal} is {value}, and {bound} {most.en} ({gap}).{euros.en}",
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
