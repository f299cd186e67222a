"""Both languages are whole: each sentence in French and English, with the same fields; a catalogue of them."""

from __future__ import annotations

import gettext
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

_TOOL = Path(__file__).resolve().parents[1] / "tools" / "catalogue.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogue_tool", _TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_sentence_is_in_both_languages(tool: ModuleType) -> None:
    found = list(tool.sentences())
    assert len(found) > 1500
    assert tool.faults(found) == []


def test_what_is_missing_is_told(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "tnt_sim").mkdir()
    (tmp_path / "tnt_sim" / "a.py").write_text(
        'x = Text("un", "")\ny = Text(f"{a} sur {b}", f"{a}")\nz = Text(f"{a.fr}", f"{a.en}")\n'
        'v = Text("deux mots et encore", "one")\nw = Text("deux mots et encore", "two")\n',
        encoding="utf-8",
    )
    tool.PACKAGE = tmp_path / "tnt_sim"
    told = tool.faults(list(tool.sentences(tmp_path / "tnt_sim")))
    assert [one.partition(": ")[0] for one in told] == [f"tnt_sim/a.py:{line}" for line in (1, 2, 5)]


def test_the_catalogue_is_gettext_and_goes_back_into_the_code(tool: ModuleType, tmp_path: Path) -> None:
    package = tmp_path / "tnt_sim"
    package.mkdir()
    code = (
        'a = Text("« é » :\\n\\"x\\"", "b")\n'
        'c = Text(\n    f"{n} dossiers, "\n    "écartés",\n    f"{n} dossiers, "\n    "left out",\n)\n'
    )
    (package / "m.py").write_text(code, encoding="utf-8")
    tool.PACKAGE = package
    found = list(tool.sentences(package))
    tool.write(tmp_path / "out", found)
    with (tmp_path / "out" / "en.mo").open("rb") as stream:
        read = gettext.GNUTranslations(stream)
    assert [read.gettext(one.fr) for one in found] == ["b", "{n} dossiers, left out"]
    text = (tmp_path / "out" / "en.po").read_text(encoding="utf-8")
    pairs = tool.read_po(text.replace("left out", "set aside"))
    assert pairs == {found[0].fr: "b", found[1].fr: "{n} dossiers, set aside"}
    assert tool.apply(pairs, found) == ["tnt_sim/m.py:2"]
    again = list(tool.sentences(package))
    assert [(one.fr, one.en) for one in again] == [
        ('« é » :\n"x"', "b"), ("{n} dossiers, écartés", "{n} dossiers, set aside"),
    ]  # fmt: skip
    assert tool.apply(pairs, again) == []
    with pytest.raises(SystemExit, match="fields"):
        tool.apply({found[1].fr: "{m} set aside"}, again)
