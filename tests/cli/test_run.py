"""`run`: exit codes, one JSON document, the page, the run folder, and flags that this version refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import Run


def test_the_page_and_the_folder(tnt: Run, demo: Path) -> None:
    said = tnt("run", "scenario.yaml")
    assert (said.code, said.err) == (0, "")
    where, explain, report = said.out.rstrip().splitlines()[-3:]
    folder = where.removeprefix("Dossier du calcul : ")
    assert (demo / folder / "allocation.csv").is_file()
    assert explain == f"Ensuite : tnt-sim explain {folder}"
    assert report.strip() == f"tnt-sim report {folder} --out rapport.html"
    assert "1 103 600 € accordés sur 1 200 000 € ; 96 400 € non dépensés" in said.plain
    assert "Données SYNTHÉTIQUES" in said.out
    assert "\x1b[" not in said.out


def test_exactly_one_document(tnt: Run, demo: Path) -> None:
    said = tnt("run", "scenario.yaml", "--json")
    assert (said.code, said.err) == (0, "")
    found = said.document
    assert (found["schema_version"], found["command"], found["scenario"]) == (1, "run", "exemple")
    assert (found["status"], found["granted_cents"], found["unspent_cents"]) == (
        "optimal",
        110_360_000,
        9_640_000,
    )
    stored = json.loads((demo / found["run_dir"] / "summary.json").read_text(encoding="utf-8"))
    assert stored["allocation_sha256"] == found["allocation_sha256"]


def test_a_run_stopped_before_its_first_answer_is_verified(tnt: Run, demo: Path) -> None:
    folder = tnt("run", "scenario.yaml", "--json", "--time-limit", "0.000001").document["run_dir"]
    said = tnt("verify", folder, "--json")
    assert (said.code, said.document["status"]) == (0, "verified")


def test_quiet_says_nothing(tnt: Run, demo: Path) -> None:
    said = tnt("run", "scenario.yaml", "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert len(list((demo / "runs").glob("*-*"))) == 1


def test_the_page_of_a_run_in_english(tnt: Run, demo: Path) -> None:
    said = tnt("run", "scenario.yaml", "--lang", "en")
    assert "€1,103,600 granted of €1,200,000; €96,400 not spent" in said.out
    assert "Run folder: runs/exemple-" in said.out
    assert 'No further application can be funded without breaking the rule "plafond-departement".' in said.out


def test_the_scenario_says_the_language(tnt: Run, demo: Path) -> None:
    said = tnt("run", "scenario.yaml", "--set", "locale=en")
    assert "Run folder" in said.out


def test_set_and_out(tnt: Run, demo: Path, tmp_path: Path) -> None:
    said = tnt(
        "run", "scenario.yaml", "--set", "programme.amount=1 M€", "--out", tmp_path / "elsewhere", "--json"
    )
    assert said.document["amount_cents"] == 100_000_000
    assert (tmp_path / "elsewhere" / Path(said.document["run_dir"]).name / "summary.json").is_file()
    assert not (demo / "runs").exists()


def test_infeasible_is_4_with_nulls(tnt: Run, demo: Path) -> None:
    rules = (
        "rules=[{id: un, kind: limit, measure: dossiers, where: {dossier: [E-01, E-02]}, min: 1, max: 1}, "
        "{id: ensemble, kind: together, where: {dossier: [E-01, E-02]}}]"
    )
    said = tnt("run", "scenario.yaml", "--set", rules, "--json")
    found = said.document
    assert said.code == 4
    assert (found["status"], found["granted_cents"]) == ("infeasible", None)
    members = found["conflict"][0]["members"]
    assert {(member["id"], member["side"]) for member in members} == {
        ("un", "min"),
        ("un", "max"),
        ("ensemble", ""),
    }
    assert {action["id"] for repair in found["repairs"] for action in repair["actions"]} == {"un", "ensemble"}
    assert found["run_dir"] is None
    assert not (demo / "runs").exists()
    page = tnt("run", "scenario.yaml", "--set", rules)
    assert page.code == 4
    assert "✘ Aucune répartition" in page.out
    assert "La règle « un » : au moins 1" in page.out


def test_relaxed_gives_prices_and_writes_no_folder(tnt: Run, demo: Path) -> None:
    said = tnt("run", "scenario.yaml", "--relax", "--json")
    assert said.code == 0
    assert said.document["relaxed"] is True
    assert said.document["allocation_sha256"] is None
    assert said.document["prices"]
    assert not (demo / "runs").exists()
    page = tnt("run", "scenario.yaml", "--relax")
    assert "Ce n'est pas une décision" in page.plain
    assert "Prix : ce que vaut une unité de plus" in page.plain


def test_require_proof_is_code_5_without_a_proof(
    tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tnt("run", "scenario.yaml", "--require-proof", "--quiet", "--cross-check", "never").code == 0
    monkeypatch.setattr("tnt_sim.engine.optimise.prove_stages", lambda *_: [None])
    alone = tnt("run", "scenario.yaml", "--require-proof", "--cross-check", "never", "--json")
    assert alone.code == 5
    assert alone.document["publishable"] is False


def test_write_lp_writes_the_model_or_refuses_the_path(tnt: Run, demo: Path) -> None:
    assert tnt("run", "scenario.yaml", "--quiet", "--write-lp", "model.lp").code == 0
    assert "subject to" in (demo / "model.lp").read_text(encoding="utf-8").lower()
    assert tnt("run", "scenario.yaml", "--quiet", "--write-lp", "new/model.lp").code == 0
    assert (demo / "new" / "model.lp").is_file()
    said = tnt("run", "scenario.yaml", "--quiet", "--write-lp", "model.lp/model.lp")
    assert said.code == 2
    assert said.err.startswith("Erreur : « model.lp/model.lp » ne peut pas être écrit : ")


@pytest.mark.parametrize(
    ("words", "french"),
    [
        (
            ("--time-limit", "bientôt"),
            "--time-limit « bientôt » n'est pas une durée. Écrivez 300, « 300 s » ou « 5 min ». "
            "(usage.time-limit)",
        ),
        (("--lang", "de"), "--lang prend fr ou en, pas « de ». (usage.lang)"),
        (("--sett", "a=1"), "l'option --sett n'existe pas ici. Vouliez-vous dire « --set » ? (usage)"),
        (("--backend",), "l'option --backend demande une valeur. Voir « tnt-sim run --help ». (usage)"),
        (
            ("trop",),
            "argument en trop : trop. S'il fait partie d'un nom ou d'une valeur avec des espaces, "
            'mettez le tout entre guillemets : "… trop". (usage)',
        ),
    ],
)
def test_usage_errors_are_2_and_one_line(tnt: Run, demo: Path, words: tuple[str, ...], french: str) -> None:
    said = tnt("run", "scenario.yaml", *words)
    assert (said.code, said.out, said.err) == (2, "", f"Erreur : {french}\n")


def test_an_unknown_method_is_refused_with_the_nearest(tnt: Run, demo: Path) -> None:
    said = tnt("run", "scenario.yaml", "--method", "treee")
    assert said.code == 2
    assert "« treee » n'existe pas" in said.err
    assert "tree" in said.err


def test_a_pabulib_file_that_is_not_there(tnt: Run, demo: Path) -> None:
    said = tnt("run", "election.pb")
    assert said.code == 3
    assert "« election.pb » n'existe pas" in said.err


def test_the_same_folder_is_replaced(tnt: Run, demo: Path) -> None:
    first = tnt("run", "scenario.yaml", "--json").document["run_dir"]
    assert tnt("run", "scenario.yaml", "--json").document["run_dir"] == first
    assert [entry.name for entry in (demo / "runs").glob("*-*")] == [Path(first).name]


def test_a_stranger_is_not_touched(tnt: Run, demo: Path) -> None:
    folder = demo / tnt("run", "scenario.yaml", "--json").document["run_dir"]
    (folder / "summary.json").write_text("mine", encoding="utf-8")
    said = tnt("run", "scenario.yaml", "--json")
    assert said.code == 2
    assert said.document["error"]["code"] == "usage.out"
    assert (folder / "summary.json").read_text(encoding="utf-8") == "mine"


def test_a_folder_in_place_of_a_scenario_is_answered_with_its_file(tnt: Run, demo: Path) -> None:
    said = tnt("run", f"../{demo.name}")
    assert said.code == 3
    assert f"Vouliez-vous dire « ../{demo.name}/scenario.yaml » ?" in said.err
    said = tnt("run", tnt("run", "scenario.yaml", "--json").document["run_dir"])
    assert said.code == 3
    assert "C'est le dossier d'un calcul : donnez un scénario, un fichier en .yaml." in said.err


def test_a_run_without_allocation_names_the_command_to_paste(tnt: Run, demo: Path) -> None:
    said = tnt("run", "scenario.yaml", "--set", "programme.min_use=100 %")
    assert said.code == 4
    assert 'tnt-sim conflict scenario.yaml --set "programme.min_use=100 %"' in said.plain
