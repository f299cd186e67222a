"""A programme in dollars by state, as a file and from Python: nothing says euros, France or department."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.paths import ROOT

import tnt_sim as tnt
from tnt_sim.cli.main import main
from tnt_sim.i18n.numbers import open_currency_session

SCENARIO = ROOT / "scenarios" / "rural-broadband.yaml"
LEAK = re.compile(
    r"€|d[ée]partement|department|\bfrance\b|french|commune|\beuros?\b|tribunal|administrative", re.I
)


@pytest.fixture(autouse=True)
def _own_currency() -> Iterator[None]:
    """Each process shows one currency; this test begins and ends without one."""
    with open_currency_session():
        yield


def list_leaks(text: str) -> list[str]:
    """What of another country stands in a text; names of verbs and formats (`marginal-euro`) may."""
    text = text.replace("marginal-euro", "")
    return [text[max(0, found.start() - 40) : found.end() + 40] for found in LEAK.finditer(text)]


def read_page(page: str) -> str:
    """The words of a page, without its programs and styles."""
    bare = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.S)
    return html.unescape(re.sub(r"<[^>]+>", " ", bare))


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with open_currency_session():
        found = tnt.read_scenario(SCENARIO).solve()
        return found.save(tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_of_the_docs_decides_as_the_file_does(lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SCENARIO.parent)
    page = (ROOT / f"docs/{lang}/tutorials/foreign-programme.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.S)
    names: dict[str, object] = {}
    exec(code, names)
    built = names["result"]
    assert isinstance(built, tnt.Result)
    written = tnt.read_scenario(SCENARIO).solve()
    assert built.table().select("dossier", "granted_cents").rows() == (
        written.table().select("dossier", "granted_cents").rows()
    )
    assert built.document["granted_cents"] == int(re.findall(r"PROVED, (\d+)", page)[0])
    keys = re.findall(r"```yaml\n(.*?)```", page, re.S)[0]
    for line in (line.partition("#")[0].strip() for line in keys.splitlines()):
        assert line.rstrip(".") in SCENARIO.read_text(encoding="utf-8"), line


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_what_the_terminal_shows_is_in_dollars(
    run_folder: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    for words in (
        ["validate", str(SCENARIO)],
        ["explain", str(run_folder)],
        ["explain", str(run_folder), "RB-006"],
        ["conflict", str(SCENARIO), "--set", "rules.every-state.min=8"],
    ):
        main([*words, "--lang", lang])
        shown = capsys.readouterr()
        assert "$" in shown.out, words
        assert list_leaks(shown.out + shown.err) == []


def test_the_report_is_by_state_and_without_a_map(run_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    assert main(["report", str(run_folder), "--out", str(file), "--lang", "en"]) == 0
    page = file.read_text(encoding="utf-8")
    words = read_page(page)
    assert list_leaks(words) == []
    assert "Totals by State" in words
    assert 'id="map"' not in page
    (totals,) = re.findall(r'<table class="cards" data-group="place".*?</table>', page, re.S)
    by_state = dict(re.findall(r'<th scope="row">([^<]+)</th>.*?data-of="funded">(\d+)<', totals, re.S))
    table = tnt.open_run(run_folder).table()
    counted = table.filter(funded=True).group_by("us_state").len().rows()
    assert by_state == {state: str(n) for state, n in counted}


def test_exports_name_no_country(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, suffix in (("csv", "csv"), ("xlsx", "xlsx"), ("pabulib", "pb"), ("publipostage", "csv")):
        file = tmp_path / f"{name}.{suffix}"
        words = ["export", str(run_folder), "--format", name, "--out", str(file), "--project", str(ROOT)]
        assert main([*words, "--lang", "en"]) == 0
        if suffix == "xlsx":
            with zipfile.ZipFile(file) as book:
                text = " ".join(book.read(part).decode() for part in book.namelist() if part.endswith(".xml"))
            assert "State (us_state)" in text
            assert "Department" not in text
        else:
            text = file.read_text(encoding="utf-8-sig").split("\n", 1)[1]  # keys of a CSV have no language
        assert list_leaks(text) == []
    for name in ("scdl", "turgot", "chorus"):
        assert main(["export", str(run_folder), "--format", name, "--lang", "en"]) != 0
    assert "within 60 days" in (tmp_path / "publipostage.csv").read_text(encoding="utf-8-sig")
    capsys.readouterr()


def test_one_workbook_for_each_state(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(run_folder), "--by", "us_state", "--out", str(tmp_path / "by")]) == 0
    assert len(list((tmp_path / "by").iterdir())) == 6
    capsys.readouterr()
    assert main(["export", str(run_folder), "--by", "department", "--lang", "en"]) != 0
    assert '--by is "us_state"' in capsys.readouterr().err


def test_the_model_counts_dollars() -> None:
    model = tnt.read_scenario(SCENARIO).model()
    assert set(model.rows["measure"].to_list()) == {"$", "1"}
    assert "amounts in USD" in model.to_lp()


@pytest.mark.parametrize(
    ("territory", "code"),
    [
        ({"column": "us_stat", "label": "State"}, "territory"),
        ({"year": 2021, "column": "us_state"}, "territory"),
        ({"column": None, "label": "State"}, "territory"),
        ({"column": "us_state", "fill": ["population"]}, "territory"),
    ],
)
def test_a_wrong_territory_is_named(territory: dict[str, object], code: str) -> None:
    scenario = tnt.read_scenario(SCENARIO)
    with pytest.raises(tnt.ScenarioError) as caught:
        scenario.with_({"territory": None}).with_({"territory": territory})
    assert [defect.code for defect in caught.value.defects] == [code]
