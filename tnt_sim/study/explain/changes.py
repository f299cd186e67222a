"""The smallest change of one thing that would fund a refused dossier, exact and confirmed by a re-solve.

Each change is an entry of `explain.dossiers[].changes[]`: `kind` (score, grant, envelope, rule, requirement,
decision), `of` (the column, the envelope, the rule), `status` and figures in `unit`:

    exact        `to` does, one unit less does not
    impossible   no such change does: `why` says what stands in the way
    undefined    the question has no exact answer here: `why` says what makes it so
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from typing import Any

from tnt_sim.deadline import DeadlineExpired
from tnt_sim.errors import InputError
from tnt_sim.question import Answer, ask, forced
from tnt_sim.result import Proof
from tnt_sim.rules.base import CompiledRule
from tnt_sim.scenario.compile import compile_problem
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.explain import grant, score
from tnt_sim.study.explain.decided import Decided
from tnt_sim.study.explain.envelope import by_envelopes
from tnt_sim.study.explain.lifted import lifted
from tnt_sim.study.explain.rule import relaxed
from tnt_sim.study.explain.weigh import gains, goes_first, units, with_tolerance
from tnt_sim.study.soft import gives_way
from tnt_sim.verify.figures import decimal_text

Entry = dict[str, Any]
MOST_RULES = 12
"""Rules that are tried one by one; those that the decision leaves without slack go first."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What is read once for all dossiers.

    Attributes
    ----------
    decided : the decision
    steps : the least gain of each stage
    scores : the columns of the goal that are merit, with what one step of each brings to each dossier and stage;
        None where it is no plain sum
    """

    decided: Decided
    steps: tuple[Fraction, ...]
    scores: tuple[tuple[score.Score, score.Effects | None], ...]


def asking(decided: Decided) -> Asking:
    """Read the goal once."""
    problem, deadline = decided.problem, decided.clock.deadline
    found = [
        (one, score.effects(problem, decided.asked, one, deadline) if one.other is None else None)
        for one in score.scores(problem)
    ]
    return Asking(decided, units(problem, deadline), tuple(found))


def changes_of(question: Asking, row: int, *, confirm: bool = True) -> list[Entry]:
    """Every change that could fund one refused dossier, the plainest first; none for a funded one.

    With `confirm` the changed scenario and the one that is one unit short of it are decided anew, with their
    proofs: the first must fund the dossier and the other must not. The deadline of the decision's clock ends
    it with the changes found by then.
    """
    decided = question.decided
    if decided.allocation.funded[row]:
        return []
    if not decided.best:
        return [_undefined("any", "", "not_proven")]
    if not decided.problem.offers.candidate[row]:
        return lifted(decided, row)
    inside = ask(forced(decided.problem, [row]), prove=False, clock=decided.clock)
    found: list[Entry] = []
    every = chain(
        _by_score(question, row, inside, confirm=confirm),
        _by_grant(question, row, confirm=confirm),
        by_envelopes(decided, row, question.steps),
        _by_rules(decided, row, inside),
    )
    with suppress(DeadlineExpired):
        for entry in every:
            found.append(entry)
            decided.clock.deadline.check()
    return found


def _by_score(question: Asking, row: int, inside: Answer, *, confirm: bool) -> Iterator[Entry]:
    decided = question.decided
    for one, effect in question.scores:
        if one.other is not None:
            yield _undefined("score", one.column, "other_use", by=one.other)
        elif effect is None:
            yield _undefined("score", one.column, "no_plain_sum")
        elif with_tolerance(decided.problem):
            yield _undefined("score", one.column, "tolerance")
        elif not score.is_given(decided.problem, row, one.column):
            yield _undefined("score", one.column, "no_figure")
        else:
            yield score_entry(question, row, one, effect[row], inside, confirm=confirm)


def score_entry(
    question: Asking,
    row: int,
    one: score.Score,
    effect: tuple[Fraction, ...],
    inside: Answer,
    *,
    confirm: bool,
) -> Entry:
    """The score raised to, from the best allocation that holds the dossier."""
    decided = question.decided
    if inside.allocation is None:
        return _impossible("score", one.column, "no_allocation", inside)
    if not (inside.is_closed and inside.canonical):
        return _undefined("score", one.column, "stopped")
    gained = gains(decided.problem.stages, inside.values, decided.reading.values)
    wins = goes_first(inside.allocation, decided.allocation) > 0
    steps = score.steps_needed(gained, effect, wins)
    if steps is None:
        return _impossible("score", one.column, "earlier_goal", inside)
    way = 1 if next(each for each in effect if each) > 0 else -1
    by, now = way * steps * one.step, score.figure_of(decided.problem, row, one.column)
    found = {
        "kind": "score",
        "of": one.column,
        "status": "exact",
        "unit": "number",
        "from": decimal_text(now),
        "to": decimal_text(now + by),
        "by": decimal_text(by),
        "step": decimal_text(one.step),
        "top": decimal_text(one.top),
        "tie": score.tie_at(gained, effect),
        "proof": None,
        "confirmed": None,
    }
    if confirm:
        name = decided.numbers[row]
        enough = score.with_score(decided.asked, one.column, by, name)
        less = score.with_score(decided.asked, one.column, by - way * one.step, name)
        found |= _confirmed(decided, enough, less, row)
    return found


def _by_grant(question: Asking, row: int, *, confirm: bool) -> Iterator[Entry]:
    decided, name = question.decided, question.decided.numbers[row]
    problem = decided.problem
    asked = int(problem.offers.most_cents[row])
    if not grant.can_be_cut(problem, row):
        yield _undefined("grant", name, "not_one_amount")
        return
    if with_tolerance(problem):
        yield _undefined("grant", name, "tolerance")
        return
    cut = grant.cut_to(decided, row, question.steps)
    if not all(answer.is_closed or answer.allocation is None for answer in cut.answers):
        yield _undefined("grant", name, "stopped")
        return
    if cut.cents is None and grant.counts_elsewhere(decided, row):
        yield _undefined("grant", name, "request_counts")
        return
    if cut.cents is None:
        yield _impossible("grant", name, "no_amount", *cut.answers)
        return
    found = {
        "kind": "grant",
        "of": name,
        "status": "exact",
        "unit": "money",
        "from_cents": asked,
        "to_cents": cut.cents,
        "by_cents": asked - cut.cents,
        "step_cents": int(problem.offers.unit_cents[row]),
        "proof": None,
        "confirmed": None,
    }
    if confirm:
        step = int(problem.offers.unit_cents[row])
        enough = grant.with_request(decided.asked, name, cut.cents)
        less = grant.with_request(decided.asked, name, cut.cents + step)
        found |= _confirmed(decided, enough, less, row)
        if not found["confirmed"]:
            # a floor lowered to what is asked, or a figure of the request that counts elsewhere, moved too
            found = _undefined("grant", name, "request_counts")
    yield found


def _confirmed(decided: Decided, enough: Scenario, less: Scenario, row: int) -> Entry:
    """Whether one scenario funds the dossier and the other does not, each decided anew with its proof."""
    first, second = (_decided_anew(decided, one) for one in (enough, less))
    if first is None or second is None:
        return {"confirmed": False, "proof": None}
    holds = [one.allocation is not None and bool(one.allocation.funded[row]) for one in (first, second)]
    settled = all(one.allocation is None or (one.is_closed and one.canonical) for one in (first, second))
    return {"confirmed": settled and holds == [True, False], "proof": _proof([first, second])}


def _decided_anew(decided: Decided, scenario: Scenario) -> Answer | None:
    """The one answer of a changed scenario; None for a change that cannot be asked."""
    try:
        return ask(compile_problem(scenario), clock=decided.clock)
    except InputError:
        return None


def _by_rules(decided: Decided, row: int, inside: Answer) -> Iterator[Entry]:
    """The rules that, giving way alone, let the dossier in."""
    for rule in _tried(decided, row, every=inside.allocation is None):
        decided.clock.deadline.check()
        found = relaxed(decided, row, rule)
        if not found.distance:
            continue  # it does not help alone, or it is not what stands in the way
        yield {
            "kind": "rule",
            "of": rule.id,
            "status": "exact",
            "unit": found.unit.value,
            "by": decimal_text(found.distance),
            "proof": _proof([found.answer]),
            "confirmed": True,  # its allocation was read again with every other rule in force
        }


def _tried(decided: Decided, row: int, *, every: bool) -> Sequence[CompiledRule]:
    """The hard rules that can be what stands in the way: the one named, and tight ones that count the dossier.

    All that count it when no allocation holds it as the rules are.
    """
    named = str(decided.reasons.rule[row])
    read = {rule.id: rule for rule in decided.reading.rules}
    tight = [
        rule
        for rule in decided.problem.rules
        if gives_way(rule)
        and (rule.id == named or (_counts(decided, row, rule) and (every or _is_tight(read[rule.id]))))
    ]
    return sorted(tight, key=lambda rule: rule.id != named)[:MOST_RULES]


def _counts(decided: Decided, row: int, rule: CompiledRule) -> bool:
    """Whether the rule's figures change when the dossier is funded beside the others."""
    funded, granted = decided.allocation.funded.copy(), decided.allocation.granted_cents.copy()
    before = rule.read(funded, granted)
    funded[row], granted[row] = True, decided.problem.offers.least_cents[row]
    return rule.read(funded, granted) != before


def _is_tight(read: Any) -> bool:
    return any(figure.slack is not None and figure.slack <= 0 for figure in read.readings)


def _proof(answers: Sequence[Answer]) -> str | None:
    """The weakest of what supports some answers; None where one has nothing."""
    order = (Proof.FEASIBLE_GAP, Proof.CROSS_CHECKED, Proof.PROVED)
    proofs = [answer.proof for answer in answers]
    if any(proof is None for proof in proofs):
        return None
    return min((proof for proof in proofs if proof is not None), key=order.index).value


def _undefined(kind: str, of: str, why: str, **more: Any) -> Entry:
    return {"kind": kind, "of": of, "status": "undefined", "why": why, **more}


def _impossible(kind: str, of: str, why: str, *answers: Answer) -> Entry:
    return {"kind": kind, "of": of, "status": "impossible", "why": why, "proof": _proof(answers)}
