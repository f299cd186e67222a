"""Two solvers that contradict each other: the model is kept with both claims, and made small."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from support.solve_instances import best_of, model_of, near_miss

from tnt_sim.deadline import Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Capabilities, Limits, RawSolution, Termination, Tuning
from tnt_sim.solve.backends.highs import HighsBackend, import_highspy
from tnt_sim.solve.methods.cross_check import (
    SolverClaim,
    build_stage_model,
    is_contradiction,
    quarantine_model,
    reduce_model,
    render_lp,
)
from tnt_sim.solve.methods.integral import solve_integral
from tnt_sim.solve.methods.lexicographic import solve_lexicographic


@dataclass
class Liar:
    """HiGHS, except that it says « nothing fits » when a model has what it stumbles over."""

    stumbles: Callable[[LinearModel], bool]
    name: str = "liar"
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(True, False, True, True, True, True, True)
    )

    def solve(
        self,
        model: LinearModel,
        *,
        relax: bool = False,
        limits: Limits = Limits(),
        start: IntArray | None = None,
        tuning: Tuning = Tuning(),
    ) -> RawSolution:
        if self.stumbles(model):
            return RawSolution(Termination.INFEASIBLE, None, None, None, None, None, self.name, 0.0)
        found = HighsBackend().solve(model, relax=relax, limits=limits, start=start, tuning=tuning)
        return replace(found, solver=self.name)


def over_row_and_column(row: str, column: str) -> Callable[[LinearModel], bool]:
    return lambda model: row in model.row_names and column in model.col_names


def programme() -> LinearModel:
    """40 dossiers, an envelope and 7 rules."""
    rng = np.random.default_rng(3)
    costs = rng.integers(1, 100, 40)
    rows = [costs, *(costs * (rng.random(40) < 0.4) for _ in range(7))]
    upper = [int(row.sum() * 0.6) for row in rows]
    return model_of([row.tolist() for row in rows], [NO_LOWER] * 8, upper, rng.integers(1, 50, 40).tolist())


def test_a_contradiction_is_kept_with_both_claims_and_made_small(tmp_path: Path) -> None:
    liar = Liar(over_row_and_column("row 5", "D-17"))
    kept = quarantine_model(programme(), HighsBackend(), liar, tmp_path / "quarantine")
    assert kept.folder.parent == tmp_path / "quarantine"
    assert {file.name for file in kept.folder.iterdir()} == {"model.lp", "reduced.lp", "claims.json"}
    assert (kept.reproduced, kept.n_rows, kept.n_cols) == (True, 1, 1)
    claims = json.loads((kept.folder / "claims.json").read_text())
    said = [(claim["solver"], claim["termination"]) for claim in claims["reduced"]["claims"]]
    assert said == [(f"HiGHS {import_highspy().Highs().version()}", "optimal"), ("liar", "infeasible")]
    assert claims["model"]["rows"] == 8
    assert claims["model"]["claims"][0]["value"] == best_by(programme())
    assert claims["model"]["claims"][0]["point"]
    assert "D_17" in (kept.folder / "reduced.lp").read_text()


def best_by(model: LinearModel) -> int | None:
    return solve_integral(model, HighsBackend()).value


def test_the_same_model_has_the_same_folder(tmp_path: Path) -> None:
    liar = Liar(over_row_and_column("row 1", "D-3"))
    one, two = (quarantine_model(programme(), HighsBackend(), liar, tmp_path) for _ in range(2))
    assert one.folder == two.folder
    assert len(list(tmp_path.iterdir())) == 1


def test_what_does_not_come_back_is_kept_whole_and_says_so(tmp_path: Path) -> None:
    kept = quarantine_model(programme(), HighsBackend(), Liar(lambda _model: False), tmp_path)
    assert (kept.reproduced, kept.n_rows, kept.n_cols) == (False, 8, 40)
    assert json.loads((kept.folder / "claims.json").read_text())["reproduced"] is False


def test_the_time_is_bounded(tmp_path: Path) -> None:
    def slow(model: LinearModel) -> bool:
        time.sleep(0.1)
        return over_row_and_column("row 5", "D-17")(model)

    began = time.perf_counter()
    kept = quarantine_model(programme(), HighsBackend(), Liar(slow), tmp_path, Deadline(0.5))
    assert time.perf_counter() - began < 3
    assert kept.reproduced
    assert kept.n_rows * kept.n_cols > 1, "not enough time to finish"


def test_a_wrong_value_is_a_contradiction_too(tmp_path: Path) -> None:
    model = near_miss(3)

    class Blind(Liar):
        def solve(self, model: LinearModel, **options: object) -> RawSolution:
            worse = model.with_objective(np.zeros(model.n_cols, dtype=np.int64), model.sense)
            found = HighsBackend().solve(worse)
            value = None if found.values is None else float(model.objective @ np.rint(found.values))
            return replace(found, objective=value, bound=value, solver=self.name)

    kept = quarantine_model(model, HighsBackend(), Blind(lambda _model: False), tmp_path)
    assert kept.reproduced
    assert kept.n_cols == 1


def test_only_final_words_contradict() -> None:
    def claim(termination: Termination, value: int | None = None) -> SolverClaim:
        return SolverClaim("any", termination, value, None)

    assert is_contradiction(claim(Termination.OPTIMAL, 3), claim(Termination.OPTIMAL, 4))
    assert is_contradiction(claim(Termination.OPTIMAL, 3), claim(Termination.INFEASIBLE))
    assert not is_contradiction(claim(Termination.OPTIMAL, 3), claim(Termination.OPTIMAL, 3))
    assert not is_contradiction(claim(Termination.INFEASIBLE), claim(Termination.INFEASIBLE))
    for other in Termination:
        if other not in (Termination.OPTIMAL, Termination.INFEASIBLE):
            assert not is_contradiction(claim(Termination.OPTIMAL, 3), claim(other, 4))


@pytest.mark.parametrize("wanted", [(0,), (3, 7), (1, 2, 6)])
def test_reduction_keeps_exactly_what_is_needed(wanted: tuple[int, ...]) -> None:
    names = {f"D-{j}" for j in wanted}
    model = programme()
    small = reduce_model(model, lambda part: names <= set(part.col_names), Deadline(10))
    assert set(small.col_names) == names
    assert small.n_rows == 0


def test_the_lp_file_is_the_model_to_the_last_digit(tmp_path: Path) -> None:
    long = 10**15 - 1
    model = model_of(
        [[long, 1, 0], [0, -3, 2], [1, 1, 1], [0, 0, 0]],
        [NO_LOWER, -7, 2, 0], [long, NO_UPPER, 2, 0], [long, -1, 0], Sense.MINIMISE,
        col_lower=[0, -4, NO_LOWER], col_upper=[1, NO_UPPER, 9],
    )  # fmt: skip
    file = tmp_path / "model.lp"
    file.write_text(render_lp(model), encoding="utf-8")
    highs = import_highspy().Highs()
    highs.setOptionValue("output_flag", False)
    assert highs.readModel(str(file)).name == "kOk"
    read = highs.getLp()
    assert list(read.col_cost_) == [float(long), -1.0, 0.0]
    assert list(read.col_lower_) == [0.0, -4.0, -np.inf]
    assert list(read.col_upper_) == [1.0, np.inf, 9.0]
    assert list(read.row_upper_)[:3] == [float(long), np.inf, 2.0]
    assert list(read.row_lower_)[:3] == [-np.inf, -7.0, 2.0]
    assert [int(kind) for kind in read.integrality_] == [1, 1, 1]
    highs.run()
    assert round(highs.getInfo().objective_function_value) == best_of(
        model.with_bounds([0, -4, -9], [1, 9, 9])
    )


def test_the_model_of_a_stage_keeps_those_before() -> None:
    model = model_of([[2, 2, 3]], [NO_LOWER], [5], [0, 0, 0])
    stages = [
        SolveStage("score", np.array([1, 1, 2]), Sense.MAXIMISE),
        SolveStage("spent", np.array([2, 2, 3]), Sense.MINIMISE),
    ]
    outcome = solve_lexicographic(model, stages, HighsBackend())
    second = build_stage_model(model, stages, outcome.stages, 1)
    assert best_by(second) == outcome.stages[1].value == 5
    assert second.row_lower[-1] == 3
    assert second.row_upper[-1] == NO_UPPER
