"""Both languages are whole: each sentence in French and English, with the same fields; a catalogue of them."""

from __future__ import annotations

import gettext
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from support.paths import ROOT

_TOOL = ROOT / "tools" / "catalogue.py"
PACKAGE = ROOT / "tnt_sim"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogue_tool", _TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def read(tool: ModuleType) -> Iterator[ModuleType]:
    """The tool, by which the package is read once for all that is asked of it."""
    readers = tool.readers
    package = readers(PACKAGE)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tool, "readers", lambda of=PACKAGE: package if of == PACKAGE else readers(of))
        yield tool


def test_every_sentence_is_in_both_languages(read: ModuleType) -> None:
    found = list(read.sentences())
    assert len(found) > 10
    assert read.faults(found) == []


def test_nothing_french_stands_outside(read: ModuleType) -> None:
    assert [f"{one.where}: {one.text}" for one in read.outside()] == []
    files = {one.file.relative_to(PACKAGE).as_posix() for one in read.readers(PACKAGE) if list(one.outside())}
    assert set(read._WRITTEN_IN_FRENCH) <= files, "a file that is excused and has nothing French"


PAIRS = {
    "if lang": ('x = "é" if lang is Lang.FR else "e"', [("é", "e")]),
    "not french": ('x = ("now", "été")[french]\ny = "e" if not french else "mot"', [("été", "now"), ("mot", "e")]),
    "statements": (
        'def f(french):\n    if french:\n        return "été"\n    return "summer"', [("été", "summer")],
    ),
    "function": ('def told(k, fr, en): ...\ntold(1, "un mot", "a word")', [("un mot", "a word")]),
    "neighbours": ('say(1, f"{n} été", f"{n} summer")', [("{n} été", "{n} summer")]),
    "choice in a text": (
        'x = Text("un" if n else "deux", "one" if n else "two")', [("un", "one"), ("deux", "two")]
    ),
    "names": ('fr = "des mots"\nen = "words"', [("des mots", "words")]),
    "by language": ('x = {Lang.FR: ("mai", "août"), Lang.EN: ("May", "August")}',
                    [("mai", "May"), ("août", "August")]),
    "plurals": (
        'def so(n, fr, en): ...\nso(n, ("clé", "clés"), ("key", "keys"))', [("clé", "key"), ("clés", "keys")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "pairs"), PAIRS.values(), ids=PAIRS)
def test_each_shape_of_a_sentence(
    tool: ModuleType, tmp_path: Path, code: str, pairs: list[tuple[str, str]]
) -> None:
    (tmp_path / "a.py").write_text(code, encoding="utf-8")
    assert [(one.fr, one.en) for one in tool.sentences(tmp_path)] == pairs
    assert tool.outside(tmp_path) == []


@pytest.mark.parametrize(
    "code",
    [
        'x = "Des dossiers écartés"',
        'x = f"« {name} » manque"',
        'say("été")',
        'x = ["Règle", "Genre", "Valeur", "Borne"]',
        'x = "a" + ("été" if n else "b")',
    ],
)
def test_french_outside_of_a_sentence_is_told(tool: ModuleType, tmp_path: Path, code: str) -> None:
    (tmp_path / "a.py").write_text(f'"""Été."""\n{code}\n', encoding="utf-8")
    assert [one.line for one in tool.outside(tmp_path)] == [2]
    (tmp_path / "a.py").unlink()
    (tmp_path / "page.js").write_text("// x\nalert('été');\n", encoding="utf-8")
    assert [one.line for one in tool.outside(tmp_path)] == [2]


def test_what_is_missing_is_told(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "tnt_sim").mkdir()
    (tmp_path / "tnt_sim" / "a.py").write_text(
        'x = Text("un", "")\ny = Text(f"{a} sur {b}", f"{a}")\nz = Text(f"{a.fr}", f"{a.en}")\n'
        'v = Text("deux mots et encore", "one")\nw = Text("deux mots et encore", "two")\n',
        encoding="utf-8",
    )
    told = tool.faults(list(tool.sentences(tmp_path / "tnt_sim")))
    assert [one.partition(": ")[0].rpartition(":")[2] for one in told] == ["1", "2", "5"]


def test_the_catalogue_is_gettext_and_goes_back_into_the_code(tool: ModuleType, tmp_path: Path) -> None:
    package = tmp_path / "tnt_sim"
    package.mkdir()
    code = (
        'a = Text("« é » :\\n\\"x\\"", "b")\n'
        'c = Text(\n    f"{n} dossiers, "\n    "écartés",\n    f"{n} dossiers, "\n    "left out",\n)\n'
    )
    (package / "m.py").write_text(code, encoding="utf-8")
    found = list(tool.sentences(package))
    tool.write(tmp_path / "out", found)
    for lang, said in (("en", ["b", "{n} dossiers, left out"]), ("fr", [one.fr for one in found])):
        with (tmp_path / "out" / f"{lang}.mo").open("rb") as stream:
            read = gettext.GNUTranslations(stream)
        assert [read.gettext(one.fr) for one in found] == said
    text = (tmp_path / "out" / "en.po").read_text(encoding="utf-8")
    assert "#. fields, kept as they are: {n}" in text
    lang, pairs = tool.read_po(text.replace("left out", "set aside"))
    assert (lang, pairs) == ("en", {found[0].fr: "b", found[1].fr: "{n} dossiers, set aside"})
    assert [one[-2:] for one in tool.apply(pairs, found)] == [":3"]
    again = list(tool.sentences(package))
    assert [(one.fr, one.en) for one in again] == [
        ('« é » :\n"x"', "b"), ("{n} dossiers, écartés", "{n} dossiers, set aside"),
    ]  # fmt: skip
    assert tool.apply(pairs, again) == []
    with pytest.raises(SystemExit, match="fields"):
        tool.apply({found[1].fr: "{m} set aside"}, again)


def test_changed_french_goes_back_too(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('x = Text(f"{n} mot", f"{n} word")\n', encoding="utf-8")
    (tmp_path / "english_help.py").write_text('HELP_ENGLISH = {"Une clé.": "A key."}\n', encoding="utf-8")
    (tmp_path / "b.py").write_text('option(help="Une clé.")\n', encoding="utf-8")
    tool.write(tmp_path / "out", list(tool.sentences(tmp_path)))
    text = (tmp_path / "out" / "fr.po").read_text(encoding="utf-8")
    assert "#. en: {n} word" in text
    changed = text.replace('msgstr "{n} mot"', 'msgstr "{n} terme"').replace(
        'msgstr "Une clé."', 'msgstr "La clé."'
    )
    lang, pairs = tool.read_po(changed)
    tool.apply(pairs, list(tool.sentences(tmp_path)), lang)
    assert [one.fr for one in tool.sentences(tmp_path)] == ["{n} terme", "La clé."]
    assert (tmp_path / "b.py").read_text(encoding="utf-8") == 'option(help="La clé.")\n'


def test_one_french_text_with_two_translations_is_two_entries(tool: ModuleType, tmp_path: Path) -> None:
    code = 'x = Text("financé", "funded")\ny = Text("financé", "paid")\nz = Text("financé", "funded")\n'
    (tmp_path / "a.py").write_text(code, encoding="utf-8")
    found = list(tool.sentences(tmp_path))
    tool.write(tmp_path / "out", found)
    lang, pairs = tool.read_po((tmp_path / "out" / "en.po").read_text(encoding="utf-8"))
    assert sorted(pairs.values()) == ["funded", "paid"]
    assert tool.apply(pairs, found, lang) == []
    changed = {key: said.replace("paid", "settled") for key, said in pairs.items()}
    tool.apply(changed, found, lang)
    assert [one.en for one in tool.sentences(tmp_path)] == ["funded", "settled", "funded"]


STALE = re.compile(
    r"encore construit|construit pas|not built|does not build|cette version ne|this version (?:does not|cannot)"
)


def test_no_sentence_says_that_something_is_not_built(read: ModuleType) -> None:
    """A sentence about what is to come outlives its truth."""
    found = [one.where for one in read.sentences() if STALE.search(one.fr) or STALE.search(one.en)]
    assert found == []
