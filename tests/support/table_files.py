"""Small files, good and broken, built on the spot for the tests of the readers."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter

from tnt_sim.domain.portfolio import Portfolio
from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.portfolio_reader import read_dossiers
from tnt_sim.ingest.tables.raw_table import ReadOptions

_NAMESPACES = (
    " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)


def xlsx(
    rows: Sequence[Sequence[Any]],
    *,
    sheets: Sequence[str] = ("Feuille1",),
    edit: Callable[[Any, Any], None] | None = None,
    **options: Any,
) -> bytes:
    """A workbook whose first sheet holds the rows; `edit` may change that sheet further."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, **options})
    pages = [book.add_worksheet(name) for name in sheets]
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, dt.datetime):
                pages[0].write_datetime(r, c, value, moment)
            elif isinstance(value, dt.date):
                pages[0].write_datetime(r, c, dt.datetime(value.year, value.month, value.day), day)
            elif isinstance(value, bool):
                pages[0].write_boolean(r, c, value)
            elif isinstance(value, str):
                pages[0].write_string(r, c, value)
            elif value is not None:
                pages[0].write_number(r, c, value)
    if edit is not None:
        edit(book, pages[0])
    book.close()
    return buffer.getvalue()


def ods_cell(value: object, attributes: str = "") -> str:
    """One cell of an ODS table."""
    if value is None:
        return f"<table:table-cell {attributes}/>"
    if isinstance(value, dt.datetime | dt.date):
        kind, shown = f'office:value-type="date" office:date-value="{value.isoformat()}"', str(value)
    elif isinstance(value, int | float):
        kind, shown = f'office:value-type="float" office:value="{value!r}"', str(value)
    else:
        kind, shown = 'office:value-type="string"', escape(str(value))
    return f"<table:table-cell {kind} {attributes}><text:p>{shown}</text:p></table:table-cell>"


def ods_rows(rows: Sequence[Sequence[object]]) -> str:
    """The rows of an ODS table."""
    return "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)


def ods(body: str, *, name: str = "Dossiers", manifest: str = "") -> bytes:
    """An ODS file of one table, as LibreOffice lays it out: an endless empty tail included."""
    tail = (
        '<table:table-row table:number-rows-repeated="1048000">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMESPACES}><office:body>'
        f'<office:spreadsheet><table:table table:name="{name}">{body}{tail}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest='
        f'"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">{manifest}</manifest:manifest>',
        "content.xml": content,
    }
    return packed(parts)


def packed(parts: dict[str, str | bytes]) -> bytes:
    """A zip package of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def repacked(data: bytes, **changed: Callable[[str], str]) -> bytes:
    """A workbook with parts rewritten, by the last word of their names (``sheet1``, ``workbook``)."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, str | bytes] = {}
        for name in archive.namelist():
            stem = name.rsplit("/", 1)[-1].split(".")[0]
            content = archive.read(name)
            edit = changed.get(stem) if name.endswith(".xml") else None
            parts[name] = edit(content.decode()) if edit else content
    return packed(parts)


def read(
    folder: Path, name: str, data: bytes | str, *, columns: dict[str, str] | None = None, **options: Any
) -> Portfolio:
    """Write a file and read its dossiers."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_dossiers(path, shown_as=name, columns=columns or {}, read=ReadOptions(**options))


def faults(
    folder: Path, name: str, data: bytes | str, *, columns: dict[str, str] | None = None, **options: Any
) -> list[str]:
    """Write a broken file and give its defects as French lines."""
    try:
        read(folder, name, data, columns=columns, **options)
    except DataError as error:
        for defect in error.defects:
            assert defect.line(Lang.EN)
        return [defect.line(Lang.FR) for defect in error.defects]
    return []
