"""A case is computed as if it were alone: whatever was computed before, in any order, by whomever."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from support import draws
from support.lanes import seeds

from tnt_sim.analysis.batch import runner as work
from tnt_sim.analysis.batch.document import BatchRecord
from tnt_sim.analysis.batch.plan import read_plan
from tnt_sim.analysis.batch.runner import BatchTask, compute, run_batch
from tnt_sim.analysis.shared.executors import executor
from tnt_sim.engine.session import SolverSession
from tnt_sim.engine.solve import solve
from tnt_sim.errors import TntError
from tnt_sim.scenario.load import load_scenario, with_sets

AXES = {
    "programme.amount": ["49 k€", "50 k€", "55.5 k€", "60 k€", "75 k€", "90 k€"],
    "envelopes.a.amount": ["20 k€", "30 k€", "35 k€"],
    "envelopes.b.amount": ["12 k€", "20 k€", "90 k€"],
    "objective": ["[{maximise: {score: 1}}]", "[{maximise: {score: 2, requested: 0.01}}]",
                  "[{maximise: {dossiers: 1}}, {maximise: {score: 1}}]"],
    "rules.plafond.max": ["20 k€", "30 k€"],
    "rules.plafond.off": ["true", "false"],
    "rules.plafond.min": ["7 k€"],
    "rules.theme.max": ["18 000,05 €", "25 k€"],
    "rules.part.max": ["33.3 %", "62.5 %"],
}  # fmt: skip
RULES = """\
  - {id: theme, kind: limit, measure: granted, by: theme, max: 30 k€}
  - {id: part, kind: share, measure: granted, where: {theme: "RESEAU D'EAU"}, max: 75 %}
  - {id: porteur, kind: exclusive, by: applicant_id, max: 3}
"""


@pytest.fixture
def folder(folder: Path) -> Path:
    """The little programme with cents, decimals, spellings, blanks and applicants without number."""
    dice = random.Random(11)
    head, *rows = (folder / "dossiers.csv").read_text(encoding="utf-8").splitlines()
    lines = [f"{head},theme,applicant_id,applicant"]
    for row in rows:
        number, envelope, department, cost, requested, _ = row.split(",")
        theme = draws.blank(dice.choice, draws.spelling(dice.choice, dice.choice(draws.THEMES)))
        who = dice.choice(["0123", "2A004", "", ""])
        name = who or draws.spelling(dice.choice, "L’Île")
        score, cents = draws.text(draws.score(dice.choice)), dice.choice(["", ".05", ".50", ".99"])
        cells = [number, envelope, department, cost + cents, requested + cents, score, theme, who, name]
        lines.append(",".join(cells))
    (folder / "dossiers.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    scenario = (folder / "petit.yaml").read_text(encoding="utf-8")
    block = scenario.replace("rules: [", "rules:\n  - ").replace("30 k€}]\n", "30 k€}\n" + RULES)
    (folder / "petit.yaml").write_text(block, encoding="utf-8")
    return folder


def lot(folder: Path, seed: int, most: int = 16) -> Path:
    """A batch of some axes and some values of each; amounts that contradict each other and floors among them."""
    dice = random.Random(seed)
    axes: dict[str, list[str]] = {}
    n = 1
    for path in dice.sample(list(AXES), 3):
        values = dice.sample(AXES[path], min(len(AXES[path]), dice.randint(2, 4)))
        if n * len(values) <= most:
            axes[path], n = values, n * len(values)
    lines = [f"  {path}: [{', '.join(values)}]" for path, values in axes.items()]
    file = folder / f"lot-{seed}.yaml"
    file.write_text("\n".join(["base: petit.yaml", "matrix:", *lines, ""]), encoding="utf-8")
    return file


def stored(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted((folder / "runs").glob("*.parquet")))


def cold(task: BatchTask) -> BatchRecord:
    """The record of a case that nothing came before."""
    work._load_base.cache_clear()
    return compute(task)


def told(record: BatchRecord) -> BatchRecord:
    return replace(record, seconds=0.0)


def tried_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values that contradict the base alone are wanted here: the check of each value is for planners."""
    monkeypatch.setattr("tnt_sim.analysis.batch.plan._check_values", lambda *_: None)


@pytest.mark.parametrize("seed", seeds(range(5), 2))
def test_a_case_is_that_of_a_run_alone_whatever_came_before(
    folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried_alone(folder, monkeypatch)
    plan = read_plan([lot(folder, seed)])
    tasks = [BatchTask(case, {}) for case in plan.cases]
    alone = {task.case.key: told(cold(task)) for task in tasks}
    for task in tasks[:4]:
        assert_as_solved(folder, task, alone[task.case.key])
    work._load_base.cache_clear()
    random.Random(seed + 100).shuffle(tasks)
    for task in tasks:
        assert told(compute(task)) == alone[task.case.key], task.case.name


def assert_as_solved(folder: Path, task: BatchTask, record: BatchRecord) -> None:
    """The record is that of `solve`, which seeks the proofs of ties too and knows no session."""
    scenario = with_sets(load_scenario(folder / "petit.yaml"), task.case.sets)
    if record.status == "error":
        with pytest.raises(TntError) as caught:
            solve(scenario)
        assert record.error_code == caught.value.code
        return
    result = solve(scenario)
    for key in (
        "status",
        "proof",
        "publishable",
        "canonical",
        "method",
        "granted_cents",
        "allocation_sha256",
    ):
        assert getattr(record, key) == result.document[key], key
    assert record.bounds == [goal["bound"] for goal in result.document["objective"]]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [101])
def test_stores_are_equal_serial_in_any_order_by_processes_and_one_by_one(
    folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried_alone(folder, monkeypatch)
    plan = read_plan([lot(folder, seed, 8), folder / "lot.yaml"])
    run_batch(plan, folder / "two", executor("processes", 2), 2)
    run_batch(plan, folder / "serial", executor("serial", 1), 1)
    with monkeypatch.context() as patched:
        patched.setattr("tnt_sim.analysis.batch.runner.compute", cold)
        run_batch(plan, folder / "alone", executor("serial", 1), 1)
    with monkeypatch.context() as patched:
        dice = random.Random(seed)
        patched.setattr(
            "tnt_sim.analysis.batch.plan.BatchCase.likeness", property(lambda _: (dice.random(),))
        )
        run_batch(plan, folder / "shuffled", executor("serial", 1), 1)
    assert stored(folder / "two") == stored(folder / "serial") == stored(folder / "alone")
    assert stored(folder / "shuffled") == stored(folder / "alone")


def test_what_can_never_hold_is_said_as_alone(folder: Path) -> None:
    """Floors that an amount cannot hold are refused without a solver, after a neighbour that can hold them."""
    file = folder / "lot.yaml"
    axes = (
        "{rules.plafond.min: [14 k€], envelopes.a.amount: [20 k€], programme.amount: [60 k€, 41 k€, 55 k€]}"
    )
    file.write_text(f"base: petit.yaml\nmatrix: {axes}\n", encoding="utf-8")
    tasks = [BatchTask(case, {}) for case in read_plan([file]).cases]
    work._load_base.cache_clear()
    warm = [told(compute(task)) for task in tasks]
    assert [record.status for record in warm] == ["optimal", "error", "optimal"]
    assert warm[1].error_code == "floors-exceed"
    assert warm == [told(cold(task)) for task in tasks]


def test_neighbours_share_the_problem(folder: Path) -> None:
    """Amounts and goals are laid out on what is there; a rule is compiled anew."""
    base = load_scenario(folder / "petit.yaml")
    session = SolverSession(base, as_alone=True)
    kept = []
    for sets in (
        [],
        ["programme.amount=55 k€"],
        ["programme.amount=55 k€", "objective=[{maximise: {dossiers: 1}}]"],
        ["rules.plafond.max=20 k€"],
        ["rules.plafond.max=20 k€", "programme.amount=50 k€"],
    ):
        solve(with_sets(base, sets), session=session)
        kept.append(session.n_derived)
    assert kept == [0, 1, 2, 2, 3]


def test_cases_that_differ_by_amounts_and_goals_come_together(folder: Path) -> None:
    plan = read_plan([folder / "lot.yaml"])
    likeness = [case.likeness[3:] for case in plan.cases]
    assert likeness[:4] == [("rules.plafond.max=20 k€",)] * 2 + [("rules.plafond.max=30 k€",)] * 2
