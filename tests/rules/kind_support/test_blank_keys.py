"""A rule by groups counts no dossier that leaves its key empty: which ones escape it is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_scenario import HEAD, tiny

from tnt_sim.scenario.problem import Problem, compile_problem

TABLE = """dossier,envelope,requested,score,applicant_id,department,lot
1,a,100,10,,01,x
2,a,100,9,,01,
3,b,100,8,213500017,,x
4,b,100,7,213500017,02,
"""


def compiled(folder: Path, rule: str) -> Problem:
    return compile_problem(tiny(folder, f"{HEAD}rules: [{{id: r, {rule}}}]\n", TABLE))


@pytest.mark.parametrize(
    ("rule", "escaping"),
    [
        ("kind: limit, measure: dossiers, by: applicant_id, max: 1", "12"),
        ("kind: limit, measure: dossiers, by: [applicant_id, department], max: 1", "123"),
        ("kind: limit, measure: dossiers, by: applicant_id, where: {envelope: b}, max: 1", ""),
        ("kind: limit, measure: dossiers, by: applicant_id, where: {dossier: ['1', '3']}, max: 1", "1"),
        ("kind: share, measure: granted, by: department, where: {lot: x}, max: 90 %", "3"),
        ("kind: exclusive, by: applicant_id", "12"),
        ("kind: exclusive, by: lot", ""),
        ("kind: together, by: lot", ""),
        ("kind: order, by: department, rank: score, best: high", "3"),
        ("kind: limit, measure: dossiers, by: envelope, max: 2", ""),
    ],
)
def test_the_dossiers_that_escape_are_asked(tmp_path: Path, rule: str, escaping: str) -> None:
    found = {one.id: "".join(one.dossiers) for one in compiled(tmp_path, rule).questions}
    assert found == ({"no_key/r": escaping} if escaping else {})


def test_a_floor_and_a_report_only_warn(tmp_path: Path) -> None:
    for more in ("min: 1", "max: 1, report: true"):
        problem = compiled(tmp_path, f"kind: limit, measure: dossiers, by: applicant_id, {more}")
        assert not problem.questions
        (warning,) = [one for one in problem.warnings if one.code == "no-key"]
        assert "2 applications without a value escape" in warning.text.en
