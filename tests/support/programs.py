"""Programs of the system that some tests need: they skip without them, and the run says what was wanting."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tnt_sim.solve.backends.registry import list_available_backends, list_independent_backends

WANT = "for want of "
"""How the reason of such a skip begins."""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LIBREOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
_SOLVERS = {"pulp:COIN_CMD": "CBC", "pulp:GLPK_CMD": "GLPK"}
_UNTRIED = "pulp:CPSAT"


def needs(program: str | None, name: str) -> pytest.MarkDecorator:
    """The mark of a test that needs a program: its path, or None where it is not."""
    return pytest.mark.skipif(program is None, reason=WANT + name)


def needs_solver(backend: str) -> pytest.MarkDecorator:
    """The mark of a test that needs a backend."""
    return needs(backend if backend in list_available_backends() else None, _SOLVERS.get(backend, backend))


def each_backend(suits: Callable[[str], bool] = lambda _: True) -> list[Any]:
    """For `parametrize`: the backends that suit, without CP-SAT; CBC and GLPK skip with a reason where absent."""
    return _with_absent((name for name in list_available_backends() if name != _UNTRIED), suits)


def each_second_opinion() -> list[Any]:
    """For `parametrize`: every solver that is not HiGHS; CBC and GLPK as in `each_backend`."""
    return _with_absent(list_independent_backends(), lambda _: True)


def _with_absent(present: Iterable[str], suits: Callable[[str], bool]) -> list[Any]:
    names = dict.fromkeys([*present, *_SOLVERS])
    return [pytest.param(name, marks=needs_solver(name)) for name in names if suits(name)]


def wanting(reasons: Iterable[str]) -> str:
    """One line: what was skipped for want of what, then for other reasons; nothing where nothing was skipped."""
    counts = Counter(reason.removeprefix("Skipped: ") for reason in reasons)
    programs = [
        f"{why.removeprefix(WANT)} ({n})" for why, n in sorted(counts.items()) if why.startswith(WANT)
    ]
    others = [f"{why} ({n})" for why, n in sorted(counts.items()) if not why.startswith(WANT)]
    told = [f"{WANT}{', '.join(programs)}"] if programs else []
    return f"skipped {'; '.join(told + others)}" if counts else ""
