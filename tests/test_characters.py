"""One policy for characters: what is not seen is refused, and ids that look the same are told."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import polars as pl
import pytest
from support.tiny_scenario import HEAD, TABLE, tiny

import tnt_sim as tnt
from tnt_sim.characters import _ALIKE, FORBIDDEN, build_skeleton, drop_unseen
from tnt_sim.errors import DataError, InputError, ScenarioError
from tnt_sim.ingest.portfolio_reader import read_dossiers
from tnt_sim.scenario.load import with_changes
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.yaml.reader import parse_yaml

UNSEEN = "\x00\x1b\x85\xad\u061c\u180e\u200b\u200d\u200e\u2028\u202e\u2060\u2066\u3164\ufeff\ufffe\U000e0041"
RULE = "  - {id: r, kind: limit, measure: granted, by: department, max: 400 k€"


def codes(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [defect.code for defect in error.value.defects]


@pytest.mark.parametrize("character", UNSEEN, ids=ascii)
def test_no_place_of_a_scenario_holds_an_unseen_character(character: str, tmp_path: Path) -> None:
    escaped = f"\\U{ord(character):08x}"
    for text in (f"a: b # {character}c", f"a{character}: b", f"a: b{character}", f'a: "b{escaped}c"'):
        with pytest.raises(ScenarioError, match=f"U\\+{ord(character):04X}"):
            parse_yaml(text, "s.yaml")
    with pytest.raises(ScenarioError, match=f"U\\+{ord(character):04X}"):
        with_changes(tiny(tmp_path), {"title": f"T{character}T"})
    with pytest.raises(DataError) as error:
        tiny(tmp_path, table=TABLE.replace("\n2,a,", f"\n2{character},a,"))
    assert set(codes(error)) & {"code_character", "encoding"}


@pytest.mark.parametrize("character", "\t\r\n\u200b\x0b\u202e", ids=ascii)
@pytest.mark.parametrize("name", ["dossier", "tags", "requires", "members"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_tags_may_hold_tabs_and_line_breaks_and_ids_may_not(
    suffix: str, name: str, character: str, tmp_path: Path
) -> None:
    item, table = f"a{character}b", tmp_path / f"d{suffix}"
    cells = {"dossier": "1", "requested": "5", "score": "1", name: item}
    if suffix == ".csv":
        with table.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([cells.keys(), cells.values()])
    else:
        typed = {**cells, name: item if name == "dossier" else ["c", None, item]}
        pl.DataFrame({key: [value] for key, value in typed.items()}).write_parquet(table)
    if name == "tags" and character in "\t\r\n":
        assert read_dossiers(table, shown_as="d").table["tags"].to_list()[0][-1] == item
        return
    with pytest.raises(DataError, match=f"U\\+{ord(character):04X}") as error:
        read_dossiers(table, shown_as="d")
    assert "code_character" in codes(error)


def test_a_list_of_a_typed_table_is_read_as_a_cell_is(tmp_path: Path) -> None:
    heads = {"dossier": ["1", "2", "3"], "requested": [5, 5, 5], "score": [1, 1, 1]}
    members = [["01053 ", "", "01053", "2A004"], None, [None]]
    frame = pl.DataFrame({**heads, "members": members, "own": [["b"], [], None]})
    frame.write_parquet(tmp_path / "d.parquet")
    table = read_dossiers(tmp_path / "d.parquet", shown_as="d").table
    assert table["members"].to_list() == [["01053", "2A004"], [], []]
    assert table["own"].to_list() == [["b"], [], []]
    frame.with_columns(pl.Series("members", [[1053], [], None])).write_parquet(tmp_path / "d.parquet")
    with pytest.raises(DataError) as error:
        read_dossiers(tmp_path / "d.parquet", shown_as="d")
    assert codes(error) == ["code_zero"]
    frame.with_columns(pl.Series("own", [["\u202eb"], [], None])).write_parquet(tmp_path / "d.parquet")
    with pytest.raises(DataError, match=r"U\+202E"):
        read_dossiers(tmp_path / "d.parquet", shown_as="d")


def test_a_lone_carriage_return_does_not_begin_a_line() -> None:
    with pytest.raises(ScenarioError, match=r"s\.yaml:1:29 — .*U\+000D"):
        parse_yaml("max: 400 k€ # per department\r    off: true\n", "s.yaml")
    with pytest.raises(ScenarioError, match=r"U\+000D"):
        parse_yaml('a: "b\\rc"', "s.yaml")
    assert parse_yaml("a: 1\r\nb: 2\r\n", "s.yaml") is not None


@pytest.mark.parametrize(
    "key", ['"\\x6f\\x66f"', '"\\u006fff"', '"\\U0000006fff"', '"o\\\n  ff"', '"off\\_"', "*key"]
)
def test_a_key_is_what_the_file_shows(key: str) -> None:
    with pytest.raises(ScenarioError) as error:
        parse_yaml(f"name: &key off\n? {key}\n: true\n", "s.yaml")
    assert codes(error) == ["yaml_key"]


def test_a_key_in_quotes_may_hold_its_own_marks_and_line_breaks() -> None:
    assert parse_yaml('{"a \\"b\\" \\\\ c\\/d\\n\\te": 1, "\'é": "\\x6f"}', "s.yaml") is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u00e9t", "e\u0301t"),
        ("E-01", "\u0415-01"),
        ("E-01", "\uff25-01"),
        ("E-01", "E\u201301"),
        ("o", "\u03bf"),
    ],
    ids=ascii,
)
def test_two_ids_that_look_the_same_are_told(one: str, other: str, tmp_path: Path) -> None:
    rules = f"rules:\n{RULE.replace('id: r', f'id: {one}')}}}\n{RULE.replace('id: r', f'id: {other}')}}}\n"
    with pytest.raises(ScenarioError) as error:
        tiny(tmp_path, HEAD + rules)
    assert codes(error) == ["duplicate_id"]
    assert "U+" in str(error.value)
    scenario = tiny(tmp_path, table=TABLE.replace("\n1,", f"\n{one},").replace("\n2,", f"\n{other},"))
    (warning,) = (one for one in scenario.warnings if one.code == "look_alike")
    assert {place.row for place in warning.places} == {2, 3}
    scenario = tiny(tmp_path, table=TABLE.replace("\n1,", f"\n{one},"))
    assert scenario.warnings == ()


def test_a_name_that_looks_like_a_known_one_says_in_what_it_differs(tmp_path: Path) -> None:
    rule = "rules: [{id: d, kind: decide, fund: [\u0415-01]}]\n"
    with pytest.raises(ScenarioError, match=r"« E-01 » .*U\+0415, U\+0045"):
        compile_problem(tiny(tmp_path, HEAD + rule, TABLE.replace("\n1,", "\nE-01,")))


def test_no_title_of_a_table_turns_what_follows(tmp_path: Path) -> None:
    titles = iter(("title", "Pi\u202estes", "\u200eb", "", ""))
    table = "".join(f"{row},{next(titles)}\n" for row in TABLE.strip().split("\n"))
    with pytest.raises(DataError, match=r"table\.csv:2 .*U\+202E") as error:
        tiny(tmp_path, table=table)
    assert codes(error) == ["control_character"]


def test_data_frames_and_values_of_python_follow_the_same_policy() -> None:
    frame = pl.DataFrame({"dossier": ["E-01", "\u0415-01"], "requested": [1, 2], "score": [1, 2]})
    keys = {
        "schema_version": 1,
        "id": "t",
        "programme": {"id": "p", "amount": 3},
        "dossiers": [{"file": "d"}],
        "objective": [{"maximise": {"score": 1}}],
    }
    scenario = tnt.Scenario.from_dict(keys, frame)
    assert [warning.code for warning in scenario.warnings] == ["look_alike"]
    with pytest.raises(ScenarioError, match=r"mapping\.title.*U\+202E"):
        tnt.Scenario.from_dict({**keys, "title": "a\u202eb"}, frame)


def test_skeletons_keep_what_is_plain_and_are_stable() -> None:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./'"
    assert build_skeleton(letters) == letters
    assert len({build_skeleton(one) for one in "éèêëàâçùûüôöîïœæ"}) == 16
    for odd, plain in _ALIKE.items():
        assert not chr(odd).isascii()
        assert chr(plain).isascii()
        assert build_skeleton(f"a{chr(odd)}") == f"a{chr(plain)}"
    for text in ("\u0415\u0301t", "n\u00ba 1", "\u2460", "Pi\u200bstes"):
        assert build_skeleton(build_skeleton(text)) == build_skeleton(text)


def test_every_control_and_format_character_is_in_the_policy() -> None:
    seen = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    with_ink = {*range(0x600, 0x606), *range(0x13430, 0x13440), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2}
    with_ink |= {0x110BD, 0x110CD}
    for n in range(0x20000):
        one = chr(n)
        if unicodedata.category(one) in seen and one not in "\t\n\r" and n not in with_ink:
            assert FORBIDDEN.search(one), hex(n)
            assert drop_unseen(one) == "·"
