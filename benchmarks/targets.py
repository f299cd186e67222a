"""Processor seconds and peak memory of whole commands at national size, beside their targets.

    uv run python benchmarks/targets.py [GROUP …] [--list LIST.csv] [--limit 120] [--turns 3]

Groups: small (2,000 dossiers), flagship (3,206, of version 0.1.0), caps (10,000 under 303 caps), n (51,093 real
grants under 507 envelopes, from the list of DETR and DSIL grants), floors (2,000, four floors), recipes (2,000,
B, C and D by five recipes of `families.py`, 30 s each), million, ensemble.
Each command is a process of its own; figures are the least of the turns. After `run` the proof and the gap that
its folder holds are told. A command that does not end is killed
after `--limit` seconds on the clock, and its row says so. SYNTHETIC but for the list of grants.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
from families import write_a, write_b_to_d, write_m, write_n
from frozen import FLAGSHIP

HERE = Path(__file__).resolve().parents[1]
PROGRAM = [sys.executable, "-m", "tnt_sim"]
SCRIPT = [sys.executable, str(HERE / "benchmarks" / "plain_script.py"), "."]
PAGES = ("report RUN --out page.html --force", "report RUN --out book.xlsx --force")


@dataclass(frozen=True)
class Cost:
    """What a process took; `ended` is False where it was killed at the limit."""

    processor: float
    clock: float
    peak_gb: float
    ended: bool


def measure(words: list[str], folder: Path, limit: float) -> Cost:
    """Run a command and measure its process; `script` is the plain script on the same table."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    silent = subprocess.DEVNULL
    command = SCRIPT if words == ["script"] else [*PROGRAM, *words]
    process = subprocess.Popen(command, cwd=folder, env=clean, stdout=silent, stderr=silent)
    ended = True
    while True:
        pid, _, spent = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.perf_counter() - began > limit:
            process.kill()
            ended = False
            _, _, spent = os.wait4(process.pid, 0)
            break
        time.sleep(0.01)
    clock = time.perf_counter() - began
    return Cost(spent.ru_utime + spent.ru_stime, clock, spent.ru_maxrss / 2**20, ended)


@dataclass(frozen=True)
class Group:
    """A scenario, written by `prepare`, and the commands on it with their targets in processor seconds."""

    prepare: Callable[[Path], Path]
    commands: dict[str, float | None]


def copy_flagship(folder: Path) -> Path:
    shutil.copytree(FLAGSHIP.parent, folder, dirs_exist_ok=True)
    return folder / FLAGSHIP.name


def copy_ensemble(folder: Path) -> Path:
    shutil.copytree(HERE / "scenarios", folder, dirs_exist_ok=True)
    return folder / "tnt-2021-incertain.yaml"


def write_broken(folder: Path) -> Path:
    """Family A with a wrong amount and a column that does not exist."""
    place = write_a(folder, 0)
    text = place.read_text(encoding="utf-8").replace("value", "valeurr")
    broken = text.replace("amount: ", "amount: 12 bananes #", 1)
    place.with_name("broken.yaml").write_text(broken, encoding="utf-8")
    return place


def write_recipe(folder: Path, family: str, recipe: str) -> Path:
    return write_b_to_d(folder, 0, family, recipe=recipe)


def read_outcome(run: Path) -> str:
    """Return the proof and the gap of the first goal that a run folder holds."""
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    goal = summary["objective"][0]
    gap = None if goal["gap"] is None else float(goal["gap"]) / max(1.0, abs(float(goal["value"])))
    return f", {summary['proof']}, " + (
        "no bound" if gap is None else f"gap {gap:.4%}" if gap else "goal proved"
    )


def list_groups(source: Path | None) -> dict[str, Group]:
    """The groups by name; without the list of grants there is no group n."""
    explained: dict[str, float | None] = {
        "explain RUN REFUSED": 0.8,
        "explain RUN --all --again --quiet": 2.0,
    }
    recipes = {
        f"recipes {family}{recipe}": Group(
            partial(write_recipe, family=family, recipe=recipe), {"run SCENARIO --time-limit 30": None}
        )
        for family in "bcd"
        for recipe in ("", "g", "t", "q", "k")
    }
    groups = recipes | {
        "small": Group(
            write_broken,
            {
                "run SCENARIO": 0.9, "script": None, "validate SCENARIO": 0.5, "validate broken.yaml": 0.5,
                "verify RUN": None,
            },
        ),
        "flagship": Group(
            copy_flagship, {"run SCENARIO": 0.9, "verify RUN": None, **explained, **dict.fromkeys(PAGES, 2.0)}
        ),
        "caps": Group(
            lambda folder: write_m(folder, 0, 10_000),
            {
                "run SCENARIO": 1.5, "verify RUN": 1.0, "explain RUN REFUSED": 1.0,
                "explain RUN --all --again --quiet": 5.0, PAGES[0]: 4.0, PAGES[1]: 4.0,
                "marginal-euro SCENARIO": 5.0, "entry-thresholds SCENARIO": 5.0, "sweep SCENARIO": 3.0,
                "alternatives SCENARIO": 3.0, "conflict SCENARIO": 1.5,
            },
        ),
        "floors": Group(
            lambda folder: write_b_to_d(folder, 0, "b", 4),
            {"run SCENARIO": 0.9, "explain RUN REFUSED": 2.0, "explain RUN --all --again --quiet": 6.0},
        ),
        "million": Group(
            lambda folder: write_m(folder, 0),
            {"run SCENARIO": 12.0, "verify RUN": 8.0, "explain RUN REFUSED": 8.0, PAGES[0]: 30.0},
        ),
        "ensemble": Group(copy_ensemble, {"ensemble SCENARIO --draws 1000 --quiet": 20.0}),
    }  # fmt: skip
    if source is not None:
        groups["n"] = Group(
            lambda folder: write_n(folder, 0, source),
            {
                "run SCENARIO": 1.5, "verify RUN": 1.5, "explain RUN REFUSED": 2.0,
                "explain RUN --all --again --quiet": 20.0, PAGES[0]: 6.0, PAGES[1]: 12.0,
                "marginal-euro SCENARIO": 12.0, "alternatives SCENARIO": 5.0,
                "sweep SCENARIO --envelope detr --to 125% --steps 4": 5.0,
            },
        )  # fmt: skip
    return groups


def list_rows(name: str, group: Group, folder: Path, limit: float, turns: int) -> Iterator[str]:
    """Measure the commands of a group in order; those after `run` read its folder."""
    place = group.prepare(folder)
    names = {"SCENARIO": place.name}
    for command, target in group.commands.items():
        if "RUN" in command and "RUN" not in names:
            runs = sorted((folder / "runs").glob("*-*"))
            if not runs:
                yield f"| {name} | `{command}` | no run to read | | | {target or ''} |"
                continue
            names["RUN"] = str(runs[0].relative_to(folder))
            table = pl.read_parquet(runs[0] / "allocation.parquet")
            names["REFUSED"] = table.filter(pl.col("eligible") & ~pl.col("funded")).sort("dossier")[
                "dossier"
            ][0]
        words = [names.get(word, word) for word in command.split()]
        costs = []
        for _ in range(turns):
            costs.append(measure(words, folder, limit))
            if costs[-1].processor > 20:
                break
        least = min(costs, key=lambda cost: cost.processor)
        runs = sorted((folder / "runs").glob("*-*")) if command.startswith("run") else []
        told = f"`{command}`{read_outcome(runs[0]) if runs else ''}"
        seconds = f"{least.processor:.2f}" if least.ended else f"> {least.processor:.0f}, killed"
        yield f"| {name} | {told} | {seconds} | {least.clock:.1f} | {least.peak_gb:.2f} | {target or ''} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("groups", nargs="*")
    parser.add_argument("--list", type=Path)
    parser.add_argument("--limit", type=float, default=120)
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}")
    print("| group | command | processor seconds | clock | peak, GB | target |\n|---|---|---|---|---|---|")
    groups = list_groups(asked.list)
    wanted = [name for name in groups if not asked.groups or name.split()[0] in asked.groups]
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            for row in list_rows(name, groups[name], Path(folder), asked.limit, asked.turns):
                print(row, flush=True)


if __name__ == "__main__":
    main()
