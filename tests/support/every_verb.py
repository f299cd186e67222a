"""Every verb that analyses a scenario, on one small programme."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tnt_sim as tnt
from tnt_sim.analysis.explain.explanation import explain, explain_for_reports
from tnt_sim.analysis.shared import decided_run as decisions
from tnt_sim.documents import dump_document
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.reporting.decision_page.slider_positions import compute_slider
from tnt_sim.scenario.load import load_scenario
from tnt_sim.studies.functions import find_answer
from tnt_sim.studies.registry import load_study

Document = Mapping[str, Any]


class House:
    """What verbs start from, read before the clock is a false one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        text = (folder / "petit.yaml").read_text(encoding="utf-8")
        uncertain = "uncertain: [{id: u, column: cost, times: {lognormal: {median: 1, sigma: 0.2}}}]\n"
        floor = "max: 30 k€}, {id: plancher, kind: limit, measure: granted, min: 59 k€}]"
        (folder / "petit.yaml").write_text(text + uncertain, encoding="utf-8")
        (folder / "clash.yaml").write_text(text.replace("max: 30 k€}]", floor.replace("30", "10")), "utf-8")
        (folder / "other.yaml").write_text(text.replace("max: 30 k€", "max: 20 k€"), encoding="utf-8")
        (folder / "list.csv").write_text("dossier\nD1\nD2\n", encoding="utf-8")
        self.scenario = load_scenario(folder / "petit.yaml")
        self.clash = load_scenario(folder / "clash.yaml")
        self.other = load_scenario(folder / "other.yaml")
        result: Any = tnt.Scenario.from_yaml(folder / "petit.yaml").solve()
        self.run = result.save(folder / "runs")
        self.decided = decisions.of_result(result)
        self.refused = result.to_dataframe().filter(~result.to_dataframe()["funded"])["dossier"].to_list()


def _sweep(house: House, seconds: float, **how: Any) -> Document:
    found = tnt.sweep(house.scenario, start="50 k€", stop="75 k€", time_limit=seconds, **how)
    return found.document


def _slider(house: House, seconds: float) -> Document:
    found = compute_slider(open_stored(house.run), "p", n_steps=6, seconds=seconds)
    known = [one for one in found.positions if one.document is not None]
    progress = {"done": len(known), "of": len(found.positions), "unit": "amounts"}
    stopped = "time" if len(known) < len(found.positions) else None
    return {"stopped_by": stopped, "progress": progress}


VERBS: Mapping[str, Callable[[House, float], Document]] = {
    "sweep": lambda h, t: _sweep(h, t, steps=8),
    "sweep --free": lambda h, t: _sweep(h, t, steps=8, free=True),
    "sweep --nested": lambda h, t: _sweep(h, t, steps=8, nested=True),
    "sweep --exact": lambda h, t: _sweep(h, t, exact=True),
    "sweep --tolerance": lambda h, t: _sweep(h, t, free=True, tolerance="1 %"),
    "marginal-euro": lambda h, t: tnt.next_euro(h.scenario, time_limit=t).document,
    "entry-thresholds": lambda h, t: tnt.entries(h.scenario, time_limit=t).document,
    "target": lambda h, t: tnt.target(h.scenario, "all", "+2", "rules", time_limit=t).document,
    "rule-prices": lambda h, t: tnt.prices(h.scenario, time_limit=t).document,
    "extension-shares": lambda h, t: tnt.extension(h.scenario, "10 k€", time_limit=t).document,
    "extend": lambda h, t: tnt.extend(h.scenario, time_limit=t).document,
    "explain": lambda h, t: explain(h.decided, h.refused[:3], seconds=t).document,
    "explain --all": lambda h, t: explain(h.decided, everyone=True, seconds=t).document,
    "report": lambda h, t: dump_document(explain_for_reports(h.decided, seconds=t)),
    "report --slider": _slider,
    "inversions": lambda h, t: (
        find_answer(load_study("inversions"), h.decided, rank="cost", time_limit=t).document
    ),
    "alternatives": lambda h, t: tnt.alternatives(h.scenario, count=4, time_limit=t).document,
    "weights": lambda h, t: tnt.weights(h.scenario, ["score", "dossiers"], time_limit=t).document,
    "audit": lambda h, t: tnt.audit(h.scenario, h.folder / "list.csv", time_limit=t).document,
    "conflict": lambda h, t: tnt.conflict(h.clash, time_limit=t).document,
    "compare": lambda h, t: tnt.compare(h.scenario, h.other, options={"time_limit": t}).summary(),
    "ensemble": lambda h, t: tnt.ensemble(h.scenario, 6, workers=1, time_limit=t).summary(),
}
