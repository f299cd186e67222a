"""Every kind of rule has all that a kind must have: rows, prices, a reading, words, a golden model and a test."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pytest
from rule_examples import CATALOGUE
from rules_page import parse_fragment
from support.enumeration.rules import Rules
from support.golden_models import FOLDER, PRICED, RULES, model_text, scenario, tails
from support.paths import TESTS

import tnt_sim.rules.kinds
from tnt_sim.certify.rule_rows import READERS
from tnt_sim.engine.optimise import optimise, with_fixed
from tnt_sim.engine.result import Proof
from tnt_sim.engine.run_folder.run_access import verify_stored
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Bilingual, Lang
from tnt_sim.reporting.reports.scenario import describe_scenario
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.kinds.registry import describe_rule, format_rule_formula, load_rule_kinds
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.spec import AnyRule

ROOM = Path(tnt_sim.rules.kinds.__file__).parent
KINDS = load_rule_kinds()
TEST_TEXTS = {
    path.name: path.read_text(encoding="utf-8")
    for path in TESTS.rglob("test_*.py")
    if path.name != Path(__file__).name
}


def list_rules_read(check: Path) -> list[str]:
    """The `rule.py` files that a second reading imports: none, so that one error cannot mislead both."""
    if not check.is_file():
        return []
    names = [
        name
        for node in ast.walk(ast.parse(check.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [f"{node.module}.{one.name}" for one in node.names]
            if isinstance(node, ast.ImportFrom)
            else [one.name for one in node.names]
        )
    ]
    return [name for name in names if {"rule", "kind", "registry"} & set(name.split("."))]


def list_gaps(kind: RuleKind) -> list[str]:
    """What a rule kind lacks, in words: [] where it is complete."""
    name, folder = kind.name, ROOM / kind.name
    rules = parse_fragment(kind.example).rules
    sentences = [[describe_rule(rule, lang) for rule in rules] for lang in (Lang.FR, Lang.EN)]
    files = {
        *(folder / file for file in ("rule.py", "check.py", "kind.py")),
        *(FOLDER / f"{one}.lp" for one in (name, *([f"{name}-penalty"] if name in PRICED else []))),
        FOLDER / f"{name}.yaml",
    }
    needs = {
        "its check.py imports a rule.py": not list_rules_read(folder / "check.py"),
        "no label in both languages": bool(kind.label.fr and kind.label.en),
        "its example shows no such rule": bool(rules) and {rule.kind for rule in rules} == {name},
        "one sentence for both languages": all(fr != en for fr, en in zip(*sentences, strict=True)),
        "no formula": all(format_rule_formula(rule) for rule in rules),
        "a key of its own that it does not have": kind.keys.keys() <= kind.spec.model_fields.keys(),
        "no test writes a rule of this kind": any(f"kind: {name}" in text for text in TEST_TEXTS.values()),
        "the enumeration does not measure it": name == "decide" or hasattr(Rules, f"_{name}"),
        **{f"no file {file.relative_to(ROOM.parents[2])}": file.is_file() for file in sorted(files)},
    }
    return [f"{name}: {gap}" for gap, fine in needs.items() if not fine]


def test_no_kind_has_a_gap() -> None:
    assert [gap for kind in KINDS.values() for gap in list_gaps(kind)] == []


class BareSpec(RuleSpec):
    """A rule of a kind that has nothing but its specification."""

    kind: Literal["bare"]


def test_a_kind_without_its_parts_is_listed() -> None:
    gaps = "\n".join(list_gaps(replace(KINDS["limit"], name="bare", spec=BareSpec, label=Bilingual("", ""))))
    for gap in ("no label", "its example", "bare/check.py", "bare.lp", "bare.yaml", "no test writes"):
        assert gap in gaps


def test_no_kind_is_made_without_a_second_reading() -> None:
    with pytest.raises(ValueError, match="'limit' has no second reading"):
        replace(KINDS["limit"], second_reading={})
    with pytest.raises(ValueError, match="'bare' has another `kind`"):
        replace(KINDS["limit"], name="bare")


def test_a_second_reading_that_imports_a_rule_is_seen(tmp_path: Path) -> None:
    check = tmp_path / "check.py"
    check.write_text("from tnt_sim.rules.kinds.limit.rule import Limit\n", encoding="utf-8")
    assert list_rules_read(check) == ["tnt_sim.rules.kinds.limit.rule.Limit"]


def test_every_kind_has_a_folder_and_every_folder_a_kind() -> None:
    assert {path.parent.name for path in ROOM.glob("*/kind.py")} == set(KINDS) == set(RULES)
    assert {kind.spec for kind in KINDS.values()} == set(get_args(get_args(AnyRule)[0]))


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


def test_the_catalogue_has_all_65_rules() -> None:
    assert [entry.number for entry in CATALOGUE] == list(range(1, 66))
    assert all(entry.yaml or entry.note for entry in CATALOGUE)


@pytest.mark.parametrize("kind", sorted(PRICED))
def test_without_its_second_reading_a_kind_is_never_proven(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = scenario(tmp_path, f"rules: [{{id: r, kind: {kind}, {RULES[kind]}}}]\n")
    assert solve(written).proof is Proof.PROVED
    for rule in KINDS[kind].second_reading:
        monkeypatch.delitem(READERS, rule)
    assert solve(written).proof is not Proof.PROVED


@pytest.mark.parametrize("kind", sorted(PRICED))
def test_rows_stronger_than_their_second_reading_prove_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second reading that allows everything: the rows of the first one do not follow from it."""
    written = scenario(tmp_path, f"rules: [{{id: r, kind: {kind}, {RULES[kind]}}}]\n")
    for rule in KINDS[kind].second_reading:
        monkeypatch.setitem(READERS, rule, lambda *_: None)
    found = solve(written)
    assert found.proof is not Proof.PROVED
    assert "proof-rows" in {warning.code for warning in found.warnings}
    assert not any(found.certificate["proofs"])
    assert verify_stored(write_run(found, tmp_path / "runs"), tmp_path).ok


@pytest.mark.parametrize("kind", sorted(PRICED))
def test_a_question_on_rows_stronger_than_their_second_reading_is_not_proven(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = compile_problem(scenario(tmp_path, f"rules: [{{id: r, kind: {kind}, {RULES[kind]}}}]\n"))
    row = int(np.flatnonzero(problem.offers.candidate & ~problem.offers.forced)[0])
    question = with_fixed(problem, fund=[row])
    assert optimise(question).proof is Proof.PROVED
    for rule in KINDS[kind].second_reading:
        monkeypatch.setitem(READERS, rule, lambda *_: None)
    assert optimise(question).proof is not Proof.PROVED
