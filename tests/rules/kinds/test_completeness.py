"""Every kind of rule has all that a kind must have: rows, prices, a reading, words, a golden model and a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from support.golden_models import FOLDER, PRICED, RULES, model_text, scenario, tails
from support.paths import TESTS

from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.scenario import describe_scenario
from tnt_sim.reporting.text import vocabulary as words
from tnt_sim.reporting.text.rule_examples import CATALOGUE, KINDS
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.kinds.registry import RULE_FORMULAS, RULE_WORDS
from tnt_sim.rules.offers.decisions import DecideSpec
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.spec import AnyRule

SPECS: dict[str, Any] = {
    get_args(spec.model_fields["kind"].annotation)[0]: spec for spec in get_args(get_args(AnyRule)[0])
}
TEN = {
    "limit", "share", "exclusive", "requires", "together", "order", "decide", "coverage", "schedule", "equity",
}  # fmt: skip


def test_the_ten_kinds_of_the_contract() -> None:
    assert set(SPECS) == TEN
    assert set(RULES) == TEN
    assert set(RULE_WORDS) == TEN
    assert set(RULE_FORMULAS) == TEN
    assert set(words.KIND) == TEN | {"cap"}
    assert {kind for kind, _ in KINDS} == TEN
    assert all(issubclass(spec, RuleSpec | DecideSpec) for spec in SPECS.values())


@pytest.mark.parametrize("kind", sorted(PRICED))
def test_rows_prices_and_reading(kind: str, tmp_path: Path) -> None:
    parts = {
        Mode.HARD: "",
        Mode.PENALTY: ", penalty: {cost: 2}",
        Mode.REPORT: ", report: true",
    }
    sizes = {}
    for mode, extra in parts.items():
        folder = tmp_path / mode.value
        folder.mkdir()
        problem = compile_problem(
            scenario(folder, f"rules: [{{id: r, kind: {kind}, {RULES[kind]}{extra}}}]\n")
        )
        (rule,) = problem.rules
        assert (rule.id, rule.kind, rule.mode) == ("r", kind, mode)
        assert (rule.penalty is not None) == (mode is Mode.PENALTY)
        reading = rule.read(np.zeros(4, dtype=np.bool_), np.zeros(4, dtype=np.int64))
        assert (reading.id, reading.kind, reading.mode) == ("r", kind, mode)
        assert reading.readings
        assert (reading.distance == 0) == reading.holds
        form = formulate(problem)
        sizes[mode] = form.model.matrix.shape
        # a reported rule is read only: it has no row
        assert any("r" in str(label).split(":") for label in form.labels) == (mode is not Mode.REPORT)
    assert sizes[Mode.HARD][0] > sizes[Mode.REPORT][0]
    assert sizes[Mode.PENALTY][0] > sizes[Mode.REPORT][0]
    assert sizes[Mode.PENALTY][1] > sizes[Mode.REPORT][1]


@pytest.mark.parametrize("kind", sorted(RULES))
def test_words_in_both_languages(kind: str, tmp_path: Path) -> None:
    problem = compile_problem(scenario(tmp_path, f"rules: [{{id: r, kind: {kind}, {RULES[kind]}}}]\n"))
    told = {
        lang: next(s for s in describe_scenario(problem, lang) if s.section == "rules")
        for lang in (Lang.FR, Lang.EN)
    }
    assert told[Lang.FR].text != told[Lang.EN].text
    assert told[Lang.FR].text.endswith(".")
    assert told[Lang.EN].text.endswith(".")
    assert told[Lang.FR].formula
    assert told[Lang.FR].place == "golden.yaml:7"
    assert told[Lang.FR].n_rows is None if kind == "decide" else (told[Lang.FR].n_rows or 0) > 0


@pytest.mark.parametrize("name", sorted(tails()))
def test_each_model_is_its_golden_model(name: str, tmp_path: Path) -> None:
    """`python tests/support/golden_models.py` writes them again, after the difference has been read."""
    golden = FOLDER / f"{name}.lp"
    assert golden.is_file()
    assert model_text(tmp_path, tails()[name]) == golden.read_text(encoding="utf-8")


def test_no_golden_model_without_a_rule() -> None:
    assert {path.stem for path in FOLDER.glob("*.lp")} == set(tails())


@pytest.mark.parametrize("kind", sorted(TEN))
def test_a_test_names_the_kind(kind: str) -> None:
    skipped = {Path(__file__).name}
    naming = [
        path.name
        for path in TESTS.rglob("test_*.py")
        if path.name not in skipped and f"kind: {kind}" in path.read_text(encoding="utf-8")
    ]
    assert naming


def test_the_catalogue_has_all_65_rules() -> None:
    assert [entry.number for entry in CATALOGUE] == list(range(1, 66))
    assert all(entry.yaml or entry.note for entry in CATALOGUE)
