"""Budget scenarios for public grants: optimal allocations in exact integers, with proofs and explanations.

>>> import tnt_sim as tnt
>>> scenario = tnt.read_scenario("scenarios/tnt-2021.yaml")  # doctest: +SKIP
>>> result = scenario.solve()  # doctest: +SKIP
>>> result.plot.by_envelope()  # doctest: +SKIP
>>> scenario.analyse.sweep(stop="110 %").plot.curve()  # doctest: +SKIP

Names are imported on first use, so that importing the package is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tnt_sim import rules as rules
    from tnt_sim.analysis.compare.common_core import core
    from tnt_sim.api.batches.batch import Batch, batch, open_batch
    from tnt_sim.api.building import goals as goals
    from tnt_sim.api.building.envelopes import envelope
    from tnt_sim.api.comparison import Comparison, compare
    from tnt_sim.api.ensemble import Ensemble, ensemble
    from tnt_sim.api.imports import import_file
    from tnt_sim.api.models.model import Model
    from tnt_sim.api.result import Result
    from tnt_sim.api.runs import Run, open_run
    from tnt_sim.api.scenario import Scenario, by_opinion, read_scenario
    from tnt_sim.api.session import Session
    from tnt_sim.api.sweep import Sweep, sweep
    from tnt_sim.app.explorer import Explorer, explore
    from tnt_sim.engine.result import Proof, Status
    from tnt_sim.errors import (
        DataError,
        Defect,
        DisagreementError,
        InputError,
        LimitReached,
        NothingDecided,
        ScenarioError,
        SolverError,
        TntError,
        UsageError,
        VerificationError,
    )
    from tnt_sim.i18n.message import Lang, Text
    from tnt_sim.reporting.notebook.tables import table
    from tnt_sim.studies.study_answer import QuestionAnswer

    alternatives: Callable[..., QuestionAnswer]
    audit: Callable[..., QuestionAnswer]
    conflict: Callable[..., QuestionAnswer]
    entries: Callable[..., QuestionAnswer]
    extend: Callable[..., QuestionAnswer]
    weights: Callable[..., QuestionAnswer]
    extension: Callable[..., QuestionAnswer]
    next_euro: Callable[..., QuestionAnswer]
    prices: Callable[..., QuestionAnswer]
    target: Callable[..., QuestionAnswer]

__all__ = [
    "Batch",
    "Comparison",
    "DataError",
    "Defect",
    "DisagreementError",
    "Ensemble",
    "Explorer",
    "InputError",
    "Lang",
    "LimitReached",
    "Model",
    "NothingDecided",
    "Proof",
    "Result",
    "Run",
    "Scenario",
    "ScenarioError",
    "Session",
    "SolverError",
    "Status",
    "Sweep",
    "Text",
    "TntError",
    "UsageError",
    "VerificationError",
    "__version__",
    "alternatives",
    "audit",
    "batch",
    "by_opinion",
    "compare",
    "conflict",
    "core",
    "ensemble",
    "entries",
    "envelope",
    "explore",
    "extend",
    "extension",
    "goals",
    "import_file",
    "next_euro",
    "open_batch",
    "open_run",
    "prices",
    "read_scenario",
    "rules",
    "sweep",
    "table",
    "target",
    "weights",
]

_HOMES = {
    "Result": "tnt_sim.api.result",
    "Run": "tnt_sim.api.runs",
    "Scenario": "tnt_sim.api.scenario",
    "read_scenario": "tnt_sim.api.scenario",
    "Comparison": "tnt_sim.api.comparison",
    "Ensemble": "tnt_sim.api.ensemble",
    "Proof": "tnt_sim.engine.result",
    "Session": "tnt_sim.api.session",
    "Status": "tnt_sim.engine.result",
    "compare": "tnt_sim.api.comparison",
    "Batch": "tnt_sim.api.batches.batch",
    "batch": "tnt_sim.api.batches.batch",
    "open_batch": "tnt_sim.api.batches.batch",
    "by_opinion": "tnt_sim.api.scenario",
    "core": "tnt_sim.analysis.compare.common_core",
    "envelope": "tnt_sim.api.building.envelopes",
    "Explorer": "tnt_sim.app.explorer",
    "explore": "tnt_sim.app.explorer",
    "import_file": "tnt_sim.api.imports",
    "Model": "tnt_sim.api.models.model",
    "open_run": "tnt_sim.api.runs",
    "table": "tnt_sim.reporting.notebook.tables",
    "ensemble": "tnt_sim.api.ensemble",
    "Sweep": "tnt_sim.api.sweep",
    "sweep": "tnt_sim.api.sweep",
}
_QUESTIONS = {
    "alternatives": "alternatives",
    "audit": "audit",
    "conflict": "conflict",
    "entries": "entry-thresholds",
    "extend": "extend",
    "extension": "extension-shares",
    "next_euro": "marginal-euro",
    "prices": "rule-prices",
    "target": "target",
    "weights": "weights",
}
"""Declared questions as functions of a scenario, by their names here."""
_MODULES = {"goals": "tnt_sim.api.building.goals", "rules": "tnt_sim.rules"}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("tnt-sim")
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _QUESTIONS:
        from tnt_sim.studies.functions import build_function
        from tnt_sim.studies.registry import load_study

        return build_function(load_study(_QUESTIONS[name]))
    if name in __all__:
        return getattr(import_module(_HOMES.get(name, "tnt_sim.errors")), name)
    raise AttributeError(f"module 'tnt_sim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
