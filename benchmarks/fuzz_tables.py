# ruff: noqa: E501 - rows of data stay on one line
"""Dossier tables for the fuzzer: CSV, XLSX, ODS, Parquet and Pabulib, with strange cells, then with broken bytes."""

from __future__ import annotations

import datetime as dt
import io
import random
import zipfile
from typing import Any
from xml.sax.saxutils import escape

import polars as pl
import xlsxwriter
from fuzz_yaml import DOSSIERS, mutated_bytes

Cells = list[list[Any]]
ROWS: list[list[str]] = [line.split(",") for line in DOSSIERS.splitlines()]
TEXTS = (
    "", " ", "0", "-1", "1", "12,5", "1.234", "1.234,56", "1,234.56", "1 234,56 €", "12,5 k€", "1e5", "1E+05", "nan",
    "inf", "-", "n.c.", "NA", "null", "#N/A", "#REF!", "=1+1", "'=1+1", "+33", "@x", "\tx", "2021-13-01", "31/02/2021",
    "2021-03-28T02:30", "2021-10-31T02:30", "2021-01-01T10:00+99:99", "2021-01-01T10:00Z", "0001-01-01", "9" * 30,
    "9" * 400, "1" + "0" * 14, "0.001", "0,1234567", "commune", "Commune", "en_instruct", "D-1", "D-2", "2A", "1", "01",
    "a;b;;c", ";;;", "ville.a@exemple.fr", 'guil"lemet', "a\nb", "a\r\nb", "é", "e\u0301", "\ufffd", "\ufeffx", "😀",
    "x" * 40_000, "TOTAL", "Total général", "_row", "dossier", "requested", "\u202f12\u202f000\u202f€", "1/2", "½", "१२३",
)  # fmt: skip
NUMBERS = (
    0, -0.0, 1, -1, 0.1, 12.345, 1e15, 1e300, 5e-324, 2.0**53, 90071992547409.91, 1e5, 44197, 44197.5, -44197, 2958466,
    1234.0000001, 3, 1001, 21010001000017,
)  # fmt: skip


def grid(rng: random.Random, *, typed: bool) -> Cells:
    """A table in which some cells, rows, headers and columns are not what they should be."""
    columns = [0, *sorted(k for k in range(1, len(ROWS[0])) if rng.random() < 0.5)]
    cells: Cells = [[row[k] for k in columns] for row in ROWS]
    for _ in range(rng.choice((0, 1, 2, 5, 20))):
        row = rng.randrange(len(cells))
        column = rng.randrange(len(cells[0]))
        if column < len(cells[row]):
            cells[row][column] = _value(rng, typed=typed)
    match rng.randrange(10):
        case 0:
            cells.append([_value(rng, typed=typed) for _ in range(rng.randrange(len(cells[0]) + 2))])
        case 1:
            cells.insert(0, ["Liste des dossiers"])
        case 2:
            cells = cells[: rng.randrange(len(cells))]
        case 3:
            cells.insert(rng.randrange(len(cells) + 1), [""] * len(columns))
        case 4:
            cells.append(["TOTAL", *[""] * (len(columns) - 1)])
        case 5 if cells:
            cells[0] = cells[0] + cells[0][:1]
    return cells


def _value(rng: random.Random, *, typed: bool) -> Any:
    if not typed or rng.random() < 0.4:
        return rng.choice(TEXTS)
    if rng.random() < 0.6:
        return rng.choice(NUMBERS)
    return rng.choice(
        (True, False, None, dt.date(2021, 1, 2), dt.datetime(2021, 3, 28, 2, 30), dt.datetime(1900, 1, 1))
    )


def csv_bytes(rng: random.Random) -> bytes:
    """One CSV file."""
    mark = rng.choice((",", ",", ",", ";", ";", ";", "\t", "|"))
    end = rng.choice(("\n", "\n", "\n", "\r\n", "\r\n", "\r\n", "\r"))
    lines = []
    for row in grid(rng, typed=False):
        quoted = [
            '"' + str(cell).replace('"', '""') + '"'
            if set(str(cell)) & set('",;\t|\r\n') or rng.random() < 0.05
            else str(cell)
            for cell in row
        ]
        lines.append(mark.join(quoted))
    text = end.join(lines) + (end if rng.random() < 0.8 else "")
    data = text.encode(
        rng.choice((*["utf-8"] * 20, "utf-8-sig", "utf-8-sig", "cp1252", "cp1252", "utf-16")), "replace"
    )
    return mutated_bytes(rng, data, TEXTS) if rng.random() < 0.5 else data


def xlsx_bytes(rng: random.Random) -> bytes:
    """One XLSX file."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "nan_inf_to_errors": True, "date_1904": rng.random() < 0.1}
    )
    page = book.add_worksheet(rng.choice(("Dossiers", "Feuille1", "é & < >")))
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for r, row in enumerate(grid(rng, typed=True)):
        for c, value in enumerate(row):
            _write(rng, page, r, c, value, day)
    match rng.randrange(8):
        case 0:
            page.merge_range(1, 1, 2, 2, "x")
        case 1:
            page.set_row(2, None, None, {"hidden": True})
        case 2:
            book.add_worksheet("Autre")
        case 3:
            page.write(rng.choice((70_000, 500)), rng.choice((16_383, 40)), "loin")
    book.close()
    return broken_package(rng, buffer.getvalue())


def _write(rng: random.Random, page: Any, r: int, c: int, value: Any, day: Any) -> None:
    if rng.random() < 0.005:
        page.write_formula(r, c, "=1+1", None, rng.choice(("", 2, "#N/A")))
    elif isinstance(value, dt.datetime | dt.date):
        page.write_datetime(r, c, value, day)
    elif isinstance(value, bool):
        page.write_boolean(r, c, value)
    elif isinstance(value, str):
        page.write_string(r, c, value[:32_000])
    elif value is not None:
        page.write_number(r, c, value)


def broken_package(rng: random.Random, data: bytes) -> bytes:
    """The package as it is, with bytes broken, or with one part edited, dropped or doubled."""
    how = rng.random()
    if how < 0.3:
        return data
    if how < 0.45:
        return mutated_bytes(rng, data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    names = list(parts)
    name = rng.choice([n for n in names if n.endswith(("sheet1.xml", "content.xml"))] if how < 0.8 else names)
    parts[name] = _edited(rng, parts[name])
    if rng.random() < 0.1:
        del parts[rng.choice(names)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    return buffer.getvalue()


_SWAPS = (
    (b'r="', b'r="Z'), (b'r="A', b'r="XFD'), (b'r="2"', b'r="1048576"'), (b't="s"', b't="e"'), (b't="s"', b't="n"'),
    (b't="s"', b't="d"'), (b't="s"', b't="inlineStr"'), (b"<v>", b"<v>-"), (b"<v>", b"<v>1e400"), (b"<v>", b"<v>99999"),
    (b"</v>", b"</v><f>A1</f>"), (b"<c ", b"<x:c "), (b"<?xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><?xml"), (b"<v>", b"&b;<v>"),
    (b"utf-8", b"utf-16"), (b"UTF-8", b"latin-1"), (b"<row ", b'<row hidden="1" '), (b"number-columns-repeated=\"", b"number-columns-repeated=\"9"),
    (b"number-rows-repeated=\"", b"number-rows-repeated=\"99999"), (b"<table:table-cell", b'<table:table-cell table:number-columns-repeated="1000000000"'),
    (b"<table:table-cell", b'<table:table-cell table:number-columns-repeated="-3"'), (b"office:value=\"", b"office:value=\"x"),
    (b"<table:table-row", b'<table:table-row table:number-rows-repeated="1000000"'), (b"office:date-value=\"", b"office:date-value=\"99"),
    (b"<sheetData", b'<mergeCells><mergeCell ref="A1:ZZZ9"/></mergeCells><sheetData'), (b"<cols", b'<cols><col min="a" max="2" hidden="1"/>'),
    (b"spans", b"hidden"), (b'r="', b"r='"), (b"<dimension ref=\"", b"<dimension ref=\"A1:XFD1048576"), (b"<v>0", b"<v>4294967296"),
)  # fmt: skip


def _edited(rng: random.Random, content: bytes) -> bytes:
    if rng.random() < 0.4:
        return mutated_bytes(rng, content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        before, after = rng.choice(_SWAPS)
        content = content.replace(before, after, rng.choice((1, 2, -1)))
    return content


_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)


_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
)


def ods_bytes(rng: random.Random) -> bytes:
    """One ODS file."""
    rows = "".join(
        f"<table:table-row>{''.join(_ods_cell(rng, value) for value in row)}</table:table-row>"
        for row in grid(rng, typed=True)
    )
    tail = (
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/>'
        "</table:table-row>"
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_SPACES}><office:body><office:spreadsheet>'
        f'<table:table table:name="Dossiers">{rows}{tail if rng.random() < 0.7 else ""}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
        archive.writestr("content.xml", content)
    return broken_package(rng, buffer.getvalue())


def _ods_cell(rng: random.Random, value: Any) -> str:
    extra = rng.choice(
        (' table:formula="of:=1+1"', ' table:number-columns-repeated="2"', ' table:number-columns-spanned="2"')
    ) if rng.random() < 0.01 else ""  # fmt: skip
    if value is None or value == "":
        return f"<table:table-cell{extra}/>"
    kind, shown = 'office:value-type="string"', "".join(c for c in str(value) if c >= " " or c in "\n\t")
    if isinstance(value, bool):
        kind = f'office:value-type="boolean" office:boolean-value="{str(value).lower()}"'
    elif isinstance(value, dt.date):
        kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
    elif isinstance(value, int | float):
        kind = f'office:value-type="float" office:value="{value!r}"'
    return f"<table:table-cell {kind}{extra}><text:p>{escape(shown)}</text:p></table:table-cell>"


def parquet_bytes(rng: random.Random) -> bytes:
    """One Parquet file."""
    cells = [row for row in grid(rng, typed=False) if row] or [["dossier"]]
    headers = list(dict.fromkeys(str(header) for header in cells[0]))
    width = len(headers)
    body = [[*row[:width], *[""] * (width - len(row))] for row in cells[1:]]
    frame = pl.DataFrame(
        [pl.Series(name, [str(row[k]) for row in body], dtype=pl.String) for k, name in enumerate(headers)]
    )
    for name in frame.columns:
        if rng.random() < 0.15:
            dtype = rng.choice((
                pl.Int8(), pl.UInt64(), pl.Int64(), pl.Float32(), pl.Float64(), pl.Decimal(38, 0), pl.Decimal(38, 30), pl.Date(),
                pl.Datetime("ns"), pl.Datetime("ms", "Europe/Paris"), pl.Boolean(), pl.Categorical(), pl.Time(), pl.Duration(), pl.Null(),
                pl.Int128(),
            ))  # fmt: skip
            frame = frame.with_columns(_cast(rng, frame[name], dtype).alias(name))
        elif rng.random() < 0.03:
            frame = frame.with_columns(
                pl.struct(name).alias(name) if rng.random() < 0.5 else pl.concat_list(name).alias(name)
            )
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression=rng.choice(("zstd", "uncompressed", "snappy")))
    data = buffer.getvalue()
    return mutated_bytes(rng, data) if rng.random() < 0.6 else data


_PB = (
    "META\nkey;value\ndescription;Quartier\ncountry;France\nunit;Ville\ncurrency;EUR\nbudget;100000\nvote_type;approval\n"
    "rule;greedy\nnum_votes;3\n{meta}PROJECTS\n{projects}VOTES\nvoter_id;age;vote\nv1;30;1,2\nv2;41;2\nv3;;3,1\n"
)
_PB_SWAPS = (
    ("META", "PROJECTS"), ("VOTES\n", ""), ("budget;", "budgte;"), ("budget;100000", "budget;nan"), ("key;value\n", ""),
    ("project_id", "id"), ("cost", "project_id"), (";", ","), ("\n", "\r\n"), ("\n", "\r"), ("EUR", "PLN\nbudget;1"), ("v1;", '"v1;'),
    ("Quartier", "a: [b, {c"), ("Quartier", "'\u2028- x"), ("approval", "%\t&x *x !y"), ("1,2", "1," * 3000), ("100000", "1e9"),
)  # fmt: skip


def pb_bytes(rng: random.Random) -> bytes:
    """One Pabulib file."""
    rows = [["project_id", "cost", "votes", "name", "category"]]
    rows += [
        [str(k), str(rng.choice((1000, 40_000, 99_999))), str(k % 3), f"Projet {k}", "parcs"]
        for k in range(1, 7)
    ]
    for _ in range(rng.choice((0, 0, 1, 2, 5))):
        rows[rng.randrange(len(rows))][rng.randrange(5)] = str(_value(rng, typed=False)).replace("\n", " ")
    meta = "".join(f"{rng.choice(TEXTS)};{rng.choice(TEXTS)}\n" for _ in range(rng.choice((0, 0, 1, 3))))
    text = _PB.format(meta=meta, projects="".join(";".join(row) + "\n" for row in rows))
    for _ in range(rng.choice((0, 0, 1, 2))):
        before, after = rng.choice(_PB_SWAPS)
        text = text.replace(before, after, rng.choice((1, 1, -1)))
    data = text.encode(rng.choice((*["utf-8"] * 10, "utf-8-sig", "cp1252", "utf-16")), "replace")
    return mutated_bytes(rng, data, TEXTS) if rng.random() < 0.5 else data


def _cast(rng: random.Random, values: pl.Series, dtype: pl.DataType) -> pl.Series:
    numbers = pl.Series([rng.choice((0, 1, -1, 7, 100, 2**31, 2**62, None)) for _ in values], dtype=pl.Int64)
    source = numbers if dtype.is_numeric() or dtype.is_temporal() else values
    try:
        return source.cast(dtype, strict=False)
    except pl.exceptions.PolarsError:
        return values
