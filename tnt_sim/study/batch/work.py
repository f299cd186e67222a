"""One case computed: a flat record without clock or path, the same wherever and whenever it is made."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tnt_sim.engine import solve
from tnt_sim.errors import Lang, Text, TntError
from tnt_sim.result import Result
from tnt_sim.scenario.load import load_scenario, with_sets
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.series import Series
from tnt_sim.study.batch.plan import Case

SECONDS = "seconds"
"""The one field of a record that depends on the clock; it is kept apart."""
INPUTS_CHANGED = "inputs-changed"


@dataclass(frozen=True, slots=True)
class Task:
    """A case and how it is to be solved; what a worker is sent."""

    case: Case
    options: Mapping[str, Any]


def compute(task: Task) -> dict[str, Any]:
    """The record of one case; an error of the scenario is a record too.

    Its status is `INPUTS_CHANGED` when the base is no longer the one that the batch began with.
    """
    began = time.perf_counter()
    case = task.case
    head = {"case_sha256": case.key, "name": case.name, "changes": list(case.sets)}
    try:
        base, series = _begun(case.base, case.base_sha256)
        if base.sha256 != case.base_sha256:
            return {**head, "status": INPUTS_CHANGED}
        scenario = with_sets(base, case.sets) if case.sets else base
        record = told(scenario, solve(scenario, series=series, **task.options))
    except TntError as error:
        record = {"status": "error", "error_code": error.code, **_in_both(error.text)}
    return {**head, **record, SECONDS: time.perf_counter() - began}


_CRASHED = Text(
    "le calcul a été arrêté à chaque essai, sans réponse (mémoire épuisée ?)",
    "the computation was ended at each try, without an answer (out of memory?)",
)


def _in_both(text: Text) -> dict[str, str]:
    """What went wrong, for readers of either language."""
    return {"error": text.in_(Lang.EN), "error_fr": text.in_(Lang.FR)}


def failed(case: Case, failure: str) -> dict[str, Any]:
    """The record of a case that no worker survived, or that met a bug."""
    return {
        "case_sha256": case.key,
        "name": case.name,
        "changes": list(case.sets),
        "status": "error",
        "error_code": "crashed" if failure == "crashed" else "bug",
        **_in_both(_CRASHED if failure == "crashed" else Text(failure, failure)),
        SECONDS: 0.0,
    }


@lru_cache(maxsize=2)
def _begun(path: Path, sha256: str) -> tuple[Scenario, Series]:
    """The base scenario, read once a process for each of its contents, and what its cases leave to the next."""
    return load_scenario(path), Series()


def told(scenario: Scenario, result: Result) -> dict[str, Any]:
    """The figures of a result that a batch compares."""
    document = result.document
    goals = document["objective"]
    awards = result.dossiers.filter("funded") if result.allocation is not None else None
    return {
        "scenario_sha256": scenario.sha256,
        **{key: document[key] for key in _FIGURES},
        "goals": [goal["goal"] for goal in goals],
        "values": [goal["value"] for goal in goals],
        "bounds": [goal["bound"] for goal in goals],
        "gap_money_cents": [goal.get("gap_money_cents") for goal in goals],
        "envelopes": [{key: entry[key] for key in _ENVELOPE} for entry in document["envelopes"]],
        "dossier": None if awards is None else awards["dossier"].to_list(),
        "awarded_cents": None if awards is None else awards["granted_cents"].to_list(),
    }


_FIGURES = (
    "status",
    "stopped_by",
    "proof",
    "publishable",
    "canonical",
    "method",
    "amount_cents",
    "granted_cents",
    "unspent_cents",
    "n_dossiers",
    "n_eligible",
    "n_funded",
    "inhabitants",
    "allocation_sha256",
)
_ENVELOPE = ("id", "amount_cents", "effective_cents", "granted_cents", "unspent_cents", "n_funded")
