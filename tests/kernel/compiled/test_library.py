"""Both paths of the kernels give the same bytes; the library is used only where it is that of its sources."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.kernel_cases import CASES, assert_equal_paths
from support.lanes import seeds
from support.programs import needs

from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.kernel.compiled import build, library
from tnt_sim.kernel.profit_frontier import build_frontier

COMPILER = build.find_compiler()
needs_core = needs("core" if library.get_core() else None, "the compiled kernels")


DRAWS = {"tree questions": 3}
"""Calls of one seed where they are fewer than five: half of the whole time goes to this family."""


@needs_core
@pytest.mark.parametrize("first", seeds(range(0, 200, 50), 1))
@pytest.mark.parametrize("name", CASES)
def test_both_paths_give_the_same_bytes(name: str, first: int) -> None:
    for seed in range(first, first + 50):
        rng = np.random.default_rng([seed, *name.encode()])
        for _ in range(DRAWS.get(name, 5)):
            try:
                assert_equal_paths(CASES[name](rng))
            except AssertionError as error:
                error.add_note(f"seed {seed}")
                raise


@needs_core
def test_the_compiled_loop_looks_at_the_clock() -> None:
    profit = np.full(900, 40)
    with pytest.raises(DeadlineExpired):
        build_frontier(profit, profit, 10**6, Deadline(0.0))


@pytest.mark.skipif(COMPILER is None, reason="for want of a C compiler")
def test_the_core_is_built_where_a_compiler_is(tmp_path: Path) -> None:
    """The sources compile without a warning."""
    strict = (*build.FLAGS, "-Wall", "-Wextra", "-Werror")
    assert build.build_library(tmp_path / "core.so", strict) is None


def _load_from(path: Path, monkeypatch: pytest.MonkeyPatch) -> library.KernelPath:
    monkeypatch.setattr(library, "LIBRARY", path)
    return library._load_library.__wrapped__()


def test_without_a_library_numpy_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "core.so"
    assert _load_from(path, monkeypatch) == library.KernelPath(None, "not built")
    path.write_bytes(b"no library")
    assert _load_from(path, monkeypatch) == library.KernelPath(None, "cannot be loaded")


@needs_core
def test_a_library_of_other_sources_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "compute_stamp", lambda: "of other sources")
    assert _load_from(library.LIBRARY, monkeypatch).reason == "older than its sources"


def test_the_variable_leaves_the_core_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.VARIABLE, library.NUMPY)
    assert library.get_kernel_path() == library.KernelPath(None, "chosen")


def test_without_a_compiler_the_build_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.build_library(tmp_path / "core.so") == "no C compiler (cc, gcc, clang)"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(COMPILER is None, reason="for want of a C compiler")
def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    failure = build.build_library(tmp_path / "core.so", ["-no-such-option"])
    assert failure is not None
    assert "failed" in failure
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("false") is None, reason="for want of a command that fails")
def test_a_compiler_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "false")
    assert build.build_library(tmp_path / "core.so") == "false failed: no message"
    monkeypatch.setattr(build, "SECONDS", 0.0)
    assert str(build.build_library(tmp_path / "core.so")).startswith("false failed: ")


def test_each_function_of_two_widths_has_both_names() -> None:
    class Every:
        """A library that has each function that it is asked for."""

        def __getattr__(self, name: str) -> SimpleNamespace:
            return SimpleNamespace(name=name)

    named = dict(library._prepare_functions(Every()))  # type: ignore[arg-type]
    ends = {name: ("_32", "_64") if name in library._WIDTHS else ("",) for name in library._SIGNATURES}
    assert {*named} == {name + end for name, both in ends.items() for end in both}
    assert set(ends.values()) == {("",), ("_32", "_64")}
    for name, function in named.items():
        assert function.name == f"tnt_{name}"
        assert (function.restype, function.argtypes) == library._SIGNATURES[
            name.removesuffix("_32").removesuffix("_64")
        ]


def test_an_array_with_gaps_is_refused() -> None:
    with pytest.raises(ValueError, match="contiguous"):
        library.get_address(np.arange(4)[::2])
