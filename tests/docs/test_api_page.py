"""The page of the Python interface, in each language: its example without a file runs, its names are the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.paths import ROOT

import tnt_sim as tnt


def read_page(lang: str) -> str:
    return (ROOT / f"docs/{lang}/reference/api.md").read_text(encoding="utf-8")


def test_both_pages_have_the_same_names() -> None:
    french, english = (re.findall(r"```{eval-rst}\n.*?```", read_page(lang), re.S) for lang in ("fr", "en"))
    assert french == english
    assert len(french) >= 10


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_example_without_a_file_runs(lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", read_page(lang), re.S)
    code = next(block for block in blocks if "tnt.envelope(" in block)
    names: dict[str, object] = {"tnt": tnt}
    exec(code, names)
    scenario = names["scenario"]
    assert isinstance(scenario, tnt.Scenario)
    table = scenario.solve().table().filter(funded=True)
    assert table.select("dossier", "granted_cents").rows() == [("B", 50050)]
    folder = next((tmp_path / "runs" / "scenario").glob("scenario-*/summary.json")).parent
    assert tnt.open_run(folder).document["n_funded"] == 1
