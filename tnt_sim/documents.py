"""JSON documents as frozen dataclasses: a class is one document or one entry of it, a field is one key.

Fields stand in the order of the keys. Amounts are integer cents; exact decimals, days and hashes are text. The
name of a field that Python reserves ends with an underscore, which its key does not have (`from_` is `from`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, make_dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from json.encoder import encode_basestring
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_type_hints, overload

if TYPE_CHECKING:
    import polars as pl

type DecimalText = str
"""A decimal as `format_fraction` writes it: exact, or 12 significant digits."""

OMITTED, SPREAD, UNWRITTEN = "omitted", "spread", "unwritten"
INDENT = "  "
ROWS_AT_ONCE = 10_000
"""Rows of a table that are written as one piece of text."""
_ESCAPED = r'["\\\x00-\x1f]'
"""Characters that JSON texts escape."""


def omit_none() -> Any:
    """Return the default of a key that the document leaves out while the field is None."""
    return field(default=None, metadata={OMITTED: True})


def leave_unwritten() -> Any:
    """Return the default of a field that no document writes: it must be given, as any other."""
    return field(metadata={UNWRITTEN: True})


def spread[Value](
    kind: type[Value], *names: str, prefix: str = "", omitted: tuple[str, ...] = (), **renamed: str
) -> Value:
    """Return a field whose value is written as its own keys, beside those of the other fields.

    Parameters
    ----------
    kind : class of the value: its `KEYS`, or else its fields, are all keys with their types
    names : the keys to write; by default all
    prefix : written before each key
    omitted : keys that are left out while they are None
    renamed : a key under another name; the others keep theirs
    """
    types: Mapping[str, object] = vars(kind).get("KEYS") or get_type_hints(kind)
    keys = [(name, renamed.get(name, prefix + name), name in omitted, types[name]) for name in names or types]
    value: Value = field(metadata={SPREAD: keys})
    return value


@overload
def format_fraction(value: Fraction, rounding: str = ROUND_HALF_EVEN) -> str: ...
@overload
def format_fraction(value: Fraction | None, rounding: str = ROUND_HALF_EVEN) -> str | None: ...
def format_fraction(value: Fraction | None, rounding: str = ROUND_HALF_EVEN) -> str | None:
    """Write a fraction as decimal text.

    The text is exact if 12 decimal places suffice; otherwise it is rounded to 12 significant digits, half-even
    unless `rounding` is another way of `decimal`.

    Examples
    --------
    >>> format_fraction(Fraction(1, 8)), format_fraction(Fraction(1, 3))
    ('0.125', '0.333333333333')
    """
    if value is None:
        return None
    if value.denominator == 1:
        return str(value.numerator)
    number = _convert_exactly(value)
    if number is None:
        twelve = Context(prec=12, rounding=rounding)
        number = twelve.divide(Decimal(value.numerator), Decimal(value.denominator))
    text = format(number.normalize(), "f")
    return "0" if text in ("-0", "") else text


def _convert_exactly(value: Fraction) -> Decimal | None:
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > 12:
        return None
    return Decimal(value.numerator * 10**places // value.denominator).scaleb(-places, Context(prec=60))


@dataclass(frozen=True, slots=True, eq=False)
class TableRows[Entry](Sequence[Entry]):
    """Entries of a document that are rows of a table; each becomes an object where it is read.

    Attributes
    ----------
    table : one column per key, in the order of the keys, of text, integers, booleans and lists of integers
    kind : class of the entries

    Examples
    --------
    >>> import polars as pl
    >>> @dataclass(frozen=True, slots=True, kw_only=True)
    ... class Grant:
    ...     dossier: str
    ...     cents: int | None
    >>> rows = TableRows(pl.DataFrame({"dossier": ["A", "B"], "cents": [100, None]}), Grant)
    >>> rows[1]
    Grant(dossier='B', cents=None)
    >>> rows.list_plain_rows()
    [{'dossier': 'A', 'cents': 100}, {'dossier': 'B', 'cents': None}]
    """

    table: pl.DataFrame
    kind: Callable[..., Entry]

    def __len__(self) -> int:
        return self.table.height

    def __iter__(self) -> Iterator[Entry]:
        return (self.kind(**row) for row in self.table.iter_rows(named=True))

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Entry]: ...
    def __getitem__(self, place: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(place, slice):
            return TableRows(self.table[place], self.kind)
        return self.kind(**self.table.row(place, named=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def filter_rows(self, condition: pl.Expr) -> TableRows[Entry]:
        """Return the rows that satisfy a condition on the columns."""
        return TableRows(self.table.filter(condition), self.kind)

    def list_plain_rows(self) -> list[dict[str, Any]]:
        """Return the rows as plain JSON data."""
        keys = self.table.columns
        columns = [column.to_list() for column in self.table.iter_columns()]
        return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]

    def iterate_row_texts(self, margin: str) -> Iterator[str]:
        """Yield the JSON texts of `ROWS_AT_ONCE` rows at a time, with `margin` before each line but the first."""
        import polars as pl

        inner = margin + INDENT
        for part in self.table.iter_slices(ROWS_AT_ONCE):
            pieces: list[pl.Expr | pl.Series] = []
            for column in part.iter_columns():
                before = ",\n" if pieces else "{\n"
                pieces.append(pl.lit(f"{before}{inner}{encode_basestring(column.name)}: "))
                pieces.append(_encode_column(column, inner))
            rows = pl.select(pl.concat_str(*pieces, pl.lit(f"\n{margin}}}"))).to_series()
            yield rows.str.join(f",\n{margin}").item()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHead:
    """First keys of a document: its version, and the verb that prints it."""

    schema_version: Literal[1] = 1
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioHead(DocumentHead):
    """First keys of documents on one scenario."""

    scenario: str
    scenario_sha256: str


_PLAIN = frozenset({str, int, bool, float, NoneType})


@cache
def list_keys(document: Any) -> tuple[tuple[str, str, bool], ...]:
    """List the fields of a class of documents: name, key, and whether None leaves the key out."""
    keys: list[tuple[str, str, bool]] = []
    for entry in fields(document):
        if SPREAD in entry.metadata:
            keys += [
                (f"{entry.name}.{name}", key, omitted) for name, key, omitted, _ in entry.metadata[SPREAD]
            ]
        elif UNWRITTEN not in entry.metadata:
            keys.append((entry.name, entry.name.removesuffix("_"), OMITTED in entry.metadata))
    return tuple(keys)


class Record:
    """Base of an entry that is a row of a table too: some of its fields are values that write several keys."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Describe the keys to the maker of schemas as a plain class would."""
        types, plain = get_type_hints(cls), list[tuple[str, Any, Any]]()
        written: dict[object, object] = {Fraction: DecimalText, Fraction | None: DecimalText | None}
        for entry in fields(source):
            if SPREAD in entry.metadata:
                for _, key, omitted, kind in entry.metadata[SPREAD]:
                    plain.append((key, written.get(kind, kind), omit_none() if omitted else field()))
            elif UNWRITTEN not in entry.metadata:
                kind = written.get(types[entry.name], types[entry.name])
                plain.append((entry.name, kind, omit_none() if OMITTED in entry.metadata else field()))
        described = make_dataclass(cls.__name__, plain, frozen=True, kw_only=True)
        described.__doc__, described.__module__ = cls.__doc__, cls.__module__
        return handler.generate_schema(described)


@cache
def _prepare_class(
    document: Hashable,
) -> tuple[frozenset[str], tuple[str, ...], Callable[[object], tuple[object, ...]]]:
    """Return the keys that None leaves out, all keys, and a function that reads the fields of an instance."""
    fields_of = list_keys(document)
    names = [name for name, _, _ in fields_of]
    absent = frozenset(key for _, key, may_be_absent in fields_of if may_be_absent)

    def read_each(instance: object) -> tuple[object, ...]:
        return tuple(getattr(instance, name) for name in names)

    read = attrgetter(*names) if len(names) > 1 else read_each
    return absent, tuple(key for _, key, _ in fields_of), read


def dump_document(document: Any) -> dict[str, Any]:
    """Write a document, or an entry of one, as plain JSON data: the only place that does.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, slots=True, kw_only=True)
    ... class Move:
    ...     from_: str
    ...     to: str
    ...     cents: int | None = omit_none()
    >>> dump_document(Move(from_="axe-1", to="axe-2"))
    {'from': 'axe-1', 'to': 'axe-2'}
    """
    absent, keys, read = _prepare_class(document.__class__)
    values = read(document)
    if not absent and _PLAIN.issuperset(map(type, values)):
        return dict(zip(keys, values, strict=True))
    plain = {}
    for key, value in zip(keys, values, strict=True):
        if value is not None or key not in absent:
            plain[key] = value if value.__class__ in _PLAIN else _dump_value(value)
    return plain


def _dump_value(value: Any) -> Any:
    """Write a value; exact classes come first, since they answer sooner than abstract ones."""
    if value.__class__ in _PLAIN:
        return value
    if value.__class__ is TableRows:
        return value.list_plain_rows()
    if value.__class__ is tuple or value.__class__ is list:
        if _PLAIN.issuperset(map(type, value)):
            return list(value)
        return [_dump_value(one) for one in value]
    if is_dataclass(value):
        return dump_document(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Fraction):
        return format_fraction(value)
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {key: _dump_value(one) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [_dump_value(one) for one in value]
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def iterate_json(document: object, margin: str = "") -> Iterator[str]:
    """Yield the JSON text of a document in pieces: what `json.dumps` gives with an indent of 2, tables by column.

    Parameters
    ----------
    document : a document or plain JSON data
    margin : written before each line but the first

    Examples
    --------
    >>> print("".join(iterate_json({"dossier": "A", "cents": [100, None]})))
    {
      "dossier": "A",
      "cents": [
        100,
        null
      ]
    }
    """
    inner = margin + INDENT
    if isinstance(document, TableRows):
        yield from _write_enclosed("[]", ((text,) for text in document.iterate_row_texts(inner)), margin)
    elif isinstance(document, Mapping):
        yield from _write_enclosed("{}", (_iterate_pair(*pair, inner) for pair in document.items()), margin)
    elif isinstance(document, Sequence) and not isinstance(document, str):
        if document and _PLAIN.issuperset(map(type, document)):
            texts = f",\n{inner}".join(map(_encode_scalar, document))
            yield f"[\n{inner}{texts}\n{margin}]"
            return
        yield from _write_enclosed("[]", (_iterate_entry(one, inner) for one in document), margin)
    elif is_dataclass(document):
        absent, keys, read = _prepare_class(document.__class__)
        pairs = zip(keys, read(document), strict=True)
        held = {key: value for key, value in pairs if value is not None or key not in absent}
        yield from iterate_json(held, margin)
    else:
        yield _encode_scalar(document)


def _iterate_entry(entry: object, margin: str) -> Iterator[str]:
    """Yield the text of an entry of a list: in pieces where it holds a table, else at once, three times faster."""
    if _has_table(entry):
        yield from iterate_json(entry, margin)
    else:
        text = json.dumps(_dump_value(entry), ensure_ascii=False, allow_nan=False, indent=len(INDENT))
        yield text.replace("\n", f"\n{margin}")  # within a text, JSON escapes the end of a line


def _has_table(entry: object) -> bool:
    if entry.__class__ is TableRows or not is_dataclass(entry):
        return entry.__class__ is TableRows
    read = _prepare_class(entry.__class__)[2]
    return any(_has_table(one) for one in read(entry) if one.__class__ not in _PLAIN)


def _iterate_pair(key: object, value: object, margin: str) -> Iterator[str]:
    name = encode_basestring(key) if isinstance(key, str) else f'"{_encode_scalar(key)}"'
    if value.__class__ in _PLAIN:
        yield f"{name}: {_encode_scalar(value)}"
    else:
        yield f"{name}: "
        yield from iterate_json(value, margin)


def _write_enclosed(brackets: str, pieces: Iterable[Iterable[str]], margin: str) -> Iterator[str]:
    """Yield the pieces of each item on lines of their own, between brackets."""
    before = brackets[0]
    for texts in pieces:
        yield f"{before}\n{margin}{INDENT}"
        yield from texts
        before = ","
    yield brackets if before == brackets[0] else f"\n{margin}{brackets[1]}"


def _encode_scalar(value: object) -> str:
    if value.__class__ is str:
        return encode_basestring(value)
    if value.__class__ is int:
        return str(value)
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Fraction):
        value = format_fraction(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _encode_column(column: pl.Series, margin: str) -> pl.Series:
    """Encode the cells of a column: text without escapes, integers, booleans and lists of integers at once."""
    import polars as pl

    kind = column.dtype
    if kind == pl.String and not column.str.contains(_ESCAPED).any():
        texts = pl.select(pl.concat_str(pl.lit('"'), column, pl.lit('"'))).to_series()
    elif kind.is_integer() or kind == pl.Boolean:
        texts = column.cast(pl.String)
    elif isinstance(kind, pl.List) and kind.inner.is_integer():
        items = column.cast(pl.List(pl.String))
        if column.explode().null_count():
            items = items.list.eval(pl.element().fill_null("null"))  # `join` leaves nulls out
        cells = items.list.join(f",\n{margin}{INDENT}")
        full = pl.concat_str(pl.lit(f"[\n{margin}{INDENT}"), cells, pl.lit(f"\n{margin}]"))
        texts = pl.select(pl.when(column.list.len() == 0).then(pl.lit("[]")).otherwise(full)).to_series()
    else:
        nested = kind.is_nested()
        texts = pl.Series(
            [
                "".join(iterate_json(cell, margin)) if nested else _encode_scalar(cell)
                for cell in column.to_list()
            ],
            dtype=pl.String,
        )
    return texts.fill_null("null")


def iterate_texts(tree: object) -> Iterator[str]:
    """Yield every text of mappings and lists within each other, keys included.

    >>> list(iterate_texts({"by": ["Zone", 3]}))
    ['by', 'Zone']
    """
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield str(key)
            yield from iterate_texts(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from iterate_texts(value)
    elif isinstance(tree, str):
        yield tree
