"""Export format `markdown`: the funded dossiers as a Markdown table, for a wiki or a ticket."""

from __future__ import annotations

from tnt_sim.engine.award_list import format_euros
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Bilingual
from tnt_sim.reporting.export.formats import ExportOptions, Format
from tnt_sim.reporting.text.verification import get_mention

HEADS = (
    Bilingual("dossier", "application"),
    Bilingual("demandeur", "applicant"),
    Bilingual("accordé (€)", "granted (€)"),
)


def write_markdown(run: StoredRun, options: ExportOptions) -> bytes:
    """Return the table of funded dossiers, after the title and what was not verified or shown."""
    mention = get_mention(run.checked)
    funded = run.table.filter("funded").select("dossier", "applicant", format_euros("granted_cents"))
    lines = [f"# {run.title}", "", *([] if mention is None else [f"**{mention.in_(options.lang)}**", ""])]
    lines += [_format_row([head.in_(options.lang) for head in HEADS]), "|---|---|---:|"]
    lines += [_format_row([str(cell or "") for cell in row]) for row in funded.iter_rows()]
    return ("\n".join(lines) + "\n").encode()


def _format_row(cells: list[str]) -> str:
    escaped = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(escaped)} |"


MARKDOWN = Format(
    Bilingual("les dossiers retenus, en table Markdown", "the funded applications as a Markdown table"),
    (".md",),
    write_markdown,
)
