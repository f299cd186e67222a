"""What is printed of the rules of a drawn case beside what its list makes true."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from support.enumeration.envelopes import Purse
from support.enumeration.measures import Measures
from support.enumeration.oracle import Step
from support.enumeration.rows import Award, Case, World, rate
from support.literal.entries import compute_goal, is_kept
from support.literal.formulas import Reading, is_true
from support.literal.grants import GrantLine, is_paid, list_misread, read_amount
from support.literal.sentences import EXEMPTIONS, list_lacking, read_step
from support.mixed_cases.run import awards, write
from tnt_sim.domain.territory import load_territory
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.scenario import Sentence, describe_scenario
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem

OTHER_LISTS = 6
"""Lists of each case beside the best one: any possible amount of each dossier, so that most rules are broken."""

MOST_LISTS = 60
"""Goals are read on every possible list of a case that has no more than so many choices of amounts."""


@dataclass
class PrintedRule:
    """A rule as it is written and printed, whether a run says that a list satisfies it, and what is read there.

    `satisfied` is True of a decision, which every list keeps.
    """

    spec: dict[str, Any]
    french: Sentence
    english: Sentence
    award: Award
    satisfied: bool
    true: bool

    def __str__(self) -> str:
        return f"{self.english.formula} on {self.award}: {self.true}, but the run says {self.satisfied}"


def read_printed(case: Case, folder: Path, seed: int) -> list[PrintedRule]:
    """Solve a case; read each printed formula on its list, and on others, which the rules themselves read too."""
    scenario = load_scenario(write(case, folder))
    problem, result = compile_problem(scenario), solve(scenario, cross_check="never")
    world = World(case, case["scenario"])
    measures = Measures(world)
    heads = load_territory(2021).get_population("department")
    reading = Reading(world, measures, {}, {}, _list_queues(measures, Purse(world)), heads=heads)
    texts = [_list_rules(problem, lang) for lang in (Lang.FR, Lang.EN)]
    best = awards(result) if result.allocation is not None else None
    found = []
    for award, satisfied in _list_readings(problem, result, best, measures, random.Random(seed)):
        for spec in case["scenario"]["rules"]:
            if spec["id"] not in satisfied and not (spec["kind"] == "decide" and award is best):
                continue
            french, english = (rules[spec["id"]] for rules in texts)
            is_satisfied = satisfied.get(spec["id"], True)
            read = reading.on(award, spec)
            found.append(
                PrintedRule(spec, french, english, award, is_satisfied, is_true(english.formula, read))
            )
    return found


def _list_readings(
    problem: Problem, result: ResultData, best: Award | None, measures: Measures, dice: random.Random
) -> Iterator[tuple[Award, dict[str, bool]]]:
    """The list of the run with what its document says of each rule, then others as the rules read them."""
    if best is not None:
        yield best, {rule["id"]: rule["holds"] for rule in result.document["rules"]}
    names: list[str] = problem.case.table["dossier"].to_list()
    for _ in range(OTHER_LISTS):
        chosen = {name: dice.choice(amounts) for name, amounts in measures.offers.items()}
        award = {name: cents for name, cents in chosen.items() if cents is not None}
        funded = np.array([name in award for name in names])
        granted = np.array([award.get(name, 0) for name in names], dtype=np.int64)
        yield award, {rule.id: rule.read(funded, granted).holds for rule in problem.rules}


def _list_rules(problem: Problem, lang: Lang) -> dict[str, Sentence]:
    return {one.id: one for one in describe_scenario(problem, lang) if one.section == "rules"}


def _list_queues(measures: Measures, purse: Purse) -> dict[str, int]:
    """The money of each envelope's queue in cents, as the rule book defines it."""
    found = {}
    for node in purse.root.walk():
        if node.own is None:
            continue
        bare = {below.id for kid in node.kids if kid.written is None for below in kid.walk()} | {node.id}
        settled = [n for n in measures.in_play if measures.forced(n) and purse.homes[n] in bare]
        found[node.id] = max(0, purse.beyond(node) - sum(measures.most(name) for name in settled))
    return found


@dataclass
class PrintedEntry:
    """What is printed of an entry that is no rule, whether it is so of the list of a run, and of another list.

    The other list funds every application; each of its amounts is a thousand times the most that is asked.
    """

    section: str
    formula: str
    true: bool
    true_of_other: bool
    faults: list[str]


def read_entries(case: Case, folder: Path) -> list[PrintedEntry]:
    """Solve a case; read the printed formulas of all but its rules on its list."""
    scenario = load_scenario(write(case, folder))
    problem, result = compile_problem(scenario), solve(scenario, cross_check="never")
    if result.allocation is None or result.reading is None:
        return []
    step = Step(World(case, case["scenario"]))
    heads = load_territory(2021).get_population("department")
    reading = Reading(step.world, step.measures, awards(result), {"kind": ""}, heads=heads)
    most = 1000 * max(
        (amount for some in step.measures.offers.values() for amount in some if amount), default=1
    )
    other = replace(reading, award=dict.fromkeys(step.world.by_name, most))
    envelopes = {entry["id"]: entry for entry in result.document["envelopes"]}
    sentences, french = (describe_scenario(problem, lang) for lang in (Lang.EN, Lang.FR))
    formulas = {one.id: one.formula for one in sentences if one.section == "envelopes"}
    grants = [GrantLine.parse(one.formula) for one in sentences if one.section == "grants"]
    best = _BestLists(step, result, reading)
    found = []
    for one, other_text in zip(sentences, french, strict=True):
        faults = list_lacking(one.formula, one.text, other_text.text)
        if not problem.offers.committed.any() and not case["scenario"].get("steps"):
            kept = EXEMPTIONS["not committed"]  # nothing is, so neither language speaks of it
            faults = [fault for fault in faults if fault not in kept]
            texts = zip(kept, (one.text, other_text.text), strict=True)
            faults += [f"{words}: nothing is committed" for words, text in texts if words in text]
        if one.section == "objective":
            true = [best.is_so(int(one.id) - 1, one.formula, list_) for list_ in (reading, other)]
        elif one.section == "grants":
            line = grants[int(one.id) - 1]
            faults += list_misread(line, grants, problem, reading)
            true = [is_paid(line, grants, list_) for list_ in (reading, other)]
        elif one.formula and one.section in ("eligibility", "caps", "envelopes"):
            flows = _list_flows(formulas, envelopes, one.id)
            true = [is_kept(one.section, one.formula, list_, flows) for list_ in (reading, other)]
        else:
            continue
        found.append(PrintedEntry(one.section, one.formula, *true, faults))
    return found


def list_step_faults(case: Case, folder: Path) -> list[str]:
    """The sentences of steps that do not say the day, the changes and what is kept of the steps as written."""
    problem = compile_problem(load_scenario(write(case, folder)))
    written = [
        (one["date"], one.get("set", {}), k > 0) for k, one in enumerate(case["scenario"].get("steps", ()))
    ]
    told = [[one.text for one in describe_scenario(problem, lang) if one.section == "steps"] for lang in Lang]
    return [str(texts) for texts in told if [read_step(text) for text in texts] != written]


class _BestLists:
    """The lists that each goal leaves in turn, by its formula, among all that are possible."""

    def __init__(self, step: Step, result: ResultData, reading: Reading) -> None:
        self.step, self.result = step, result
        self.best: list[Reading] | None = None
        if step.size <= MOST_LISTS:
            self.best = [replace(reading, award=award) for award in step.feasible()]

    def is_so(self, number: int, formula: str, reading: Reading) -> bool:
        """Whether a list has the value of the run and is among the best, less what a tolerance gives up."""
        text, _, then = formula.removeprefix("max F = ").removeprefix("min F = ").partition(", then F ")
        text, sign = (text if then == "" else f"{formula[:3]} {text}"), 1 if formula.startswith("max") else -1
        assert self.result.reading is not None
        value = self._value(number, text, reading)
        is_value = value == self.result.reading.values[number] * sign
        if self.best is None or not is_value:
            return is_value
        values = [self._value(number, text, one) for one in self.best]
        share = re.fullmatch(r"[≥≤] (?:max|min) [−+] (.*)·\|(?:max|min)\|", then)
        least = max(values) - (rate(share[1]) if share else 0) * abs(max(values))
        self.best = [one for one, worth in zip(self.best, values, strict=True) if worth >= least]
        return any(one.award == reading.award for one in self.best)

    def _value(self, number: int, formula: str, reading: Reading) -> Fraction:
        """The value of a goal, more being better, less what penalties cost."""
        entry = self.step.world.scenario["objective"][number]
        goals = entry.get("maximise") or entry["minimise"]
        n_parts = sum(name == "smallest" or name.startswith("shortfall.") for name in goals)
        penalties = self.step.stages[number][1][n_parts:]
        value = compute_goal(formula, reading, self.step.distances) * (1 if "maximise" in entry else -1)
        return value + sum((weight * part(reading.award) for weight, part in penalties), Fraction(0))


def _list_flows(formulas: dict[str, str], envelopes: dict[str, Any], name: str) -> dict[str, str]:
    """What siblings give to an envelope and take from it, and what the one above has beyond its children.

    The latter is the right side of the formula of the envelope above, less the amounts of its children.
    """
    entry = envelopes.get(name, {})
    flows = {side: str(Fraction(entry.get(f"transferred_{side}_cents") or 0, 100)) for side in ("in", "out")}
    above = envelopes.get(entry.get("parent"))
    if above is None or not formulas[above["id"]]:
        return flows
    given = sum(one["amount_cents"] or 0 for one in envelopes.values() if one["parent"] == above["id"])
    right = formulas[above["id"]].partition(" ; ")[0].rpartition(" ≤ ")[2]
    for word, amount in _list_flows(formulas, envelopes, above["id"]).items():
        right = re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])", f"({amount})", right)
    return {**flows, f"free_{above['id']}": str(max(Fraction(0), read_amount(right) - Fraction(given, 100)))}
