"""What `show --model` says of a model: its method, and its reductions with the sizes before and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnt_sim.documents import dump_document
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_nodes
from tnt_sim.reporting.reports.model_size import ModelSizes, measure_model
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

TABLE = "dossier,cost,requested\n1,20000,20000\n2,30000,30000\n"
TEXT = """schema_version: 1
id: mots
programme: {id: tout, amount: 9 k€}
dossiers: [{file: table.csv}]
grants: [{mode: range, min_rate: 20 %, max_rate: 50 %}]
objective: [{maximise: {dossiers: 1, granted: 0.001}}]
"""


def told(folder: Path, text: str) -> ModelSizes:
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    (folder / "mots.yaml").write_text(text, encoding="utf-8")
    return measure_model(compile_problem(load_scenario(folder / "mots.yaml")))


@pytest.mark.parametrize(
    ("change", "method", "why"),
    [
        (("grants", "grants"), "direct", "ranges leave more than 400,000 possible amounts"),
        (("50 %}", "50 %, round: 1 k€}"), "tree", "the caps on money form a tree"),
        (("0.001}}]", "0.001}, tolerance: 1 %}]"), "direct", "a goal has a tolerance"),
    ],
)
def test_why_a_model_goes_the_way_it_goes(
    tmp_path: Path, change: tuple[str, str], method: str, why: str
) -> None:
    found = told(tmp_path, TEXT.replace(*change))
    assert found.method == method
    assert found.why.en.startswith(why)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (("grants", "grants"), ["coefficient_tightening", "symmetry"]),
        (("50 %}", "50 %, round: 1 k€}"), ["amounts_as_binaries"]),
        (("range, min_rate: 20 %, max_rate: 50 %", "all_or_nothing, max_rate: 20 %"), []),
    ],
)
def test_each_reduction_stands_with_its_sizes(
    tmp_path: Path, change: tuple[str, str], names: list[str]
) -> None:
    found = told(tmp_path, TEXT.replace(*change))
    document = dump_document(found.build_entry())
    steps = document["reductions"]
    assert [step["name"] for step in steps] == names
    sizes = [{key: document[key] for key in ("n_columns", "n_rows", "n_entries")}]
    for step in steps:
        assert step["before"] == sizes[-1]
        sizes.append(step["after"])
    for lang, without in ((Lang.FR, "sans réduction"), (Lang.EN, "without any reduction")):
        page = "\n".join(line.plain for line in render_nodes(found.build_nodes(), lang, 80))
        words = " ".join(page.split())
        assert all(" ".join(step.label.in_(lang).split()) in words for step in found.chain)
        assert (without in page) == (not names)
        assert max(map(len, page.splitlines())) <= 80
        numbers = [line.split()[:3] for line in page.splitlines() if line.strip()[:1].isdigit()]
        assert numbers == [[str(n) for n in size.values()] for size in sizes]
