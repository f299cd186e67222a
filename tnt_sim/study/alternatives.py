"""`alternatives(scenario)`: portfolios nearly as good that differ as much as possible, and what they share."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.clock import Clock
from tnt_sim.errors import Lang, LimitReached, Text, UsageError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.money import parse_rate
from tnt_sim.question import Answer, ask
from tnt_sim.rules.base import BoolArray, Mode
from tnt_sim.rules.columns import CENT
from tnt_sim.rules.groups import Groups
from tnt_sim.rules.limit import Limit
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.scenario.steps import decision_steps
from tnt_sim.solve.fixing import fix_by_reduced_cost
from tnt_sim.solve.registry import get_backend
from tnt_sim.study.apart import APART, distance_terms, farthest, nearest_distance
from tnt_sim.study.near import changes, with_last_stage
from tnt_sim.study.steered import steers
from tnt_sim.verify.figures import allocation_sha256, decimal_text, head
from tnt_sim.verify.reading import Allocation, read_allocation
from tnt_sim.view.alternatives_page import alternatives_html
from tnt_sim.view.labels import is_synthetic

MOST_TIES = 5
QUESTION_SECONDS = 6.0
"""For each portfolio: what is found by then is taken, and told as not proven farthest."""
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Portfolio:
    """One near-optimal allocation.

    Attributes
    ----------
    name : `different`, or what it is steered to
    distance : to the nearest portfolio before it, in dossiers or in euros; of a steered one, to the optimum
    proven : whether the solver ended: no other is farther, or better on that figure
    figure : what a steered one is best at; None elsewhere
    """

    name: str
    allocation: Allocation
    values: tuple[Fraction, ...]
    granted_cents: int
    distance: Fraction
    proven: bool
    figure: Fraction | None = None


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Near-optimal portfolios of a scenario.

    Attributes
    ----------
    optimum : the decision
    portfolios : in the order in which they were found, each farthest from all before
    steered : with the figure that each was steered by
    ties : other allocations with the same value of every goal and the same money
    must, out : bool (n,), funded (refused) in every portfolio within the loss, by exact bounds
    n_solves : questions asked
    """

    problem: Problem
    within: Fraction
    by: str
    optimum: Answer
    portfolios: tuple[Portfolio, ...]
    steered: tuple[Portfolio, ...]
    ties: tuple[Portfolio, ...]
    must: BoolArray
    out: BoolArray
    n_solves: int
    seconds: float
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lang(self) -> Lang:
        """The scenario's language."""
        return Lang(self.problem.scenario.spec.locale)

    @property
    def every(self) -> tuple[Allocation, ...]:
        """The optimum and all that was found beside it."""
        others = (*self.portfolios, *self.steered, *self.ties)
        first = () if self.optimum.allocation is None else (self.optimum.allocation,)
        return (*first, *(one.allocation for one in others))

    def to_json(self) -> str:
        """The document of `alternatives --json`, as text."""
        return json.dumps(self.document, ensure_ascii=False, indent=2)

    def to_dataframe(self, backend: str = "polars") -> Any:
        """One row per dossier: in how many portfolios it is funded, and its class."""
        table = self.problem.case.table.select("dossier", "title").with_columns(
            pl.Series("n_funded_in", self._count(), dtype=pl.Int64),
            pl.Series("class", classes(self)),
        )
        return table if backend == "polars" else table.to_pandas()

    def _count(self) -> list[int]:
        total = np.zeros(self.problem.case.n, dtype=np.int64)
        for one in self.every:
            total += one.funded
        return [int(value) for value in total]

    def _repr_html_(self) -> str:
        return alternatives_html(self.document, self.lang)


def alternatives(
    scenario: Scenario,
    *,
    within: Fraction | str = "1 %",
    count: int = 10,
    by: str = "dossiers",
    steer: bool = True,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Alternatives:
    """Portfolios within a loss of the first goal that differ as much as possible.

    Parameters
    ----------
    scenario : what is asked; one decision
    within : the share of the first goal's best value that may be lost
    count : how many are sought
    by : `dossiers` (how many decisions differ) or `money` (how much goes elsewhere)
    steer : also the most rural, the most mutualised and the most balanced

    Raises
    ------
    UsageError
        A sequence of steps, another `by`, a loss outside [0, 100 %], a goal that is minimised to 0.
    LimitReached
        No optimum within the time.
    """
    if by not in ("dossiers", "money"):
        raise UsageError(
            Text(f"--by vaut dossiers ou money, pas « {by} ».", f'--by is dossiers or money, not "{by}".')
        )
    loss = parse_rate(within) if isinstance(within, str) else Fraction(within)
    if not 0 <= loss <= 1:
        raise UsageError(
            Text("--within va de 0 à 100 %.", "--within goes from 0 to 100 %."), code="usage.within"
        )
    steps = decision_steps(scenario)
    if len(steps) > 1:
        raise UsageError(
            Text(
                "`alternatives` regarde une seule décision, et ce scénario a plusieurs étapes.",
                "`alternatives` looks at one decision, and this scenario has several steps.",
            )
        )
    limit = scenario.spec.solver.time_limit if time_limit is None else time_limit
    problem = compile_problem(steps[0].scenario)
    found = alternatives_of(problem, loss, count, Clock(limit), by=by, steer=steer, progress=progress)
    return _told(found, scenario)


def alternatives_of(
    problem: Problem,
    within: Fraction,
    count: int,
    clock: Clock,
    *,
    by: str = "dossiers",
    steer: bool = True,
    progress: Progress | None = None,
) -> Alternatives:
    """The same for a problem, without its document."""
    began = time.perf_counter()
    optimum = ask(problem, clock=clock)
    search = _Search(problem, within, clock, money=by == "money", tell=progress or (lambda phase, done: None))
    if optimum.allocation is not None:
        search.start(optimum)
        search.tie(optimum)
        if steer:
            search.steer()
        search.differ(count)
    return Alternatives(
        problem,
        within,
        by,
        optimum,
        tuple(search.portfolios),
        tuple(search.steered),
        tuple(search.ties),
        search.must,
        search.out,
        search.n_solves + 1,
        time.perf_counter() - began,
    )


@dataclass
class _Search:
    """The portfolios as they are found."""

    problem: Problem
    within: Fraction
    clock: Clock
    money: bool
    tell: Progress
    floor: Fraction = Fraction(0)
    lists: list[Allocation] = field(default_factory=list)
    portfolios: list[Portfolio] = field(default_factory=list)
    steered: list[Portfolio] = field(default_factory=list)
    ties: list[Portfolio] = field(default_factory=list)
    n_solves: int = 0
    must: BoolArray = field(init=False)
    out: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        self.must = self.problem.offers.committed.copy()
        self.out = ~self.problem.offers.in_play

    def start(self, optimum: Answer) -> None:
        """The worst value that the first goal may have, and what that closes."""
        assert optimum.allocation is not None
        stage, best = self.problem.stages[0], optimum.values[0]
        given_up = self.within * abs(best)
        self.floor = best - given_up if stage.sense is Sense.MAXIMISE else best + given_up
        self.lists.append(optimum.allocation)
        self._close()

    def differ(self, count: int) -> None:
        """One portfolio after the other, each farthest from all before."""
        for k in range(count):
            self.tell("different", k / (count + 4))
            answer = self._asked(farthest(self.problem, 1, self.lists, money=self.money), (self.floor,))
            found = self._portfolio("different", answer, 1)
            if found is None:
                found = self._far_in_all()
            if found is None or found.distance == 0:
                return
            self.portfolios.append(found)
            self.lists.append(found.allocation)

    def _far_in_all(self) -> Portfolio | None:
        """Where time was too short for the nearest: far from all together, which is a plain sum."""
        goal = Stage(APART, Sense.MAXIMISE, distance_terms(self.problem, self.lists, money=self.money))
        found = self._portfolio(
            "different", self._asked(with_last_stage(self.problem, 1, goal), (self.floor,)), 1
        )
        if found is None:
            return None
        apart = nearest_distance(self.problem, self.lists, found.allocation, money=self.money)
        return replace(found, distance=apart, proven=False)

    def steer(self) -> None:
        """The best on each of some other figures."""
        for stage in steers(self.problem):
            self.tell(stage.goal, 0.9)
            answer = self._asked(with_last_stage(self.problem, 1, stage), (self.floor,))
            found = self._portfolio(stage.goal, answer, 1)
            if found is not None:
                away = nearest_distance(self.problem, self.lists[:1], found.allocation, money=self.money)
                self.steered.append(replace(found, figure=found.distance, distance=away))

    def tie(self, optimum: Answer) -> None:
        """Other allocations that are as good in every goal and cost no more."""
        assert optimum.allocation is not None
        assert optimum.granted_cents is not None
        n, lists = len(self.problem.stages), [optimum.allocation]
        capped = _no_more(self.problem, optimum.granted_cents)
        while len(self.ties) < MOST_TIES:
            answer = self._asked(farthest(capped, n, lists, money=False), optimum.values)
            found = self._portfolio("tie", answer, n)
            if found is None or found.distance == 0:
                return
            self.ties.append(found)
            lists.append(found.allocation)

    def _asked(self, problem: Problem, kept: Sequence[Fraction]) -> Answer | None:
        left = self.clock.limits().time_seconds
        limit = QUESTION_SECONDS if left is None else min(QUESTION_SECONDS, max(0.01, left / 4))
        self.n_solves += 1
        try:
            return ask(
                problem, kept=kept, goals=1, least=False, canonical=False, prove=False, clock=Clock(limit)
            )
        except LimitReached:
            return None

    def _portfolio(self, name: str, answer: Answer | None, at: int) -> Portfolio | None:
        """What was found, read again as an allocation of the problem itself."""
        if answer is None or answer.allocation is None:
            return None
        reading = read_allocation(self.problem, answer.allocation)
        return Portfolio(
            name, answer.allocation, reading.values, reading.granted_cents, answer.values[at], answer.optimal
        )

    def _close(self) -> None:
        """What no portfolio within the loss can change, by exact reduced costs."""
        form = formulate(self.problem)
        stage = form.stages[0]
        model = form.model.with_objective(stage.objective, stage.sense)
        backend = get_backend("highs")
        duals = backend.solve(model, relax=True, limits=self.clock.limits()).row_duals
        if duals is None:
            return
        units = self.floor / stage.scale - stage.constant
        up = stage.sense.value == Sense.MAXIMISE.value
        worst = math.ceil(units) if up else math.floor(units)
        lower, upper, _ = fix_by_reduced_cost(model, duals, worst, keep_ties=True)
        columns, rows = form.recovery.funded_columns, form.recovery.candidate
        self.must[rows[lower[columns] == 1]] = True
        self.out[rows[upper[columns] == 0]] = True


def _no_more(problem: Problem, cents: int) -> Problem:
    """The problem with no more granted than that."""
    groups = Groups((None,), np.zeros(problem.case.n, dtype=np.int64), grouped=False)
    limit = Limit("money", "limit", Mode.HARD, problem.granted, groups, (None,), (cents * CENT,), (False,))
    return replace(problem, rules=(*problem.rules, limit))


def classes(found: Alternatives) -> list[str]:
    """Each dossier: `always` or `never` (proven), `open` (shown to move), `same` (never seen to move)."""
    every = np.array([one.funded for one in found.every])
    moves = every.any(axis=0) & ~every.all(axis=0)
    return [
        "always" if must else "never" if out else "open" if move else "same"
        for must, out, move in zip(found.must.tolist(), found.out.tolist(), moves.tolist(), strict=True)
    ]


def _told(found: Alternatives, scenario: Scenario) -> Alternatives:
    problem, best = found.problem, found.optimum
    document: dict[str, Any] = {
        **{key: value for key, value in head(problem).items() if key != "run_dir"},
        "command": "alternatives",
        "title": scenario.title,
        "synthetic": is_synthetic(scenario),
        "status": best.status.value,
        "within": decimal_text(found.within),
        "by": found.by,
        "optimum": None,
        "portfolios": [_entry(found, k, one) for k, one in enumerate(found.portfolios, start=1)],
        "steered": [_entry(found, k, one) for k, one in enumerate(found.steered, start=1)],
        "ties": [_entry(found, k, one) for k, one in enumerate(found.ties, start=1)],
        **_shared(found),
        "n_solves": found.n_solves,
        "seconds": round(found.seconds, 3),
    }
    if best.allocation is not None:
        document["optimum"] = {
            "objective": _goals(problem.stages, best.values),
            "granted_cents": best.granted_cents,
            "n_funded": int(best.allocation.funded.sum()),
            "allocation_sha256": allocation_sha256(problem, best.allocation),
        }
    return replace(found, document=document)


def _goals(stages: Sequence[Stage], values: Sequence[Fraction]) -> list[dict[str, Any]]:
    return [
        {"goal": stage.goal, "sense": stage.sense.value, "value": decimal_text(value)}
        for stage, value in zip(stages, values, strict=True)
    ]


def _entry(found: Alternatives, rank: int, one: Portfolio) -> dict[str, Any]:
    best = found.optimum
    assert best.allocation is not None
    first, mine = best.values[0], one.values[0]
    loss = abs(first - mine) / abs(first) if first else Fraction(0)
    worse = mine < first if found.problem.stages[0].sense is Sense.MAXIMISE else mine > first
    return {
        "rank": rank,
        "name": one.name,
        "objective": _goals(found.problem.stages, one.values),
        "loss": decimal_text(loss if worse else Fraction(0)),
        "granted_cents": one.granted_cents,
        "n_funded": int(one.allocation.funded.sum()),
        "distance": decimal_text(one.distance),
        "figure": decimal_text(one.figure),
        "proven": one.proven,
        "changes": changes(found.problem, best.allocation, one.allocation),
        "allocation_sha256": allocation_sha256(found.problem, one.allocation),
    }


def _shared(found: Alternatives) -> dict[str, Any]:
    """What all portfolios share, what is proven never to move, and each dossier that does."""
    if not found.every:
        return {"shared": None, "open": []}
    table = found.to_dataframe()
    funded_in, kinds = table["n_funded_in"].to_numpy(), np.array(table["class"].to_list())
    n, play = len(found.every), found.problem.offers.in_play
    movers = table.filter(pl.col("class") == "open")
    return {
        "shared": {
            "n_portfolios": n,
            "n_funded": int(((funded_in == n) & play).sum()),
            "n_refused": int(((funded_in == 0) & play).sum()),
            "n_funded_proven": int((kinds == "always").sum()),
            "n_refused_proven": int(((kinds == "never") & play).sum()),
        },
        "open": [
            {"dossier": name, "title": title, "n_funded_in": times}
            for name, title, times in movers.select("dossier", "title", "n_funded_in").iter_rows()
        ],
    }
