"""Time limits against the wall clock: how long each question takes beyond its limit, and what it leaves.

    uv run python benchmarks/deadlines.py [CASE…] [--limits 1,2,5,10] [--million]
    uv run python benchmarks/deadlines.py --limits 1,2,5 --markdown      the table of docs/benchmarks.md

Each line is a case under a limit: the seconds it took, and what was found. Reading the inputs (tables, and the
rules against them), writing, and the decision that a question starts from are not counted. A line is marked
`LATE` where a question took more than two seconds beyond its limit, and the program then ends with 1. Without a
name all cases are run but those of a million dossiers, which `--million` adds.

A new case is an entry of `CASES`: who writes its scenario, and what is asked of it within how many seconds.
SYNTHETIC, all of it: amounts in cents, scores with a decimal.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.stats  # noqa: F401 - loaded when draws begin: what a program loads is not counted
from families import close_caps

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.floors_programme import write_floors

import tnt_sim as tnt
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict
from tnt_sim.analysis.shared.decided_run import DecidedRun, of_result
from tnt_sim.api.comparison import compare
from tnt_sim.api.ensemble import ensemble
from tnt_sim.api.sweep import sweep
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.session import SolverSession
from tnt_sim.engine.solve import solve
from tnt_sim.errors import TntError
from tnt_sim.scenario.load import load_scenario, with_sets
from tnt_sim.scenario.scenario import ScenarioData

BEYOND = 2.0
"""Seconds that a question may take beyond its limit."""
LISTS: dict[str, Path] = {}
"""Public lists that are not in the repository, by family."""


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario, and a question that is put to it within some seconds.

    Attributes
    ----------
    write : writes the scenario into a folder and gives its file
    ask : puts the question and says in a few words what was found
    large : only with `--million`
    prepare : what the question starts from; the scenario itself by default
    """

    write: Callable[[Path], Path]
    ask: Callable[[Any, float], str]
    large: bool = False
    prepare: Callable[[ScenarioData], Any] = lambda scenario: scenario


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one question took under a limit, and what it found."""

    case: str
    limit_seconds: float
    seconds: float
    found: str

    @property
    def is_late(self) -> bool:
        """Whether it ran more than two seconds beyond its limit."""
        return self.seconds > self.limit_seconds + BEYOND


def wide_ranges(folder: Path) -> Path:
    """The same where each dossier may get any hundred euros between 30 % and 60 % of its cost."""
    grant = "grants: [{mode: range, min_rate: 30 %, max_rate: 60 %, round: 100 €}]\n"
    return close_caps(folder, n=200, n_groups=5, grant=grant)


def in_steps(folder: Path) -> Path:
    """The same decided in three steps."""
    days = "".join(f"  - {{id: s{k}, date: 2026-01-{day}}}\n" for k, day in enumerate((10, 20, 28)))
    return close_caps(folder, more=f"steps:\n{days}")


def that_clash(folder: Path) -> Path:
    """The same where nearly all is to be used, and ten departments are each to get more than their caps allow."""
    path = close_caps(folder)
    floors = "".join(
        f"  - {{id: floor-{group}, kind: share, measure: granted, where: {{department: {group}}}, min: 9.5 %}}\n"
        for group in (f"d{number:02d}" for number in range(10))
    )
    text = path.read_text(encoding="utf-8").replace(" €}\ndossiers", " €, min_use: 90 %}\ndossiers")
    path.write_text(text + floors, encoding="utf-8")
    return path


def that_vary(folder: Path) -> Path:
    """The same with costs that are uncertain and dossiers that may withdraw."""
    more = (
        "uncertain:\n  - {id: cost, column: cost, times: {lognormal: {median: 1, sigma: 0.2}}}\n"
        "  - {id: gone, event: withdrawn, probability: 5 %}\n"
    )
    return close_caps(folder, more=more)


def with_a_list(folder: Path) -> Path:
    """The same beside a list of the hundred best notes, made by hand."""
    path = close_caps(folder)
    best = pl.read_csv(folder / "dossiers.csv").sort("score", "dossier", descending=[True, False]).head(100)
    best.select("dossier").write_csv(folder / "list.csv")
    return path


def hundred_floors(folder: Path) -> Path:
    """10,701 dossiers under floors for 104 departments and 11 regions, and a share."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_floors(folder, 10_701, 104)


def ten_thousand(folder: Path) -> Path:
    """Ten thousand dossiers under 303 caps (benchmarks/families.py)."""
    from families import write_m

    return write_m(folder, 0, 10_000)


@cache
def national(folder: Path) -> Path:
    """The 51,093 real grants of family N, by the public list that `--list` names, else by M of that size."""
    from families import write_m, write_n

    source = LISTS.get("n")
    return write_n(folder, 0, source) if source else write_m(folder, 0, 51_093)


@cache
def fifty_thousand(folder: Path) -> Path:
    """Fifty thousand dossiers under four floors that cross the regions' caps (benchmarks/families.py)."""
    from families import write

    return write("b50k", 0, folder)


def million(folder: Path) -> Path:
    """A million dossiers under a cap for each department of each axis (benchmarks/families.py)."""
    from families import write_m

    return write_m(folder, 0, 1_000_000)


def crossing_million(folder: Path) -> Path:
    """A million dossiers under rules that cross, applicants counted once (benchmarks/million.py)."""
    from million import write

    folder.mkdir(parents=True, exist_ok=True)
    return write(folder, 1_000_000)


def decided(scenario: ScenarioData, seconds: float) -> str:
    """`run`."""
    told = solve(scenario, time_limit=seconds).document
    goal = told["objective"][0]
    words = f"{told['status']} {told['proof']}, {goal['goal']} {goal['value']} of at most {goal['bound']}"
    return f"{words}, {told['n_funded']} funded"


def asked_again(scenario: ScenarioData, seconds: float) -> str:
    """Two questions of one session, each within the limit: the page's."""
    session, found = SolverSession(scenario), []
    for amount in ("programme.amount", None):
        changes = {} if amount is None else {amount: "1 M€"}
        began = time.perf_counter()
        answer = session.optimise(changes, clock=Clock(seconds / 2)).answer
        took = time.perf_counter() - began
        found.append(f"{answer.status.value} {answer.proof} in {took:.1f} s")
    return "; ".join(found)


def far(document: Mapping[str, Any]) -> str:
    """How a study ended and after how much."""
    progress = document["progress"]
    words = f"{progress['done']} of {progress['of'] or '?'} {progress['unit']}"
    return f"{document.get('status')}, stopped by {document['stopped_by']}, {words}"


def swept(**how: Any) -> Callable[[ScenarioData, float], str]:
    """`sweep`, a quarter up from the written amount: of the programme, or of its first envelope if it has none."""

    def ask(scenario: ScenarioData, seconds: float) -> str:
        top = scenario.spec.programme
        envelope = top.id if top.amount is not None else top.envelopes[0].id
        return far(sweep(scenario, envelope, stop="125 %", time_limit=seconds, **how).document)

    return ask


def questioned(ask: Callable[..., Any], *words: str) -> Callable[[ScenarioData, float], str]:
    """A question on money, alternatives, weights."""
    return lambda scenario, seconds: far(ask(scenario, *words, time_limit=seconds).document)


def criteria(scenario: ScenarioData, seconds: float) -> str:
    """`weights` of three criteria."""
    return far(tnt.weights(scenario, ["score", "dossiers", "leverage"], time_limit=seconds).document)


def as_read(scenario: ScenarioData) -> ScenarioData:
    """The scenario itself."""
    return scenario


def best_noted(scenario: ScenarioData) -> ScenarioData:
    """The scenario beside a list of every second dossier, made by hand."""
    assert scenario.path is not None
    scenario.portfolio.table.select("dossier").gather_every(2).write_csv(scenario.path.parent / "list.csv")
    return scenario


def as_uncertain(scenario: ScenarioData) -> ScenarioData:
    """The scenario with costs that are uncertain."""
    assert scenario.path is not None
    place = scenario.path.with_name("uncertain.yaml")
    more = "uncertain:\n  - {id: cost, column: cost, times: {lognormal: {median: 1, sigma: 0.2}}}\n"
    place.write_text(scenario.path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return load_scenario(place)


def compared_with_less(scenario: ScenarioData, seconds: float) -> str:
    """`compare` with a variant of a smaller amount."""
    other = with_sets(scenario, ["programme.amount=2 000 000 000 €"])
    return far(compare(scenario, other, options={"time_limit": seconds}).summary())


def held_against(scenario: ScenarioData, seconds: float) -> str:
    """`audit`."""
    assert scenario.path is not None
    return far(tnt.audit(scenario, scenario.path.parent / "list.csv", time_limit=seconds).document)


def compared(scenario: ScenarioData, seconds: float) -> str:
    """`compare` with a variant of four changes, each tried alone and all but each."""
    other = with_sets(
        scenario,
        [
            "rules.department-d03.max=200 k€",
            "rules.theme-t05.off=true",
            "rules.kind-k07.max=250 k€",
            "programme.amount=9 M€",
        ],
    )
    return far(compare(scenario, other, options={"time_limit": seconds}).summary())


def drawn(scenario: ScenarioData, seconds: float) -> str:
    """`ensemble` of a thousand draws."""
    return far(ensemble(scenario, 1000, workers=2, time_limit=seconds).summary())


def base_decision(scenario: ScenarioData) -> DecidedRun:
    """A decision of at most ten seconds, taken as the best, so that every question about it is put."""
    return replace(of_result(solve(scenario, time_limit=10.0)), best=True)


def extended(scenario: ScenarioData, seconds: float) -> str:
    """`extend`, to three larger totals."""
    return far(tnt.extend(scenario, time_limit=seconds).document)


def explained_one(decision: DecidedRun, seconds: float) -> str:
    """`explain` of the first dossier that waits."""
    waiting = decision.problem.offers.candidate & ~decision.allocation.funded
    name = decision.numbers[int(np.flatnonzero(waiting)[0])]
    return far(explain(decision, [name], seconds=seconds).document)


def explained(decision: DecidedRun, seconds: float) -> str:
    """`explain --all` and the explanations of `report`."""
    return far(explain(decision, everyone=True, seconds=seconds).document)


CASES: dict[str, Case] = {
    "run": Case(close_caps, decided),
    "run-ranges": Case(wide_ranges, decided),
    "run-steps": Case(in_steps, decided),
    "session": Case(close_caps, asked_again),
    "session-ranges": Case(wide_ranges, asked_again),
    "sweep": Case(close_caps, swept(steps=8)),
    "sweep-exact": Case(close_caps, swept(exact=True)),
    "sweep-tolerance": Case(close_caps, swept(free=True, tolerance="0,5 %")),
    "entries": Case(close_caps, questioned(tnt.entries)),
    "next": Case(close_caps, questioned(tnt.next_euro)),
    "prices": Case(close_caps, questioned(tnt.prices)),
    "target": Case(close_caps, questioned(tnt.target, "all", "+20")),
    "extend": Case(close_caps, questioned(tnt.extension, "1 M€")),
    "alternatives": Case(close_caps, questioned(tnt.alternatives)),
    "weights": Case(close_caps, criteria),
    "conflict": Case(that_clash, questioned(conflict)),
    "audit": Case(with_a_list, held_against),
    "compare": Case(close_caps, compared),
    "ensemble": Case(that_vary, drawn),
    "run-floors": Case(hundred_floors, decided),
    "sweep-floors": Case(hundred_floors, swept(steps=8)),
    "prices-floors": Case(hundred_floors, questioned(tnt.prices)),
    "explain-all": Case(close_caps, explained, prepare=base_decision),
    "report-10k": Case(ten_thousand, explained, prepare=base_decision),
    "run-million": Case(million, decided, large=True),
    **{
        f"{name}-crossing-million": Case(crossing_million, ask, large=True)
        for name, ask in {
            "run": decided,
            "sweep": swept(steps=8),
            "sweep-exact": swept(exact=True),
            "next": questioned(tnt.next_euro),
            "prices": questioned(tnt.prices),
            "extend": extended,
        }.items()
    },
    **{
        f"{name}-{size}": Case(write, ask, large=True, prepare=prepare)
        for size, write in {"n": national, "b50k": fifty_thousand}.items()
        for name, (ask, prepare) in {
            "run": (decided, as_read),
            "sweep": (swept(steps=5), as_read),
            "sweep-free": (swept(steps=5, free=True), as_read),
            "sweep-exact": (swept(exact=True), as_read),
            "next": (questioned(tnt.next_euro), as_read),
            "entries": (questioned(tnt.entries), as_read),
            "target": (questioned(tnt.target, "+20"), as_read),
            "prices": (questioned(tnt.prices), as_read),
            "extend": (extended, as_read),
            "extension": (questioned(tnt.extension, "1 M€"), as_read),
            "conflict": (questioned(conflict), as_read),
            "alternatives": (questioned(tnt.alternatives), as_read),
            "compare": (compared_with_less, as_read),
            "audit": (held_against, best_noted),
            "ensemble": (drawn, as_uncertain),
            "explain": (explained_one, base_decision),
            "explain-all": (explained, base_decision),
        }.items()
    },
    "next-million": Case(million, questioned(tnt.next_euro), large=True),
    "extend-million": Case(million, extended, large=True),
    "explain-million": Case(million, explained_one, large=True, prepare=base_decision),
}


def measured(name: str, case: Case, start: Any, limit: float) -> Measurement:
    """Put one question, from what it starts from."""
    with limits_begun() as begun:
        try:
            found = case.ask(start, limit)
        except TntError as error:
            found = f"{type(error).__name__}: {error.text.en}"
        return Measurement(name, limit, time.perf_counter() - begun[-1], found)


@contextmanager
def limits_begun() -> Iterator[list[float]]:
    """When the limit began to count: where the inputs were read, or now for what reads none."""
    begun, begin = [time.perf_counter()], Clock.begin

    def noted(clock: Clock) -> None:
        before = clock.deadline
        begin(clock)
        if clock.deadline is not before and len(begun) == 1:
            begun.append(time.perf_counter())

    Clock.begin = noted  # type: ignore[method-assign]
    try:
        yield begun
    finally:
        Clock.begin = begin  # type: ignore[method-assign]


def line_of(one: Measurement) -> str:
    """One measurement on one line."""
    late = "LATE" if one.is_late else ""
    return f"{one.case:20} limit {one.limit_seconds:5.1f} s  took {one.seconds:6.2f} s {late}  {one.found}"


def markdown(every: Sequence[Measurement], limits: Sequence[float], loads: Sequence[float]) -> str:
    """The table of docs/benchmarks.md: a row for each question, a column for each limit."""
    day = dt.date.today()
    head = [f"limit {limit:g} s" for limit in limits]
    lines = [
        f"{day.day} {day:%B %Y}, {os.cpu_count()} cores, load {min(loads):.1f} to {max(loads):.1f}; "
        "seconds taken, **bold** where more than two beyond the limit:",
        "",
        "| question | " + " | ".join(head) + f" | found within {limits[-1]:g} s |",
        "|---|" + "---|" * (len(limits) + 1),
    ]
    for name in dict.fromkeys(one.case for one in every):
        row = [one for one in every if one.case == name]
        cells = [f"**{one.seconds:.2f}**" if one.is_late else f"{one.seconds:.2f}" for one in row]
        lines.append(f"| `{name}` | " + " | ".join(cells) + f" | {row[-1].found} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--limits", default="1,2,5,10", help="seconds, separated by commas")
    parser.add_argument("--million", action="store_true", help="the cases of a million dossiers too")
    parser.add_argument("--list", type=Path, help="the public list of grants of family N")
    parser.add_argument("--markdown", action="store_true", help="print a table, and each line on stderr")
    given = parser.parse_args()
    if given.list is not None:
        LISTS["n"] = given.list
    names = given.cases or [name for name, case in CASES.items() if given.million or not case.large]
    limits = [float(text) for text in given.limits.split(",")]
    every, loads = list[Measurement](), [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as place:
        for name in names:
            case = CASES[name]
            shared = case.write in (national, fifty_thousand)
            folder = Path(place) / (case.write.__name__ if shared else name)
            start = case.prepare(load_scenario(case.write(folder)))
            for limit in limits:
                every.append(measured(name, case, start, limit))
                loads.append(os.getloadavg()[0])
                print(line_of(every[-1]), file=sys.stderr if given.markdown else sys.stdout, flush=True)
    if given.markdown:
        print(markdown(every, limits, loads))
    sys.exit(1 if any(one.is_late for one in every) else 0)


if __name__ == "__main__":
    main()
