"""Kills at drawn moments and full disks of drawn sizes, through the verbs that write: what was there stays.

uv run python benchmarks/interrupted.py [HOW_MANY] [--first K] [--kinds …] [--verbs …]

Each time a verb (run, sweep, batch, export, report, sign) works in a copy of a small project and is hurt in one
way: `moment` is a `kill -9` after a drawn part of its time, `byte` one while a drawn byte is written; with `full`
the disk takes a drawn number of bytes and no more, with `limit` no file may be larger than a drawn size, and
`disk` is a tmpfs with a drawn number of pages left (only where one may be mounted). Afterwards every file is as it
was or whole, the sentence says that the disk is full, and the same command ends as where nothing is in its way,
without scraps. `--first` goes on from there.
"""

from __future__ import annotations

import argparse
import errno
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tnt_sim.analysis.batch.runner
import tnt_sim.analysis.sweep
import tnt_sim.engine.run_folder.sign_register
import tnt_sim.reporting.workbook.workbook
from tnt_sim import disk
from tnt_sim.cli.main import main as run_command
from tnt_sim.disk import OLD, PARTIAL

LOADED = (tnt_sim.analysis, tnt_sim.reporting)
"""Imported here once: a fork begins with them."""
KINDS = ("moment", "byte", "full", "limit", "disk")
KILLS = ("moment", "byte")
FULL = "le disque est plein"
BATCH = "base: ../scenario.yaml\nmatrix: {programme.amount: [1.1 M€, 1.2 M€]}\n"
VERBS: Mapping[str, str] = {
    "run": "run scenario.yaml --set programme.amount=1.1M€",
    "run-again": "run scenario.yaml",
    "sweep": "sweep scenario.yaml --from 1.1M€ --to 1.2M€ --steps 2 --out swept",
    "batch": "batch lists/batch.yaml --out store --executor serial",
    "export-xlsx": "export RUN --format xlsx --out liste.xlsx --force",
    "export-by": "export RUN --by department --out parts --force",
    "report-html": "report RUN --out page.html --force --no-explain",
    "report-xlsx": "report RUN --out page.xlsx --force --no-explain",
    "sign": "sign RUN --as liste-1",
}
RESUMED = {"sweep": "swept", "batch": "store"}
"""Stores that keep what was found and go on from there."""
Picture = dict[str, bytes | None]


@dataclass(frozen=True)
class Good:
    """A verb where nothing is in its way: what it leaves, the files that are the same each time, its cost."""

    words: tuple[str, ...]
    after: Picture
    stable: frozenset[str]
    seconds: float
    n_bytes: int
    largest: int


def picture(folder: Path) -> Picture:
    """Every file with its bytes, and every folder, under a folder; not the journal of locks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def is_scrap(path: str) -> bool:
    """Whether a file or folder is what a stopped writer left, or lies in such a folder."""
    return any(part.endswith((PARTIAL, OLD, ".torn")) for part in path.split("/"))


def forked(task: Callable[[], int], log: Path, after: float | None = None) -> int:
    """The exit code of a task in a process of its own; -9 where it was killed, as after so many seconds."""
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(stream, 1)
            os.dup2(stream, 2)
            code = task()
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:  # noqa: BLE001  (a traceback is what is looked for)
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)
    if after is not None:
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def task(words: tuple[str, ...], folder: Path, hurt: Callable[[], None] = lambda: None) -> Callable[[], int]:
    """A command in a folder, in a process that `hurt` prepares."""

    def work() -> int:
        os.chdir(folder)
        import tnt_sim.reporting.reports.sweep

        for module in (tnt_sim.reporting.reports.sweep, tnt_sim.reporting.reports.sweep):
            module.has_charts = lambda: False  # type: ignore[attr-defined]  # drawn for seconds, written alike
        hurt()
        return run_command(list(words))

    return work


def hook_bytes(most: int | None, then: Callable[[], None], counted: Path | None = None) -> Callable[[], None]:
    """After `most` bytes are written, whatever the file, `then` happens; without, the bytes are counted."""

    def hurt() -> None:
        write, total = disk._write, 0

        def hurt_write(handle: int, data: bytes) -> None:
            nonlocal total
            left = len(data) if most is None else max(0, most - total)
            total += len(data)
            write(handle, data[:left])
            if counted is not None:
                counted.write_text(str(total))
            if left < len(data):
                then()

        disk._write = hurt_write  # type: ignore[assignment]

    return hurt


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _no_space() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _limit(size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextmanager
def small_disk(place: Path, free: int) -> Iterator[None]:
    """A tmpfs at `place`, which holds what lies there and so many bytes more."""
    kept = place.with_name("kept")
    place.rename(kept)
    place.mkdir()
    used = sum(-(-file.stat().st_size // 4096) for file in kept.rglob("*") if file.is_file()) * 4096
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={used + free}", "none", str(place)], check=True)
    try:
        shutil.copytree(kept, place, dirs_exist_ok=True)
        yield
        shutil.rmtree(kept)
        shutil.copytree(place, kept)
    finally:
        subprocess.run(["umount", str(place)], check=True)
        place.rmdir()
        kept.rename(place)


def can_mount(folder: Path) -> bool:
    """Whether a tmpfs may be mounted here."""
    probe = folder / "probe"
    probe.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(probe)]
    try:
        if subprocess.run(words, capture_output=True, check=False).returncode:
            return False
    except OSError:
        return False
    subprocess.run(["umount", str(probe)], check=True)
    return True


def project(folder: Path) -> Path:
    """A project of the demo with one run, and an older file where a verb writes."""
    made, log = folder / "made", folder / "log"
    assert forked(task(("new", str(made)), folder), log) == 0, log.read_text()
    assert forked(task(("run", "scenario.yaml", "--quiet"), made), log) == 0, log.read_text()
    (made / "lists").mkdir()
    (made / "lists/batch.yaml").write_text(BATCH, encoding="utf-8")
    for name in ("page.html", "page.xlsx"):
        (made / name).write_text("older", encoding="utf-8")
    return made


def find_run(made: Path) -> str:
    """The name of the one run of a project; its kept inputs stand beside it."""
    (run,) = (path.parent.name for path in made.glob("runs/*/summary.json"))
    return run


def goods(made: Path, folder: Path, verbs: Sequence[str]) -> dict[str, Good]:
    """Each verb twice where nothing is in its way."""
    found, run = {}, find_run(made)
    for verb in verbs:
        words = tuple(VERBS[verb].replace("RUN", f"runs/{run}").split())
        pictures, begun = [], 0.0
        count = folder / "count"
        for _ in range(2):
            copy = fresh(made, folder)
            begun = time.monotonic()
            code = forked(task(words, copy, hook_bytes(None, _die, count)), folder / "log")
            assert code == 0, (verb, (folder / "log").read_text())
            seconds = time.monotonic() - begun
            pictures.append(picture(copy))
        one, other = pictures
        assert one.keys() == other.keys(), verb
        before = picture(made)
        sizes = [len(data or b"") for path, data in one.items() if before.get(path) != data]
        stable = frozenset(path for path, data in one.items() if data == other[path])
        found[verb] = Good(words, one, stable, seconds, int(count.read_text()), max(sizes))
    return found


def fresh(made: Path, folder: Path) -> Path:
    """A new copy of the project."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(made, copy)
    return copy


def hurt_once(
    good: Good, kind: str, made: Path, folder: Path, draw: random.Random
) -> tuple[int, str, Picture]:
    """One verb hurt in one way: its exit code, what it said, what is there then."""
    copy, log = fresh(made, folder), folder / "log"
    if kind == "moment":
        code = forked(task(good.words, copy), log, draw.uniform(0, 1.1 * good.seconds))
    elif kind == "byte":
        code = forked(task(good.words, copy, hook_bytes(draw.randrange(good.n_bytes), _die)), log)
    elif kind == "full":
        code = forked(task(good.words, copy, hook_bytes(draw.randrange(good.n_bytes), _no_space)), log)
    elif kind == "limit":
        size = draw.randrange(good.largest)
        code = forked(task(good.words, copy, lambda: _limit(size)), log)
    else:
        with small_disk(copy, draw.randrange(4096, 2 * good.n_bytes + 8192)):
            code = forked(task(good.words, copy), log)
    return code, log.read_text(encoding="utf-8"), picture(copy)


def wrong_after(
    verb: str, good: Good, kind: str, code: int, said: str, before: Picture, after: Picture
) -> str:
    """What is wrong with what a hurt verb left; nothing where every file is as it was or whole."""
    if "Traceback" in said or "inattendue" in said:
        return f"traceback: {said[-400:]}"
    own = RESUMED.get(verb)
    seen = {path: data for path, data in after.items() if path.split("/")[0] != own}
    if kind in KILLS:
        seen = {path: data for path, data in seen.items() if not is_scrap(path)}
    elif code not in (0, 1) or (code == 1 and FULL not in said):
        return f"exit {code}: {said[-300:]}"
    elif code == 1 and [path for path in after if is_scrap(path)]:
        return "scraps are left"
    for path, data in seen.items():
        known = [one[path] for one in (before, good.after) if path in one]
        if not known:
            return f"{path} is neither of before nor of after"
        if data not in known and path in good.stable:
            return f"{path} is half written"
    lost = [path for path in before if path not in seen and path.split("/")[0] != own and path in good.after]
    if lost:
        return f"lost: {lost[:3]}"
    if kind not in KILLS and code == 1 and own is None and seen != before:
        return "refused, and something was changed"
    return ""


def wrong_again(verb: str, good: Good, made: Path, folder: Path) -> str:
    """What is wrong once the same command has run again with nothing in its way."""
    words = (*good.words, "--resume") if verb == "sweep" and (folder / "copy/swept").exists() else good.words
    code, said = (
        forked(task(words, folder / "copy"), folder / "log"),
        (folder / "log").read_text(encoding="utf-8"),
    )
    signed = verb == "sign" and code == 2 and "déjà signé" in said
    if code != 0 and not signed:
        return f"again: exit {code}: {said[-300:]}"
    after = picture(folder / "copy")
    if set(after) != set(good.after):
        return f"again: {sorted(set(after) ^ set(good.after))[:4]}"
    apart = [path for path in good.stable if after[path] != good.after[path]]
    return f"again: {apart[:3]} differ" if apart else ""


def main() -> int:
    """Hurt and look; 1 where anything is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("n", nargs="?", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--verbs", nargs="+", choices=VERBS, default=list(VERBS))
    asked = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kinds = [kind for kind in asked.kinds if kind != "disk" or can_mount(folder)]
        if kinds != asked.kinds:
            print("no tmpfs may be mounted here: the kind `disk` is left out")
        made = project(folder)
        known, before = goods(made, folder, asked.verbs), picture(made)
        print(
            {verb: f"{good.seconds:.1f} s, {good.n_bytes} bytes" for verb, good in known.items()}, flush=True
        )
        for number in range(asked.first, asked.first + asked.n):
            draw = random.Random(number)
            kind, verb = kinds[number % len(kinds)], draw.choice(asked.verbs)
            good = known[verb]
            code, said, after = hurt_once(good, kind, made, folder, draw)
            wrong = wrong_after(verb, good, kind, code, said, before, after) or wrong_again(
                verb, good, made, folder
            )
            counts[f"{kind}: {'ended' if code == 0 else 'stopped'}"] += 1
            counts["wrong"] += bool(wrong)
            if wrong:
                print(f"{number} {kind} {verb}: exit {code}; {wrong}", flush=True)
    print(f"{asked.n} times: {dict(sorted(counts.items()))}")
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
