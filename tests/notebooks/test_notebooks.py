"""Every notebook runs from top to bottom, keeps no output, and says what its text twin says."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.lanes import seeds
from support.stories import FOLDER, NAMES

nbformat = pytest.importorskip("nbformat", reason="notebooks need the extra `notebook`")
nbclient = pytest.importorskip("nbclient", reason="notebooks need the extra `notebook`")

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
FORGET = """for name in {*globals()} - {*get_ipython().user_ns_hidden}:
    if not name.startswith("_"):
        del globals()[name]
"""
MOVE = """choices = [*(getattr(control, "options", None) or (control.min, control.max))]
values = [choice[1] if isinstance(choice, tuple) else choice for choice in choices]
control.value = next(value for value in values if value != control.value)
"""
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """One kernel for all notebooks: to start it and to import what each of them imports takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        resources = {"metadata": {"path": str(FOLDER)}}
        empty = nbformat.v4.new_notebook()
        made = nbclient.NotebookClient(empty, timeout=600, kernel_name="python3", resources=resources)
        yield made
        made._cleanup_kernel()


@pytest.mark.crossed
@pytest.mark.parametrize("path", seeds(NOTEBOOKS, 1), ids=lambda path: path.stem)
def test_each_notebook_runs_from_top_to_bottom(path: Path, client: Any) -> None:
    """The names of the notebook before it are forgotten."""
    book = nbformat.read(path, as_version=4)
    book.cells.insert(0, nbformat.v4.new_code_cell(FORGET))
    client.nb = book
    client.execute(cleanup_kc=False)
    shown = [cell for cell in book.cells if cell.cell_type == "code" and cell.outputs]
    assert shown, "a story that shows nothing"
    has_pictures_that_move(book, client)
    if path.stem.startswith("02"):
        no_amount_beside_no_entry(book)


def has_pictures_that_move(book: Any, client: Any) -> None:
    """One of the first three cells shows a picture, and a control redraws one."""
    code = [cell for cell in book.cells if cell.cell_type == "code"][1:]
    assert list_pictures(code[:3])
    assert [output for cell in code for output in cell.outputs if WIDGET in output.get("data", {})]
    before = list_pictures(code)
    run_more(book, client, MOVE)
    after = list_pictures(code)
    assert len(before) == len(after)
    assert before != after


def list_pictures(cells: Sequence[Any]) -> list[str]:
    """The drawings among the outputs."""
    datas = [output.get("data", {}) for cell in cells for output in cell.outputs]
    shown = [data.get("image/svg+xml") or data.get("text/html", "") for data in datas]
    return ["".join(text) for text in shown if "<svg" in "".join(text)]


def run_more(book: Any, client: Any, code: str) -> str:
    """Execute one cell more; return what it prints."""
    book.cells.append(nbformat.v4.new_code_cell(code))
    client.execute_cell(book.cells[-1], len(book.cells) - 1)
    return "".join(output.get("text", "") for output in book.cells[-1].outputs)


def no_amount_beside_no_entry(book: Any) -> None:
    """A dossier that no amount of the range funds has no amount in the table of entries."""
    pages = (
        output.data.get("text/html", "")
        for cell in book.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "data" in output
    )
    rows = [row for page in pages for row in re.findall(r"<tr\b.*?</tr>", page, re.DOTALL)]
    never = [row for row in rows if re.search("no amount in this range|aucun montant de cette plage", row)]
    assert never
    assert not [row for row in never if re.search(r"\d[.,]\d\d\b", row)], never


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_keeps_no_output_and_is_its_text_twin(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert book.metadata.kernelspec.language == "python"
    assert any("parameters" in cell.metadata.get("tags", []) for cell in book.cells)
    jupytext = pytest.importorskip("jupytext", reason="the twins are read by jupytext")
    twin = jupytext.read(path.with_suffix(".py"))
    assert [(c.cell_type, c.source) for c in twin.cells] == [(c.cell_type, c.source) for c in book.cells]


@pytest.mark.slow
def test_papermill_gives_a_notebook_another_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cell of parameters is found, and what is injected after it holds: here, fewer draws."""
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of papermill's own imports
        papermill = pytest.importorskip("papermill", reason="papermill comes with the dev group")
        given = {"draws": 5, "seed": 2}
        source, target = str(FOLDER / "04-incertitude.ipynb"), str(tmp_path / "out.ipynb")
        book = papermill.execute_notebook(source, target, given, cwd=str(FOLDER), progress_bar=False)
    tags = [cell.metadata.get("tags", []) for cell in book.cells]
    assert tags.index(["injected-parameters"]) == tags.index(["parameters"]) + 1
    assert "5 tirages (graine 2)" in nbformat.writes(book)


def test_the_stories_are_there() -> None:
    names = {path.stem for path in NOTEBOOKS}
    assert names == {*NAMES}
