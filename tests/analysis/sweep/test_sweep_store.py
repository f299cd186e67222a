"""Points kept in a store: stopped at any moment, on any number of workers, a sweep ends with the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import random
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.analysis_cases.sweep_steps import SPAN, check_bounds, chosen, euros
from support.analysis_cases.sweeps import Small, small
from support.clocks import StepClock
from support.lanes import seeds

import tnt_sim as tnt
from tnt_sim.analysis.shared.executors import Execution, executor
from tnt_sim.analysis.shared.result_store import EVIDENCE, JOURNAL, RUNS, TIMINGS, read_rows
from tnt_sim.analysis.sweep import point_task
from tnt_sim.analysis.sweep.envelope_point import Settler
from tnt_sim.analysis.sweep.plan import SweepPlan, build_plan
from tnt_sim.analysis.sweep.runner import SweepResult, run
from tnt_sim.analysis.sweep.store import SCHEMA, SweepStore
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.result import Proof, Status
from tnt_sim.errors import UsageError
from tnt_sim.parallel import Job, JobOutcome, Work
from tnt_sim.scenario.load import load_scenario

SERIAL = executor("serial", 1)


def tasks_here(n_workers: int = 2) -> Execution:
    """The tasks of workers, computed in this process."""
    return Execution(SERIAL, n_workers)


@pytest.fixture(autouse=True)
def fresh_process() -> None:
    """A worker keeps its last scenario: each test begins as a new worker does."""
    point_task._load_ground.cache_clear()


def ask(case: Small, folder: Path, **more: Any) -> SweepPlan:
    options: dict[str, Any] = {"start": euros(case.base), "stop": euros(case.base + SPAN), "steps": 5}
    return build_plan(case.scenario(folder), **{**options, **more})


def drawn(seed: int) -> Small:
    return small(
        900 + seed,
        crossing=seed % 3 != 2,
        use=seed % 3 == 2,
        own=seed % 2 == 0,
        tenths=seed % 4 < 2,
    )


def keep(plan: SweepPlan, folder: Path, *, resume: bool = True, **more: Any) -> SweepResult:
    with SweepStore.open(folder, plan, resume=resume) as store:
        return run(plan, store=store, **more)


def stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / RUNS).glob("*.parquet")))


def answers(found: SweepResult) -> list[Any]:
    """Lists, values, bounds and proofs, with their figures."""
    points = [("free", point) for point in found.free] + [("nested", point) for point in found.nested]
    return [
        (
            curve, point.cents, chosen(point), point.values, point.bounds, point.status, point.proof,
            point.canonical, found.list_totals.get((curve, point.cents)),
        )
        for curve, point in points
    ]  # fmt: skip


@pytest.mark.parametrize("seed", seeds(range(7), 3))
def test_workers_give_the_same_points_as_one_process(seed: int, tmp_path: Path) -> None:
    case = drawn(seed)
    plan = ask(case, tmp_path)
    alone = keep(plan, tmp_path / "alone")
    shared = keep(plan, tmp_path / "shared", execution=tasks_here())
    assert answers(shared) == answers(alone)
    assert shared.widths == alone.widths
    assert (shared.stopped_by, shared.progress) == (None, alone.progress)
    for point in shared.free:
        best = case.best(point.cents)
        assert chosen(point) == best
    assert stored(tmp_path / "shared") == stored(tmp_path / "alone") != b""


def test_a_store_changes_no_figure_and_a_second_run_solves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = ask(drawn(1), tmp_path)
    whole = run(plan)
    assert answers(keep(plan, tmp_path / "out")) == answers(whole)
    rows = read_rows(tmp_path / "out", SCHEMA)
    assert rows["curve"].to_list() == 6 * ["free"] + 6 * ["nested"]
    assert rows["amount_cents"].to_list() == 2 * list(plan.amounts)
    assert not set(rows.columns) & {"seconds", "method", "certificates"}
    assert not list((tmp_path / "out" / JOURNAL).iterdir())
    for name in (TIMINGS, EVIDENCE):
        assert pl.read_parquet(tmp_path / "out" / name)["case_sha256"].equals(rows["case_sha256"])
    before = stored(tmp_path / "out")
    monkeypatch.setattr(Settler, "_optimise_amount", None)
    for execution in (None, tasks_here()):
        assert answers(keep(plan, tmp_path / "out", execution=execution)) == answers(whole)
        assert stored(tmp_path / "out") == before


def test_a_limit_ends_the_final_write_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All amounts are settled when the limit passes; a second run writes what one without a limit writes."""
    now, finish, plan = [0.0], SweepStore.finish, ask(drawn(1), tmp_path)
    monkeypatch.setattr("tnt_sim.deadline.monotonic", lambda: now[0])

    def finish_late(store: SweepStore, *given: Any) -> None:
        now[0] += 100.0
        finish(store, *given)

    with monkeypatch.context() as late:
        late.setattr(SweepStore, "finish", finish_late)
        stopped = keep(plan, tmp_path / "late", time_limit=50.0)
    assert (stopped.stopped_by, stopped.progress.done) == ("time", stopped.progress.of)
    assert stored(tmp_path / "late") == b""
    whole = keep(plan, tmp_path / "whole")
    assert answers(stopped) == answers(whole)
    monkeypatch.setattr(Settler, "_optimise_amount", None)
    assert keep(plan, tmp_path / "late").stopped_by is None
    assert stored(tmp_path / "late") == stored(tmp_path / "whole") != b""


KINDS: dict[str, dict[str, Any]] = {
    "both": {"steps": 2},
    "tolerance": {"tolerance": "0,5 %", "free": True, "steps": 2},
    "exact": {"exact": True, "steps": None},
}


@pytest.mark.parametrize("kind", seeds(list(KINDS), 1))
@pytest.mark.parametrize("seed", seeds(range(2), 1))
@pytest.mark.parametrize("is_shared", [False, True])
def test_a_sweep_interrupted_at_any_point_resumes_to_the_same_bytes(
    kind: str, seed: int, is_shared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = ask(drawn(3 * seed), tmp_path, **KINDS[kind])
    execution = tasks_here() if is_shared else None
    whole = keep(plan, tmp_path / "whole", execution=execution)
    monkeypatch.setattr("tnt_sim.analysis.shared.result_store.COMMIT_RECORDS", 2)
    solve, after = Settler.solve_point, 0
    while True:
        solved, folder = [0], tmp_path / f"out-{after}"

        def stop(
            self: Settler, *args: Any, solved: list[int] = solved, after: int = after, **more: Any
        ) -> Any:
            if solved[0] == after:
                raise KeyboardInterrupt
            solved[0] += 1
            return solve(self, *args, **more)

        with monkeypatch.context() as patched:
            patched.setattr(Settler, "solve_point", stop)
            found = keep(plan, folder, execution=execution)
        if found.stopped_by is None:
            break
        assert read_rows(folder, SCHEMA).height == after
        assert answers(keep(plan, folder, execution=execution)) == answers(whole)
        assert stored(folder) == stored(tmp_path / "whole")
        after += 1 if kind == "both" else 3
    assert after > 2


def test_without_resume_a_sweep_begins_anew(tmp_path: Path) -> None:
    plan = ask(drawn(0), tmp_path)
    keep(plan, tmp_path / "out")
    before = stored(tmp_path / "out")
    n_asked = keep(plan, tmp_path / "out").n_asked
    assert not n_asked
    assert keep(plan, tmp_path / "out", resume=False).n_asked + run(plan).n_prices > n_asked
    assert stored(tmp_path / "out") == before


def test_the_other_curve_stays_in_the_store(tmp_path: Path) -> None:
    scenario = drawn(0)
    for curve in ("free", "nested"):
        keep(ask(scenario, tmp_path, **{curve: True}), tmp_path / "out")
    keep(ask(scenario, tmp_path), tmp_path / "both")
    assert stored(tmp_path / "out") == stored(tmp_path / "both")


def test_another_sweep_in_the_folder_is_refused(tmp_path: Path) -> None:
    case = drawn(0)
    keep(ask(case, tmp_path), tmp_path / "out")
    with pytest.raises(UsageError, match="montants") as caught:
        keep(ask(case, tmp_path, steps=3), tmp_path / "out")
    assert caught.value.code == "batch-other"
    keep(ask(case, tmp_path, steps=3), tmp_path / "out", resume=False)
    assert read_rows(tmp_path / "out", SCHEMA).height == 8


LIMITS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds of a clock that advances by a millisecond at each reading."""


@pytest.mark.parametrize("seed", seeds(range(4), 2))
def test_workers_that_a_limit_stops_leave_a_list_and_a_bound(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = drawn(seed)
    plan = ask(case, tmp_path, steps=6)
    n_bounded = 0
    for limit in LIMITS:
        StepClock().install(monkeypatch)
        point_task._load_ground.cache_clear()
        found = run(plan, time_limit=limit, execution=tasks_here())
        check_bounds(case, found)
        if found.stopped_by == "time" and found.free and found.free[0].allocation is not None:
            n_bounded += sum(point.method == "kept" for point in found.free + found.nested)
    assert n_bounded or seed % 3 == 2


class Failing:
    """An executor in this process that answers some amounts with a failure, and the last amount first."""

    def __init__(self, failures: dict[int, str], n_answers: int | None = None) -> None:
        self.failures, self.n_answers = failures, n_answers

    def __call__(
        self, work: Work, groups: Iterable[Sequence[Job]], deadline: Deadline = UNLIMITED
    ) -> Generator[JobOutcome]:
        jobs = [job for group in groups for job in group]
        for number, task in list(reversed(jobs))[: self.n_answers]:
            failure = self.failures.get(number)
            yield JobOutcome(number, None if failure else work(task), failure)


def test_an_amount_whose_worker_was_killed_keeps_the_list_before(tmp_path: Path) -> None:
    case = drawn(0)
    plan = ask(case, tmp_path, free=True)
    found = run(plan, execution=Execution(Failing({2: "crashed"}), 2))
    below, point = found.free[1], found.free[2]
    assert (point.status, point.proof) in (
        (Status.FEASIBLE, Proof.FEASIBLE_GAP),
        (Status.OPTIMAL, Proof.PROVED),
    )
    assert chosen(point) == chosen(below)
    best = case.best(point.cents)
    assert best is not None
    assert point.bounds[0] is not None
    assert point.values[0] <= case.value(best) <= point.bounds[0]
    assert [chosen(one) for one in found.free if one is not point] == [
        case.best(cents) for cents in plan.amounts if cents != point.cents
    ]


def test_a_list_that_is_stored_serves_where_a_worker_finds_none(tmp_path: Path) -> None:
    case = drawn(0)
    plan = ask(case, tmp_path, free=True)
    with SweepStore.open(tmp_path / "out", plan, resume=False) as store:
        for place, point in enumerate(run(plan).free):
            unproven = replace(
                point,
                status=Status.FEASIBLE,
                proof=Proof.FEASIBLE_GAP,
                canonical=False,
                proofs=(),
                method="direct",
            )
            store.put("free", unproven if place == 2 else point)
        store.flush()
    found = keep(plan, tmp_path / "out", execution=Execution(Failing({0: "crashed"}), 2))
    assert [chosen(point) for point in found.free] == [case.best(cents) for cents in plan.amounts]


def test_an_amount_that_met_an_error_is_solved_by_the_coordinator(tmp_path: Path) -> None:
    plan = ask(drawn(0), tmp_path)
    assert answers(run(plan, execution=Execution(Failing({1: "ValueError: x"}), 2))) == answers(run(plan))


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    plan = ask(drawn(0), tmp_path)
    table = tmp_path / "table.csv"
    table.write_text(table.read_text() + "99,a,01,0.01,0.01,1\n")
    with pytest.raises(UsageError, match="a changé") as caught:
        run(plan, execution=tasks_here())
    assert caught.value.code == "sweep-inputs"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["processes", "dask"])
def test_every_executor_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    if name == "dask":
        pytest.importorskip("distributed", reason="Dask is an extra")
    scenario = drawn(0).scenario(tmp_path)
    asked: dict[str, Any] = {"stop": "150 %", "steps": 9}
    alone = tnt.sweep(scenario, store=tmp_path / "alone", **asked)
    other = tnt.sweep(scenario, store=tmp_path / "other", workers=2, executor=name, **asked)
    assert answers(other.found) == answers(alone.found)
    assert stored(tmp_path / "other") == stored(tmp_path / "alone") != b""


def rename_by_hash(file: Path, data: bytes) -> None:
    """Put other bytes in the place of a file of a store, under the name that their hash gives."""
    name = f"{file.stem.partition('-')[0]}-{hashlib.sha256(data).hexdigest()[:32]}.parquet"
    file.unlink()
    (file.parent / name).write_bytes(data)


def encode(table: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    table.write_parquet(stream)
    return stream.getvalue()


FORGED = {
    "no number": pl.concat_list(pl.lit("1/0")).alias("values"),
    "more applications than memory": pl.lit(10**16).alias("n_dossiers"),
    "another type": pl.lit("1").alias("values"),
}


TIED = """dossier,requested,score
D0,100,3
D1,100,3
D2,100,3
"""


@pytest.mark.parametrize("rule", ["", "rules: [{id: r, kind: limit, measure: dossiers, max: 2}]\n"])
def test_another_list_among_equals_is_solved_again(rule: str, tmp_path: Path) -> None:
    """Three equal dossiers, one of which is funded: certificates prove the optimum with any of them."""
    (tmp_path / "d.csv").write_text(TIED, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        "schema_version: 1\nid: s\ntitle: s\nprogramme: {id: p, amount: 100 €}\ndossiers: [{file: d.csv}]\n"
        f"{rule}objective: [{{maximise: {{score: 1}}}}]\nsolver: {{cross_check: never}}\n",
        encoding="utf-8",
    )
    plan = build_plan(load_scenario(tmp_path / "s.yaml"), at=["100 €", "200 €"], free=True)
    expected = answers(keep(plan, tmp_path / "out"))
    assert [point.canonical for point in keep(plan, tmp_path / "out").free] == [True, True]
    (file,) = (tmp_path / "out" / RUNS).glob("*.parquet")
    table = pl.read_parquet(file)
    assert table["rows"].to_list()[0] == [0]
    forged = table.with_columns(
        pl.Series("rows", [[2], table["rows"].to_list()[1]], dtype=table.schema["rows"])
    )
    rename_by_hash(file, encode(forged))
    found = keep(plan, tmp_path / "out")
    assert answers(found) == expected
    assert found.free[0].allocation is not None
    assert found.free[0].allocation.funded.tolist() == [True, False, False]


@pytest.mark.parametrize("name", FORGED)
def test_a_row_that_is_no_point_is_solved_and_stored_again(name: str, tmp_path: Path) -> None:
    plan = ask(drawn(0), tmp_path)
    expected = answers(keep(plan, tmp_path / "out"))
    (file,) = (tmp_path / "out" / RUNS).glob("*.parquet")
    rename_by_hash(file, encode(pl.read_parquet(file).with_columns(FORGED[name])))
    assert answers(keep(plan, tmp_path / "out")) == expected
    with SweepStore.open(tmp_path / "out", plan, resume=True) as store:
        assert len(store.known) == len(expected)


@pytest.mark.parametrize(
    "data", [b"PAR1", encode(pl.DataFrame({"other": [1]}))], ids=["no table", "other columns"]
)
@pytest.mark.parametrize("place", [RUNS, JOURNAL])
def test_a_file_that_is_no_table_of_points_is_set_aside(place: str, data: bytes, tmp_path: Path) -> None:
    plan = ask(drawn(0), tmp_path)
    expected = answers(keep(plan, tmp_path / "out"))
    (file,) = (tmp_path / "out" / RUNS).glob("*.parquet")
    if place == RUNS:
        rename_by_hash(file, data)
    else:
        (tmp_path / "out" / JOURNAL / "stray.parquet").write_bytes(data)
    assert answers(keep(plan, tmp_path / "out")) == expected
    assert len(list((tmp_path / "out").rglob("*.torn"))) == 1


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"{}", bytes([255, 254, 0])])
def test_a_damaged_manifest_is_refused(data: bytes, tmp_path: Path) -> None:
    plan = ask(drawn(0), tmp_path)
    keep(plan, tmp_path / "out")
    (tmp_path / "out" / "batch.json").write_bytes(data)
    with pytest.raises(UsageError) as caught:
        keep(plan, tmp_path / "out")
    assert caught.value.code == "batch-other"


COMMAND = """\
import sys
import tnt_sim.analysis.shared.result_store as store
from tnt_sim.analysis.sweep.envelope_point import Settler
import time
store.COMMIT_RECORDS = 1
solve = Settler.solve_point
def slowly(*words, **more):
    time.sleep(0.05)
    return solve(*words, **more)
Settler.solve_point = slowly
from tnt_sim.cli.main import main
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("further", [(), ("--workers", "2"), ("--tolerance", "0,5 %", "--free")])
def test_kill_9_at_any_moment_ends_with_the_same_bytes(further: tuple[str, ...], tmp_path: Path) -> None:
    case = drawn(0)
    case.scenario(tmp_path)
    (tmp_path / "often.py").write_text(COMMAND, encoding="utf-8")

    def start(out: str, *words: str) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, str(tmp_path / "often.py"), "sweep", str(tmp_path / "case.yaml"), "--from",
            euros(case.base), "--to", euros(case.base + SPAN), "--steps", "6", "--out", str(tmp_path / out),
            "--quiet", *further, *words,
        ]  # fmt: skip
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def finish(out: str, *words: str) -> Path:
        with start(out, *words) as running:
            told = running.communicate(timeout=120)[1].decode()
        assert (running.returncode, told) == (0, "")
        (folder,) = (tmp_path / out).glob("*-sweep-*")
        return folder

    def is_begun(out: str) -> bool:
        parts = (f"*-sweep-*/{name}/*.parquet" for name in (JOURNAL, RUNS))
        return any(file for part in parts for file in (tmp_path / out).glob(part))

    began = time.monotonic()
    whole = finish("whole")
    seconds = time.monotonic() - began
    draw = random.Random(6)
    for number, n_kills in enumerate((1, 2)):
        out, words = f"out-{number}", tuple[str, ...]()
        for kill in range(n_kills):
            with start(out, *words) as running:
                if kill == 0:  # first in the middle, however busy the machine is; then at any moment
                    while not is_begun(out) and running.poll() is None:
                        time.sleep(0.02)
                else:
                    time.sleep(draw.uniform(0.3, 1.0) * seconds)
                running.kill()
                running.wait(timeout=60)
            words = ("--resume",)
            assert is_begun(out)
        assert stored(finish(out, "--resume")) == stored(whole) != b""
    assert json.loads((whole / "batch.json").read_text(encoding="utf-8"))["sweep"]["amounts_cents"]
