"""Verbs, options, packages, files and addresses that the program names are there, for a clone and for a wheel."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from messages import PO
from support.named_commands import list_unknown
from support.paths import ROOT

from tnt_sim.cli.console import AFTER
from tnt_sim.cli.verbs import VERBS

PACKAGE = ROOT / "tnt_sim"
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]["optional-dependencies"]
UNPUBLISHED = re.compile(r"\btnt[-_]sim\[|\b(?:pip|uv add|uv tool) (?:install )?tnt[-_]sim\b")
DOCUMENTATION = re.compile(r"\bdocs/|[\w-]+\.md\b")
ADDRESS = re.compile(r"https?://[\w.-]+")
ADDRESSES = {"https://host", "https://hôte", "https://.", "https://demarche.numerique.gouv.fr"}
"""An example of an address, the word alone, and the server that the help of `import` and `send` names."""


@cache
def list_sentences() -> tuple[str, ...]:
    """Every sentence of the catalogue, in both languages and all plural forms, and the help that is not in it."""
    with PO.open("rb") as file:
        catalogue = read_po(file, locale="fr")
    texts = [verb.epilog for verb in VERBS.values()]
    for message in catalogue:
        if message.id:
            for words in (message.id, message.string):
                texts += [words] if isinstance(words, str) else words
    assert len(texts) > 9_000
    return tuple(texts)


def list_constants() -> Iterator[tuple[Path, str]]:
    """Every string of the code but docstrings, and every file that the program writes out or serves."""
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in (".js", ".html", ".j2", ".yaml"):
            yield path, path.read_text(encoding="utf-8")
        elif path.suffix == ".py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield path, node.value


def test_every_verb_and_option_in_a_sentence_is_known() -> None:
    assert [(one, text) for text in list_sentences() for one in list_unknown(text)] == []


def test_every_verb_and_option_in_the_code_is_known() -> None:
    """Comments of `new`, pages, hints: there an option alone may be one of a style sheet or of a tool."""
    assert [
        (path.name, one) for path, text in list_constants() for one in list_unknown(text, bare=False)
    ] == []


@pytest.mark.parametrize("key", AFTER)
def test_every_next_command_is_known(key: str) -> None:
    for text in AFTER[key]:
        for words in {text} if isinstance(text, str) else {text.fr, text.en}:
            assert list_unknown(f"tnt-sim {words}") == []


def test_an_unknown_verb_or_option_is_found() -> None:
    assert list_unknown("Type `tnt-sim weigh a.yaml`.") == ["tnt-sim weigh a.yaml"]
    assert list_unknown("`tnt-sim run a.yaml --out x --prove`, then --lost") == [
        "run --prove",
        "--prove",
        "--lost",
    ]
    assert list_unknown('"tnt-sim run a.yaml --out x", or `tnt-sim verify x`; install tnt-sim again') == []


def test_no_sentence_installs_what_no_registry_has() -> None:
    assert UNPUBLISHED.search("pip install tnt-sim")
    assert UNPUBLISHED.search('install "tnt-sim[pdf]"')
    assert [text for text in list_sentences() if UNPUBLISHED.search(text)] == []


def test_no_sentence_sends_a_user_of_the_wheel_to_the_documentation() -> None:
    assert [text for text in list_sentences() if DOCUMENTATION.search(text)] == []


def test_no_sentence_names_an_address_that_may_not_be() -> None:
    assert {one for text in list_sentences() for one in ADDRESS.findall(text)} <= ADDRESSES


def list_advice() -> list[tuple[str, list[str]]]:
    """The extra and the packages of each call of `format_install_command`."""
    found: list[tuple[str, list[str]]] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "format_install_command":
                extra, *packages = [ast.literal_eval(word) for word in node.args]
                found.append((extra, packages))
    return found


def test_every_package_to_install_belongs_to_the_extra_named_with_it() -> None:
    advice = list_advice()
    assert {extra for extra, _packages in advice} == {extra for extra, lines in EXTRAS.items() if lines}
    for extra, packages in advice:
        listed = {re.split(r"[<>=]", line)[0] for line in EXTRAS[extra]}
        assert packages, extra
        assert set(packages) <= listed, extra
