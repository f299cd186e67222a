"""Shipped programmes: the note and the letters give one reason for each application that is not selected."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.lanes import first_of
from support.paths import ROOT

from tnt_sim.analysis.explain.document import ExplainedDossier
from tnt_sim.analysis.explain.explanation_check import read_checked_run
from tnt_sim.analysis.explain.sentences import get_sentence_key
from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_cents
from tnt_sim.reporting.reports.decision_table import DECISION, build_decision_table
from tnt_sim.reporting.reports.letters import write_letters

SHORT = ("outranked", "none_fits", "outranked_barred", "none_fits_barred")


def list_expected_words(entry: ExplainedDossier) -> list[str]:
    """What the letter must hold: the rule that the note names, or its envelope with both amounts."""
    if get_sentence_key(entry) == "displaced":
        return [next(rule.title for rule in entry.because if rule.enters)]
    assert entry.margin is not None
    amounts = (entry.margin.left_cents, entry.margin.asked_cents)
    return [entry.margin.title, *(format_cents(cents, Lang.FR, decimals=True) for cents in amounts)]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), first_of([("demat-ads", 80), ("tnt-2021", 2_000)], 1))
def test_note_and_letters_agree_on_each_waiting_dossier(name: str, least: int, tmp_path: Path) -> None:
    assert main(["run", str(ROOT / "scenarios" / f"{name}.yaml"), "--out", str(tmp_path), "--quiet"]) == 0
    (folder,) = tmp_path.glob("*-*")
    project = ["--project", str(ROOT)]
    assert main(["explain", str(folder), "--all", "--quiet", *project]) == 0, os.listdir(folder)
    run = open_stored(folder, project=ROOT)
    document, __ = read_checked_run(run, Lang.FR, 0.0)
    assert document is not None
    table = build_decision_table(run)
    motives = dict(zip(table["dossier"], write_letters(run, table, Lang.FR).motive, strict=True))
    refused = set(table.filter((table[DECISION] == "refused") & table["eligible"])["dossier"])
    entries = [entry for entry in document.dossiers if entry.dossier in refused]
    assert len(entries) == len(refused) >= least
    keys = {get_sentence_key(entry) for entry in entries}
    assert "displaced" in keys
    assert keys <= {"displaced", *SHORT}
    apart = {
        entry.dossier: motives[entry.dossier]
        for entry in entries
        if not all(words in motives[entry.dossier] for words in list_expected_words(entry))
    }
    assert apart == {}
