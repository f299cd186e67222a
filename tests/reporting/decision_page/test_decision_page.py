"""The page as text: whole in itself, the same each time, nothing in it that a dossier's text could run."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.hostile_text import HOSTILE
from support.programs import WANT

from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.explain.sentences import describe_dossiers
from tnt_sim.analysis.shared.decided_run import of_run
from tnt_sim.engine.stored_run import NODE, StoredRun
from tnt_sim.errors import DataError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.reporting.decision_page.page import (
    PageOptions,
    read_theme,
    render_report_html,
    render_report_pdf,
)
from tnt_sim.reporting.decision_page.page_text import PAGE
from tnt_sim.reporting.decision_page.script_data import build_chunks, build_slider, encode_script
from tnt_sim.reporting.renderers.html import build_security_policy
from tnt_sim.reporting.reports.decision_table import MOTIVE


class Page(HTMLParser):
    """Tags with their attributes, and the text of each script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, str]] = []
        self._in = ""
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self.inside.append((self._in, data))
        else:
            self.words += data


@pytest.mark.parametrize("lang", Lang)
def test_nothing_outside_and_nothing_that_runs(runs: list[StoredRun], lang: Lang) -> None:
    text = render_report_html(runs[0], PageOptions(lang, build_slider(runs)))
    page = Page(text)
    assert [tag for tag, _ in page.tags].count("script") == 3
    assert not {tag for tag, _ in page.tags} & {"img", "link", "iframe", "object", "embed", "base"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "style")], tag
        assert (attributes.get("href") or "#").startswith("#")
    style = [inner for kind, inner in page.inside if kind == "style"]
    script = [inner for kind, inner in page.inside if kind == "script"][-1]
    said = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv"))
    assert said == build_security_policy(script, style)
    assert said is not None
    assert said.startswith("default-src 'none'; script-src 'sha256-")
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)


def test_hostile_texts_stay_texts(runs: list[StoredRun]) -> None:
    data = read_data(Page(html(runs)))
    assert HOSTILE in data["dossiers"]["title"]
    assert "<script>alert" not in html(runs)
    assert "<img" not in html(runs)
    assert (
        encode_script({"a": "</script>\u2028&<!--"})
        == '{"a":"\\u003c/script\\u003e\\u2028\\u0026\\u003c!--"}'
    )


def html(runs: list[StoredRun]) -> str:
    return render_report_html(runs[0], PageOptions(Lang.FR, build_slider(runs)))


def test_the_same_run_gives_the_same_bytes(runs: list[StoredRun]) -> None:
    assert html(runs) == html(runs)


@pytest.mark.parametrize("lang", Lang)
def test_figures_are_those_of_the_run(runs: list[StoredRun], lang: Lang) -> None:
    run = runs[0]
    page = Page(render_report_html(run, PageOptions(lang)))
    assert next(attrs["lang"] for tag, attrs in page.tags if tag == "html") == lang
    for key in ("amount_cents", "granted_cents", "unspent_cents"):
        assert format_amount(run.summary[key], lang) in page.words
    for entry in run.envelopes:
        assert format_amount(entry.granted_cents, lang) in page.words
    assert run.summary["allocation_sha256"] in page.words
    assert [attrs for _, attrs in page.tags if attrs.get("lang") == "fr"] != []
    foreign = [tag for tag, attrs in page.tags if tag != "html" and attrs.get("lang") == "fr"]
    assert bool(foreign) is (lang is Lang.EN)


def test_positions_say_only_what_differs_and_rebuild_each_run(runs: list[StoredRun]) -> None:
    data = read_data(Page(html(runs)))
    by_amount = sorted(runs, key=lambda run: run.summary["amount_cents"])
    assert [one["amount"] for one in data["positions"]] == [run.summary["amount_cents"] for run in by_amount]
    assert [one["decision"] for one in data["positions"]] == [run is runs[0] for run in by_amount]
    for position, run in zip(data["positions"], by_amount, strict=True):
        granted = list(data["dossiers"]["granted"])
        for row, cents in zip(position["rows"], position["granted"], strict=True):
            granted[row] = cents
        stored = dict(run.table.select("dossier", "granted_cents").iter_rows())
        assert dict(zip(data["dossiers"]["number"], granted, strict=True)) == stored
        assert position["totals"][1] == run.summary["granted_cents"] == sum(granted)


def test_runs_that_are_no_positions(runs: list[StoredRun]) -> None:
    with pytest.raises(UsageError, match="mêmes dossiers"):
        build_slider([runs[0], runs[0]])


@pytest.mark.parametrize(
    ("css", "told"),
    [
        ("a { color: red }\n@import 'x.css';", "theme t.css:2:1 — « @import »"),
        ("b { background: url( https://x.fr/a.png) }", "t.css:1:17"),
        ("</style><script>", "« </ »"),
    ],
)
def test_a_theme_that_would_reach_outside(
    tmp_path: Path, css: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.css").write_text(css, encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_theme(Path("t.css"))
    assert told in str(error.value)


def test_a_theme_is_taken_whole(tmp_path: Path, runs: list[StoredRun]) -> None:
    (tmp_path / "t.css").write_bytes(b":root { --accent: #600; }\r\nh1 { font-family: x, url(data:,) }\r\n")
    theme = read_theme(tmp_path / "t.css")
    text = render_report_html(runs[0], PageOptions(Lang.FR, theme_css=theme))
    style = [inner for kind, inner in Page(text).inside if kind == "style"]
    assert style[1] == ":root { --accent: #600; }\nh1 { font-family: x, url(data:,) }\n"
    assert build_security_policy("", style).count("sha256") == 2


def test_a_pdf_has_no_script_and_all_pages(runs: list[StoredRun]) -> None:
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError), reason=WANT + "Pango (WeasyPrint)")
    data = render_report_pdf(runs[0], PageOptions(Lang.EN, paper=True))
    assert data.startswith(b"%PDF-")
    assert len(data) > 10_000
    paper = render_report_html(runs[0], PageOptions(Lang.EN, paper=True))
    assert "<script" not in paper
    assert [row for row in runs[0].table["dossier"] if f'<th scope="row">{row}</th>' not in paper] == []


@pytest.mark.parametrize("lang", Lang)
def test_each_explanation_stands_escaped_on_the_page(runs: list[StoredRun], lang: Lang) -> None:
    document = explain(of_run(runs[-1].folder), everyone=True, lang=lang).data
    text = render_report_html(runs[-1], PageOptions(lang, explanation=document))
    page = Page(text)
    assert HOSTILE not in text
    told = describe_dossiers(document, lang)
    data = read_data(page)
    why = dict(zip(data["dossiers"]["number"], data["dossiers"]["motive"], strict=True))
    refused = [one for one in document.dossiers if not one.funded and one.changes]
    assert refused
    for one in refused:
        shown = data["motives"][why[one.dossier]]
        assert shown.split("\n")[0] == one.sentence
        assert all(part in told[one.dossier] for part in shown.split("\n"))
    assert data["explained"] is True
    assert PAGE["who_enters"].in_(lang) in page.words
    assert all(one.dossier in page.words for one in document.reserve)
    paper = render_report_html(runs[-1], PageOptions(lang, paper=True, explanation=document))
    assert document.dossiers[-1].sentence[:30] in Page(paper).words
    assert 'id="next-in-line"' in text
    assert 'id="next-in-line"' not in render_report_html(runs[-1], PageOptions(lang))


def list_scripts(page: Page) -> list[str]:
    """The texts of the script elements that hold data."""
    return [inner for kind, inner in page.inside if kind == "script"][:-1]


def fill_form(encoded: str, forms: list[str]) -> str:
    """The reason that a form and its figures stand for."""
    number, *figures = encoded.split(";")
    text = forms[int(number)]
    for figure in figures:
        text = text.replace("\x01", figure.replace("_", "\u202f"), 1)
    return text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Il reste 12\u202f345,60\xa0€, soit 3 % de E-07.",
        "a_b;c",
        "\x01 12",
        "1",
        "v1.2.",
        "9\u202f000 ; 8_7",
    ],
)
def test_a_reason_is_its_form_and_figures(text: str) -> None:
    table = pl.DataFrame(
        {"dossier": ["A", "B"], "title": ["", ""], "applicant": ["", ""], "reason_code": ["x", "x"],
         NODE: [0, 0], "requested_cents": [1, 2], "committed_cents": [None, 1], "granted_cents": [0, 2],
         MOTIVE: [text, text + " 77"]}
    )  # fmt: skip
    (chunk,) = build_chunks(table, ["x"])
    filled = [fill_form(one, chunk["forms"]) for one in chunk["motives"]]  # type: ignore[attr-defined]
    assert filled == [text, text + " 77"]


MOST_LONG_BYTES = 8_000_000
"""Most bytes of a page with 50,000 applications."""


def test_fifty_thousand_reasons_that_differ_by_figures_are_light() -> None:
    n = 50_000
    figure = pl.format("{}", (pl.int_range(n) * 7919 + 10_007))
    motive = pl.format(
        "Devancé dans « tout » : il lui faut {} €, l'enveloppe peut encore donner 33 €, et les "
        "derniers retenus (« D37583 ») "
        "apportent au moins autant par euro.\nIl serait retenu avec « value » de {} (aujourd’hui {}) ; "
        "un chiffre entre les deux suffit peut-être. Il pourrait être retenu sans perte avec {},97 € "
        "à {} € de plus dans « tout ».",
        figure, figure, figure, figure, figure,
    )  # fmt: skip
    table = pl.select(
        dossier=pl.format("D{}", pl.int_range(n)), title=pl.lit("Un projet"), applicant=pl.lit("Une commune"),
        reason_code=pl.lit("outranked"), requested_cents=pl.int_range(n) * 791_900,
        committed_cents=pl.lit(None, dtype=pl.Int64), granted_cents=pl.lit(0), **{NODE: pl.lit(0), MOTIVE: motive},
    )  # fmt: skip
    sizes = [len(encode_script(chunk).encode()) for chunk in build_chunks(table, ["outranked"])]
    assert len(sizes) == 5
    assert sum(len(text.encode()) for text in table[MOTIVE]) > 2 * MOST_LONG_BYTES
    assert sum(sizes) <= MOST_LONG_BYTES


def read_data(page: Page) -> dict[str, Any]:
    """The data of the script, its chunks put together as the script does."""
    first, *chunks = map(json.loads, list_scripts(page))
    forms = [text for chunk in chunks for text in chunk["forms"]]
    motives = [fill_form(text, forms) for chunk in chunks for text in chunk["motives"]]
    columns = {key: [v for chunk in chunks for v in chunk["dossiers"][key]] for key in chunks[0]["dossiers"]}
    return {**first, "motives": motives, "dossiers": columns}
