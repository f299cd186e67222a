"""Mutants of the verifier: every rule kind's reading made to hold, and small changes of its own code.

Each mutant runs the tests of `tests/verify` in a process of its own; one that no test refuses has survived.

uv run python benchmarks/mutate_verifier.py [--sample 250] [--seed 1] [--only claims] [--list]
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests" / "verify"
ORDER = (
    "test_run_files.py", "test_recheck.py", "test_claims.py", "test_broken_rules.py", "test_replay.py",
    "test_notes.py", "test_mutations.py",
)  # fmt: skip
"""The quick ones first."""

ELSEWHERE = "not no_solver"
"""What runs in a process of its own knows nothing of a mutant."""

TELL = ("barred", "figures", "reasons", "room", "words")
"""They tell a run rather than check it: a mutant there changes the run and its check alike."""

MODULES = (
    "recheck",
    *(
        f"verify.{file.stem}"
        for file in sorted((ROOT / "tnt_sim" / "verify").glob("*.py"))
        if file.stem not in TELL
    ),
)
TIMEOUT_SECONDS = 240
SWAPS: dict[type, type] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A change of one module's code, or of a class while it runs."""

    name: str
    module: str
    source: str = ""
    patch: str = ""


def code_mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of one module."""
    file = ROOT / "tnt_sim" / f"{module.replace('.', '/')}.py"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    for k, node in enumerate(nodes):
        for label, change in _changes(node):
            again = copy.deepcopy(tree)
            change(list(ast.walk(again))[k])
            yield Mutant(
                f"{module}:{getattr(node, 'lineno', 0)} {label}",
                module,
                ast.unparse(ast.fix_missing_locations(again)),
            )


def unchanged() -> Mutant:
    """The verifier as it is, by the same way: the tests must accept it, before and after."""
    file = ROOT / "tnt_sim" / "verify" / "claims.py"
    return Mutant("no change", "verify.claims", ast.unparse(ast.parse(file.read_text(encoding="utf-8"))))


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


KINDS = (
    ("limit", "Limit"), ("share", "Share"), ("relation", "Exclusive"), ("relation", "Requires"),
    ("together", "Together"), ("order", "Order"), ("queue", "FirstCome"), ("coverage", "Coverage"),
    ("schedule", "Schedule"), ("equity", "Equity"),
)  # fmt: skip
READINGS = {
    "envelope limits": "from tnt_sim.rules.envelope_limits import EnvelopeLimit as C\n"
    "read = C.read\nC.read = lambda s, f, g: replace(read(s, f, g), minimum=None, maximum=None)\n",
    "grant amounts": "from tnt_sim.rules.grant import Offers as C\n"
    "C.amount_fits = lambda s, g: np.ones(len(g), dtype=np.bool_)\n",
    "common rates": "from tnt_sim.rules.levels import CommonRates as C\nC.broken = lambda s, f, g: []\n",
    "caps": "from tnt_sim.rules.caps import Caps as C\nC.broken = lambda s, f, g: []\n",
    "envelopes": "import tnt_sim.verify.reading as m\nm._envelopes = lambda p, r: []\n",
    "awards": "import tnt_sim.verify.reading as m\nm._awards = lambda p, a: []\n",
    "table columns": "import tnt_sim.verify.reading as m\nm._table = lambda p, a: []\n",
    "proofs": "import tnt_sim.recheck as m\nm.proven_stages = lambda p, v, q: [True] * len(v)\n",
    "one dossier more": "import tnt_sim.recheck as m\nm.better_by_one = lambda p, a, r, w: []\n",
}
HOLD = """
from tnt_sim.rules.base import Mode, RuleReading
class Holding(RuleReading):
    holds = True
def wrap(read):
    def hold(self, funded, granted_cents):
        r = read(self, funded, granted_cents)
        return Holding(r.id, r.kind, r.mode, r.readings, r.grouped, r.broken) if r.mode is Mode.HARD else r
    return hold
C.read = wrap(C.read)
"""


def kind_mutants() -> Iterator[Mutant]:
    """The reading of each kind of rule, and of amounts, caps, envelopes and proofs, made to hold always."""
    for module, name in KINDS:
        yield Mutant(
            f"reading of {name} always holds",
            "",
            patch=f"from tnt_sim.rules.{module} import {name} as C\n{HOLD}",
        )
    for label, patch in READINGS.items():
        yield Mutant(f"reading of {label} always holds", "", patch=patch)


# ---- running


class _Finder:
    """Gives one module another source."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != f"tnt_sim.{self.mutant.module}" or not self.mutant.source:
            return None
        from importlib.machinery import ModuleSpec

        spec = ModuleSpec(name, self, origin=self.mutant.name)
        spec.has_location = False
        return spec

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: Any) -> None:
        module.__file__ = str(ROOT / "tnt_sim" / f"{self.mutant.module.replace('.', '/')}.py")
        exec(compile(self.mutant.source, self.mutant.name, "exec"), module.__dict__)


def killed(mutant: Mutant, runs: Path) -> bool:
    """Whether the tests refuse a mutant; one that hangs is refused too, and said."""
    order = runs / "mutant.json"
    order.write_text(json.dumps([mutant.name, mutant.module, mutant.source, mutant.patch]), encoding="utf-8")
    command = [sys.executable, "-W", "ignore", __file__, "--child", str(runs)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        print(f"hangs: {mutant.name}", flush=True)
        return True
    return done.returncode != 0


def _child(runs: Path) -> int:
    mutant = Mutant(*json.loads((runs / "mutant.json").read_text(encoding="utf-8")))
    sys.meta_path.insert(0, _Finder(mutant))  # type: ignore[arg-type]
    sys.path.insert(0, str(TESTS))
    if mutant.patch:
        exec(mutant.patch, {"np": np, "replace": replace})
    import small_runs

    small_runs.run_of = lambda name, folder: _copied(runs / name, folder)
    tests = [str(TESTS / name) for name in ORDER if (TESTS / name).is_file()]
    base = f"--basetemp={runs}/tmp"
    return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-k", ELSEWHERE, base, *tests]))


def _copied(made: Path, folder: Path) -> Path:
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return next((folder / "runs").iterdir())


def main() -> int:
    """Print the survivors and the score."""
    options = _options()
    if options.child:
        return _child(Path(options.child))
    random.seed(options.seed)
    code = [mutant for module in MODULES if options.only in module for mutant in code_mutants(module)]
    n_all = len(code)
    chosen = random.sample(code, min(options.sample, n_all))
    mutants = [*([] if options.only else kind_mutants()), *chosen]
    if options.list:
        print("\n".join(mutant.name for mutant in mutants))
        return 0
    print(f"{len(mutants)} mutants ({len(chosen)} of {n_all} changes of code)", flush=True)
    alive = []
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        make = f"import sys; sys.path.insert(0, {str(TESTS)!r}); from small_runs import *\n"
        make += f"for name in EVERY: run_of(name, Path({folder!r}) / name)"
        subprocess.run([sys.executable, "-c", make], check=True)
        for number, mutant in enumerate([unchanged(), *mutants, unchanged()]):
            dead = killed(mutant, made)
            if mutant.name == unchanged().name and dead:
                print("the tests fail without any mutant")
                return 1
            if not dead and mutant in mutants:
                alive.append(mutant.name)
                print(f"survived: {mutant.name} ({number} tried)", flush=True)
    print(f"{len(mutants) - len(alive)} of {len(mutants)} killed: {1 - len(alive) / len(mutants):.1%}")
    return 0


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--sample", type=int, default=250)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", default="", help="part of a module's name; the rule kinds are left out")
    asked.add_argument("--list", action="store_true")
    asked.add_argument("--child", default="", help=argparse.SUPPRESS)
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
