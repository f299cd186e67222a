"""Draws kept in a store: killed at any moment, by any executor, the same command ends with the same bytes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import tnt_sim as tnt
from tnt_sim.analysis.shared.result_store import JOURNAL, RUNS, read_rows
from tnt_sim.analysis.uncertainty import runner
from tnt_sim.analysis.uncertainty.store import SCHEMA
from tnt_sim.cli.main import main
from tnt_sim.errors import UsageError

SCENARIO = """\
schema_version: 1
id: sort
date: 2026-01-01
programme: {id: p, amount: 11 k€}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
uncertain:
  - {id: notes, column: score, plus: {normal: {sd: 4}}}
  - {id: abandons, event: withdrawn, probability: 20 %}
  - {id: cout, event: final_cost, times: {triangular: [0.5, 0.9, 1.2]}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    draw = random.Random(3)
    rows = ["dossier,department,requested,cost,score"]
    for number in range(8):
        cents = draw.randint(200_000, 599_999)
        euros, cost = (f"{n // 100}.{n % 100:02d}" for n in (cents, 2 * cents))
        rows.append(f"D{number},0{draw.randint(1, 2)},{euros},{cost},{draw.randint(20, 100) / 10}")
    (tmp_path / "d.csv").write_text("\n".join(rows) + "\n")
    path = tmp_path / "s.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


def draw(file: Path, out: str | None, **more: Any) -> tnt.Ensemble:
    store = None if out is None else file.parent / out
    options = {"draws": 12, "seed": 5, "workers": 1, "sensitivity": 3, **more}
    return tnt.ensemble(file, store=store, **options)


def stored(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / RUNS).glob("*.parquet")))


def test_a_store_changes_no_figure_and_a_second_call_computes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, first = draw(file, None), draw(file, "out")
    assert first.summary() == alone.summary()
    rows = read_rows(file.parent / "out", SCHEMA)
    assert rows["phase"].to_list() == 12 * ["draws"] + 12 * ["lists"] + 9 * ["sensitivity"] + 9 * ["single"]
    assert rows["draw"].to_list() == [*range(12), *range(12), *(6 * [*range(3)])]
    assert [str(value) for value in first.values] == rows["value"].to_list()[:12]
    assert not list((file.parent / "out" / JOURNAL).iterdir())
    before = stored(file.parent / "out")
    monkeypatch.setattr(runner, "run_task", None)
    assert draw(file, "out").summary() == alone.summary()
    assert stored(file.parent / "out") == before


@pytest.mark.parametrize("after", [0, 1, 7, 12, 13, 23, 24, 27, 32])
def test_an_ensemble_interrupted_after_any_draw_resumes_to_the_same_bytes(
    file: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    whole = draw(file, "whole")
    computed, run = [0], runner.run_task

    def compute(task: Any) -> Any:
        if computed[0] == after:
            raise KeyboardInterrupt
        computed[0] += 1
        return run(task)

    monkeypatch.setattr("tnt_sim.analysis.shared.result_store.COMMIT_RECORDS", 3)
    with monkeypatch.context() as patched:
        patched.setattr(runner, "run_task", compute)
        assert draw(file, "out").summary()["stopped_by"] == "interrupt"
    assert read_rows(file.parent / "out", SCHEMA).height == after
    assert draw(file, "out").summary() == whole.summary()
    assert stored(file.parent / "out") == stored(file.parent / "whole")


def test_kill_9_of_the_command_loses_no_committed_draw(file: Path) -> None:
    whole = draw(file, "whole", draws=60, sensitivity=0)
    out = file.parent / "out"
    words = [sys.executable, "-m", "tnt_sim", "ensemble", str(file), "--draws", "60", "--seed", "5"]
    often = (
        "import sys\nimport tnt_sim.analysis.shared.result_store as store\nstore.COMMIT_RECORDS = 1\n"
        "from tnt_sim.cli.main import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", often, *words[3:], "--out", str(out), "--executor", "serial"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        deadline = time.monotonic() + 60
        while not list((out / JOURNAL).glob("*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(running.pid, signal.SIGKILL)
        assert running.wait(timeout=60) == -signal.SIGKILL
    assert 0 < read_rows(out, SCHEMA).height < 120
    assert draw(file, "out", draws=60, sensitivity=0).summary() == whole.summary()
    assert stored(out) == stored(file.parent / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_every_executor_gives_the_same_bytes(file: Path, executor: str) -> None:
    if executor == "dask":
        pytest.importorskip("distributed", reason="Dask is an extra")
    alone = draw(file, "alone")
    other = draw(file, "other", executor=executor, workers=2)
    assert other.summary() == alone.summary()
    assert stored(file.parent / "other") == stored(file.parent / "alone")


def test_other_draws_and_changed_files_are_refused(file: Path) -> None:
    draw(file, "out")
    for other in ({"seed": 6}, {"draws": 13}, {"sensitivity": 2}, {"sampling": "random"}):
        with pytest.raises(UsageError, match=r"\(autres : tirages\)") as caught:
            draw(file, "out", **other)
        assert caught.value.code == "batch-other"
    table = file.parent / "d.csv"
    table.write_text(table.read_text().replace("D7", "E7"))
    with pytest.raises(UsageError, match=r"d\.csv"):
        draw(file, "out")


def test_a_file_that_changes_while_draws_are_computed_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tnt_sim.analysis.uncertainty.draw_task._load_ground", lambda _: None)
    with pytest.raises(UsageError, match="a changé pendant le calcul"):
        draw(file, "out")
    assert read_rows(file.parent / "out", SCHEMA).height == 0


def test_a_draw_that_the_time_of_the_whole_stopped_is_computed_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own limit would have stopped it on any run; that of the whole only stopped it here."""
    from dataclasses import replace

    from tnt_sim.analysis.uncertainty import draw_task

    whole = draw(file, "whole")
    optimise = draw_task.optimise

    def stop(*words: Any, **more: Any) -> Any:
        return replace(optimise(*words, **more), status=tnt.Status.STOPPED, claimed=False, allocation=None)

    with monkeypatch.context() as patched:
        patched.setattr(draw_task, "optimise", stop)
        assert draw(file, "out", time_limit=60.0).summary()["n_draws"] == 0
    assert read_rows(file.parent / "out", SCHEMA).height == 0
    assert draw(file, "out").summary() == whole.summary()
    assert stored(file.parent / "out") == stored(file.parent / "whole")


def test_the_command_writes_page_and_workbook_into_the_store(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = file.parent / "out"
    words = ["ensemble", str(file), "--draws", "6", "--workers", "1", "--json"]
    assert main([*words, "--out", str(out)]) == 0
    first = json.loads(capsys.readouterr().out)
    names = {path.name for path in out.iterdir()} - {".lock"}
    assert names == {"batch.json", "journal", "runs", "timings.parquet", "ensemble.html", "ensemble.xlsx"}
    assert main([*words, "--out", str(out)]) == 0
    assert json.loads(capsys.readouterr().out) == first
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == first
    timings = pl.read_parquet(out / "timings.parquet")
    assert timings.height == 12
    assert (timings["seconds"] > 0).all()
