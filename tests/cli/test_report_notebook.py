"""`report --notebook`: a notebook beside the run that opens it, in Jupyter, by nbclient or by papermill."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command_line import Run
from support.typed import as_typed

HOSTILE = "<script>alert(1)</script>"
nbformat = pytest.importorskip("nbformat", reason="notebooks need the extra `notebook`")
nbclient = pytest.importorskip("nbclient", reason="notebooks need the extra `notebook`")


@pytest.fixture
def run_dir(shipped_catalogue: None, tnt: Run, demo: Path) -> Path:
    """A run in French as it is shipped, since the notebook reads it in a process of its own."""
    assert shipped_catalogue is None
    return Path(tnt("run", "scenario.yaml", "--json").document["run_dir"])


def executed(path: Path) -> str:
    """The outputs of a notebook that ran where it lies, as one text."""
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    where = {"metadata": {"path": str(path.parent)}}
    nbclient.NotebookClient(book, timeout=120, kernel_name="python3", resources=where).execute()
    return json.dumps([cell.get("outputs") for cell in book.cells], ensure_ascii=False)


def test_it_stands_beside_the_run_and_runs(tnt: Run, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    before = {file.name for file in run_dir.iterdir()}
    said = tnt("report", run_dir, "--notebook", "--json")
    assert (said.code, said.err) == (0, "")
    assert said.document["format"] == "ipynb"
    path = Path(said.document["files"][0]["path"])
    assert path.parent == run_dir.parent
    assert path.name == f"{run_dir.name}.ipynb"
    assert {file.name for file in run_dir.iterdir()} == before
    shown = executed(path)
    for part in ("Répartition optimale", "<svg", "Numéro de dossier", "accordés sur"):
        assert part in shown
    parameters = next(cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["metadata"])
    assert parameters["metadata"]["tags"] == ["parameters"]
    assert parameters["source"][0] == f"run_dir = '{run_dir.name}'\n"


def test_the_same_run_gives_the_same_bytes_and_a_folder_is_found_from_elsewhere(
    tnt: Run, run_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "deep").mkdir()
    target = tmp_path / "deep" / "mine.ipynb"
    assert tnt("report", run_dir, "--out", target, "--lang", "en").code == 0
    first = target.read_bytes()
    assert tnt("report", run_dir, "--notebook", "--out", target, "--lang", "en").code == 2
    assert tnt("report", run_dir, "--notebook", "--out", target, "--lang", "en", "--force").code == 0
    assert target.read_bytes() == first
    text = first.decode()
    assert "This notebook opens the folder of a run" in text
    named = text.split("run_dir = '")[1].split("'")[0]
    assert (target.parent / named).resolve() == run_dir.resolve()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "dites où écrire"),
        (("--notebook", "--out", "x.html"), "pas en « .html »"),
        (("--notebook", "--slider", "p"), "un carnet ouvre un calcul"),
        (("--out", "x.doc"), ".html, .xlsx, .pdf, .ipynb"),
    ],
)
def test_what_cannot_be(tnt: Run, run_dir: Path, words: tuple[str, ...], told: str) -> None:
    said = tnt("report", run_dir, *words)
    assert said.code == 2
    assert told in as_typed(said.err)
    assert not Path("x.html").exists()


def test_a_title_cannot_write_into_the_notebook(tnt: Run, demo: Path) -> None:
    title = f"title=# *{HOSTILE}* $x$"
    made = Path(tnt("run", "scenario.yaml", "--set", title, "--json").document["run_dir"])
    path = Path(tnt("report", made, "--notebook", "--json").document["files"][0]["path"])
    head = "".join(json.loads(path.read_text("utf-8"))["cells"][0]["source"])
    assert "<" not in head
    assert "\\*" in head
    assert "\\$x\\$" in head
    assert head.count("\n# ") == 0
