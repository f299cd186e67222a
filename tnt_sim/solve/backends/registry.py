"""Registry of solvers by name, built in or of other packages; a library is imported only when it is requested.

Another package registers a backend as an entry point of the group `tnt_sim.backends`, under its name. The entry
point names a class, or a function, that builds a `Backend` without arguments.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from types import MappingProxyType

from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.extensions import build_extension_error, find_extensions, load_extension
from tnt_sim.formulation.linear_model import LinearModel
from tnt_sim.i18n.message import NO_TEXT, _
from tnt_sim.solve.backends.backend import Backend

GROUP = "tnt_sim.backends"
"""The group of entry points under which other packages register theirs."""
_HIGHS = EntryPoint("highs", "tnt_sim.solve.backends.highs:HighsBackend", GROUP)
_SCIPY = EntryPoint("scipy", "tnt_sim.solve.backends.scipy_milp:ScipyBackend", GROUP)
_PULP = "pulp:"
_SECOND_OPINIONS = ("COIN_CMD", "PULP_CBC_CMD", "GLPK_CMD", "SCIP_PY", "SCIP_CMD", "CPSAT")
"""Solvers that share no code with HiGHS, by PuLP name, in order of preference: CBC, GLPK, SCIP, CP-SAT."""


def get_backend(name: str) -> Backend:
    """Return the backend of that name: `highs`, `scipy`, `pulp:NAME`, or one that another package registers.

    NAME is one of `pulp.listSolvers()`.
    """
    entry = find_backends().get(name)
    if entry is not None:
        return load_extension(entry, Backend, create=True)  # type: ignore[type-abstract]
    if name.startswith(_PULP) and name in list_available_backends():
        from tnt_sim.solve.backends.pulp_bridge import PulpBackend

        return PulpBackend(name.removeprefix(_PULP))
    here = list_available_backends()
    hint = suggest_name(name, here) or NO_TEXT
    listed = ", ".join(here)
    raise UsageError(
        _(
            'backend: there is no solver "{name}", or it is not on this machine. {hint} Present: {listed}.',
            name=name,
            hint=hint,
            listed=listed,
        ),
        code="usage.backend",
    )


@cache
def find_backends() -> Mapping[str, EntryPoint]:
    """Return the backends on this machine but those of PuLP: the built-in ones, then those of other packages."""
    others = find_extensions(GROUP, (_HIGHS.name, _SCIPY.name))
    for name, entry in others.items():
        if name.startswith(_PULP):
            reason = _('"{pulp}" is reserved for PuLP', pulp=_PULP)
            raise build_extension_error(entry, reason)
    built_in = (_HIGHS, _SCIPY) if _is_importable("highspy") else (_SCIPY,)
    return MappingProxyType({entry.name: entry for entry in built_in} | others)


def list_available_backends() -> tuple[str, ...]:
    """List the names that `get_backend` accepts on this machine."""
    return (*find_backends(), *(f"{_PULP}{solver}" for solver in _list_pulp_solvers()))


def list_independent_backends() -> tuple[str, ...]:
    """List the backends on this machine that do not use HiGHS: CBC, GLPK, SCIP, CP-SAT, then those of packages."""
    here = _list_pulp_solvers()
    others = (name for name in find_backends() if get_backend(name).capabilities.independent_of_highs)
    return (*(f"{_PULP}{solver}" for solver in _SECOND_OPINIONS if solver in here), *others)


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
