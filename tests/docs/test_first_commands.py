"""What a newcomer is asked to type holds in sh, PowerShell and cmd alike; a block for sh alone says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from readme_links import lead_to_own_language
from support.named_commands import list_unknown
from support.paths import ROOT

PAGES = [
    *sorted(ROOT.glob("README*.md")), ROOT / "docs" / "package-description.md",
    *sorted((ROOT / "docs").glob("??/index.md")), *sorted((ROOT / "docs").glob("??/tutorials/*.md")),
]  # fmt: skip
SH = "sh"
"""The language of a block for sh alone; one without language, or `text`, is for all three shells."""
PROGRAMS = ("uv ", "uvx ", "pip ", "python ", "git ", "tnt-sim ", "dask ", "cd ", "export ", "set ")
DIFFERENCES = {
    "&& or ||, which PowerShell 5 does not know": r"&&|\|\|",
    "a continued line": r"\\$|`$|\^$",
    "single quotes, which cmd passes on": r"(?<![\w’])'",
    "a variable": r"\$\w|\$\{|%\w+%|\bexport \w+=|^set ",
    "a home": r"(?<![\w/])~",
    "a comment, which cmd passes on": r"(?:^| )#",
    "commands on one line, or a group": r";|\(|\{",
    "a redirection without quotes": r"[<>](?=[^\"]*(?:\"[^\"]*\"[^\"]*)*$)",
    "a comma without quotes, which PowerShell splits at": r"\w,\w(?=[^\"]*(?:\"[^\"]*\"[^\"]*)*$)",
    "an assignment before a command": r"^[A-Z_]+=",
}


def list_blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each fenced block with its language."""
    for found in re.finditer(r"^```(\{?[\w-]*\}?)[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[1], found[2].splitlines()


def list_commands(text: str) -> Iterator[str]:
    """The lines of a page to type in any shell."""
    for language, lines in list_blocks(text):
        if language in ("", "text", "console", "powershell"):
            bare = [line.removeprefix("$ ") for line in lines]
            yield from (line for line in bare if line.startswith(PROGRAMS) or re.match(r"[A-Z_]+=", line))


def list_differences(command: str) -> list[str]:
    return [name for name, pattern in DIFFERENCES.items() if re.search(pattern, command)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_each_line_to_type_is_the_same_in_three_shells(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    commands = list(list_commands(text))
    assert commands
    assert [(line, found) for line in commands if (found := list_differences(line))] == []
    assert list_unknown(text, bare=False) == []


@pytest.mark.parametrize(
    "command",
    [
        "pip install uv && uv run tnt-sim doctor", "tnt-sim run a.yaml \\", "tnt-sim run a.yaml `",
        "tnt-sim run a.yaml --set 'programme.amount=1 M€'", "tnt-sim run $HOME/a.yaml",
        "tnt-sim run %HOME%/a.yaml",
        "export TNT_SIM_LANG=en", "tnt-sim run ~/a.yaml", "tnt-sim run a.yaml  # who is funded",
        "uv tool install --python >=3.12 .", "tnt-sim run a.yaml --json > a.json",
        "TNT_SIM_LANG=en tnt-sim doctor",
        "tnt-sim weights a.yaml --criteria score,population", "cd a; tnt-sim doctor",
    ],
)  # fmt: skip
def test_what_differs_is_found(command: str) -> None:
    assert list(list_commands(f"```\n{command}\n```\n")) == [command]
    assert list_differences(command)
    assert list(list_commands(f"```{SH}\n{command}\n```\n")) == []


@pytest.mark.parametrize(
    "command",
    [
        'uv tool install --python ">=3.12" .', 'tnt-sim run a.yaml --set programme.amount="1,5 M€"',
        'tnt-sim weights a.yaml --criteria "score,population"', 'tnt-sim sweep s.yaml --from "80 %" --to "1.5 M€"',
    ],
)  # fmt: skip
def test_what_all_three_read_alike_is_free(command: str) -> None:
    assert list_differences(command) == []


@pytest.mark.parametrize("name", ["README.md", "README.fr.md"])
def test_the_line_for_sh_has_its_lines_for_the_other_shells(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    (line,) = (line for language, lines in list_blocks(text) if language == SH for line in lines)
    commands = [part.partition(" #")[0].strip() for part in line.split("&&")]
    assert commands in [lines for language, lines in list_blocks(text) if language == ""]


@pytest.mark.parametrize("name", ["README.md", "README.fr.md"])
def test_the_links_of_the_readme_lead_to_files(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert len(links) > 20
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert lead_to_own_language(name) == text, "python tools/docs.py write"
    assert re.search(r"3\.12 (?:to|à) 3\.14", text)


def test_a_link_leads_to_the_page_in_its_own_language(tmp_path: Path) -> None:
    for page in ("docs/fr/a.md", "docs/en/a.md", "docs/fr/b.md"):
        (tmp_path / page).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / page).write_text("", encoding="utf-8")
    (tmp_path / "README.md").write_text("[a](docs/fr/a.md#in-english), [b](docs/fr/b.md#c)", encoding="utf-8")
    assert lead_to_own_language("README.md", tmp_path) == "[a](docs/en/a.md), [b](docs/fr/b.md#c)"
