"""The example without a file on the page of the Python interface runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.paths import ROOT

import tnt_sim as tnt


def test_the_example_without_a_file_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/fr/reference/api.md").read_text(encoding="utf-8"), re.S
    )
    code = next(block for block in blocks if "tnt.envelope(" in block)
    names: dict[str, object] = {"tnt": tnt}
    exec(code, names)
    scenario = names["scenario"]
    assert isinstance(scenario, tnt.Scenario)
    table = scenario.solve().table().filter(funded=True)
    assert table.select("dossier", "granted_cents").rows() == [("B", 50050)]
    folder = next((tmp_path / "runs" / "scenario").glob("scenario-*/summary.json")).parent
    assert tnt.open_run(folder).document["n_funded"] == 1
