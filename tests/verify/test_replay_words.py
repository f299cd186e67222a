"""What a check says: why a scenario cannot be asked again, which group breaks a rule, how a refusal reads."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest
from support.run_folders.checked import copied
from support.run_folders.mutations import load
from support.run_folders.small_runs import changed, solved

from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.errors import DataError, Defect
from tnt_sim.i18n.message import Bilingual
from tnt_sim.verify import run_replay as replay
from tnt_sim.verify.allocation_reading import list_broken_rules, read_allocation


def test_a_scenario_that_this_code_refuses_says_why(
    made: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version may take what this one does not: nothing is called verified, and the reason is told."""

    def refuse(*_: object) -> NoReturn:
        raise DataError([Defect("no-more", Bilingual("ne se dit plus", "is no longer said"))])

    monkeypatch.setattr(replay, "compile_problem", refuse)
    report = verify_run(made["years"])
    assert [defect.code for defect in report.defects] == ["no-more"]


def test_a_refusal_is_no_verification(made: dict[str, Path], tmp_path: Path) -> None:
    run = copied(made["maps"], tmp_path)
    (run.parents[1] / "fait.csv").write_text("code\n01004\n", encoding="utf-8")
    report = verify_run(run)
    assert (report.ok, report.head.status, report.head.proof) == (False, "refused", None)
    whole = verify_run(made["maps"])
    assert (whole.head.status, whole.head.proof) == ("verified", load(made["maps"])["proof"])


def test_a_broken_rule_names_its_group(tmp_path: Path) -> None:
    result = solved("money", tmp_path / "project")
    names = result.problem.case.table["dossier"].to_list()
    nobody = changed(result, dict.fromkeys(names))
    found = list_broken_rules(result.problem, nobody, read_allocation(result.problem, nobody))
    said = [defect.text.en for defect in found if defect.code == "rule:dep"]
    assert {'the rule "dep" (01) is broken', 'the rule "dep" (02) is broken'} <= {
        text.partition(":")[0] for text in said
    }
    only = changed(result, {name: 50_000 if name == "1" else None for name in names})
    found = list_broken_rules(result.problem, only, read_allocation(result.problem, only))
    texts = [defect.text.en for defect in found if defect.code == "rule:part"]
    assert [text.partition(":")[0] for text in texts] == ['the rule "part" is broken']
