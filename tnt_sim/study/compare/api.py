"""`compare`: scenarios, results and run folders set side by side, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tnt_sim.deadline import Deadline
from tnt_sim.decision import Report
from tnt_sim.disk import parquet_bytes
from tnt_sim.errors import Lang, Text, UsageError
from tnt_sim.result import Result
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.compare.causes import Causes, causes
from tnt_sim.study.compare.comparison import Compared
from tnt_sim.study.compare.inputs import CELLS, KEYS, changed_keys
from tnt_sim.study.compare.side import Side, side_of
from tnt_sim.study.compare.tables import moves
from tnt_sim.study.compare.telling import comparison_study
from tnt_sim.study.course import Course
from tnt_sim.view.put_file import put_file
from tnt_sim.view.study_page import study_book, study_fragment, study_html

FEWEST, MOST = 2, 20
COLUMNS = (*KEYS, *CELLS)
"""Names that a side cannot have: its tables have columns called so."""
Thing = Path | str | Scenario | Result


class Comparison(Compared):
    """Decisions side by side, with what notebooks and colleagues ask of them."""

    def to_json(self, path: Path | str | None = None) -> str:
        """The document of `compare --json`; written to a file when one is given."""
        text = json.dumps(self.summary(), ensure_ascii=False, indent=2)
        if path is not None:
            put_file(Path(path), text.encode())
        return text

    def to_html(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """One self-contained page."""
        tongue = Lang(lang or self.lang)
        put_file(Path(path), study_html(comparison_study(self, tongue), tongue).encode())

    def to_excel(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """One workbook, a sheet a table."""
        tongue = Lang(lang or self.lang)
        put_file(Path(path), study_book(comparison_study(self, tongue), tongue))

    def to_parquet(self, path: Path | str) -> None:
        """The moves, `side` first."""
        put_file(Path(path), parquet_bytes(self.to_dataframe()))

    def _repr_html_(self) -> str:
        return study_fragment(comparison_study(self, self.lang), self.lang, 2)


def compare(
    *things: Thing,
    names: Sequence[str] | None = None,
    attribute: bool = True,
    options: Mapping[str, Any] | None = None,
    progress: Report | None = None,
) -> Comparison:
    """Set scenarios, results or run folders side by side; the first is the reference.

    Parameters
    ----------
    things : scenario files, run folders, `Scenario` or `Result` objects, 2 to 20
    names : how they are called; by default their ids, made unique
    attribute : find the cause of each move, one change at a time (a solve or two a change)
    options : what `solve` takes, for scenarios that are still to be solved; its `time_limit` is for all of them
        and the causes together, the longest of the scenarios' by default

    Raises
    ------
    UsageError
        For fewer than 2 or more than 20, or names that are not as many.
    """
    if names is not None and len(names) != len(things):
        raise UsageError(
            Text(
                f"noms donnés : {len(names)}, pour {len(things)} décisions.",
                f"names given: {len(names)}, for {len(things)} decisions.",
            ),
            code="usage.compare",
        )
    if not FEWEST <= len(things) <= MOST:
        raise UsageError(
            Text(
                f"on compare de {FEWEST} à {MOST} scénarios ou calculs ; il y en a {len(things)}.",
                f"between {FEWEST} and {MOST} scenarios or runs are compared; there are {len(things)}.",
            ),
            code="usage.compare",
        )
    sides: list[Side] = []
    asked = dict(options or {})
    things = tuple(_read(thing) for thing in things)
    limits = [thing.spec.solver.time_limit for thing in things if isinstance(thing, Scenario)]
    limit = asked.get("time_limit")
    course = Course(Deadline(max(limits, default=None) if limit is None else limit), "sides")
    for number, thing in enumerate(things):
        if progress is not None:
            progress("solve", number / len(things))
        asked["time_limit"] = course.deadline.limit_seconds
        side = side_of(thing, None if names is None else names[number], asked)
        sides.append(_renamed(side, {*COLUMNS, *(known.name for known in sides)}))
    if not attribute:
        return Comparison(tuple(sides), {}, course)
    first = sides[0]
    found: dict[str, Causes] = {}
    with course.held():
        for side in course.each(sides[1:]):
            if progress is not None:
                progress("causes", len(found) / len(sides))
            keys = changed_keys([first, side])
            found[side.name] = causes(first, side, keys, moves(first, side), deadline=course.deadline)
            if found[side.name].untried:
                course.unanswered()
    return Comparison(tuple(sides), found, course)


def _read(thing: Thing) -> Thing:
    """The scenario of a path that is no run folder; anything else as it is."""
    return load_scenario(thing) if isinstance(thing, str | Path) and not Path(thing).is_dir() else thing


def _renamed(side: Side, taken: set[str]) -> Side:
    name, number = side.name, 2
    while name in taken:
        name, number = f"{side.name} ({number})", number + 1
    return replace(side, name=name)
