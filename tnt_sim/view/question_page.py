"""The questions on money as a page or a workbook: words, a picture and a table for each part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.view.bars import Bar, bars_svg
from tnt_sim.view.course_words import stopped_sentence
from tnt_sim.view.figures import amount, count, decimal, listed, plural
from tnt_sim.view.money_words import (
    BEYOND,
    FLAGS,
    KINDS,
    NEVER,
    TARGET_STOPPED,
    TITLES,
    WAYS,
    change_words,
    flag_words,
    flips_words,
    looked_at,
    no_loss_words,
    one_level_words,
    proof_word,
    signed,
)
from tnt_sim.view.study_page import Cell, Column, Section, Study

Document = Mapping[str, Any]
MOST_BARS = 12
MOST_NAMED = 12
FOR_EUROS = 10_000
"""Relaxed prices are told for so many euros."""


def question_study(document: Document, lang: Lang) -> Study:
    """The page of one question, from the document of `sweep --json`."""
    title = TITLES[document["question"]]
    day = document["date"]
    about = [
        Text(f"{document['title'] or document['scenario']}", f"{document['title'] or document['scenario']}")
    ]
    stopped = stopped_sentence(document, lang)
    about += [Text(line, line) for line in (stopped, *document["warnings"]) if line]
    return Study(
        title=Text(title.fr[0].upper() + title.fr[1:], title.en[0].upper() + title.en[1:]),
        about=about,
        sections=list(_PARTS[document["question"]](document, lang)),
        synthetic=document["synthetic"],
        foot={document["scenario"]: document["scenario_sha256"]},
        day=None if day is None else date.fromisoformat(day),
    )


def _next(document: Document, lang: Lang) -> Iterator[Section]:
    titles = {
        "envelope": Text("Enveloppes : un euro de plus", "Envelopes: one more euro"),
        "rule": Text("Règles : une unité de moins", "Rules: one unit less"),
    }
    for kind, title in titles.items():
        entries = [entry for entry in document["next"] if entry["kind"] == kind]
        if not entries:
            continue
        yield Section(
            title,
            words=[BEYOND] if kind == "envelope" else (),
            svg=_next_picture(entries, lang),
            columns=[
                _column(("Où", "Where"), "text", entries, lambda e: e["id"]),
                _column(("Rien avant", "Nothing before"), "text", entries, lambda e: _step(e, lang)),
                _column(("Gain", "Gain"), "text", entries, lambda e: _gain(e, "gain", lang)),
                _column(("Prix relâché", "Relaxed price"), "text", entries, lambda e: _price(e, lang)),
                _column(("Dossiers financés", "Funded"), "count", entries, lambda e: e["n_funded"]),
                _column(("Entrent", "In"), "text", entries, lambda e: listed(e["enter"], lang, MOST_NAMED)),
                _column(("Sortent", "Out"), "text", entries, lambda e: listed(e["leave"], lang, MOST_NAMED)),
                _column(("Preuve", "Proof"), "text", entries, lambda e: proof_word(e["proof"], lang)),
            ],
        )


def _next_picture(entries: Sequence[Document], lang: Lang) -> str:
    known = [entry for entry in entries if entry["step_cents"]]
    known.sort(key=lambda entry: (entry["step_cents"], entry["id"]))
    bars = [
        Bar(
            entry["id"],
            [entry["step_cents"]],
            [f"+{amount(entry['step_cents'], lang)}"],
        )
        for entry in known[:MOST_BARS]
    ]
    side = Text("le moins à ajouter pour un gain", "the least to add for a gain").in_(lang)
    return bars_svg(bars, [side], TITLES["next"].in_(lang)) if bars else ""


def _step(entry: Document, lang: Lang) -> str:
    if entry["step"] is None:
        return NEVER[entry["kind"]].in_(lang) if entry["status"] == "never" else "–"
    more = "" if entry["exact"] else Text("au moins ", "at least ").in_(lang)
    cents = entry["step_cents"]
    return more + (decimal(entry["step"], lang) if cents is None else amount(cents, lang))


def _price(entry: Document, lang: Lang) -> str:
    """The shadow price for a sum that a reader can picture."""
    if entry["shadow_price"] is None:
        return "–"
    euros = entry["unit"] == "€"
    price = Fraction(entry["shadow_price"]) * (FOR_EUROS if euros else 1)
    text = decimal(f"{float(price):.3f}".rstrip("0").rstrip("."), lang)
    return f"{text} / {amount(100 * FOR_EUROS, lang)}" if euros else text


def _gain(entry: Document, key: str, lang: Lang) -> str:
    if entry[key] is None or entry["goal"] is None:
        return "–" if entry[key] is None else "0"
    return f"{signed(entry[key], lang)} {entry['goal']}"


def _entries(document: Document, lang: Lang) -> Iterator[Section]:
    waiting = [entry for entry in document["entries"] if not entry["funded"]]
    waiting.sort(key=lambda e: (e["no_loss_cents"] is None, e["no_loss_cents"] or 0, e["dossier"]))
    n = plural(document["n_lists"], ("liste", "listes"), ("list", "lists"), lang)
    looked = looked_at(document)
    low, high = amount(document["from_cents"], lang), amount(document["to_cents"], lang)
    exact = document["exact"]
    flags = [
        (flag_words({"flag": flag, "exact": exact}, lang), number)
        for flag, number in sorted(document["flags"].items())
        if flag in FLAGS
    ]
    yield Section(
        Text("Dossiers qui attendent", "Dossiers that wait"),
        words=[
            Text(
                f"De {low} à {high} : {n}, {looked.fr}",
                f"From {low} to {high}: {n}, {looked.en}",
            ),
            Text(
                " · ".join(f"{word} : {number}" for word, number in flags),
                " · ".join(f"{word}: {number}" for word, number in flags),
            ),
        ],
        svg=_entry_picture(waiting, lang),
        columns=[
            _column(("Dossier", "Dossier"), "text", waiting, lambda e: e["dossier"]),
            _column(
                ("Sans perte, dès", "Without loss, from"), "text", waiting, lambda e: no_loss_words(e, lang)
            ),
            _column(
                ("Premier, au moins", "First, at least"), "money", waiting, lambda e: e["first_from_cents"]
            ),
            _column(
                ("Premier, au plus", "First, at most"), "money", waiting, lambda e: e["first_upto_cents"]
            ),
            _column(
                ("De bon, au moins", "For good, at least"), "money", waiting, lambda e: e["stable_low_cents"]
            ),
            _column(
                ("De bon, au plus", "For good, at most"), "money", waiting, lambda e: e["stable_upto_cents"]
            ),
            _column(("Allers-retours", "In and out"), "text", waiting, lambda e: flips_words(e, lang)),
            _column(("Sur la plage", "In the range"), "text", waiting, lambda e: flag_words(e, lang)),
        ],
    )


def _entry_picture(waiting: Sequence[Document], lang: Lang) -> str:
    """How many dossiers can enter without loss for so much more, at up to `MOST_BARS` amounts."""
    known = [e["no_loss_upto_cents"] for e in waiting if e["no_loss_upto_cents"] is not None]
    if not known:
        return ""
    places = sorted({round((k + 1) * len(known) / MOST_BARS) - 1 for k in range(MOST_BARS)} - {-1})
    known.sort()
    bars = []
    for place in places:
        cents = known[place]
        n = sum(one <= cents for one in known)
        bars.append(Bar(f"+{amount(cents, lang)}", [n], [count(n, lang)]))
    side = Text("dossiers qui peuvent entrer sans perte", "dossiers that can enter without loss").in_(lang)
    return bars_svg(bars, [side], TITLES["entries"].in_(lang))


def _targets(document: Document, lang: Lang) -> Iterator[Section]:
    targets = document["targets"]
    bars = [
        Bar(e["words"], [e["amount_cents"]], [amount(e["amount_cents"], lang)])
        for e in targets
        if e["amount_cents"] is not None
    ]
    written = document["amount_cents"]
    if bars and written is not None:
        bars.insert(
            0, Bar(Text("montant écrit", "written amount").in_(lang), [written], [amount(written, lang)])
        )
    side = Text(f"enveloppe « {document['envelope']} »", f'envelope "{document["envelope"]}"').in_(lang)
    yield Section(
        Text(
            "La plus petite enveloppe qui atteint chaque cible",
            "The smallest envelope that reaches each target",
        ),
        svg=bars_svg(bars, [side], TITLES["target"].in_(lang)) if bars else "",
        columns=[
            _column(("Cible", "Target"), "text", targets, lambda e: e["words"]),
            _column(("Montant", "Amount"), "money", targets, lambda e: e["amount_cents"]),
            _column(("Pas moins de", "No less than"), "money", targets, lambda e: e["amount_from_cents"]),
            _column(("De plus", "More"), "money", targets, lambda e: e["extra_cents"]),
            _column(("Dossiers financés", "Funded"), "count", targets, lambda e: e["n_funded"]),
            _column(("Départements", "Departments"), "count", targets, lambda e: e.get("n_departments")),
            _column(("Ce qui l'empêche", "What stops it"), "text", targets, lambda e: _stops(e, lang)),
            _column(("Preuve", "Proof"), "text", targets, lambda e: proof_word(e["proof"], lang)),
        ],
    )
    for entry in targets:
        if entry["dossiers"]:
            yield Section(
                Text(f"Liste : {entry['words']}", f"List: {entry['words']}"),
                columns=[Column(Text("Dossier", "Dossier"), "text", list(entry["dossiers"]))],
            )


def _stops(entry: Document, lang: Lang) -> str:
    if entry["stopped"]:
        return TARGET_STOPPED.in_(lang)
    return str(entry["missing"] or "") or listed(entry["blocked_by"], lang, MOST_NAMED) or "–"


def _prices(document: Document, lang: Lang) -> Iterator[Section]:
    for kind, title in KINDS.items():
        entries = [entry for entry in document["prices"] if entry["kind"] == kind]
        entries.sort(key=lambda e: (-abs(Fraction(e["value"])), e["id"]))
        dear = [entry for entry in entries if entry["goal"]][:MOST_BARS]
        if not entries:
            continue
        same_goal = len({entry["goal"] for entry in dear}) == 1
        bars = [Bar(e["id"], [abs(float(Fraction(e["value"])))], [_gain(e, "change", lang)]) for e in dear]
        side = Text("ce que l'on gagnerait sans elle", "what would be gained without it").in_(lang)
        yield Section(
            title,
            svg=bars_svg(bars, [side], title.in_(lang)) if same_goal else "",
            columns=[
                _column(("Contrainte", "Constraint"), "text", entries, lambda e: e["id"]),
                _column(("Sans elle", "Without it"), "text", entries, lambda e: _without(e, lang)),
                *_between_children(kind, entries, lang),
                _column(("Ou, en argent", "Or, in money"), "money", entries, lambda e: e["euros_cents"]),
                _column(("Au moins", "At least"), "money", entries, lambda e: e["euros_from_cents"]),
                _column(("Entrent", "In"), "text", entries, lambda e: listed(e["enter"], lang, MOST_NAMED)),
                _column(("Sortent", "Out"), "text", entries, lambda e: listed(e["leave"], lang, MOST_NAMED)),
                _column(("Preuve", "Proof"), "text", entries, lambda e: proof_word(e["proof"], lang)),
            ],
        )


def _without(entry: Document, lang: Lang) -> str:
    return change_words(entry, lang) if entry["goal"] else "0"


def _between_children(kind: str, entries: Sequence[Document], lang: Lang) -> list[Column]:
    """Of walls, a column with what those between the children alone cost."""
    if kind != "non_fungible":
        return []
    head = "Entre ses enfants seuls", "Between its children alone"
    return [_column(head, "text", entries, lambda e: one_level_words(e, lang))]


def _ways(document: Document, lang: Lang) -> Iterator[Section]:
    ways = [way for way in document["ways"] if way["allowed"]]
    gains = [way for way in ways if way["goal"]]
    same_goal = len({way["goal"] for way in gains}) == 1
    bars = [
        Bar(_way(w, lang), [max(0.0, float(Fraction(w["gain"] or 0)))], [_gain(w, "gain", lang)])
        for w in ways
    ]
    extra = amount(document["extra_cents"], lang)
    side = Text(f"gain pour {extra} de plus", f"gain for {extra} more").in_(lang)
    yield Section(
        Text(f"{extra} de plus", f"{extra} more"),
        svg=bars_svg(bars, [side], TITLES["extension"].in_(lang)) if same_goal else "",
        columns=[
            _column(("Partage", "Share"), "text", ways, lambda w: _way(w, lang)),
            _column(("Gain", "Gain"), "text", ways, lambda w: _gain(w, "gain", lang)),
            _column(("Dossiers financés", "Funded"), "count", ways, lambda w: w["n_funded"]),
            _column(("Départements", "Departments"), "count", ways, lambda w: w.get("n_departments")),
            _column(("Accordé", "Granted"), "money", ways, lambda w: w["granted_cents"]),
            _column(("Non dépensé", "Not spent"), "money", ways, lambda w: w["unspent_cents"]),
            _column(("Ajouté à", "Added to"), "text", ways, lambda w: _added(w, lang)),
            _column(("Preuve", "Proof"), "text", ways, lambda w: proof_word(w["proof"], lang)),
        ],
    )


def _way(way: Document, lang: Lang) -> str:
    return WAYS[way["way"]].in_(lang) + (f" {way['axis']}" if way["axis"] else "")


def _added(way: Document, lang: Lang) -> str:
    return (
        listed([f"{p['envelope']} {amount(p['cents'], lang)}" for p in way["added"]], lang, MOST_NAMED) or "–"
    )


def _column(
    head: tuple[str, str], kind: str, entries: Sequence[Document], cell: Callable[[Document], Cell]
) -> Column:
    return Column(Text(*head), kind, [cell(entry) for entry in entries])


_PARTS: Mapping[str, Callable[[Document, Lang], Iterator[Section]]] = {
    "next": _next,
    "entries": _entries,
    "target": _targets,
    "prices": _prices,
    "extension": _ways,
}
