"""The workbook of a run: the decision as planners read it, with formulas that can be followed."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from tnt_sim.errors import Lang, Text, so_many
from tnt_sim.view.decided import decided
from tnt_sim.view.report.explained import Explained, explained
from tnt_sim.view.run_reader import StoredRun
from tnt_sim.view.sheet import Paper, Styles, close, new_book
from tnt_sim.view.workbook_compare import write_comparison
from tnt_sim.view.workbook_dossiers import TABLE, dossier_columns, write_dossiers
from tnt_sim.view.workbook_explained import EXPLAINED, write_explained
from tnt_sim.view.workbook_lists import envelope_sheets, write_envelopes, write_reserve
from tnt_sim.view.workbook_params import NAME as PARAMETERS
from tnt_sim.view.workbook_params import write_parameters
from tnt_sim.view.workbook_readme import write_readme
from tnt_sim.view.workbook_summary import write_summary

README = Text("Lisez-moi", "Read me")
SUMMARY = Text("Synthèse", "Summary")
RESERVE = Text("Réserve", "Reserve")
COMPARISON = Text("Comparaison", "Comparison")
_ABOUT = {
    "summary": Text(
        "L'argent, les enveloppes, les règles et les raisons ; ses sommes sont des formules sur « Dossiers ».",
        'The money, the envelopes, the rules and the reasons; its sums are formulas over "Dossiers".',
    ),
    "envelopes": Text(
        "Une feuille par enveloppe : ses chiffres et ses dossiers, les retenus d'abord.",
        "One sheet per envelope: its figures and its dossiers, the funded ones first.",
    ),
    "dossiers": Text(
        "Tous les dossiers, avec la décision et son motif ; filtres en première ligne.",
        "All dossiers, with the decision and why; filters in the first row.",
    ),
    "reserve": Text(
        "Les dossiers à financer si la réserve est libérée.", "What is funded if the reserve is freed."
    ),
    "explained": Text(
        "Ce que fait chaque règle, et qui entrerait, dans l'ordre.",
        "What each rule does, and who would enter, in order.",
    ),
    "comparison": Text("Ce calcul (A) et un autre (B).", "This run (A) and another (B)."),
    "parameters": Text(
        "Les montants et les bornes : changez-les, puis relancez avec --from-xlsx.",
        "The amounts and bounds: change them, then run again with --from-xlsx.",
    ),
}


def workbook_bytes(
    run: StoredRun,
    lang: Lang,
    other: StoredRun | None = None,
    explanation: Mapping[str, Any] | None = None,
) -> bytes:
    """The workbook of a run, compared with another one where there is one; the same bytes for the same run.

    `explanation` is the document of `explain --all`: it adds what would fund each dossier.
    """
    stream = io.BytesIO()
    foot = f"{run.name} · {str(run.summary['allocation_sha256'])[:12]}"
    book = new_book(stream, run.title, foot, run.spec.date)
    styles, paper = Styles(book, lang), Paper(run.title, foot, lang)
    table, why = decided(run), explained(explanation, lang)
    kept = (README, SUMMARY, RESERVE, EXPLAINED, COMPARISON, PARAMETERS)
    taken = {text.in_(lang).casefold() for text in kept}
    taken.add(TABLE.casefold())
    write_readme(book, styles, run, paper, README.in_(lang), list(_contents(run, lang, other, why)))
    write_summary(book, styles, run, paper, SUMMARY.in_(lang))
    write_envelopes(book, styles, run, table, paper, taken)
    write_dossiers(book, styles, run, dossier_columns(run, table, lang, why), paper)
    write_reserve(book, styles, run, paper, RESERVE.in_(lang))
    if why is not None:
        write_explained(book, styles, why, paper)
    if other is not None:
        write_comparison(book, styles, run, other, paper, COMPARISON.in_(lang))
    write_parameters(book, styles, run, paper)
    book.get_worksheet_by_name(SUMMARY.in_(lang)).activate()
    return close(book, stream)


def _contents(
    run: StoredRun, lang: Lang, other: StoredRun | None, why: Explained | None
) -> Iterator[tuple[str, str]]:
    yield SUMMARY.in_(lang), _ABOUT["summary"].in_(lang)
    n_sheets = len(envelope_sheets(run))
    if n_sheets:
        first = so_many(n_sheets, ("enveloppe", "enveloppes"), ("envelope", "envelopes"))
        yield first.in_(lang), _ABOUT["envelopes"].in_(lang)
    yield TABLE, _ABOUT["dossiers"].in_(lang)
    yield RESERVE.in_(lang), _ABOUT["reserve"].in_(lang)
    if why is not None:
        yield EXPLAINED.in_(lang), _ABOUT["explained"].in_(lang)
    if other is not None:
        yield COMPARISON.in_(lang), f"{_ABOUT['comparison'].in_(lang)} B : {other.name}"
    yield PARAMETERS.in_(lang), _ABOUT["parameters"].in_(lang)
