"""Every example of a docstring runs and prints what stands there."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest
import rooms
from support.demo_project import write_demo

import tnt_sim as tnt
from tnt_sim.cli import project_templates
from tnt_sim.studies.study import Study

INTERFACE = {
    "tnt_sim.api",
    "tnt_sim.analysis.compare.common_core", "tnt_sim.analysis.infeasibility.minimal_conflicts",
    "tnt_sim.analysis.explain.explanation", "tnt_sim.reporting.notebook.tables",
    "tnt_sim.reporting.plots", "tnt_sim.studies", "tnt_sim.app.explorer",
}  # fmt: skip
"""What Python users call: their examples know `tnt`, `Path`, and the `scenario` and `result` of `tnt-sim new`."""
MODULES = [name for name, path in rooms.modules().items() if ">>> " in path.read_text(encoding="utf-8")]


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The names that an example of the interface knows, in the folder of a new project."""
    write_demo(tmp_path)
    (tmp_path / "tnt-sim.toml").write_text(project_templates.FRENCH.project, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    scenario = tnt.read_scenario("scenario.yaml")
    return {"tnt": tnt, "Path": Path, "scenario": scenario, "result": scenario.solve()}


def is_interface(name: str) -> bool:
    """Whether Python users call a module."""
    return any(name == own or name.startswith(f"{own}.") for own in INTERFACE)


@pytest.mark.parametrize("name", [name for name in MODULES if not is_interface(name)])
def test_the_examples_of_a_module_run(name: str) -> None:
    outcome = doctest.testmod(import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize("name", [name for name in MODULES if is_interface(name)])
def test_the_examples_of_the_interface_run(name: str, example: dict[str, object]) -> None:
    module = import_module(name)
    outcome = doctest.testmod(module, extraglobs=example)
    n_failed, n_tried = outcome.failed, outcome.attempted
    for study in (value for value in vars(module).values() if isinstance(value, Study)):
        globs = {**vars(module), **example}  # a declaration hides its function from doctest
        runner = doctest.DocTestRunner()
        for case in doctest.DocTestFinder().find(study.compute, study.verb, module=False, globs=globs):
            found = runner.run(case)
            n_failed, n_tried = n_failed + found.failed, n_tried + found.attempted
    assert n_tried > 0
    assert n_failed == 0


def test_there_are_examples_in_most_rooms() -> None:
    assert len({rooms.room_of(name) for name in MODULES}) > len(rooms.ORDER) // 2
