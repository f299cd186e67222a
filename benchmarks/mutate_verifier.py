"""Mutants of the verifier: every rule kind's reading made to hold, and small changes of its own code.

The tests of `tests/verify` (of `tests/certify` for the replay of proofs) are collected once. Each mutant is a
fork in which the code of one function is exchanged; it runs the tests that reach what has changed (a branch that
is now taken always matters only to a test that did not take it), the quickest first, until one fails or the budget
is spent. A mutant that no test refused has survived.

uv run python benchmarks/mutate_verifier.py [--part verify|certify|telling] [--sample N] [--budget S]
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "verify"))

from without import WITHOUT

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tnt_sim"
TESTS = ROOT / "tests" / "verify"

ELSEWHERE = "not no_solver"
"""What runs in a process of its own knows nothing of a mutant."""

TELL = ("barred", "figures", "reasons", "room", "words")
"""They tell a run rather than check it."""


def _modules(room: str) -> list[str]:
    return [
        f"{room}.{file.stem}" for file in sorted((PACKAGE / room).glob("*.py")) if file.stem != "__init__"
    ]


PARTS = {
    "verify": ["recheck", *(name for name in _modules("verify") if name.partition(".")[2] not in TELL)],
    "telling": [f"verify.{name}" for name in TELL],
    "certify": _modules("certify"),
}
TIMEOUT_SECONDS = 240
ALL = 10 * TIMEOUT_SECONDS
"""Seconds for every test once, on a machine that does other work."""
SWAPS: dict[type, type] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A change of one function's code, or a check that is taken out.

    Attributes
    ----------
    module, function : where the change is, the function by its outermost qualified name
    source : the whole module with the change
    lines : a test that runs none of them cannot tell the mutant from the code
    without : the name of a check in `WITHOUT`
    """

    name: str
    module: str = ""
    function: str = ""
    source: str = ""
    lines: tuple[int, ...] = ()
    without: str = ""

    def apply(self) -> None:
        """Make the change in this process."""
        if self.without:
            WITHOUT[self.without](setattr)
        if self.source:
            module = import_module(f"tnt_sim.{self.module}")
            found: Any = module
            for part in self.function.split("."):
                found = vars(found)[part]
            codes = _codes(compile(self.source, self.name, "exec"))
            plain(found).__code__ = next(code for code in codes if code.co_qualname == self.function)


def plain(found: Any) -> Any:
    """The function behind a decorated one."""
    for name in ("__func__", "fget", "func", "__wrapped__"):
        found = getattr(found, name, found)
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _codes(const)


def code_mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of the functions of one module."""
    tree = ast.parse(_file(module).read_text(encoding="utf-8"))
    functions, after = dict(_functions(tree, ())), dict(_following(tree))
    for k, node in enumerate(ast.walk(tree)):
        function = functions.get(id(node))
        if function is None:
            continue
        for label, change in _changes(node):
            again = copy.deepcopy(tree)
            change(list(ast.walk(again))[k])
            source = ast.unparse(ast.fix_missing_locations(again))
            name = f"{module}:{getattr(node, 'lineno', 0)} {label}"
            yield Mutant(name, module, function, source, _lines(node, label, after))


def _following(tree: ast.AST) -> Iterator[tuple[int, int]]:
    """The line of the statement after each `if` whose body leaves."""
    for node in ast.walk(tree):
        for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
            for one, after in pairwise(block if isinstance(block, list) else ()):
                leaves = isinstance(one, ast.If) and not one.orelse
                if leaves and isinstance(one.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break):
                    yield id(one), after.lineno


def _lines(node: Any, label: str, after: Mapping[int, int]) -> tuple[int, ...]:
    """The lines of which a test must run one to see the change."""
    if isinstance(node, ast.If) and label == "condition never":
        return (node.body[0].lineno,)
    if isinstance(node, ast.If) and label == "condition always" and (node.orelse or id(node) in after):
        return (node.orelse[0].lineno,) if node.orelse else (after[id(node)],)
    return tuple(range(node.lineno, node.end_lineno + 1))


def _functions(node: ast.AST, path: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """The outermost function that each node lies in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            name = ".".join((*path, child.name))
            for statement in child.body:
                for inner in ast.walk(statement):
                    yield id(inner), name
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, (*path, child.name))


def _file(module: str) -> Path:
    return PACKAGE / f"{module.replace('.', '/')}.py"


def unchanged() -> Mutant:
    """A function of the verifier as it is, by the same way: the tests must accept it."""
    return Mutant(
        "no change", "verify.claims", "read_claim", _file("verify.claims").read_text(encoding="utf-8")
    )


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], None]]]:
    if isinstance(node, ast.If | ast.IfExp):
        yield "condition never", lambda n: setattr(n, "test", ast.Constant(False))
        yield "condition always", lambda n: setattr(n, "test", ast.Constant(True))
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        other = SWAPS[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__} → {other.__name__}", lambda n: n.ops.__setitem__(0, other())
    elif isinstance(node, ast.BoolOp):
        swapped = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"→ {swapped.__name__}", lambda n: setattr(n, "op", swapped())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield (
            "not dropped",
            lambda n: n.__dict__.update(op=ast.Not(), operand=ast.UnaryOp(ast.Not(), n.operand)),
        )
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "call dropped", lambda n: setattr(n, "value", ast.Constant(None))
    elif isinstance(node, ast.AugAssign):
        yield "addition dropped", lambda n: setattr(n, "value", ast.List([], ast.Load()))


def kind_mutants() -> Iterator[Mutant]:
    """The reading of each kind of rule, and of amounts, caps, envelopes and proofs, made to hold always."""
    for name in WITHOUT:
        yield Mutant(f"without {name}", without=name)


# ---- running


@dataclass(eq=False)
class Forks:
    """A pytest plugin: each mutant in a fork of its own, with the tests that call what it changes."""

    mutants: Sequence[Mutant]
    scratch: Path
    budget: float
    failed: bool = False
    alive: list[str] = field(default_factory=list)
    kills: dict[tuple[str, str], int] = field(default_factory=dict)
    """How many mutants of a module a test has refused: those tests go first."""
    began: float = 0.0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember that a test failed, and which."""
        if report.failed:
            self.failed = True
            (self.scratch / "failed.txt").write_text(
                f"{report.nodeid}\n{report.longreprtext}", encoding="utf-8"
            )

    def _turn(self, mutant: Mutant, test: str) -> tuple[bool, int, bool]:
        """When a test has its turn: for a check taken out those that break rules, then those that refuse most."""
        likely = bool(mutant.without) and "test_broken_rules" in test
        named = f"test_{mutant.module.rpartition('.')[2]}.py" in test
        return not likely, -self.kills.get((mutant.module, test), 0), not named

    def _why(self, what: str) -> RuntimeError:
        file = self.scratch / "failed.txt"
        told = file.read_text(encoding="utf-8") if file.is_file() else "they did not end in time"
        return RuntimeError(f"{what}: {told}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of the tests themselves."""
        items, file = session.items, self.scratch / "observed.json"
        if self._fork(lambda: file.write_text(json.dumps(self._observed(items)), encoding="utf-8"), ALL) != 0:
            raise self._why("the tests fail without any mutant")
        called = json.loads(file.read_text(encoding="utf-8"))
        for entry in called.values():
            entry["lines"] = set(entry["lines"])
        order = sorted(items, key=lambda item: called[item.nodeid]["seconds"])
        if self._fork(lambda: self._tried(unchanged(), order), ALL) != 0:
            raise self._why("the tests fail on a function exchanged for itself")
        for number, mutant in enumerate(self.mutants):
            lines = {f"{mutant.module}:{line}" for line in mutant.lines}
            mine = [one for one in order if not mutant.source or lines & called[one.nodeid]["lines"]]
            mine.sort(key=lambda one: self._turn(mutant, one.nodeid))
            end = self._fork(lambda mutant=mutant, mine=mine: self._tried(mutant, mine)) if mine else 0
            if end not in (0, 1, HUNG):
                raise self._why(f"{mutant.name} could not be made")
            if end == 1:
                killer = (self.scratch / "failed.txt").read_text(encoding="utf-8").partition("\n")[0]
                self.kills[mutant.module, killer] = self.kills.get((mutant.module, killer), 0) + 1
            if end == 0:
                self.alive.append(mutant.name)
            if end in (0, HUNG):
                word = "survived" if end == 0 else "hangs"
                print(f"{word}: {mutant.name} ({len(mine)} tests, {number} tried)", flush=True)
            if number % 25 == 24:
                print(f"{number + 1} tried, {len(self.alive)} survived", flush=True)
        return True

    def _fork(self, task: Callable[[], Any], seconds: float = TIMEOUT_SECONDS) -> int:
        """The end of a task in a fork: 0 done, 1 refused, `HUNG` after the time limit."""
        pid = os.fork()
        if pid == 0:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            code = BROKEN
            try:
                task()
                code = int(self.failed)
            except Exception:  # noqa: BLE001
                (self.scratch / "failed.txt").write_text(traceback.format_exc(), encoding="utf-8")
            finally:
                os._exit(code)
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return HUNG

    def _tried(self, mutant: Mutant, items: Sequence[pytest.Item]) -> None:
        self.began = time.process_time()
        mutant.apply()
        self._run(items)

    def _run(self, items: Sequence[pytest.Item]) -> None:
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed or time.process_time() - self.began > self.budget:
                return

    def _observed(self, items: Sequence[pytest.Item]) -> dict[str, Any]:
        """Each test's seconds and the lines of the package that it runs."""
        monitor, events = sys.monitoring, sys.monitoring.events
        seen: set[tuple[str, int]] = set()

        def ran(code: CodeType, line: int) -> Any:
            if code.co_filename.startswith(str(PACKAGE)):
                seen.add((code.co_filename, line))
            return monitor.DISABLE

        monitor.use_tool_id(TOOL, "mutants")
        monitor.register_callback(TOOL, events.LINE, ran)
        monitor.set_events(TOOL, events.LINE)
        found = {}
        for item, following in zip(items, [*items[1:], None], strict=True):
            seen.clear()
            monitor.restart_events()
            began = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            lines = [f"{_module(file)}:{line}" for file, line in seen]
            found[item.nodeid] = {"seconds": time.process_time() - began, "lines": lines}
        return found


def _module(file: str) -> str:
    return ".".join(Path(file).relative_to(PACKAGE).with_suffix("").parts)


HUNG, BROKEN = 99, 98
TOOL = 4


def _copied(made: Path, folder: Path) -> Path:
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return next((folder / "runs").iterdir())


def run(mutants: Sequence[Mutant], suite: Path, budget: float) -> list[str]:
    """The names of those that survive."""
    import small_runs
    from hypothesis import Phase, settings

    settings.register_profile("quick", phases=(Phase.explicit, Phase.generate), database=None, deadline=None)
    settings.load_profile("quick")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        make = f"import sys; sys.path.insert(0, {str(TESTS)!r}); from small_runs import *\n"
        make += f"for name in EVERY: run_of(name, Path({folder!r}) / name)"
        subprocess.run([sys.executable, "-c", make], check=True)
        small_runs.run_of = lambda name, place: _copied(made / name, place)
        forks = Forks(mutants, made, budget)
        options = ["-s", "-W", "ignore", "-o", "addopts=", "-o", "tmp_path_retention_policy=none"]
        options += ["-k", ELSEWHERE, f"--basetemp={folder}/tmp"]
        options += [part for name in ("terminal", "cacheprovider", "xdist") for part in ("-p", f"no:{name}")]
        if pytest.main([*options, str(suite)], plugins=[forks]) not in (0, 1):
            raise SystemExit(1)
    return forks.alive


def main() -> int:
    """Print the survivors and the score."""
    options = _options()
    random.seed(options.seed)
    code = [m for name in PARTS[options.part] if options.only in name for m in code_mutants(name)]
    chosen = code if options.sample is None else random.sample(code, min(options.sample, len(code)))
    mutants = [*(kind_mutants() if options.part == "verify" and not options.only else ()), *chosen]
    if options.again is not None:
        printed = options.again.read_text(encoding="utf-8")
        mutants = [mutant for mutant in mutants if f"survived: {mutant.name} (" in printed]
    if options.list:
        print("\n".join(mutant.name for mutant in mutants))
        return 0
    print(
        f"{options.part}: {len(mutants)} mutants ({len(chosen)} of {len(code)} changes of code)", flush=True
    )
    began = time.perf_counter()
    suite = TESTS.parent / ("certify" if options.part == "certify" else "verify")
    alive = run(mutants, suite, options.budget)
    killed = len(mutants) - len(alive)
    print(f"{options.part}: {killed} of {len(mutants)} killed, {killed / len(mutants):.1%}; "
          f"{time.perf_counter() - began:.0f} s")  # fmt: skip
    return 0


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--part", choices=PARTS, default="verify")
    asked.add_argument("--sample", type=int, help="so many changes of code, drawn; all by default")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", default="", help="part of a module's name; the rule kinds are left out")
    asked.add_argument(
        "--budget", type=float, default=20.0, help="processor seconds of tests for each mutant"
    )
    asked.add_argument("--again", type=Path, help="only those that an earlier run printed as survivors")
    asked.add_argument("--list", action="store_true")
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
