"""The questions on money as a planner asks them: a scenario in, a document and a table out.

>>> import tnt_sim as tnt
>>> scenario = tnt.Scenario.from_yaml("scenarios/tnt-2021.yaml")  # doctest: +SKIP
>>> tnt.next_euro(scenario).to_dataframe()  # doctest: +SKIP
>>> tnt.target(scenario, "+100").summary()["targets"][0]["extra_cents"]  # doctest: +SKIP
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.clock import Clock
from tnt_sim.disk import parquet_bytes
from tnt_sim.errors import Lang, Text, UsageError, did_you_mean
from tnt_sim.money import MoneyError, parse_cents
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study import answers
from tnt_sim.study.base import Base, Tell, base_of, one_decision, tell_of
from tnt_sim.study.course import TIME, Course
from tnt_sim.study.entry import NoLoss, entries_of, no_losses
from tnt_sim.study.entry_lists import best_lists, today
from tnt_sim.study.extension import Way, ways_to_extend
from tnt_sim.study.line import line_of
from tnt_sim.study.moved import FREE, PRO_RATA
from tnt_sim.study.next_euro import NextEuro, next_euros
from tnt_sim.study.prices import KINDS, Price, prices_of
from tnt_sim.study.sweep.plan import plan_of
from tnt_sim.study.targets import Reached, reach, target_of
from tnt_sim.view.frame import PAGE_WIDTH, lines_html
from tnt_sim.view.money_lines import money_lines
from tnt_sim.view.put_file import put_file

QUARTER_MORE = "125 %"
GRID = 10


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What a question came to.

    Attributes
    ----------
    document : the JSON document of `sweep --json`
    rows : the name of its list
    lang : the language in which it is shown
    """

    document: Mapping[str, Any]
    rows: str
    lang: Lang

    def summary(self) -> Mapping[str, Any]:
        """The document."""
        return self.document

    def to_dataframe(self, backend: str = "polars") -> Any:
        """One row for each entry, as polars or pandas; amounts in integer cents, lists joined by « ; »."""
        if backend not in ("polars", "pandas"):
            raise ValueError(f"backend must be 'polars' or 'pandas', not {backend!r}")
        plain = [{key: _cell(value) for key, value in row.items()} for row in self.document[self.rows]]
        table = pl.DataFrame(plain, infer_schema_length=None)
        return table if backend == "polars" else table.to_pandas()

    def to_json(self) -> str:
        """The document as text."""
        return json.dumps(self.document, ensure_ascii=False, indent=2, allow_nan=False)

    def to_parquet(self, path: str | Path) -> None:
        """The table as Parquet."""
        put_file(Path(path), parquet_bytes(self.to_dataframe()))

    def to_excel(self, path: str | Path) -> None:
        """The table as a workbook."""
        stream = io.BytesIO()
        self.to_dataframe().write_excel(stream)
        put_file(Path(path), stream.getvalue())

    def plot(self, lang: Lang | str | None = None) -> Any:
        """The value of the next euro, or what each rule costs, as an Altair chart; needs the extra `charts`.

        Raises
        ------
        ValueError
            For another question, or where there is nothing to draw.
        """
        tongue = self.lang if lang is None else Lang(lang)
        if self.rows == "next":
            from tnt_sim.view.next_chart import next_chart

            return next_chart(self.document["next"], tongue)
        if self.rows == "prices":
            from tnt_sim.view.price_chart import price_chart

            return price_chart(self.document["prices"], tongue)
        raise ValueError("only the next euro and the prices have a picture")

    def _repr_html_(self) -> str:
        return lines_html(money_lines(self.document, lang=self.lang, width=PAGE_WIDTH), self.lang)


def _cell(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return " ; ".join(
        value if isinstance(value, str) else " ".join(str(part) for part in value.values()) for value in value
    )


def next_euro(
    scenario: Scenario,
    *,
    envelopes: Sequence[str] | None = None,
    rules: Sequence[str] | None = None,
    time_limit: float | None = None,
    prove: bool = True,
    lang: Lang | str | None = None,
    progress: Tell | None = None,
) -> Answered:
    """The least to add to each envelope, or to give way on each rule, for one unit more; what it buys.

    Raises
    ------
    UsageError
        For an envelope or a rule that does not exist, a scenario with steps.
    """
    clock, tongue = Clock(time_limit), _lang(scenario, lang)
    base = base_of(scenario, clock, prove=prove)
    course = Course(clock.deadline, "questions")
    for name in rules or ():
        _known_rule(base.problem, name)
    found: list[NextEuro] = []
    document = answers.head_of(base.problem, "next", None, tongue)
    with course.held():
        next_euros(
            base,
            envelopes=envelopes,
            rules=rules,
            clock=clock,
            prove=prove,
            tell=progress,
            into=found,
            course=course,
        )
    document = _told(document, course)
    told = {"base": answers.base_figures(base), "next": [answers.next_entry(one) for one in found]}
    return Answered({**document, **told}, "next", tongue)


def entries(
    scenario: Scenario,
    *,
    envelope: str | None = None,
    start: str | int | None = None,
    stop: str | int | None = None,
    at: Sequence[str | int] = (),
    steps: int | None = None,
    share: str = FREE,
    nested: bool = False,
    dossiers: Sequence[str] = (),
    time_limit: float | None = None,
    lang: Lang | str | None = None,
    progress: Tell | None = None,
) -> Answered:
    """From which envelope on each dossier is funded: `no_loss`, `first`, `stable_from`, `flips` and a flag.

    Parameters
    ----------
    start, stop : the range; from the written amount to a quarter more by default
    nested : along the announcements `at`, each keeping the promises of those before
    dossiers : those whose `no_loss` is wanted to the cent where other rules than envelopes bind: one solve each
    """
    one_decision(scenario)
    clock, tongue = Clock(time_limit), _lang(scenario, lang)
    plan = plan_of(
        scenario,
        envelopes=() if envelope is None else (envelope,),
        start=start,
        stop=QUARTER_MORE if stop is None and not at else stop,
        steps=GRID if steps is None and not at and not nested else steps,
        at=at,
        share=share,
        free=not nested,
        nested=nested,
    )
    base = base_of(scenario, clock, prove=False)
    line = line_of(base.problem, plan.moved.names[0] if share in (FREE, PRO_RATA) else plan.moved.share)
    named, loss = _rows(base, dossiers), NoLoss.today(base)
    document = answers.head_of(base.problem, "entries", line, tongue)
    course = Course(clock.deadline, "dossiers")
    waiting = base.problem.offers.candidate & ~base.allocation.funded
    with course.held():
        no_losses(base, line, named=named, clock=clock, tell=progress, into=loss)
    course.n_asked = int(waiting.sum())
    course.n_done = sum(loss.method[row] != "" for row in np.flatnonzero(waiting).tolist())
    lists = today(base, line)
    if course.stopped_by is None:
        with course.held():
            lists = best_lists(base, line, plan, course, progress)
    document = _told(document, course, held=True)
    found = entries_of(base, line, lists, loss)
    told = {**answers.entries_head(found), "entries": answers.entry_rows(found)}
    return Answered({**document, **told}, "entries", tongue)


def target(
    scenario: Scenario,
    *goals: str,
    envelope: str | None = None,
    time_limit: float | None = None,
    prove: bool = True,
    lang: Lang | str | None = None,
    progress: Tell | None = None,
) -> Answered:
    """The smallest amount of an envelope (the programme by default) that reaches each goal, with its list."""
    one_decision(scenario)
    clock, tongue = Clock(time_limit), _lang(scenario, lang)
    problem = compile_problem(scenario)
    clock.begin()
    line = line_of(problem, envelope or problem.case.tree.ids[0])

    @cache
    def base() -> Base:
        return base_of(scenario, clock, prove=False)

    wanted = [target_of(problem, goal, lambda: base().allocation) for goal in goals]
    found: list[Reached] = []
    document = answers.head_of(problem, "target", line, tongue)
    course = Course(clock.deadline, "targets")
    with course.held():
        for k, goal in enumerate(course.each(wanted)):
            tell_of(progress, goal.text, k / len(wanted))
            found.append(reach(problem, goal, line, clock=clock, prove=prove))
            if found[-1].stopped:
                course.unanswered(stopped=True)
    document = _told(document, course)
    if course.stopped_by is None:
        document["status"] = _how_reached(found)
    return Answered(
        {**document, "targets": [answers.target_entry(one, tongue) for one in found]}, "targets", tongue
    )


def prices(
    scenario: Scenario,
    *,
    envelope: str | None = None,
    kinds: Sequence[str] = KINDS,
    time_limit: float | None = None,
    prove: bool = True,
    lang: Lang | str | None = None,
    progress: Tell | None = None,
) -> Answered:
    """What each rule, fence, separation and decision costs, in value and in money of an envelope."""
    clock, tongue = Clock(time_limit), _lang(scenario, lang)
    for kind in kinds:
        if kind not in KINDS:
            raise _unknown(kind, KINDS, "usage.prices")
    base = base_of(scenario, clock, prove=prove)
    line = line_of(base.problem, envelope or base.problem.case.tree.ids[0])
    found: list[Price] = []
    unsettled: list[str] = []
    document = answers.head_of(base.problem, "prices", line, tongue)
    course = Course(clock.deadline, "questions")
    with course.held():
        prices_of(
            base,
            line,
            kinds=tuple(kinds),
            clock=clock,
            prove=prove,
            tell=progress,
            into=found,
            unsettled=unsettled,
            course=course,
        )
    document = _told(document, course)
    told = {
        "base": answers.base_figures(base),
        "unsettled": unsettled,
        "prices": [answers.price_entry(one) for one in found],
    }
    return Answered({**document, **told}, "prices", tongue)


def extension(
    scenario: Scenario,
    amount: str | int,
    *,
    key: Mapping[str, int] | None = None,
    time_limit: float | None = None,
    prove: bool = True,
    lang: Lang | str | None = None,
    progress: Tell | None = None,
) -> Answered:
    """An extra amount shared by the model, by the statutory key, and wholly on each axis, side by side.

    Parameters
    ----------
    amount : « 10 M€ », or whole euros
    key : weights by axis; their written amounts by default
    """
    clock, tongue = Clock(time_limit), _lang(scenario, lang)
    cents = _cents(amount)
    base = base_of(scenario, clock, prove=prove)
    weights = None if key is None else dict(key)
    found: list[Way] = []
    document = answers.head_of(base.problem, "extension", None, tongue)
    course = Course(clock.deadline, "ways")
    with course.held():
        ways_to_extend(
            base, cents, key=weights, clock=clock, prove=prove, tell=progress, into=found, course=course
        )
    document = _told(document, course)
    ways = [answers.way_entry(base, one) for one in found]
    told = {"extra_cents": cents, "base": answers.base_figures(base), "ways": ways}
    return Answered({**document, **told}, "ways", tongue)


def _told(document: dict[str, Any], course: Course, *, held: bool | None = None) -> dict[str, Any]:
    """The document with what ended the question and how far it came; `held`: something was found."""
    status = course.status
    if status == "stopped" and held and course.stopped_by == TIME:
        status = "feasible"
    return {**document, **course.told(), "status": status}


def _how_reached(found: Sequence[Reached]) -> str:
    """Infeasible where no target is reached, unless a limit came before that was known."""
    if all(one.amount_cents is not None for one in found):
        return "optimal"
    if any(one.amount_cents is not None for one in found):
        return "feasible"
    return "stopped" if any(one.stopped for one in found) else "infeasible"


def _lang(scenario: Scenario, lang: Lang | str | None) -> Lang:
    return Lang(lang or scenario.spec.locale)


def _cents(amount: str | int) -> int:
    if isinstance(amount, int):
        return amount * 100
    try:
        return parse_cents(amount)
    except MoneyError as error:
        raise UsageError(
            Text(
                f"« {amount} » n'est pas un montant : {error.text.fr}. Écrivez « 10 M€ ».",
                f'"{amount}" is no amount: {error.text.en}. Write "10 M€".',
            ),
            code="usage.amount",
        ) from error


def _rows(base: Base, dossiers: Sequence[str]) -> list[int]:
    names = base.problem.case.table["dossier"].to_list()
    place = {name: row for row, name in enumerate(names)}
    for name in dossiers:
        if name not in place:
            raise _unknown(name, names, "usage.dossier")
    return [place[name] for name in dossiers]


def _known_rule(problem: Problem, name: str) -> None:
    known = [rule.id for rule in problem.rules]
    if name not in known:
        raise _unknown(name, known, "usage.rule")


def _unknown(name: str, known: Sequence[str], code: str) -> UsageError:
    hint = did_you_mean(name, known) or Text("", "")
    return UsageError(
        Text(f"« {name} » n'existe pas. {hint.fr}", f'there is no "{name}". {hint.en}'), code=code
    )
