"""Standard output holds one JSON document, or none: a failure leaves no half of one before the error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from support.command_line import Run

from tnt_sim.cli import console
from tnt_sim.documents import TableRows, iterate_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    amount: int
    worth: float


@pytest.mark.parametrize("held", [10, 32_000_000])
def test_a_column_that_fails_leaves_no_half_document(
    held: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "HELD_LETTERS", held)
    good = TableRows(pl.DataFrame({"amount": [1, 2], "worth": [0.5, 1.5]}), Step)
    bad = TableRows(pl.DataFrame({"amount": [1, 2], "worth": [0.5, float("nan")]}), Step)
    with pytest.raises(ValueError, match="Out of range"):
        console.emit({"title": "é" * 20, "steps": good, "others": bad})
    assert capsys.readouterr().out == ""
    document = {"title": "é" * 20, "steps": good, "others": [good, "fin"]}
    console.emit(document)
    written = capsys.readouterr().out
    assert written == "".join(iterate_json(document)) + "\n"
    assert json.loads(written)["others"][0][1] == {"amount": 2, "worth": 1.5}


def test_a_sweep_that_fails_writes_the_error_alone(
    tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents: list[object] = []

    def fail_late(document: object) -> Iterator[str]:
        documents.append(document)
        for k, text in enumerate(iterate_json(document)):
            if k == 5 and len(documents) == 1:
                raise ArithmeticError("cell")
            yield text

    monkeypatch.setattr(console, "iterate_json", fail_late)
    said = tnt("sweep", "scenario.yaml", "--steps", "3", "--json")
    assert len(documents) == 2, "the answer, and the error after it"
    assert said.code != 0
    assert json.loads(said.out)["error"]["code"] == "bug"
