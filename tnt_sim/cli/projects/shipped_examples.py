"""The shipped examples: where they are, what each is, and the files that one of them needs.

A wheel holds them in `tnt_sim/examples`; a clone has them in `scenarios`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from tnt_sim.engine.stored_run import EXAMPLES
from tnt_sim.errors import UsageError, find_nearest_name
from tnt_sim.i18n.message import NO_TEXT, Text, _, join_sentences
from tnt_sim.i18n.numbers import open_currency_session
from tnt_sim.scenario.scenario import has_synthetic_note
from tnt_sim.scenario.yaml.layers import load_tree
from tnt_sim.scenario.yaml.nodes import Mapping as MappingNode
from tnt_sim.scenario.yaml.nodes import to_tree
from tnt_sim.scenario.yaml.reader import read_yaml
from tnt_sim.scenario.yaml.safe_paths import format_path

_WORKBOOKS = {"premier-soir": _("A workbook as an office has it: 300 digital projects of 2019")}
"""Tables without a scenario, by the name of their file; `new --from` reads them."""
_SOURCES = ("data/README.md", "data/LISEZMOI.md")
"""Sources, licences and what is synthetic, in both languages; go with every example."""


class ExampleKind(StrEnum):
    """An example is a scenario, many of them, or a table to begin with."""

    SCENARIO = "scenario"
    BATCH = "batch"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Example:
    """One shipped example.

    Attributes
    ----------
    name : stem of its file
    file : name of the file in the folder of the examples
    kind : scenario, batch or table
    title : as its author wrote it, or what the table is
    synthetic : whether its data are
    base : the file that a variant extends, or that a batch varies
    """

    name: str
    file: str
    kind: ExampleKind
    title: Text | str
    synthetic: bool
    base: str = ""


def find_examples_folder() -> Path:
    """Return the folder of the examples."""
    for folder in (EXAMPLES, EXAMPLES.parents[1] / "scenarios"):
        if (folder / "tnt-2021.yaml").is_file():
            return folder
    raise UsageError(
        _("this installation of tnt_sim holds no examples. Install the wheel again."), code="usage.examples"
    )


def list_examples(folder: Path) -> list[Example]:
    """List the examples: the flagship and other programmes first, then their variants, batches and tables."""
    scenarios = [_describe_file(path) for path in sorted(folder.glob("*.yaml"))]
    tables = [
        Example(name, f"{name}.xlsx", ExampleKind.TABLE, title, False) for name, title in _WORKBOOKS.items()
    ]
    order = list(ExampleKind)
    return sorted([*scenarios, *tables], key=lambda one: (order.index(one.kind), bool(one.base), one.name))


def _describe_file(path: Path) -> Example:
    node = read_yaml(path, path.name)
    assert isinstance(node, MappingNode)
    keys: Mapping[str, str] = to_tree(node)  # type: ignore[assignment]
    if "base" in keys:
        base = keys["base"]
        title = _("Many scenarios at once, from {base}", base=base)
        return Example(path.stem, path.name, ExampleKind.BATCH, title, _is_marked(path.with_name(base)), base)
    title = load_tree(path).tree["title"]
    return Example(
        path.stem, path.name, ExampleKind.SCENARIO, title, _is_marked(path), keys.get("extends", "")
    )


@cache
def _is_marked(path: Path) -> bool:
    """Return whether the note of a scenario, or a column of a table, says that its data are synthetic."""
    tree = load_tree(path).tree
    if has_synthetic_note(f"{tree.get('note', '')} {tree['title']}"):
        return True
    tables = [path.parent / entry["file"] for entry in tree["dossiers"]]
    return any("synthetic" in _read_header(table) for table in tables if table.suffix == ".csv")


def _read_header(table: Path) -> list[str]:
    with table.open(encoding="utf-8-sig") as stream:
        return re.split(r"[;,\t]", stream.readline().strip().replace('"', ""))


def get_example(folder: Path, name: str) -> Example:
    """Return an example by its name, or by that of its file."""
    examples = {one.name: one for one in list_examples(folder)}
    stem = name.removesuffix(".yaml").removesuffix(".xlsx")
    if stem in examples:
        return examples[stem]
    near = find_nearest_name(stem, examples)
    raise UsageError(
        join_sentences(
            _('there is no example "{name}".', name=name),
            _('Did you mean "{close}"?', close=near) if near else NO_TEXT,
            _('"tnt-sim examples" lists them.'),
        ),
        code="usage.example",
    )


def read_files(folder: Path, example: Example) -> dict[str, bytes]:
    """Return the files that an example needs, by their names in its folder: what it extends, tables, sources."""
    names = {example.file, *_SOURCES, *_list_inputs(folder, example)}
    return {name: (folder / name).read_bytes() for name in sorted(names)}


def _list_inputs(folder: Path, example: Example) -> Sequence[str]:
    from tnt_sim.scenario.load import load_scenario

    if example.kind is ExampleKind.TABLE:
        return []
    file = folder / (example.base if example.kind is ExampleKind.BATCH else example.file)
    with open_currency_session():  # examples of several currencies may be copied at once
        scenario = load_scenario(file)
    return [
        format_path(folder.resolve(), (scenario.root / entry.path).resolve()) for entry in scenario.inputs
    ]
