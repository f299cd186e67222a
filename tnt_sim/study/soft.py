"""Rules that are told and bind nobody, for « what if it did not hold »."""

from __future__ import annotations

from dataclasses import replace

from tnt_sim.rules.base import CompiledRule, Mode, Terms, Unit
from tnt_sim.rules.equity import Equity
from tnt_sim.rules.queue import FirstCome
from tnt_sim.scenario.compile import Problem


def reported(rule: CompiledRule) -> CompiledRule:
    """A rule in mode « reported »."""
    found: CompiledRule = replace(rule, mode=Mode.REPORT, penalty=None)  # type: ignore[type-var]
    return found


def told_only(problem: Problem, rule_id: str) -> Problem:
    """The problem with a rule that is read and told, but binds nobody."""
    rules = tuple(reported(rule) if rule.id == rule_id else rule for rule in problem.rules)
    return replace(problem, rules=rules)


def without_prices(problem: Problem) -> Problem:
    """The problem in which broken rules cost nothing: its hard rules only."""
    rules = tuple(reported(rule) if rule.mode is Mode.PENALTY else rule for rule in problem.rules)
    return replace(problem, rules=rules)


def gives_way(rule: CompiledRule) -> bool:
    """Whether a rule is hard and has a distance that can be measured."""
    if rule.mode is not Mode.HARD or isinstance(rule, FirstCome):
        return False
    return not isinstance(rule, Equity) or rule.priceable


def unit_of(rule: CompiledRule) -> Unit:
    """What the distance of a rule counts."""
    if rule.kind == "schedule":
        return Unit.MONEY
    terms = getattr(rule, "terms", None) or getattr(rule, "numerator", None)
    if isinstance(rule, Equity):
        terms = rule.of.terms
    return terms.unit if isinstance(terms, Terms) else Unit.NUMBER
