"""The rule book tells every word of a condition with an example that the program reads, and examples on lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from block_yaml import write_block
from condition_tables import TESTS, VALUES
from rule_examples import CATALOGUE

from tnt_sim.cli.main import main
from tnt_sim.rules.expressions import selectors
from tnt_sim.scenario.yaml.nodes import to_tree
from tnt_sim.scenario.yaml.reader import parse_yaml

EXAMPLES = [*(test.example for _written, test in VALUES), *(test.example for test in TESTS.values())]


def test_every_word_of_a_condition_has_an_example_that_uses_it() -> None:
    assert set(TESTS) == {*selectors.TESTS, *selectors.OPTIONS, "any", "all"}
    assert [word for word, test in TESTS.items() if f"{word}:" not in test.example] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_program_reads_each_example(
    example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "demo"), "--lang", "fr"]) == 0
    table = tmp_path / "demo/data/dossiers.csv"
    first, *rows = table.read_text(encoding="utf-8").splitlines()
    lines = [f"{first},tags", *(f"{row},vert;partage" for row in rows)]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    scenario = tmp_path / "demo/scenario.yaml"
    text = scenario.read_text(encoding="utf-8")
    entry = f"eligibility:\n  - id: essai\n    where: {{{example}}}\n    require: {{score: {{min: 0}}}}\n"
    scenario.write_text(text.replace("eligibility:\n", entry, 1), encoding="utf-8")
    capsys.readouterr()
    assert main(["validate", str(scenario)]) == 0, capsys.readouterr()


@pytest.mark.parametrize("yaml", [one.yaml for one in CATALOGUE if one.yaml], ids=lambda text: text[:40])
def test_a_block_says_the_same_on_more_lines(yaml: str) -> None:
    block = write_block(yaml)
    before, after = parse_yaml(yaml, "one"), parse_yaml(block, "many")
    assert before is not None
    assert after is not None
    assert to_tree(before) == to_tree(after)
    assert max(map(len, block.splitlines())) <= 80 or "steps" in yaml
