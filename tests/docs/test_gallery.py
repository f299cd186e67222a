"""The gallery: each example of `docs/examples` runs, and ends with a picture, a page that has one, or a table."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import altair
import pytest
from gallery_pictures import find_picture
from support.paths import ROOT

EXAMPLES = sorted((ROOT / "docs/examples").glob("*.py"))
QUICK = ("a4", "e1", "f8")
"""Examples of every kind that take some seconds; the others are slow."""


def run_example(path: Path) -> object:
    """Execute an example as the site does, in its folder, and return the value of its last line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    names: dict[str, object] = {}
    exec(compile(tree, str(path), "exec"), names)
    return eval(compile(ast.Expression(last.value), str(path), "eval"), names)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=() if path.stem.startswith(QUICK) else pytest.mark.slow)
        for path in EXAMPLES
    ],
)
def test_an_example_ends_with_what_the_site_shows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    shown = run_example(path)
    if isinstance(shown, altair.TopLevelMixin):
        assert shown.to_dict()
        picture = path.with_name(f"{path.stem}.tmp.svg")
        shown.save(str(picture))
        text = picture.read_text(encoding="utf-8")
        picture.unlink()
        assert text.count("<path") > 3
    elif isinstance(shown, Path | str):
        page = shown if isinstance(shown, str) else shown.read_text(encoding="utf-8")
        if isinstance(shown, Path):
            shown.unlink()
        assert "</svg>" in find_picture(page)
    else:
        assert "<" in shown._repr_html_()  # type: ignore[attr-defined]


def test_the_gallery_has_a_title_in_both_languages_and_twenty_pictures() -> None:
    texts = [ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "" for path in EXAMPLES]
    assert all(re.fullmatch(r"[^\n]+\n=+\n\n.*\*[^*]+\*.*", text, re.S) for text in texts)
    assert sum(path.stem[0] in "abcdf" for path in EXAMPLES) >= 20


def test_the_widest_picture_of_a_page_stands_for_it() -> None:
    page = '<p><svg viewBox="0 0 340 9" role="img"><path/></svg><svg viewBox="0 0 680 9"><g/></svg></p>'
    found = find_picture(page)
    assert found.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 9"')
    assert "<g/></svg>" in found
    with pytest.raises(ValueError, match="no picture"):
        find_picture("<p></p>")
