"""Eligibility: who may be funded, and every reason for each dossier that may not.

A dossier is eligible when it meets every `require` of every entry in force whose `where` names it. Dossiers in
state `refuse` or `sans_suite` are not eligible unless an entry that requires something of `state` names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from tnt_sim.errors import Lang, Text
from tnt_sim.fields import Code, Described
from tnt_sim.money import format_cents
from tnt_sim.programme import EnvelopeSpec
from tnt_sim.rules.base import BoolArray, Case, Path
from tnt_sim.rules.columns import Kind, kind_of
from tnt_sim.rules.select import Selector, conditions, describe, select, under

CLOSED_STATES = ("refuse", "sans_suite")


class EligibilitySpec(Described):
    """One requirement on some dossiers."""

    id: Code
    where: Selector | None = None
    require: Selector
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """One requirement that some dossiers miss.

    Attributes
    ----------
    rule : id of the eligibility entry, or `state`
    column : the column of the requirement
    mask : bool (n,), the dossiers that miss it
    limit : the requirement in the scenario's notation
    reason : the planner's own words
    source : law or page
    told : the whole sentence, where it is not made of the above
    """

    rule: str
    column: str
    mask: BoolArray
    limit: str
    reason: str
    source: str
    told: Text | None = None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who is eligible, bool (n,), and every failed requirement."""

    eligible: BoolArray
    failures: tuple[Failure, ...]

    def without(self, failure: Failure) -> Eligibility:
        """The same with one more failed requirement."""
        return Eligibility(self.eligible & ~failure.mask, (*self.failures, failure))


def assess(
    case: Case, specs: Sequence[tuple[EligibilitySpec, Path]], waived: Mapping[str, BoolArray] | None = None
) -> Eligibility:
    """Read every requirement in force; `waived` lifts an entry for some dossiers."""
    closed = case.portfolio.once(
        ("closed",), lambda: case.table["state"].is_in(list(CLOSED_STATES)).to_numpy()
    )
    failures: list[Failure] = []
    for spec, path in specs:
        mask = select(case, spec.where, (*path, "where"))
        if mask is None:
            continue
        if waived and spec.id in waived:
            mask = mask & ~waived[spec.id]
        for column, holds in conditions(case, spec.require.root, (*path, "require")):
            if column == "state":
                closed = closed & ~mask
            if holds is None:
                continue
            missed = mask & ~holds
            if missed.any():
                limit = describe({column: spec.require.root[column]})
                failures.append(Failure(spec.id, column, missed, limit, spec.reason, spec.source))
    if closed.any():
        failures.insert(0, Failure("state", "state", closed, "state", "", ""))
    eligible = np.ones(case.n, dtype=np.bool_)
    for failure in failures:
        eligible &= ~failure.mask
    return Eligibility(eligible, tuple(failures))


def filed_later(case: Case, day: date | None) -> Failure | None:
    """The dossiers that are filed after the day of a step, which are no candidates at it.

    A dossier without `filed_at` is a candidate at every step.
    """
    if day is None:
        return None
    limit = {"filed_at": {"until": day.isoformat()}}
    chosen = select(case, limit, ("steps",))
    empty = case.table["filed_at"].is_null().to_numpy()
    if chosen is None or bool((chosen | empty).all()):
        return None
    return Failure("steps", "filed_at", ~chosen & ~empty, describe(limit), "", "")


def in_closed_envelopes(case: Case, root: EnvelopeSpec) -> Iterator[Failure]:
    """The dossiers asked from each envelope that is not in force, or from under it."""
    for spec, _ in root.walk():
        node = case.tree.index(spec.id)
        above = int(case.tree.parent[node])
        mask = under(case, node)
        if spec.in_force(case.day) or (above >= 0 and case.tree.closed[above]) or not mask.any():
            continue
        limit, fr, en = "off: true", "elle est mise à l'écart (`off: true`)", "it is set aside (`off: true`)"
        if not spec.off and spec.valid is not None:
            days = {"from": spec.valid.from_, "until": spec.valid.until}
            limit = describe({"valid": {key: str(day) for key, day in days.items() if day is not None}})
            fr, en = f"`{limit}`, décision du {case.day}", f"`{limit}`, decision of {case.day}"
        told = Text(
            f"l'enveloppe « {spec.id} » n'est pas en vigueur : {fr}",
            f'envelope "{spec.id}" is not in force: {en}',
        )
        yield Failure(f"envelope:{spec.id}", "envelope", mask, limit, "", spec.source, told)


def failure_texts(case: Case, failure: Failure, lang: Lang) -> pl.Series:
    """For each dossier, what is missed, in words: String (n,), read only where the mask holds.

    « Moins de 500 000 habitants (population : 12 000 ; exigé : population: {above: 500000}) »
    """
    french = lang is Lang.FR
    if failure.told is not None:
        return pl.Series([failure.told.in_(lang)]).new_from_index(0, case.n)
    if failure.rule == "state":
        names = {
            "refuse": ("refusé par l'instruction", "refused by the service"),
            "sans_suite": ("classé sans suite", "closed without follow-up"),
        }
        words = {state: pair[0 if french else 1] for state, pair in names.items()}
        return case.table["state"].replace(words)
    head = failure.reason or ("condition non remplie" if french else "requirement not met")
    required = "exigé" if french else "required"
    if kind_of(case, failure.column) is None:
        text = f"{head} ({required} : {failure.limit})" if french else f"{head} ({required}: {failure.limit})"
        return pl.Series([text]).new_from_index(0, case.n)
    colon = " : " if french else ": "
    found = _shown(case, failure.column, lang)
    prefix = f"{head} ({failure.column}{colon}"
    return pl.select(
        pl.concat_str(pl.lit(prefix), found, pl.lit(f" ; {required}{colon}{failure.limit})"))
    ).to_series()


def _shown(case: Case, column: str, lang: Lang) -> pl.Series:
    kind = kind_of(case, column)
    missing = Text("non renseigné", "not given").in_(lang)
    if kind is Kind.MONEY:
        cents = case.table[f"{column}_cents"]
        words = {value: format_cents(value, lang) for value in cents.drop_nulls().unique().to_list()}
        return cents.replace_strict(words, default=missing, return_dtype=pl.String)
    if kind is Kind.LIST:
        text = case.table[column].list.join(";")
    elif kind is Kind.DATE and isinstance(case.table.schema[column], pl.Datetime):
        text = case.table[column].dt.convert_time_zone(case.timezone).dt.strftime("%Y-%m-%d %H:%M")
    else:
        text = case.table[column].cast(pl.String)
    filled = text.fill_null("")
    return pl.select(pl.when(filled == "").then(pl.lit(missing)).otherwise(filled)).to_series()
