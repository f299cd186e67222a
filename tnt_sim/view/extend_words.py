"""The sentences of « transfer or extend? », in French and English, in figures of its document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.money import parse_decimal
from tnt_sim.view.figures import amount, decimal, euros, listed, plural, round_amount, short_amount

Document = Mapping[str, Any]
_NOTHING = Text("rien", "nothing")


def start_texts(document: Document, lang: Lang) -> list[str]:
    """The written amounts as they are: where all gains start from."""
    start = document["as_written"]
    if start is None or not start["objective"]:
        return []
    total, granted = round_amount(document["amount_cents"], lang), short_amount(start["granted_cents"], lang)
    pairs = zip(start["objective"], document["goals"], strict=True)
    values = listed(
        [f"{goal['goal']} {_value(goal['value'], unit['unit'], lang)}" for goal, unit in pairs], lang, 6
    )
    n = plural(start["n_funded"], ("dossier", "dossiers"), ("dossier", "dossiers"), lang)
    texts = [
        Text(
            f"Montants écrits, sans transfert : {total}, dont {granted} accordés à {n} ; {values}.",
            f"Amounts as written, without transfers: {total}, of which {granted} granted to {n}; {values}.",
        )
    ]
    free = document["free"]
    entries = [start, free["transfer"], *(one["with_transfers"] for one in free["totals"])]
    if any(
        entry is not None and entry["objective"] and entry["proof"] == "FEASIBLE_GAP" for entry in entries
    ):
        texts.append(
            Text(
                "Toutes les listes ne sont pas prouvées optimales : les gains sont ceux des listes trouvées.",
                "Not all lists are proven optimal: gains are those of the lists that were found.",
            )
        )
    return [text.in_(lang) for text in texts]


def transfer_words(document: Document, entry: Document, lang: Lang) -> str:
    total, start = round_amount(document["amount_cents"], lang), document["as_written"]
    limits = document["transfers"] in ("stated", "mixed")
    within = (
        Text(" dans les limites du scénario", " within the scenario's limits").in_(lang) if limits else ""
    )
    if start is None or not start["objective"]:
        return Text(
            f"À {total}, aucune liste ne respecte les règles sans transfert{within}.",
            f"At {total} no list satisfies the rules without a transfer{within}.",
        ).in_(lang)
    gains = _gain_words(document, document["free"]["gains"], "transfer", lang)
    if gains:
        moved = _moved_words(entry, lang)
        return Text(
            f"À {total}, déplacer de l'argent{within} rapporte : {gains}. {moved}",
            f"At {total}, moving money{within} brings: {gains}. {moved}",
        ).in_(lang)
    saved = start["granted_cents"] - entry["granted_cents"]
    if saved > 0:
        less = amount(saved, lang)
        return Text(
            f"À {total}, déplacer de l'argent{within} donne la même valeur pour {less} de moins.",
            f"At {total}, moving money{within} gives the same value for {less} less.",
        ).in_(lang)
    return Text(
        f"À {total}, déplacer de l'argent{within} ne rapporte rien.",
        f"At {total}, moving money{within} brings nothing.",
    ).in_(lang)


def _moved_words(entry: Document, lang: Lang) -> str:
    enter = plural(
        len(entry["enter"]), ("dossier entre", "dossiers entrent"), ("dossier enters", "dossiers enter"), lang
    )
    leave = plural(len(entry["leave"]), ("sort", "sortent"), ("leaves", "leave"), lang)
    return f"{enter}, {leave}."


def kind_of_move(document: Document, entry: Document, move: Document) -> Text:
    if move["kind"] == "transfer":
        return Text("transfert", "transfer")
    root = next(one["id"] for one in entry["envelopes"] if one["parent"] is None)
    if move["from"] != root:
        return Text(f"au sein de {move['from']}", f"within {move['from']}")
    if entry["total_cents"] > document["amount_cents"]:
        return Text("argent nouveau ou non réparti", "new or unassigned money")
    return Text("argent non réparti", "unassigned money")


def other_moves(document: Document, entry: Document, lang: Lang) -> list[str]:
    """Whether other moves are as good: other givers, or other lists of the same value."""
    texts = []
    if entry["could_give"]:
        names = listed(
            [f"{one['envelope']} ({short_amount(one['cents'], lang)})" for one in entry["could_give"]],
            lang,
            6,
        )
        texts.append(
            Text(
                f"D'autres transferts conviendraient aussi bien ; peuvent donner à leur place : {names}.",
                f"Other transfers would do as well; these could give instead: {names}.",
            ).in_(lang)
        )
    equal = document["equal_lists"]
    if any(one["least_cents"] != one["most_cents"] for one in equal["ranges"]):
        spans = listed([_span(one, lang) for one in equal["ranges"]], lang, 6)
        text = Text(
            f"D'autres listes de même valeur et de même montant partagent l'argent autrement : {spans}.",
            f"Other lists of the same value and amount share the money otherwise: {spans}.",
        )
    elif equal["ranges"] and equal["complete"]:
        text = Text(
            "Entre ces enveloppes, toute liste de même valeur et de même montant partage l'argent ainsi.",
            "Between these envelopes every list of the same value and amount shares the money in this way.",
        )
    else:
        text = Text(
            "D'autres listes de même valeur et de même montant partagent peut-être l'argent autrement.",
            "Other lists of the same value and amount may share the money otherwise.",
        )
    texts.append(text.in_(lang))
    return texts


def _span(one: Document, lang: Lang) -> str:
    """What an envelope is granted, from the least to the most."""
    least, most = amount(one["least_cents"], lang), amount(one["most_cents"], lang)
    if least == most:
        return f"{one['envelope']} {least}"
    fr, en = f"{one['envelope']} de {least} à {most}", f"{one['envelope']} from {least} to {most}"
    return Text(fr, en).in_(lang)


def total_texts(document: Document, curve: Document, lang: Lang) -> list[str]:
    """For each larger total: alone against transfers, then both together."""
    written, found = round_amount(document["amount_cents"], lang), []
    for entry in curve["totals"]:
        total, gains = round_amount(entry["total_cents"], lang), entry["gains"]
        alone, there = entry["alone"], entry["with_transfers"]
        without = alone is not None and bool(alone["objective"])
        both = there is not None and bool(there["objective"]) and document["transfers"] != "none"
        brings, together = (_gain_words(document, gains, key, lang) for key in ("alone", "total"))
        texts = []
        if without and both and not brings and not together:
            text = Text(
                f"Étendre à {total} ne rapporte rien, avec ou sans transferts.",
                f"Extending to {total} brings nothing, with or without transfers.",
            )
            found.append(text.in_(lang))
            continue
        if without:
            brings = brings or _NOTHING.in_(lang)
            texts += [
                Text(
                    f"Étendre à {total} sans transfert : {brings}.",
                    f"Extend to {total} without transfers: {brings}.",
                ),
                *_against(document, gains, written, lang),
            ]
        if both:
            beyond = _gain_words(document, gains, "extension", lang)
            together = together or _NOTHING.in_(lang)
            texts.append(Text(f"Étendre et transférer : {together}.", f"Extend and transfer: {together}."))
            if beyond:
                texts.append(
                    Text(f"L'extension y ajoute : {beyond}.", f"The extension adds to it: {beyond}.")
                )
            elif all(gain["extension"] is not None for gain in gains):
                texts.append(Text("L'extension n'y ajoute rien.", "The extension adds nothing to it."))
        found.append(" ".join(text.in_(lang) for text in texts))
    return [text for text in found if text]


def _against(document: Document, gains: Sequence[Document], written: str, lang: Lang) -> list[Text]:
    """How an extension alone compares with transfers at the written total, in the first goal that differs."""
    if document["transfers"] == "none" or any(gain["alone_beyond_transfer"] is None for gain in gains):
        return []
    first = next((gain for gain in gains if parse_decimal(gain["alone_beyond_transfer"])), None)
    if first is None:
        return [
            Text(
                f"C'est autant que des transferts à {written}.", f"That is as much as transfers at {written}."
            )
        ]
    beyond = first["alone_beyond_transfer"]
    goal = next(one for one in document["goals"] if one["goal"] == first["goal"])
    size = f"{_value(beyond.removeprefix('-'), goal['unit'], lang)} ({goal['goal']})"
    if parse_decimal(beyond) > 0:
        return [
            Text(
                f"C'est mieux que les meilleurs transferts à {written}, de {size}.",
                f"That is better than the best transfers at {written}, by {size}.",
            )
        ]
    return [
        Text(
            f"C'est moins bien que les meilleurs transferts à {written}, de {size}.",
            f"That is worse than the best transfers at {written}, by {size}.",
        )
    ]


def _value(text: str, unit: str, lang: Lang) -> str:
    return euros(text, lang) if unit == "money" else decimal(text, lang)


def change_words(document: Document, gain: Document, key: str, lang: Lang) -> str:
    """By how much a goal's value changes, signed: a goal that is minimised goes down where it gains."""
    if gain[key] is None:
        return "–"
    goal = next(one for one in document["goals"] if one["goal"] == gain["goal"])
    value = parse_decimal(gain[key])
    down = (value > 0) == (goal["sense"] == "minimise")
    sign = "" if not value else "\u2212" if down else "+"
    return sign + _value(gain[key].removeprefix("-"), goal["unit"], lang)


def _gain_words(document: Document, gains: Sequence[Document], key: str, lang: Lang) -> str:
    """« score +12, dossiers +3 »; nothing where no goal changes."""
    told = [gain for gain in gains if gain[key] is not None and parse_decimal(gain[key])]
    return listed([f"{gain['goal']} {change_words(document, gain, key, lang)}" for gain in told], lang, 6)
