"""Secrets planted in every column of a table: none is in the run, in what is published, or in the report."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from pathlib import Path

import polars as pl
import pytest

from tnt_sim.cli.main import main
from tnt_sim.domain.portfolio import CANONICAL, ColumnKind
from tnt_sim.engine import result as engine_result
from tnt_sim.reporting.public_run import PUBLIC_COLUMNS

OWN = {
    "contact": "Jeanne SECRETOWN{n}",
    "courriel": "secretown{n}@exemple.fr",
    "Téléphone": "06 12 34 56 {n:02d}",
    "date de naissance": "1980-01-{n:02d}",
    "numéro de sécurité sociale": "1 80 01 75 116 0{n:02d} 21",
    "adresse": "{n} rue SECRETOWN",
    "juré 1": "SECRETOWN{n}",
    "instructeur": "SECRETOWN{n}",
    "IBAN": "FR76 3000 6000 0112 3456 7890 1{n:02d}",
    "avis": "réponse attendue de someone{n}@secretown.fr",
    "porteur réel": "Monsieur Jean SECRETOWN{n}",
}
PERSONAL = r"(?i)secretown|06 12 34|1980-01-|1 80 01 75|FR76"
CONTACTS = r"secretcontact|06 98 76|2 90 02 75"
LISTED = ("scdl", "pabulib", "arrete")
GIVER = ["--info", "nomAttribuant=Préfecture", "--info", "idAttribuant=17690001900015"]


def write_secrets(project: Path) -> list[str]:
    """Plant a secret in every column of the demonstration; return the canonical ones that got one."""
    file = project / "data" / "dossiers.csv"
    with file.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    texts = [
        name
        for name, kind in CANONICAL.items()
        if kind in (ColumnKind.TEXT, ColumnKind.CODE, ColumnKind.LIST)
        and name not in ("dossier", "envelope", "applicant_type", "department", "applicant_id", "state",
                         "variant_of", "requires", "members", "title", "applicant")
    ]  # fmt: skip
    for n, row in enumerate(rows, start=1):
        row |= {name: text.format(n=n) for name, text in OWN.items()}
        row |= {name: f"SECRET-{name}-{n}" for name in texts}
        row["title"] += f" (secretcontact{n}@exemple.fr, 06 98 76 54 {n:02d}, 2 90 02 75 116 0{n:02d} 21)"
        row["applicant_id"] = f"{21350001700000 + n}"
        row["catégorie juridique"] = "1000" if n % 4 == 1 else "7210"
        if n % 4 == 0:
            row["applicant"] = f"Madame Anne SECRETNAME{n}"
        if n % 4 == 1:
            row["applicant"] = f"Ferme SECRETNAME{n}"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return texts


def read_all(path: Path) -> str:
    """Return all text of a file: the parts of a workbook, the cells of a Parquet file."""
    if path.suffix == ".parquet":
        return str(pl.read_parquet(path).to_dicts())
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return path.read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A project with secrets in every column, its run, and everything written from it."""
    folder = tmp_path_factory.mktemp("secrets") / "demo"
    assert main(["new", str(folder)]) == 0
    texts = write_secrets(folder)
    assert main(["run", str(folder / "scenario.yaml"), "--out", str(folder / "runs"), "--quiet"]) == 0
    run = next((folder / "runs").glob("*-*"))
    for name in ("xlsx", "csv", "parquet", *LISTED):
        info = GIVER if name == "scdl" else []
        assert main(["export", str(run), "--format", name, *info, "--quiet"]) == 0
    assert main(["report", str(run), "--out", str(folder / "report.html"), "--quiet"]) == 0
    for lang in ("fr", "en"):
        words = ["transparency", str(run), "--out", str(folder / "sheets" / lang), "--lang", lang, "--quiet"]
        assert main(words) == 0
    return folder, texts


def list_outputs(folder: Path) -> dict[str, Path]:
    """Return what the run wrote and what was made from it, by name."""
    kept = folder / "runs" / "inputs"  # the table as it was
    runs = [file for file in (folder / "runs").rglob("*") if kept not in file.parents]
    files = [*runs, *(folder / "sheets").rglob("*"), folder / "report.html"]
    return {file.relative_to(folder).as_posix(): file for file in files if file.is_file()}


def list_public(folder: Path) -> dict[str, str]:
    """Return the text of each public output."""
    outputs = list_outputs(folder)
    named = {key: next(file for name, file in outputs.items() if f"-{key}." in name) for key in LISTED}
    return {key: read_all(file) for key, file in (named | {"report": outputs["report.html"]}).items()}


def test_the_secrets_are_there(planted: tuple[Path, list[str]]) -> None:
    text = (planted[0] / "data" / "dossiers.csv").read_text(encoding="utf-8")
    assert len(re.findall(PERSONAL, text)) >= 11 * 24
    assert len(re.findall(CONTACTS, text)) == 3 * 24
    assert len(re.findall("SECRETNAME", text)) == 12


def test_no_personal_column_that_nobody_reads_leaves_the_table(planted: tuple[Path, list[str]]) -> None:
    found = {name: re.findall(PERSONAL, read_all(file)) for name, file in list_outputs(planted[0]).items()}
    assert len(found) >= 12
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_what_is_public_shows_no_contact_and_no_natural_person(planted: tuple[Path, list[str]]) -> None:
    for name, text in list_public(planted[0]).items():
        assert re.findall(CONTACTS, text) == [], name
        if name != "arrete":  # the order names those whom it funds
            assert re.findall("SECRETNAME", text) == [], name
            assert "personne physique" in text, name


def test_what_is_public_has_no_column_that_is_not_listed(planted: tuple[Path, list[str]]) -> None:
    folder, texts = planted
    for name, text in list_public(folder).items():
        unlisted = [column for column in texts if column not in PUBLIC_COLUMNS[name]]
        assert [column for column in unlisted if f"SECRET-{column}-" in text] == [], name


def test_no_sheet_shows_a_contact_or_a_natural_person(planted: tuple[Path, list[str]]) -> None:
    folder, texts = planted
    pages = {
        name: read_all(file) for name, file in list_outputs(folder).items() if name.startswith("sheets/")
    }
    assert len(pages) >= 2 * 26
    for name, text in pages.items():
        assert re.findall(rf"{PERSONAL}|{CONTACTS}|SECRETNAME", text) == [], name
        assert [column for column in texts if f"SECRET-{column}-" in text] == [], name


def test_the_group_of_an_applicant_that_a_rule_reads_shows_no_contact(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert main(["new", str(folder)]) == 0
    write_secrets(folder)
    file = folder / "scenario.yaml"
    rules = "rules:\n" + "".join(
        f"  - {{id: r{k}, kind: limit, measure: dossiers, by: {by}, max: 9}}\n"
        for k, by in enumerate(("applicant", "avis", "title"))
    )
    file.write_text(file.read_text(encoding="utf-8").replace("rules:\n", rules), encoding="utf-8")
    assert main(["run", str(file), "--out", str(tmp_path / "runs"), "--quiet"]) == 0
    run = next((tmp_path / "runs").glob("*-*"))
    assert main(["transparency", str(run), "--project", str(folder), "--out", str(tmp_path / "s")]) == 0
    for page in (tmp_path / "s").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert (
            re.findall(r"@|06 98 76|2 90 02 75", re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.S))
            == []
        )


def test_the_run_is_verified(planted: tuple[Path, list[str]]) -> None:
    assert main(["verify", str(next(p for p in (planted[0] / "runs").glob("*-*") if p.is_dir()))]) == 0


def test_a_run_that_kept_such_columns_is_verified(
    planted: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs of earlier versions have every column of their table."""
    monkeypatch.setattr(engine_result, "select_left_out", lambda scenario: [])
    assert main(["run", str(planted[0] / "scenario.yaml"), "--out", str(tmp_path), "--quiet"]) == 0
    monkeypatch.undo()
    run = next(tmp_path.glob("*-*"))
    assert set(OWN) <= set(pl.read_parquet(run / "allocation.parquet").columns)
    assert main(["verify", str(run), "--project", str(planted[0])]) == 0


@pytest.mark.parametrize(("lang", "word"), [("fr", "des adresses électroniques"), ("en", "e-mail addresses")])
def test_the_check_names_them(
    planted: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str], lang: str, word: str
) -> None:
    assert main(["validate", str(planted[0] / "scenario.yaml"), "--json", "--lang", lang]) == 0
    entries = {one["column"]: one for one in json.loads(capsys.readouterr().out)["personal_columns"]}
    assert set(OWN) | {"title", "applicant", "catégorie juridique"} == set(entries)
    assert entries["courriel"]["meaning"] == word
    assert {entries[name]["standing"] for name in OWN} == {"left_out"}
    assert entries["title"]["standing"] == "canonical"
    assert {entries[name]["n_cells"] for name in OWN} == {24}
    assert (entries["applicant"]["n_cells"], entries["catégorie juridique"]["n_cells"]) == (6, 6)


def test_a_column_that_a_rule_reads_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "demo"
    assert main(["new", str(folder)]) == 0
    write_secrets(folder)
    file = folder / "scenario.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace(
            "rules:\n", "rules:\n  - {id: jure, kind: limit, measure: dossiers, by: juré 1, max: 9}\n"
        ),
        encoding="utf-8",
    )
    capsys.readouterr()
    assert main(["run", str(file), "--out", str(tmp_path / "runs"), "--lang", "en"]) == 0
    assert "10 columns look personal" in capsys.readouterr().err
    columns = pl.read_parquet(next((tmp_path / "runs").glob("*-*")) / "allocation.parquet").columns
    assert set(OWN) & set(columns) == {"juré 1"}


def test_the_planner_allows_columns(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert main(["new", str(folder)]) == 0
    write_secrets(folder)
    file = folder / "scenario.yaml"
    plain = file.read_text(encoding="utf-8")
    file.write_text(plain + "\npublisher: {columns: [contact, applicant]}\n", encoding="utf-8")
    assert main(["run", str(file), "--out", str(tmp_path / "runs"), "--quiet"]) == 0
    run = next((tmp_path / "runs").glob("*-*"))
    assert set(OWN) & set(pl.read_parquet(run / "allocation.parquet").columns) == {"contact"}
    assert main(["report", str(run), "--out", str(tmp_path / "page.html"), "--quiet"]) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert len(re.findall("SECRETNAME", page)) >= 12
    assert re.findall(PERSONAL + "|" + CONTACTS, page) == []


def test_an_unknown_column_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "demo"
    assert main(["new", str(folder)]) == 0
    file = folder / "scenario.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "\npublisher: {columns: [aplicant]}\n", encoding="utf-8")
    assert main(["validate", str(file), "--lang", "en"]) != 0
    error = capsys.readouterr().err
    assert '"aplicant"' in error
    assert "applicant" in error.replace('"aplicant"', "")
