"""The folder of a sweep: the document, the page, the workbook and the pictures, beside the points kept so far."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tnt_sim.errors import Lang
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.view.chart_theme import png, svg
from tnt_sim.view.charts import sweep_chart
from tnt_sim.view.put_file import put_files
from tnt_sim.view.run_folder import RUN_ROOT
from tnt_sim.view.sweep_page import has_charts, kinds_of, sweep_html
from tnt_sim.view.sweep_sheets import sweep_xlsx

POINTS = "points.jsonl"
DOCUMENT, PAGE, WORKBOOK = "sweep.json", "sweep.html", "sweep.xlsx"


def sweep_folder(scenario: Scenario, key: str, out: Path | None) -> Path:
    """`runs/<id>-sweep-<hash8>/`: the same question has the same folder."""
    safe = re.sub(r"[^\w.-]+", "-", scenario.id).strip(".-") or "scenario"
    return (out if out is not None else scenario.root / RUN_ROOT) / f"{safe}-sweep-{key[:8]}"


def write_sweep(document: Mapping[str, Any], folder: Path, lang: Lang) -> list[Path]:
    """Write all files of a sweep, each in one step; an earlier answer to the same question is replaced.

    Raises
    ------
    UsageError
        The place cannot be written to.
    """
    drawn: dict[str, str] = {}
    data: dict[str, bytes] = {}
    if has_charts():
        for kind in kinds_of(document):
            chart = sweep_chart(document, kind, lang)
            drawn[kind] = svg(chart)
            data[f"{kind}.svg"] = drawn[kind].encode()
            data[f"{kind}.png"] = png(chart)
    data[DOCUMENT] = (json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()
    data[PAGE] = sweep_html(document, lang, pictures=drawn).encode()
    data[WORKBOOK] = sweep_xlsx(document, lang)
    return put_files(folder, data, replace=True)
