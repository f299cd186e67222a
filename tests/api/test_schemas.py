"""The JSON Schemas of `tnt-sim schema` are current, and every document of the golden record is valid."""

from __future__ import annotations

import json
import lzma
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import golden
import jsonschema
import pytest
from hatchling.builders.wheel import WheelBuilder
from support.paths import ROOT

import docs
from tnt_sim.api.schemas import DOCUMENTS, read_schema

OF_QUESTION = {
    "next": "marginal-euro",
    "entries": "entry-thresholds",
    "target": "target",
    "prices": "rule-prices",
    "extension": "extension-shares",
}
MASK = "MASKED"


def recorded() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every document of the record that it holds whole, with the command that printed it."""
    for path in sorted(golden.RECORDS.glob("*.json.xz")):
        for command, found in json.loads(lzma.decompress(path.read_bytes())).items():
            if "--json" in command and found["stdout"].startswith("{"):
                text = re.sub(rf"(?<=: ){MASK}\b", f'"{MASK}"', found["stdout"])
                text = re.sub(
                    r'"flags": (\[.*\])', lambda m: f'"flags": {{{m[1][1:-1].replace(chr(39), "")}}}', text
                )
                yield f"{path.name}: {command}", json.loads(text)


def name_of(document: dict[str, Any]) -> str:
    """The name of the schema of a document."""
    if "error" in document:
        return "error"
    if document["command"] in ("report", "export"):
        return "written"
    if "fit" in document:
        return "ensemble-fit"
    return OF_QUESTION.get(document.get("question", ""), document["command"])


def without_masks(node: Any) -> Any:
    """A schema that takes whatever the record leaves out."""
    if isinstance(node, list):
        return [without_masks(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: without_masks(one) for key, one in node.items()}
    for key in found.get("properties", {}):
        if re.fullmatch(golden.MASKED_KEYS, key):
            found["properties"][key] = {"anyOf": [found["properties"][key], {"const": MASK}]}
    return found


DOCUMENTS_RECORDED = list(recorded())


@pytest.mark.usefixtures("shipped_catalogue")
def test_schemas_and_their_page_are_current() -> None:
    generated = [name for name in docs.PAGES if "schemas" in name]
    assert [name for name in generated if not docs.fresh(name)] == []
    shipped = {path.stem for path in (ROOT / "tnt_sim" / "data" / "schemas").iterdir()}
    assert shipped == set(DOCUMENTS)


EVENTS = {"incumbent", "reconcile", "refresh", "runs", "send"}
"""Lines on standard error (tests/engine/test_incumbents.py reads them), and the documents of `reconcile`,
`refresh`, `runs` and `send`, which tests/cli/test_reconcile.py, test_intake_project.py, test_send.py and
tests/engine/run_folder/test_run_list.py read."""


@pytest.mark.parametrize("name", sorted(set(DOCUMENTS) - EVENTS))
def test_every_recorded_document_is_valid(name: str) -> None:
    schema = json.loads(read_schema(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(without_masks(schema))
    found = [(command, document) for command, document in DOCUMENTS_RECORDED if name_of(document) == name]
    assert found, "the golden record has no such document"
    for command, document in found:
        errors = [f"{error.json_path}: {error.message}"[:300] for error in validator.iter_errors(document)]
        assert errors == [], command
        assert not validator.is_valid({**document, "unknown": 1})


def test_every_recorded_document_has_a_schema() -> None:
    assert {name_of(document) for _, document in DOCUMENTS_RECORDED} <= set(DOCUMENTS)


def test_the_wheel_holds_the_schemas(tmp_path: Path) -> None:
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    held = set(zipfile.ZipFile(built).namelist())
    assert {f"tnt_sim/data/schemas/{name}.json" for name in DOCUMENTS} <= held
