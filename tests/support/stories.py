"""The stories: their files in both languages, and their cells."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.paths import ROOT

FOLDER = ROOT / "notebooks"
HIDDEN = "remove-cell"
"""The tag of a cell that the site leaves out: assertions stand there."""
STORIES = {
    "00-quinze-lignes": "00-fifteen-lines.en",
    "01-premiers-pas": "01-first-steps.en",
    "02-enveloppe-elargie": "02-bigger-envelope.en",
    "03-regles-et-equite": "03-rules-and-equity.en",
    "04-incertitude": "04-uncertainty.en",
    "05-pourquoi": "05-why.en",
    "06-franceconnect": "06-franceconnect.en",
    "07-detr-dsil-reel": "07-real-detr-dsil.en",
    "08-batch-et-cluster": "08-batch-and-cluster.en",
    "09-vos-donnees": "09-your-data.en",
    "10-programmation-lineaire": "10-linear-programming.en",
}
"""The French name of each story and its English name."""
NAMES = sorted([*STORIES, *STORIES.values()])


def get_path(name: str) -> Path:
    """Return the notebook of a name."""
    return FOLDER / f"{name}.ipynb"


def list_code(book: Any) -> list[str]:
    """Return the code of each cell, the hidden ones too."""
    return [cell.source for cell in book.cells if cell.cell_type == "code"]


def is_hidden(cell: Any) -> bool:
    """Tell whether the site leaves the cell out, and Jupyter folds it."""
    is_folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
    return is_folded and HIDDEN in cell.metadata.get("tags", [])


def read_shape(code: str) -> tuple[str, list[str]]:
    """Return code without its texts, and the texts."""
    tree = ast.parse(code)
    texts = list(_take_texts(tree))
    return ast.dump(tree), texts


def _take_texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        node.values = [part for part in node.values if not isinstance(part, ast.Constant)]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
        node.value = ""
    for child in ast.iter_child_nodes(node):
        yield from _take_texts(child)
