"""From an office's workbook to a decision in two commands, and the workbook read again when it changes."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import unicodedata
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest
from support.command_line import Run
from support.offices import Office, build_offices
from support.table_files import xlsx

from tnt_sim.api.schemas import read_schema

OFFICES = {office.name: office for office in build_offices()}
HEAD = (
    "N°", "Collectivité", "Population DGF", "Dép.", "Intitulé de l’opération", "Coût HT",
    "Montant subventionnable", "Subvention sollicitée", "Note /20", "Avis DDT",
)  # fmt: skip


def build_workbook(n: int = 30) -> bytes:
    """A workbook with titles, merged heads, the header on line 6, 22 opinions in small letters, a total."""
    rows: list[list[object]] = [
        ["PRÉFECTURE"], ["Programmation DETR 2026"], ["Mise à jour du 12/03/2026"], [], [None, "Porteur"], [*HEAD],
    ]  # fmt: skip
    total = 0
    for k in range(n):
        asked, opinion = 2_000 + 137 * k, "Défavorable" if k % 10 == 9 else "Favorable"
        if opinion == "Favorable" and k < 24:
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
    assert (intake["sheet"], intake["header_row"], intake["n_applications"]) == ("Programmation", 6, 30)
    assert {line["line"]: line["code"] for line in intake["lines"] if line["line"] > 6} == {
        37: "total",
        39: "note",
    }
    found = tnt("run", "mine/scenario.yaml", "--json").document
    assert (found["proof"], found["n_eligible"]) == ("PROVED", 27)
    copy = pl.read_csv("mine/data/dossiers.csv", infer_schema=False)
    small = copy.filter(pl.col("Avis DDT") == "favorable")["dossier"].to_list()
    assert len(small) == 22
    awards = pl.read_parquet(Path(found["run_dir"]) / "allocation.parquet")
    assert awards.filter(pl.col("dossier").is_in(small))["eligible"].all()
    assert tnt("report", found["run_dir"], "--out", "note.html").code == 0


def test_the_envelope_is_guessed_from_the_applications_alone(tnt: Run, table: Path) -> None:
    tnt("new", "mine", "--from", table)
    copy = pl.read_csv("mine/data/dossiers.csv", infer_schema=False)
    eligible = copy.filter(pl.col("Avis DDT") != "Défavorable")["requested"].cast(pl.Decimal(20, 2)).sum()
    wanted = int(eligible * 4 / 5) // 1000
    text = Path("mine/scenario.yaml").read_text("utf-8")
    assert f"amount: {wanted} k€" in text
    assert "maximise: {score: 1}" in text
    assert "fill: [region]" in text


def test_the_review_page_says_what_was_read(tnt: Run, table: Path) -> None:
    tnt("new", "mine", "--from", table)
    page = Path("mine/relecture.html").read_text("utf-8")
    for words in ("Source : DDT, mars 2026", "Favorable (5)", "Note /20", "mises de côté", "Projet 29"):
        assert words in page
    figure = page[page.index("<figure>") : page.index("</figure>")]
    copy = pl.read_csv("mine/data/dossiers.csv", infer_schema=False)
    assert f"{copy.height} lignes" in figure
    assert "À décider" in figure
    assert "Source : DDT, mars 2026" in page[page.index("<details") :]


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_review_page_fits_a_phone(chromium: Any, tnt: Run, table: Path, lang: str) -> None:
    """Nothing is wider than the screen, no table scrolls sideways, and axe finds nothing."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tnt("new", "mine", "--from", table, "--lang", lang)
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    page.goto(Path("mine", "relecture.html" if lang == "fr" else "review.html").absolute().as_uri())
    widths = "[...document.querySelectorAll('html, .scroll')].map(one => one.scrollWidth)"
    assert max(page.evaluate(widths)) <= 390
    assert page.evaluate("document.querySelectorAll('table:not(.cards)').length") == 0
    assert axe.run(page).response["violations"] == []
    page.close()


@pytest.mark.slow
def test_a_table_that_changes_is_told_and_read_again_on_request(tnt: Run, table: Path) -> None:
    tnt("new", "mine", "--from", table)
    assert "a changé" not in tnt("validate", "mine/scenario.yaml").err
    table.write_bytes(build_workbook(29))
    for verb in ("validate", "run"):
        assert "a changé" in tnt(verb, "mine/scenario.yaml").err
        assert "tnt-sim refresh mine" in tnt(verb, "mine/scenario.yaml").err
    before = {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()}
    shown = tnt("refresh", "mine", "--json").document
    assert (shown["status"], shown["removed"], shown["added"], shown["changed"]) == (
        "to_apply",
        ["30"],
        [],
        [],
    )
    assert {path: path.read_bytes() for path in before} == before
    assert tnt("refresh", "mine", "--apply").code == 0
    assert "a changé" not in tnt("validate", "mine/scenario.yaml").err
    assert tnt("run", "mine/scenario.yaml", "--json").document["n_dossiers"] == 29
    assert tnt("refresh", "mine", "--json").document["status"] == "unchanged"


@pytest.mark.slow
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
@pytest.mark.parametrize("office", list(OFFICES.values())[::4], ids=lambda office: office.name)
def test_every_fourth_office_ends_in_a_proven_decision(
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


def write_table(path: Path, rows: list[list[object]]) -> None:
    path.write_bytes(xlsx(rows))


@pytest.fixture
def funds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workbook where two applications of six name no envelope, one of them with a dash."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "f.xlsx"
    rows: list[list[object]] = [["N° dossier", "Intitulé", "Montant demandé", "Dispositif"]]
    names = ["DETR", "DSIL", None, "detr", "–", "DETR"]
    rows += [[f"D{k}", f"Projet {k}", 1000 + k, name] for k, name in enumerate(names)]
    write_table(path, rows)
    return path


def test_an_application_without_an_envelope_is_asked_about_and_the_scenario_runs(
    tnt: Run, funds: Path
) -> None:
    made = tnt("new", "mine", "--from", funds, "--json").document
    assert (made["status"], made["intake"]["cells_lost"]) == ("valid", 0)
    asked = {one["code"]: one for one in made["intake"]["questions"]}
    assert (asked["no_envelope"]["n_lines"], asked["no_envelope"]["requested_cents"]) == (2, 200_600)
    found = tnt("run", "mine/scenario.yaml", "--json").document
    assert (found["proof"], found["n_dossiers"], found["n_eligible"]) == ("PROVED", 6, 4)


def test_an_application_without_a_score_is_asked_about_and_the_scenario_runs(
    tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scores = [14, None, "–", "12,5", "en attente"]
    rows: list[list[object]] = [["N° dossier", "Intitulé", "Montant demandé", "Note /20"]]
    write_table(
        tmp_path / "n.xlsx", rows + [[f"D{k}", f"Projet {k}", 1000 + k, one] for k, one in enumerate(scores)]
    )
    made = tnt("new", "mine", "--from", "n.xlsx", "--json").document
    assert (made["status"], made["intake"]["cells_lost"]) == ("valid", 0)
    asked = {one["code"]: one for one in made["intake"]["questions"]}
    assert (asked["no_score"]["n_lines"], asked["no_score"]["requested_cents"]) == (3, 300_700)
    found = tnt("run", "mine/scenario.yaml", "--json").document
    assert (found["proof"], found["n_dossiers"], found["n_eligible"]) == ("PROVED", 5, 2)


@pytest.mark.parametrize("answer", ["option", "workbook", "scenario"])
def test_each_answer_on_an_envelope_brings_the_application_back(tnt: Run, funds: Path, answer: str) -> None:
    tnt("new", "mine", "--from", funds)
    option = ("--value", "envelope:sans-enveloppe=DETR")
    if answer == "option":
        assert "--value envelope:sans-enveloppe=DETR --apply" in tnt("refresh", "mine", *option).out
        assert tnt("refresh", "mine", *option, "--apply").code == 0
        assert tnt("refresh", "mine", "--json").document["status"] == "unchanged"
    elif answer == "workbook":
        write_table(
            funds,
            [
                ["N° dossier", "Intitulé", "Montant demandé", "Dispositif"],
                *([f"D{k}", f"Projet {k}", 1000 + k, "DSIL"] for k in range(6)),
            ],
        )
        assert tnt("refresh", "mine", "--apply").code == 0
    else:
        path = Path("mine/scenario.yaml")
        text = path.read_text("utf-8")
        kept = text[: text.index("eligibility:")] + text[text.index("# Combien") :]
        path.write_text(kept, "utf-8")
    assert tnt("run", "mine/scenario.yaml", "--json").document["n_eligible"] == 6


@pytest.mark.slow
def test_graded_opinions_without_a_score_are_counted_in_their_order(
    tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list equals the best of all subsets by (very favourable, favourable, reserved) in this order."""
    monkeypatch.chdir(tmp_path)
    opinions = [
        "Très favorable",
        "FAVORABLE",
        "Réservé",
        "Défavorable",
        "très favorable",
        "favorable",
        "réservé",
        None,
    ]
    cents = [7_000_10, 2_500_20, 1_000_30, 900_00, 6_999_95, 3_000_05, 1_500_00, 500_00]
    rows: list[list[object]] = [["N° dossier", "Intitulé", "Montant demandé", "Avis DDT"]]
    rows += [[f"D{k}", "x", c / 100, o] for k, (c, o) in enumerate(zip(cents, opinions, strict=True))]
    write_table(tmp_path / "g.xlsx", rows)
    made = tnt("new", "mine", "--from", "g.xlsx", "--json").document
    assert "opinion_order" in {one["code"] for one in made["intake"]["questions"]}
    grades = [None if o is None else ["tres", "favo", "rese", "defa"].index(plain(o)[:4]) for o in opinions]
    for amount in (1_000_000, 1_100_000, 300_000):
        found = tnt(
            "run", "mine/scenario.yaml", "--set", f"programme.amount={amount / 100} €", "--json"
        ).document
        assert found["proof"] == "PROVED"
        values = []
        for chosen in itertools.product((0, 1), repeat=8):
            if chosen[3] or sum(c for c, x in zip(cents, chosen, strict=True) if x) > amount:
                continue
            counts = [sum(x for g, x in zip(grades, chosen, strict=True) if g == grade) for grade in range(3)]
            values.append((*counts, sum(chosen)))
        awards = (
            pl.read_parquet(Path(found["run_dir"]) / "allocation.parquet")
            .filter("funded")["dossier"]
            .to_list()
        )
        funded = [f"D{k}" in awards for k in range(8)]
        reached = [sum(x for g, x in zip(grades, funded, strict=True) if g == grade) for grade in range(3)]
        assert (*reached, sum(funded)) == max(values)


def plain(text: str) -> str:
    return unicodedata.normalize("NFD", text.lower()).encode("ascii", "ignore").decode()


COLUMNS = [
    "N° dossier", "Intitulé", "Montant demandé", "Taux", "Logements", "Rang", "Visite", "Zone", "QPV",
    "Code postal", "Mot", "Constante",
]  # fmt: skip


def build_columns(extra: bool = False) -> list[list[object]]:
    """A table with a further column of each kind."""
    rows: list[list[object]] = [[*COLUMNS, *(["Nouvelle"] if extra else [])]]
    for k in range(9):
        day, zone = f"{k + 1:02d}/02/2026", "rural" if k % 2 else "urbain"
        row = [f"D{k}", f"Projet {k}", 1000 + k, f"{20 + k} %", k, k % 4 + 1, day, zone, "oui" if k % 3 else "non",
               f"0{1000 + k}", f"mot {k}", "RAS"]  # fmt: skip
        rows.append([*row, *([k * 2] if extra else [])])
    return rows


@pytest.mark.slow
def test_the_line_of_each_column_that_no_rule_reads_can_be_written(
    tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each entry is written into a scenario, which stays valid, and the column is no longer listed."""
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "c.xlsx", build_columns())
    made = tnt("new", "mine", "--from", "c.xlsx", "--json").document
    listed = {one["column"]: one["line"] for one in made["intake"]["unread_columns"]}
    assert set(listed) == set(COLUMNS[3:])
    assert [name for name, line in listed.items() if not line] == ["Visite", "Constante"]
    text = Path("mine/scenario.yaml").read_text("utf-8")
    (days,) = (one["use"] for one in made["intake"]["unread_columns"] if one["column"] == "Visite")
    assert '--column filed_at="Visite"' in days
    for name, line in listed.items():
        if not line:
            continue
        spaced = line.replace("\xa0", " ").replace("\u202f", " ")
        match = re.fullmatch(r"sous « (\w+) » : - (.*)", spaced)
        assert match is not None
        block, entry = match.groups()
        if f"\n{block}:\n" in text:
            written = text.replace(f"\n{block}:\n", f"\n{block}:\n  - {entry}\n")
        else:
            written = f"{text}\n{block}:\n  - {entry}\n"
        Path("mine/other.yaml").write_text(written, "utf-8")
        checked = tnt("validate", "mine/other.yaml", "--json")
        assert checked.code == 0, (line, checked.err)
        assert {one["column"] for one in checked.document["unread_columns"]} == set(listed) - {name}


@pytest.mark.slow
def test_a_new_column_is_named_by_refresh_and_not_compared_cell_by_cell(
    tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "c.xlsx", build_columns())
    tnt("new", "mine", "--from", "c.xlsx")
    write_table(tmp_path / "c.xlsx", build_columns(extra=True))
    found = tnt("refresh", "mine", "--json").document
    assert (found["status"], found["columns_added"], found["columns_removed"], found["changed"]) == (
        "to_apply", ["Nouvelle"], [], [],
    )  # fmt: skip
    assert "Nouvelle" in {one["column"] for one in found["intake"]["unread_columns"]}
    jsonschema.Draft202012Validator(json.loads(read_schema("refresh"))).validate(found)
    assert not jsonschema.Draft202012Validator(json.loads(read_schema("refresh"))).is_valid({**found, "x": 1})
    assert "Nouvelles colonnes" in tnt("refresh", "mine").out
    tnt("refresh", "mine", "--apply")
    assert "Nouvelle" in tnt("validate", "mine/scenario.yaml").out
    write_table(tmp_path / "c.xlsx", build_columns())
    assert tnt("refresh", "mine", "--json").document["columns_removed"] == ["Nouvelle"]


def build_list(head: list[object], *columns: list[object]) -> list[list[object]]:
    """A list with numbers and titles, then further columns."""
    rows: list[list[object]] = [["N° dossier", "Intitulé", *head]]
    return rows + [[f"D{k}", f"Projet {k}", *cells] for k, cells in enumerate(zip(*columns, strict=True))]


def ask(document: Any) -> dict[str, Any]:
    return {one["code"]: one for one in document["intake"]["questions"]}


def write_under(block: str, entry: str) -> None:
    """Write an entry under a block of the scenario, as an answer tells it."""
    path = Path("mine/scenario.yaml")
    text = path.read_text("utf-8")
    here = f"\n{block}:\n"
    path.write_text(
        text.replace(here, f"{here}  {entry}\n") if here in text else f"{text}{here}  {entry}\n", "utf-8"
    )


def take_entry(answer: str, block: str = "eligibility") -> str:
    """The entry that an answer gives."""
    spaced = answer.replace("\xa0", " ").replace("\u202f", " ")
    match = re.search(rf"sous « {block} » : (- .*)", spaced)
    assert match is not None, answer
    return match[1]


def drop_conditions() -> None:
    path = Path("mine/scenario.yaml")
    text = path.read_text("utf-8")
    path.write_text(text[: text.index("eligibility:")] + text[text.index("# Combien") :], "utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


AMOUNTS: list[object] = [1000, 1001, 1002, 1003]
LACKING: list[tuple[str, list[object], list[list[object]], int]] = [
    ("no_amount", ["Montant demandé"], [[1000, None, "–", 1003]], 2),
    ("no_score", ["Montant demandé", "Note /20"], [AMOUNTS, [12, None, 13, 14]], 1),
    ("opinion", ["Montant demandé", "Avis DDT"], [AMOUNTS, ["Oui", "Défavorable", "oui", "défavorable"]], 2),
    ("no_envelope", ["Montant demandé", "Dispositif"], [AMOUNTS, ["DETR", None, "DETR", "DSIL"]], 1),
]  # fmt: skip


@pytest.mark.parametrize(("code", "head", "columns", "n"), LACKING, ids=[one[0] for one in LACKING])
def test_a_question_says_whether_the_scenario_excludes_and_its_condition_does(
    tnt: Run, folder: Path, code: str, head: list[object], columns: list[list[object]], n: int
) -> None:
    """After the condition is removed, refresh says so; the condition of its answer excludes them again."""
    write_table(folder / "t.xlsx", build_list(head, *columns))
    asked = ask(tnt("new", "mine", "--from", "t.xlsx", "--json").document)[code]
    assert asked["n_lines"] == n
    assert "aucune condition" not in asked["question"]
    assert ask(tnt("refresh", "mine", "--json").document)[code] == asked
    drop_conditions()
    asked = ask(tnt("refresh", "mine", "--json").document)[code]
    assert "aucune condition de « eligibility »" in asked["question"].replace("\xa0", " ")
    write_under("eligibility", take_entry(asked["answer"]))
    assert tnt("validate", "mine/scenario.yaml").code == 0
    assert "aucune condition" not in ask(tnt("refresh", "mine", "--json").document)[code]["question"]
    found = tnt("run", "mine/scenario.yaml", "--json").document
    assert (found["n_dossiers"], found["n_eligible"]) == (4, 4 - n)


def test_a_reserved_opinion_is_a_condition_as_typed(tnt: Run, folder: Path) -> None:
    opinions: list[object] = ["Favorable", 'Réservé "a"', "Favorable", "Favorable"]
    write_table(folder / "t.xlsx", build_list(["Montant demandé", "Avis DDT"], AMOUNTS, opinions))
    asked = ask(tnt("new", "mine", "--from", "t.xlsx", "--json").document)["opinion_reserved"]
    write_under("eligibility", take_entry(asked["answer"]))
    assert tnt("run", "mine/scenario.yaml", "--json").document["n_eligible"] == 3
    assert "opinion_reserved" not in ask(tnt("refresh", "mine", "--json").document)


def test_scores_on_two_scales_are_asked_about_and_count_once_written_on_one(tnt: Run, folder: Path) -> None:
    head: list[object] = ["Montant demandé", "Note"]
    write_table(folder / "t.xlsx", build_list(head, AMOUNTS, ["15/20", "8/10", "9/10", "12/20"]))
    asked = ask(tnt("new", "mine", "--from", "t.xlsx", "--json").document)
    assert asked["unread_score"]["n_lines"] == 4
    assert "further_columns" not in asked
    objective = re.search(r"objective: \[.*\]", asked["unread_score"]["answer"])
    assert objective is not None
    write_table(folder / "t.xlsx", build_list(head, AMOUNTS, ["15/20", "16/20", "18/20", "12/20"]))
    assert tnt("refresh", "mine", "--apply").code == 0
    path = Path("mine/scenario.yaml")
    text = re.sub(r"(?m)^objective:\n(?: .*\n)+", objective[0] + "\n", path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    found = tnt("run", "mine/scenario.yaml", "--json").document
    awards = pl.read_parquet(Path(found["run_dir"]) / "allocation.parquet").filter("funded")["dossier"]
    assert sorted(awards) == ["D1", "D2"]  # for the number of applications, the cheapest, D0 and D1


def test_two_columns_of_grades_are_told_apart(tnt: Run, folder: Path) -> None:
    """A new scenario follows the first; the measures and the objective of the second are valid as typed."""
    grades: list[object] = ["Très favorable", "Favorable", "Réservé", "Favorable"]
    table = build_list(["Montant demandé", "Avis DDT", "Avis ABF"], AMOUNTS, grades, grades[::-1])
    write_table(folder / "t.xlsx", table)
    made = tnt("new", "mine", "--from", "t.xlsx", "--json").document
    first, second = (one for one in made["intake"]["questions"] if one["code"] == "opinion_order")
    assert (
        "nouveau scénario suit, faute" in first["question"].replace("\xa0", " ")
        or "Avis DDT" in first["question"]
    )
    assert "suit celui de" in second["question"]
    assert "Avis DDT" in second["question"]
    answer = second["answer"].replace("\xa0", " ").replace("\u202f", " ")
    match = re.search(r"sous « measures », (.*) et, à la place de objective, (objective: .*)", answer)
    assert match is not None
    for entry in re.split(r", (?=avis2-)", match[1]):
        write_under("measures", entry)
    path = Path("mine/scenario.yaml")
    text = path.read_text("utf-8")
    assert "  avis-1: " in text
    path.write_text(re.sub(r"(?m)^objective:\n(?: .*\n)+", match[2] + "\n", text), "utf-8")
    found = tnt("run", "mine/scenario.yaml", "--json")
    assert (found.code, found.document["proof"]) == (0, "PROVED")


def test_a_table_beside_is_told_by_its_headers_and_its_answer_does_not_read_it_as_the_list(
    tnt: Run, folder: Path
) -> None:
    table = build_list(["Montant demandé"], AMOUNTS)
    beside: list[list[object]] = [[None, "Enveloppe", "Montant"], [None, "DETR", 5000], [None, "DSIL", 9]]
    write_table(folder / "t.xlsx", [row + (beside[k] if k < 3 else []) for k, row in enumerate(table)])
    asked = ask(tnt("new", "mine", "--from", "t.xlsx", "--json").document)["table_beside"]
    assert "« Enveloppe »" in asked["question"].replace("\xa0", " ")
    assert "--sheet" not in asked["answer"]


def test_columns_apart_are_asked_about_and_the_answer_sets_them_aside(tnt: Run, folder: Path) -> None:
    """A table of envelopes with as many lines as the list, moved to a sheet of its own, is no longer read."""
    table = build_list(["Montant demandé"], AMOUNTS)
    beside: list[list[object]] = [["Enveloppe", "Montant disponible"], *([f"E{k}", 9] for k in range(4))]
    joined = [[*row, None, *one] for row, one in zip(table, beside, strict=True)]
    write_table(folder / "t.xlsx", joined)
    asked = ask(tnt("new", "mine", "--from", "t.xlsx", "--json").document)
    assert "Enveloppe" in asked["columns_apart"]["question"]
    assert "table_beside" not in asked

    def edit(book: object, page: object) -> None:
        for k, row in enumerate(beside):
            book.get_worksheet_by_name("Enveloppes").write_row(k, 0, row)  # type: ignore[attr-defined]

    (folder / "t.xlsx").write_bytes(xlsx(table, sheets=("Feuil1", "Enveloppes"), edit=edit))
    answers = Path("mine/intake.yaml")
    kept = [line for line in answers.read_text("utf-8").splitlines() if not line.startswith("  envelope:")]
    answers.write_text("\n".join(kept).replace('sheet: "Feuille1"', 'sheet: "Feuil1"') + "\n", "utf-8")
    said = tnt("refresh", "mine", "--apply", "--json")
    assert (said.code, "columns_apart" in ask(said.document)) == (0, False)
    assert "envelope" not in pl.read_csv("mine/data/dossiers.csv").columns


def test_the_name_of_an_envelope_may_have_an_equals_sign(tnt: Run, funds: Path) -> None:
    names = ["Axe 1 = eau", "Axe 1 = eau", None, "Axe 2", None, "Axe 2"]
    rows: list[list[object]] = [["N° dossier", "Intitulé", "Montant demandé", "Dispositif"]]
    write_table(funds, rows + [[f"D{k}", f"Projet {k}", 1000 + k, name] for k, name in enumerate(names)])
    answer = ask(tnt("new", "mine", "--from", funds, "--json").document)["no_envelope"]["answer"]
    told = re.search(r"--value (\".*?\")", answer)
    assert told is not None
    (value,) = shlex.split(told[1])
    assert value == "envelope:sans-enveloppe=Axe 1 = eau"
    assert tnt("refresh", "mine", "--value", value, "--apply").code == 0
    copy = pl.read_csv("mine/data/dossiers.csv", infer_schema=False)
    assert copy["envelope"].to_list().count("Axe 1 = eau") == 4


LIVE = 'Fonds "Vert" $x = `a`'


def test_commands_with_text_of_cells_execute_nothing(tnt: Run, folder: Path) -> None:
    """A shell gives back the header, the sheet and the value as they stand in the workbook."""
    head: list[object] = ["Montant demandé", "Statut", "Montant demandé $(x)"]
    states: list[object] = ["Accepté", LIVE, "Accepté", "En instruction"]
    rows = build_list(head, AMOUNTS, states, AMOUNTS)
    rows[0][0] = LIVE
    write_table(folder / "t.xlsx", rows)
    asked = ask(tnt("new", "mine", "--from", "t.xlsx", "--json").document)
    assert f"state:{LIVE}=en_construction," in shlex.split(
        asked["unknown_values"]["answer"].partition(" l'un")[0]
    )
    assert f"dossier='{LIVE}'" in asked["no_number_column"]["answer"]
    assert "requested='Montant demandé $(x)'" in asked["rivals"]["answer"]
