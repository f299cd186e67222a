"""Status, evidence and tables of the document of each answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import polars as pl

from tnt_sim.documents import dump_document, iterate_json
from tnt_sim.engine.result import build_entry_frame


class DocumentTables:
    """Base of what has a `document`: its status, evidence, tables and text."""

    if TYPE_CHECKING:  # a field of some answers, a property of others

        @property
        def document(self) -> Mapping[str, Any]:
            """The document of the command with `--json`."""

    @property
    def status(self) -> str:
        """Status of the document: `optimal`, `feasible`, `infeasible`, `stopped`, or that of the study."""
        return str(self.document["status"])

    @property
    def proof(self) -> str | None:
        """The evidence of the whole; None where each entry of the tables has its own."""
        proof = self.document.get("proof")
        return None if proof is None else str(proof)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of its tables, the main one first."""
        return tuple(self._map_tables())

    def table(self, name: str | None = None) -> pl.DataFrame:
        """Return one of `tables`, by default the first, without nested values; amounts in integer cents."""
        makers = self._map_tables()
        chosen = next(iter(makers), "") if name is None else name
        if chosen not in makers:
            raise ValueError(f"table must be one of {', '.join(makers)}, not {chosen!r}")
        return makers[chosen]()

    def _map_tables(self) -> Mapping[str, Callable[[], pl.DataFrame]]:
        """Return what makes each table, by its name: here the lists of the document."""
        return {
            key: partial(build_entry_frame, rows)
            for key, rows in self.document.items()
            if isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
        }

    def to_json(self) -> str:
        """Return the document as JSON text."""
        return json.dumps(self.document, ensure_ascii=False, indent=2, allow_nan=False)


class StudyAnswer(DocumentTables):
    """Base of the answers to questions: the answer is `data`, whose JSON form is `document`."""

    if TYPE_CHECKING:

        @property
        def data(self) -> Any:
            """The answer."""

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The document of the command with `--json`."""
        return dump_document(self.data)

    def summary(self) -> Mapping[str, Any]:
        """Return the document."""
        return self.document

    def to_json(self) -> str:
        """Return the document as JSON text."""
        return "".join(iterate_json(self.data))
