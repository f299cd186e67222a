"""The store survives kills, torn files, a full disk, two coordinators, changed inputs; answers stay the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.full_disk import full_disk
from support.lanes import seeds

from tnt_sim.analysis.batch.plan import read_plan
from tnt_sim.analysis.batch.runner import BatchTask, build_batch_manifest, compute, run_batch
from tnt_sim.analysis.batch.store import SCHEMA, build_table, read_runs
from tnt_sim.analysis.shared.executors import _Dask, executor
from tnt_sim.analysis.shared.result_store import JOURNAL, RUNS, ResultStore
from tnt_sim.cli.main import main
from tnt_sim.errors import ScenarioError, TntError, UsageError
from tnt_sim.i18n.message import Lang

N_CASES = 10


def batch(folder: Path, out: str, name: str = "serial") -> Any:
    plan = read_plan([folder / "lot.yaml"])
    return run_batch(plan, folder / out, executor(name, 2), 2)


def stored(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted((folder / RUNS).glob("*.parquet")))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["processes", "dask"])
def test_every_executor_gives_the_same_bytes(folder: Path, name: str) -> None:
    if name == "dask":
        pytest.importorskip("distributed", reason="Dask is an extra")
    alone = batch(folder, "alone")
    other = batch(folder, "other", name)
    assert alone.runs.height == N_CASES
    assert stored(folder / "alone") == stored(folder / "other")
    assert alone.runs.equals(other.runs)


def test_local_dask_workers_keep_their_memory_and_their_time() -> None:
    """Dask's own settings have the C library give back each larger array, which triples the time of a case, and
    look at the stack, the clock and the memory a hundred times a second."""
    pytest.importorskip("distributed", reason="Dask is an extra")
    run = executor("dask", 1)
    assert isinstance(run, _Dask)
    with run._open_client() as client:
        assert list(client.run(os.environ.get, "MALLOC_TRIM_THRESHOLD_").values()) == [None]
        (found,) = client.run(
            lambda dask_worker: {
                name: call.callback_time for name, call in dask_worker.periodic_callbacks.items()
            }
        ).values()
        address = client.cluster.scheduler.http_server.address
    assert "profile" not in found
    assert min(found.values()) >= 500
    assert address == "127.0.0.1"


@pytest.mark.slow
@pytest.mark.filterwarnings("error::UserWarning")
def test_two_local_clusters_at_once_say_nothing() -> None:
    pytest.importorskip("distributed", reason="Dask is an extra")
    first, second = executor("dask", 1), executor("dask", 1)
    assert isinstance(first, _Dask)
    assert isinstance(second, _Dask)
    with first._open_client(), second._open_client():
        pass


def test_an_answer_is_that_of_a_run(folder: Path) -> None:
    from tnt_sim.engine.solve import solve
    from tnt_sim.scenario.load import load_scenario

    found = batch(folder, "out").runs
    row = found.row(5, named=True)
    result = solve(load_scenario(folder / "petit.yaml", row["changes"]))
    assert row["scenario_sha256"] == result.document["scenario_sha256"]
    assert row["allocation_sha256"] == result.document["allocation_sha256"]
    assert row["values"] == [goal["value"] for goal in result.document["objective"]]
    funded = result.dossiers.filter("funded")
    assert row["dossier"] == funded["dossier"].to_list()
    assert row["awarded_cents"] == funded["granted_cents"].to_list()
    assert sum(row["awarded_cents"]) == row["granted_cents"]


def test_polars_reads_the_data_set_and_nothing_is_done_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch(folder, "out")
    before = stored(folder / "out")
    assert pl.scan_parquet(folder / "out" / RUNS).select(pl.len()).collect().item() == N_CASES
    monkeypatch.setattr("tnt_sim.analysis.batch.runner.compute", None)
    assert batch(folder, "out").runs.height == N_CASES
    assert stored(folder / "out") == before


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "tnt_sim", "batch", str(folder / "lot.yaml"), "--out", *words]


@pytest.mark.parametrize("sign", seeds([signal.SIGKILL, signal.SIGTERM, signal.SIGINT], 0))
def test_a_batch_that_is_stopped_resumes_to_the_same_bytes(folder: Path, sign: signal.Signals) -> None:
    batch(folder, "alone")
    out = folder / "out"
    words = command(folder, str(out), "--executor", "serial")
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        deadline = time.monotonic() + 60
        while not list((out / JOURNAL).glob("*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.005)
            if running.poll() is not None:
                break
        running.send_signal(sign)
        assert running.stderr is not None
        told = running.stderr.read().decode()
        code = running.wait(timeout=60)
    assert "Traceback" not in told
    if sign is not signal.SIGKILL and code != 0:
        assert code == 130
    result = batch(folder, "out")
    assert result.runs.height == N_CASES
    assert stored(out) == stored(folder / "alone")
    assert not list((out / JOURNAL).iterdir())


def test_a_crash_while_finishing_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch(folder, "alone")
    removed = Path.unlink

    def crash(self: Path, missing_ok: bool = False) -> None:
        removed(self, missing_ok)
        if self.parent.name == JOURNAL and self.suffix == ".parquet":
            raise KeyboardInterrupt

    monkeypatch.setattr("tnt_sim.analysis.shared.result_store.COMMIT_RECORDS", 3)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", crash)
        with pytest.raises(KeyboardInterrupt):
            batch(folder, "out")
    assert len(list((folder / "out" / JOURNAL).iterdir())) == 3
    assert batch(folder, "out").runs.height == N_CASES
    assert stored(folder / "out") == stored(folder / "alone")


def test_torn_files_are_set_aside_and_their_cases_done_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch(folder, "alone")
    plan = read_plan([folder / "lot.yaml"])
    with ResultStore.open(folder / "out", build_batch_manifest(plan, {}), SCHEMA) as store:
        for k in range(0, 6, 2):
            store.commit(build_table([compute(BatchTask(case, {})) for case in plan.cases[k : k + 2]]))
    (torn,) = (folder / "out" / JOURNAL).glob("00000001-*.parquet")
    torn.write_bytes(torn.read_bytes()[:-20])
    result = batch(folder, "out")
    assert result.n_torn == 1
    assert torn.with_suffix(".torn").exists()
    assert stored(folder / "out") == stored(folder / "alone")
    for damage in (lambda data: data[:100], lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:]):
        (whole,) = (folder / "out" / RUNS).glob("*.parquet")
        whole.write_bytes(damage(whole.read_bytes()))
        assert batch(folder, "out").n_torn == 1
        assert stored(folder / "out") == stored(folder / "alone")


def test_a_full_disk_stops_cleanly_and_the_batch_goes_on_later(folder: Path) -> None:
    batch(folder, "alone")
    plan = read_plan([folder / "lot.yaml"])
    with ResultStore.open(folder / "out", build_batch_manifest(plan, {}), SCHEMA) as store:
        store.commit(build_table([compute(BatchTask(plan.cases[0], {}))]))
        with full_disk(1), pytest.raises(TntError) as caught:
            store.commit(build_table([compute(BatchTask(plan.cases[1], {}))]))
    assert caught.value.code == "batch-store"
    assert "la même commande reprend" in caught.value.text.in_(Lang.FR)
    assert read_runs(folder / "out").height == 1
    assert batch(folder, "out").runs.height == N_CASES
    assert stored(folder / "out") == stored(folder / "alone")


def test_two_coordinators_do_not_share_a_store(folder: Path) -> None:
    plan = read_plan([folder / "lot.yaml"])
    with (
        ResultStore.open(folder / "out", build_batch_manifest(plan, {}), SCHEMA),
        pytest.raises(UsageError, match="un autre calcul écrit déjà"),
    ):
        batch(folder, "out")
    assert batch(folder, "out").runs.height == N_CASES


def test_inputs_that_change_midway_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = read_plan([folder / "lot.yaml"])
    data = folder / "dossiers.csv"
    text = data.read_text(encoding="utf-8")

    def meddle(_: object) -> None:
        data.write_text(text.replace("D1,", "E1,"), encoding="utf-8")

    with pytest.raises(ScenarioError, match=r"dossiers\.csv a changé"):
        run_batch(plan, folder / "out", executor("serial", 1), 1, {}, meddle)
    assert not (folder / "out" / RUNS).exists()
    with pytest.raises(UsageError, match=r"autres fichiers \(dossiers\.csv a changé\)"):
        batch(folder, "out")
    data.write_text(text, encoding="utf-8")
    assert batch(folder, "out").runs.height == N_CASES


def test_other_code_and_other_batches_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch(folder, "out")
    with monkeypatch.context() as patched:
        patched.setattr("tnt_sim.analysis.shared.result_store.hash_code", lambda: "other")
        with pytest.raises(UsageError, match="autre version du programme"):
            batch(folder, "out")
    lot = folder / "lot.yaml"
    lot.write_text(lot.read_text(encoding="utf-8").replace("70 k€", "75 k€"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"un autre lot \(autres : scénarios ou noms\)"):
        batch(folder, "out")


def test_a_case_that_cannot_be_computed_is_recorded_and_the_rest_is_done(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lot = folder / "lot.yaml"
    lot.write_text("base: petit.yaml\nmatrix: {programme.amount: [60 k€, 40 k€]}\n", encoding="utf-8")
    assert main(["batch", str(lot), "--out", str(folder / "out"), "--executor", "serial", "--json"]) == 6
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert (told["status"], told["n_failed"], len(told["runs"])) == ("failures", 1, 2)
    assert told["runs"][1]["error_code"] == "children-exceed"
    events = [json.loads(line) for line in printed.err.splitlines() if line.startswith("{")]
    assert [event["done"] for event in events] == [1, 2]


def test_the_page_and_resume(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["batch", str(folder / "lot.yaml"), "--out", str(folder / "out"), "--executor", "serial"]
    assert main([*words, "--resume"]) == 2
    assert "rien à reprendre" in capsys.readouterr().err
    assert main(words) == 0
    assert "10 scénarios sur 10." in capsys.readouterr().out
    assert main([*words, "--resume", "--lang", "en"]) == 0
    assert "10 of 10 scenarios." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--executor", "threads"], "serial, processes, dask"),
        (["--scheduler", "tls://x:1"], "--executor dask"),
        (["--executor", "dask", "--scheduler", "tcp://10.0.0.1:8786"], "tls://"),
    ],
)
def test_a_wrong_option_is_refused_and_nothing_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    if "dask" in words:
        pytest.importorskip("distributed", reason="Dask is an extra")
    assert main(["batch", str(folder / "lot.yaml"), "--out", str(folder / "out"), *words]) == 2
    assert said in capsys.readouterr().err
    assert not (folder / "out").exists()


@pytest.mark.parametrize("name", seeds(["processes", "dask"], 1))
def test_workers_killed_with_nine_lose_nothing(folder: Path, name: str) -> None:
    if name == "dask":
        pytest.importorskip("distributed", reason="Dask is an extra")
    batch(folder, "alone")
    plan = read_plan([folder / "lot.yaml"])
    killed: list[int] = []

    def kill(_: object) -> None:
        if len(killed) < 2:
            children = Path("/proc/self/task").glob("*/children")
            found = " ".join(file.read_text() for file in children).split()
            victims = [
                int(pid) for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
            ]
            if victims:
                os.kill(victims[0], signal.SIGKILL)
                killed.append(victims[0])

    result = run_batch(plan, folder / "out", executor(name, 2), 2, {}, kill)
    assert len(killed) == 2
    assert result.n_failed == 0
    assert stored(folder / "out") == stored(folder / "alone")
