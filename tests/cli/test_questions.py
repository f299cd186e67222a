"""The verbs `conflict`, `audit`, `alternatives`, `weights`: exit codes, one document, a page."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from support.clash import CLASH
from support.command_line import Run


def test_conflict_gives_sets_and_repairs_with_code_4(tnt: Run, demo: Path) -> None:
    said = tnt("conflict", "scenario.yaml", "--set", CLASH, "--json")
    found = said.document
    assert said.code == 4
    assert {"schema_version", "command", "scenario", "scenario_sha256", "status", "sets", "repairs"} <= set(
        found
    )
    assert (found["command"], found["status"], found["complete"]) == ("conflict", "infeasible", True)
    assert found["sets"][0]["minimal"] is True
    assert found["sets"][0]["members"][0]["file"] == "--set" or found["sets"][0]["members"][0]["file"]
    page = tnt("conflict", "scenario.yaml", "--set", CLASH)
    assert page.code == 4
    assert "Il est démontré qu'aucune répartition ne respecte toutes les règles." in page.plain
    assert "Lever la règle « ensemble »" in page.plain
    follow = next(line for line in page.out.splitlines() if line.startswith("Ensuite : tnt-sim run "))
    assert tnt(*shlex.split(follow.removeprefix("Ensuite : "))[1:], "--out", "tmp-run").code == 0
    english = tnt("conflict", "scenario.yaml", "--set", CLASH, "--lang", "en")
    assert 'Lift the rule "ensemble"' in english.plain
    assert not (demo / "runs").exists()


def test_conflict_of_what_fits(tnt: Run, demo: Path) -> None:
    said = tnt("conflict", "scenario.yaml", "--json")
    assert (said.code, said.document["status"], said.document["sets"]) == (0, "feasible", [])


def test_audit_names_what_a_selection_breaks(tnt: Run, demo: Path) -> None:
    (demo / "liste.csv").write_text("dossier\nE-01\nE-02\nE-99\n", encoding="utf-8")
    said = tnt("audit", "scenario.yaml", "--selection", "liste.csv", "--json")
    found = said.document
    assert said.code == 0
    assert {"command", "status", "broken", "swaps", "better", "cheaper"} <= set(found)
    assert found["selection"]["findings"][0]["code"] == "selection-unknown"
    page = tnt("audit", "scenario.yaml", "--selection", "liste.csv", "--lang", "en")
    assert "Best possible" in page.plain
    missing = tnt("audit", "scenario.yaml", "--selection", "rien.csv")
    assert missing.code == 2
    assert "« rien.csv » n'existe pas." in missing.err


@pytest.mark.slow
def test_alternatives_keep_count_and_limit_of_solves(tnt: Run, demo: Path) -> None:
    said = tnt("alternatives", "scenario.yaml", "--within", "5 %", "--count", "3", "--json")
    found = said.document
    assert said.code == 0
    assert len(found["portfolios"]) == 3
    assert found["n_solves"] <= 3 + 10
    assert "aussi différent que possible" in tnt("alternatives", "scenario.yaml", "--count", "1").plain


def test_weights_give_every_choice_of_a_range(tnt: Run, demo: Path) -> None:
    words = ("weights", "scenario.yaml", "--criteria", "score,dossiers", "--range", "score=40 %:80 %")
    said = tnt(*words, "--json")
    assert (said.code, said.document["exact"], said.document["complete"]) == (0, True, True)
    assert "Un seul choix" in tnt(*words).plain


@pytest.mark.parametrize(
    "words",
    [
        ("alternatives", "scenario.yaml", "--within", "beaucoup"),
        ("alternatives", "scenario.yaml", "--by", "argent"),
        ("weights", "scenario.yaml", "--criteria", "score,dossiers", "--range", "score=40"),
        ("weights", "scenario.yaml", "--criteria", "score"),
        ("audit", "scenario.yaml"),
    ],
)
def test_a_wrong_option_is_code_2_without_traceback(tnt: Run, demo: Path, words: tuple[str, ...]) -> None:
    said = tnt(*words)
    assert said.code == 2
    assert said.err
    assert "Traceback" not in said.err
