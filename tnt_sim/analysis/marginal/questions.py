"""What the questions on money came to, as documents: amounts in integer cents, exact decimals as text.

The questions on money as a planner asks them: a scenario in, a document and a table out.

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
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.marginal.entry_lists import best_lists, today
from tnt_sim.analysis.marginal.entry_thresholds import Entries, NoLoss, entries_of, no_losses
from tnt_sim.analysis.marginal.extension_allocation import Way, ways_to_extend
from tnt_sim.analysis.marginal.marginal_euro import NextEuro, next_euros
from tnt_sim.analysis.marginal.rule_prices import KINDS, Price, prices_of
from tnt_sim.analysis.marginal.target_envelope import Reached, reach, target_of
from tnt_sim.analysis.shared.amount_variation import FREE, PRO_RATA
from tnt_sim.analysis.shared.envelope_path import Line, line_of
from tnt_sim.analysis.shared.progress import TIME, Course
from tnt_sim.analysis.shared.reference_solution import Base, Moves, Tell, base_of, one_decision, tell_of
from tnt_sim.analysis.sweep.plan import plan_of
from tnt_sim.disk import parquet_bytes
from tnt_sim.domain.money import MoneyError, parse_cents
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.result import Proof
from tnt_sim.errors import UsageError, did_you_mean
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.reporting.renderers.html import PAGE_WIDTH, lines_html
from tnt_sim.reporting.reports.marginal import money_lines
from tnt_sim.reporting.run_folder.atomic_write import put_file
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import Scenario, says_synthetic
from tnt_sim.verify.allocation_reading import Allocation
from tnt_sim.verify.run_document import decimal_text, warning_lines

Document = dict[str, Any]


def head_of(problem: Problem, question: str, line: Line | None, lang: Lang) -> Document:
    """The first keys of every document; `points` is empty where no curve was asked for."""
    spec = problem.scenario.spec
    return {
        "schema_version": 1,
        "command": "sweep",
        "question": question,
        "scenario": problem.scenario.id,
        "scenario_sha256": problem.scenario.sha256,
        "title": problem.scenario.title,
        "date": spec.date.isoformat() if spec.date else None,
        "synthetic": says_synthetic(spec, problem.scenario.portfolio.table),
        "status": "optimal",
        "stopped_by": None,
        "progress": None,
        "envelope": None if line is None else line.id,
        "amount_cents": line.amount_cents if line is not None and line.written else None,
        "points": [],
        "warnings": warning_lines(problem.warnings, lang),
    }


def base_figures(base: Base) -> Document:
    """The scenario as it stands."""
    return {
        "objective": _values(base.problem, base.answer.values),
        **_counts(base.problem, base.allocation),
        "proof": _word(base.answer.proof),
    }


def next_entry(found: NextEuro) -> Document:
    """One envelope or rule; `step` is in its unit, `step_cents` for euros."""
    money = found.unit == "€"
    return {
        "kind": found.kind,
        "id": found.id,
        "status": found.status,
        "unit": found.unit,
        "step": decimal_text(found.step),
        "step_upto": decimal_text(found.upper),
        "step_cents": int(found.step * 100) if money and found.step is not None else None,
        "exact": found.exact,
        "goal": found.stage,
        "gain": decimal_text(found.gain),
        **_moved(found.bought),
        "n_funded": found.n_funded,
        "granted_cents": found.granted_cents,
        "shadow_price": None if found.shadow_price is None else f"{found.shadow_price:.6g}",
        "proof": _word(found.proof),
    }


def entry_rows(found: Entries) -> list[Document]:
    """One row for each dossier that can be funded."""
    return found.table.filter(found.table["eligible"]).to_dicts()


def entries_head(found: Entries) -> Document:
    """The range, and how many dossiers have each flag."""
    counts = found.table["flag"].value_counts().to_dicts()
    lists = found.lists
    return {
        "from_cents": lists.from_cents,
        "to_cents": found.to_cents,
        "n_lists": len(lists.cents),
        "exact": found.exact,
        "nested": found.nested,
        "flags": {row["flag"]: row["count"] for row in counts},
    }


def target_entry(found: Reached, lang: Lang) -> Document:
    """One target: the smallest amount, the list there, or why none reaches it."""
    answer = found.answer
    told: Document = {
        "target": found.target.text,
        "words": found.target.words.in_(lang),
        "reached": found.amount_cents is not None,
        "amount_cents": found.amount_cents,
        "amount_from_cents": found.lower_cents,
        "extra_cents": found.extra_cents,
        "exact": found.exact,
        "missing": None if found.missing is None else found.missing.in_(lang),
        "blocked_by": [text.in_(lang) for text in found.blocked_by],
        "proof": _word(found.proof),
        "stopped": found.stopped,
        "objective": [],
        "n_funded": None,
        "granted_cents": None,
        "dossiers": [],
    }
    if answer is None or answer.allocation is None:
        return told
    problem = found.problem
    names = problem.case.table["dossier"].gather(np.flatnonzero(answer.allocation.funded))
    told |= {"objective": _values(problem, answer.values), **_counts(problem, answer.allocation)}
    told["dossiers"] = names.to_list()
    return told


def price_entry(found: Price) -> Document:
    """One price, in value and in euros; of walls, also what those between the children alone cost."""
    told: Document = {
        "kind": found.kind,
        "id": found.id,
        "goal": found.stage,
        "value": decimal_text(found.value),
        "change": decimal_text(found.change),
        "change_upto": None if found.upto is None else decimal_text(found.upto),
        "euros_cents": found.euros_cents,
        "euros_from_cents": found.euros_from_cents,
        **_moved(found.moved),
        "proof": _word(found.proof),
        "one_level": None,
    }
    if found.one_level is not None:
        told["one_level"] = {
            "goal": found.one_level.stage,
            "value": decimal_text(abs(found.one_level.change)),
            "change": decimal_text(found.one_level.change),
            "proof": _word(found.one_level.proof),
        }
    return told


def way_entry(base: Base, found: Way) -> Document:
    """One way to share the extension."""
    told: Document = {
        "way": found.way,
        "axis": found.axis,
        "allowed": found.allowed,
        "why": found.why or None,
        "added": [{"envelope": name, "cents": cents} for name, cents in found.added],
        "objective": _values(base.problem, found.values),
        "goal": found.goal,
        "gain": decimal_text(found.gain),
        "n_funded": found.n_funded,
        "granted_cents": found.granted_cents,
        "unspent_cents": found.unspent_cents,
        **_moved(found.moved),
        "proof": _word(found.proof),
    }
    if found.answer is not None and found.answer.allocation is not None:
        told |= _counts(base.problem, found.answer.allocation)
    return told


def _values(problem: Problem, values: Sequence[Fraction]) -> list[Document]:
    return [
        {"goal": stage.goal, "sense": stage.sense.value, "value": decimal_text(value)}
        for stage, value in zip(problem.stages, values, strict=False)
    ]


def _counts(problem: Problem, allocation: Allocation) -> Document:
    table = problem.case.table.filter(allocation.funded)
    reached = table["department"].replace("", None).drop_nulls().n_unique()
    return {
        "n_funded": int(allocation.funded.sum()),
        "granted_cents": int(allocation.granted_cents.sum()),
        "n_departments": reached,
    }


def _moved(found: Moves | None) -> Mapping[str, Any]:
    if found is None:
        return {"enter": [], "leave": [], "more": [], "less": []}
    return {key: list(getattr(found, key)) for key in ("enter", "leave", "more", "less")}


def _word(proof: Proof | None) -> str | None:
    return None if proof is None else proof.value


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
            from tnt_sim.reporting.charts.marginal_charts import next_chart

            return next_chart(self.document["next"], tongue)
        if self.rows == "prices":
            from tnt_sim.reporting.charts.marginal_charts import price_chart

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
    document = head_of(base.problem, "next", None, tongue)
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
    told = {"base": base_figures(base), "next": [next_entry(one) for one in found]}
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
    document = head_of(base.problem, "entries", line, tongue)
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
    told = {**entries_head(found), "entries": entry_rows(found)}
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
    document = head_of(problem, "target", line, tongue)
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
    return Answered({**document, "targets": [target_entry(one, tongue) for one in found]}, "targets", tongue)


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
    document = head_of(base.problem, "prices", line, tongue)
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
        "base": base_figures(base),
        "unsettled": unsettled,
        "prices": [price_entry(one) for one in found],
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
    document = head_of(base.problem, "extension", None, tongue)
    course = Course(clock.deadline, "ways")
    with course.held():
        ways_to_extend(
            base, cents, key=weights, clock=clock, prove=prove, tell=progress, into=found, course=course
        )
    document = _told(document, course)
    ways = [way_entry(base, one) for one in found]
    told = {"extra_cents": cents, "base": base_figures(base), "ways": ways}
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
