"""Runs made by a faulty build, and what `verify` says of them: that of the same build, and that of a sound one.

Changes of one line are drawn in `kernel/` and `certify/` (those of `mutate_verifier.py`, on lines that making the
runs reaches; without `certify/verifier.py`, which anybody runs apart). Each is made in a fork, which decides small
programmes with the kernels of numpy in two ways: as the build is, and by a search that overlooks one dossier of
the right list, so that the proofs alone stand between a wrong list and the word PROVED. A run is false if it calls
proven a list below the optimum or behind an equal one; the sound build knows the right list, and enumeration up to
20 dossiers. False runs are verified in the same fork, then in one without the change. The command fails if a sound
build shows one.

uv run python benchmarks/faulty_runs.py [--wanted 60] [--minutes 15] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from mutants_kept import drawn, equivalent
from mutate_verifier import MEMORY, PACKAGE, PARTS, TOOL, Mutant, code_mutants
from support.mixed_cases.drawn import mixed
from support.mixed_cases.run import write
from support.run_folders.small_runs import EVERY, project
from support.trust.instances import Instance, brute_force, near_miss, programme, random_small

from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.kernel.compiled.library import NUMPY, VARIABLE
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.load import load_scenario

ROOMS = ("kernel", "certify")
APART = "certify.verifier"
SECONDS = 15
"""Processor seconds for one change."""
LARGEST = 20
"""Dossiers up to which enumeration is asked."""
AS_IT_IS, OVERLOOKING = "as it is", "overlooking"
FAULTY, SOUND = "faulty build", "sound build"
SAME, HONEST, DENIED, FALSE = "right list", "nothing false called proven", "called impossible", "false run"
REFUSED, DOUBTED, SHOWN = "refused", "not shown", "shown"
Line = dict[str, Any]


@dataclass(frozen=True)
class Programme:
    """A small programme: how its files are written, and what `--set` changes."""

    name: str
    write: Callable[[Path], Path]
    instance: Instance | None = None
    sets: tuple[str, ...] = ()


def list_programmes() -> list[Programme]:
    """List programmes under scarce money that between them reach nearly every line that any drawn one did."""
    instances = (
        near_miss(4), near_miss(1), random_small(4), random_small(12),
        programme(2, 30, "crossing-2"), programme(3, 30, "tree"),
    )  # fmt: skip
    plain = [Programme(item.name, item.write, item) for item in instances]
    mixes = [Programme("mix 9", partial(write, mixed(9)))]
    small = [
        Programme(name, partial(project, EVERY[name]), None, EVERY[name].sets) for name in ("links", "years")
    ]
    return [*plain, *mixes, *small]


@dataclass(frozen=True)
class Right:
    """The right list of a programme, and the column of the model that an overlooking search leaves out, if any."""

    values: list[str]
    granted: list[int]
    overlooked: int | None = None


def decide(programme: Programme, folder: Path, overlooked: int | None = None) -> ResultData:
    """Decide a programme whose files are in a folder, by a search that overlooks a column if one is given."""
    scenario = load_scenario(next(folder.glob("*.yaml")), programme.sets)

    def leave_out(*asked: Any, **more: Any) -> Formulation:
        form = formulate(*asked, **more)
        upper = form.model.col_upper.copy()
        upper[overlooked] = 0
        return replace(form, model=form.model.with_bounds(form.model.col_lower, upper))

    with patch("tnt_sim.engine.model_cache.formulate", formulate if overlooked is None else leave_out):
        return solve(scenario, time_limit=5, cross_check="never")


def describe(result: ResultData) -> tuple[list[str], list[int]]:
    """The values of the stages, and the cents of each dossier, −1 for one that is not funded."""
    assert result.reading is not None
    assert result.allocation is not None
    funded, cents = result.allocation.funded, result.allocation.granted_cents
    return [str(value) for value in result.reading.values], np.where(funded, cents, -1).tolist()


def judge(result: ResultData, right: Right) -> tuple[str, str]:
    """What a run came to, and the answer of its check that would be false."""
    document = result.document
    if result.status is Status.INFEASIBLE:
        return (DENIED if document["proof"] == "PROVED" else HONEST), ""
    if result.allocation is None:
        return HONEST, ""
    values, granted = describe(result)
    if granted == right.granted:
        return SAME, ""
    if values != right.values:
        return (FALSE if document["proof"] == "PROVED" else HONEST), "optimal"
    return (FALSE if document["canonical_proof"]["list"] == "PROVED" else HONEST), "first"


def make_runs(cases: Sequence[tuple[Programme, Right]], files: Path, folder: Path) -> Iterator[Line]:
    """Decide every programme in both ways, and write the false runs."""
    for number, (item, right) in enumerate(cases):
        for way in (AS_IT_IS,) if right.overlooked is None else (AS_IT_IS, OVERLOOKING):
            place = folder / f"{number} {way}"
            shutil.copytree(files / str(number), place)
            try:
                result = decide(item, place, right.overlooked if way == OVERLOOKING else None)
                kind, answer = judge(result, right)
                run = str(write_run(result)) if kind == FALSE else ""
            except Exception:  # noqa: BLE001
                kind, answer, run = HONEST, "", ""
            yield {"programme": item.name, "way": way, "kind": kind, "answer": answer, "run": run}


def check_runs(lines: Sequence[Line], key: str) -> Iterator[Line]:
    """Verify the false runs among the lines, and note under a key what came of it."""
    for line in (line for line in lines if line["run"]):
        try:
            checked = verify_run(Path(line["run"]))
        except Exception:  # noqa: BLE001
            yield line | {key: REFUSED}
            continue
        is_shown = (checked.optimal if line["answer"] == "optimal" else checked.first).is_shown
        yield line | {key: REFUSED if not checked.ok else SHOWN if is_shown else DOUBTED}


def fork(task: Callable[[], Iterator[Line]], folder: Path) -> tuple[list[Line], bool]:
    """The lines that a task gives in a fork, each kept as it comes, and whether the fork ended by itself."""
    file = folder / "lines.jsonl"
    file.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.alarm(20 * SECONDS)
        code = 1
        try:
            with file.open("w", encoding="utf-8", buffering=1) as out:
                for line in task():
                    out.write(json.dumps(line) + "\n")
            code = 0
        except Exception:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    whole = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return [json.loads(line) for line in whole], status == 0


def prepare(programmes: Sequence[Programme], files: Path) -> Iterator[Line]:
    """Write and decide each programme by the sound build; with the lines that this runs, and what to overlook."""
    for number, item in enumerate(programmes):
        place = files / str(number)
        place.mkdir()
        item.write(place)
        lines: set[str] = set()
        observe(lines)
        values, granted = describe(decide(item, place))
        if item.instance is not None and item.instance.n <= LARGEST:
            funded = [j for j, cents in enumerate(granted) if cents >= 0]
            if funded != brute_force(item.instance):
                raise SystemExit(f"{item.name}: enumeration has another list")
        overlooked = choose_overlooked(item, place, granted)
        yield {"values": values, "granted": granted, "overlooked": overlooked, "lines": sorted(lines)}


def observe(lines: set[str]) -> None:
    """Note each line of the package that this process runs, as a mutant names it."""
    monitor = sys.monitoring

    def note(code: CodeType, line: int) -> Any:
        if code.co_filename.startswith(str(PACKAGE)):
            file = Path(code.co_filename).relative_to(PACKAGE).with_suffix("")
            lines.add(f"{'.'.join(file.parts)}:{line}")
        return monitor.DISABLE

    if monitor.get_tool(TOOL) is None:
        monitor.use_tool_id(TOOL, "lines")
        monitor.set_events(TOOL, monitor.events.LINE)
    monitor.register_callback(TOOL, monitor.events.LINE, note)
    monitor.restart_events()


def choose_overlooked(item: Programme, place: Path, granted: Sequence[int]) -> int | None:
    """The column of a funded dossier without which the best list is nearest to the right one; None if none is."""
    problem = decide(item, place).problem
    form = formulate(problem)
    free = np.flatnonzero(form.model.col_lower[form.recovery.funded_columns] == 0)
    funded = [int(column) for column in free if granted[form.recovery.candidate[column]] >= 0]
    lost = {}
    for column in funded:
        result = decide(item, place, column)
        if result.allocation is None or judge(result, Right([], []))[0] == FALSE:
            continue
        values = [Fraction(value) for value in describe(result)[0]]
        signs = [1 if stage.sense is Sense.MAXIMISE else -1 for stage in problem.stages]
        lost[column] = [-sign * value for sign, value in zip(signs, values, strict=True)]
    return min(lost, key=lambda column: lost[column], default=None)


def try_fault(cases: Sequence[tuple[Programme, Right]], files: Path, mutant: Mutant | None) -> list[Line]:
    """What each run of a build with a change came to, and what both builds say of the false ones."""
    with tempfile.TemporaryDirectory(prefix="faulty-") as name:
        folder = Path(name)

        def make_and_check() -> Iterator[Line]:
            if mutant is not None:
                mutant.apply()
            lines = []
            for line in make_runs(cases, files, folder):
                lines.append(line)
                yield line
            yield from check_runs(lines, FAULTY)

        lines, is_whole = fork(make_and_check, folder)
        by_run = {line["run"]: line for line in lines if line["run"]}  # with the verdict, where there is one
        if by_run:
            checked, is_checked = fork(lambda: check_runs(list(by_run.values()), SOUND), folder)
            if not is_checked:
                raise SystemExit(f"{mutant and mutant.name}: the sound build could not verify")
            by_run = {line["run"]: line for line in checked}
    ends = [line for line in lines if not line["run"]] + list(by_run.values())
    return ends if is_whole else [*ends, {"kind": HONEST, "way": AS_IT_IS, "run": ""}]


def summarise(lines: Sequence[Line]) -> tuple[str, str, str]:
    """What a fault came to, and the weakest verdict of each build on its false runs."""
    kinds = {line["kind"] for line in lines if line["way"] != OVERLOOKING or line["kind"] != HONEST}
    kind = next(kind for kind in (FALSE, DENIED, HONEST, SAME) if kind in kinds)
    verdicts = ({line.get(key, DOUBTED) for line in lines if line["run"]} for key in (FAULTY, SOUND))
    faulty, sound = (
        next((word for word in (SHOWN, DOUBTED, REFUSED) if word in verdict), "") for verdict in verdicts
    )
    return kind, faulty, sound


def main() -> int:
    """Print what each fault with a false run came to, and the table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--wanted", type=int, default=60, help="faults with a false run after which it ends")
    asked.add_argument("--minutes", type=float, default=15.0, help="of processor time")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--only", default="", help="draw in the modules whose name holds this")
    options = asked.parse_args()
    os.environ[VARIABLE] = NUMPY
    programmes = list_programmes()
    with tempfile.TemporaryDirectory(prefix="programmes-") as name:
        files = Path(name)
        lines, is_whole = fork(lambda: prepare(programmes, files), files)
        if not is_whole:
            raise SystemExit("the sound build does not decide every programme")
        rights = [Right(line["values"], line["granted"], line["overlooked"]) for line in lines]
        cases = list(zip(programmes, rights, strict=True))
        plain = try_fault(cases, files, None)
        told = {line["kind"] for line in plain if line["way"] == OVERLOOKING}
        if {line["kind"] for line in plain if line["way"] == AS_IT_IS} != {SAME} or told != {HONEST}:
            raise SystemExit(f"without a fault: {plain}")
        reached = {line for programme in lines for line in programme["lines"]}
        table = try_all(cases, files, list_mutants(reached, options), options)
    return report(table)


def list_mutants(reached: set[str], options: argparse.Namespace) -> list[Mutant]:
    """The drawn changes of lines that making the runs reaches, without those that change nothing."""
    modules = [
        name for name in PARTS["exact"]
        if name.startswith(ROOMS) and name != APART and options.only in name
    ]  # fmt: skip
    without = equivalent()
    every = [mutant for name in modules for mutant in code_mutants(name) if mutant.key not in without]
    chosen = [
        mutant for mutant in every if any(f"{mutant.module}:{line}" in reached for line in mutant.lines)
    ]
    print(f"{len(chosen)} of {len(every)} changes lie on lines that making the runs reaches", flush=True)
    return drawn(chosen, None, options.seed)


def try_all(
    cases: Sequence[tuple[Programme, Right]],
    files: Path,
    mutants: Sequence[Mutant],
    options: argparse.Namespace,
) -> Counter[tuple[str, ...]]:
    """Try changes until enough gave a false run or the time is up; count by room what they came to."""
    table = Counter[tuple[str, ...]]()
    n_faults = 0
    for number, mutant in enumerate(mutants, start=1):
        lines = try_fault(cases, files, mutant)
        kind, faulty, sound = summarise(lines)
        ways = sorted({line["way"] for line in lines if line["kind"] == FALSE})
        table[mutant.module.partition(".")[0], kind, faulty, sound] += 1
        if kind == FALSE:
            n_faults += 1
            print(
                f"{n_faults} ({number}) {mutant.name} | {mutant.key} | {ways}: {faulty}, {sound}", flush=True
            )
            for line in lines:
                if SHOWN in (line.get(FAULTY), line.get(SOUND)):
                    print(f"   {line}", flush=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        minutes = (used.ru_utime + used.ru_stime) / 60
        if number % 50 == 0:
            print(f"{number} of {len(mutants)} tried in {minutes:.1f} min: {dict(table)}", flush=True)
        if n_faults == options.wanted or minutes > options.minutes:
            break
    print(f"{number} of {len(mutants)} changes tried, {minutes:.1f} min of processor time")
    return table


def report(table: Counter[tuple[str, ...]]) -> int:
    """Print the table; 1 if a sound build shows something false."""
    kinds = (SAME, HONEST, DENIED, FALSE)
    verdicts = [(key, word) for key in (FAULTY, SOUND) for word in (REFUSED, DOUBTED, SHOWN)]
    print("| room | " + " | ".join([*kinds, *(f"{word} by the {key}" for key, word in verdicts)]) + " |")
    print("|---" * (1 + len(kinds) + len(verdicts)) + "|")
    for room in ROOMS:
        figures = [sum(n for key, n in table.items() if key[:2] == (room, kind)) for kind in kinds]
        for k, (_, word) in enumerate(verdicts):
            place = 2 + k // 3
            figures.append(sum(n for key, n in table.items() if key[0] == room and key[place] == word))
        print(f"| {room} | " + " | ".join(map(str, figures)) + " |")
    return int(any(sound == SHOWN for *_, sound in table))


if __name__ == "__main__":
    sys.exit(main())
