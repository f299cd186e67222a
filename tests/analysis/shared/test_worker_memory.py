"""No more workers start than memory holds, and the refusal says how much they need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnt_sim.analysis.shared import worker_memory
from tnt_sim.analysis.shared.worker_memory import (
    choose_workers,
    estimate_worker_bytes,
    read_available_bytes,
)
from tnt_sim.cli.main import main
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang

GB = 10**9


def give_memory(monkeypatch: pytest.MonkeyPatch, free: int | None, processors: int = 8) -> None:
    monkeypatch.setattr(worker_memory, "read_available_bytes", lambda: free)
    monkeypatch.setattr(worker_memory, "count_processors", lambda: processors)


def test_more_workers_than_memory_holds_are_refused_with_the_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    give_memory(monkeypatch, 6 * GB)
    each = estimate_worker_bytes(1_000_000)
    assert choose_workers(3, each) == 3
    with pytest.raises(UsageError) as caught:
        choose_workers(8, each)
    assert "8 workers need 13.6 GB of memory, 1.7 GB each, and 6 GB are free" in caught.value.text.in_(
        Lang.EN
    )
    assert "--workers 3" in caught.value.text.in_(Lang.EN)


def test_without_a_number_as_many_start_as_processors_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give_memory(monkeypatch, 6 * GB)
    assert choose_workers(None, GB) == 6
    assert choose_workers(None, GB // 10) == 8
    give_memory(monkeypatch, None)
    assert choose_workers(None, GB) == 8
    assert choose_workers(100, GB) == 100


def test_one_worker_is_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    give_memory(monkeypatch, 0)
    assert choose_workers(1, GB) == choose_workers(None, GB) == 1


def test_the_tighter_of_machine_and_group_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, limit, used = tmp_path / "meminfo", tmp_path / "max", tmp_path / "current"
    machine.write_text("MemTotal: 9000 kB\nMemAvailable:    4000 kB\nHugePages_Total:       0\n")
    monkeypatch.setattr(worker_memory, "_MEMINFO", machine)
    monkeypatch.setattr(worker_memory, "_LIMITS", ((limit, used),))
    assert read_available_bytes() == 4_096_000
    limit.write_text("max\n")
    used.write_text("1000\n")
    assert read_available_bytes() == 4_096_000
    limit.write_text("51000\n")
    assert read_available_bytes() == 50_000
    used.write_text("60000\n")
    assert read_available_bytes() == 0
    machine.unlink()
    limit.unlink()
    assert read_available_bytes() is None


@pytest.mark.parametrize("verb", ["batch", "ensemble"])
def test_commands_refuse_before_they_compute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    give_memory(monkeypatch, GB)
    (tmp_path / "d.csv").write_text("dossier,requested,score\nA,100,1\n")
    file = tmp_path / "s.yaml"
    file.write_text(
        "schema_version: 1\nid: s\nprogramme: {id: p, amount: 1 k€}\ndossiers: [{file: d.csv}]\n"
        "objective: [{maximise: {score: 1}}]\n"
        "uncertain: [{id: u, event: withdrawn, probability: 5 %}]\n"
    )
    assert main([verb, str(file), "--out", str(tmp_path / "out"), "--workers", "9"]) == 2
    assert "--workers 3" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
