"""Rank inversions: a better application refused while a worse one of the same envelope and class is funded.

Applications are ranked by a numeric column or by an ordinal opinion ("très favorable" before
"favorable"). Equal or empty values make no inversion. Committed applications and those decided by
people are not compared.

The price of having no inversion is the loss of each objective stage when an `order` rule is added:
the optimum under that rule against the decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import Literal, Protocol

import numpy as np
import polars as pl

from tnt_sim.analysis.explain.document import (
    BetterDossier,
    InversionList,
    InversionsDocument,
    InvertedPair,
    OrderPrice,
    RefusedBetter,
    WorseDossier,
)
from tnt_sim.analysis.explain.required_changes import list_scores
from tnt_sim.analysis.shared.decided_run import DecidedRun, compute_gains
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.study_head import build_question_head
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import optimise
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.errors import TntError, UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, Lang, _
from tnt_sim.rules.expressions.columns import (
    ValueKind,
    get_column_kind,
    list_column_names,
    read_numeric_column,
    read_text_keys,
)
from tnt_sim.rules.expressions.groups import group_by_columns
from tnt_sim.rules.kinds.order.rule import Order
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.protocols import Mode, Penalty, Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation
from tnt_sim.verify.run_document import format_fraction


class RankedList(Protocol):
    """A list of applications of a problem: a decision, or one made by hand."""

    @property
    def problem(self) -> Problem:
        """Return the problem."""

    @property
    def allocation(self) -> Allocation:
        """Return the list."""

    @property
    def numbers(self) -> pl.Series:
        """Return the application numbers, String (n,)."""


MOST_PAIRS = 1_000
"""Longest list of pairs; all pairs are counted."""
RULE = "no-inversion"
MOST_PRICED = 20_000
"""Most pairs for which a penalty per pair is allowed."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Ranking of the applications inside each group.

    Attributes
    ----------
    column : column that ranks
    place : int64 (n,), 0 for the best, equal values share a place, −1 for an empty cell
    group : int64 (n,), envelope and class, −1 for applications that are not compared
    names : group names
    """

    column: str
    place: IntArray
    group: IntArray
    names: tuple[str, ...]


def build_ranking(
    problem: Problem,
    *,
    rank: str | None = None,
    best: str = "high",
    opinions: Sequence[str] = (),
    by: Sequence[str] = (),
) -> Ranking:
    """Rank by a numeric column, or by a text column whose values `opinions` lists from best to worst.

    Parameters
    ----------
    rank : the column; by default the only score of the objective
    best : "high" or "low", for a numeric column
    by : columns that must be equal in addition to the envelope
    """
    case = problem.case
    column = rank or find_single_score(problem)
    if column is None:
        raise UsageError(
            _("the goal has not just one score: say which column ranks (--rank)."),
            code="usage.rank",
        )
    place = (
        _rank_opinions(problem, column, opinions) if opinions else _read_ranking_values(problem, column, best)
    )
    compared = problem.offers.candidate & ~problem.offers.forced & (place >= 0)
    for name in by:
        if get_column_kind(case, name) in (None, ValueKind.LIST):
            raise _build_column_error(problem, name)
    groups = group_by_columns(case, ["envelope", *by], None, compared, compared, ())
    assert groups is not None
    return Ranking(column, place, groups.codes, tuple(str(name) for name in groups.names))


def find_single_score(problem: Problem) -> str | None:
    """Return the merit column of the objective; None if there is none or several."""
    found = list_scores(problem)
    return found[0].column if len(found) == 1 else None


def _read_ranking_values(problem: Problem, column: str, best: str) -> IntArray:
    kind = get_column_kind(problem.case, column)
    # Extra columns are read as text, whether they hold numbers or words.
    if kind not in (ValueKind.NUMBER, ValueKind.MONEY, ValueKind.TEXT) or (
        kind is ValueKind.TEXT and problem.case.portfolio.read_numbers(column)[1]
    ):
        raise _build_column_error(problem, column)
    amounts = read_numeric_column(problem.case, column, ())
    assert amounts is not None
    key = -amounts.values if best == "high" else amounts.values
    __, place = np.unique(key, return_inverse=True)
    return np.where(amounts.missing, -1, place.astype(np.int64))


def _rank_opinions(problem: Problem, column: str, opinions: Sequence[str]) -> IntArray:
    if get_column_kind(problem.case, column) is not ValueKind.TEXT:
        raise _build_column_error(problem, column)
    held = read_text_keys(problem.case, column).to_list()
    order = {name: k for k, name in enumerate(opinions)}
    strange = sorted({name for name in held if name and name not in order})
    if strange:
        hint = suggest_name(strange[0], opinions) or NO_TEXT
        raise UsageError(
            _(
                '"{strange}" is in column "{column}" but not among the opinions given. {hint}',
                strange=strange[0],
                column=column,
                hint=hint,
            ),
            code="usage.opinions",
        )
    return np.array([order.get(name, -1) for name in held], dtype=np.int64)


def _build_column_error(problem: Problem, column: str) -> UsageError:
    names = list_column_names(problem.case)
    hint = NO_TEXT if column in names else suggest_name(column, names) or NO_TEXT
    return UsageError(
        _(
            '"{column}" cannot rank: it takes figures, or opinions with their order. {hint}',
            column=column,
            hint=hint,
        ),
        code="usage.rank",
    )


def list_inversions(decided: RankedList, ranked: Ranking, most: int | None = None) -> InversionList:
    """Count the inverted pairs and list them.

    Refused applications are listed best first, and the pairs of each with the worst funded
    application first.

    Parameters
    ----------
    most : longest list; all pairs are counted in any case
    """
    funded, total = decided.allocation.funded, 0
    result: list[tuple[int, IntArray, str]] = []
    for code, name in enumerate(ranked.names):
        own = np.flatnonzero(ranked.group == code)
        inside = own[funded[own]]
        inside = inside[np.argsort(-ranked.place[inside], kind="stable")]
        out = own[~funded[own]]
        worse = len(inside) - np.searchsorted(np.sort(ranked.place[inside]), ranked.place[out], side="right")
        total += int(worse.sum())
        result += [(row, inside[:n], name) for row, n in zip(out.tolist(), worse.tolist(), strict=True) if n]
    result.sort(key=lambda one: (int(ranked.place[one[0]]), one[0]))
    listed = MOST_PAIRS if most is None else min(most, MOST_PAIRS)
    pairs = ((row, int(other), name) for row, others, name in result for other in others)
    return InversionList(
        rank=ranked.column,
        n_pairs=total,
        n_refused=len(result),
        refused=[
            RefusedBetter(
                group=name,
                better=_build_better_entry(decided, ranked, row),
                worse=_build_worse_entry(decided, ranked, int(others[0])),
                n_worse=len(others),
            )
            for row, others, name in result[:most]
        ],
        pairs=[
            InvertedPair(
                group=name,
                better=_build_better_entry(decided, ranked, better),
                worse=_build_worse_entry(decided, ranked, worse),
            )
            for better, worse, name in islice(pairs, listed)
        ],
    )


def _build_better_entry(decided: RankedList, ranked: Ranking, row: int) -> BetterDossier:
    value, cents = _read_ranking_value(decided, ranked, row)
    return BetterDossier(
        dossier=decided.numbers[row],
        value=value,
        value_cents=cents,
        asked_cents=int(decided.problem.offers.least_cents[row]),
    )


def _build_worse_entry(decided: RankedList, ranked: Ranking, row: int) -> WorseDossier:
    value, cents = _read_ranking_value(decided, ranked, row)
    return WorseDossier(
        dossier=decided.numbers[row],
        value=value,
        value_cents=cents,
        granted_cents=int(decided.allocation.granted_cents[row]),
    )


def _read_ranking_value(decided: RankedList, ranked: Ranking, row: int) -> tuple[str | None, int | None]:
    """Return the ranking value as text or, for a column of money, in cents."""
    case = decided.problem.case
    if get_column_kind(case, ranked.column) is ValueKind.MONEY:
        return None, case.table[f"{ranked.column}_cents"][row]
    value = case.table[ranked.column][row]
    return (None if value is None else _format_value(value)), None


def _format_value(value: object) -> str:
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def compute_order_price(
    decided: DecidedRun, ranked: Ranking, penalty: Fraction | None = None, *, deadline: Deadline = UNLIMITED
) -> OrderPrice:
    """Compute what an `order` rule would cost, hard or at a penalty per inverted pair.

    Parameters
    ----------
    penalty : units of the first stage per pair; None for a hard rule
    """
    problem = decided.problem
    order = _build_order_rule(problem, ranked, penalty)
    if penalty is not None and order.n_pairs > MOST_PRICED:
        raise _build_size_error(order.n_pairs)
    mode: Literal["hard", "priced"] = "hard" if penalty is None else "priced"
    price = format_fraction(penalty)
    try:
        answer = optimise(
            replace(problem, rules=(*problem.rules, order)), clock=Clock.from_deadline(deadline)
        )
    except TntError:
        return OrderPrice(mode=mode, penalty=price, status=Status.STOPPED)
    if answer.allocation is None:
        return OrderPrice(mode=mode, penalty=price, status=answer.status)
    values = _without_penalty(problem, answer, order, penalty)
    lost = compute_gains(problem.stages, decided.reading.values, values)
    now, then = decided.allocation.funded, answer.allocation.funded
    again = list_inversions(replace(decided, allocation=answer.allocation), ranked, most=0)
    return OrderPrice(
        mode=mode,
        penalty=price,
        status=answer.status,
        loses=[format_fraction(each) for each in lost],
        granted_cents=answer.granted_cents,
        enters=decided.numbers.filter(then & ~now).to_list(),
        leaves=decided.numbers.filter(now & ~then).to_list(),
        n_pairs=again.n_pairs,
    )


def _build_size_error(n_pairs: int) -> UsageError:
    return UsageError(
        _(
            "a price for each inversion is counted per pair: there would be {n_pairs}, and the limit "
            "is {most_priced}. Compare smaller classes (--by).",
            n_pairs=n_pairs,
            most_priced=MOST_PRICED,
        ),
        code="usage.penalty",
    )


def _without_penalty(
    problem: Problem, answer: SolveOutcome, order: Order, penalty: Fraction | None
) -> tuple[Fraction, ...]:
    """Return the stage values without the penalties charged to the first stage."""
    if penalty is None or answer.allocation is None:
        return answer.values
    read = order.read(answer.allocation.funded, answer.allocation.granted_cents)
    sign = 1 if problem.stages[0].sense is Sense.MAXIMISE else -1
    return (answer.values[0] + sign * penalty * read.distance, *answer.values[1:])


def _build_order_rule(problem: Problem, ranked: Ranking, penalty: Fraction | None) -> Order:
    """Build the `order` rule: no application before a better one, in each envelope and class."""
    dossier = np.flatnonzero(ranked.group >= 0)
    code, place = ranked.group[dossier], ranked.place[dossier]
    sequence = np.lexsort((dossier, place, code))
    dossier, code, place = dossier[sequence], code[sequence], place[sequence]
    new = np.ones(len(code), dtype=np.int64)
    new[1:] = (code[1:] != code[:-1]) | (place[1:] != place[:-1])
    step = np.cumsum(new) - 1
    level = step - step[np.searchsorted(code, code)] if len(code) else step
    return Order(
        id=RULE,
        kind="order",
        mode=Mode.HARD if penalty is None else Mode.PENALTY,
        names=ranked.names,
        grouped=True,
        group=code,
        dossier=dossier,
        level=level,
        number=problem.case.table["dossier"],
        penalty=None if penalty is None else Penalty(0, penalty),
    )


def build_inversions_document(
    decided: DecidedRun, ranking: Ranking, penalty: Fraction | None, course: StudyProgress, lang: Lang
) -> InversionsDocument:
    """Build the document: the pairs, the price of having none and, with `penalty`, of each."""
    result = list_inversions(decided, ranking)
    wanted = ([None] if penalty is None else [None, penalty]) if result.n_pairs else []
    prices = list[OrderPrice]()
    with course.catch_limits():
        for price in course.iterate_items(wanted):
            prices.append(compute_order_price(decided, ranking, price, deadline=course.deadline))
            if prices[-1].status is Status.STOPPED:
                course.withdraw_item()
    status = Status.OPTIMAL if decided.best else Status.FEASIBLE
    return InversionsDocument(
        **build_question_head(decided.problem, course, status, lang),
        run_dir=None if decided.run_dir is None else decided.run_dir.as_posix(),
        goals=[stage.goal for stage in decided.problem.stages],
        rank=result.rank,
        n_pairs=result.n_pairs,
        n_refused=result.n_refused,
        refused=result.refused,
        pairs=result.pairs,
        prices=prices,
    )
