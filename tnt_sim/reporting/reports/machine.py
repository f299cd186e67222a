"""Report of `doctor`: versions, solvers, and what works on this machine."""

from __future__ import annotations

from collections.abc import Sequence

from tnt_sim.i18n.message import _
from tnt_sim.installation import format_install_command
from tnt_sim.reporting.command_documents import DoctorDocument, SolverEntry
from tnt_sim.reporting.report_tree import Callout, Column, Node, Report, Section, Table, Tone, Words
from tnt_sim.reporting.text.vocabulary import get_solver_name


def build_report(document: DoctorDocument) -> Report:
    """Return the report of a machine, with what it can do last."""
    versions, solvers, checks = document.versions, document.solvers, document.checks
    nodes: list[Node] = [
        Section(_("Versions"), [_build_table([list(versions), list(versions.values())])]),
        Section(
            _("Solvers"),
            [
                _build_table(
                    [
                        [_mark(solver.works) for solver in solvers],
                        [solver.name for solver in solvers],
                        [_describe_version(solver) for solver in solvers],
                        [_("second opinion") if solver.independent else "" for solver in solvers],
                        [_("works") if solver.works else solver.why or "–" for solver in solvers],
                    ],
                    [None if solver.works else Tone.WARNING for solver in solvers],
                )
            ],
        ),
        Section(
            _("This machine"),
            [_build_table([[_mark(check.works) for check in checks], [check.message for check in checks]])],
        ),
        _build_conclusion(document),
    ]
    return Report(title=_("Versions, solvers and machine"), nodes=nodes, bare=True)


def _build_table(cells: Sequence[Sequence[Words]], tones: Sequence[Tone | None] = ()) -> Table:
    return Table([Column("", column) for column in cells], most=len(cells[0]), tones=tones)


def _describe_version(solver: SolverEntry) -> str:
    """Return the version that a solver tells, or else its usual name."""
    version = solver.version or "–"
    return get_solver_name(solver.name) if version == solver.name else version


def _mark(works: bool) -> str:
    return "✔" if works else "✘"


def _build_conclusion(document: DoctorDocument) -> Callout:
    if document.status == "ready":
        second = get_solver_name(document.cross_check or "")
        return Callout(
            _("All is ready. {second} checks each optimum that has no exact certificate.", second=second),
            Tone.GOOD,
        )
    if document.status == "limited":
        text = _(
            "Runs and proofs work. An optimum without an exact certificate is not confirmed by a "
            "second solver. CBC, GLPK or SCIP gives a second opinion. To install SCIP: {command}",
            command=format_install_command("crosscheck", "pyscipopt"),
        )
    else:
        text = _("No solver answers: install tnt-sim again.")
    return Callout(text, Tone.DOUBT)
