"""The engine and brute force, which shares no code with it, give the same canonical answer."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from support.lanes import drawn, seeds
from support.small_cases.drawn import cases, load
from support.small_cases.enumeration import solve as brute_solve

from tnt_sim.engine.result import Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError

REFUSED_FORMS = {"share-denominator", "requires-circle"}
"""What is refused for its form; every other refusal says that nothing can hold, and must be right."""


def engine_answer(case: dict[str, Any], backend: str = "highs", shuffle: Any = None) -> Any:
    """(dossier, cents) by rank, None when infeasible, or the codes of a refusal before solving."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            result = solve(load(case, Path(folder), shuffle), backend=backend)
        except ScenarioError as error:
            return {defect.code for defect in error.defects}
    if result.status is Status.INFEASIBLE:
        return None
    assert result.status is Status.OPTIMAL
    assert result.document["canonical"]
    funded = result.dossiers.filter(result.dossiers["funded"])
    return list(zip(funded["dossier"].to_list(), funded["granted_cents"].to_list(), strict=True))


def check(case: dict[str, Any], backend: str = "highs") -> None:
    found = engine_answer(case, backend)
    if isinstance(found, set):
        if not found & REFUSED_FORMS:
            assert brute_solve(case) is None, found
        return
    assert found == brute_solve(case)


@drawn(60)
@given(cases(largest=7))
def test_engine_equals_brute_force(case: dict[str, Any]) -> None:
    check(case)


@drawn(15)
@given(cases(largest=12))
def test_engine_equals_brute_force_up_to_12(case: dict[str, Any]) -> None:
    check(case)


@pytest.mark.parametrize("backend", seeds(["scipy", "pulp:HiGHS", "pulp:SCIP_PY"], 1))
@drawn(25)
@given(cases(largest=6))
def test_every_backend_gives_the_same_answer(backend: str, case: dict[str, Any]) -> None:
    check(case, backend)


@drawn(15)
@given(cases(largest=7))
def test_row_order_does_not_matter(case: dict[str, Any]) -> None:
    generator = random.Random(len(case["dossiers"]))
    assert engine_answer(case) == engine_answer(case, shuffle=generator.shuffle)
