"""Sentences of a sweep, shared by the terminal, the page and the notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import (
    format_amount,
    format_amounts,
    format_count,
    format_decimal,
    format_short_amount,
)
from tnt_sim.rules.expressions.column_text import format_integer, format_list, format_number
from tnt_sim.rules.protocols import Sense

Document = Mapping[str, Any]
ABOUT = Text("ce qu'achète une autre enveloppe", "what another envelope buys")
CURVES = ("free", "nested")
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


def has_figure(document: Document, figure: str) -> bool:
    """Whether some point of the sweep has a figure."""
    return any(p[c] and p[c].get(figure) is not None for p in document["points"] for c in CURVES)


def describe_inhabitants(document: Document) -> list[Text]:
    """Explain what the figures on inhabitants count, if there are any."""
    notes = (("population", PEOPLE_NOTE), ("inhabitants", REACHED_NOTE))
    return [note for figure, note in notes if has_figure(document, figure)]


def get_last_point(document: Document, curve: str) -> Mapping[str, Any] | None:
    """Return the last point of a curve that has an allocation."""
    return next((p for p in reversed(document["points"]) if has_list(p, curve)), None)


def has_list(point: Mapping[str, Any], curve: str) -> bool:
    """Whether a point of a curve has an allocation."""
    return bool(point[curve] and point[curve]["objective"])


def describe_verdict(document: Document) -> Text:
    """Say in one sentence how certain the figures are."""
    all_items = [p[c] for p in document["points"] for c in CURVES if p[c]]
    proven = sum(entry["proof"] == "PROVED" for entry in all_items)
    if document["stopped_by"] == "interrupt":
        return Text(
            f"Interrompu : {len(all_items)} répartitions trouvées sont gardées ; --resume reprend la suite.",
            f"Interrupted: {len(all_items)} allocations found are kept; --resume goes on from there.",
        )
    if all_items and proven == len(all_items):
        return Text(
            f"Les {len(all_items)} répartitions sont optimales : chacune est prouvée par un certificat exact.",
            f"All {len(all_items)} allocations are optimal: each is proven by an exact certificate.",
        )
    sentences = [_describe_n_proved(all_items, k, goal["goal"]) for k, goal in enumerate(document["goals"])]
    return Text(
        f"Prouvé optimal : {', '.join(text.fr for text in sentences)}. Le reste est encadré : aucune répartition "
        "ne dépasse la borne dite entre parenthèses.",
        f"Proven optimal: {', '.join(text.en for text in sentences)}. The rest is within certified bounds.",
    )


def _describe_n_proved(points: Sequence[Mapping[str, Any]], k: int, goal: str) -> Text:
    """Say at how many amounts one objective is proved optimal."""
    n = sum(bool(entry["objective"]) and entry["objective"][k]["gap"] == "0" for entry in points)
    return Text(f"{goal} à {n} montants sur {len(points)}", f"{goal} at {n} of {len(points)} amounts")


def describe_sweep(document: Document, lang: Lang) -> str:
    """Write the title: what varies, from where to where."""
    names = format_list(document["envelopes"], lang)
    low, high, base = (
        format_short_amount(document[key], lang) for key in ("from_cents", "to_cents", "base_cents")
    )
    share = SHARES.get(document["share"])
    tail = share.in_(lang) if share else Text(
        f"La différence va à « {document['share']} ».", f'The difference goes to "{document["share"]}".'
    ).in_(lang)  # fmt: skip
    return Text(
        f"Enveloppe {names} de {low} à {high} (montant écrit : {base}). {tail}",
        f"Envelope {names} from {low} to {high} (as written: {base}). {tail}",
    ).in_(lang)


def summarise_sweep(document: Document, lang: Lang) -> list[str]:
    """Summarise who gets the extra money, what stays unspent, and what earlier announcements cost."""
    curve = "free" if document["free"] else "nested"
    points = [p for p in document["points"] if has_list(p, curve)]
    sentences = [_describe_gain(points, curve, lang)] if len(points) > 1 else []
    sentences += _describe_unspent(document, points, curve, lang) if points else []
    sentences += (
        [_describe_announcements(document, lang)]
        if document["nested"] and document["free"] and len(points) > 1
        else []
    )
    return [
        *sentences,
        *_describe_largest_gap(document, lang),
        *describe_tighter_rules(document, lang),
        *_describe_intervals(document, lang),
    ]


def _describe_gain(points: Sequence[Mapping[str, Any]], curve: str, lang: Lang) -> str:
    first, last = points[0], points[-1]
    more = last[curve]["n_funded"] - first[curve]["n_funded"]
    money = last[curve]["granted_cents"] - first[curve]["granted_cents"]
    extra = last["amount_cents"] - first["amount_cents"]
    where = [
        f"{format_short_amount(cents, lang)} {Text('à', 'to').in_(lang)} {name}"
        for name, cents in _list_top_changes(first[curve], last[curve])
    ]
    to = f" : {format_list(where, lang)}" if where else ""
    low, high = (format_short_amount(point["amount_cents"], lang) for point in (first, last))
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


def _list_top_changes(first: Mapping[str, Any], last: Mapping[str, Any]) -> list[tuple[str, int]]:
    """List the envelopes just below the programme whose grants change, the largest change first."""
    before = {entry["id"]: entry["granted_cents"] for entry in first["envelopes"]}
    changed = [
        (entry["id"], entry["granted_cents"] - before[entry["id"]])
        for entry in list_top_envelopes(last)
        if entry["granted_cents"] != before[entry["id"]]
    ]
    return sorted(changed, key=lambda pair: -pair[1])


def list_top_envelopes(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the envelopes just below the programme, or the programme alone."""
    root = next((e["id"] for e in entry["envelopes"] if e["parent"] is None), None)
    return [e for e in entry["envelopes"] if e["parent"] == root] or list(entry["envelopes"])


def _describe_unspent(
    document: Document, points: Sequence[Mapping[str, Any]], curve: str, lang: Lang
) -> list[str]:
    """Describe what stays unspent at the largest and at the smallest amount."""
    first, last = points[0], points[-1]
    left, before = last[curve]["left_cents"], first[curve]["left_cents"]
    if left <= 0:
        return []
    low, high = (format_short_amount(point["amount_cents"], lang) for point in (first, last))
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
        f"{entry['id']}{Text(' : ', ': ').in_(lang)}{format_short_amount(entry['unspent_cents'], lang)}. "
        f"{entry['unspent_because']}"
        for entry in document["unspent"]
    ]
    return sentences


def _describe_announcements(document: Document, lang: Lang) -> str:
    goal, worst = _find_worst_price(document)
    unsure = Text("", "")
    if any(_has_gap(point) for point in document["points"]):
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


def _find_worst_price(document: Document) -> tuple[str, tuple[Fraction, int]]:
    """Return the largest cost of earlier announcements, in the first objective that has one, and its amount."""
    goal = ""
    for goal in (goal["goal"] for goal in document["goals"]):
        prices = [
            (parse_decimal(point["price_of_nesting"]), point["amount_cents"])
            for point in document["points"]
            if point["price_goal"] == goal
        ]
        if prices:
            return goal, max(prices)
    return goal, (Fraction(0), 0)


def format_price(document: Document, point: Mapping[str, Any], lang: Lang) -> str:
    """Write the cost of earlier announcements at an amount; "?" while it is not proved."""
    text = format_decimal(point["price_of_nesting"], lang)
    if point["price_goal"] and len(document["goals"]) > 1:
        text = f"{text} {point['price_goal']}"
    known = point["price_of_nesting"] is not None
    return f"{text} (?)" if known and _has_gap(point) else text


def _has_gap(point: Mapping[str, Any]) -> bool:
    return any(goal["gap"] != "0" for curve in CURVES for goal in (point[curve] or {}).get("objective", ()))


def describe_tighter_rules(document: Document, lang: Lang) -> list[str]:
    """Name the rules that become tighter as the amount grows."""
    rules = [rule["id"] + (f".{rule['option']}" if rule["option"] else "") for rule in document["tightening"]]
    if not rules:
        return []
    return [
        Text(
            f"{format_list(rules, lang)} demande davantage quand l'enveloppe grandit : la valeur peut baisser.",
            f"{format_list(rules, lang)} asks more as the envelope grows: the value may fall.",
        ).in_(lang),
        *_explain_missing_intervals(document, lang),
    ]


def _explain_missing_intervals(document: Document, lang: Lang) -> list[str]:
    """Say why nothing is stated between the amounts, although it was requested."""
    if not document["exact"] and not document["tolerance"]:
        return []
    option, n = "--exact" if document["exact"] else "--tolerance", len(document["points"])
    return [
        Text(
            f"{option} reste donc sans effet : un montant ne dit rien de ses voisins, et seuls les {n} montants "
            "ci-dessus sont calculés. Pour d'autres : --at, ou --steps.",
            f"So {option} has no effect: an amount says nothing of its neighbours, and only the {n} amounts "
            "above are computed. For others: --at, or --steps.",
        ).in_(lang)
    ]


def _describe_intervals(document: Document, lang: Lang) -> list[str]:
    """Say what is known between the amounts, if requested."""
    steps = document["steps"]
    if not steps or not steps["amount_cents"]:
        return []
    n = format_integer(len(steps["amount_cents"]), lang)
    tolerance = _format_tolerance(document, lang)
    wide = [part for part in document["band"] if not part["within_tolerance"]]
    if document["exact"]:
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


def _format_tolerance(document: Document, lang: Lang) -> str:
    text = document["tolerance"] or ""
    size = text.removesuffix(" %")
    if size != text:
        return f"{format_decimal(size, lang)}\u00a0%"
    return f"{format_decimal(size, lang)} ({document['goals'][0]['goal']})" if text else ""


def _describe_widest_interval(document: Document, wide: Sequence[Mapping[str, Any]], lang: Lang) -> list[str]:
    """Say how many intervals stay open, and which is the widest."""
    known = [part for part in wide if part["width"] is not None]
    if not wide:
        return []
    why = Text("", "")
    if document["stopped_by"] == "time":
        why = Text(" quand le temps s'achève", " when the time is over")
    many = format_count(len(wide), ("intervalle reste ouvert", "intervalles restent ouverts"),
                  ("interval stays open", "intervals stay open"), lang)  # fmt: skip
    sentence = Text(
        f"{many}{why.fr} : la valeur y est encadrée.", f"{many}{why.en}: the value is bounded there."
    )
    if known:
        worst = max(known, key=lambda part: parse_decimal(part["width"]))
        low, high = format_amounts([worst["from_cents"], worst["until_cents"]], lang)
        least, most, width = (format_decimal(worst[key], lang) for key in ("low", "high", "width"))
        sentence = Text(
            f"{many}{why.fr}. Le plus large, de {low} à {high} : entre {least} et {most}, soit {width}.",
            f"{many}{why.en}. The widest, from {low} to {high}: between {least} and {most}, that is {width}.",
        )
    return [sentence.in_(lang)]


def _describe_largest_gap(document: Document, lang: Lang) -> list[str]:
    """Name the amount with the largest gap, in units of the objective and in euros."""
    points = [p for p in document["points"] if has_list(p, "free")]
    for k, goal in enumerate(document["goals"]):
        found = [(p, p["free"]["objective"][k]) for p in points]
        open_ = [(p, told) for p, told in found if told["gap"] not in (None, "0")]
        if not open_:
            continue
        point, told = max(open_, key=lambda pair: parse_decimal(pair[1]["gap"]))
        at, cents = format_short_amount(point["amount_cents"], lang), point["free"]["width_cents"]
        gap, value, bound = (format_decimal(told[key], lang) for key in ("gap", "value", "bound"))
        euros = Text("", "")
        if cents:
            least, less = format_amount(point["amount_cents"] - cents, lang), format_short_amount(cents, lang)
            euros = Text(
                f" En euros : rien d'aussi bon au-dessous de {least} ({less} de moins).",
                f" In euros: nothing as good below {least} ({less} less).",
            )
        most = Text("au plus", "at most") if goal["sense"] == Sense.MAXIMISE else Text("au moins", "at least")
        return [
            Text(
                f"L'écart est le plus grand à {at} : {goal['goal']} vaut {value}, et {bound} {most.fr} "
                f"({gap}).{euros.fr}",
                f"The gap is widest at {at}: {goal['goal']} is {value}, and {bound} {most.en} ({gap}).{euros.en}",
            ).in_(lang)
        ]
    return []


def format_value(goal: Mapping[str, Any], lang: Lang) -> str:
    """Write a value, with its certified bound if it is not proved optimal."""
    text = format_decimal(goal["value"], lang)
    if goal["gap"] == "0":
        return text
    sign = "≤" if goal["sense"] == Sense.MAXIMISE else "≥"
    return (
        f"{text} ({sign} {format_decimal(goal['bound'], lang)})"
        if goal["bound"] is not None
        else f"{text} (?)"
    )


def format_short_amounts(cents: Sequence[int], lang: Lang) -> list[str]:
    """Write amounts in short form if that distinguishes them, otherwise exactly."""
    short = [format_short_amount(value, lang) for value in cents]
    return short if len(set(short)) == len(set(cents)) else format_amounts(cents, lang)
