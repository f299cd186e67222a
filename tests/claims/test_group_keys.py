"""Which groups count: a list and no others, those present, or all of the map; against enumeration in fractions."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest
from support.lanes import seeds
from support.tiny_scenario import funded, tiny

from tnt_sim.domain.territory import load_territory
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.kinds.equity.kind import describe_equity, format_equity_formula
from tnt_sim.rules.kinds.equity.rule import EquitySpec
from tnt_sim.rules.kinds.limit.kind import describe_limit, format_limit_formula
from tnt_sim.rules.kinds.limit.rule import LimitSpec
from tnt_sim.scenario.objective_text import describe_stage, format_stage_formula
from tnt_sim.scenario.spec import StageSpec

HEAD = """schema_version: 1
id: t
programme: {id: p, amount: AMOUNT}
dossiers: [{file: table.csv}]
territory: {year: 2021}
eligibility: [{id: note, require: {score: {min: 0}}}]
objective: [GOALS]
"""
HEADS = load_territory(2021).get_population("department")
PLACES = ("01", "2A", "33", "48")


def decide(
    folder: Path, amount: str, table: str, rules: str, goals: str = "{maximise: {score: 1}}"
) -> dict[str, int]:
    return funded(solve(tiny(folder, HEAD.replace("AMOUNT", amount).replace("GOALS", goals) + rules, table)))


@pytest.mark.parametrize(
    "rule",
    ["kind: limit, measure: granted, by: department, groups: [01, 2A], max: 500 €",
     "kind: equity, measure: granted, by: department, groups: [01, 2A], max: 500 %"],
)  # fmt: skip
def test_a_list_restricts(tmp_path: Path, rule: str) -> None:
    table = "dossier,requested,score,department\nA,1000,5,01\nB,240,5,2A\nC,9000,9,33\n"
    capped = {"B": 240_00, "C": 9000_00}
    most = {"A": 1000_00, **capped}
    assert decide(tmp_path, "20 k€", table, f"rules: [{{id: r, {rule}}}]\n") == (
        capped if "limit" in rule else most
    )


def subsets(names: Iterable[str]) -> list[tuple[str, ...]]:
    names = list(names)
    return [part for n in range(len(names) + 1) for part in combinations(names, n)]


class Draw:
    """Six applications in four departments, some ineligible, refused by decision, or of no department."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        pick = self.rng.choice
        self.rows = {
            name: (self.rng.randint(1, 9) * 10_00 + pick((0, 1, 50)), self.rng.choice((-1, 2, 3, 5, 5, 8)),
                   pick((*PLACES, "")), pick("xy"))
            for name in "ABCDEF"
        }  # fmt: skip
        self.refused = {name for name in self.rows if self.rng.random() < 0.2}
        self.amount = self.rng.randint(100_00, 300_00)
        self.groups = pick(("present", "", tuple(self.rng.sample(PLACES, 2))))
        self.where = pick(("", "x"))

    @property
    def table(self) -> str:
        lines = [f"{k},{c / 100:.2f},{s},{d},{t}" for k, (c, s, d, t) in self.rows.items()]
        return "\n".join(["dossier,requested,score,department,theme", *lines]) + "\n"

    @property
    def keys(self) -> str:
        listed = ", ".join(self.groups) if isinstance(self.groups, tuple) else ""
        written = f", groups: [{listed}]" if listed else (f", groups: {self.groups}" if self.groups else "")
        return "by: department" + written + (f", where: {{theme: {self.where}}}" if self.where else "")

    def concerned(self) -> list[str]:
        """The eligible applications that the rule is about, refused by decision or not."""
        return [k for k, (_, s, _, t) in self.rows.items() if s >= 0 and self.where in ("", t)]

    def counted(self) -> list[str]:
        """The groups that count."""
        if isinstance(self.groups, tuple):
            return sorted(self.groups)
        return sorted({self.rows[k][2] for k in self.concerned()} - {""})

    def lists(self) -> list[tuple[str, ...]]:
        playing = [k for k, row in self.rows.items() if row[1] >= 0 and k not in self.refused]
        return [one for one in subsets(playing) if sum(self.rows[k][0] for k in one) <= self.amount]

    def sums(self, chosen: Iterable[str]) -> dict[str, int]:
        inside = [k for k in chosen if k in self.concerned()]
        return {g: sum(self.rows[k][0] for k in inside if self.rows[k][2] == g) for g in self.counted()}

    def score(self, chosen: Iterable[str]) -> int:
        return sum(self.rows[k][1] for k in chosen)

    def decide(self, folder: Path, rule: str = "", goals: str = "{maximise: {score: 1}}") -> list[str]:
        refused = (
            f"  - {{id: d, kind: decide, refuse: [{', '.join(sorted(self.refused))}]}}\n"
            if self.refused
            else ""
        )
        written = f"  - {{id: r, {rule}}}\n" if rule else ""
        rules = f"rules:\n{written}{refused}" if written or refused else ""
        return sorted(decide(folder, f"{self.amount / 100:.2f} €", self.table, rules, goals))


@pytest.mark.claim("LimitSpec.groups", "LimitSpec.by", "LimitSpec.where", "LimitSpec.max")
@pytest.mark.parametrize("seed", seeds(range(24), 6))
def test_a_limit_binds_the_groups_that_count(tmp_path: Path, seed: int) -> None:
    draw = Draw(seed)
    high = draw.rng.randint(20_00, 90_00)
    held = [one for one in draw.lists() if all(v <= high for v in draw.sums(one).values())]
    got = draw.decide(tmp_path, f"kind: limit, measure: granted, max: {high / 100:.2f}, {draw.keys}")
    assert tuple(got) in held
    assert draw.score(got) == max(map(draw.score, held))


@pytest.mark.claim("EquitySpec.groups", "EquitySpec.by", "EquitySpec.where", "EquitySpec.max")
@pytest.mark.parametrize("seed", seeds(range(100, 124), 6))
def test_an_equity_is_among_the_groups_that_count(tmp_path: Path, seed: int) -> None:
    draw = Draw(seed)
    high = Fraction(draw.rng.randint(100, 300), 100)

    def holds(sums: Mapping[str, int]) -> bool:
        mean = Fraction(sum(sums.values()), sum(HEADS[g] for g in sums)) if sums else 0
        return all(Fraction(v, HEADS[g]) <= high * mean for g, v in sums.items())

    held = [one for one in draw.lists() if holds(draw.sums(one))]
    got = draw.decide(tmp_path, f"kind: equity, measure: granted, max: {int(high * 100)} %, {draw.keys}")
    assert tuple(got) in held
    assert draw.score(got) == max(map(draw.score, held))


@pytest.mark.parametrize("seed", seeds(range(200, 224), 6))
def test_the_smallest_is_of_the_groups_that_count(tmp_path: Path, seed: int) -> None:
    draw = Draw(seed)

    def least(chosen: Iterable[str]) -> int:
        return min(draw.sums(chosen).values(), default=0)

    got = draw.decide(tmp_path, goals=f"{{maximise: {{smallest: {{measure: granted, {draw.keys}}}}}}}")
    assert least(got) == max(map(least, draw.lists()))


def test_a_refusal_does_not_raise_the_least_served(tmp_path: Path) -> None:
    table = "dossier,requested,score,department\nA,100,5,01\nB,100,5,2A\n"
    goals = (
        "{maximise: {smallest: {measure: granted, by: department, groups: present}}}, {maximise: {score: 1}}"
    )
    head = HEAD.replace("AMOUNT", "200 €").replace("GOALS", goals)
    assert solve(tiny(tmp_path, head, table)).document["objective"][0]["value"] == "100"
    refused = solve(tiny(tmp_path, head + "rules: [{id: d, kind: decide, refuse: [A]}]\n", table))
    assert refused.document["objective"][0]["value"] == "0"
    assert any(warning.code == "smallest-zero" for warning in refused.warnings)


def test_a_listed_group_that_no_application_has_is_told(tmp_path: Path) -> None:
    table = "dossier,requested,score,department\nA,100,5,01\n"
    rule = "rules: [{id: r, kind: limit, measure: granted, by: department, groups: [1], max: 50 €}]\n"
    result = solve(
        tiny(
            tmp_path, HEAD.replace("AMOUNT", "200 €").replace("GOALS", "{maximise: {score: 1}}") + rule, table
        )
    )
    assert [w.code for w in result.warnings] == ["groups-absent"]


SETS = {
    "map": ("{department_i | i eligible} ∪ map", " de la carte", " of the map"),
    "present": (
        "{department_i | i eligible}",
        " qui a un dossier recevable",
        " that has an eligible application",
    ),
    ("01", "2A"): ("{01 ; 2A}", " parmi « 01 » et « 2A »", ' among "01" and "2A"'),
}


@pytest.mark.parametrize("groups", SETS, ids=str)
def test_sentence_and_formula_name_the_groups(groups: str | tuple[str, ...]) -> None:
    formula, french, english = SETS[groups]
    keys = {"id": "r", "measure": "granted", "by": "department", "groups": groups}
    limit = LimitSpec.model_validate({**keys, "kind": "limit", "max": "500 €"})
    equity = EquitySpec.model_validate({**keys, "kind": "equity", "max": "150 %"})
    goal = {
        "measure": "granted",
        "by": "department",
        "groups": groups if isinstance(groups, str) else list(groups),
    }
    stage = StageSpec.model_validate({"maximise": {"smallest": goal}})
    assert f"∈ {formula} :" in format_limit_formula(limit)
    assert format_equity_formula(equity).startswith(f"∀ d ∈ {formula} : ")
    assert f"∈ {formula}}}" in format_stage_formula(stage)
    for lang, words in ((Lang.FR, french), (Lang.EN, english)):
        told = (describe_limit(limit, lang), describe_equity(equity, lang), describe_stage(stage, lang))
        assert all(words in text.replace("\u00a0", " ") for text in told), told
