"""`tnt-sim sweep`: what it prints, what it writes, what it refuses, and what Ctrl-C keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from support.command_line import Run

from tnt_sim.analysis.shared.result_store import read_rows
from tnt_sim.analysis.sweep.envelope_point import Settler
from tnt_sim.analysis.sweep.runner import SweepRun
from tnt_sim.analysis.sweep.store import SCHEMA
from tnt_sim.reporting.reports.sweep import (
    DOCUMENT,
    DOSSIERS,
    PAGE,
    WORKBOOK,
    WRITING_SECONDS,
    WRITING_SECONDS_PER_MILLION,
    WRITING_SHARE,
    leave_time_to_write,
)
from tnt_sim.scenario.problem import Problem

ARGS = ("--from", "0,4 M€", "--to", "0,8 M€", "--steps", "4", "--share", "pro_rata")


def folder_of(demo: Path) -> Path:
    found = list((demo / "runs").glob("*-sweep-*"))
    assert len(found) == 1
    return found[0]


def test_the_page_tells_both_curves(tnt: Run, demo: Path) -> None:
    said = tnt("sweep", "scenario.yaml", *ARGS)
    assert (said.code, said.err) == (0, "")
    assert "Les 10 répartitions sont optimales : chacune est prouvée" in said.plain
    assert "Chaque montant pour lui-même (libre)" in said.out
    assert "Engagements maintenus d'un montant au suivant (cumulatif)" in said.out
    assert "Ce que cela veut dire" in said.out
    assert "Dossier du balayage : runs/" in said.out
    names = {path.name for path in folder_of(demo).iterdir()}
    assert {DOCUMENT, DOSSIERS, PAGE, WORKBOOK, "batch.json", "runs", "curve.svg", "curve.png"} <= names
    english = tnt("sweep", "scenario.yaml", *ARGS, "--lang", "en")
    assert "The 10 allocations are optimal" in english.out
    assert "What this means" in english.out


def test_json_is_one_document(tnt: Run, demo: Path) -> None:
    said = tnt("sweep", "scenario.yaml", *ARGS, "--json")
    told = said.document
    assert (said.code, told["command"], told["status"], told["proof"]) == (0, "sweep", "optimal", "PROVED")
    amounts = [point["amount_cents"] for point in told["points"]]
    assert amounts == [40_000_000, 50_000_000, 60_000_000, 70_000_000, 80_000_000]
    for point in told["points"]:
        free, nested = point["free"], point["nested"]
        assert free["objective"][0]["gap"] == "0"
        assert free["granted_cents"] + free["left_cents"] == point["amount_cents"]
        assert float(point["price_of_nesting"]) >= 0
        assert nested["left"] == []
    kept = (demo / told["sweep_dir"] / DOCUMENT).read_text(encoding="utf-8")
    assert kept == said.out
    columns = pl.read_parquet(demo / told["sweep_dir"] / DOSSIERS)
    assert columns.select(*told["dossiers"][0]).to_dicts() == told["dossiers"]


def test_a_long_list_is_cut_and_its_rest_named(tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tnt_sim.reporting.reports.sweep.MOST_LISTED", 2)
    told = tnt("sweep", "scenario.yaml", *ARGS, "--json", "--lang", "en").document
    n = len(told["dossiers"]) - 2
    folder = demo / told["sweep_dir"]
    assert f"{n} more applications are in {DOSSIERS}." in (folder / PAGE).read_text(encoding="utf-8")
    sheet = CalamineWorkbook.from_path(str(folder / WORKBOOK)).get_sheet_by_name("Applications")
    cells = [row[0] for row in sheet.to_python() if row[0]]
    assert cells[1:3] == [f"{n} more applications are in {DOSSIERS}.", "Application"]
    first = [one["free_from_cents"] for one in told["dossiers"] if one["dossier"] in cells[3:]]
    known = sorted(one["free_from_cents"] for one in told["dossiers"] if one["free_from_cents"] is not None)
    assert sorted(first) == known[:2]
    assert len(cells) == 5
    assert pl.read_parquet(folder / DOSSIERS).height == n + 2


def test_one_curve_alone_and_every_step(tnt: Run, demo: Path) -> None:
    assert demo.is_dir()
    free = tnt("sweep", "scenario.yaml", *ARGS, "--free", "--json").document
    assert all(point["nested"] is None for point in free["points"])
    nested = tnt("sweep", "scenario.yaml", "--nested", "--at", "1,2 M€", "--at", "1,5 M€", "--json").document
    assert [point["free"] for point in nested["points"]] == [None, None]
    exact = tnt("sweep", "scenario.yaml", "--from", "1 M€", "--to", "1,2 M€", "--exact", "--json").document
    steps = exact["steps"]
    assert steps["amount_cents"][0] == 100_000_000
    assert steps["amount_cents"] == sorted(set(steps["amount_cents"]))
    assert {len(column) for column in steps.values()} == {len(steps["value"])}
    assert exact["band"] == []


REFUSED = {
    ("--envelope", "communess"): "l'enveloppe « communess » n'existe pas",
    ("--from", "2 M€", "--to", "1 M€"): "--from doit être inférieur à --to",
    ("--from", "1,2 M€", "--to", "1,3 M€", "--steps", "0"): "--steps est un nombre de pas",
    ("--from", "beaucoup"): "« beaucoup » n'est pas un montant",
    ("--from", "0,9 M€", "--to", "2 M€"): "dites comment ils suivent",
    ("--exact", "--nested"): "--exact et --nested ne vont pas ensemble",
    ("--exact", "--steps", "3"): "--exact donne tous les paliers",
    ("--steps", "3", "--at", "1 M€"): "--at donne les montants un par un",
    ("--share", "moitié"): "--share prend free, pro_rata",
}


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_cannot_be_asked(tnt: Run, demo: Path, words: tuple[str, ...]) -> None:
    said = tnt("sweep", "scenario.yaml", *words)
    assert said.code == 2
    assert REFUSED[words] in said.err
    assert not list((demo / "runs").glob("*-sweep-*"))
    as_json = tnt("sweep", "scenario.yaml", *words, "--json")
    assert as_json.document["error"]["code"].startswith("usage.")


def test_amounts_below_what_is_committed(tnt: Run, demo: Path) -> None:
    table = demo / "data" / "dossiers.csv"
    head, first, *rest = table.read_text(encoding="utf-8").splitlines()
    lines = [f"{head},committed", f"{first},50000", *(f"{row}," for row in rest)]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = (demo / "scenario.yaml").read_text(encoding="utf-8")
    plain = "\n".join(
        line for line in text.splitlines() if "requested: 2" not in line and "sha256" not in line
    )
    (demo / "scenario.yaml").write_text(plain, encoding="utf-8")
    said = tnt("sweep", "scenario.yaml", "--from", "2 %", "--to", "100 %", "--share", "pro_rata")
    assert said.code == 2
    assert "ne couvre plus ce qui est engagé" in said.err
    assert "50\u202f000\u00a0€ pour 1 dossier " in said.err
    assert "--from peut descendre jusqu'à" in said.err


def test_ctrl_c_keeps_what_is_found_and_resume_goes_on(
    tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = SweepRun._take
    asked: list[int] = []
    settled = Settler.solve_point

    def stop_at_the_third(self: SweepRun, *args: object) -> None:
        if self.done == 2:
            raise KeyboardInterrupt
        taken(self, *args)  # type: ignore[arg-type]

    def counted(self: Settler, problem: Problem, cents: int, **more: Any) -> object:
        asked.append(cents)
        return settled(self, problem, cents, **more)

    monkeypatch.setattr(SweepRun, "_take", stop_at_the_third)
    said = tnt("sweep", "scenario.yaml", *ARGS)
    assert said.code == 130
    assert "Interrompu : 2 répartitions trouvées sont gardées" in said.plain
    assert read_rows(folder_of(demo), SCHEMA).height == 3
    monkeypatch.setattr(SweepRun, "_take", taken)
    monkeypatch.setattr(Settler, "solve_point", counted)
    resumed = tnt("sweep", "scenario.yaml", *ARGS, "--resume", "--json").document
    assert len(resumed["points"]) == 5
    assert len(asked) == 7  # ten points, three of them kept
    asked.clear()
    whole = tnt("sweep", "scenario.yaml", *ARGS, "--json").document
    assert len(asked) == 10
    for told in (resumed, whole):
        for point in told["points"]:
            for curve in ("free", "nested"):
                # what settles an amount may differ, not what is found
                assert {"seconds", "method"} <= set(point[curve])
                point[curve] = {k: v for k, v in point[curve].items() if k not in ("seconds", "method")}
    assert resumed == whole


def test_help_has_examples(tnt: Run) -> None:
    said = tnt("sweep", "--help")
    assert said.code == 0
    assert "tnt-sim sweep scenario.yaml --from" in said.out


def test_files_are_written_within_the_limit() -> None:
    """What is left for the curves is less than the limit by a share of it, and by 3 s at most, 9 for a million."""
    assert leave_time_to_write(None) is None
    assert leave_time_to_write(10.0) == 10.0 - WRITING_SHARE * 10.0
    assert leave_time_to_write(600.0) == 600.0 - WRITING_SECONDS
    assert leave_time_to_write(600.0, 1_000_000) == 600.0 - WRITING_SECONDS - WRITING_SECONDS_PER_MILLION
    assert leave_time_to_write(10.0, 1_000_000) == leave_time_to_write(10.0)


def test_out_names_a_page_or_a_folder(tnt: Run, demo: Path) -> None:
    words = ("sweep", "scenario.yaml", "--at", "1.2 M€", "--free", "--quiet", "--out")
    assert tnt(*words, "x.html").code == 0
    assert "<html" in (demo / "x.html").read_text(encoding="utf-8")
    assert folder_of(demo).is_dir(), "the other files are where they are without --out"
    assert tnt(*words, "x.html").code == 2, "a page is not replaced unasked"
    assert tnt(*words, "x.html", "--force", "--resume").code == 0
    assert tnt(*words, "folder").code == 0
    assert list((demo / "folder").glob("*-sweep-*/sweep.html"))
