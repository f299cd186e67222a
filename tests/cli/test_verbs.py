"""The other verbs: new, validate, show, verify, doctor, and the help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from support.command_line import Run

from tnt_sim.cli.commands import doctor
from tnt_sim.cli.verbs import VERBS

DS = """\
Numéro de dossier;État du dossier;Déposé le;Intitulé du projet;Département (Code);Montant demandé;Note;Dispositif
0123;En instruction;2026-01-02;Mairie;01;50 000,00;12;DETR
0124;Accepté;2026-01-03;École;2A;70 000,00;14;DSIL
0125;Refusé;2026-01-04;Voirie;01;30 000,50;9;DETR
"""


def test_new_validates_and_never_overwrites(tnt: Run, demo: Path) -> None:
    assert tnt("validate", "scenario.yaml").code == 0
    before = (demo / "scenario.yaml").read_bytes()
    said = tnt("new", demo)
    assert said.code == 2
    assert "existe et n'est pas vide" in said.err
    assert (demo / "scenario.yaml").read_bytes() == before


def test_new_from_a_table(tnt: Run, tmp_path: Path) -> None:
    table = tmp_path / "export.csv"
    table.write_text(DS, encoding="utf-8")
    folder = tmp_path / "ma-prog"
    said = tnt("new", folder, "--from", table)
    assert (said.code, said.err) == (0, "")
    assert "3 dossiers lus, 150 000,50 € demandés" in said.plain
    text = (folder / "scenario.yaml").read_text(encoding="utf-8")
    assert "require: {state: {not: [refuse]}}" in text
    assert "amount: 96 k€" in text  # four fifths of what the two that are eligible request
    assert "maximise: {score: 1}" in text
    assert 'path: "../export.csv"' in text
    run = tnt("run", folder / "scenario.yaml", "--json")
    assert (run.code, run.document["n_eligible"]) == (0, 2)
    assert 'requested: "Montant demandé"' in (folder / "intake.yaml").read_text(encoding="utf-8")
    assert "<html" in (folder / "relecture.html").read_text(encoding="utf-8")


def test_new_where_nothing_can_be_written(tnt: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    said = tnt("new", tmp_path / "file" / "x")
    assert said.code == 2
    assert "une partie du chemin est un fichier. Choisissez un autre dossier." in said.err


def test_applications_without_numbers_go_by_their_lines(tnt: Run, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("Montant demandé;Couleur\n5;rouge\n", encoding="utf-8")
    said = tnt("new", tmp_path / "x", "--from", table, "--json").document
    assert said["intake"]["questions"][0]["code"] == "no_number_column"
    assert (
        (tmp_path / "x" / "data" / "dossiers.csv")
        .read_text(encoding="utf-8")
        .splitlines()[1]
        .startswith("L2,5.00")
    )


def test_a_file_without_a_table_makes_no_project(tnt: Run, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("Bonjour\nau revoir\n", encoding="utf-8")
    said = tnt("new", tmp_path / "x", "--from", table)
    assert said.code == 3
    assert "aucune ligne ne ressemble à l'en-tête" in said.err
    assert not (tmp_path / "x").exists()


def test_validate_as_a_document(tnt: Run, demo: Path) -> None:
    said = tnt("validate", "scenario.yaml", "--json")
    found = said.document
    assert (said.code, said.err) == (0, "")
    assert (found["command"], found["status"], found["n_eligible"]) == ("validate", "valid", 22)
    assert found["checks"][0]["id"] == "complet"
    assert not (demo / "runs").exists()


def test_show_prints_lines_sentences_and_model(tnt: Run, demo: Path) -> None:
    both = tnt("show", "scenario.yaml")
    assert both.code == 0
    assert "# scenario.yaml:4" in both.out
    assert "Pour chaque département" in both.out
    assert "Pour chaque" not in tnt("show", "scenario.yaml", "--resolved").out
    alone = tnt("show", "scenario.yaml", "--model")
    assert "schema_version" not in alone.out
    assert "Méthode" in alone.out
    told = tnt("show", "scenario.yaml", "--model", "--json").document["model"]
    assert told["method"] == tnt("run", "scenario.yaml", "--json").document["method"]
    found = tnt("show", "scenario.yaml", "--json", "--lang", "en").document
    assert {"values", "sentences", "status", "scenario_sha256"} <= set(found)
    assert any(entry["text"].startswith("For each department") for entry in found["sentences"])


def test_verify_accepts_a_run_and_refuses_a_changed_one(tnt: Run, demo: Path) -> None:
    run_dir = tnt("run", "scenario.yaml", "--json").document["run_dir"]
    good = tnt("verify", run_dir)
    assert good.code == 0
    assert good.plain.startswith("✔ exemple : ")
    table = demo / run_dir / "allocation.parquet"
    awards = pl.read_parquet(table)
    awards.with_columns(pl.col("granted_cents") + 1).write_parquet(table)
    bad = tnt("verify", run_dir, "--json")
    assert bad.code == 1
    assert bad.document["status"] == "refused"
    assert bad.document["defects"]
    lines, n = bad.err.splitlines(), len(bad.document["defects"])
    assert all(line.startswith("Erreur : ") for line in lines[:n])
    assert lines[n:] == bad.document["notes"]
    assert tnt("verify", demo / "data").code == 3


def test_doctor_lists_versions_and_working_solvers(tnt: Run) -> None:
    said = tnt("doctor", "--json")
    found = said.document
    assert said.code == 0
    assert {"versions", "solvers", "cross_check", "status"} <= set(found)
    assert next(entry for entry in found["solvers"] if entry["name"] == "highs")["works"]
    assert "Solveurs" in tnt("doctor").out


def test_doctor_without_a_second_solver(tnt: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate needs no second solver: nothing says that results cannot be published."""
    monkeypatch.setattr(doctor, "_list_second_solvers", tuple)
    said = tnt("doctor")
    assert "Un optimum sans certificat exact n'est pas confirmé par un second solveur." in " ".join(
        said.out.split()
    )
    assert "publi" not in said.out
    english = " ".join(tnt("doctor", "--lang", "en").out.split())
    assert "An optimum without an exact certificate is not confirmed by a second solver." in english


def test_a_verb_that_is_not_there(tnt: Run) -> None:
    assert "la commande « weigh » n'existe pas. Vouliez-vous dire « weights » ?" in tnt("weigh").err
    assert "la commande « valider » n'existe pas. Vouliez-vous dire « validate » ?" in tnt("valider").err
    assert "la commande « sweeep » n'existe pas. Vouliez-vous dire « sweep » ?" in tnt("sweeep").err


def test_help_is_french_and_lists_only_what_is_built(tnt: Run) -> None:
    said = tnt("--help")
    assert said.code == 0
    assert "Usage : tnt-sim VERBE" in said.out
    verbs = list(VERBS)
    section = said.out.partition("Commencer")[2].partition("Options :")[0]
    assert [line.split()[0] for line in section.splitlines() if line[:3] == "  " + line[2:3].strip()] == verbs
    assert max(len(line) for line in said.out.splitlines()) <= 80
    for verb in verbs:
        text = tnt(verb, "--help").out
        assert f"Usage : tnt-sim {verb}" in text
        assert "Exemple" in text


@pytest.mark.parametrize(("lang", "first"), [("fr", "Commencer"), ("en", "Start")])
def test_no_words_at_all_show_a_menu(tnt: Run, lang: str, first: str) -> None:
    """It fits a terminal of 24 lines with the prompt, and every verb in it exists."""
    said = tnt("--lang", lang)
    lines = said.plain.splitlines()
    assert (said.code, said.err) == (0, "")
    assert lines[3].startswith(f"{first} ")
    assert len(lines) < 24
    assert max(map(len, lines)) <= 80
    entries = lines[3 : lines.index("", 3)]
    assert {line[11:].split()[0] for line in entries} <= set(VERBS)
    assert [line[11:].split()[0] for line in entries if not line.startswith(" ")] == [
        next(iter(verbs))
        for verbs in [("new",), ("run",), ("explain",), ("compare",), ("report",), ("validate",)]
    ]
    assert (tnt().out == said.out) is (lang == "fr")


HEAVY_SPACES = str.maketrans({"\u00a0": "_", "\u202f": "_"})


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_at_each_width_breaks_no_word(
    tnt: Run, monkeypatch: pytest.MonkeyPatch, verb: str, lang: str
) -> None:
    words: dict[int, set[str]] = {}
    for width in (60, 80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        said = tnt(*verb.split(), "--help", "--lang", lang).out
        assert [line for line in said.splitlines() if len(line) > width and len(line.split()) > 3] == []
        words[width] = set(said.translate(HEAVY_SPACES).split()) - {"\\"}
    assert words[60] == words[80] == words[120]


def test_help_has_panels_and_defaults(tnt: Run) -> None:
    said = tnt("alternatives", "--help", "--lang", "en").out
    assert [line for line in said.splitlines() if line.endswith(":") and line[0] != " "] == [
        "Arguments:", "Options:", "Solving:", "Files:", "Output:", "Examples:",
    ]  # fmt: skip
    assert "How many other choices. Default: 10." in said
    assert "Default: TNT_SIM_LANG" in said
    assert "NO_COLOR" in tnt("--help").out


@pytest.mark.skipif(sys.platform == "win32", reason="pipes")
def test_a_closed_pipe_is_no_error(demo: Path) -> None:
    command = f"{sys.executable} -m tnt_sim show scenario.yaml | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=demo)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


def test_a_ranking_value_has_the_decimal_mark_of_the_language(tnt: Run, demo: Path) -> None:
    folder = tnt("run", "scenario.yaml", "--json").document["run_dir"]
    french, english = tnt("inversions", folder).out, tnt("inversions", folder, "--lang", "en").out
    assert "10,5" in french
    assert "10.5" not in french
    assert "10.5" in english
    assert "10,5" not in english


def test_no_threshold_of_nothing_is_told(tnt: Run, demo: Path) -> None:
    folder = tnt("run", "scenario.yaml", "--json").document["run_dir"]
    entries = tnt("explain", folder, "--all", "--json").document["dossiers"]
    (first,) = (entry for entry in entries if entry["dossier"] == "E-03")
    (open_,) = (one for one in first["changes"] if (one["kind"], one["of"]) == ("envelope", "programme"))
    assert (open_["low_cents"], open_["by_cents"]) == (0, None)
    said = " ".join(tnt("explain", folder, "--all").plain.split())
    told = said[said.index("E-03 Non retenu") : said.index("E-04 Retenu")]
    assert "→ Il serait retenu avec la note de 17 au lieu de 16" in told
    assert "Programme d'exemple" not in told
    assert "0 € de plus" not in told
    assert "n'est pas calculé" not in said
