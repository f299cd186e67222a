"""The tie-break equals enumeration, whatever point and whatever solver it begins with."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn
from support.programs import each_backend
from support.solve_instances import model_of, points_of

from tnt_sim.deadline import Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Limits
from tnt_sim.solve.backends.highs import HighsBackend
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods import tie_break as canonical_module
from tnt_sim.solve.methods.lexicographic import StagesOutcome, solve_lexicographic
from tnt_sim.solve.methods.tie_break import find_canonical_point

EXACT = Fraction(0)


@st.composite
def programmes(draw: st.DrawFn) -> tuple[LinearModel, list[SolveStage], IntArray, IntArray]:
    """Flat fees and few scores, so that ties abound; then a few dossiers with a range."""
    n_plain, n_range = draw(st.integers(1, 7)), draw(st.integers(0, 2))
    n = n_plain + 2 * n_range
    fees = [draw(st.sampled_from([2, 2, 3, 5])) for _ in range(n_plain)]
    scores = [draw(st.sampled_from([1, 1, 2])) for _ in range(n_plain + n_range)]
    envelope_row = fees + [0, 1] * n_range
    rows, lower, upper = [envelope_row], [NO_LOWER], [draw(st.integers(0, sum(fees) + 4 * n_range))]
    for k in range(n_range):  # least·funded ≤ amount ≤ most·funded
        least = draw(st.integers(1, 2))
        most = least + draw(st.integers(0, 3))
        for factor in (-least, -most):
            row = [0] * n
            row[n_plain + 2 * k], row[n_plain + 2 * k + 1] = factor, 1
            rows.append(row)
            lower.append(0 if factor == -least else NO_LOWER)
            upper.append(NO_UPPER if factor == -least else 0)
    if draw(st.booleans()):
        rows.append([draw(st.integers(0, 1)) for _ in range(n_plain)] + [0] * 2 * n_range)
        lower.append(0)
        upper.append(draw(st.integers(0, 3)))
    model = model_of(
        rows, lower, upper, [0] * n, col_lower=[0] * n, col_upper=[1] * n_plain + [1, 9] * n_range
    )
    score = scores[:n_plain] + [x for s in scores[n_plain:] for x in (s, 0)]
    stages = [
        SolveStage("score", np.array(score), Sense.MAXIMISE, draw(st.sampled_from([EXACT, Fraction(1, 4)])))
    ]
    if draw(st.booleans()):
        stages.append(
            SolveStage("granted", np.array(envelope_row), draw(st.sampled_from(list(Sense))), EXACT)
        )
    else:
        stages.append(SolveStage("count", np.array([1] * n_plain + [1, 0] * n_range), Sense.MAXIMISE, EXACT))
    funded = list(range(n_plain)) + [n_plain + 2 * k for k in range(n_range)]
    order = np.array(draw(st.permutations(funded)), dtype=np.int64)
    amounts = np.array([n_plain + 2 * k + 1 for k in draw(st.permutations(range(n_range)))], dtype=np.int64)
    return model, stages, order, amounts


def greatest(outcome: StagesOutcome, order: IntArray, amounts: IntArray) -> tuple[list[int], IntArray]:
    points = points_of(outcome.model)
    ranked = np.concatenate([order, amounts])
    best = max(points.tolist(), key=lambda x: [x[j] for j in ranked])
    return [best[j] for j in ranked.tolist()], points


@drawn(150)
@given(programmes(), st.data())
def test_the_answer_is_the_greatest_by_enumeration(
    case: tuple[LinearModel, list[SolveStage], IntArray, IntArray], data: st.DataObject
) -> None:
    model, stages, order, amounts = case
    outcome = solve_lexicographic(model, stages, HighsBackend())
    if outcome.values is None:
        return
    expected, points = greatest(outcome, order, amounts)
    begin = points[data.draw(st.integers(0, len(points) - 1))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(canonical_module, "MANY_OPEN", data.draw(st.sampled_from([0, 60])))
        goal = data.draw(st.sampled_from([None, stages[0]]))
        found = find_canonical_point(outcome.model, begin, order, amounts, HighsBackend(), goal=goal)
    assert found.proven
    assert outcome.model.is_feasible(found.values)
    assert found.values[np.concatenate([order, amounts])].tolist() == expected


def test_where_nothing_else_is_as_good_one_solve_says_so() -> None:
    none, n, seen = np.array([], dtype=np.int64), 14, 0
    for seed in range(12):
        random = np.random.default_rng(seed)
        rows = [random.integers(50, 99, n).tolist() for _ in range(4)]
        gains = np.array(rows).sum(axis=0) + random.integers(0, 9, n)
        model = model_of(rows, [NO_LOWER] * 4, [sum(row) // 2 for row in rows], gains.tolist())
        outcome = solve_lexicographic(
            model, [SolveStage("value", gains, Sense.MAXIMISE, EXACT)], HighsBackend()
        )
        assert outcome.values is not None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(canonical_module, "MANY_OPEN", 0)
            found = find_canonical_point(outcome.model, outcome.values, np.arange(n), none, HighsBackend())
        if len(points_of(outcome.model)) == 1 and found.n_open > 2:
            seen += 1
            assert (found.proven, found.n_solves) == (True, 2)
            assert found.values.tolist() == outcome.values.tolist()
    assert seen > 3


def flat_fees(n: int, envelope: int) -> tuple[LinearModel, SolveStage]:
    fees, ones = [4_000_00] * n, [1] * n
    model = model_of([fees], [NO_LOWER], [envelope * 4_000_00 + 17], ones)
    return model, SolveStage("dossiers", np.array(ones), Sense.MAXIMISE, EXACT)


def test_a_hundred_equal_fees_need_no_enumeration() -> None:
    """C(100, 50) optimal sets; twins in rank order leave one."""
    model, goal = flat_fees(100, 50)
    outcome = solve_lexicographic(model, [goal], HighsBackend())
    assert outcome.values is not None
    order = np.random.default_rng(1).permutation(100)
    found = find_canonical_point(
        outcome.model, outcome.values, order, np.array([], dtype=np.int64), HighsBackend()
    )
    assert found.proven
    assert found.values[order].tolist() == [1] * 50 + [0] * 50
    assert found.n_solves < 10


@pytest.mark.parametrize("name", each_backend())
def test_every_backend_gives_the_same_answer(name: str) -> None:
    rng = np.random.default_rng(7)
    costs, scores = rng.integers(1, 6, 30), rng.integers(1, 4, 30)
    model = model_of([costs.tolist()], [NO_LOWER], [45], [0] * 30)
    stages = [
        SolveStage("score", scores, Sense.MAXIMISE, EXACT),
        SolveStage("granted", costs, Sense.MINIMISE, EXACT),
    ]
    none = np.array([], dtype=np.int64)
    answers = []
    for backend in (HighsBackend(), get_backend(name)):
        outcome = solve_lexicographic(model, stages, backend)
        assert outcome.values is not None
        answers.append(find_canonical_point(outcome.model, outcome.values, np.arange(30), none, backend))
    assert all(answer.proven for answer in answers)
    assert answers[0].values.tolist() == answers[1].values.tolist()


def test_without_time_the_point_in_hand_is_kept_and_not_called_proven() -> None:
    model, goal = flat_fees(8, 3)
    crossing = model.with_rows([[1, 2, 1, 3, 1, 2, 1, 1]], [NO_LOWER], [6], ["another rule"])
    outcome = solve_lexicographic(crossing, [goal], HighsBackend())
    assert outcome.values is not None
    point = np.array([0, 0, 0, 0, 0, 1, 1, 1])
    assert outcome.model.is_feasible(point)
    found = find_canonical_point(
        outcome.model,
        point,
        np.arange(8),
        np.array([], dtype=np.int64),
        HighsBackend(),
        Limits(Deadline(0.0)),
    )
    assert found.values.tolist() == point.tolist()
    assert not found.proven
    assert found.termination.is_limit
