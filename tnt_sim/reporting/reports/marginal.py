"""Report of the marginal questions: terminal lines, and a study for a page or a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from rich.text import Text as Line

from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, Text, long_day
from tnt_sim.i18n.numbers import amount, decimal, not_listed, plural, short_amount, three_digits
from tnt_sim.reporting.charts.marginal_charts import Bar, bars_svg
from tnt_sim.reporting.renderers.html import Cell, ReportColumn, Section, Study
from tnt_sim.reporting.renderers.terminal import grid, hanging, paragraph
from tnt_sim.reporting.reports.progress import stopped_lines, stopped_sentence
from tnt_sim.reporting.reports.run import warning_lines
from tnt_sim.reporting.text.marginal import (
    BEYOND,
    FLAGS,
    KINDS,
    NEVER,
    NO_WAY,
    PRICE_HEADS,
    TARGET_STOPPED,
    TITLES,
    UNSETTLED,
    WAYS,
    change_words,
    first_words,
    flag_words,
    flips_words,
    looked_at,
    no_loss_words,
    one_level_words,
    proof_word,
    signed,
    stable_words,
)
from tnt_sim.reporting.text.vocabulary import SYNTHETIC
from tnt_sim.rules.expressions.column_text import count, listed

Document = Mapping[str, Any]
MOST_ENTRIES = 25
MOST_FREE = 8
_PER = (("€", 1), ("k€", 1_000), ("M€", 1_000_000))
"""Units of a price: the first one in which it is at least 1."""


def money_lines(document: Document, *, lang: Lang, width: int) -> list[Line]:
    """Write the whole page of one question."""
    report_progress = {
        "next": next_lines,
        "entries": _entry_lines,
        "target": _target_lines,
        "prices": _price_lines,
        "extension": _way_lines,
    }[document["question"]]
    lines = head_lines(document, TITLES[document["question"]], lang, width)
    lines += report_progress(document, lang, width)
    lines += stopped_lines(document, lang, width)
    return lines + warning_lines(document["warnings"], lang, width)


def head_lines(document: Document, title: Text, lang: Lang, width: int) -> list[Line]:
    """Write the scenario's title, the question, the date, and the mark "synthetic"."""
    lines = paragraph(document["title"] or document["scenario"], width, style="bold")
    day = long_day(document["date"]).in_(lang) if document["date"] else ""
    as_of = Text(f"décision au {day}", f"as of {day}").in_(lang) if day else ""
    about = [document["scenario"], title.in_(lang), as_of]
    lines.append(Line(" · ".join(part for part in about if part), style="dim"))
    if document["synthetic"]:
        lines += paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    return [*lines, Line("")]


def next_lines(document: Document, lang: Lang, width: int) -> list[Line]:
    """Write what the next euro of each envelope, or the next unit of each rule, buys."""
    lines = []
    for kind in ("envelope", "rule"):
        entries = [entry for entry in document["next"] if entry["kind"] == kind]
        if not entries:
            continue
        title = Text("Enveloppes : un euro de plus", "Envelopes: one more euro")
        if kind == "rule":
            title = Text("Règles : une unité de moins", "Rules: one unit less")
        rows = [
            (
                entry["id"],
                _step(entry, lang),
                _gain(entry, lang),
                _price(entry, lang),
                proof_word(entry["proof"], lang),
                _bought(entry, lang),
            )
            for entry in entries
        ]
        header = Text("|rien avant|gain|prix relâché|preuve|ce que cela achète",
                      "|nothing before|gain|relaxed price|proof|what it buys").in_(lang).split("|")  # fmt: skip
        lines += [Line(title.in_(lang), style="bold")]
        lines += [*hanging(rows, width, header=header, right=(1, 2, 3)), Line("")]
    return lines + paragraph(BEYOND.in_(lang), width, style="dim")


def _step(entry: Document, lang: Lang) -> str:
    if entry["step"] is None:
        return Text("–", "–").in_(lang)
    money = entry["step_cents"] is not None
    least = amount(entry["step_cents"], lang) if money else decimal(entry["step"], lang)
    return least if entry["exact"] else f"≥ {least}"


def _gain(entry: Document, lang: Lang) -> str:
    if entry["gain"] is None:
        return "–"
    one = entry["goal"] == "dossiers" and abs(parse_decimal(entry["gain"])) == 1
    return f"{signed(entry['gain'], lang)} {'dossier' if one else entry['goal']}"


def _price(entry: Document, lang: Lang) -> str:
    if entry["shadow_price"] is None:
        return "–"
    price = Fraction(entry["shadow_price"])
    if entry["unit"] != "€":
        return three_digits(price, lang)
    unit, euros = next((pair for pair in _PER if abs(price) * pair[1] >= 1), _PER[-1] if price else _PER[0])
    return f"{three_digits(price * euros, lang)} / {unit}"


def _bought(entry: Document, lang: Lang) -> str:
    if entry["status"] == "never":
        return NEVER[entry["kind"]].in_(lang)
    if entry["status"] == "stopped":
        return Text("arrêté par la limite de temps", "stopped by the time limit").in_(lang)
    if entry["gain"] is None and entry["step_upto"] is not None:
        return Text("liste non trouvée à temps", "no list was found in time").in_(lang)
    if entry["gain"] is None:
        return Text("aucun montant essayé n'y suffit", "no amount that was tried is enough").in_(lang)
    if not entry["exact"]:
        enough = amount(round(parse_decimal(entry["step_upto"]) * 100), lang)
        return Text(f"à {enough} de plus, ", f"at {enough} more, ").in_(lang) + _moves(entry, lang)
    return _moves(entry, lang)


def _moves(entry: Document, lang: Lang) -> str:
    """Write who enters, who leaves, and how many amounts change."""
    pieces = []
    if entry["enter"]:
        pieces.append(Text("entrent", "in").in_(lang) + " : " * (lang is Lang.FR) + ": " * (lang is Lang.EN)
                     + listed(entry["enter"], lang, 6))  # fmt: skip
    if entry["leave"]:
        pieces.append(Text("sortent : ", "out: ").in_(lang) + listed(entry["leave"], lang, 6))
    changed = len(entry["more"]) + len(entry["less"])
    if changed:
        word = plural(
            changed, ("montant changé", "montants changés"), ("amount changed", "amounts changed"), lang
        )
        pieces.append(word)
    return " ; ".join(pieces) or Text("la même liste", "the same list").in_(lang)


def _entry_lines(document: Document, lang: Lang, width: int) -> list[Line]:
    waiting = [entry for entry in document["entries"] if not entry["funded"]]
    waiting.sort(
        key=lambda entry: (entry["no_loss_cents"] is None, entry["no_loss_cents"] or 0, entry["dossier"])
    )
    span = f"{amount(document['from_cents'], lang)} → {amount(document['to_cents'], lang)}"
    known = plural(document["n_lists"], ("liste", "listes"), ("list", "lists"), lang)
    looked = looked_at(document)
    said = Text(f"{span}, {known} : {looked.fr}", f"{span}, {known}: {looked.en}")
    lines = paragraph(said.in_(lang), width)
    exact = document["exact"]
    flags = [
        (flag_words({"flag": flag, "exact": exact}, lang), count(number, lang))
        for flag, number in sorted(document["flags"].items())
        if flag in FLAGS
    ]
    lines += [*grid(flags, right=(1,)), Line("")]
    rows = [
        (
            entry["dossier"],
            no_loss_words(entry, lang),
            first_words(entry, lang),
            stable_words(entry, lang),
            flips_words(entry, lang),
            flag_words(entry, lang),
        )
        for entry in waiting[:MOST_ENTRIES]
    ]
    header = Text("dossier|sans perte, dès|premier|pour de bon|allers-retours|",
                  "dossier|without loss, from|first|for good|in and out|").in_(lang).split("|")  # fmt: skip
    lines += grid(rows, header=header, right=(1, 2, 3, 4))
    if len(waiting) > MOST_ENTRIES:
        lines.append(Line(f"  … {not_listed(len(waiting) - MOST_ENTRIES, lang)}", style="dim"))
    return lines


def _target_lines(document: Document, lang: Lang, width: int) -> list[Line]:
    lines: list[Line] = []
    for entry in document["targets"]:
        lines += paragraph(entry["words"], width, style="bold")
        lines += paragraph(_reached(document, entry, lang), width, first="  ")
    return lines


def _reached(document: Document, entry: Document, lang: Lang) -> str:
    if entry["missing"]:
        return (
            Text("Aucun montant n'y suffit : ", "No amount is enough: ").in_(lang)
            + str(entry["missing"])
            + "."
        )
    if entry["stopped"]:
        return TARGET_STOPPED.in_(lang)
    if not entry["reached"] and entry["amount_from_cents"] is not None:
        least = amount(entry["amount_from_cents"], lang)
        return Text(f"Au moins {least} ; aucun montant essayé n'y suffit.",
                    f"At least {least}; no amount that was tried is enough.").in_(lang)  # fmt: skip
    if not entry["reached"]:
        stops = listed(entry["blocked_by"], lang, 6)
        if not stops:
            return Text("Aucun montant n'y suffit ; ce qui s'y oppose n'a pas été isolé.",
                        "No amount is enough; what stands in the way was not singled out.").in_(lang)  # fmt: skip
        return Text(f"Aucun montant n'y suffit ; il faudrait céder sur : {stops}.",
                    f"No amount is enough; these would have to give way: {stops}.").in_(lang)  # fmt: skip
    there = amount(entry["amount_cents"], lang)
    change = _change(entry["extra_cents"], lang)
    proof = proof_word(entry["proof"] or "FEASIBLE_GAP", lang)
    between = ""
    if not entry["exact"]:
        low = amount(entry["amount_from_cents"], lang)
        between = Text(f", pas moins de {low}", f", no less than {low}").in_(lang)
    n = count(entry["n_funded"], lang)
    return Text(
        f"{there} pour « {document['envelope']} » ({change.fr}){between} : {n} dossiers, "
        f"{count(entry['n_departments'], lang)} départements ; {proof}.",
        f'{there} for "{document["envelope"]}" ({change.en}){between}: {n} dossiers, '
        f"{count(entry['n_departments'], lang)} departments; {proof}.",
    ).in_(lang)


def _change(extra: int | None, lang: Lang) -> Text:
    """Write the difference from the written amount."""
    if extra is None:
        return Text("aucun montant n'est écrit", "no amount is written")
    if extra == 0:
        return Text("le montant écrit suffit", "the written amount is enough")
    more = amount(abs(extra), lang)
    return Text(f"{more} de plus", f"{more} more") if extra > 0 else Text(f"{more} de moins", f"{more} less")


def _price_lines(document: Document, lang: Lang, width: int) -> list[Line]:
    lines: list[Line] = []
    for kind, title in KINDS.items():
        entries = [entry for entry in document["prices"] if entry["kind"] == kind]
        if not entries:
            continue
        dear = sorted((entry for entry in entries if entry["goal"]), key=lambda entry: -float(entry["value"]))
        walls = kind == "non_fungible"
        lines.append(Line(title.in_(lang), style="bold"))
        rows = [
            (
                entry["id"],
                change_words(entry, lang),
                *((one_level_words(entry, lang),) if walls else ()),
                _euros(entry, lang),
                proof_word(entry["proof"], lang),
                _moves(entry, lang),
            )
            for entry in dear[:MOST_ENTRIES]
        ]
        header = PRICE_HEADS["walls" if walls else "other"].in_(lang).split("|")
        lines += hanging(rows, width, header=header, right=(1, 2, 3) if walls else (1, 2)) if rows else []
        free = [entry["id"] for entry in entries if not entry["goal"]]
        if free:
            said = Text("Ne coûtent rien : ", "Cost nothing: ").in_(lang) + listed(free, lang, MOST_FREE)
            lines += paragraph(said, width, first="  ")
        lines.append(Line(""))
    if document["unsettled"]:
        lines += paragraph(UNSETTLED.in_(lang) + listed(document["unsettled"], lang, MOST_FREE), width)
    elif not document["prices"]:
        nothing = Text(
            "Aucune règle, aucun cantonnement et aucune décision : rien ne restreint le choix, hors l'enveloppe.",
            "No rule, no ring fence and no decision: nothing restricts the choice but the envelope.",
        )
        lines += paragraph(nothing.in_(lang), width)
    return lines


def _euros(entry: Document, lang: Lang) -> str:
    if entry["euros_cents"] is None and entry["euros_from_cents"] is None:
        return Text("aucun montant", "no amount").in_(lang)
    if entry["euros_cents"] is None:
        return f"≥ {amount(entry['euros_from_cents'], lang)}"
    return amount(entry["euros_cents"], lang)


def _way_lines(document: Document, lang: Lang, width: int) -> list[Line]:
    extra = amount(document["extra_cents"], lang)
    lines = [Line(Text(f"{extra} de plus", f"{extra} more").in_(lang), style="bold")]
    rows = [_way_row(entry, lang) for entry in document["ways"]]
    header = Text("|gain|dossiers|départements|non dépensé|preuve|ajouté à",
                  "|gain|dossiers|departments|not spent|proof|added to").in_(lang).split("|")  # fmt: skip
    return lines + hanging(rows, width, header=header, right=(1, 2, 3, 4))


def _way_row(entry: Document, lang: Lang) -> tuple[str, ...]:
    name = WAYS[entry["way"]].in_(lang) + (f" {entry['axis']}" if entry["axis"] else "")
    if not entry["allowed"]:
        return name, "–", "–", "–", "–", "–", NO_WAY[entry["why"]].in_(lang)
    gain = "0" if entry["goal"] is None else f"{signed(entry['gain'], lang)} {entry['goal']}"
    added: Sequence[str] = [f"{part['envelope']} {amount(part['cents'], lang)}" for part in entry["added"]]
    return (
        name,
        gain,
        count(entry["n_funded"], lang),
        count(entry.get("n_departments"), lang),
        short_amount(entry["unspent_cents"], lang),
        proof_word(entry["proof"], lang),
        listed(added, lang, 6) or "–",
    )


MOST_BARS = 12
MOST_NAMED = 12
FOR_EUROS = 10_000
"""Euros for which shadow prices are stated."""


def question_study(document: Document, lang: Lang) -> Study:
    """Return the study of one question, from the document of `sweep --json`."""
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
                _column(("Rien avant", "Nothing before"), "text", entries, lambda e: _step_html(e, lang)),
                _column(("Gain", "Gain"), "text", entries, lambda e: _gain_html(e, "gain", lang)),
                _column(("Prix relâché", "Relaxed price"), "text", entries, lambda e: _price_html(e, lang)),
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


def _step_html(entry: Document, lang: Lang) -> str:
    if entry["step"] is None:
        return NEVER[entry["kind"]].in_(lang) if entry["status"] == "never" else "–"
    more = "" if entry["exact"] else Text("au moins ", "at least ").in_(lang)
    cents = entry["step_cents"]
    return more + (decimal(entry["step"], lang) if cents is None else amount(cents, lang))


def _price_html(entry: Document, lang: Lang) -> str:
    """Write the shadow price for a round sum."""
    if entry["shadow_price"] is None:
        return "–"
    euros = entry["unit"] == "€"
    price = Fraction(entry["shadow_price"]) * (FOR_EUROS if euros else 1)
    text = decimal(f"{float(price):.3f}".rstrip("0").rstrip("."), lang)
    return f"{text} / {amount(100 * FOR_EUROS, lang)}" if euros else text


def _gain_html(entry: Document, key: str, lang: Lang) -> str:
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
    """Draw how many applications can enter without loss for each increase, at up to `MOST_BARS` amounts."""
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
                columns=[ReportColumn(Text("Dossier", "Dossier"), "text", list(entry["dossiers"]))],
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
        bars = [
            Bar(e["id"], [abs(float(Fraction(e["value"])))], [_gain_html(e, "change", lang)]) for e in dear
        ]
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


def _between_children(kind: str, entries: Sequence[Document], lang: Lang) -> list[ReportColumn]:
    """Return, for separate amounts, a column with their price between the children alone."""
    if kind != "non_fungible":
        return []
    head = "Entre ses enfants seuls", "Between its children alone"
    return [_column(head, "text", entries, lambda e: one_level_words(e, lang))]


def _ways(document: Document, lang: Lang) -> Iterator[Section]:
    ways = [way for way in document["ways"] if way["allowed"]]
    gains = [way for way in ways if way["goal"]]
    same_goal = len({way["goal"] for way in gains}) == 1
    bars = [
        Bar(_option(w, lang), [max(0.0, float(Fraction(w["gain"] or 0)))], [_gain_html(w, "gain", lang)])
        for w in ways
    ]
    extra = amount(document["extra_cents"], lang)
    side = Text(f"gain pour {extra} de plus", f"gain for {extra} more").in_(lang)
    yield Section(
        Text(f"{extra} de plus", f"{extra} more"),
        svg=bars_svg(bars, [side], TITLES["extension"].in_(lang)) if same_goal else "",
        columns=[
            _column(("Partage", "Share"), "text", ways, lambda w: _option(w, lang)),
            _column(("Gain", "Gain"), "text", ways, lambda w: _gain_html(w, "gain", lang)),
            _column(("Dossiers financés", "Funded"), "count", ways, lambda w: w["n_funded"]),
            _column(("Départements", "Departments"), "count", ways, lambda w: w.get("n_departments")),
            _column(("Accordé", "Granted"), "money", ways, lambda w: w["granted_cents"]),
            _column(("Non dépensé", "Not spent"), "money", ways, lambda w: w["unspent_cents"]),
            _column(("Ajouté à", "Added to"), "text", ways, lambda w: _added(w, lang)),
            _column(("Preuve", "Proof"), "text", ways, lambda w: proof_word(w["proof"], lang)),
        ],
    )


def _option(option: Document, lang: Lang) -> str:
    return WAYS[option["way"]].in_(lang) + (f" {option['axis']}" if option["axis"] else "")


def _added(option: Document, lang: Lang) -> str:
    return (
        listed([f"{p['envelope']} {amount(p['cents'], lang)}" for p in option["added"]], lang, MOST_NAMED)
        or "–"
    )


def _column(
    head: tuple[str, str], kind: str, entries: Sequence[Document], cell: Callable[[Document], Cell]
) -> ReportColumn:
    return ReportColumn(Text(*head), kind, [cell(entry) for entry in entries])


_PARTS: Mapping[str, Callable[[Document, Lang], Iterator[Section]]] = {
    "next": _next,
    "entries": _entries,
    "target": _targets,
    "prices": _prices,
    "extension": _ways,
}
