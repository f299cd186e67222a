"""A rule kind of another package is a kind like any other: read, told, solved, proven and read again."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest
from support.example_package import check_refusal, run_python, write_distribution, write_example

from tnt_sim.rules.kinds.registry import load_rule_kinds

TABLE = """\
dossier,envelope,filed_at,applicant_id,cost,requested,score
1,tout,2021-01-01,A,1000,400,10
2,tout,2021-03-01,A,1000,300,9
3,tout,2021-06-30,A,1000,200,8
4,tout,2021-01-01,B,1000,500,7
5,tout,2021-01-02,B,1000,100,6
6,tout,2021-02-15,C,1000,300,5
"""
DAYS = {"1": 0, "2": 59, "3": 180, "4": 0, "5": 1, "6": 45}
SCENARIO = """schema_version: 1
id: carence
programme: {{id: tout, amount: 1 200 €}}
dossiers: [{{file: table.csv}}]
objective: [{{maximise: {{score: 1}}}}]
rules: [{{id: carence, kind: waiting_period, days: 90{more}}}]
"""
SOLVE = """
import json, sys
from tnt_sim.certify.rule_rows import build_second_rows
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.kinds.registry import describe_rule
from tnt_sim.scenario.load import load_scenario

for name in sys.argv[1:]:
    result = solve(load_scenario(name))
    problem = result.problem
    rows = build_second_rows(problem, problem.rules[0])
    print(json.dumps({
        "funded": problem.case.table["dossier"].filter(result.allocation.funded).to_list(),
        "status": result.status.value,
        "proof": result.proof.value,
        "value": str(result.reading.values[0]),
        "rows": rows and [[row.name, row.choices.tolist(), row.bound] for row in rows],
        "sentences": [describe_rule(problem.scenario.spec.rules[0], lang) for lang in (Lang.FR, Lang.EN)],
    }))
"""
COSTS = {"hard.yaml": None, "cheap.yaml": 2, "dear.yaml": 50}


def write_scenario(folder: Path, name: str = "carence.yaml", more: str = "") -> None:
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    (folder / name).write_text(SCENARIO.format(more=more), encoding="utf-8")


def find_best(cost: int | None) -> tuple[Fraction, set[frozenset[str]]]:
    """The best value and all lists that reach it; a pair that is too close costs `cost`, or is forbidden."""
    rows = [line.split(",") for line in TABLE.strip().split("\n")[1:]]
    best, lists = Fraction(-1), set()
    for n in range(len(rows) + 1):
        for chosen in combinations(rows, n):
            pairs = [
                (a, b)
                for a, b in combinations(chosen, 2)
                if a[3] == b[3] and abs(DAYS[a[0]] - DAYS[b[0]]) < 90
            ]
            if sum(int(row[5]) for row in chosen) > 1200 or (pairs and cost is None):
                continue
            value = Fraction(sum(int(row[6]) for row in chosen) - (cost or 0) * len(pairs))
            if value >= best:
                lists = {frozenset(row[0] for row in chosen)} | (lists if value == best else set())
                best = value
    return best, lists


def test_its_optimum_is_proven_and_equals_enumeration(tmp_path: Path) -> None:
    write_example(tmp_path)
    for name, cost in COSTS.items():
        write_scenario(tmp_path, name, "" if cost is None else f", penalty: {{cost: {cost}}}")
    done = run_python(tmp_path, ["-c", SOLVE, *COSTS])
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    for answer, cost in zip(answers, COSTS.values(), strict=True):
        value, lists = find_best(cost)
        assert (answer["status"], answer["proof"]) == ("optimal", "PROVED")
        assert Fraction(answer["value"]) == value
        assert frozenset(answer["funded"]) in lists
    assert [answer["rows"] is None for answer in answers] == [False, True, True]
    assert answers[0]["rows"] == [  # the table is in the order of filing: 1, 4, 5, 6, 2, 3
        ["rule:carence:1 + 2:max", [1, 0, 0, 0, 1, 0], 1],
        ["rule:carence:4 + 5:max", [0, 1, 1, 0, 0, 0], 1],
    ]
    french, english = answers[0]["sentences"]
    assert french.endswith(
        "deux dossiers financés sont séparés d’au moins 90\xa0jours, d’après la date de dépôt."
    )
    assert english.endswith("two funded applications are at least 90 days apart, by the filing date.")


def test_every_command_knows_it(tmp_path: Path) -> None:
    write_example(tmp_path)
    write_scenario(tmp_path)
    run = run_python(tmp_path, ["-m", "tnt_sim", "run", "carence.yaml", "--lang", "en"])
    assert run.returncode == 0, run.stderr
    assert "waiting period" in run.stdout
    (folder,) = (tmp_path / "runs").glob("*-*")
    assert run_python(tmp_path, ["-m", "tnt_sim", "verify", str(folder)]).returncode == 0


def test_without_its_package_the_kind_is_unknown(tmp_path: Path) -> None:
    write_scenario(tmp_path)
    done = run_python(tmp_path, ["-m", "tnt_sim", "validate", "carence.yaml", "--lang", "en"])
    assert done.returncode == 3
    assert "waiting_period" in done.stderr


BROKEN = """
from dataclasses import replace
from tnt_sim.rules.kinds.limit.kind import LIMIT
NOT_A_KIND = 7
OTHER_NAME = LIMIT
"""


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("limit = broken:OTHER_NAME", '"limit" is a name of tnt_sim already'),
        ("mine = broken:OTHER_NAME", 'its object is named "limit"'),
        ("mine = broken:NOT_A_KIND", '"broken:NOT_A_KIND" is no `RuleKind` object'),
        ("mine = broken:MISSING", "its import fails (AttributeError"),
        ("mine = unread:UNREAD", "has no second reading"),
        ("waiting_period = tnt_sim_example.waiting_period.kind:WAITING_PERIOD", "a name of tnt-sim-example"),
    ],
)
def test_a_package_that_cannot_be_used_is_refused_by_name(
    entry: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, value = entry.split(" = ")
    unread = BROKEN + "UNREAD = replace(LIMIT, second_reading={})\n"
    check_refusal(
        load_rule_kinds.__wrapped__, ("tnt_sim.rule_kinds", name, value), why, tmp_path, monkeypatch,
        {"broken": BROKEN, "unread": unread},
    )  # fmt: skip


def test_a_command_says_which_package_it_refuses(tmp_path: Path) -> None:
    write_distribution(tmp_path, "zz-broken", {"tnt_sim.rule_kinds": {"mine": "missing:MISSING"}})
    done = run_python(tmp_path, ["-m", "tnt_sim", "validate", "any.yaml", "--lang", "en"])
    assert done.returncode == 2
    assert "zz-broken" in done.stderr


def test_the_version_looks_for_no_package(tmp_path: Path) -> None:
    write_distribution(tmp_path, "zz-broken", {"tnt_sim.rule_kinds": {"mine": "missing:MISSING"}})
    assert run_python(tmp_path, ["-m", "tnt_sim", "--version"]).returncode == 0
