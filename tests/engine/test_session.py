"""A session gives what a fresh question gives, whatever was asked before, and says what it kept."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support import draws
from support.lanes import seeds

import tnt_sim as tnt
from tnt_sim.certify.claim_systems import ENVELOPES_PLACE, build_claims, update_claims
from tnt_sim.certify.rule_rows import compare_readings
from tnt_sim.engine.model_cache import ModelCache
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.engine.session import (
    SessionOutcome,
    SolverSession,
    derive_by_amounts,
    derive_by_goals,
    sort_versions,
)
from tnt_sim.errors import ScenarioError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.scenario.load import load_scenario, set_text, with_changes
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.backends.incremental_lp import compare_models

HEAD = """schema_version: 1
id: s
title: SYNTHETIC
programme: {{id: tout, amount: 900 €{options}, envelopes: [{{id: a, amount: 300 €}}, {{id: b, amount: 350 €}}]}}
dossiers: [{{file: dossiers.csv}}]
rules:
  - {{id: theme, kind: limit, measure: granted, where: {{theme: "L'ETE A L'ECOLE"}}, min: {floor}}}
  - {{id: part, kind: share, measure: dossiers, where: {{theme: CŒUR  DE ville}}, min: 12.5 %}}
objective: [{{maximise: {{score: 1}}}}]
solver: {{cross_check: never}}
"""


CEILINGS = ", overbooked: true"
"""Amounts of the children are ceilings, so that none gains what another leaves."""


def scenario(folder: Path, options: str = "", floor: str = "100 €") -> tnt.Scenario:
    dice = random.Random(3)
    rows = [
        f"D{k:02},{dice.randint(20_00, 120_00) / 100:.2f},{draws.text(draws.score(dice.choice))},"
        f"{draws.blank(dice.choice, draws.spelling(dice.choice, dice.choice(draws.THEMES)))},{dice.choice('ab')}"
        for k in range(24)
    ]
    text = "\n".join(["dossier,requested,score,theme,envelope", *rows]) + "\n"
    (folder / "dossiers.csv").write_text(text, encoding="utf-8")
    path = folder / "s.yaml"
    path.write_text(HEAD.format(options=options, floor=floor), encoding="utf-8")
    return load_scenario(path)


CHANGES = [
    {},
    {"programme.amount": "800 €"},
    {"envelopes.a.amount": "450 €"},
    {"programme.amount": "820 €", "envelopes.b.amount": "120.50 €"},
    {"objective": [{"maximise": {"score": 2.5, "requested": 0.01}}]},
    {"rules.theme.min": "150.07 €"},
    {"programme.amount": "1000 €"},
    {"rules.part.off": True},
]


def test_answers_are_those_of_fresh_questions(tmp_path: Path) -> None:
    base = scenario(tmp_path)
    session = SolverSession(base)
    compiled = []
    for changes in [*CHANGES, *reversed(CHANGES)]:
        found = session.optimise(changes)
        fresh = optimise(compile_problem(with_changes(base, changes) if changes else base))
        assert (found.answer.status, found.answer.values) == (fresh.status, fresh.values)
        assert (found.answer.proof, found.answer.canonical) == (fresh.proof, fresh.canonical)
        assert found.answer.allocation.granted_cents.tolist() == fresh.allocation.granted_cents.tolist()
        compiled.append(found.compiled)
    assert compiled[:8] == ["anew", "amounts", "amounts", "amounts", "goals", "anew", "amounts", "anew"]


@pytest.mark.parametrize("options", ["", CEILINGS])
@pytest.mark.parametrize("seed", seeds(range(6), 2))
def test_rows_carried_on_are_those_written_anew(tmp_path: Path, seed: int, options: str) -> None:
    """Amounts, goals and rules in any order; the model and the system are those of a fresh writing."""
    dice, base, drafts = random.Random(seed), scenario(tmp_path, options), ModelCache()
    problem, kept = compile_problem(base), 0
    for _ in range(8):
        changes = {**dice.choice(CHANGES), **({"programme.amount": "850 €"} if dice.random() < 0.2 else {})}
        changed = with_changes(base, changes) if changes else base
        whole = compile_problem(changed)
        quick = derive_by_amounts(problem, changed) or derive_by_goals(problem, changed)
        kept += quick is not None
        problem = quick or whole
        form, fresh = drafts.build_formulation(problem), formulate(whole)
        assert compare_models(form.model, fresh.model).is_empty
        assert form.model.row_names == fresh.model.row_names
        for one, other in zip(form.stages, fresh.stages, strict=True):
            assert one.objective.tolist() == other.objective.tolist()
            assert (one.scale, one.constant, one.sense) == (other.scale, other.constant, other.sense)
        claims, others = drafts.build_claims(problem), build_claims(whole)
        for name in ("row", "col", "value", "upper", "names"):
            assert np.array_equal(getattr(claims.system.rows, name), getattr(others.system.rows, name))
        for one, other in zip(claims.goals, others.goals, strict=True):
            assert one.coefficient.tolist() == other.coefficient.tolist()
            assert (one.scale, one.constant, one.sign) == (other.scale, other.constant, other.sign)
        assert problem.scenario.sha256 == changed.sha256
    assert kept > 1


def test_amounts_laid_out_again_are_those_of_a_compiled_problem(tmp_path: Path) -> None:
    base = scenario(tmp_path)
    problem = compile_problem(base)
    for changes in (
        {"programme.amount": "777.77 €"},
        {"envelopes.a.amount": "1 €", "envelopes.b.amount": "2 €"},
    ):
        quick, whole = (
            derive_by_amounts(problem, with_changes(base, changes)),
            compile_problem(with_changes(base, changes)),
        )
        assert quick is not None
        a, b = formulate(quick).model, formulate(whole).model
        assert compare_models(a, b).is_empty
        rows, others = build_claims(quick).system.rows, build_claims(whole).system.rows
        for name in ("row", "col", "value", "upper"):
            assert np.array_equal(getattr(rows, name), getattr(others, name))
        assert quick.scenario.sha256 == whole.scenario.sha256


@pytest.mark.parametrize(
    ("options", "floor", "more"),
    [
        (", reserve: 5 %", "100 €", {}),
        (", min_use: 10 %", "100 €", {}),
        ("", "{share: 10 %, of_amount: tout}", {}),
        ("", "100 €", {"rules.theme.min": "90 €"}),
    ],
)
def test_what_looks_at_amounts_is_compiled_anew(
    tmp_path: Path, options: str, floor: str, more: dict[str, object]
) -> None:
    base = scenario(tmp_path, options, floor)
    assert (
        derive_by_amounts(compile_problem(base), with_changes(base, {"programme.amount": "905 €", **more}))
        is None
    )


def test_amounts_at_odds_are_refused_as_ever(tmp_path: Path) -> None:
    session = SolverSession(scenario(tmp_path))
    session.optimise()
    with pytest.raises(ScenarioError, match="children-exceed"):
        session.optimise({"programme.amount": "500 €"})
    assert session.optimise({"programme.amount": "700 €"}).answer.status is Status.OPTIMAL


def test_the_model_is_a_difference_to_the_one_before(tmp_path: Path) -> None:
    session = SolverSession(scenario(tmp_path))
    first = session.optimise({"rules.theme.min": "150 €"}).changed
    second = session.optimise({"rules.theme.min": "160 €"}).changed
    third = session.optimise({"rules.theme.min": "160 €", "rules.part.off": True}).changed
    for found in (first, third):
        assert found is None or found.rebuilt is not None
    assert second is None or second.rebuilt is None


def test_a_solver_begins_from_the_point_in_hand(tmp_path: Path) -> None:
    session, scipy = SolverSession(scenario(tmp_path)), OptimiseOptions(backend="scipy")
    first = session.optimise(None, scipy)
    again = session.optimise({"programme.amount": "901 €"}, scipy)
    assert first.answer.method == again.answer.method == "direct"
    assert again.answer.values >= first.answer.values


def optimise_alone(base: tnt.Scenario, changes: dict[str, object]) -> SolveOutcome | ScenarioError:
    try:
        return optimise(compile_problem(with_changes(base, changes) if changes else base))
    except ScenarioError as error:
        return error


def test_many_variants_have_the_answers_that_each_has_alone(tmp_path: Path) -> None:
    base = scenario(tmp_path)
    asked = [*CHANGES, {"programme.amount": "12 bananes"}, *reversed(CHANGES), {"rules.part.min": "100 %"}]
    dice = random.Random(5)
    dice.shuffle(asked)
    table = tnt.Session(base).solve_many(asked).table()
    assert table["variant"].to_list() == list(range(len(asked)))
    for row, changes in zip(table.iter_rows(named=True), asked, strict=True):
        assert row["changes"] == [f"{path}={set_text(value)}" for path, value in changes.items()]
        fresh = optimise_alone(base, changes)
        if isinstance(fresh, ScenarioError):
            assert (row["status"], row["error"]) == ("error", fresh.text.en)
            continue
        assert (row["status"], row["proof"]) == (fresh.status, fresh.proof)
        if fresh.allocation is None:
            assert row["values"] is None
            continue
        assert (row["canonical"], row["granted_cents"]) == (fresh.canonical, fresh.granted_cents)
        assert [Fraction(value) for value in row["values"]] == list(fresh.values)
        assert row["n_funded"] == fresh.allocation.funded.sum()
    assert {"error", "infeasible", "optimal"} == set(table["status"])


def test_variants_alone_and_together_have_one_hash(tmp_path: Path) -> None:
    session = tnt.Session(scenario(tmp_path))
    many = session.solve_many(CHANGES)
    alone = [session.solve(changes).document["allocation_sha256"] for changes in CHANGES]
    assert many.table()["allocation_sha256"].to_list() == alone
    assert (many.status, len(many.document["variants"])) == ("complete", len(CHANGES))


def test_versions_that_share_most_come_one_after_the_other() -> None:
    asked = [
        ["programme.amount=1 M€"],
        ["rules.part.max=20 %", "programme.amount=1 M€"],
        ["objective=[{maximise: {score: 1}}]"],
        ["envelopes.a.amount=2 €"],
        ["programme.amount=2 M€"],
        ["rules.part.max=20 %", "programme.amount=2 M€"],
        ["rules.part.max=30 %"],
        ["programme.amount=3 M€", "objective=[{maximise: {score: 1}}]"],
    ]
    assert sort_versions(asked) == [3, 0, 4, 2, 7, 1, 5, 6]


def test_variants_stop_at_their_limit_and_at_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = tnt.Session(scenario(tmp_path))
    none = session.solve_many(CHANGES, time_limit=0)
    assert (none.status, set(none.table()["status"])) == ("stopped", {"stopped"})
    answered = iter(CHANGES[:3])

    def interrupt(*given: object, **more: object) -> SessionOutcome:
        if next(answered, None) is None:
            raise KeyboardInterrupt
        return optimise_one(*given, **more)

    optimise_one = SolverSession.optimise
    monkeypatch.setattr(SolverSession, "optimise", interrupt)
    some = session.solve_many(CHANGES)
    assert (some.status, some.table()["status"].to_list().count("stopped")) == ("stopped", len(CHANGES) - 3)


def test_rows_changed_after_their_comparison_are_compared_again(tmp_path: Path) -> None:
    problem = compile_problem(scenario(tmp_path))
    claims = build_claims(problem)
    assert compare_readings(problem, claims).holds
    rows = claims.system.rows
    stronger = replace(rows, upper=rows.upper - 1)
    changed = replace(claims, system=claims.system.with_rows(stronger))
    assert not compare_readings(problem, changed).holds
    assert compare_readings(problem, claims).holds


def test_rows_of_moving_money_are_written_anew_for_other_amounts(tmp_path: Path) -> None:
    """What may be added to an envelope grows with the amount above it: the old bound would prove too much."""
    base = scenario(tmp_path)
    problem = compile_problem(base)
    quick = derive_by_amounts(problem, with_changes(base, {"programme.amount": "1600 €"}))
    claims, fresh = build_claims(problem), build_claims(quick)
    assert claims.system.rows.names == fresh.system.rows.names
    assert (claims.system.high < fresh.system.high).any()
    assert update_claims(claims, quick) is None


def test_bounds_of_other_amounts_are_compared_without_the_entries(tmp_path: Path) -> None:
    base = scenario(tmp_path, CEILINGS)
    problem = compile_problem(base)
    claims = build_claims(problem)
    assert compare_readings(problem, claims).holds
    assert ENVELOPES_PLACE in claims.matched
    quick = derive_by_amounts(problem, with_changes(base, {"programme.amount": "800.07 €"}))
    moved = update_claims(claims, quick)
    assert ENVELOPES_PLACE not in moved.compared
    assert ENVELOPES_PLACE in moved.matched
    assert compare_readings(quick, moved) == compare_readings(quick, build_claims(quick))
    stronger = update_claims(claims, quick)
    stronger.system.rows.upper[stronger.written[ENVELOPES_PLACE].first] -= 1
    assert not compare_readings(quick, stronger).holds
