"""Holding rows against their second readings ends with the limit: no rule is read once it has passed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.clocks import StepClock
from support.tiny_scenario import HEAD, tiny

from tnt_sim.certify import rule_rows as read_again
from tnt_sim.certify.claim_systems import build_claims
from tnt_sim.certify.rule_rows import build_second_reading
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.scenario.problem import compile_problem

RULES = "rules:\n" + "".join(
    f"  - {{id: r{k}, title: R, kind: limit, measure: granted, max: {400 + k} €}}\n" for k in range(6)
)


@pytest.mark.parametrize("readings", range(1, 7))
def test_no_rule_is_read_after_the_limit(
    readings: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule may take a second by itself at a million dossiers, before any of its rows is looked at."""
    problem = compile_problem(tiny(tmp_path, HEAD + RULES))
    claims = build_claims(problem)
    clock, late = StepClock(tick=1.0).install(monkeypatch), list[str]()

    def reading(columns: Any, of: Any) -> Any:
        if clock.readings > readings + 1:  # the first reading is the deadline's own beginning
            late.append(type(of).__name__)
        return build_second_reading(columns, of)

    monkeypatch.setattr(read_again, "build_second_reading", reading)
    with pytest.raises(DeadlineExpired):
        read_again.compare_readings(problem, claims, Deadline(readings - 0.5))
    assert clock.readings == readings + 1
    assert not late
