"""Every story asks, shows, lets the reader move something, and tells the same in French and in English."""

from __future__ import annotations

import ast
import itertools
import re
from typing import Any

import pytest
from support.paths import ROOT
from support.stories import NAMES, STORIES, get_path, is_hidden, list_code, read_shape

import tnt_sim

nbformat = pytest.importorskip("nbformat", reason="notebooks need the extra `notebook`")

LIBRARIES = {
    "IPython", "altair", "datetime", "duckdb", "ipywidgets", "numpy", "pandas", "pathlib", "polars", "pulp",
    "scipy", "tempfile", "tnt_sim",
}  # fmt: skip
"""What a story may import."""
LAST = {False: "## À essayer", True: "## Try this"}
SYNTHETIC = re.compile("SYNTH[EÉ]TI")
REAL = ("07",)
"""The story of real projects says so instead."""


def read_book(name: str) -> Any:
    return nbformat.read(get_path(name), as_version=4)


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_a_question_and_ends_with_something_to_try(name: str) -> None:
    texts = [cell.source for cell in read_book(name).cells if cell.cell_type == "markdown"]
    title, _, rest = texts[0].partition("\n")
    first = re.split(r"(?<=[.?!]) ", rest.strip().replace("\n", " "))[0]
    assert title.startswith("# ")
    assert title.endswith("?") or first.endswith("?"), texts[0]
    assert texts[-1].startswith(LAST[name.endswith(".en")])
    assert SYNTHETIC.search(texts[0]) or name.startswith(REAL)


@pytest.mark.parametrize("name", NAMES)
def test_it_uses_what_every_reader_may_use(name: str) -> None:
    """Only the names of `tnt_sim` itself, and known libraries."""
    for code in list_code(read_book(name)):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                assert {item.name.split(".")[0] for item in node.names} <= LIBRARIES
                assert not [item.name for item in node.names if item.name.startswith("tnt_sim.")]
            elif isinstance(node, ast.ImportFrom):
                assert str(node.module).split(".")[0] in LIBRARIES - {"tnt_sim"}
            elif isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_"), node.attr
                if isinstance(node.value, ast.Name) and node.value.id == "tnt":
                    assert node.attr in tnt_sim.__all__


@pytest.mark.parametrize("name", NAMES)
def test_its_assertions_are_out_of_sight(name: str) -> None:
    code = [cell for cell in read_book(name).cells if cell.cell_type == "code"]
    with_assertions = [cell for cell in code if any(_is_assertion(node) for node in _walk(cell.source))]
    assert with_assertions, "a story that nothing checks"
    assert all(is_hidden(cell) for cell in with_assertions)


def _walk(code: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(code)))


def _is_assertion(node: ast.AST) -> bool:
    return isinstance(node, ast.Assert)


@pytest.mark.parametrize(("french", "english"), STORIES.items())
def test_both_languages_run_the_same_code(french: str, english: str) -> None:
    """Cells differ by texts for people alone, never by names, files or keys."""
    both = [read_book(name).cells for name in (french, english)]
    assert [cell.cell_type for cell in both[0]] == [cell.cell_type for cell in both[1]]
    for left, right in zip(*both, strict=True):
        assert left.metadata.get("tags", []) == right.metadata.get("tags", [])
        if left.cell_type == "markdown":
            headings = [
                [line.split()[0] for line in one.source.split("\n") if line[:1] == "#"]
                for one in (left, right)
            ]
            assert headings[0] == headings[1]
            continue
        (shape, french_texts), (other, english_texts) = read_shape(left.source), read_shape(right.source)
        assert shape == other
        for text, said in zip(french_texts, english_texts, strict=True):
            assert text == said or _is_for_people(text) or {text, said} == {"fr", "en"}, (text, said)


def _is_for_people(text: str) -> bool:
    """Tell a text for people from a file, a path or a key of several words."""
    return not re.fullmatch(r"[a-z0-9]*[_.:/-][a-z0-9_.:/-]*", text)


@pytest.mark.parametrize(
    ("readme", "name"), [("README.fr.md", "00-quinze-lignes"), ("README.md", "00-fifteen-lines.en")]
)
def test_the_fifteen_lines_of_the_readme_are_those_of_the_notebook(readme: str, name: str) -> None:
    """The test of notebooks executes them."""
    (code,) = (code for code in list_code(read_book(name)) if "from_frame" in code)
    lines = [line for line in code.split("\n") if line.strip()]
    assert len(lines) == 15
    text = (ROOT / readme).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert [block for block in blocks if [line for line in block.split("\n") if line.strip()] == lines]


def test_the_reading_of_code_sees_a_difference() -> None:
    assert read_shape('f(a, "x")')[0] == read_shape('f(a, "y")')[0]
    for left, right in itertools.combinations(("f(a)", "f(b)", 'f(a, "x")', "g(a)"), 2):
        assert read_shape(left)[0] != read_shape(right)[0]
