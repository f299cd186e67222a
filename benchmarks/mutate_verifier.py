"""Mutants of the verifier, of proofs and of kernels: checks taken out, and small changes of one line of code.

The tests of the part's rooms are collected once and must pass unchanged. Each mutant is a fork in which the code
of one function is exchanged; it runs the tests that reach what has changed (a branch that is now taken always
matters only to a test that did not take it), in turns of equal seconds, until one fails or the budget is spent. A
mutant that no test refused has survived; one that did not end is told apart. What each came to is kept in a file,
and the same command goes on from there. `equivalent_mutants.txt` lists those that change nothing.

uv run python benchmarks/mutate_verifier.py [--part verify|telling|exact] [--sample N] [--budget S] [--again]
uv run python benchmarks/mutate_verifier.py --part exact --sample 300      # certify/, kernel/, prove/
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from mutants_kept import OUT_OF_TIME, REFUSED, SURVIVED, Results, digest, drawn, equivalent
from support.run_folders.disabled_checks import WITHOUT

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tnt_sim"
TESTS = ROOT / "tests"

ELSEWHERE = "not no_solver"
"""What runs in a process of its own knows nothing of a mutant."""

TELLING = ("verify.reason_sentences", "verify.decision_reasons", "verify.run_document")
"""They say what a run decided rather than check it."""


def _modules(room: str) -> list[str]:
    files = (file.relative_to(PACKAGE).with_suffix("") for file in sorted((PACKAGE / room).rglob("*.py")))
    return [".".join(file.parts) for file in files if file.name != "__init__"]


PARTS = {
    "verify": ["engine.run_folder.replay", *(name for name in _modules("verify") if name not in TELLING)],
    "telling": list(TELLING),
    "exact": [name for room in ("certify", "kernel", "prove") for name in _modules(room)],
}
SUITES = {"verify": ("verify",), "telling": ("verify",), "exact": ("certify", "kernel", "prove")}
TIMEOUT_SECONDS = 15
ALL = 1200
"""Processor seconds beyond the budget after which a mutant is stopped; for every test once."""
PATIENCE = 30
"""Seconds of the clock for one of the processor, on a machine that does other work."""
MEMORY = 8 * 2**30
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
    key : the change, without line numbers
    version : digest of the module as it is
    source : gives the whole module with the change
    lines : a test that runs none of them cannot tell the mutant from the code
    without : the name of a check in `WITHOUT`
    """

    name: str
    module: str = ""
    function: str = ""
    key: str = ""
    version: str = ""
    source: Callable[[], str] | None = None
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
            codes = _codes(compile(self.source(), self.name, "exec"))
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
    text = _file(module).read_text(encoding="utf-8")
    tree, version, seen = ast.parse(text), digest(text), Counter[str]()
    functions, after = dict(_functions(tree, ())), dict(_following(tree))
    for k, node in enumerate(ast.walk(tree)):
        function = functions.get(id(node))
        if function is None:
            continue
        for label, change in (*_changes(node), *(_figures(node) if module in PARTS["exact"] else ())):
            name = f"{module}:{getattr(node, 'lineno', 0)} {label}"
            what = ast.unparse(node.test if isinstance(node, ast.If | ast.IfExp) else node)
            key = f"{module}.{function}: {label}: {' '.join(what.split())[:80]}"
            seen[key] += 1
            key += f" #{seen[key]}" if seen[key] > 1 else ""
            source = partial(_changed, tree, k, change)
            yield Mutant(name, module, function, key, version, source, _lines(node, label, after))


def _changed(tree: ast.AST, k: int, change: Callable[[Any], None]) -> str:
    again = copy.deepcopy(tree)
    change(list(ast.walk(again))[k])
    return ast.unparse(ast.fix_missing_locations(again))


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


def unchanged(mutant: Mutant) -> Mutant:
    """The function of a mutant as it is, exchanged by the same way: the tests must accept it."""
    return replace(mutant, name="no change", source=lambda: _file(mutant.module).read_text(encoding="utf-8"))


def _figures(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], None]]]:
    """Sums and whole numbers off by one: what exact code must not be."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        other = ast.Sub if isinstance(node.op, ast.Add) else ast.Add
        yield f"→ {other.__name__}", lambda n: setattr(n, "op", other())
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        yield "one more", lambda n: setattr(n, "value", n.value + 1)


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
        yield Mutant(f"without {name}", key=f"without {name}", version=digest(""), without=name)


# ---- running


@dataclass(eq=False)
class Forks:
    """A pytest plugin: each mutant in a fork of its own, with the tests that call what it changes."""

    mutants: Sequence[Mutant]
    scratch: Path
    budget: float
    results: Results
    failed: bool = False
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

    def _turn(self, mutant: Mutant, test: str) -> tuple[bool, int]:
        """When a test has its turn: for a check taken out those that break rules, then those that refuse most."""
        likely = bool(mutant.without) and "test_broken_rules" in test
        return not likely, -self.kills.get((mutant.module, test), 0)

    def _why(self, what: str) -> RuntimeError:
        file = self.scratch / "failed.txt"
        told = file.read_text(encoding="utf-8") if file.is_file() else "they did not end in time"
        return RuntimeError(f"{what}: {told}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of the tests themselves."""
        items = session.items
        called = self._called(items)
        order = _in_turn(items, called)
        limit = self.budget + TIMEOUT_SECONDS

        def reached_by(mutant: Mutant) -> list[pytest.Item]:
            lines = {f"{mutant.module}:{line}" for line in mutant.lines}
            mine = [one for one in order if not mutant.source or lines & called[one.nodeid]["lines"]]
            return sorted(mine, key=lambda one: self._turn(mutant, one.nodeid))

        reached = next((one for one in self.mutants if one.source and reached_by(one)), None)
        same = None if reached is None else unchanged(reached)
        if same and self._fork(lambda: self._tried(same, reached_by(same)), limit) != 0:
            raise self._why("the tests fail on a function exchanged for itself")
        for number, mutant in enumerate(self.mutants, start=1):
            mine, began = reached_by(mutant), time.monotonic()
            end = self._fork(lambda mutant=mutant, mine=mine: self._tried(mutant, mine), limit) if mine else 0
            if end not in ENDS:
                raise self._why(f"{mutant.name} could not be made")
            killer = ""
            if end == 1:
                killer = (self.scratch / "failed.txt").read_text(encoding="utf-8").partition("\n")[0]
                self.kills[mutant.module, killer] = self.kills.get((mutant.module, killer), 0) + 1
            seconds = round(time.monotonic() - began, 1)
            self.results.add(mutant, ENDS[end], line=mutant.name, tests=len(mine), by=killer, seconds=seconds)
            if end != 1:
                print(f"{ENDS[end]}: {mutant.name} | {mutant.key} ({len(mine)} tests)", flush=True)
            if number % 25 == 0:
                print(f"{number} of {len(self.mutants)} tried", flush=True)
        return True

    def _called(self, items: Sequence[pytest.Item]) -> dict[str, Any]:
        """What each test runs, as noted before where neither the package nor the test has changed."""
        file = self.results.file.with_suffix(f".{digest(*_sources())}.seen")
        file.parent.mkdir(parents=True, exist_ok=True)
        known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        version = {path: digest(path.read_text(encoding="utf-8")) for path in {item.path for item in items}}
        fresh = [one for one in items if known.get(one.nodeid, {}).get("version") != version[one.path]]
        if fresh and self._fork(lambda: self._write_observed(file, known, fresh, version), ALL) != 0:
            raise self._why("the tests fail without any mutant")
        called: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        for entry in called.values():
            entry["lines"] = set(entry["lines"])
        return called

    def _fork(self, task: Callable[[], Any], seconds: float) -> int:
        """The end of a task in a fork: 0 done, 1 refused, `HUNG` after so much processor time."""
        pid = os.fork()
        if pid == 0:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            code = BROKEN
            try:
                task()
                code = int(self.failed)
            except Exception:  # noqa: BLE001
                (self.scratch / "failed.txt").write_text(traceback.format_exc(), encoding="utf-8")
            finally:
                os._exit(code)
        began = time.monotonic()
        while time.monotonic() - began < seconds * PATIENCE:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return self._read_end(os.waitstatus_to_exitcode(status))
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return HUNG

    def _read_end(self, code: int) -> int:
        """The end that an exit status says; a process that dies in compiled code has failed its test."""
        if code >= 0:
            return code
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return HUNG
        (self.scratch / "failed.txt").write_text(f"{signal.Signals(-code).name}\n", encoding="utf-8")
        return 1

    def _tried(self, mutant: Mutant, items: Sequence[pytest.Item]) -> None:
        self.began = time.process_time()
        mutant.apply()
        self._run(items)

    def _run(self, items: Sequence[pytest.Item]) -> None:
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed or time.process_time() - self.began > self.budget:
                return

    def _write_observed(
        self, file: Path, known: dict[str, Any], items: Sequence[pytest.Item], version: Mapping[Path, str]
    ) -> None:
        found = self._observed(items)
        for item in items:
            found[item.nodeid]["version"] = version[item.path]
        if not self.failed:
            file.write_text(json.dumps(known | found), encoding="utf-8")

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


def _in_turn(items: Sequence[pytest.Item], called: Mapping[str, Any]) -> list[pytest.Item]:
    """Tests so that each test function has had as many seconds as the others: a slow one, or many, wait."""
    spent: Counter[str] = Counter()
    share = {}
    for item in sorted(items, key=lambda item: called[item.nodeid]["seconds"]):
        function = item.nodeid.partition("[")[0]
        spent[function] += called[item.nodeid]["seconds"]
        share[item.nodeid] = spent[function]
    return sorted(items, key=lambda item: share[item.nodeid])


def _sources() -> Iterator[str]:
    """All code but the tests' own that decides which lines a test runs."""
    helpers = (file for file in TESTS.rglob("*.py") if not file.name.startswith("test_"))
    for file in sorted([*PACKAGE.rglob("*.py"), *helpers]):
        yield file.read_text(encoding="utf-8")


HUNG, BROKEN = 99, 98
ENDS = {0: SURVIVED, 1: REFUSED, HUNG: OUT_OF_TIME}
TOOL = 4


def _copied(made: Path, folder: Path) -> Path:
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return next((folder / "runs").glob("*-*"))


def run(mutants: Sequence[Mutant], rooms: Sequence[str], budget: float, results: Results) -> None:
    """Try each of them."""
    from hypothesis import Phase, settings
    from support.run_folders import small_runs

    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("quick", phases=phases, database=None, deadline=None, derandomize=True)
    settings.load_profile("quick")
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        if "verify" in rooms:
            make = f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
            make += "from support.typed import read_catalogue_as_typed; read_catalogue_as_typed()\n"
            make += "from pathlib import Path; from support.run_folders.small_runs import EVERY, run_of\n"
            make += f"for name in EVERY: run_of(name, Path({folder!r}) / name)"
            subprocess.run([sys.executable, "-c", make], check=True)
            small_runs.run_of = lambda name, place: _copied(made / name, place)
        forks = Forks(mutants, made, budget, results)
        options = ["-s", "--slow", "-W", "ignore", "-o", "addopts=", "-o", "tmp_path_retention_policy=none"]
        options += ["-k", ELSEWHERE, f"--basetemp={folder}/tmp"]
        options += [part for name in ("terminal", "cacheprovider", "xdist") for part in ("-p", f"no:{name}")]
        options += [str(TESTS / room) for room in rooms]
        if pytest.main(options, plugins=[forks]) not in (0, 1):
            raise SystemExit(1)


def main() -> int:
    """Print the survivors and the score."""
    options = _options()
    code = [mutant for name in PARTS[options.part] if options.only in name for mutant in code_mutants(name)]
    checks = kind_mutants() if options.part == "verify" and not options.only else ()
    chosen = drawn(code, options.sample, options.seed)
    mutants, without = [*checks, *chosen], equivalent()
    results = Results(options.results)
    if options.list:
        print("\n".join(f"{mutant.name} | {mutant.key} | {results.end_of(mutant)}" for mutant in mutants))
        return 0
    done = (REFUSED,) if options.again else (REFUSED, SURVIVED, OUT_OF_TIME)
    left = [one for one in mutants if one.key not in without and results.end_of(one) not in done]
    print(f"{options.part}: {len(mutants)} of {len(code)} changes drawn, {len(left)} to try", flush=True)
    began = time.perf_counter()
    if left:
        run(left, options.rooms or SUITES[options.part], options.budget, results)
    print(f"{options.part}: {results.score(mutants, without)}; {time.perf_counter() - began:.0f} s")
    return 0


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--part", choices=PARTS, default="verify")
    asked.add_argument("--sample", type=int, help="so many changes of code, drawn; all by default")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", default="", help="draw in the modules whose name holds this; no rule kinds")
    asked.add_argument("--rooms", nargs="*", help="rooms of tests, in place of all of the part's")
    asked.add_argument(
        "--budget", type=float, default=20.0, help="processor seconds of tests for each mutant"
    )
    asked.add_argument("--again", action="store_true", help="try also those that survived or ran out of time")
    asked.add_argument("--results", type=Path, default=ROOT / "dist/mutants.jsonl", help="what each came to")
    asked.add_argument("--list", action="store_true")
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
