"""Messages: an English template in the code, its French in the catalogue, parameters written by language."""

from __future__ import annotations

import ast
import importlib.util
import pickle
import re
import sys
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog
from support.paths import ROOT

from tnt_sim.i18n.message import Bilingual, Lang, Message, _, _n, _p
from tnt_sim.i18n.parameters import Count, Day, Items, Money, Names, Number, Rate

PACKAGE = ROOT / "tnt_sim"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages_tool", ROOT / "tools" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def code(tool: ModuleType) -> Catalog:
    catalog: Catalog = tool.extract()
    return catalog


def test_catalogue_has_each_sentence_of_the_code_and_no_other(tool: ModuleType, code: Catalog) -> None:
    assert len(code) > 1000
    assert list(tool.find_faults(code, tool.read())) == []
    assert tool.is_compiled()


def test_faults_of_a_catalogue_are_named(tool: ModuleType) -> None:
    code, french = Catalog(locale="fr"), Catalog(locale="fr")
    for text in ("new", "empty", "other {x}", "doubtful", "typed"):
        code.add(text)
    french.add("empty", "")
    french.add("other {x}", "autre {y}")
    french.add("gone", "parti")
    french.add("doubtful", "douteux", flags=["fuzzy"])
    french.add("typed", "l'été : chaud")
    assert sorted(fault.split(":")[0] for fault in tool.find_faults(code, french)) == [
        "empty", "fuzzy", "not in the catalogue", "not typeset", "other parameters", "unused",
    ]  # fmt: skip


def test_update_keeps_french_typeset_and_adds_new_sentences_empty(tool: ModuleType) -> None:
    code, french = Catalog(locale="fr"), Catalog(locale="fr")
    code.add("kept"), code.add("new"), code.add(("one", "many"))
    french.add("kept", "d'été")
    french.add("gone", "parti")
    assert tool.list_strings(tool.merge(code, french)) == {
        ("kept", None): "d’été", ("new", None): "", ("one", None): ("", "")
    }  # fmt: skip


def test_modules_import_the_underscore_they_call_and_bind_no_other() -> None:
    """A variable `_` would hide the function in its scope; no type check or linter sees a missing import."""
    for path in PACKAGE.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        imported = any(
            alias.name == "_" for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
        )
        names = [node for node in nodes if isinstance(node, ast.Name) and node.id == "_"]
        called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        bound = [node.lineno for node in names if isinstance(node.ctx, ast.Store)]
        assert not (imported and bound), f"{path}:{bound}"
        defined = path.name == "message.py" or bound
        assert imported or defined or not any(id(node) in called for node in names), path


def test_parameters_are_written_as_the_language_writes_them() -> None:
    text = _(
        "{a} {b} {c} {d} {e} {f}",
        a=Money(123_456), b=Count(1200), c=Rate(Fraction(1, 8)), d=Day("2021-11-01"), e=Number(Fraction(5, 2)),
        f="x",
    )  # fmt: skip
    assert text.en == "€1,234.56 1,200 12.5% 1 November 2021 2.5 x"
    assert text.fr == "1\u202f234,56\u00a0€ 1\u202f200 12,5\u202f% 1er novembre 2021 2,5 x"


def test_lists_are_written_as_the_language_writes_them() -> None:
    names, amounts = Names(("a", "b", "c"), most=2), Items((Money(100), "x", _("no amount")), ";")
    assert (names.in_(Lang.FR), names.in_(Lang.EN)) == ("« a », « b », … (+1)", '"a", "b", … (+1)')
    assert Names(["a"]).in_(Lang.FR) == "« a »"
    assert (amounts.in_(Lang.FR), amounts.in_(Lang.EN)) == (
        f"1\u00a0€ ; x ; {_('no amount').fr}", "€1; x; no amount"
    )  # fmt: skip
    assert Items(("a", "b")).in_(Lang.FR) == "a, b"


def test_a_message_in_a_message_is_told_in_its_language() -> None:
    inner = _("no amount")
    assert _("{where}: it is empty.", where=inner).en == "no amount: it is empty."
    assert _("{where}: it is empty.", where=inner).fr.startswith("aucun montant")


def test_braces_of_a_parameter_are_no_template() -> None:
    assert _("{name}", name="{x} {0} %s").en == "{x} {0} %s"


@pytest.mark.parametrize(
    ("n", "english"), [(0, "0 rules"), (1, "1 rule"), (1200, "1,200 rules"), (-1, "−1 rule")]
)
def test_counts_take_the_plural_of_their_language(n: int, english: str) -> None:
    assert _n("{n} rule", "{n} rules", n=n).en == english


def test_texts_are_equal_if_both_languages_read_the_same() -> None:
    message = _("no amount")
    assert message == Bilingual("aucun montant", "no amount")
    assert hash(message) == hash(Bilingual("aucun montant", "no amount"))
    assert message != _("this is not a number")


def test_messages_pass_between_processes() -> None:
    for text in (_("no amount"), _n("{n} rule", "{n} rules", n=3), _p("errors", "no {x}", x=Money(5))):
        again = pickle.loads(pickle.dumps(text))
        assert isinstance(again, Message)
        assert (again.fr, again.en) == (text.fr, text.en)


def test_str_is_french() -> None:
    assert str(_("no amount")) == _("no amount").in_(Lang.FR)


def test_no_french_stands_in_the_code(tool: ModuleType) -> None:
    assert list(tool.find_french()) == []
    for name in tool.FRENCH_ON_PURPOSE:
        assert (tool.PACKAGE / name).exists(), name


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.py", '"""Été."""\nx = "Des dossiers écartés"\n'),
        ("a.py", '\nx = f"« {name} » manque"\n'),
        ("a.js", "\nsay('été');\n"),
    ],
)
def test_french_in_the_code_is_named(tool: ModuleType, tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    (found,) = tool.find_french(tmp_path)
    assert f"{file}:2" in found


STALE = re.compile(
    r"encore construit|construit pas|not built|does not build|cette version ne|this version (?:does not|cannot)"
)


def test_no_sentence_says_that_something_is_not_built(tool: ModuleType) -> None:
    """A sentence about what is to come outlives its truth."""
    texts = [
        text
        for entry in tool.read()
        for text in ([entry.id, entry.string] if isinstance(entry.id, str) else [*entry.id, *entry.string])
    ]
    assert len(texts) > 6000
    assert [text for text in texts if STALE.search(text)] == []
