"""Pages and workbooks of conflicts, audits and alternatives, from their documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tnt_sim.domain.money import format_rate, parse_decimal
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import decimal
from tnt_sim.reporting.renderers.html import Cell, ReportColumn, Section, Study
from tnt_sim.reporting.reports import alternatives, audit, infeasibility
from tnt_sim.reporting.reports.infeasibility import actions_words, members_words
from tnt_sim.reporting.reports.progress import stopped_sentence
from tnt_sim.rules.expressions.column_text import count
from tnt_sim.rules.expressions.text import capitalised

Document = Mapping[str, Any]
_DOSSIER, _TITLE = Text("Dossier", "Dossier"), Text("Intitulé", "Title")
_CHANGE = {
    "enter": Text("entre", "enters"),
    "leave": Text("sort", "leaves"),
    "amount": Text("change de montant", "other amount"),
}


def study_of(document: Document, lang: Lang) -> Study:
    """Return the study of a document of `conflict`, `audit` or `alternatives`."""
    make = _MAKERS[str(document["command"])]
    title, verdict, sections = make(document, lang)
    sha, stopped = document.get("scenario_sha256"), stopped_sentence(document, lang)
    about = [_same(str(document["title"] or document["scenario"])), verdict]
    return Study(
        title=title,
        about=[*about, _same(stopped)] if stopped else about,
        sections=sections,
        synthetic=bool(document["synthetic"]),
        foot={"scenario_sha256": str(sha)} if sha else None,
    )


def _same(text: str) -> Text:
    return Text(text, text)


def _column(head: Text, values: Sequence[Cell], kind: str = "text") -> ReportColumn:
    return ReportColumn(head, kind, list(values))


Made = tuple[Text, Text, list[Section]]


def _conflict(document: Document, lang: Lang) -> Made:
    title = Text("Ce qui se contredit", "What clashes")
    sections = [_clash(k, one, document, lang) for k, one in enumerate(document["sets"], start=1)]
    repairs = document["repairs"]
    if repairs:
        words = [capitalised(actions_words(one["actions"], lang)) for one in repairs]
        after = [infeasibility.after_words(one, lang).strip() for one in repairs]
        written = [infeasibility.typed_sets(one["set"] or ()) for one in repairs]
        sections.append(
            Section(
                Text("Ce qui suffirait", "What would be enough"),
                columns=[
                    _column(Text("Rang", "Rank"), [one["rank"] for one in repairs], "count"),
                    _column(Text("Réparation", "Repair"), words),
                    _column(
                        Text("Règles touchées", "Rules touched"), [one["n_rules"] for one in repairs], "count"
                    ),
                    _column(Text("Montant", "Amount"), [one["cents"] for one in repairs], "money"),
                    _column(Text("Ensuite", "After it"), after),
                    _column(Text("À écrire", "To write"), written),
                ],
            )
        )
    return title, infeasibility.verdict(document), sections


def _clash(number: int, entry: Document, document: Document, lang: Lang) -> Section:
    members = members_words(entry["members"], lang)
    places = [f"{m['file']}:{m['line']}" if m["file"] and m["line"] else "" for m, _ in members]
    sources = [str(m["source"] or "") for m, _ in members]
    return Section(
        infeasibility.set_title(number, entry, len(document["sets"])),
        columns=[
            _column(Text("Élément", "Member"), [capitalised(text) for _, text in members]),
            _column(Text("Où", "Where"), places),
            *([_column(Text("Source", "Source"), sources)] if any(sources) else []),
        ],
    )


def _audit(document: Document, lang: Lang) -> Made:
    sections = []
    findings = document["selection"]["findings"]
    if findings:
        sections.append(
            Section(
                Text("Lignes de la liste", "Rows of the list"),
                columns=[
                    _column(Text("Ligne", "Row"), [one["row"] for one in findings], "count"),
                    _column(
                        Text("Constat", "Finding"), [capitalised(str(one["message"])) for one in findings]
                    ),
                ],
            )
        )
    if document["broken"]:
        words = [capitalised(str(one["words"])) for one in document["broken"]]
        sections.append(
            Section(
                Text("Règles non tenues", "Rules that do not hold"),
                columns=[_column(Text("Règle", "Rule"), words)],
            )
        )
    goals = document["objective"]
    heads = {"value": Text("Cette liste", "This list"), "optimum": Text("Le mieux possible", "Best possible"),
             "loss": Text("Écart", "Loss")}  # fmt: skip
    sections.append(
        Section(
            Text("Objectifs", "Goals"),
            columns=[
                _column(Text("Objectif", "Goal"), [goal["goal"] for goal in goals]),
                *(_column(head, [decimal(g[key], lang) for g in goals]) for key, head in heads.items()),
            ],
        )
    )
    sections += [
        _moves(head, document[key]["changes"], lang)
        for key, head in _OTHERS.items()
        if document[key] is not None
    ]
    for swap in document["swaps"]:
        head = audit.swap_words(swap, document["selection"]["allowed"])
        sections.append(_moves(head, swap["changes"], lang) if swap.get("changes") else Section(head))
    return Text("Audit d'une liste", "Audit of a list"), audit.verdict(document), sections


_OTHERS = {
    "better": Text("Le mieux pour le même argent", "The best for the same money"),
    "cheaper": Text("Aussi bien, au moindre coût", "As good for the least money"),
}


def _moves(head: Text, document: Document, lang: Lang) -> Section:
    """List who enters, who leaves and whose amount changes."""
    rows = [(key, one) for key in _CHANGE for one in document[key]]
    return Section(
        head,
        columns=[
            _column(_DOSSIER, [one["dossier"] for _, one in rows]),
            _column(_TITLE, [str(one["title"] or "") for _, one in rows]),
            _column(Text("Change", "Change"), [_CHANGE[key].in_(lang) for key, _ in rows]),
            _column(Text("Avant", "Before"), [one["before_cents"] for _, one in rows], "money"),
            _column(Text("Après", "After"), [one["after_cents"] for _, one in rows], "money"),
        ],
    )


def _alternatives(document: Document, lang: Lang) -> Made:
    title, verdict = Text("D'autres choix", "Other choices"), alternatives.verdict(document)
    if document["optimum"] is None:
        return title, verdict, []
    entries = [*document["portfolios"], *document["steered"]]
    names = [
        alternatives.steered_words(one, lang) if one["name"] in alternatives.STEERED
        else count(one["rank"], lang) for one in entries
    ]  # fmt: skip
    result = [
        Section(
            Text("Les choix", "The choices"),
            words=alternatives.sentences(document),
            columns=[
                _column(Text("Choix", "Choice"), names),
                _column(_same(str(entries[0]["objective"][0]["goal"]) if entries else ""),
                        [decimal(one["objective"][0]["value"], lang) for one in entries]),
                _column(Text("Perte", "Loss"), [format_rate(parse_decimal(one["loss"]), lang) for one in entries]),
                _column(Text("Écart", "Distance"), [decimal(one["distance"], lang) for one in entries]),
                _column(Text("Financés", "Funded"), [one["n_funded"] for one in entries], "count"),
                _column(Text("Accordé", "Granted"), [one["granted_cents"] for one in entries], "money"),
            ],
        )
    ]  # fmt: skip
    result += [_moves(Text(f"Choix {name}", f"Choice {name}"), one["changes"], lang)
              for name, one in zip(names, entries, strict=True)]  # fmt: skip
    return title, verdict, [*result, *_open(document)]


def _open(document: Document) -> Iterator[Section]:
    rows = document["open"]
    if rows:
        yield Section(
            Text("Choix réellement ouverts", "Choices that are really open"),
            columns=[
                _column(_DOSSIER, [one["dossier"] for one in rows]),
                _column(_TITLE, [str(one["title"] or "") for one in rows]),
                _column(Text("Retenu dans", "Funded in"), [one["n_funded_in"] for one in rows], "count"),
            ],
        )


_MAKERS: Mapping[str, Callable[[Document, Lang], Made]] = {
    "conflict": _conflict,
    "audit": _audit,
    "alternatives": _alternatives,
}
