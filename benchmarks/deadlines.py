"""Time limits against the wall clock: how long each question takes beyond its limit, and what it leaves.

    uv run python benchmarks/deadlines.py [CASE…] [--limits 1,2,5,10] [--million]

Each line is a case under a limit: the seconds it took, and what was found. Reading the inputs and writing are not
counted. A line is marked `LATE` where a question took more than two seconds beyond its limit, and the program then
ends with 1. Without a name all cases are run but those of a million dossiers, which `--million` adds.

A new case is an entry of `CASES`: who writes its scenario, and what is asked of it within how many seconds.
SYNTHETIC, all of it: amounts in cents, scores with a decimal.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.engine import solve
from tnt_sim.errors import TntError
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.session import Session
from tnt_sim.study import questions
from tnt_sim.study.alternatives import alternatives
from tnt_sim.study.explain.decided import of_result
from tnt_sim.study.explain.explain import explain
from tnt_sim.study.sweep_object import sweep
from tnt_sim.study.weights import weights

BEYOND = 2.0
"""Seconds that a question may take beyond its limit."""
GROUPS = ("department", "theme", "kind")


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario, and a question that is put to it within some seconds.

    Attributes
    ----------
    write : writes the scenario into a folder and gives its file
    ask : puts the question and says in a few words what was found
    large : only with `--million`
    """

    write: Callable[[Path], Path]
    ask: Callable[[Scenario, float], str]
    large: bool = False


def close_caps(folder: Path, *, n: int = 300, n_groups: int = 14, grant: str = "", more: str = "") -> Path:
    """A few hundred dossiers under dozens of caps that cross, each near half of what its group asks for."""
    random = np.random.default_rng(n)
    cents = np.clip(random.lognormal(11.0, 0.9, n) * 100, 500_000, 50_000_000).astype(np.int64)
    table = pl.DataFrame(
        {
            "dossier": [f"D{k:05d}" for k in range(n)],
            **{name: [f"{name[0]}{g:02d}" for g in random.integers(0, n_groups, n)] for name in GROUPS},
            "filed_at": [f"2026-01-{1 + k % 28:02d}" for k in range(n)],
            "cost": [f"{c // 100}.{c % 100:02d}" for c in (cents * 3 // 2).tolist()],
            "requested": [f"{c // 100}.{c % 100:02d}" for c in cents.tolist()],
            "score": (random.integers(50, 200, n) / 10).tolist(),
        }
    )
    asked = table.with_columns(pl.Series("cents", cents))
    rules = []
    for name in GROUPS:
        for group, total in asked.group_by(name).agg(pl.col("cents").sum()).sort(name).iter_rows():
            most = int(total * random.uniform(0.42, 0.55))
            rules.append(
                f"  - {{id: {name}-{group}, kind: limit, measure: granted, "
                f"where: {{{name}: {group}}}, max: {most // 100}.{most % 100:02d} €}}"
            )
    amount = int(cents.sum()) * 48 // 100
    folder.mkdir(parents=True, exist_ok=True)
    table.write_csv(folder / "dossiers.csv")
    text = f"""schema_version: 1
id: close-caps
title: Caps that are close, SYNTHETIC
date: 2026-03-31
programme: {{id: p, title: P, amount: {amount // 100}.{amount % 100:02d} €}}
dossiers: [{{file: dossiers.csv}}]
{grant}objective: [{{maximise: {{score: 1}}}}]
{more}rules:
"""
    (folder / "close-caps.yaml").write_text(text + "\n".join(rules) + "\n", encoding="utf-8")
    return folder / "close-caps.yaml"


def wide_ranges(folder: Path) -> Path:
    """The same where each dossier may get any hundred euros between 30 % and 60 % of its cost."""
    grant = "grants: [{mode: range, min_rate: 30 %, max_rate: 60 %, round: 100 €}]\n"
    return close_caps(folder, n=200, n_groups=5, grant=grant)


def in_steps(folder: Path) -> Path:
    """The same decided in three steps."""
    days = "".join(f"  - {{id: s{k}, date: 2026-01-{day}}}\n" for k, day in enumerate((10, 20, 28)))
    return close_caps(folder, more=f"steps:\n{days}")


def million(folder: Path) -> Path:
    """A million dossiers under a cap for each department of each axis (benchmarks/families.py)."""
    from families import write_m

    return write_m(folder, 0, 1_000_000)


def decided(scenario: Scenario, seconds: float) -> str:
    """`run`."""
    told = solve(scenario, time_limit=seconds).document
    goal = told["objective"][0]
    words = f"{told['status']} {told['proof']}, {goal['goal']} {goal['value']} of at most {goal['bound']}"
    return f"{words}, {told['n_funded']} funded"


def asked_again(scenario: Scenario, seconds: float) -> str:
    """Two questions of one session, each within the limit: the page's."""
    session, found = Session(scenario), []
    for amount in ("programme.amount", None):
        changes = {} if amount is None else {amount: "1 M€"}
        began = time.perf_counter()
        answer = session.solve(changes, time_limit=seconds / 2).answer
        took = time.perf_counter() - began
        found.append(f"{answer.status.value} {answer.proof} in {took:.1f} s")
    return "; ".join(found)


def far(document: Mapping[str, Any]) -> str:
    """How a study ended and after how much."""
    progress = document["progress"]
    words = f"{progress['done']} of {progress['of'] or '?'} {progress['unit']}"
    return f"{document.get('status')}, stopped by {document['stopped_by']}, {words}"


def swept(**how: Any) -> Callable[[Scenario, float], str]:
    """`sweep`, a quarter up from the written amount."""
    return lambda scenario, seconds: far(sweep(scenario, stop="125 %", time_limit=seconds, **how).document)


def questioned(ask: Callable[..., Any], *words: str) -> Callable[[Scenario, float], str]:
    """A question on money, alternatives, weights."""
    return lambda scenario, seconds: far(ask(scenario, *words, time_limit=seconds).document)


def criteria(scenario: Scenario, seconds: float) -> str:
    """`weights` of three criteria."""
    return far(weights(scenario, ["score", "dossiers", "leverage"], time_limit=seconds).document)


def explained(scenario: Scenario, seconds: float) -> str:
    """`explain --all` and the explanations of `report`, on a decision of ten seconds."""
    decision = of_result(solve(scenario, time_limit=10.0))
    began = time.perf_counter()
    told = far(explain(replace(decision, best=True), everyone=True, seconds=seconds).document)
    return f"{told}, explained in {time.perf_counter() - began:.1f} s"


CASES: dict[str, Case] = {
    "run": Case(close_caps, decided),
    "run-ranges": Case(wide_ranges, decided),
    "run-steps": Case(in_steps, decided),
    "session": Case(close_caps, asked_again),
    "session-ranges": Case(wide_ranges, asked_again),
    "sweep": Case(close_caps, swept(steps=8)),
    "sweep-exact": Case(close_caps, swept(exact=True)),
    "sweep-tolerance": Case(close_caps, swept(free=True, tolerance="0,5 %")),
    "entries": Case(close_caps, questioned(questions.entries)),
    "next": Case(close_caps, questioned(questions.next_euro)),
    "prices": Case(close_caps, questioned(questions.prices)),
    "target": Case(close_caps, questioned(questions.target, "all", "+20")),
    "extend": Case(close_caps, questioned(questions.extension, "1 M€")),
    "alternatives": Case(close_caps, questioned(alternatives)),
    "weights": Case(close_caps, criteria),
    "explain-all": Case(close_caps, explained),
    "run-million": Case(million, decided, large=True),
}


def measured(name: str, case: Case, scenario: Scenario, limit: float) -> bool:
    """Put one question; print its line, and say whether it kept its limit."""
    began = time.perf_counter()
    try:
        found = case.ask(scenario, limit)
    except TntError as error:
        found = f"{type(error).__name__}: {error.text.en}"
    took = time.perf_counter() - began
    kept = took <= limit + BEYOND
    print(f"{name:20} limit {limit:5.1f} s  took {took:6.2f} s {'' if kept else 'LATE'}  {found}", flush=True)
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--limits", default="1,2,5,10", help="seconds, separated by commas")
    parser.add_argument("--million", action="store_true", help="the cases of a million dossiers too")
    given = parser.parse_args()
    names = given.cases or [name for name, case in CASES.items() if given.million or not case.large]
    kept = True
    with tempfile.TemporaryDirectory() as place:
        for name in names:
            scenario = load_scenario(CASES[name].write(Path(place) / name))
            for limit in (float(text) for text in given.limits.split(",")):
                kept &= measured(name, CASES[name], scenario, limit)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
