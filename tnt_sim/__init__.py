"""Budget scenarios for public grants: optimal allocations in exact integers, with proofs and explanations.

>>> import tnt_sim as tnt
>>> scenario = tnt.Scenario.from_yaml("scenarios/tnt-2021.yaml")  # doctest: +SKIP
>>> result = scenario.solve()  # doctest: +SKIP

Names are imported on first use, so that importing the package is fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tnt_sim.api import old_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tnt_sim.analysis.alternatives.alternatives import alternatives
    from tnt_sim.analysis.audit.audit import audit
    from tnt_sim.analysis.compare.common_core import core
    from tnt_sim.analysis.explain.explanation import Explanation
    from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict
    from tnt_sim.analysis.marginal.questions import entries, extension, next_euro, prices, target
    from tnt_sim.analysis.preferences.partial_weights import by_opinion, weights
    from tnt_sim.api.analyses import Comparison, Ensemble, Extension, Sweep, compare, ensemble, extend, sweep
    from tnt_sim.api.imports import import_file
    from tnt_sim.api.session import Session
    from tnt_sim.engine.result import Proof, Status
    from tnt_sim.engine.result import ResultData as _Result
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
    from tnt_sim.reporting.notebook.plots import Plots
    from tnt_sim.reporting.notebook.tables import table
    from tnt_sim.scenario.scenario import ScenarioData as _Scenario

    class Scenario(_Scenario):
        """Scenario with the methods of the Python interface."""

        @classmethod
        def from_yaml(cls, path: str | Path, sets: Sequence[str] = ()) -> Scenario:
            """Read a scenario file, the scenarios it extends, and its applications."""

        def with_(self, changes: Mapping[str, object]) -> Scenario:
            """Return the scenario with values changed at dotted paths; its applications are not read again."""

        def validate(self, lang: Lang | str | None = None) -> dict[str, Any]:
            """Check all that can be checked without solving; the document of `tnt-sim validate --json`."""

        def solve(
            self,
            *,
            backend: str | None = None,
            relax: bool = False,
            cross_check: str | None = None,
            time_limit: float | None = None,
            method: str = "auto",
            progress: Callable[[str, float], None] | None = None,
        ) -> Result:
            """Find the optimal allocation with its proof."""

        def extend(
            self,
            *to: str | int,
            time_limit: float | None = None,
            lang: Lang | str | None = None,
            progress: Callable[[str, float], None] | None = None,
        ) -> Extension:
            """Compare moving money between envelopes at the same total with enlarging the total."""

    class Result(_Result):
        """Result with the methods of the Python interface."""

        def explain(
            self, *dossiers: str, everyone: bool = False, lang: Lang | str | None = None
        ) -> Explanation:
            """Explain why these applications, or all, are funded or not, and what change would fund them."""

        def inversions(self, **options: Any) -> dict[str, Any]:
            """List better applications refused while worse ones are funded, and the price of having none."""

        @property
        def plot(self) -> Plots:
            """Return its charts: `by_envelope()`, `by_department()`."""

        def save(self, out: Path | str | None = None) -> Path:
            """Write the run folder into `out` (by default `runs` in the project) and return its path."""

        def to_html(
            self, path: Path | str | None = None, lang: Lang | str | None = None, *, explain: bool = True
        ) -> str:
            """Return the report as one self-contained page, and write it to a file if a path is given."""

        def to_excel(self, path: Path | str, lang: Lang | str | None = None, *, explain: bool = True) -> Path:
            """Write the workbook and return its path."""


__all__ = [
    "Comparison",
    "DataError",
    "Defect",
    "DisagreementError",
    "Ensemble",
    "Extension",
    "InputError",
    "Lang",
    "LimitReached",
    "NothingDecided",
    "Proof",
    "Result",
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
    "by_opinion",
    "compare",
    "conflict",
    "core",
    "ensemble",
    "entries",
    "extend",
    "extension",
    "import_file",
    "next_euro",
    "open_run",
    "prices",
    "sweep",
    "table",
    "target",
    "weights",
]

_HOMES = {
    "Comparison": "tnt_sim.api.analyses",
    "Ensemble": "tnt_sim.api.analyses",
    "Proof": "tnt_sim.engine.result",
    "Session": "tnt_sim.api.session",
    "Status": "tnt_sim.engine.result",
    "compare": "tnt_sim.api.analyses",
    "alternatives": "tnt_sim.analysis.alternatives.alternatives",
    "audit": "tnt_sim.analysis.audit.audit",
    "by_opinion": "tnt_sim.analysis.preferences.partial_weights",
    "core": "tnt_sim.analysis.compare.common_core",
    "conflict": "tnt_sim.analysis.infeasibility.minimal_conflicts",
    "entries": "tnt_sim.analysis.marginal.questions",
    "Extension": "tnt_sim.api.analyses",
    "extend": "tnt_sim.api.analyses",
    "extension": "tnt_sim.analysis.marginal.questions",
    "import_file": "tnt_sim.api.imports",
    "next_euro": "tnt_sim.analysis.marginal.questions",
    "open_run": "tnt_sim.reporting.run_folder.run_access",
    "prices": "tnt_sim.analysis.marginal.questions",
    "table": "tnt_sim.reporting.notebook.tables",
    "target": "tnt_sim.analysis.marginal.questions",
    "ensemble": "tnt_sim.api.analyses",
    "weights": "tnt_sim.analysis.preferences.partial_weights",
    "Sweep": "tnt_sim.api.analyses",
    "sweep": "tnt_sim.api.analyses",
}
old_paths.install()


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("tnt-sim")
    if name == "Scenario":
        return _bind_scenario()
    if name == "Result":
        return _bind_result()
    if name in __all__:
        return getattr(import_module(_HOMES.get(name, "tnt_sim.errors")), name)
    raise AttributeError(f"module 'tnt_sim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def _bind_scenario() -> Any:
    """Return the Scenario class with the methods defined in higher rooms, which lower rooms must not import."""
    from tnt_sim.engine import solve as engine
    from tnt_sim.scenario.load import load_scenario
    from tnt_sim.scenario.scenario import ScenarioData as Plain

    methods = {
        "from_yaml": staticmethod(load_scenario),
        "with_": _with,
        "validate": _validate,
        "solve": engine.solve,
        "extend": _extend,
        "_repr_html_": _render_scenario,
    }
    _bind(Plain, methods)
    _bind_result()
    return Plain


def _bind_result() -> Any:
    """Return the Result class with the methods defined in higher rooms."""
    from tnt_sim.engine.result import ResultData as Plain

    methods = {
        "explain": _explain,
        "inversions": _list_inversions,
        "plot": property(_build_lazy_call("build_plots")),
        "save": _build_lazy_call("save"),
        "to_html": _build_explained_call("to_html"),
        "to_excel": _build_explained_call("to_excel"),
        "_repr_html_": _build_lazy_call("render_result_html"),
    }
    _bind(Plain, methods)
    return Plain


def _build_lazy_call(name: str) -> Callable[..., Any]:
    """Return a function of `tnt_sim.api.runs`, imported on its first call."""

    def call(*given: Any, **options: Any) -> Any:
        return getattr(import_module("tnt_sim.api.runs"), name)(*given, **options)

    return call


def _build_explained_call(name: str) -> Callable[..., Any]:
    """Return such a function with the explanation of all applications; `explain=False` omits it."""

    def call(self: Any, *given: Any, explain: bool = True, **options: Any) -> Any:
        from tnt_sim.analysis.explain.explanation import explain_for_reports
        from tnt_sim.analysis.shared.decided_run import of_result

        told = explain_for_reports(of_result(self)) if explain and self.allocation is not None else None
        return _build_lazy_call(name)(self, *given, explanation=told, **options)

    return call


def _bind(kind: type, methods: Mapping[str, Any]) -> None:
    for name, method in methods.items():
        if name not in vars(kind):
            setattr(kind, name, method)


def _explain(self: Any, *dossiers: str, everyone: bool = False, lang: Any = None) -> Any:
    from tnt_sim.analysis.explain.explanation import explain
    from tnt_sim.analysis.shared.decided_run import of_result
    from tnt_sim.i18n.message import Lang

    return explain(of_result(self), dossiers, everyone=everyone, lang=None if lang is None else Lang(lang))


def _list_inversions(self: Any, **options: Any) -> Any:
    from tnt_sim.analysis.explain.rank_inversions import build_inversions_document
    from tnt_sim.analysis.shared.decided_run import of_result

    return build_inversions_document(of_result(self), **options)


def _extend(self: Any, *to: str | int, **options: Any) -> Any:
    """Compare moving money between envelopes at the same total with enlarging the total: see `tnt_sim.extend`."""
    from tnt_sim.api.analyses import extend

    return extend(self, *to, **options)


def _render_scenario(self: Any) -> str:
    from tnt_sim.reporting.notebook.cards import render_scenario_card

    return render_scenario_card(self)


def _with(self: Any, changes: Mapping[str, object]) -> Any:
    """Return the scenario with values changed at dotted paths: ``{"programme.amount": "98 M€"}``."""
    from tnt_sim.scenario.load import with_changes

    return with_changes(self, changes)


def _validate(self: Any, lang: Any = None) -> dict[str, Any]:
    from tnt_sim.i18n.message import Lang
    from tnt_sim.reporting.reports.validation import build_check_document
    from tnt_sim.scenario.problem import compile_problem

    return build_check_document(compile_problem(self), Lang(lang or self.spec.locale))
