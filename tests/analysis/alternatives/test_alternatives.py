"""Near-optimal portfolios against enumeration."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.analysis_cases.clashing_rules import Choices, Ints, world, write
from support.lanes import seeds

import tnt_sim as tnt
from tnt_sim.analysis.alternatives import diverse_search as near_ask
from tnt_sim.analysis.alternatives.alternatives import AlternativesResult, classify_dossiers
from tnt_sim.analysis.alternatives.diverse_search import DiverseSearch
from tnt_sim.analysis.shared.progress import TIME
from tnt_sim.documents import dump_document
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.scenario.load import load_scenario
from tnt_sim.studies.registry import load_study
from tnt_sim.studies.study_answer import build_report


def row_of(every: Choices, found: AlternativesResult, funded: np.ndarray[Any, Any]) -> int:
    return every.row_of(set(found.problem.case.table["dossier"].filter(list(funded)).to_list()))


def check(every: Choices, found: AlternativesResult, within: Fraction, by: str) -> None:
    fine = every.allowed
    worth: Ints | None = None
    if by == "money":
        worth = np.array([d["cents"] for d in every.case["dossiers"]])
    best = int(every.tenths[fine].max())
    near = fine & (every.tenths >= best * (1 - within))
    assert found.optimum.allocation is not None
    seen = [row_of(every, found, found.optimum.allocation.funded)]
    for one in found.portfolios:
        nearest = np.min([every.apart(known, worth) for known in seen], axis=0)
        unit = 100 if by == "money" else 1
        mine = row_of(every, found, one.allocation.funded)
        assert near[mine]
        assert one.distance == Fraction(int(nearest[mine]), unit)
        assert one.proven
        assert nearest[mine] == nearest[near].max()
        seen.append(mine)
    if len(found.portfolios) < 4:  # then there is none left that differs
        assert set(np.flatnonzero(near)) == set(seen)
    for name, kind in zip(
        found.problem.case.table["dossier"].to_list(), classify_dossiers(found), strict=True
    ):
        member = set(every.held[near, every.ids.index(name)].tolist())
        expected = {"always": {1}, "never": {0}, "open": {0, 1}}.get(kind, member)
        assert member == expected
    equal = fine & (every.tenths == best)
    equal &= every.cents == every.cents[equal].min()
    assert len(found.ties) == min(5, int(equal.sum()) - 1)


SEEDS = [
    *seeds([(k, 7) for k in range(200, 208)], 4),
    *seeds([(k, 12) for k in range(212, 216)], 2),
]


@pytest.mark.parametrize(("seed", "largest"), SEEDS)
def test_every_alternative_equals_enumeration(seed: int, largest: int, tmp_path: Path) -> None:
    case = world(seed, largest, least=3 if largest < 12 else 8)
    case["rules"] = case["rules"][:1]
    by, within = ("dossiers", "money")[seed % 2], Fraction(seed % 3 * 15, 100)
    try:
        found = tnt.alternatives(write(case, tmp_path), within=within, count=4, by=by).result
    except ScenarioError:
        return
    every = Choices(case)
    if every.allowed.any():
        check(every, found, within, by)
        assert found.n_solves <= 4 + 6 + 1 + 3
    else:
        assert dump_document(found.data)["optimum"] is None


@pytest.mark.parametrize("many", [0, 2_000])
@pytest.mark.parametrize("seed", seeds(range(220, 226), 2))
def test_a_core_gives_a_list_and_a_bound(
    seed: int, many: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With many candidates, the rounded point of the linear program is the list."""
    monkeypatch.setattr(near_ask, "CORE", 3)
    monkeypatch.setattr(near_ask, "MANY", many)
    case = world(seed, 12, least=11)
    case["rules"] = []
    found = tnt.alternatives(write(case, tmp_path), within=Fraction(1, 5), count=3, steer=False).result
    every = Choices(case)
    near = every.allowed & (every.tenths >= every.tenths[every.allowed].max() * Fraction(4, 5))
    assert found.optimum.allocation is not None
    seen = [row_of(every, found, found.optimum.allocation.funded)]
    assert found.portfolios
    for one in found.portfolios:
        nearest = np.min([every.apart(known) for known in seen], axis=0)
        mine, best = row_of(every, found, one.allocation.funded), nearest[near].max()
        assert near[mine]
        assert one.distance == nearest[mine] <= best
        assert one.distance == best if one.proven else one.bound is not None and one.bound >= best
        seen.append(mine)


@pytest.mark.parametrize("many", [0, 2_000])
@pytest.mark.parametrize("seed", seeds(range(230, 242), 6))
def test_only_a_proof_says_that_no_other_list_differs(
    seed: int, many: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rounded list, or one of the core, may be a list already seen although others differ."""
    monkeypatch.setattr(near_ask, "CORE", 1)
    monkeypatch.setattr(near_ask, "MANY", many)
    case = world(seed, 8, least=6)
    case["rules"] = []
    found = tnt.alternatives(
        write(case, tmp_path), within=Fraction(seed % 5, 50), count=8, steer=False
    ).result
    every = Choices(case)
    best = int(every.tenths[every.allowed].max())
    near = every.allowed & (every.tenths >= best * (1 - found.within))
    assert found.optimum.allocation is not None
    seen = [row_of(every, found, found.optimum.allocation.funded)]
    seen += [row_of(every, found, one.allocation.funded) for one in found.portfolios]
    assert near[seen].all()
    assert found.course.stopped_by is None
    assert len(found.portfolios) == 8 or set(np.flatnonzero(near)) == set(seen)


def test_a_question_that_ends_early_leaves_time_for_ties(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "petit.yaml").write_text(SCENARIO, encoding="utf-8")
    base = load_scenario(tmp_path / "petit.yaml")
    whole = tnt.alternatives(base, within="20 %", count=1).result

    def end_early(search: DiverseSearch, count: int) -> None:
        search.course.stopped_by = TIME

    monkeypatch.setattr(DiverseSearch, "find_distant_allocations", end_early)
    found = tnt.alternatives(base, within="20 %", count=1).result
    assert found.course.stopped_by == TIME
    assert [one.name for one in found.steered] == [one.name for one in whole.steered] != []
    assert len(found.ties) == len(whole.ties)


TABLE = """dossier,title,department,applicant_type,population,requested,cost,score
1,École,01,commune,900,500,900,10
2,Pont,02,commune,9000,500,800,10
3,Mairie,01,mutualisation,40000,500,1000,9
4,Piste,02,commune,300,500,600,9
"""
SCENARIO = """schema_version: 1
id: petit
programme: {id: a, amount: 1 000 €}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
"""


def test_steered_and_told(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "petit.yaml").write_text(SCENARIO, encoding="utf-8")
    found = tnt.alternatives(load_scenario(tmp_path / "petit.yaml"), within="10 %", count=3).result
    assert found.optimum.allocation is not None
    for one in found.steered:
        assert one.distance == (one.allocation.funded != found.optimum.allocation.funded).sum()
    assert [(one.name, one.figure) for one in found.steered] == [
        ("rural", Fraction(1000)),
        ("mutualised", Fraction(500)),
        ("balanced", Fraction(500)),
    ]
    assert found.portfolios[0].distance == 4
    assert dump_document(found.data)["portfolios"][0]["loss"] == "0.1"
    assert dump_document(found.data)["portfolios"][0]["n_funded"] == 2
    page = "\n".join(
        line.plain
        for line in render_report(build_report(load_study("alternatives"), found.data), Lang.FR, 100)
    )
    assert "aussi différents que possible" in page
    assert "le plus mutualisé" in page
    assert found.to_dataframe()["n_funded_in"].max() <= len(found.allocations)


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "petit.yaml").write_text(SCENARIO, encoding="utf-8")
    scenario = load_scenario(tmp_path / "petit.yaml")
    for wrong in ({"by": "argent"}, {"within": Fraction(3, 2)}):
        with pytest.raises(UsageError):
            tnt.alternatives(scenario, **wrong)  # type: ignore[arg-type]


def test_where_the_nearest_takes_too_long_the_sum_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "petit.yaml").write_text(SCENARIO, encoding="utf-8")
    asked = DiverseSearch._optimise_near

    def in_time(search: Any, problem: Any, *kept_and_fixed: Any) -> Any:
        by_parts = any(stage.goal_parts for stage in problem.stages)
        return None if by_parts else asked(search, problem, *kept_and_fixed)

    monkeypatch.setattr(DiverseSearch, "_optimise_near", in_time)
    found = tnt.alternatives(
        load_scenario(tmp_path / "petit.yaml"), within="10 %", count=1, steer=False
    ).result
    assert [(one.distance, one.proven) for one in found.portfolios] == [(Fraction(4), False)]
