"""Compute one case of a batch as a flat record.

A record contains neither clock nor path, so the same task gives the same record anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tnt_sim.analysis.batch.document import BatchEnvelope, BatchRecord
from tnt_sim.analysis.batch.plan import N_BASES, BatchCase
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.session import SolverSession
from tnt_sim.engine.solve import solve
from tnt_sim.errors import TntError
from tnt_sim.i18n.message import Bilingual, Lang, Text, _
from tnt_sim.scenario.load import load_scenario, with_sets
from tnt_sim.scenario.scenario import ScenarioData

INPUTS_CHANGED = "inputs-changed"


@dataclass(frozen=True, slots=True)
class BatchTask:
    """Case with its solver options, as sent to a worker."""

    case: BatchCase
    options: Mapping[str, Any]


def compute(task: BatchTask) -> BatchRecord:
    """Compute the record of one case; an error of the scenario is a record too.

    Its status is `INPUTS_CHANGED` if the base scenario differs from the one with which the batch
    began.
    """
    case, began = task.case, time.perf_counter()
    try:
        base, session = _load_base(case.base, case.base_sha256)
        began = time.perf_counter()
        if base.sha256 != case.base_sha256:
            return _start_record(case, INPUTS_CHANGED)
        scenario = with_sets(base, case.sets) if case.sets else base
        record = build_record(case, scenario, solve(scenario, session=session, **task.options))
    except TntError as error:
        record = _build_error_record(case, error.code, error.text)
    return replace(record, seconds=time.perf_counter() - began)


def _start_record(case: BatchCase, status: str) -> BatchRecord:
    return BatchRecord(case_sha256=case.key, name=case.name, changes=case.sets, status=status)


_CRASHED = _("the computation was ended at each try, without an answer (out of memory?)")


def _build_error_record(case: BatchCase, code: str, text: Text) -> BatchRecord:
    """Return the record of an error, with its message in both languages."""
    return replace(
        _start_record(case, "error"), error_code=code, error=text.in_(Lang.EN), error_fr=text.in_(Lang.FR)
    )


def build_failed_record(case: BatchCase, failure: str) -> BatchRecord:
    """Return the record of a case that no worker survived, or that met a bug."""
    if failure == "crashed":
        return _build_error_record(case, failure, _CRASHED)
    return _build_error_record(case, "bug", Bilingual(failure, failure))


@lru_cache(maxsize=N_BASES)
def _load_base(path: Path, sha256: str) -> tuple[ScenarioData, SolverSession]:
    """Load the base scenario once per process and content, with the session that solves its cases."""
    base = load_scenario(path)
    return base, SolverSession(base, as_alone=True)


def build_record(case: BatchCase, scenario: ScenarioData, result: ResultData) -> BatchRecord:
    """Return the figures of a result that a batch compares."""
    document = result.data
    goals = document.objective
    awards = result.dossiers.filter("funded") if result.allocation is not None else None
    return BatchRecord(
        case_sha256=case.key,
        name=case.name,
        changes=case.sets,
        scenario_sha256=scenario.sha256,
        status=document.status,
        stopped_by=document.stopped_by,
        proof=document.proof,
        publishable=document.publishable,
        canonical=document.canonical,
        method=document.method,
        amount_cents=document.amount_cents,
        granted_cents=document.granted_cents,
        unspent_cents=document.unspent_cents,
        n_dossiers=document.n_dossiers,
        n_eligible=document.n_eligible,
        n_funded=document.n_funded,
        inhabitants=document.inhabitants,
        allocation_sha256=document.allocation_sha256,
        goals=[goal.goal for goal in goals],
        values=[goal.value for goal in goals],
        bounds=[goal.bound for goal in goals],
        gap_money_cents=[goal.gap_money_cents for goal in goals],
        envelopes=[
            BatchEnvelope(**{name: getattr(entry, name) for name in BatchEnvelope.__slots__})
            for entry in document.envelopes
        ],
        dossier=None if awards is None else awards["dossier"].to_list(),
        awarded_cents=None if awards is None else awards["granted_cents"].to_list(),
    )
