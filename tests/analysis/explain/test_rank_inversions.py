"""Inversions and their price, ordinal opinions, and the core of a set of runs, against enumeration."""

from __future__ import annotations

import json
import tempfile
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from support.lanes import drawn
from support.small_cases.bit_masks import funded
from support.small_cases.in_cents import Case, brute_solve, goal, little, load, rank_key

import tnt_sim as tnt
from tnt_sim.analysis.compare.common_core import find_common_core, read_result_snapshot
from tnt_sim.analysis.explain.rank_inversions import (
    build_ranking,
    compute_order_price,
    list_inversions,
)
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.cli.main import main
from tnt_sim.documents import dump_document
from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.reporting.reports.explanation import describe_ranking_value
from tnt_sim.scenario.load import load_scenario, with_changes

QUICK = drawn(20)


def solved(case: Case, folder: str) -> ResultData | None:
    try:
        result = solve(load(case, Path(folder)))
    except ScenarioError:
        return None
    return result if result.status is Status.OPTIMAL else None


@QUICK
@given(little())
def test_pairs_and_their_price_equal_enumeration(case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = solved(case, folder)
        if result is None:
            return
        decided = of_result(result)
        ranked = build_ranking(decided.problem, rank="score")
        found = list_inversions(decided, ranked)
        held = funded(case) or set()
        wanted = {
            (a["id"], b["id"])
            for a in case["dossiers"]
            for b in case["dossiers"]
            if a["envelope"] == b["envelope"] and a["score"] > b["score"]
            if a["id"] not in held and b["id"] in held
        }
        pairs = {
            (pair["better"]["dossier"], pair["worse"]["dossier"]) for pair in dump_document(found)["pairs"]
        }
        # a dossier that can get nothing is no candidate: it is compared with nobody
        open_ = set(decided.numbers.filter(decided.problem.offers.candidate).to_list())
        assert pairs == {pair for pair in wanted if set(pair) <= open_}
        assert found.n_pairs == len(pairs)
        price = compute_order_price(decided, ranked)
        order = {"id": "o", "kind": "order", "rank": "score", "best": "high", "by": "envelope"}
        under = case | {"rules": [*case["rules"], order]}
        best = brute_solve(under)
        if best is None:
            assert price.status == "infeasible"
            assert price.loses is None
            return
        dossiers = sorted(case["dossiers"], key=rank_key)
        today = brute_solve(case)
        assert today is not None
        assert price.loses is not None
        for number, lost in enumerate(price.loses, start=1):
            now, then = (goal(case, number, dict(one), dossiers) for one in (today, best))
            assert Fraction(lost) == now - then, price
        assert price.n_pairs == 0


TABLE = """dossier,department,requested,avis
1,01,600,favorable
2,01,500,réservé
3,02,800,très favorable
4,02,400,favorable
5,03,300,réservé
6,03,250,
"""
HEAD = """schema_version: 1
id: avis
programme: {id: tout, amount: 1 100 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {dossiers: 1}}]
"""
OPINIONS = ["très favorable", "favorable", "réservé"]


@pytest.fixture
def result(tmp_path: Path) -> ResultData:
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "avis.yaml").write_text(HEAD, encoding="utf-8")
    return solve(load_scenario(tmp_path / "avis.yaml"))


def names(result: ResultData) -> list[str]:
    return result.dossiers.filter(result.dossiers["funded"])["dossier"].to_list()


def test_opinions_in_order_and_as_goals(result: ResultData) -> None:
    assert names(result) == ["4", "5", "6"]
    decided = of_result(result)
    ranked = build_ranking(decided.problem, rank="avis", opinions=OPINIONS)
    found = list_inversions(decided, ranked)
    assert {(p.better.dossier, p.worse.dossier) for p in found.pairs} == {
        ("1", "5"), ("3", "4"), ("3", "5"),
    }  # fmt: skip
    assert tnt.Result.inversions(result, rank="avis", opinions=OPINIONS).data.n_pairs == 3
    again = solve(tnt.by_opinion(result.problem.scenario, "avis", OPINIONS))
    assert names(again) == ["3", "5"]
    assert again.document["objective"][0]["value"] == "1"
    priced = compute_order_price(decided, ranked, Fraction(1, 10))
    assert priced.mode == "priced"
    assert priced.n_pairs is not None


def test_amounts_are_told_in_euros(result: ResultData) -> None:
    decided = of_result(result)
    found = list_inversions(decided, build_ranking(decided.problem, rank="requested"))
    first = found.refused[0]
    cents = dict(decided.problem.case.table.select("dossier", "requested_cents").iter_rows())
    assert first.better.value_cents == cents[first.better.dossier]
    assert describe_ranking_value(first.better).fr.endswith("€")


def test_a_rank_that_cannot_order_is_refused(result: ResultData) -> None:
    problem = of_result(result).problem
    for options, word in (
        ({}, "note"),
        ({"rank": "avi"}, "avis"),
        ({"rank": "avis"}, "peut pas classer"),
        ({"rank": "avis", "opinions": ["favorable", "réservé"]}, "très favorable"),
        ({"rank": "requested", "by": ["departement"]}, "department"),
    ):
        with pytest.raises(UsageError, match=word):
            build_ranking(problem, **options)  # type: ignore[arg-type]


def test_the_core_and_what_moves_each(result: ResultData) -> None:
    scenario = result.problem.scenario
    richer = solve(with_changes(scenario, {"programme.amount": "1 700 €"}))
    both = solve(with_changes(scenario, {"programme.amount": "900 €", "title": "autre"}))
    core = find_common_core(
        [
            read_result_snapshot(result, "a"),
            read_result_snapshot(richer, "b"),
            read_result_snapshot(both, "c"),
        ]
    )
    kinds = dict(zip(core.table["dossier"], core.table["class"], strict=True))
    exterior, moving, core_ = "exterior", "borderline", "core"
    assert kinds == {"1": exterior, "2": moving, "3": exterior, "4": moving, "5": core_, "6": core_}
    for row in core.document["dossiers"]:
        held = [row["dossier"] in names(run) for run in (result, richer, both)]
        assert row["core_index"] == {0: "0", 1: "0.333333333333", 2: "0.666666666667", 3: "1"}[sum(held)]
        moved = {move["run"] for move in row["moved_by"]}
        assert moved == {name for name, one in zip("bc", held[1:], strict=True) if one != held[0]}
    assert core.changes == (
        (),
        ("programme.amount: 1100.00 € → 1700.00 €",),
        ("programme.amount: 1100.00 € → 900.00 €",),
    )
    assert tnt.core(result, richer).table["n_runs"].unique().to_list() == [2]
    with pytest.raises(UsageError):
        tnt.core(result)


def test_the_commands_say_what_the_functions_say(
    result: ResultData, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_run(result, None)
    opinions = ["--rank", "avis", "--opinions", ",".join(OPINIONS)]
    assert main(["inversions", str(folder), *opinions, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["n_pairs"] == 3
    assert document["prices"][0]["n_pairs"] == 0
    alone = tnt.Result.inversions(result, rank="avis", opinions=OPINIONS).document
    assert document == {**alone, "run_dir": folder.as_posix()}
    assert main(["inversions", str(folder), *opinions, "--lang", "en", "--penalty", "0.5"]) == 0
    assert "3 inversions by" in capsys.readouterr().out
    assert main(["inversions", str(folder), "--rank", "avis", "--best", "haut"]) == 2
    assert main(["inversions", str(folder), "--rank", "requested", "--penalty", "beaucoup"]) == 2
    capsys.readouterr()
    richer = write_run(solve(with_changes(result.problem.scenario, {"programme.amount": "1 700 €"})), None)
    assert main(["core", str(folder), str(richer)]) == 0
    assert "noyau" in capsys.readouterr().out
    assert main(["core", str(folder)]) == 2
