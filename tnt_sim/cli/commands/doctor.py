"""`tnt-sim doctor`: versions, solvers, the independent check, and what works on this machine."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tnt_sim.cli.answer import OutputOptions
from tnt_sim.cli.console import build_hint
from tnt_sim.cli.options import parse_lang
from tnt_sim.i18n.message import Lang, Text, _

BROKEN = 1

if TYPE_CHECKING:
    from tnt_sim.reporting.command_documents import SolverEntry


def doctor(output: OutputOptions) -> int:
    """Show the versions, the solvers found and what works on this machine."""
    from tnt_sim.reporting.command_documents import DoctorDocument, MachineCheck

    tongue = parse_lang(output.lang)
    from tnt_sim.engine.stored_run import list_versions

    solvers = [_try_solver(name, tongue) for name in _list_solvers()]
    answering = {entry.name for entry in solvers if entry.works}
    independent = [name for name in _list_second_solvers() if name in answering]
    checks = [_check_python(), _check_time_zones(), _check_utf8(), _check_kernels()]
    works = any(entry.works for entry in solvers if not entry.independent)
    document = DoctorDocument(
        status="ready" if works and independent else "limited" if works else "broken",
        versions=list_versions(),
        solvers=solvers,
        cross_check=independent[0] if independent else None,
        checks=[MachineCheck(id=name, works=fine, message=text.in_(tongue)) for name, fine, text in checks],
    )
    from tnt_sim.reporting.reports.machine import build_report

    output.show(build_report(document), document, tongue, build_hint("doctor", tongue))
    return 0 if works else BROKEN


def _list_second_solvers() -> tuple[str, ...]:
    """Return the independent solvers, in the order in which a run uses them."""
    from tnt_sim.solve.backends.registry import list_independent_backends

    return list_independent_backends()


def _list_solvers() -> list[tuple[str, bool]]:
    from tnt_sim.solve.backends.registry import list_available_backends

    apart = set(_list_second_solvers())
    return [(name, name in apart) for name in list_available_backends()]


def _try_solver(entry: tuple[str, bool], lang: Lang) -> SolverEntry:
    """Solve a tiny model (the larger of two exclusive numbers) and check that the solver answers correctly."""
    from tnt_sim.reporting.command_documents import SolverEntry

    name, independent = entry
    from tnt_sim.deadline import Deadline
    from tnt_sim.errors import TntError
    from tnt_sim.solve.backends.backend import Limits
    from tnt_sim.solve.backends.registry import get_backend

    result = SolverEntry(name=name, independent=independent)
    try:
        answer = get_backend(name).solve(_build_tiny_model(), limits=Limits(Deadline(20.0)))
    except TntError as error:
        return replace(result, why=error.text.in_(lang))
    except Exception as error:  # noqa: BLE001  (whatever a solver raises, the doctor says it and goes on)
        return replace(result, why=f"{type(error).__name__}: {error}")
    right = answer.values is not None and [round(float(value)) for value in answer.values] == [0, 1]
    why = None if right else answer.termination.value
    return replace(result, works=right, version=answer.solver, why=why)


def _build_tiny_model() -> Any:
    import numpy as np

    from tnt_sim.formulation.linear_model import NO_LOWER, LinearModel
    from tnt_sim.rules.protocols import Sense
    from tnt_sim.sparse_matrix import SparseMatrix

    whole = np.int64
    return LinearModel(
        matrix=SparseMatrix.from_dense([[1, 1]]),
        row_lower=np.array([NO_LOWER], dtype=whole),
        row_upper=np.array([1], dtype=whole),
        col_lower=np.zeros(2, dtype=whole),
        col_upper=np.ones(2, dtype=whole),
        integer=np.ones(2, dtype=np.bool_),
        objective=np.array([2, 3], dtype=whole),
        sense=Sense.MAXIMISE,
        row_names=("one",),
        col_names=("a", "b"),
    )


def _check_python() -> tuple[str, bool, Text]:
    """Say whether this version of Python is one on which the program is tested."""
    from tnt_sim.installation import SUPPORTED_PYTHONS

    first, last = (".".join(map(str, version)) for version in SUPPORTED_PYTHONS)
    here = sys.version_info[:2]
    names = {"here": f"{here[0]}.{here[1]}", "first": first, "last": last}
    if SUPPORTED_PYTHONS[0] <= here <= SUPPORTED_PYTHONS[1]:
        return "python", True, _("Python {here}; {first} to {last} are supported", **names)
    text = _("Python {here} has not been tried; {first} to {last} are supported", **names)
    return "python", False, text


def _check_time_zones() -> tuple[str, bool, Text]:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo("Europe/Paris")
    except ZoneInfoNotFoundError:
        return (
            "timezones",
            False,
            _("no time zones, since the package tzdata is missing: install tnt-sim again"),
        )
    return "timezones", True, _("time zones")


def _check_utf8() -> tuple[str, bool, Text]:
    fine = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return "utf-8", fine, _("accents and the € sign on screen")


def _check_kernels() -> tuple[str, bool, Text]:
    """Say which path the exact kernels take; a library that cannot be used is the only fault."""
    from tnt_sim.kernel.compiled.library import VARIABLE, get_kernel_path

    path = get_kernel_path()
    if path.functions is not None:
        return "kernels", True, _("exact methods: compiled")
    if path.reason == "chosen":
        return "kernels", True, _("exact methods: numpy, as {variable} says", variable=VARIABLE)
    if path.reason == "not built":
        text = _(
            "exact methods: numpy (slower, same answers); a wheel built for this system has the compiled ones, "
            "and so has an installation from the code beside a C compiler"
        )
        return "kernels", True, text
    text = _(
        "exact methods: numpy (slower, same answers), because the compiled ones are unusable. Install tnt-sim "
        "again (from the folder of the code: uv sync --reinstall-package tnt-sim)."
    )
    return "kernels", False, text
