"""The sheet of each kind of decision: its figures recomputed from table and scenario, and nobody else's."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from support.paths import ROOT
from support.run_folders.motifs import copy_motifs

from tnt_sim.cli.main import main
from tnt_sim.deadline import Deadline
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.engine.stored_run import StoredRun, run_of
from tnt_sim.errors import DataError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.reporting.text.legal_wording import load_shipped_wording
from tnt_sim.reporting.transparency import folder as folder_module
from tnt_sim.reporting.transparency.folder import MANIFEST, iterate_documents, write_transparency
from tnt_sim.reporting.transparency.operations import rank_by_quotient
from tnt_sim.reporting.transparency.sheet import DossierSheet, build_sheets
from tnt_sim.reporting.transparency.sheet_page import SheetItem
from tnt_sim.scenario.load import load_scenario

MOTIFS = ROOT / "scenarios" / "motifs.yaml"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    """The run of this scenario."""
    scenario = load_scenario(copy_motifs(tmp_path_factory.mktemp("project") / "plan"))
    return open_stored(write_run(solve(scenario), None))


@pytest.fixture(scope="module")
def sheets(run: StoredRun) -> Mapping[str, DossierSheet]:
    """Its sheets in English, by dossier."""
    english = open_stored(run.folder, lang=Lang.EN)
    return {sheet.dossier: sheet for sheet in build_sheets(english, Lang.EN)}


def read_rows() -> dict[str, tuple[int, dict[str, str]]]:
    """The rows of the table with their numbers in the file, read by nothing of the program."""
    with (ROOT / "scenarios" / "data" / "motifs.csv").open(encoding="utf-8", newline="") as file:
        return {row["dossier"]: (k, row) for k, row in enumerate(csv.DictReader(file), start=2)}


def get_line(sheet: DossierSheet, key: str) -> tuple[str, str]:
    """Value and origin of the line of a key, which stands once."""
    found = [(line.value, line.origin) for line in sheet.lines if line.key == key]
    assert len(found) == 1, (sheet.dossier, key)
    return found[0]


def has_line(sheet: DossierSheet, key: str) -> bool:
    """Whether a sheet has a line of a key."""
    return any(line.key == key for line in sheet.lines)


def test_every_sheet_has_the_four_items_in_order(sheets: Mapping[str, DossierSheet]) -> None:
    assert sheets.keys() == read_rows().keys()
    for sheet in sheets.values():
        items = [line.item for line in sheet.lines]
        assert list(dict.fromkeys(items)) == list(SheetItem)
        assert items == sorted(items, key=list(SheetItem).index)
        for line in sheet.lines:
            assert line.label, line
            assert line.value, line


KINDS = {
    "C-01": ("contribution.by_hand", "committed before"),
    "C-02": ("operations.reason", "part of the allocation that serves"),
    "C-05": ("operations.reason", "less than"),
    "C-06": ("operations.reason", "has refused it"),
    "C-07": ("operations.reason", "the population is 12,000"),
    "C-09": (
        "contribution.by_hand",
        "not funded. Act: Choix du jury. Reason: Avis du jury du 15 février 2022.",
    ),
    "C-12": ("operations.reason", "lacks a statement"),
    "J-1": ("contribution.by_hand", "is funded. Act: Choix du jury."),
    "V-2": ("operations.reason", "Another variant"),
    "P-1": ("operations.reason", "depends on another one"),
}


@pytest.mark.parametrize("dossier", KINDS)
def test_each_kind_of_decision_says_what_decided(dossier: str, sheets: Mapping[str, DossierSheet]) -> None:
    key, words = KINDS[dossier]
    assert words in get_line(sheets[dossier], key)[0]


def test_each_value_is_that_of_its_cell(sheets: Mapping[str, DossierSheet]) -> None:
    n_money = 0
    for dossier, (number, row) in read_rows().items():
        for line in sheets[dossier].lines:
            if line.item is not SheetItem.DATA or line.key == "data.file":
                continue
            column = line.key.removeprefix("data.")
            assert line.origin == f'data/motifs.csv, line {number}, column "{column}"', line
            cell = row[column]
            if not cell:
                assert line.value == "not given", line
            elif column in ("cost", "requested", "min_grant", "committed"):
                n_money += 1
                assert line.value == f"€{int(cell):,}", line
            elif column in ("population", "score"):
                assert line.value == f"{int(cell):,}", line
    assert n_money > 50


def test_a_sheet_holds_the_columns_that_concern_it_alone(sheets: Mapping[str, DossierSheet]) -> None:
    # petites-communes reads the population in the envelope "concours"; the order reads "priorite" in "ordre" alone
    assert has_line(sheets["C-02"], "data.population")
    assert not has_line(sheets["J-1"], "data.population")
    assert has_line(sheets["O-1"], "data.priorite")
    assert not has_line(sheets["C-02"], "data.priorite")
    assert not any(has_line(sheet, "data.title") or has_line(sheet, "data.project") for sheet in
                   (sheets["C-02"], sheets["J-1"]))  # fmt: skip


def test_conditions_are_counted_from_the_table(sheets: Mapping[str, DossierSheet]) -> None:
    for dossier, (__, row) in read_rows().items():
        if row["committed"] or row["state"] in ("refuse", "sans_suite"):
            continue
        small = row["envelope"] == "concours" and row["applicant_type"] == "commune"
        n_applied = 1 + small
        n_missed = (small and int(row["population"]) > 3500) + (not row["end"] or row["end"] > "2024-03-01")
        text = get_line(sheets[dossier], "operations.conditions")[0]
        if n_missed and n_applied == 1:
            assert text == "It does not meet the condition that applies to it.", dossier
        elif n_missed:
            assert text == f"Of the {n_applied} conditions that apply to it, it does not meet {n_missed}.", (
                dossier
            )
        else:
            assert "it is eligible" in text, dossier


def test_the_amount_and_the_criterion_are_those_of_the_table(
    sheets: Mapping[str, DossierSheet], run: StoredRun
) -> None:
    granted = dict(run.table.filter("funded").select("dossier", "granted_cents").iter_rows())
    for dossier, (__, row) in read_rows().items():
        if has_line(sheets[dossier], "parameters.criterion.1"):
            score = int(row["score"] or 0)
            assert f"Score: {score} × 1 = {score}." in get_line(sheets[dossier], "parameters.criterion.1")[0]
            assert (
                f"the amount requested (€{int(row['requested']):,})"
                in get_line(sheets[dossier], "operations.amount")[0]
            )
        if dossier in granted and not row["committed"]:
            words = f"Granted: €{granted[dossier] // 100:,}."
            assert words in get_line(sheets[dossier], "operations.amount")[0]


def test_the_position_is_that_of_score_per_euro(sheets: Mapping[str, DossierSheet]) -> None:
    compared = {
        dossier: row
        for dossier, (__, row) in read_rows().items()
        if has_line(sheets[dossier], "operations.rank")
    }
    assert len(compared) > 10
    for dossier, row in compared.items():
        rivals = [one for one in compared.values() if one["envelope"] == row["envelope"]]
        better = sum(
            int(one["score"] or 0) * int(row["requested"]) > int(row["score"] or 0) * int(one["requested"])
            for one in rivals
        )
        text = get_line(sheets[dossier], "operations.rank")[0]
        # a project with a cap gets less than it asks: the position of the two parts is checked by hand below
        if "volets" not in {tag for one in rivals for tag in one["tags"].split(";")}:
            assert text.startswith(f"No. {better + 1} of the {len(rivals)} applications"), dossier


def test_equal_quotients_share_a_position() -> None:
    worth, cents = pl.Series([3, 6, 1, 0, 6]).to_numpy(), pl.Series([1, 2, 1, 5, 1]).to_numpy()
    assert rank_by_quotient(worth, cents).tolist() == [2, 2, 4, 5, 1]


def test_an_origin_of_the_scenario_is_the_line_of_the_entry(sheets: Mapping[str, DossierSheet]) -> None:
    texts = MOTIFS.read_text(encoding="utf-8").splitlines()
    number = int(re.search(r"line (\d+)", get_line(sheets["C-02"], "parameters.condition.delai")[1])[1])
    assert "24 months" in texts[number - 1]
    number = int(re.search(r"line (\d+)", get_line(sheets["C-02"], "parameters.envelope.concours")[1])[1])
    assert "10 000 €" in texts[number - 1]
    assert "concours" in texts[number - 1]
    origin = get_line(sheets["J-1"], "contribution.by_hand")[1]
    assert "avis-du-jury" in texts[int(origin.rpartition(" ")[2]) - 1]


def test_no_sheet_holds_the_number_of_another_application(sheets: Mapping[str, DossierSheet]) -> None:
    numbers = set(sheets)
    for sheet in sheets.values():
        page = sheet.to_html()
        found = set(re.findall(r"\b[A-Z]+-\d+\b", page)) & numbers
        assert found <= {sheet.dossier}, (sheet.dossier, found)


def test_planted_secrets_of_others_stand_in_no_sheet(tmp_path: Path) -> None:
    """Every cell of a table is made unmistakable; a sheet may hold those of its own row alone."""
    folder = tmp_path / "plan"
    copy_motifs(folder)
    with (ROOT / "scenarios" / "data" / "motifs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for k, row in enumerate(rows):
        row["title"] = f"Secret title {k:03}"
        row["applicant"], row["contact"] = f"Secretname{k:03}", f"secret{k:03}@example.org"
        row["requested"] = f"{int(row['requested'])}.{k + 10}"
    with (folder / "data" / "motifs.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[-1]))
        writer.writeheader()
        writer.writerows(rows)
    stored = run_of(solve(load_scenario(folder / "motifs.yaml")))
    for lang in Lang:
        for sheet in build_sheets(stored, lang):
            own = next(row for row in rows if row["dossier"] == sheet.dossier)
            page = sheet.to_html()
            assert set(re.findall(r"Secret title \d{3}", page)) <= {own["title"]}
            assert not re.findall(r"Secretname\d{3}|secret\d{3}@", page)
            for other in rows:
                figure = re.escape(format_amount(round(float(other["requested"]) * 100), lang))
                assert other is own or not re.search(rf"(?<![\d,.\u202f]){figure}", page), figure


def test_the_sum_of_an_envelope_with_one_other_applicant_is_not_stated(
    sheets: Mapping[str, DossierSheet], run: StoredRun
) -> None:
    table = run.table.filter("funded")
    for dossier, (__, row) in read_rows().items():
        others = table.filter((pl.col("envelope") == row["envelope"]) & (pl.col("dossier") != dossier)).height
        text = get_line(sheets[dossier], f"parameters.envelope.{row['envelope']}")[0]
        assert ("Granted" in text) is (others != 1), (dossier, others)


def test_an_unproven_list_says_so(run: StoredRun) -> None:
    summary = {**run.summary, "proof": "FEASIBLE_GAP", "status": "feasible", "publishable": False}
    told = build_sheets(replace(run, summary=summary), Lang.EN, ["C-02"])[0]
    assert get_line(told, "operations.proof")[0].startswith("Nothing proves")


def test_the_smallest_change_is_read_from_the_folder(tmp_path: Path) -> None:
    run_dir = write_run(solve(load_scenario(copy_motifs(tmp_path / "plan"))), None)
    plain = build_sheets(open_stored(run_dir, lang=Lang.EN), Lang.EN, ["C-05"])[0]
    assert "was not computed" in get_line(plain, "operations.change")[0]
    assert main(["explain", str(run_dir), "--all", "--quiet"]) == 0
    told = build_sheets(open_stored(run_dir, lang=Lang.EN), Lang.EN, ["C-05"])[0]
    value, origin = get_line(told, "operations.change")
    assert "explanation.parquet" in origin
    assert re.search(r"With 8 instead of 7 for: Score\.", value), value


def test_the_same_run_gives_the_same_bytes(run: StoredRun) -> None:
    first = dict(iterate_documents(run, Lang.FR))
    again = dict(iterate_documents(open_stored(run.folder), Lang.FR))
    assert first == again
    assert {"fiches.html", "fiches/C-02.html"} <= set(first)
    chosen = dict(iterate_documents(run, Lang.FR, ["C-02"]))
    assert chosen["fiches/C-02.html"] == first["fiches/C-02.html"]


def test_a_time_limit_keeps_what_was_written_and_the_next_call_goes_on(
    run: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "BATCH", 10)
    ticks = iter(range(1000))
    document = write_transparency(
        run, tmp_path / "f", Lang.FR, deadline=Deadline(2.5, clock=lambda: float(next(ticks)))
    )
    assert document.stopped_by == "time_limit"
    assert not document.complete
    assert 0 < document.n_sheets < document.n_dossiers
    stored = json.loads((tmp_path / "f" / MANIFEST).read_text(encoding="utf-8"))
    assert stored["n_sheets"] == document.n_sheets == len(list((tmp_path / "f" / "fiches").glob("*.html")))
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "f" / "fiches").iterdir()}
    whole = write_transparency(run, tmp_path / "f", Lang.FR)
    assert whole.complete
    assert whole.n_sheets == whole.n_dossiers == 30
    assert all(file.stat().st_mtime_ns == time for file, time in before.items())
    assert (tmp_path / "f" / "fiches.html").is_file()


def test_an_interruption_keeps_what_was_written(
    run: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "BATCH", 10)
    put_each, n_calls = folder_module.put_each, 0

    def interrupt(files: Mapping[Path, bytes]) -> None:
        nonlocal n_calls
        n_calls += 1
        if n_calls == 3:
            raise KeyboardInterrupt
        put_each(files)

    monkeypatch.setattr(folder_module, "put_each", interrupt)
    document = write_transparency(run, tmp_path, Lang.FR)
    assert (document.stopped_by, document.n_sheets) == ("interrupt", 20)


@pytest.mark.parametrize("batch", [0, 1, 2])
def test_a_process_that_is_killed_loses_one_batch_at_most(
    run: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Nothing is done after the kill: the exception is none that the writing catches."""
    monkeypatch.setattr(folder_module, "BATCH", 10)
    put_each, n_calls = folder_module.put_each, 0

    class Killed(BaseException):
        pass

    def kill(files: Mapping[Path, bytes]) -> None:
        nonlocal n_calls
        put_each(files)  # the files are there, the manifest does not know them yet
        n_calls += 1
        if n_calls == batch + 1:
            raise Killed

    monkeypatch.setattr(folder_module, "put_each", kill)
    with pytest.raises(Killed):
        write_transparency(run, tmp_path, Lang.FR)
    left = folder_module.read_manifest(tmp_path / folder_module.MANIFEST)
    assert left is not None
    assert (left.complete, left.stopped_by, left.n_sheets) == (False, "interrupt", 10 * batch)
    monkeypatch.setattr(folder_module, "put_each", put_each)
    assert write_transparency(run, tmp_path, Lang.FR).complete


def test_a_pdf_is_drawn_once_for_the_same_sheet(
    run: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = list[str]()

    def draw(page: str) -> bytes:
        drawn.append(page)
        return b"%PDF" + page[-100:].encode()

    monkeypatch.setattr(folder_module, "render_pdf", draw)
    for __ in range(2):
        document = write_transparency(run, tmp_path, Lang.FR, pdf=["C-02", "J-1"])
    assert len(drawn) == 2
    assert sum(entry.drawn_from is not None for entry in document.files) == 2
    (tmp_path / "fiches" / "C-02.pdf").write_bytes(b"other")
    write_transparency(run, tmp_path, Lang.FR, pdf=["C-02", "J-1"])
    assert len(drawn) == 3


def test_a_pdf_of_an_earlier_call_stays_while_its_sheet_does(
    run: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder_module, "render_pdf", lambda page: b"%PDF" + page[-100:].encode())
    write_transparency(run, tmp_path, Lang.FR, pdf=["C-02", "J-1"])
    document = write_transparency(run, tmp_path, Lang.FR)
    assert {entry.path for entry in document.files if entry.drawn_from} == {
        "fiches/C-02.pdf",
        "fiches/J-1.pdf",
    }
    shipped = load_shipped_wording()
    data = shipped.data.replace(b"Le calcul aide", b"Ce calcul aide")
    assert data != shipped.data
    (tmp_path / folder_module.WORDING).write_bytes(data)
    document = write_transparency(run, tmp_path, Lang.FR)
    assert not [entry for entry in document.files if entry.drawn_from]
    assert {entry.path for entry in document.files} | {folder_module.MANIFEST} == {
        file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()
    }


def test_a_folder_of_something_else_is_left_alone(run: StoredRun, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError):
        write_transparency(run, tmp_path, Lang.FR)
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]
    write_transparency(run, tmp_path, Lang.FR, replace=True)
    write_transparency(run, tmp_path, Lang.EN, replace=True)
    assert not list((tmp_path / "fiches").glob("*.html"))
    assert (tmp_path / "sheets" / "C-02.html").is_file()


def test_a_run_without_its_data_gets_no_sheet(run: StoredRun) -> None:
    with pytest.raises(DataError):
        build_sheets(replace(run, decision=None), Lang.FR)


def test_an_unknown_dossier_is_refused_with_the_nearest(run: StoredRun) -> None:
    with pytest.raises(UsageError, match="C-02"):
        build_sheets(run, Lang.FR, ["C-020"])


def test_the_verb_writes_both_languages(
    run: StoredRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["transparency", str(run.folder)]
    assert main([*common, "--out", str(tmp_path / "fr")]) == 0
    assert "30 fiches sur 30" in capsys.readouterr().out
    assert main([*common, "--out", str(tmp_path / "en"), "--lang", "en", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["n_sheets"], document["complete"], document["language"]) == (30, True, "en")
    assert (tmp_path / "fr" / "fiches.html").is_file()
    assert (tmp_path / "en" / "sheets.html").is_file()
