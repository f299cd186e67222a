"""The gallery: each example of `docs/examples` ends with a picture, a page or a table; none is missing."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import altair
import pytest
import rooms
from gallery_pictures import find_picture
from support.paths import ROOT

from tnt_sim.cli.options import PageOption
from tnt_sim.cli.verbs import VERBS, load_verb
from tnt_sim.reporting import plots
from tnt_sim.reporting.plots.plot_language import InOneLanguage
from tnt_sim.studies.registry import load_studies

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


@pytest.mark.usefixtures("shipped_catalogue")
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
    elif isinstance(shown, Path) and shown.suffix == ".png":
        assert shown.stat().st_size > 10_000
    elif isinstance(shown, Path | str):
        page = shown if isinstance(shown, str) else shown.read_text(encoding="utf-8")
        if isinstance(shown, Path):
            shown.unlink()
        assert "</svg>" in find_picture(page)
    else:
        assert "<" in shown._repr_html_()  # type: ignore[attr-defined]


def test_examples_have_a_title_in_both_languages() -> None:
    assert all(re.fullmatch(r"(fr: .+\nen: .+)(\n\nfr: .+\nen: .+)?", text) for text in TEXTS.values())


TEXTS = {path: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "" for path in EXAMPLES}
PAGE_WRITERS = {
    "api/decision_files": {"report"},
    "studies/answer_files": set(),
    "api/sweep": {"sweep"},
    "app/server": {"app"},
    "cli/answer": {"ensemble"},
    "cli/commands/report": {"report"},
    "cli/intake_project": {"new", "refresh"},
    "reporting/decision_page/page": {"report"},
    "reporting/renderers/html": set(),
    "reporting/reports/batch": {"batch"},
    "reporting/reports/sweep": {"sweep"},
    "reporting/transparency/programme/inventory": set(),
}
"""Modules that write whole pages, and the verbs that write them there without the shared option `--out`.

Documents of the programme stand beside the sheets of an export, which is no page of a verb."""


def list_page_verbs() -> set[str]:
    """The verbs that write a page."""
    shared = {
        verb
        for verb in VERBS
        if any(one.annotation == PageOption for one in inspect.signature(load_verb(verb)).parameters.values())
    }
    return shared.union(*PAGE_WRITERS.values())


def list_charts() -> set[tuple[str, str]]:
    """Every chart: the class that draws it, or the declared question, and the method."""
    for module in pkgutil.iter_modules(plots.__path__):
        import_module(f"{plots.__name__}.{module.name}")
    declared = {(study.method, name) for study in load_studies().values() for name in study.list_charts()}
    return declared | {
        (kind.__name__, name)
        for kind in InOneLanguage.__subclasses__()
        if kind.__module__.startswith("tnt_sim.")
        for name, method in vars(kind).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }


def test_every_module_that_writes_a_page_is_known() -> None:
    """A new one has a place in `PAGE_WRITERS`, and so an example."""
    package = ROOT / "tnt_sim"
    found = {
        path.relative_to(package).with_suffix("").as_posix()
        for path in rooms.modules().values()
        if re.search(r"\brender_report_html\(|\b_render_document\(", path.read_text(encoding="utf-8"))
    }
    assert found == set(PAGE_WRITERS)


def test_every_verb_that_writes_a_page_has_an_example() -> None:
    """The example names the command, and calls the question by its name in Python or by the command."""
    named = {verb: path for path, text in TEXTS.items() for verb in re.findall(r"`tnt-sim ([\w-]+)", text)}
    assert list_page_verbs() - set(named) == set()
    python = {"report": "report.html(", "app": "app-wide.png", "refresh": '"new"', "new": '"new"'}
    for verb, path in named.items():
        code = path.read_text(encoding="utf-8").split('"""', 2)[2]
        called = python.get(verb, rf"{verb.replace('-', '_')}(")
        assert called in code or f'"{verb}"' in code, (verb, path.name)


def test_every_chart_has_an_example() -> None:
    """A method of two classes is drawn from both: the answer is named by what is called in the example."""
    codes = [path.read_text(encoding="utf-8").split('"""', 2)[2] for path in EXAMPLES]
    for kind, name in sorted(list_charts()):
        called = {
            "ResultPlots": r"\.solve\(\)|result", "ComparisonPlots": r"comparison", "SweepPlots": r"\.sweep\(",
            "EnsemblePlots": r"tnt\.ensemble\(", "ExplanationPlots": r"\.explain\(",
        }.get(kind, rf"\.{kind}\(")  # fmt: skip
        assert any(re.search(rf"(?:{called})[^\n]*\.plot\.{name}\(", code) for code in codes) or any(
            re.search(called, code) and re.search(rf"^\w+\.plot\.{name}\(", code, re.M) for code in codes
        ), f"{kind}.{name}: no example in docs/examples"


def test_the_widest_picture_of_a_page_stands_for_it() -> None:
    page = '<p><svg viewBox="0 0 340 9" role="img"><path/></svg><svg viewBox="0 0 680 9"><g/></svg></p>'
    found = find_picture(page)
    assert found.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 9"')
    assert "<g/></svg>" in found
    with pytest.raises(ValueError, match="no picture"):
        find_picture("<p></p>")


def test_a_page_of_tables_is_shown_by_its_first_words() -> None:
    page = "<h1>A &amp; B</h1><p>One <b>long</b> sentence.</p><table></table>"
    found = find_picture(page)
    assert ">A &amp; B</text>" in found
    assert ">One long sentence.</text>" in found
