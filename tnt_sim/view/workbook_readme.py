"""The sheet « Lisez-moi »: which run this is, what supports it, what it was made of, and what each sheet holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.view import words
from tnt_sim.view.run_reader import StoredRun
from tnt_sim.view.sheet import Paper, Styles, set_up, write_text
from tnt_sim.view.tables import SYNTHETIC
from tnt_sim.view.verification_words import answer_rows

Row = tuple[str, str]
_ONE_PAGE = 48
_HASHES = (
    ("scenario_sha256", Text("Scénario et données", "Scenario and data")),
    ("allocation_sha256", Text("Répartition", "Allocation")),
    ("document_sha256", Text("Document du calcul", "Document of the run")),
)


def write_readme(
    book: Any, styles: Styles, run: StoredRun, paper: Paper, name: str, sheets: Sequence[Row]
) -> None:
    """The first sheet; `sheets` says what each of the others holds."""
    lang = paper.lang
    sheet = book.add_worksheet(name)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 96)
    write_text(sheet, 0, 0, run.title, styles.title)
    sheet.set_row(0, 24)
    verdict = words.verdict(run.summary, found=run.found).in_(lang)
    write_text(sheet, 1, 0, verdict, styles.made(bold=True))
    row = 2
    for text in _marks(run, lang):
        write_text(sheet, row, 0, text, styles.made(bold=True, font_color="#7A3E00"))
        row += 1
    parts = (
        (Text("Le calcul", "The run"), _run(run, lang)),
        (Text("Empreintes (SHA-256)", "Hashes (SHA-256)"), _hashes(run, lang)),
        (Text("Données lues", "Data read"), [(e["path"], e["sha256"]) for e in run.summary["inputs"]]),
        (Text("Feuilles", "Sheets"), sheets),
        (Text("Avertissements", "Warnings"), [("!", text) for text in run.summary["warnings"]]),
    )
    for title, rows in parts:
        row = _part(sheet, styles, row + 1, title.in_(lang), list(rows))
    set_up(sheet, paper, n_pages=1 if row <= _ONE_PAGE else 0)


def _part(sheet: Any, styles: Styles, row: int, title: str, rows: Sequence[Row]) -> int:
    if not rows:
        return row - 1
    write_text(sheet, row, 0, title, styles.section)
    for at, (name, text) in enumerate(rows, start=row + 1):
        write_text(sheet, at, 0, name, styles.cell("text", wrap=True)[0])
        write_text(sheet, at, 1, text, styles.cell("text", wrap=True)[0])
    return row + 1 + len(rows)


def _marks(run: StoredRun, lang: Lang) -> Iterator[str]:
    """What a reader must know before any figure."""
    if run.synthetic:
        yield SYNTHETIC.in_(lang)
    if not run.publishable:
        yield Text("Cette répartition n'est pas publiable.", "This allocation is not publishable.").in_(lang)


def _run(run: StoredRun, lang: Lang) -> Iterator[Row]:
    summary = run.summary
    yield Text("Dossier du calcul", "Run folder").in_(lang), run.name
    yield Text("Scénario", "Scenario").in_(lang), str(summary["scenario"])
    if run.spec.date:
        yield (
            Text("Date de la décision", "Day of the decision").in_(lang),
            words.long_day(run.spec.date.isoformat()).in_(lang),
        )
    for text in summary.get("sets") or ():
        yield Text("Changement (--set)", "Change (--set)").in_(lang), str(text)
    for name, text in answer_rows(run.found):
        yield name.in_(lang), text.in_(lang)
    yield Text("Pour vérifier", "To check it").in_(lang), f"tnt-sim verify runs/{run.name}"
    versions = ", ".join(f"{name} {version}" for name, version in summary["versions"].items())
    yield Text("Versions (non vérifié)", "Versions (not verified)").in_(lang), versions


def _hashes(run: StoredRun, lang: Lang) -> Iterator[Row]:
    for key, title in _HASHES:
        yield title.in_(lang), str(run.summary[key])
    yield from run.summary["files"].items()
