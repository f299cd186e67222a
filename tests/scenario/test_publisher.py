"""The block `publisher`: the older keys of `letters`, blocks that contradict each other, what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnt_sim.domain.publisher import PUBLISHER_KEYS, list_missing_keys
from tnt_sim.errors import ScenarioError
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

WHOLE = {
    "authority": "la préfète", "service": "bureau des dotations", "contact": "dotations@exemple.fr",
    "rules": "www.exemple.fr/regles", "legal_basis": "CGCT", "decided_by": "la commission",
    "retention": "10 years",
}  # fmt: skip
TABLE = "dossier,requested,score\n1,600,10\n2,500,3\n"


def load_with(folder: Path, blocks: str) -> ScenarioData:
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    head = "schema_version: 1\nid: petit\ndossiers: [{file: table.csv}]\n"
    body = "programme: {id: p, amount: 1 000 €}\nobjective: [{maximise: {score: 1}}]\n"
    (folder / "petit.yaml").write_text(head + body + blocks, encoding="utf-8")
    return load_scenario(folder / "petit.yaml")


def write_block(name: str, values: dict[str, str]) -> str:
    return f"{name}:\n" + "".join(f'  {key}: "{value}"\n' for key, value in values.items())


def test_nothing_is_missing_of_a_whole_block(tmp_path: Path) -> None:
    spec = load_with(tmp_path, write_block("publisher", WHOLE)).spec
    assert set(WHOLE) == set(PUBLISHER_KEYS)
    assert list_missing_keys(spec.publisher) == ()
    assert spec.publisher.retention == "10 years"


@pytest.mark.parametrize("key", PUBLISHER_KEYS)
def test_each_missing_key_is_named(tmp_path: Path, key: str) -> None:
    values = {name: value for name, value in WHOLE.items() if name != key}
    spec = load_with(tmp_path, write_block("publisher", values)).spec
    assert list_missing_keys(spec.publisher) == (key,)


def test_the_publisher_changes_no_fingerprint(tmp_path: Path) -> None:
    """It says who answers, and no figure depends on it."""
    assert load_with(tmp_path, write_block("publisher", WHOLE)).sha256 == load_with(tmp_path, "").sha256


def test_a_court_goes_with_the_authority_of_the_publisher(tmp_path: Path) -> None:
    court = write_block("letters", {"court": "le tribunal"})
    with pytest.raises(ScenarioError, match="authority"):
        load_with(tmp_path, court)
    spec = load_with(tmp_path, court + write_block("publisher", {"authority": "le maire"})).spec
    assert spec.letters.court == "le tribunal"


@pytest.mark.parametrize("text", ["2036-12-31", "10 years", "5 ans", "90 days", ""])
def test_a_retention_is_a_day_or_a_span(tmp_path: Path, text: str) -> None:
    assert load_with(tmp_path, write_block("publisher", {"retention": text})).spec.publisher.retention == text


@pytest.mark.parametrize("text", ["for ever", "2036-13-31", "10"])
def test_another_retention_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_with(tmp_path, write_block("publisher", {"retention": text}))
    (defect,) = caught.value.defects
    assert defect.text.en == f'"{text}" is neither a day nor a span of time.'
    assert defect.places[0].line == 7
