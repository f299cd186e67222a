"""The house: rooms and folders import in one order, nothing heavy comes early, names are unique."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter

import names
import pytest
import rooms

GRAPH = rooms.imports()
MOST_FILES = 16
"""Files of a folder, apart from `__init__.py`; more only where each is one verb or one answer."""
MOST_BARE_NAMES = 12
"""Definitions whose name is a participle or a filler, as `tools/names.py` counts them; may only fall."""
ONE_FILE_A_VERB = {"cli/commands", "reporting/reports"}


def test_every_module_stands_in_a_room() -> None:
    assert {rooms.room_of(module) for module in GRAPH} == set(rooms.ORDER)


def test_rooms_import_in_one_order() -> None:
    assert rooms.arrows_back(GRAPH) == set()


def _acyclic(graph: dict[str, set[str]]) -> None:
    done: set[str] = set()

    def visit(node: str, trail: tuple[str, ...]) -> None:
        assert node not in trail, " → ".join((*trail, node))
        if node in done:
            return
        for other in sorted(graph.get(node, ())):
            visit(other, (*trail, node))
        done.add(node)

    for node in graph:
        visit(node, ())


def test_no_cycle_of_files() -> None:
    _acyclic({module: set(others) for module, others in GRAPH.items()})


@pytest.mark.parametrize("room", rooms.ORDER)
def test_no_cycle_of_folders_inside_a_room(room: str) -> None:
    """A file that lies in the room itself stands for itself."""
    paths = rooms.modules()

    def folder(module: str) -> str:
        path = paths[module].relative_to(rooms.PACKAGE)
        return path.parts[1] if len(path.parts) > 2 else module

    inside: dict[str, set[str]] = {}
    for module, others in GRAPH.items():
        if rooms.room_of(module) == room:
            met = {folder(other) for other in others if rooms.room_of(other) == room}
            inside.setdefault(folder(module), set()).update(met - {folder(module)})
    _acyclic(inside)


def test_no_folder_is_crowded() -> None:
    counts = Counter(
        path.parent.relative_to(rooms.PACKAGE).as_posix()
        for path in rooms.modules().values()
        if path.stem != "__init__"
    )
    assert {name for name, n in counts.items() if n > MOST_FILES} <= ONE_FILE_A_VERB


def _classes() -> Counter[str]:
    """How often each class name, or name of a `type` statement, is defined in the package."""
    found: Counter[str] = Counter()
    for path in rooms.modules().values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name] += 1
            elif isinstance(node, ast.TypeAlias):
                found[node.name.id] += 1
    return found


def test_a_class_name_stands_once() -> None:
    assert {name for name, n in _classes().items() if n > 1} == set()


def test_a_file_name_stands_once_in_a_folder_name() -> None:
    """Files with one name are told apart by their folder: no two lie in folders with the same name."""
    counts = Counter(
        (path.parent.name, path.stem) for path in rooms.modules().values() if path.stem != "__init__"
    )
    assert {name for name, n in counts.items() if n > 1} == set()


def test_names_that_say_nothing_only_fall() -> None:
    """`python tools/names.py --list ROOM` names them; lower the number with each that goes."""
    assert len(names.bare_names()) <= MOST_BARE_NAMES


def test_kernels_import_only_the_deadline_and_sparse_matrices() -> None:
    for module, others in GRAPH.items():
        if rooms.room_of(module) == "kernel":
            assert {rooms.room_of(other) for other in others} <= {"kernel", "deadline", "sparse_matrix"}, (
                module
            )


def test_checkers_need_neither_formulation_nor_solver() -> None:
    """`certify` and `verify` import with the formulation, the solvers and their packages blocked."""
    code = (
        "import sys\n"
        "for name in ('tnt_sim.formulation', 'tnt_sim.solve', 'highspy', 'pulp', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "import tnt_sim.certify.proof_checker\n"
        "import tnt_sim.verify.run_replay\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stray_import_is_seen() -> None:
    found = rooms.arrows_back({"tnt_sim.kernel.knapsack": frozenset({"tnt_sim.cli.main"})})
    assert found == {("kernel.knapsack", "cli.main")}


def test_every_function_begins_with_a_verb() -> None:
    """`tools/names.py` lists the verbs, and the names that users and libraries prescribe."""
    nameless = [f"{name.path}:{name.line} {name.name}" for name in names.nameless_functions()]
    assert nameless == []
