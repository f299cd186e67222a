"""Opinions in grades: their order from the best to the worst, and the goals that follow it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import polars as pl

from tnt_sim.ingest.intake.values import Opinion, ValueList
from tnt_sim.ingest.tables.headers import normalise_header

_LETTER = re.compile(r"(?:avis |categorie |classe |groupe |note )?([a-e])")
_BEST = re.compile(r"(?:avis )?(?:tres favorable|tres positif|tres bon|excellent|very favourable)\w*(?: .*)?")
_LESS = re.compile(r"(?:avis )?(?:plutot|assez|moderement) .*")


@dataclass(frozen=True, slots=True)
class Grades:
    """The grades of a column of opinions.

    Attributes
    ----------
    groups : values of each grade, the best grade first, without those that say no
    certain : whether the words give the order; letters do not say which end is best
    """

    groups: tuple[tuple[str, ...], ...]
    certain: bool


def find_grades(values: ValueList) -> Grades | None:
    """Return the grades of a list of opinions; None where a value is no grade, or there is one grade alone.

    >>> from tnt_sim.ingest.intake.values import list_values
    >>> import polars as pl
    >>> texts = pl.Series(["Favorable", "Très favorable", "réservé", "Défavorable"])
    >>> values = list_values("avis", "Avis", texts, None, opinion=True, stated={})
    >>> [list(group) for group in find_grades(values).groups]
    [['Très favorable'], ['Favorable'], ['réservé']]
    """
    listed = [entry for entry in values.values if entry.value]
    letters = [_LETTER.fullmatch(normalise_header(entry.value)) for entry in listed]
    if listed and all(letters):
        ordered = sorted(
            (match[1], entry.value) for match, entry in zip(letters, listed, strict=True) if match
        )
        return Grades(tuple((value,) for __, value in ordered), certain=False) if len(ordered) > 1 else None
    if any(entry.opinion in (None, Opinion.UNKNOWN) for entry in listed):
        return None
    by_rank: dict[int, list[str]] = {}
    for entry in listed:
        if entry.opinion is not Opinion.AGAINST:
            by_rank.setdefault(_rank(entry.value, entry.opinion), []).append(entry.value)
    groups = tuple(tuple(sorted(by_rank[rank])) for rank in sorted(by_rank))
    return Grades(groups, certain=True) if len(groups) > 1 else None


def _rank(value: str, opinion: Opinion | None) -> int:
    """Return the place of an opinion that does not say no, 0 for the best."""
    if opinion is Opinion.RESERVED:
        return 3
    plain = normalise_header(value)
    if _BEST.fullmatch(plain):
        return 0
    return 2 if _LESS.fullmatch(plain) else 1


def render_order(column: str, grades: Grades, then: str, prefix: str = "avis") -> tuple[list[str], list[str]]:
    """Return the measures that count the grades, and the stages that follow them in order, then another goal.

    The measures are numbered after `prefix`; those of two columns need two.

    >>> measures, stages = render_order("Avis", Grades((("A",), ("B",)), certain=False), "score")
    >>> measures[0]
    'avis-1: {title: "Avis : A", value: 1, where: {"Avis": ["A"]}}'
    >>> stages
    ['{maximise: {avis-1: 1}}', '{maximise: {avis-2: 1}}', '{maximise: {score: 1}}']
    """
    measures = [
        f"{prefix}-{k}: {{title: {_quote(f'{column} : {", ".join(group)}')}, value: 1, "
        f"where: {{{_quote(column)}: {_quote(group)}}}}}"
        for k, group in enumerate(grades.groups, 1)
    ]
    goals = [*(f"{prefix}-{k}" for k in range(1, len(grades.groups) + 1)), then]
    return measures, [f"{{maximise: {{{goal}: 1}}}}" for goal in goals]


def _quote(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def choose_last_goal(dossiers: pl.DataFrame) -> str:
    """Return the goal of a copy: its scores where there are any, else the number of applications."""
    return "score" if "score" in dossiers.columns and (dossiers["score"] != "").any() else "dossiers"
