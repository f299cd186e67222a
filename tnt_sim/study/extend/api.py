"""« Transfer or extend? » as Python users ask it: a scenario in, a document and tables out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tnt_sim.clock import Clock
from tnt_sim.errors import Lang
from tnt_sim.result import in_backend
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.base import Tell
from tnt_sim.study.extend.document import document_of
from tnt_sim.study.extend.result import FREE, NESTED
from tnt_sim.study.extend.search import extend_of
from tnt_sim.view.extend_lines import extend_lines
from tnt_sim.view.frame import PAGE_WIDTH, lines_html


@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """The answer to « transfer or extend? ».

    Attributes
    ----------
    document : the JSON document of `extend --json`
    lang : the language in which it is shown
    """

    document: Mapping[str, Any]
    lang: Lang

    def summary(self) -> Mapping[str, Any]:
        """The document."""
        return self.document

    def to_dataframe(self, backend: str = "polars", *, table: str = "gains") -> Any:
        """What each goal gains, a row per curve, total and goal; or the `moves` of money, a row each.

        Gains are floats, for drawing; the document holds them as exact decimals. Amounts are integer cents.
        """
        rows = {"gains": self._gains, "moves": self._moves}
        if table not in rows:
            raise ValueError(f"table must be one of {', '.join(rows)}, not {table!r}")
        return in_backend(pl.DataFrame(rows[table](), infer_schema_length=None), backend)

    def to_json(self) -> str:
        """The document as text."""
        return json.dumps(self.document, ensure_ascii=False, indent=2, allow_nan=False)

    def _gains(self) -> list[dict[str, Any]]:
        keys = ("transfer", "extension", "total", "alone", "alone_beyond_transfer")
        return [
            {"curve": curve, "total_cents": entry["total_cents"], "goal": gain["goal"]}
            | {key: None if gain[key] is None else float(gain[key]) for key in keys}
            for curve in (FREE, NESTED)
            for entry in self.document[curve]["totals"]
            for gain in entry["gains"]
        ]

    def _moves(self) -> list[dict[str, Any]]:
        entries = {
            curve: [found["transfer"], *(entry["with_transfers"] for entry in found["totals"])]
            for curve in (FREE, NESTED)
            if (found := self.document[curve])
        }
        return [
            {"curve": curve, "total_cents": entry["total_cents"], **move}
            for curve, found in entries.items()
            for entry in found
            if entry is not None
            for move in entry.get("moves", ())
        ]

    def _repr_html_(self) -> str:
        return lines_html(extend_lines(self.document, lang=self.lang, width=PAGE_WIDTH), self.lang)


def extend(
    scenario: Scenario,
    *to: str | int,
    time_limit: float | None = None,
    lang: Lang | str | None = None,
    progress: Tell | None = None,
) -> Extension:
    """Compare moving money between envelopes at the same total with enlarging the total.

    Parameters
    ----------
    to : totals of the programme, « 98 M€ », « 110 % » of the written amount, or whole euros; three round ones by
        default
    time_limit : seconds for all of it; the scenario's choice by default
    progress : called with the name of a phase and the share of it that is done

    Raises
    ------
    UsageError
        For a programme without amount, a total below it, a scenario with steps.
    NothingDecided
        Where no allocation satisfies every rule.
    LimitReached
        Where none was found in time.

    Examples
    --------
    >>> import tnt_sim as tnt
    >>> scenario = tnt.Scenario.from_yaml("scenarios/tnt-2021.yaml")  # doctest: +SKIP
    >>> tnt.extend(scenario, "90 M€", "98 M€").document["free"]["gains"]  # doctest: +SKIP
    """
    limit = scenario.spec.solver.time_limit if time_limit is None else time_limit
    tongue = Lang(lang or scenario.spec.locale)
    found = extend_of(scenario, to, clock=Clock(limit), tell=progress)
    return Extension(document_of(found, tongue), tongue)
