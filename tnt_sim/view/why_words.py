"""Why a dossier is funded or not, in one or two sentences that can stand in a letter, French and English.

`SENTENCES` holds them by reason code, with the figures that they take from an entry of `explain.dossiers[]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.money import format_rate, parse_decimal
from tnt_sim.rules.selector_words import selector_words
from tnt_sim.view import words
from tnt_sim.view.figures import amount, decimal, euros, listed, plural

Entry = Mapping[str, Any]


def why_sentence(entry: Entry, lang: Lang) -> str:
    """The sentence of one dossier: the reason with its figures and names."""
    return SENTENCES[sentence_key(entry)].in_(lang).format_map(_filled(entry, lang))


SENTENCES: Mapping[str, Text] = MappingProxyType(
    {
        "committed": Text("Déjà engagé pour {granted}.", "Already committed for {granted}."),
        "decided_funded": Text(
            "Retenu par décision{author}, pour {granted} : {why}.",
            "Funded by decision{author}, for {granted}: {why}.",
        ),
        "merit": Text(
            "Retenu pour {granted} : il est dans la meilleure répartition de l'objectif du programme.",
            "Funded for {granted}: it belongs to the best allocation for the programme's goal.",
        ),
        "listed": Text(
            "Retenu pour {granted} : il est dans la répartition trouvée, dont rien ne prouve qu'elle est la "
            "meilleure.",
            "Funded for {granted}: it belongs to the allocation that was found, which nothing proves to be the "
            "best.",
        ),
        "rule": Text(
            "Retenu pour {granted} grâce à {rule} : sans elle, la répartition recalculée ne le compte pas.",
            "Funded for {granted} thanks to {rule}: without it the recomputed allocation does not hold it.",
        ),
        "state": Text("Non retenu : {missed}.", "Not funded: {missed}."),
        "ineligible": Text("Non éligible : {missed}.", "Not eligible: {missed}."),
        "not_given": Text(
            "Non éligible, faute de réponse : {missed}.", "Not eligible for want of an answer: {missed}."
        ),
        "capped_out": Text(
            "Éligible, mais ses plafonds ne laissent aucun montant possible.",
            "Eligible, but its caps leave no possible amount.",
        ),
        "decided_refused": Text(
            "Non retenu par décision{author} : {why}.", "Not funded by decision{author}: {why}."
        ),
        "variant": Text(
            "Non retenu : l'autre variante « {by} » est retenue, et une seule peut l'être.",
            'Not funded: the other variant "{by}" is funded, and only one may be.',
        ),
        "prerequisite": Text(
            "Non retenu : il exige le dossier « {by} », qui n'est pas retenu.",
            'Not funded: it requires dossier "{by}", which is not funded.',
        ),
        "order": Text(
            "Non retenu : dans l'ordre de {rule}, « {by} » passe avant et n'est pas retenu.",
            'Not funded: in the order of {rule}, "{by}" goes first and is not funded.',
        ),
        "outranked": Text(
            "Devancé dans « {envelope} » : il lui faut {asked}, il reste {left}, et les derniers retenus "
            "({margin}) apportent au moins autant par euro.",
            'Outranked in "{envelope}": it needs {asked}, {left} is left, and the last that were funded '
            "({margin}) bring at least as much per euro.",
        ),
        "none_fits": Text(
            "Ne tient pas dans ce qui reste de « {envelope} » : il lui faut {asked} et il reste {left}.",
            'Does not fit in what is left of "{envelope}": it needs {asked} and {left} is left.',
        ),
        "outranked_barred": Text(
            "Devancé dans « {envelope} » : il lui faut {asked}, il reste {left}, et les derniers retenus "
            "({margin}) apportent au moins autant par euro. Même avec plus d'argent, le financer sans "
            "changer les autres ferait rompre {bar}.",
            'Outranked in "{envelope}": it needs {asked}, {left} is left, and the last that were funded '
            "({margin}) bring at least as much per euro. Even with more money, funding it without changing "
            "the others would break {bar}.",
        ),
        "none_fits_barred": Text(
            "Ne tient pas dans ce qui reste de « {envelope} » : il lui faut {asked} et il reste {left}. Même avec "
            "plus d'argent, le financer sans changer les autres ferait rompre {bar}.",
            'Does not fit in what is left of "{envelope}": it needs {asked} and {left} is left. Even with more '
            "money, funding it without changing the others would break {bar}.",
        ),
        "crowded_out": Text(
            "Non retenu : le financer ferait rompre {rule}.", "Not funded: funding it would break {rule}."
        ),
        "no_gain": Text(
            "Non retenu : il n'apporterait rien à l'objectif du programme.",
            "Not funded: it would add nothing to the programme's goal.",
        ),
        "no_note": Text(
            "Non retenu : aucune valeur n'est donnée ({empty}), il compte pour zéro dans l'objectif.",
            "Not funded: no value is given ({empty}), it counts as zero in the objective.",
        ),
        "unclear": Text(
            "Non retenu : il tiendrait dans ce qui reste ; ce qui l'écarte n'a pas été établi.",
            "Not funded: it would fit in what is left; what keeps it out was not established.",
        ),
        "displaced": Text(
            "Évincé par {rule} : sans elle, la répartition recalculée le compte.",
            "Crowded out by {rule}: without it the recomputed allocation holds it.",
        ),
        "reserve": Text(
            "Sur la liste de réserve, rang {rank} ({reserved}).",
            "On the reserve list, rank {rank} ({reserved}).",
        ),
    }
)
"""By reason code; some codes have more sentences: `decided` by its way, `merit` by whether the
list is shown to be the best, `crowded_out` by what crowds it out."""


def sentence_key(entry: Entry) -> str:
    """Which of the sentences an entry gets."""
    code = str(entry["reason_code"])
    if code == "decided":
        return "decided_funded" if entry["funded"] else "decided_refused"
    if code == "merit" and not entry["optimal"]:
        return "listed"
    if code == "crowded_out" and any(one["enters"] for one in entry["because"]):
        return "displaced"
    if code in ("outranked", "none_fits"):
        short = "none_fits" if not entry["margin"]["dossiers"] else code
        return short if entry.get("barred_by") is None else f"{short}_barred"
    if code == "crowded_out" and entry["rule"] is None:
        return "unclear" if entry["unclear"] else "no_note" if entry["empty"] else "no_gain"
    return code


def _filled(entry: Entry, lang: Lang) -> dict[str, str]:
    margin: Entry = entry["margin"] or {}
    decision: Entry = entry["decision"] or {}
    reserve: Entry = entry.get("on_reserve") or {}
    author = f" ({decision['author']})" if decision.get("author") else ""
    return {
        "granted": amount(entry["granted_cents"], lang),
        "asked": amount(margin.get("asked_cents"), lang),
        "left": amount(margin.get("left_cents"), lang),
        "envelope": str(margin.get("title") or ""),
        "margin": listed([f"« {one['dossier']} »" if lang is Lang.FR else f'"{one["dossier"]}"'
                          for one in margin.get("dossiers", ())], lang),
        "by": str(entry["by"] or ""),
        "rule": _named_rule(entry, lang),
        "bar": cause_words(entry["barred_by"], lang) if entry.get("barred_by") else "",
        "author": author,
        "why": str(decision.get("reason") or decision.get("title") or decision.get("rule") or "").rstrip("."),
        "missed": " ; ".join(missed_words(one, lang) for one in entry["missed"]),
        "rank": str(reserve.get("rank", "")),
        "reserved": amount(reserve.get("cents"), lang),
        "empty": ", ".join(entry["empty"]),
    }  # fmt: skip


def _named_rule(entry: Entry, lang: Lang) -> str:
    causes = [one for one in entry["because"] if one["enters"] != entry["funded"]] or entry["because"]
    if causes and sentence_key(entry) in ("rule", "displaced"):
        return listed([cause_words(one, lang) for one in causes], lang, most=3)
    return cause_words(entry["rule"], lang) if entry["rule"] else ""


def cause_words(rule: Entry, lang: Lang) -> str:
    """A rule, a decision or an envelope's option as a sentence names it, with its title where it has one."""
    kind, name, title = str(rule["kind"]), str(rule["id"]), str(rule.get("title") or "")
    shown = f"{name} : {title}" if title and lang is Lang.FR else f"{name}: {title}" if title else name
    nouns = {
        "decide": Text("la décision", "the decision"),
        "cap": Text("le plafond", "the cap"),
        "envelope": Text("l'option d'enveloppe", "the envelope's option"),
        "column": Text("la colonne", "the column"),
    }
    noun = nouns.get(kind, Text("la règle", "the rule")).in_(lang)
    return f"{noun} « {shown} »" if lang is Lang.FR else f'{noun} "{shown}"'


def missed_words(one: Entry, lang: Lang) -> str:
    """« Moins de 300 000 habitants : population = 120 000, exigé : … ; il manque 180 000 (source) »"""
    if one["rule"] == "state":
        state = {
            "refuse": Text("refusé par l'instruction", "refused by the service"),
            "sans_suite": Text("classé sans suite", "closed without follow-up"),
        }
        return state.get(str(one["value"]), Text("dossier clos", "closed dossier")).in_(lang)
    if one["not_given"]:
        return _not_given(one, lang)
    head = one["reason"] or Text("condition non remplie", "requirement not met").in_(lang)
    parts = [_held(one, lang), _gap(one, lang)]
    source = f" ({one['source']})" if one["source"] else ""
    body = " ; ".join(part for part in parts if part)
    colon = " : " if lang is Lang.FR else ": "
    return f"{head}{colon}{body}{source}" if body else f"{head}{source}"


def _not_given(one: Entry, lang: Lang) -> str:
    """« non renseigné : Avis DDT (exigé : « Avis DDT » est « Favorable ») »"""
    names, wanted = ", ".join(one["not_given"]), selector_words(one["wanted"], lang)
    return Text(
        f"non renseigné : {names} (exigé : {wanted})", f"not given: {names} (required: {wanted})"
    ).in_(lang)


def _held(one: Entry, lang: Lang) -> str:
    """What the dossier holds, and what is asked of it."""
    wanted = selector_words(one["wanted"], lang) if one["wanted"] else ""
    column = words.bare_column(str(one["column"])).in_(lang)
    nothing = Text("non renseigné", "not given").in_(lang)
    known = one["unit"] in ("money", "number", "days", "text") and one["column"] not in ("any", "all", "not")
    parts = []
    if known:
        value = figure(one["value"], str(one["unit"]), lang) if one["value"] is not None else nothing
        parts.append(f"{column} = {value}")
    if wanted:
        parts.append(f"exigé : {wanted}" if lang is Lang.FR else f"required: {wanted}")
    return ", ".join(parts)


CHANGEABLE = frozenset({"cost", "base", "requested", "min_grant", "start", "end"})
"""The columns of which an applicant may change what it holds: of others, what is missing is no advice."""


def _gap(one: Entry, lang: Lang) -> str:
    if one["shortfall"] is None or one["test"] is None or one["column"] not in CHANGEABLE:
        return ""
    gap = figure(one["shortfall"], str(one["unit"]), lang, span=True)
    if one["unit"] == "days":
        late = one["test"] in ("until", "before")
        return (
            Text(f"{gap} de retard", f"{gap} late") if late else Text(f"{gap} trop tôt", f"{gap} early")
        ).in_(lang)
    short = one["test"] in ("min", "above")
    return (
        Text(f"il manque {gap}", f"{gap} short") if short else Text(f"{gap} de trop", f"{gap} too much")
    ).in_(lang)


def figure(text: str | None, unit: str, lang: Lang, *, span: bool = False) -> str:
    """A figure of the document in its unit: euros, a number, days, a rate, a day."""
    if text is None:
        return "–"
    if unit == "money":
        return euros(text, lang)
    if unit == "number":
        return decimal(text, lang)
    if unit == "rate":
        return format_rate(parse_decimal(text), lang)
    if unit == "days" and span:
        return plural(int(parse_decimal(text)), ("jour", "jours"), ("day", "days"), lang)
    if unit == "days":
        return words.long_day(text).in_(lang)
    return f"« {text} »" if lang is Lang.FR else f'"{text}"'
