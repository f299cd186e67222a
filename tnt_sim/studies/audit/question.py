"""`audit`: a list made by hand against the rules and the best allocation."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tnt_sim.i18n.message import N_, _
from tnt_sim.studies.options import TypedOption
from tnt_sim.studies.study import Ask, Study

if TYPE_CHECKING:
    from tnt_sim.analysis.audit.audit import AuditResult


@partial(
    Study,
    verb="audit",
    help=N_("Compares a list made by hand with the rules and with the best allocation."),
    note=N_(
        'The list has a column "dossier", and if wanted "granted" (amount) and "funded" (oui or '
        "non); an export of Turgot or a run folder will do."
    ),
    examples="""\
  tnt-sim audit scenario.yaml --selection ma-liste.xlsx
  tnt-sim audit scenario.yaml --selection runs/exemple-1a2b3c4d --json
""",
    title=_("audit of a list"),
    document="analysis.audit.document.AuditDocument",
    table="dossiers",
    answer="tnt_sim.studies.audit.answer",
    next=("alternatives {it}",),
)
def audit(
    ask: Ask,
    selection: Annotated[
        str | Path,
        TypedOption(
            "--selection",
            N_("The list: CSV, XLSX, an export of Turgot, or a run folder."),
            N_("FILE"),
        ),
    ],
) -> AuditResult:
    """Audit a hand-made selection: rules broken, loss against the optimum, swaps that recover it.

    Parameters
    ----------
    selection : path of a table with application numbers, a Turgot export, or a run folder

    Raises
    ------
    UsageError
        For a scenario with several steps, or a missing file.
    DataError
        If the file cannot be read.

    Examples
    --------
    >>> _ = Path("liste.csv").write_text("dossier\\nE-01\\n", encoding="utf-8")
    >>> scenario.analyse.audit("liste.csv").status
    'optimal'
    """
    from tnt_sim.analysis.audit.audit import audit_selection
    from tnt_sim.analysis.audit.selection import read_selection
    from tnt_sim.errors import UsageError
    from tnt_sim.scenario.problem import compile_problem
    from tnt_sim.scenario.scenario import list_decision_steps

    steps = list_decision_steps(ask.scenario)
    if len(steps) > 1:
        raise UsageError(_("`audit` looks at one decision, and this scenario has several steps."))
    problem = compile_problem(steps[0].scenario)
    chosen = read_selection(Path(selection), problem)
    ask.clock.begin()
    return audit_selection(problem, chosen, ask.clock, progress=ask.report, lang=ask.lang)
