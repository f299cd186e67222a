"""`run FILE.pb` says what it maximises and what of the file it takes into account; `--measure` chooses."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run

META = """META
key;value
description;Quartier
budget;1000
rule;greedy
min_project_cost;100
"""
PROJECTS = """PROJECTS
project_id;cost;name;votes;score
1;600;A;5;9
2;500;B;4;8
3;400;C;3;12
4;50;D;9;9
"""
VOTES = "VOTES\nvoter_id;vote\n" + "a;1,2\nb;1\nc;3,2\nd;2\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points.pb").write_text(META + PROJECTS, encoding="utf-8")
    plain = "\n".join(line.rsplit(";", 2)[0] if ";" in line else line for line in PROJECTS.splitlines())
    (tmp_path / "votes.pb").write_text(f"{META}leftover_budget;all\n{plain}\n{VOTES}", encoding="utf-8")
    return tmp_path


def words(text: str) -> str:
    return " ".join(text.split())


def test_a_file_of_points(tnt: Run, here: Path) -> None:
    said = words(tnt("run", "points.pb").out)
    assert (
        "Ce calcul maximise les points reçus (`score`). `min_project_cost: 100` est appliqué : un projet hors de "
        "cette borne n'est pas éligible. La règle de la ville (`rule: greedy`) n'est pas appliquée : la liste "
        "peut différer de celle de la ville." in said
    )
    document = tnt("run", "points.pb", "--json").document
    assert (document["objective"][0]["goal"], document["objective"][0]["value"]) == ("score", "21")
    assert document["pabulib"][0] == "This run maximises the points received (`score`)."
    assert document["n_eligible"] == 3


def test_a_file_of_votes(tnt: Run, here: Path) -> None:
    """2 has three votes, 1 two, 3 one: 2 with 3 has four, and 1 with 3 three."""
    said = words(tnt("run", "votes.pb", "--lang", "en").out)
    assert "This run maximises the votes received." in said
    assert "`leftover_budget: all` is not applied: the whole budget is shared out at once." in said
    document = tnt("run", "votes.pb", "--json").document
    assert document["objective"][0]["value"] == "4"


@pytest.mark.parametrize(
    ("measure", "goal", "value"),
    [("votes", "votes", "8"), ("points", "score", "21"), ("cost", "cost", "1000")],
)
def test_the_measure_is_chosen(tnt: Run, here: Path, measure: str, goal: str, value: str) -> None:
    document = tnt("run", "points.pb", "--measure", measure, "--json").document
    assert (document["objective"][0]["goal"], document["objective"][0]["value"]) == (goal, value)


def test_measures_that_cannot_be(tnt: Run, here: Path) -> None:
    said = tnt("run", "votes.pb", "--measure", "points")
    assert (said.code, "n'ont pas de colonne « score »" in said.err) == (2, True)
    assert (
        "--measure prend votes, points, cost, pas « voix »."
        in tnt("run", "votes.pb", "--measure", "voix").err
    )
    (here / "s.yaml").write_text("schema_version: 1\n", encoding="utf-8")
    assert "--measure est pour les fichiers Pabulib" in tnt("run", "s.yaml", "--measure", "votes").err
