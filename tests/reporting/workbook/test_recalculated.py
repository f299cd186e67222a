"""Every formula of the workbooks, worked out by LibreOffice without the cached values, gives the cached one."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from support.programs import LIBREOFFICE, needs

from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.decision_table import build_decision_table
from tnt_sim.reporting.workbook.department_workbook import build_department_workbook, build_extracts
from tnt_sim.reporting.workbook.workbook import build_workbook

_CACHED = re.compile(r"(<f[^>]*>[^<]*</f>)<v>[^<]*</v>")


def without_cache(data: bytes) -> tuple[bytes, int]:
    """The workbook with the cached value of each formula taken out, and how many there were."""
    out, n = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                text, found = _CACHED.subn(r"\1", part.decode())
                part, n = text.encode(), n + found
            new.writestr(name, part)
    return out.getvalue(), n


def cells(data: bytes) -> dict[tuple[str, int, int], Any]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {
        (name, i, j): value
        for name in book.sheet_names
        if not name.startswith("_")
        for i, row in enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
        for j, value in enumerate(row)
        if value != ""
    }


@needs(LIBREOFFICE, "LibreOffice")
def test_libreoffice_finds_the_same_values(stored: StoredRun, tmp_path: Path) -> None:
    part = build_extracts(build_decision_table(stored), "department")[0]
    made = {"fr.xlsx": build_workbook(stored, Lang.FR), "en.xlsx": build_workbook(stored, Lang.EN),
            "01.xlsx": build_department_workbook(stored, part, Lang.FR)}  # fmt: skip
    for name, data in made.items():
        bare, n = without_cache(data)
        assert n > 5
        (tmp_path / name).write_bytes(bare)
    assert LIBREOFFICE is not None
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [LIBREOFFICE, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "out")]
    subprocess.run(
        [*command, *(str(tmp_path / name) for name in made)], check=True, timeout=240, capture_output=True
    )
    for name, data in made.items():
        again = cells((tmp_path / "out" / name).read_bytes())
        for place, value in cells(data).items():
            if isinstance(value, float):
                assert again[place] == pytest.approx(value, abs=1e-6), (name, place)
            else:
                assert str(again[place]) == str(value), (name, place)
