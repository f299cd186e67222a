"""Why money is left: the reason given explains at least half of it, and the sentence says what is excepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

TEXT = """schema_version: 1
id: reste
programme: {id: a, amount: 100 k€}
dossiers: [{file: table.csv}]
grants: [{mode: all_or_nothing}]
rules: [{id: une-fois, kind: limit, measure: dossiers, by: applicant_id, max: 1}]
objective: [{maximise: {score: 1}}]
"""
NB, NNB = "\u00a0", "\u202f"


def left(folder: Path, rows: list[tuple[str, int, int]]) -> dict[str, Any]:
    """The envelope of a run on dossiers of an applicant, a request and a score."""
    lines = [f"{k},{who},{asked},{asked},{score}" for k, (who, asked, score) in enumerate(rows, start=1)]
    table = "\n".join(["dossier,applicant_id,cost,requested,score", *lines])
    (folder / "table.csv").write_text(table + "\n", encoding="utf-8")
    (folder / "reste.yaml").write_text(TEXT, encoding="utf-8")
    entry: dict[str, Any] = solve(load_scenario(folder / "reste.yaml"), cross_check="never").document[
        "envelopes"
    ][0]
    return entry


CASES = {
    # 90 k€ are left and the rule holds back 10 k€ only: it is no reason for the rest
    "little is held back": (
        [("x", 10_000, 9), ("x", 10_000, 1)],
        "all_funded",
        None,
        f"Tous les dossiers éligibles sont financés, sauf 1 que la règle « une-fois » écarte (10{NNB}000{NB}€).",
    ),
    # 90 k€ are left, and without the rule 60 k€ of them would be granted
    "most is held back": (
        [("x", 10_000, 9), ("x", 60_000, 1)],
        "rule",
        "une-fois",
        "Aucun autre dossier ne peut être financé sans enfreindre la règle « une-fois ».",
    ),
    # 60 k€ are left: a dossier of 90 k€ does not fit in them, the rule holds back 5 k€
    "what is too large": (
        [("x", 40_000, 9), ("x", 5_000, 1), ("y", 90_000, 2)],
        "none_fits",
        None,
        "Aucun dossier restant ne tient dans ce qui reste, sauf 1 que la règle « une-fois » écarte "
        f"(5{NNB}000{NB}€).",
    ),
    "nobody waits": ([("x", 40_000, 9)], "all_funded", None, "Tous les dossiers éligibles sont financés."),
}


@pytest.mark.parametrize("name", CASES)
def test_the_reason_explains_half_of_what_is_left(name: str, tmp_path: Path) -> None:
    rows, code, rule, sentence = CASES[name]
    entry = left(tmp_path, rows)
    assert (entry["unspent_code"], entry["unspent_rule"]) == (code, rule)
    assert entry["unspent_because"] == sentence
