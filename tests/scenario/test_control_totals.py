"""A file that is not the announced one, or dossiers that are out, are said before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.typed import as_typed

from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

SCENARIO = """\
schema_version: 1
id: essai
programme: {{id: p, amount: 1 k€}}
dossiers:
  - file: d.csv
    control: {{{control}}}
"""


def load(folder: Path, control: str, table: str) -> object:
    (folder / "d.csv").write_text(table, encoding="utf-8")
    (folder / "s.yaml").write_text(SCENARIO.format(control=control), encoding="utf-8")
    return compile_problem(load_scenario(folder / "s.yaml"))


TABLE = "dossier;requested;state\nA;5;\nB;7,50;refuse\nC;1;sans_suite\n"


@pytest.mark.parametrize(
    ("control", "found"),
    [
        ("rows: 4", "rows vaut 3, le contrôle attend 4"),
        ("requested: 13.49 €", "requested vaut 13,50"),
        (f"sha256: {'0' * 64}", "sha256 vaut "),
    ],
)
def test_a_total_that_differs(tmp_path: Path, control: str, found: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, control, TABLE)
    (defect,) = caught.value.defects
    assert defect.code == "control"
    assert found in as_typed(defect.line(Lang.FR))
    assert (defect.places[0].file, defect.places[0].line) == ("s.yaml", 6)


def test_the_right_totals_pass(tmp_path: Path) -> None:
    load(tmp_path, "rows: 3, requested: 13.50 €", TABLE)


def test_refused_and_withdrawn_dossiers_are_out_and_counted(tmp_path: Path) -> None:
    problem = load(tmp_path, "rows: 3", TABLE)
    eligible = problem.eligibility.eligible  # type: ignore[attr-defined]
    assert eligible.tolist() == [True, False, False]


def test_a_state_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, "rows: 3", TABLE.replace("sans_suite", "retire"))
    assert caught.value.defects[0].code == "unknown_value"
