"""What a batch file asks for, and what is wrong with one, told at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnt_sim.analysis.batch.plan import read_plan
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang


def test_the_matrix_is_crossed_in_order_and_filtered(folder: Path) -> None:
    plan = read_plan([folder / "lot.yaml"])
    assert [case.name for case in plan.cases[:3]] == [
        "50 k€, 20 k€, 20 k€",
        "50 k€, 20 k€, 30 k€",
        "50 k€, 30 k€, 20 k€",
    ]
    assert len(plan.cases) == 3 * 2 * 2 - 2
    assert not any(case.name.startswith("70 k€, 20 k€") for case in plan.cases)


def test_a_scenario_is_a_case_and_the_same_question_is_asked_once(folder: Path) -> None:
    plan = read_plan([folder / "petit.yaml", folder / "lot.yaml", folder / "petit.yaml"])
    assert plan.cases[0].name == "petit"
    assert plan.cases[0].sets == ()
    assert len(plan.cases) == 1 + 10


def test_identity_is_content(folder: Path) -> None:
    before = read_plan([folder / "lot.yaml"])
    text = (folder / "lot.yaml").read_text(encoding="utf-8")
    (folder / "lot.yaml").write_text(text.replace('name: "', 'name: "x '), encoding="utf-8")
    renamed = read_plan([folder / "lot.yaml"])
    assert [case.key for case in renamed.cases] == [case.key for case in before.cases]
    data = (folder / "dossiers.csv").read_text(encoding="utf-8")
    (folder / "dossiers.csv").write_text(data.replace("D1,", "E1,"), encoding="utf-8")
    assert not {case.key for case in read_plan([folder / "lot.yaml"]).cases} & {c.key for c in before.cases}


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("{programme.amount},", "{programme.amont},", 7, "« programme.amont » n'est pas un axe"),
        ("skip: [{programme.amount: 70 k€,", "skip: [{programe.amount: 70 k€,", 6, "programme.amount"),
        ("rules.plafond.max: [20 k€", "rules.plafon.max: [20 k€", 4, "« plafond »"),
        ("[20 k€, 30 k€]\nskip", "[20 k€, beaucoup]\nskip", 5, "beaucoup"),
        ("programme.amount: [50 k€, 60 k€, 70 k€]", "programme.amount: []", 3, "pas de valeur"),
        ("matrix:", "matrice:", 2, "« matrix »"),
        (
            "skip: [{programme.amount: 70 k€,",
            "skip: [{programme.amount: 7 k€,",
            6,
            "n'est pas une valeur de l'axe",
        ),
        ("skip: [{programme.amount: 70 k€,", "skip: [{}, {programme.amount: 70 k€,", 6, "est vide"),
        ("base: petit.yaml", "base: ../ailleurs.yaml", 1, "hors du dossier"),
        ("base: petit.yaml", "base: petite.yaml", 1, "petite.yaml"),
    ],
)
def test_each_fault_of_a_batch_file_is_told_at_its_line(
    folder: Path, old: str, new: str, line: int, words: str
) -> None:
    file = folder / "lot.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_plan([file])
    told = [defect.line(Lang.FR) for defect in caught.value.defects]
    assert any(f"lot.yaml:{line}" in said and words in said for said in told), told


def test_the_same_scenario_with_another_solver_is_another_case(folder: Path) -> None:
    text = (folder / "petit.yaml").read_text(encoding="utf-8")
    (folder / "petit-vite.yaml").write_text(text + "\nsolver: {time_limit: 1 s}\n", encoding="utf-8")
    plan = read_plan([folder / "petit.yaml", folder / "petit-vite.yaml"])
    assert len(plan.cases) == 2
    assert plan.cases[0].base_sha256 == plan.cases[1].base_sha256


def test_a_batch_without_a_scenario_is_refused(folder: Path) -> None:
    text = "base: petit.yaml\nmatrix: {programme.amount: [60 k€]}\nskip: [{programme.amount: 60 k€}]\n"
    (folder / "lot.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_plan([folder / "lot.yaml"])
    said = caught.value.defects[0].line(Lang.FR)
    assert "lot.yaml:3" in said
    assert "écarte tous les scénarios" in said


def test_names_tell_cases_apart(folder: Path) -> None:
    text = (folder / "lot.yaml").read_text(encoding="utf-8")
    text = text[: text.index("name:")] + 'name: "{programme.amount}"\n'
    (folder / "lot.yaml").write_text(text, encoding="utf-8")
    names = [case.name for case in read_plan([folder / "lot.yaml"]).cases]
    assert names[0] == "50 k€ (20 k€, 20 k€)"
    assert len(set(names)) == len(names)


def test_ten_million_scenarios_are_refused_before_they_are_laid_out(folder: Path) -> None:
    values = ", ".join(f"{50 + k / 100} k€" for k in range(22))
    axes = "".join(f"  {path}: [{values}]\n" for path in (
        "programme.amount", "envelopes.a.amount", "envelopes.b.amount", "rules.plafond.max", "rules.plafond.min",
    ))  # fmt: skip
    (folder / "lot.yaml").write_text(f"base: petit.yaml\nmatrix:\n{axes}", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_plan([folder / "lot.yaml"])
    assert any("5153632 scénarios : plus que" in d.line(Lang.FR) for d in caught.value.defects)
