"""The pages for developers agree with the code: paths exist, every folder is named, every word is in use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import rooms

ROOT = Path(__file__).resolve().parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
DECISIONS = ROOT / "docs/decisions"
RECORDS = sorted(path for path in DECISIONS.glob("*.md") if path.stem != "index")
LISTS = dict(re.findall(r"^## Adding an? ([\w ]+)\n(.*?)(?=^## |\Z)", CONTRIBUTING, re.MULTILINE | re.DOTALL))
PLACEHOLDER = {
    "rule kind": "coverage",
    "backend": "highs",
    "reduction": "coefficient_tightening",
    "loop in C": "knapsack",
    "format that is read": "parquet",
    "export": "scdl",
    "analysis": "audit",
}
"""By list of CONTRIBUTING, a name that stands for its `<name>`."""
MOST_TICKS = 9
MOST_FILES = 12
"""Files that a list names, those to read or to look at included. An analysis has more: its verb, its pages and its
names for Python users."""
MOST_LINES = 160
"""What can be read standing."""


PLACES = {"tnt_sim", "tests", "docs", "tools", "benchmarks", "data", *rooms.ORDER}


def named_paths(text: str, name: str = "") -> list[str]:
    """The paths in backticks, from the repository or the package on, `<name>` replaced."""
    paths = [path.replace("<name>", name) for path in re.findall(r"`([\w.<>-]+(?:/[\w.<>-]*)+)`", text)]
    return [path for path in paths if path.split("/")[0] in PLACES]


def missing_paths(text: str, name: str = "") -> list[str]:
    """Those of them that do not exist."""
    return [
        path
        for path in named_paths(text, name)
        if not (ROOT / path).exists() and not (rooms.PACKAGE / path).exists()
    ]


@pytest.mark.parametrize("kind", PLACEHOLDER)
def test_a_list_of_contributing_names_files_that_exist(kind: str) -> None:
    text = LISTS[kind]
    assert missing_paths(text, PLACEHOLDER[kind]) == []
    assert 0 < text.count("- [ ]") <= MOST_TICKS
    ticks = text[text.index("- [ ]") :].split("\n\n")[0]
    assert kind == "analysis" or len(set(named_paths(ticks))) <= MOST_FILES


def test_contributing_has_a_list_for_each_kind_of_change() -> None:
    assert set(LISTS) == set(PLACEHOLDER)
    assert missing_paths(CONTRIBUTING.split("## Adding")[0]) == []


def test_a_path_that_is_gone_is_seen() -> None:
    assert missing_paths("`tnt_sim/solve/backends/<name>.py` and `rules/gone.py`", "highs") == [
        "rules/gone.py"
    ]


def test_the_architecture_page_names_every_folder_once_in_the_order_of_imports() -> None:
    table = ARCHITECTURE.split("## The rooms")[1].split("`certify/` and `verify/` import")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    named = [name.rstrip("/") for row in rows for name in re.findall(r"`([\w./]+)`", row[1])]
    assert [name for name in named if not (rooms.PACKAGE / name).exists()] == []
    assert len(named) == len(set(named))
    folders = {path.parent.relative_to(rooms.PACKAGE).as_posix() for path in rooms.PACKAGE.rglob("*.py")
               if path.stem != "__init__"}  # fmt: skip
    own = {name for name in folders if not re.match(r"\.$|rules/kinds/\w+$|verify/signing$", name)}
    assert own - set(named) == set()
    order = list(dict.fromkeys(name.split("/")[0].removesuffix(".py") for name in named))
    assert order == [*rooms.ORDER, "data"]


def test_the_architecture_page_is_short_and_its_paths_exist() -> None:
    assert len(ARCHITECTURE.splitlines()) <= MOST_LINES
    assert missing_paths(ARCHITECTURE) == []


def test_every_word_of_the_glossary_is_in_the_package() -> None:
    files = sorted(rooms.PACKAGE.rglob("*.py"))
    text = "\n".join([*(path.read_text(encoding="utf-8") for path in files), *map(str, files)])
    used = set(re.findall(r"\w+", text))
    rows = [
        line.strip("|").split("|")
        for line in GLOSSARY.splitlines()
        if line.startswith("| ") and "---" not in line
    ]
    assert {len(row) for row in rows} == {6}
    words = {word for row in rows for cell in row[2:4] for quoted in re.findall(r"`([^`]+)`", cell)
             for word in re.findall(r"\w+", quoted)}  # fmt: skip
    assert words - used - {"json"} == set()


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_decision_record_has_its_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(r"# .+\n\nDate: 20\d\d-\d\d-\d\d\. ", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Context",
        "Choice",
        "Alternatives",
        "Consequence",
    ]
    index = (DECISIONS / "index.md").read_text(encoding="utf-8")
    number = path.stem[:4]
    assert f"- [{number}]({path.name}) {text.splitlines()[0].removeprefix('# ')}\n" in index
    assert [other for other in RECORDS if other.stem[:4] == number] == [path]
    assert missing_paths(text) == []


def test_every_stop_of_the_two_figures_is_a_function_of_its_file() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    stops = re.findall(r"`([a-z0-9_/]+\.py)` `(\w+)`", text)
    assert len(stops) > 20
    for file, name in stops:
        assert re.search(
            rf"^ *def {name}\b", (rooms.PACKAGE / file).read_text(encoding="utf-8"), re.MULTILINE
        ), file
