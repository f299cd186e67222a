"""Registry of solvers by name; a solver's library is imported only when it is requested."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.formulation.linear_model import LinearModel
from tnt_sim.i18n.message import Text
from tnt_sim.solve.backends.backend import Backend

_SECOND_OPINIONS = ("COIN_CMD", "PULP_CBC_CMD", "GLPK_CMD", "SCIP_PY", "SCIP_CMD", "CPSAT")
"""Solvers that share no code with HiGHS, by PuLP name, in order of preference: CBC, GLPK, SCIP, CP-SAT."""


def get_backend(name: str) -> Backend:
    """Return the backend of that name: `highs`, `scipy`, or `pulp:NAME` with a NAME of `pulp.listSolvers()`.

    Raises
    ------
    UsageError
        If there is no such backend, or if it is not installed on this machine.
    """
    if name == "highs" and _is_importable("highspy"):
        from tnt_sim.solve.backends.highs import HighsBackend

        return HighsBackend()
    if name == "scipy":
        from tnt_sim.solve.backends.scipy_milp import ScipyBackend

        return ScipyBackend()
    if name.startswith("pulp:") and name in list_available_backends():
        from tnt_sim.solve.backends.pulp_bridge import PulpBackend

        return PulpBackend(name.removeprefix("pulp:"))
    here = list_available_backends()
    hint = suggest_name(name, here) or Text("", "")
    listed = ", ".join(here)
    raise UsageError(
        Text(
            f"backend : le solveur « {name} » n'existe pas, ou pas sur cette machine. {hint.fr} "
            f"Présents : {listed}.",
            f'backend: there is no solver "{name}", or it is not on this machine. {hint.en} Present: {listed}.',
        ),
        code="usage.backend",
    )


def list_available_backends() -> tuple[str, ...]:
    """List the names that `get_backend` accepts on this machine."""
    direct = (("highs",) if _is_importable("highspy") else ()) + ("scipy",)
    return (*direct, *(f"pulp:{solver}" for solver in _list_pulp_solvers()))


def list_independent_backends() -> tuple[str, ...]:
    """List the installed backends that do not use HiGHS: CBC, GLPK, SCIP, CP-SAT, in this order."""
    here = _list_pulp_solvers()
    return tuple(f"pulp:{solver}" for solver in _SECOND_OPINIONS if solver in here)


def _list_pulp_solvers() -> tuple[str, ...]:
    if not _is_importable("pulp"):
        return ()
    from tnt_sim.solve.backends.pulp_bridge import list_installed_solvers

    return list_installed_solvers()


def _is_importable(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def write_lp(model: LinearModel, path: Path) -> None:
    """Write the model as a CPLEX LP file; imports PuLP when called (`pulp_bridge.write_lp`)."""
    from tnt_sim.solve.backends.pulp_bridge import write_lp as write

    write(model, path)
