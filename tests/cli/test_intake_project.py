"""From an office's workbook to a decision in two commands, and the workbook read again when it changes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from support.command_line import Run
from support.offices import Office, build_offices
from support.table_files import xlsx

OFFICES = {office.name: office for office in build_offices()}
HEAD = (
    "N°", "Collectivité", "Population DGF", "Dép.", "Intitulé de l’opération", "Coût HT",
    "Montant subventionnable", "Subvention sollicitée", "Note /20", "Avis DDT",
)  # fmt: skip


def build_workbook(n: int = 300) -> bytes:
    """A workbook with titles, merged heads, the header on line 6, 44 opinions in small letters, a total."""
    rows: list[list[object]] = [
        ["PRÉFECTURE"], ["Programmation DETR 2026"], ["Mise à jour du 12/03/2026"], [], [None, "Porteur"], [*HEAD],
    ]  # fmt: skip
    total = 0
    for k in range(n):
        asked, opinion = 2_000 + 137 * k, "Défavorable" if k % 10 == 9 else "Favorable"
        if opinion == "Favorable" and k < 48:
            opinion = "favorable"
        total += asked
        cost = f"{2 * asked:,}".replace(",", " ") + ",50 €"
        rows.append(
            [k + 1, f"C{k}", 500 + k, "38", f"Projet {k}", cost, asked * 1.5, asked, f"{k % 20}/20", opinion]
        )
    rows += [["TOTAL", *[None] * 6, total], [], ["Source : DDT, mars 2026"]]

    def edit(book: object, page: object) -> None:
        page.merge_range("A1:J1", "PRÉFECTURE")  # type: ignore[attr-defined]
        page.merge_range("B5:D5", "Porteur")  # type: ignore[attr-defined]
        other = book.get_worksheet_by_name("Récapitulatif")  # type: ignore[attr-defined]
        other.write_row(0, 0, ["Dispositif", "Montant"])
        other.write_row(1, 0, ["DETR", total])

    return xlsx(rows, sheets=("Programmation", "Récapitulatif"), edit=edit)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.xlsx"
    path.write_bytes(build_workbook())
    return path


def test_two_commands_lead_from_a_workbook_to_a_proven_decision(tnt: Run, table: Path) -> None:
    made = tnt("new", "mine", "--from", table, "--json").document
    intake = made["intake"]
    assert (made["status"], made["defects"], intake["cells_lost"]) == ("valid", [], 0)
    assert (intake["sheet"], intake["header_row"], intake["n_applications"]) == ("Programmation", 6, 300)
    assert {line["line"]: line["code"] for line in intake["lines"] if line["line"] > 6} == {
        307: "total",
        309: "note",
    }
    found = tnt("run", "mine/scenario.yaml", "--json").document
    assert (found["proof"], found["n_eligible"]) == ("PROVED", 270)
    copy = pl.read_csv("mine/data/dossiers.csv", infer_schema=False)
    small = copy.filter(pl.col("Avis DDT") == "favorable")["dossier"].to_list()
    assert len(small) == 44
    awards = pl.read_parquet(Path(found["run_dir"]) / "allocation.parquet")
    assert awards.filter(pl.col("dossier").is_in(small))["eligible"].all()
    assert tnt("report", found["run_dir"], "--out", "note.html").code == 0


def test_the_envelope_is_guessed_from_the_applications_alone(tnt: Run, table: Path) -> None:
    tnt("new", "mine", "--from", table)
    copy = pl.read_csv("mine/data/dossiers.csv", infer_schema=False)
    eligible = copy.filter(pl.col("Avis DDT") != "Défavorable")["requested"].cast(pl.Decimal(20, 2)).sum()
    wanted = int(eligible * 4 / 5) // 1000
    text = Path("mine/scenario.yaml").read_text("utf-8")
    assert f"amount: {wanted // 100 / 10} M€" in text
    assert "maximise: {score: 1}" in text
    assert "fill: [region]" in text


def test_the_review_page_says_what_was_read(tnt: Run, table: Path) -> None:
    tnt("new", "mine", "--from", table)
    page = Path("mine/relecture.html").read_text("utf-8")
    for words in ("Source : DDT, mars 2026", "favorable (44)", "Note /20", "mises de côté", "Projet 299"):
        assert words in page


def test_a_table_that_changes_is_told_and_read_again_on_request(tnt: Run, table: Path) -> None:
    tnt("new", "mine", "--from", table)
    assert "a changé" not in tnt("validate", "mine/scenario.yaml").err
    table.write_bytes(build_workbook(299))
    for verb in ("validate", "run"):
        assert "a changé" in tnt(verb, "mine/scenario.yaml").err
        assert "tnt-sim refresh mine" in tnt(verb, "mine/scenario.yaml").err
    before = {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()}
    shown = tnt("refresh", "mine", "--json").document
    assert (shown["status"], shown["removed"], shown["added"], shown["changed"]) == (
        "to_apply",
        ["300"],
        [],
        [],
    )
    assert {path: path.read_bytes() for path in before} == before
    assert tnt("refresh", "mine", "--apply").code == 0
    assert "a changé" not in tnt("validate", "mine/scenario.yaml").err
    assert tnt("run", "mine/scenario.yaml", "--json").document["n_dossiers"] == 299
    assert tnt("refresh", "mine", "--json").document["status"] == "unchanged"


def test_a_run_never_reads_the_original(tnt: Run, table: Path) -> None:
    tnt("new", "mine", "--from", table)
    first = tnt("run", "mine/scenario.yaml", "--json").document
    table.unlink()
    said = tnt("run", "mine/scenario.yaml", "--json")
    assert (said.err, said.document["granted_cents"]) == ("", first["granted_cents"])
    assert "n'est plus là" in tnt("validate", "mine/scenario.yaml").err


def test_answers_are_kept_for_the_next_reading(
    tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    office = OFFICES["a state of its own"]
    Path("t.xlsx").write_bytes(office.write())
    tnt("new", "mine", "--from", "t.xlsx", "--drop", "2")
    given = ("--value", "state:Attente pièces=en_construction", "--take", "2", "--column", "title=Statut")
    assert tnt("refresh", "mine", *given, "--apply").code == 0
    copy = pl.read_csv("mine/data/dossiers.csv", infer_schema=False)
    assert copy["dossier"].to_list() == ["D1", "D2", "D3"]
    assert "state" not in copy.columns  # its column now holds the titles
    assert copy["title"].to_list() == ["En instruction", "Attente pièces", "Accepté"]
    assert tnt("refresh", "mine", "--json").document["status"] == "unchanged"


@pytest.mark.parametrize(
    ("option", "value"), [("--column", "colour=Note"), ("--value", "state=x"), ("--column", "score")]
)
def test_an_answer_that_is_not_of_its_form_is_refused(tnt: Run, table: Path, option: str, value: str) -> None:
    said = tnt("new", "mine", "--from", table, option, value)
    assert said.code == 2
    assert value in said.err
    assert not Path("mine").exists()


@pytest.mark.slow
@pytest.mark.parametrize("office", OFFICES.values(), ids=lambda office: office.name)
def test_each_office_ends_in_a_proven_decision(
    tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, office: Office
) -> None:
    monkeypatch.chdir(tmp_path)
    name = f"t{office.suffix}"
    Path(name).write_bytes(office.write())
    made = tnt("new", "mine", "--from", name, "--json").document
    if not any(office.requested):  # every amount is asked about: nothing can be granted before the answer
        assert [defect["code"] for defect in made["defects"]] == ["grant-needs"]
        return
    assert made["defects"] == []
    found = tnt("run", "mine/scenario.yaml", "--json").document
    assert (found["proof"], found["n_dossiers"]) == ("PROVED", len(office.numbers))
