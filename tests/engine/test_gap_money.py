"""What a gap is worth in money: no set of dossiers worth as much costs less than the amount less the gap."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from support.lanes import seeds
from support.tiny_scenario import HEAD, tiny

from tnt_sim.engine.solution_evidence import compute_money_gaps
from tnt_sim.engine.solve import solve
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_nodes
from tnt_sim.reporting.reports.run import build_goals
from tnt_sim.reporting.text.vocabulary import Labels
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.backends.backend import Limits, Termination
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.lexicographic import StageResult, StagesOutcome
from tnt_sim.verify.run_document import StageEntry


@pytest.mark.parametrize("seed", seeds(range(12), 4))
def test_no_set_is_worth_as_much_for_less(tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    rows = [(rng.randint(1, 60) * 1000 + rng.randint(0, 99), rng.randint(1, 50)) for _ in range(8)]
    table = "dossier,requested,score,committed\n" + "".join(
        f"{k},{cents // 100}.{cents % 100:02d},{score},{'70' if k == 8 else ''}\n"
        for k, (cents, score) in enumerate(rows, start=1)
    )
    scenario = tiny(tmp_path, HEAD[: HEAD.index("  envelopes")] + HEAD[HEAD.index("dossiers:") :], table)
    problem = compile_problem(scenario)
    form = formulate(problem)
    (stage,) = form.stages
    best = max(s for s, cost in sets(rows) if cost <= 150_000 - 7_000)
    held = rng.randint(1, best - 1) if best > 1 else 0
    found = StageResult("score", stage.sense, Termination.TIME_LIMIT, held, held, best, "x", 0.0)
    outcome = StagesOutcome((found,), None, form.model)
    (gap,) = compute_money_gaps(form, form.model, outcome, 150_000, get_backend("highs"), Limits())
    least = min(cost for s, cost in sets(rows) if s >= held) + 7_000
    assert gap is not None
    assert 150_000 - least <= gap < 150_000
    closed = StagesOutcome((replace(found, bound=held),), None, form.model)
    assert compute_money_gaps(form, form.model, closed, 150_000, get_backend("highs"), Limits()) == (None,)
    assert compute_money_gaps(form, form.model, outcome, None, get_backend("highs"), Limits()) == (None,)


def sets(rows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """(score, cents) of every set of the dossiers that are open."""
    return [
        (sum(score for _, score in chosen), sum(cents for cents, _ in chosen))
        for n in range(len(rows))
        for chosen in itertools.combinations(rows[:-1], n)
    ]


def test_a_stage_without_a_gap_is_worth_nothing(tmp_path: Path) -> None:
    result = solve(tiny(tmp_path), cross_check="never")
    assert [goal["gap_money_cents"] for goal in result.document["objective"]] == [0]


def test_the_page_says_what_the_gap_is_worth() -> None:
    goal = StageEntry(
        sense="maximise", goal="score", value="10", bound="12", gap="2", gap_money_cents=None, proof=None
    )
    for cents, words in ((150_000, "gap at most €1,500"), (None, "(bound 12)")):
        (line,) = render_nodes([build_goals([replace(goal, gap_money_cents=cents)], Labels())], Lang.EN, 120)
        assert words in line.plain
