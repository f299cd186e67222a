"""`tnt-sim report`: a run, or two side by side, as a document for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.export import ForceOption, tell
from tnt_sim.cli.options import JsonOption, LangOption, QuietOption, lang_of
from tnt_sim.cli.speak import language
from tnt_sim.errors import Lang, Text, UsageError

if TYPE_CHECKING:
    from tnt_sim.view.run_reader import StoredRun

RunsArgument = Annotated[
    list[Path],
    typer.Argument(metavar="RUN_DIR…", help="Un dossier de calcul, ou deux à comparer.", show_default=False),
]
ReportOption = Annotated[
    Path,
    typer.Option("--out", metavar="FICHIER", help="Le document à écrire, .xlsx.", show_default=False),
]


def report(
    run_dirs: RunsArgument,
    out: ReportOption,
    force: ForceOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Écrit le classeur d'un calcul ; de deux, le second est comparé au premier."""
    tongue = lang_of(lang, language([str(path) for path in run_dirs]))
    write = _writer(out)
    from tnt_sim.view.put_file import check_target, put_file
    from tnt_sim.view.run_reader import open_run

    check_target(out, replace=force)
    runs = [open_run(path) for path in run_dirs]
    put_file(out, write(runs, tongue))
    tell(runs[0], "report", out.suffix.lower()[1:], [out], tongue, as_json=as_json, quiet=quiet)
    return 0


def _workbook(runs: Sequence[StoredRun], lang: Lang) -> bytes:
    from tnt_sim.view.workbook import workbook_bytes

    if len(runs) > 2:
        raise UsageError(
            Text(
                f"un classeur compare deux calculs, pas {len(runs)}.",
                f"a workbook compares two runs, not {len(runs)}.",
            ),
            code="usage.report",
        )
    return workbook_bytes(runs[0], lang, runs[1] if len(runs) == 2 else None)


Writer = Callable[[Sequence["StoredRun"], Lang], bytes]
WRITERS: dict[str, Writer] = {".xlsx": _workbook}
"""What writes a document, by its suffix: a further one has its entry here."""


def _writer(out: Path) -> Writer:
    suffix = out.suffix.lower()
    if suffix in WRITERS:
        return WRITERS[suffix]
    every = ", ".join(WRITERS)
    raise UsageError(
        Text(
            f"un rapport s'écrit en {every} dans cette version, pas en « {suffix or out.name} ».",
            f'a report is written as {every} in this version, not as "{suffix or out.name}".',
        ),
        code="usage.report",
    )
