"""Documents as JSON text: what `json.dumps` writes, however it is made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, StrEnum
from random import Random

import polars as pl
import pytest

from tnt_sim.documents import ROWS_AT_ONCE, TableRows, dump_document, iterate_json, omit_none

TEXTS = ("", "A", "École « haute »", 'a "word"', "back\\slash", "line\nbreak", "\u2028", "{}%s", "\x7f", "🏫")


class Tone(Enum):
    GOOD = "good"


class Sense(StrEnum):
    MAXIMISE = "maximise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    dossier: str | None
    cents: int | None
    funded: bool
    at: list[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    from_: object
    rows: TableRows[Row]
    tone: Tone = Tone.GOOD
    sense: Sense = Sense.MAXIMISE
    absent: int | None = omit_none()


def draw(random: Random, depth: int) -> object:
    kinds = ("text", "int", "float", "none", "bool", *(("list", "map", "page") if depth else ()))
    match random.choice(kinds):
        case "text":
            return random.choice(TEXTS)
        case "int":
            return random.randint(-(2**70), 2**70)
        case "float":
            return random.choice((0.1, -0.0, 1e-7, 1e300, 2.5))
        case "none":
            return None
        case "bool":
            return random.random() < 0.5
        case "list":
            return [draw(random, depth - 1) for _ in range(random.randint(0, 3))]
        case "map":
            return {random.choice(TEXTS): draw(random, depth - 1) for _ in range(random.randint(0, 3))}
    return Page(from_=draw(random, depth - 1), rows=draw_rows(random, random.randint(0, 4)))


def draw_rows(random: Random, n: int) -> TableRows[Row]:
    def either(value: object) -> object:
        return None if random.random() < 0.2 else value

    columns = {
        "dossier": [either(random.choice(TEXTS)) for _ in range(n)],
        "cents": [either(random.randint(-(2**63), 2**63 - 1)) for _ in range(n)],
        "funded": [random.random() < 0.5 for _ in range(n)],
        "at": [
            either([either(random.randint(0, 99)) for _ in range(random.randint(0, 3))]) for _ in range(n)
        ],
    }
    kinds = {"dossier": pl.String, "cents": pl.Int64, "funded": pl.Boolean, "at": pl.List(pl.Int64)}
    return TableRows(pl.DataFrame(columns, schema=kinds), Row)


def write(document: object) -> str:
    plain = dump_document(document) if isinstance(document, Page) else dump_document(Holder(held=document))
    return json.dumps(plain if isinstance(document, Page) else plain["held"], ensure_ascii=False, indent=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    held: object


def test_the_text_is_that_of_the_plain_document() -> None:
    random = Random(70)
    for _ in range(300):
        document = draw(random, 3)
        assert "".join(iterate_json(document)) == write(document)


def test_long_tables_are_written_in_pieces() -> None:
    rows = draw_rows(Random(71), 2 * ROWS_AT_ONCE + 1)
    pieces = list(iterate_json(Page(from_="A", rows=rows)))
    assert "".join(pieces) == write(Page(from_="A", rows=rows))
    assert len(pieces) < 40


def test_an_entry_without_a_table_is_one_piece() -> None:
    random = Random(72)
    page = Page(from_={"A": [1, {"B": 'a\n"b"'}]}, rows=draw_rows(random, ROWS_AT_ONCE + 1))
    entries = [Row(dossier="A\nB", cents=None, funded=True, at=[1, 2]), page]
    pieces = list(iterate_json(entries))
    assert "".join(pieces) == write(entries)
    assert '\n    "dossier": "A\\nB",' in pieces[1]
    assert max(len(piece) for piece in pieces) < len("".join(pieces)) - 100


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_has_no_number_for_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        list(iterate_json({"gap": number}))
