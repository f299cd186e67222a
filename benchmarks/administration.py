"""Files in and out: an import of 51,106 rows with its quality report, a workbook, a report with a slider.

    uv run python benchmarks/administration.py projects_detr_dsil_2018_2019.csv

The table is the ministry's list of 2018 and 2019 (DGCL, Licence Ouverte 2.0); the XLSX is made from it. Medians
of three, imports of Python excluded: seconds on the clock, and of processor time where the machine is shared.
"""

from __future__ import annotations

import csv
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter
from frozen import FLAGSHIP

from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.forms.form_import import import_form
from tnt_sim.ingest.forms.form_reader import read_form
from tnt_sim.reporting.decision_page.page import PageOptions, render_report_html
from tnt_sim.reporting.decision_page.slider_positions import compute_slider
from tnt_sim.reporting.reports.form_import import build_import_tables
from tnt_sim.reporting.workbook.workbook import build_workbook
from tnt_sim.scenario.load import load_scenario

TIMES = 3


def timed(what: Callable[[], Any], times: int = TIMES) -> str:
    """Median seconds, on the clock and of processor time."""
    clock, processor = [], []
    for _ in range(times):
        began = time.perf_counter(), time.process_time()
        what()
        clock.append(time.perf_counter() - began[0])
        processor.append(time.process_time() - began[1])
    return f"{statistics.median(clock):.2f} s ({statistics.median(processor):.2f} s of processor time)"


def as_xlsx(source: Path, target: Path) -> None:
    """The same cells as a workbook, numbers as numbers."""
    book = xlsxwriter.Workbook(target, {"constant_memory": True, "strings_to_numbers": False})
    page = book.add_worksheet("Dossiers")
    with source.open(encoding="utf-8") as stream:
        rows = csv.reader(stream)
        head = next(rows)
        numbers = {k for k, name in enumerate(head) if name in ("population", "cost", "grant")}
        page.write_row(0, 0, head)
        for r, row in enumerate(rows, start=1):
            for c, text in enumerate(row):
                if c in numbers and text:
                    page.write_number(r, c, float(text))
                elif text:
                    page.write_string(r, c, text)
    book.close()


def imported(path: Path, *, likeness: bool) -> None:
    """What `tnt-sim import` does, but for writing the files to disk."""
    form, layout = read_form(path, shown_as=path.name)
    done = import_form(form, layout, likeness=likeness)
    dossiers, findings = build_import_tables(done, Lang.FR, "Europe/Paris")
    dossiers.write_csv(io.BytesIO())
    findings.write_csv(io.BytesIO())


def main() -> None:
    source = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "list.xlsx"
        as_xlsx(source, book)
        for path in (source, book):
            for likeness in (True, False):
                told = timed(lambda path=path, likeness=likeness: imported(path, likeness=likeness))
                print(f"import {path.suffix}, likeness {likeness}: {told}")
        root = Path(folder) / "runs"
        scenario = load_scenario(FLAGSHIP)
        run = open_stored(write_run(solve(scenario, cross_check="never"), root))
        few = pl.int_range(run.table.height, eager=True) < 2_000
        small = type(run)(run.folder, run.summary, run.spec, run.tree, run.table.filter(few))
        print(f"workbook, 2,000 dossiers: {timed(lambda: build_workbook(small, Lang.FR))}")
        asked = ("deconcentre", "80 %", "40 M€", 20)
        positions = timed(lambda: compute_slider(run, *asked, project=scenario.root), 1)
        slider = compute_slider(run, *asked, project=scenario.root)
        print(f"slider, {len(slider.positions)} positions decided and proven: {positions}")
        options = PageOptions(Lang.FR, slider)
        size = len(render_report_html(run, options).encode()) / 1e6
        print(f"report: {timed(lambda: render_report_html(run, options))}, {size:.2f} MB")


if __name__ == "__main__":
    main()
