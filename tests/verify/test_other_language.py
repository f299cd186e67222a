"""A run told again in the other language says what the same scenario written in that language says."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.run_folders.checked import copied
from support.run_folders.small_runs import EVERY, solved, unfinished

from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang
from tnt_sim.verify.verification import Standing


def in_other_words(name: str, folder: Path, lang: Lang) -> StoredRun:
    """The run of the same scenario, its locale written as `lang`."""
    result = solved(name, folder, f"locale={lang.value}")
    return open_stored(write_run(unfinished(result) if name == "half" else result))


@pytest.mark.parametrize("name", EVERY)
def test_the_same_sentences(made: dict[str, Path], tmp_path: Path, name: str) -> None:
    run = open_stored(made[name])
    other = Lang.EN if run.lang is Lang.FR else Lang.FR
    told, expected = open_stored(made[name], lang=other), in_other_words(name, tmp_path / "project", other)
    assert told.lang is other
    assert told.own_lang is run.own_lang
    assert told.table["reason"].to_list() == expected.table["reason"].to_list()
    assert told.summary["envelopes"] == expected.summary["envelopes"]
    if name != "half":  # what a second solver says of it stays as it was said
        assert sorted(told.summary["warnings"]) == sorted(expected.summary["warnings"])
    assert told.table.drop("reason").equals(run.table.drop("reason"))


def test_in_its_own_language_it_is_told_as_it_was(made: dict[str, Path]) -> None:
    run = open_stored(made["links"])
    assert run.told_in is None
    assert open_stored(made["links"], lang=run.own_lang).told_in is None


def test_without_its_inputs_it_stays_in_its_own_language_and_says_so(
    made: dict[str, Path], tmp_path: Path
) -> None:
    folder = copied(made["links"], tmp_path)
    for table in folder.parents[1].rglob("*.csv"):
        if table.name != "allocation.csv":
            table.write_text(table.read_text() + "\n", encoding="utf-8")
    run = open_stored(folder, lang=Lang.EN)
    assert run.lang is run.own_lang is Lang.FR
    assert run.checked.rules.standing is Standing.CLAIMED
