"""What each verb imports: a verb that solves nothing waits for no solver."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tnt_sim.studies.registry import DECLARED

SOLVERS = {"highspy", "pulp", "ortools", "scipy"}
TABLES = {"numpy", "polars", "pydantic", "ruamel.yaml", "rich.table"}
SLOW = {"altair", "babel", "IPython", "jinja2", "openpyxl", "xlsxwriter"}
SECOND = SOLVERS - {"highspy"}
PRINT = """\
import sys
from tnt_sim.cli.main import main
code = main(sys.argv[1:])
print("\\n!", code, *sys.modules)
"""


def list_imports(words: str, folder: Path) -> set[str]:
    """Run a command in a process of its own and return the modules that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", PRINT, *words.split()], capture_output=True, text=True, check=True, cwd=folder
    )
    code, *modules = done.stdout.rpartition("\n! ")[2].split()
    assert code == "0", done.stderr
    return set(modules)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a run in each of the folders `a` and `b`."""
    folder = tmp_path_factory.mktemp("imports")
    list_imports("new demo", folder)
    for name, options in (("a", ""), ("b", "--set programme.amount=1200000")):
        list_imports(f"run scenario.yaml --out {name} {options}", folder / "demo")
    return folder / "demo"


@pytest.mark.parametrize(
    ("words", "unwanted", "most"),
    [
        ("--version", SOLVERS | TABLES | SLOW, 25),
        ("--help", SOLVERS | TABLES | SLOW, 25 + 2 * len(DECLARED)),
        ("run --help", SOLVERS | SLOW, 33),
        ("validate scenario.yaml", SOLVERS | SLOW, 212),
        ("show scenario.yaml", SOLVERS | SLOW, 252),
        ("import data/dossiers.csv --out table", SOLVERS | SLOW, 99),
        ("verify {a}", SOLVERS | SLOW, 270),
        ("send {a}", SOLVERS | SLOW | {"urllib.request", "http.client"}, 318),
        ("reconcile {a} data/dossiers.csv --column amount=requested", (SOLVERS - {"scipy"}) | SLOW, 300),
        ("run scenario.yaml", SECOND | SLOW, 369),
        ("explain {a} E-24", SECOND | SLOW, 358),
        ("report {a} --out page.html", SECOND | SLOW - {"jinja2"}, 402),
        ("compare {a} {b}", SOLVERS | SLOW, 363),
        ("sweep scenario.yaml", SECOND | {"altair", "IPython", "openpyxl"}, 354),
    ],
)
def test_a_verb_imports_only_what_it_needs(demo: Path, words: str, unwanted: set[str], most: int) -> None:
    """`most` bounds the modules of the package itself: its classes are a third of what a start costs."""
    runs = {name: next((demo / name).glob("*-*")) for name in "ab"}
    imported = list_imports(words.format(**runs), demo)
    assert sorted(imported & unwanted) == []
    assert sum(name.split(".")[0] == "tnt_sim" for name in imported) <= most
