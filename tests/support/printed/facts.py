"""The tables of one decision, from which printed sentences are counted again."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from support.typed import as_typed
from tnt_sim.engine.result import ResultData


def plain(text: str) -> str:
    """A text with plain spaces."""
    return as_typed(text)


@dataclass
class Facts:
    """The tables of one decision: what each dossier got and asked, and the envelopes above it."""

    result: ResultData
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    envelopes: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problem = self.result.problem
        ids, node, ask = problem.case.tree.ids, problem.case.node, problem.offers.least_cents
        for k, row in enumerate(self.result.dossiers.iter_rows(named=True)):
            at = ids[int(node[k])] if node[k] >= 0 else None
            self.rows[row["dossier"]] = {**row, "at": at, "ask": int(ask[k]), "row": k}
        for entry in self.result.document["envelopes"]:
            self.envelopes[entry["id"]] = dict(entry)

        self.members = {name: [] for name in self.envelopes}
        for row in self.rows.values():
            for name in self.above(row["at"]):
                self.members[name].append(row)
        assert self.result.reasons is not None
        for row, rule in zip(self.rows.values(), self.result.reasons.rule.to_list(), strict=True):
            row["reason_rule"] = rule

    def above(self, name: str | None) -> list[str]:
        found = []
        while name is not None:
            found.append(name)
            name = self.envelopes[name]["parent"]
        return found

    def under(self, name: str) -> list[dict[str, Any]]:
        return self.members[name]

    def titled(self, title: str) -> str:
        (found,) = [name for name, entry in self.envelopes.items() if entry["title"] == title]
        return found

    def granted(self, name: str) -> int:
        return sum(row["granted_cents"] for row in self.under(name))

    def left(self, name: str) -> int | None:
        effective = self.envelopes[name]["effective_cents"]
        return None if effective is None else max(0, effective - self.granted(name))

    def room(self, name: str) -> int:
        """What an envelope and those above it leave to one dossier more, the reserve apart."""
        found = [
            left - self.envelopes[one]["reserved_cents"]
            for one in self.above(name)
            if (left := self.left(one)) is not None
        ]
        return min(found)

    def waiting(self, name: str) -> list[dict[str, Any]]:
        """Candidates that get nothing and that nobody refused."""
        return [
            row
            for row in self.under(name)
            if row["eligible"] and not row["funded"] and row["reason_code"] != "decided"
        ]

    @property
    def walled(self) -> bool:
        """Whether no money moves: what an envelope has left is its amount less what is granted in it."""
        amounts = {name: entry["amount_cents"] for name, entry in self.envelopes.items()}
        split = {entry["parent"] for entry in self.envelopes.values()} - {None}
        whole = all(
            amounts[name]
            == sum(amounts[e["id"]] or 0 for e in self.envelopes.values() if e["parent"] == name)
            for name in split
            if amounts[name] is not None
            and any(amounts[e["id"]] is not None for e in self.envelopes.values() if e["parent"] == name)
        )
        return whole and all(e["effective_cents"] == e["amount_cents"] for e in self.envelopes.values())

    def worth(self, name: str) -> Fraction:
        """What a dossier brings to the first goal for each cent that it takes."""
        terms = self.result.problem.stages[0].terms
        row = self.rows[name]
        got = row["granted_cents"] or row["ask"]
        value = int(terms.per_funded[row["row"]]) + int(terms.per_cent[row["row"]]) * got
        return Fraction(value, max(1, got))
