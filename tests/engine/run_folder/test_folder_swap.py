"""A folder is replaced whole, or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tnt_sim.engine.run_folder import atomic_write as folder_swap
from tnt_sim.engine.run_folder.atomic_write import put_folder


def fill(text: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "a.txt").write_text(text, encoding="utf-8")
    (folder / "b.txt").write_text(text, encoding="utf-8")


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


def test_new_then_replaced(tmp_path: Path) -> None:
    target = tmp_path / "runs" / "x-1"
    put_folder(target, lambda folder: fill("old", folder))
    put_folder(target, lambda folder: fill("new", folder / "c"))
    assert contents(target / "c") == {"a.txt": "new", "b.txt": "new"}
    assert [entry.name for entry in target.parent.iterdir()] == ["x-1"]


def test_without_an_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_swap, "_exchange", lambda one, other: False)
    target = tmp_path / "x-1"
    put_folder(target, lambda folder: fill("old", folder))
    put_folder(target, lambda folder: fill("new", folder))
    assert contents(target) == {"a.txt": "new", "b.txt": "new"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["x-1"]


def test_a_failure_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "x-1"
    put_folder(target, lambda folder: fill("old", folder))

    def fail(folder: Path) -> None:
        fill("new", folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        put_folder(target, fail)
    assert contents(target) == {"a.txt": "old", "b.txt": "old"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["x-1"]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_killed_in_the_middle_leaves_the_old_one_and_no_rubbish_for_long(tmp_path: Path) -> None:
    target = tmp_path / "x-1"
    put_folder(target, lambda folder: fill("old", folder))
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tnt_sim.engine.run_folder.atomic_write import put_folder\n"
        "def write(folder):\n"
        "    (folder / 'a.txt').write_text('new')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "put_folder(Path(sys.argv[1]), write)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert contents(target) == {"a.txt": "old", "b.txt": "old"}
    assert len(list(tmp_path.iterdir())) == 2
    put_folder(target, lambda folder: fill("next", folder))
    assert [entry.name for entry in tmp_path.iterdir()] == ["x-1"]
    assert contents(target) == {"a.txt": "next", "b.txt": "next"}


def test_an_old_folder_set_aside_by_a_dead_writer_comes_back(tmp_path: Path) -> None:
    target = tmp_path / "x-1"
    put_folder(target, lambda folder: fill("old", folder))
    target.rename(tmp_path / ".x-1.old")
    with pytest.raises(ZeroDivisionError):
        put_folder(target, lambda folder: print(1 // 0))
    assert contents(target) == {"a.txt": "old", "b.txt": "old"}
