"""Errors: one line per defect, the contract's document under `--json`, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command_line import Run

from tnt_sim.cli.commands.run import determine_exit_code
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD
from tnt_sim.i18n.message import Lang


def test_every_defect_on_its_own_line(tnt: Run, demo: Path) -> None:
    file = demo / "scenario.yaml"
    text = file.read_text(encoding="utf-8").replace("max_rate: 80 %", "max_rat: 80 %")
    file.write_text(text.replace("measure: granted\n    by", "mesure: granted\n    by"), encoding="utf-8")
    said = tnt("run", "scenario.yaml")
    lines = said.err.splitlines()
    assert (said.code, said.out) == (3, "")
    assert len(lines) >= 3
    assert all(line.startswith("Erreur : ") for line in lines[:-1])
    assert lines[-1] == f"{len(lines) - 1} défauts. Rien n'a été écrit."
    assert any("scenario.yaml:37" in line and "max_rate" in line for line in lines)
    assert "Traceback" not in said.err


def test_the_document_of_an_error(tnt: Run, demo: Path) -> None:
    said = tnt("validate", "scenario.yaml", "--json", "--set", "programme.amount=beaucoup")
    error = said.document["error"]
    assert said.code == 3
    assert said.document["schema_version"] == 1
    assert said.document["command"] == "validate"
    assert set(error) == {"code", "message", "places", "defects"}
    assert {"file", "line", "column", "row", "hint"} <= set(error["places"][0])
    assert error["defects"][0]["message"] == error["message"]
    assert said.err.startswith("Erreur : ")


def test_errors_in_english(tnt: Run, demo: Path) -> None:
    said = tnt("run", "scenario.yaml", "--lang", "en", "--backend", "cplex")
    assert said.code == 2
    assert said.err.startswith("Error: ")
    assert '"cplex"' in said.err


def test_errors_speak_the_language_of_the_scenario(tnt: Run, demo: Path) -> None:
    (demo / "base.yaml").write_text("locale: en\n", encoding="utf-8")
    (demo / "child.yaml").write_text("extends: base.yaml\nid: x\nprogramm: {}\n", encoding="utf-8")
    said = tnt("run", "child.yaml")
    assert said.code == 3
    assert all(line.startswith("Error: ") for line in said.err.splitlines()[:-1])


def test_a_missing_file(tnt: Run, demo: Path) -> None:
    said = tnt("run", "nulle-part.yaml")
    assert (said.code, said.out) == (3, "")
    assert "nulle-part.yaml" in said.err


def test_usage_errors_under_json(tnt: Run) -> None:
    said = tnt("run", "--json")
    assert said.code == 2
    assert said.document["error"]["message"] == "il manque SCENARIO. Voir « tnt-sim run --help »."
    unknown = tnt("ruun", "x.yaml", "--json")
    assert unknown.code == 2
    assert (
        unknown.document["error"]["message"]
        == "la commande « ruun » n'existe pas. Vouliez-vous dire « run » ?"
    )


def test_a_bug_is_one_line(tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret\nsecond line")

    monkeypatch.setattr("tnt_sim.engine.solve.solve", broken)
    said = tnt("run", "scenario.yaml")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "Erreur : panne inattendue de tnt-sim (RuntimeError: secret). "
        "Relancez avec --debug et envoyez ce qui s'affiche. (bug)\n"
    )
    assert "Traceback" in tnt("run", "scenario.yaml", "--debug").err


def test_interrupted_is_130(tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tnt_sim.engine.solve.solve", stop)
    said = tnt("run", "scenario.yaml")
    assert (said.code, said.out, said.err) == (130, "", "Interrompu ; rien n'a été écrit.\n")
    assert tnt("run", "scenario.yaml", "--json").document["error"]["code"] == "interrupted"


def test_language_before_a_scenario_is_read(tmp_path: Path) -> None:
    from tnt_sim.cli.invocation import detect_language

    file = tmp_path / "s.yaml"
    file.write_text("id: x\nlocale: en\n", encoding="utf-8")
    assert detect_language(["run", str(file)]) is Lang.EN
    assert detect_language(["run", str(file), "--lang", "fr"]) is Lang.FR
    assert detect_language(["run", str(file), "--lang=fr"]) is Lang.FR
    assert detect_language(["run", str(tmp_path / "none.yaml")]) is Lang.FR
    loop = tmp_path / "loop.yaml"
    loop.write_text("extends: loop.yaml\n", encoding="utf-8")
    assert detect_language(["run", str(loop)]) is Lang.FR


@pytest.mark.parametrize(
    ("status", "stopped_by", "proof", "require_proof", "expected"),
    [
        ("optimal", None, "CROSS_CHECKED", True, 0),
        ("feasible", "time", "FEASIBLE_GAP", False, 0),
        ("feasible", "time", "FEASIBLE_GAP", True, 5),
        ("feasible", "interrupt", "FEASIBLE_GAP", False, INTERRUPTED_AND_TOLD),
        ("infeasible", None, None, False, 4),
        ("stopped", "time", None, False, 5),
    ],
)
def test_exit_codes_of_a_run(
    status: str, stopped_by: str | None, proof: str | None, require_proof: bool, expected: int
) -> None:
    assert determine_exit_code(status, stopped_by, proof, require_proof=require_proof) == expected
