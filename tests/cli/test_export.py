"""`export`, `report` and `run --from-xlsx` from the outside: files, codes, sentences, documents."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import polars as pl
import pytest
from support.command_line import Run
from support.lanes import in_lanes

from tnt_sim.cli.main import main
from tnt_sim.reporting.export.formats import FORMATS

SAFE = [name for name in FORMATS if name != "scdl"]


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder made by `new`, with one run."""
    folder = tmp_path_factory.mktemp("decided") / "demo"
    assert main(["new", str(folder)]) == 0
    assert main(["run", str(folder / "scenario.yaml"), "--quiet"]) == 0
    return folder


@pytest.fixture
def demo(decided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(decided, tmp_path / "demo")
    monkeypatch.chdir(tmp_path / "demo")
    return tmp_path / "demo"


@pytest.fixture
def run_dir(demo: Path) -> Path:
    (run,) = (demo / "runs").glob("*-*")
    return run.relative_to(demo)


@pytest.mark.parametrize("name", in_lanes(SAFE, "csv", "xlsx", "parquet", "arrete"))
def test_every_format_is_written_beside_the_run(tnt: Run, run_dir: Path, name: str) -> None:
    before = {file.name for file in run_dir.iterdir()}
    said = tnt("export", run_dir, "--format", name, "--json")
    assert (said.code, said.err) == (0, "")
    found = said.document
    assert (found["status"], found["format"], found["n_dossiers"]) == ("written", name, 24)
    (entry,) = found["files"]
    file = Path(entry["path"])
    assert file.parent == run_dir.parent
    assert hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]
    assert {inside.name for inside in run_dir.iterdir()} == before
    assert tnt("verify", run_dir, "--quiet").code == 0


@pytest.mark.parametrize(
    ("name", "key"), [("demarche", "Numéro de dossier"), ("publipostage", "NumeroDossier")]
)
def test_reasons_follow_the_language_asked_for(
    tnt: Run, run_dir: Path, tmp_path: Path, name: str, key: str
) -> None:
    said = {}
    for lang in ("fr", "en"):
        file = tmp_path / f"{lang}.csv"
        assert tnt("export", run_dir, "--format", name, "--lang", lang, "--out", file).code == 0
        said[lang] = {
            row[key]: " ".join(map(str, row.values())) for row in pl.read_csv(file, separator=";").to_dicts()
        }
    assert "serves the programme's goals best under its rules" in said["en"]["E-01"]
    ours = ("Votre demande", "Votre projet", "Il reste", "objectifs du programme", "au motif")
    assert [word for word in ours for text in said["en"].values() if word in text] == []
    assert any(word in text for word in ours for text in said["fr"].values())


def test_chorus_names_who_is_no_siret(tnt: Run, run_dir: Path, tmp_path: Path) -> None:
    said = tnt("export", run_dir, "--format", "chorus", "--out", tmp_path / "c.csv")
    assert said.code == 0
    assert "n'est pas un SIRET de 14 chiffres pour 17 dossiers : E-01, E-02" in said.err
    said = tnt("export", run_dir, "--format", "chorus", "--out", tmp_path / "d.csv", "--json", "--lang", "en")
    assert said.document["remarks"][0].startswith('"Tiers" is not a SIRET of 14 digits for 17 applications')


def test_nothing_is_replaced_unasked(tnt: Run, run_dir: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.csv"
    target.write_text("mine", encoding="utf-8")
    said = tnt("export", run_dir, "--format", "csv", "--out", target)
    assert said.code == 2
    assert "existe déjà" in said.err
    assert target.read_text(encoding="utf-8") == "mine"
    assert tnt("export", run_dir, "--format", "csv", "--out", target, "--force").code == 0
    assert target.read_bytes().startswith(b"\xef\xbb\xbfdossier;")
    assert list(tmp_path.glob(".*partial")) == []


def test_places_that_cannot_be(tnt: Run, run_dir: Path, tmp_path: Path) -> None:
    said = tnt("export", run_dir, "--format", "csv", "--out", tmp_path / "none" / "x.csv")
    assert (said.code, "Créez-le" in said.err) == (2, True)
    assert not (tmp_path / "none").exists()
    said = tnt("export", run_dir, "--format", "csv", "--out", tmp_path / "folder.csv")
    assert said.code == 0
    (tmp_path / "d.csv").mkdir()
    said = tnt("export", run_dir, "--format", "csv", "--out", tmp_path / "d.csv", "--force")
    assert (said.code, "est un dossier" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--format", "turgo"), "Vouliez-vous dire « turgot »"),
        (("--format", "csv", "--csv-style", "us"), "fr ou intl"),
        (("--by", "departement"), "Vouliez-vous dire « department »"),
        (("--by", "department", "--format", "csv"), "--format xlsx"),
        (("--format", "chorus", "--info", "centreFinancier"), "CLÉ=VALEUR"),
        (("--format", "pabulib", "--out", "x.csv"), "s'écrit en .pb"),
    ],
)
def test_words_that_are_wrong(tnt: Run, run_dir: Path, words: tuple[str, ...], told: str) -> None:
    said = tnt("export", run_dir, *words)
    assert said.code == 2
    assert told in said.err
    assert "Traceback" not in said.err


def test_no_run_and_a_changed_run(tnt: Run, run_dir: Path, demo: Path) -> None:
    said = tnt("export", demo / "data", "--format", "csv")
    assert (said.code, "n'est pas un dossier de calcul" in said.err) == (3, True)
    table = run_dir / "allocation.parquet"
    pl.read_parquet(table).with_columns(pl.col("granted_cents") + 1).write_parquet(table)
    for words in (("export", run_dir, "--format", "csv"), ("report", run_dir, "--out", "r.xlsx")):
        said = tnt(*words)
        assert said.code == 1
        assert "allocation.parquet" in said.err
    assert not (demo / "r.xlsx").exists()


def test_one_workbook_per_department_never_overwritten(tnt: Run, run_dir: Path) -> None:
    said = tnt("export", run_dir, "--by", "department", "--json")
    names = [Path(entry["path"]).name for entry in said.document["files"]]
    assert names == [f"{run_dir.name}-{code}.xlsx" for code in ("01", "02", "03")]
    again = tnt("export", run_dir, "--by", "department")
    assert (again.code, "existe déjà" in again.err) == (2, True)
    assert tnt("export", run_dir, "--by", "department", "--force").out.rstrip().endswith("-01.xlsx") is False
    assert tnt("export", run_dir, "--by", "region", "--out", run_dir.parent / "regions").code == 0


def test_report_and_back(tnt: Run, run_dir: Path, demo: Path) -> None:
    assert tnt("report", run_dir, "--out", "note.xlsx").plain.startswith("Écrit : note.xlsx\n")
    same = tnt("run", "scenario.yaml", "--from-xlsx", "note.xlsx", "--json")
    assert (same.code, same.err) == (0, "Repris de note.xlsx : aucun changement\n")
    assert same.document["run_dir"] == run_dir.as_posix()
    other = tnt("run", "scenario.yaml", "--set", "programme.amount=1.1 M€", "--json").document["run_dir"]
    assert tnt("report", run_dir, other, "--out", "two.xlsx").code == 0
    back = tnt("run", "scenario.yaml", "--from-xlsx", "two.xlsx", "--json")
    assert back.document["run_dir"] == run_dir.as_posix()
    clash = tnt("run", "scenario.yaml", "--set", "programme.amount=1.1 M€", "--from-xlsx", "note.xlsx")
    assert (clash.code, "deux valeurs" in clash.err) == (2, True)


def test_reports_that_cannot_be(tnt: Run, run_dir: Path) -> None:
    said = tnt("report", run_dir, "--out", "note.docx")
    assert (said.code, "pas en « .docx »" in said.err) == (2, True)
    said = tnt("report", run_dir, run_dir, run_dir, "--out", "note.xlsx")
    assert (said.code, "deux calculs" in said.err) == (2, True)
    assert tnt("report", run_dir).code == 2


def test_html_and_its_theme(tnt: Run, run_dir: Path, demo: Path) -> None:
    (demo / "t.css").write_text("h1 { color: #600 }", encoding="utf-8")
    said = tnt("report", run_dir, "--out", "r.html", "--theme-css", "t.css", "--json")
    assert (said.code, said.document["format"]) == (0, "html")
    page = (demo / "r.html").read_text(encoding="utf-8")
    assert page.lstrip().startswith("<!doctype html>")
    assert "h1 { color: #600 }" in page
    other = tnt("run", "scenario.yaml", "--set", "programme.amount=1.1 M€", "--json").document["run_dir"]
    assert tnt("report", run_dir, other, "--out", "two.html", "--lang", "en").code == 0
    assert 'id="range"' in (demo / "two.html").read_text(encoding="utf-8")
    said = tnt("report", run_dir, "--out", "r.xlsx", "--theme-css", "t.css")
    assert (said.code, "non pour un classeur" in said.err) == (2, True)
    said = tnt("report", run_dir, run_dir, "--out", "same.html")
    assert (said.code, "mêmes dossiers" in said.err) == (2, True)
    said = tnt("report", run_dir, "--out", "x.html", "--theme-css", "none.css")
    assert (said.code, (demo / "x.html").exists()) == (2, False)


def test_messages_of_export_and_report_in_english(tnt: Run, run_dir: Path) -> None:
    said = tnt("export", run_dir, "--format", "nope", "--lang", "en")
    assert said.err.startswith('Error: there is no format "nope".')
    assert tnt("report", run_dir, "--out", "note.xlsx", "--lang", "en").out.startswith("Written: note.xlsx\n")


def test_a_report_in_english_is_english_throughout(tnt: Run, run_dir: Path, demo: Path) -> None:
    """The run's own sentences too; without its inputs, kept ones too, they stay as they are, and that is said."""
    assert tnt("report", run_dir, "--out", "en.html", "--lang", "en", "--no-explain").code == 0
    page = (demo / "en.html").read_text(encoding="utf-8")
    plain = page.replace("\u202f", " ").replace("\u00a0", " ")
    assert (
        "the rule &#34;400 000 € au plus par département&#34; keeps out applications that this money" in plain
    )
    assert "sans enfreindre" not in page
    assert "Retenu" not in page
    for table in (demo / "data").iterdir():
        table.unlink()
    said = tnt("report", run_dir, "--out", "kept.html", "--lang", "en", "--no-explain")
    assert said.code == 0
    assert "its sentences stay" not in said.err
    assert "sans enfreindre" not in (demo / "kept.html").read_text(encoding="utf-8")
    shutil.rmtree(demo / "runs" / "inputs")
    said = tnt("report", run_dir, "--out", "gone.html", "--lang", "en", "--no-explain")
    assert said.code == 0
    assert "its sentences stay in the scenario's language" in said.err
