"""Pages and workbooks of conflicts, audits and alternatives, from their documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tnt_sim.analysis.alternatives.document import AlternativesDocument
from tnt_sim.analysis.audit.document import AuditDocument
from tnt_sim.analysis.infeasibility.document import ClashEntry, ConflictDocument
from tnt_sim.analysis.shared.list_distance import ListChanges
from tnt_sim.domain.money import format_rate, parse_decimal
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import format_decimal
from tnt_sim.reporting.renderers.html import Cell, ReportColumn, Section, Study
from tnt_sim.reporting.reports import alternatives, audit, infeasibility
from tnt_sim.reporting.reports.infeasibility import describe_actions, describe_members
from tnt_sim.reporting.reports.progress import describe_interruption
from tnt_sim.rules.expressions.column_text import format_integer
from tnt_sim.rules.expressions.text import capitalise

type StudyDocument = ConflictDocument | AuditDocument | AlternativesDocument
_DOSSIER, _TITLE = Text("Dossier", "Dossier"), Text("Intitulé", "Title")
_CHANGE = {
    "enter": Text("entre", "enters"),
    "leave": Text("sort", "leaves"),
    "amount": Text("change de montant", "other amount"),
}


def build_study(document: StudyDocument, lang: Lang) -> Study:
    """Return the study of a document of `conflict`, `audit` or `alternatives`."""
    if isinstance(document, ConflictDocument):
        title, verdict, sections = _build_conflict(document, lang)
    elif isinstance(document, AuditDocument):
        title, verdict, sections = _build_audit(document, lang)
    else:
        title, verdict, sections = _build_alternatives(document, lang)
    sha, stopped = document.scenario_sha256, describe_interruption(document, lang)
    about = [_build_neutral_text(str(document.title or document.scenario)), verdict]
    return Study(
        title=title,
        about=[*about, _build_neutral_text(stopped)] if stopped else about,
        sections=sections,
        synthetic=bool(document.synthetic),
        foot={"scenario_sha256": str(sha)} if sha else None,
    )


def _build_neutral_text(text: str) -> Text:
    return Text(text, text)


def _build_column(head: Text, values: Sequence[Cell], kind: str = "text") -> ReportColumn:
    return ReportColumn(head, kind, list(values))


StudyContents = tuple[Text, Text, list[Section]]


def _build_conflict(document: ConflictDocument, lang: Lang) -> StudyContents:
    title = Text("Ce qui se contredit", "What clashes")
    sections = [
        _build_conflict_section(k, one, document, lang) for k, one in enumerate(document.sets, start=1)
    ]
    repairs = document.repairs
    if repairs:
        words = [capitalise(describe_actions(one.actions, lang)) for one in repairs]
        after = [infeasibility.describe_repaired_optimum(one, lang).strip() for one in repairs]
        written = [infeasibility.format_set_options(one.set or ()) for one in repairs]
        sections.append(
            Section(
                Text("Ce qui suffirait", "What would be enough"),
                columns=[
                    _build_column(Text("Rang", "Rank"), [one.rank for one in repairs], "count"),
                    _build_column(Text("Réparation", "Repair"), words),
                    _build_column(
                        Text("Règles touchées", "Rules touched"), [one.n_rules for one in repairs], "count"
                    ),
                    _build_column(Text("Montant", "Amount"), [one.cents for one in repairs], "money"),
                    _build_column(Text("Ensuite", "After it"), after),
                    _build_column(Text("À écrire", "To write"), written),
                ],
            )
        )
    return title, infeasibility.describe_verdict(document), sections


def _build_conflict_section(
    number: int, entry: ClashEntry, document: ConflictDocument, lang: Lang
) -> Section:
    members = describe_members(entry.members, lang)
    places = [f"{m.file}:{m.line}" if m.file and m.line else "" for m, _ in members]
    sources = [str(m.source or "") for m, _ in members]
    return Section(
        infeasibility.format_conflict_title(number, entry, len(document.sets)),
        columns=[
            _build_column(Text("Élément", "Member"), [capitalise(text) for _, text in members]),
            _build_column(Text("Où", "Where"), places),
            *([_build_column(Text("Source", "Source"), sources)] if any(sources) else []),
        ],
    )


def _build_audit(document: AuditDocument, lang: Lang) -> StudyContents:
    sections = []
    findings = document.selection.findings
    if findings:
        sections.append(
            Section(
                Text("Lignes de la liste", "Rows of the list"),
                columns=[
                    _build_column(Text("Ligne", "Row"), [one.row for one in findings], "count"),
                    _build_column(
                        Text("Constat", "Finding"), [capitalise(str(one.message)) for one in findings]
                    ),
                ],
            )
        )
    if document.broken:
        words = [capitalise(str(one.words)) for one in document.broken]
        sections.append(
            Section(
                Text("Règles non tenues", "Rules that do not hold"),
                columns=[_build_column(Text("Règle", "Rule"), words)],
            )
        )
    goals = document.objective
    sections.append(
        Section(
            Text("Objectifs", "Goals"),
            columns=[
                _build_column(Text("Objectif", "Goal"), [goal.goal for goal in goals]),
                _build_column(
                    Text("Cette liste", "This list"), [format_decimal(g.value, lang) for g in goals]
                ),
                _build_column(
                    Text("Le mieux possible", "Best possible"),
                    [format_decimal(g.optimum, lang) for g in goals],
                ),
                _build_column(Text("Écart", "Loss"), [format_decimal(g.loss, lang) for g in goals]),
            ],
        )
    )
    sections += [
        _build_change_section(head, answer.changes, lang)
        for head, answer in ((_BETTER, document.better), (_CHEAPER, document.cheaper))
        if answer is not None
    ]
    for swap in document.swaps:
        head = audit.describe_swap(swap, document.selection.allowed)
        sections.append(_build_change_section(head, swap.changes, lang) if swap.changes else Section(head))
    return Text("Audit d'une liste", "Audit of a list"), audit.describe_verdict(document), sections


_BETTER = Text("Le mieux pour le même argent", "The best for the same money")
_CHEAPER = Text("Aussi bien, au moindre coût", "As good for the least money")


def _build_change_section(head: Text, changes: ListChanges, lang: Lang) -> Section:
    """List who enters, who leaves and whose amount changes."""
    kinds = ("enter", changes.enter), ("leave", changes.leave), ("amount", changes.amount)
    rows = [(key, one) for key, listed in kinds for one in listed]
    return Section(
        head,
        columns=[
            _build_column(_DOSSIER, [one.dossier for _, one in rows]),
            _build_column(_TITLE, [str(one.title or "") for _, one in rows]),
            _build_column(Text("Change", "Change"), [_CHANGE[key].in_(lang) for key, _ in rows]),
            _build_column(Text("Avant", "Before"), [one.before_cents for _, one in rows], "money"),
            _build_column(Text("Après", "After"), [one.after_cents for _, one in rows], "money"),
        ],
    )


def _build_alternatives(document: AlternativesDocument, lang: Lang) -> StudyContents:
    title, verdict = Text("D'autres choix", "Other choices"), alternatives.describe_verdict(document)
    if document.optimum is None:
        return title, verdict, []
    entries = [*document.portfolios, *document.steered]
    names = [
        alternatives.describe_direction(one, lang) if one.name in alternatives.STEERED
        else format_integer(one.rank, lang) for one in entries
    ]  # fmt: skip
    result = [
        Section(
            Text("Les choix", "The choices"),
            words=alternatives.describe_alternatives(document),
            columns=[
                _build_column(Text("Choix", "Choice"), names),
                _build_column(_build_neutral_text(str(entries[0].objective[0].goal) if entries else ""),
                        [format_decimal(one.objective[0].value, lang) for one in entries]),
                _build_column(
                    Text("Perte", "Loss"), [format_rate(parse_decimal(one.loss), lang) for one in entries]
                ),
                _build_column(
                    Text("Écart", "Distance"), [format_decimal(one.distance, lang) for one in entries]
                ),
                _build_column(Text("Financés", "Funded"), [one.n_funded for one in entries], "count"),
                _build_column(Text("Accordé", "Granted"), [one.granted_cents for one in entries], "money"),
            ],
        )
    ]  # fmt: skip
    result += [_build_change_section(Text(f"Choix {name}", f"Choice {name}"), one.changes, lang)
              for name, one in zip(names, entries, strict=True)]  # fmt: skip
    return title, verdict, [*result, *_build_open_section(document)]


def _build_open_section(document: AlternativesDocument) -> Iterator[Section]:
    rows = document.open
    if rows:
        yield Section(
            Text("Choix réellement ouverts", "Choices that are really open"),
            columns=[
                _build_column(_DOSSIER, [one.dossier for one in rows]),
                _build_column(_TITLE, [str(one.title or "") for one in rows]),
                _build_column(Text("Retenu dans", "Funded in"), [one.n_funded_in for one in rows], "count"),
            ],
        )
