"""Importer `json_lines`: each line of a .jsonl file is an object, one dossier with its cells by header."""

from __future__ import annotations

import json

from tnt_sim.errors import DataError, Defects, Place
from tnt_sim.i18n.message import Bilingual
from tnt_sim.ingest.tables.importers import Importer
from tnt_sim.ingest.tables.raw_table import RawTable, ReadOptions, build_raw_table


def read_json_lines(data: bytes, shown_as: str, read: ReadOptions) -> RawTable:
    """Return the cells of a file as text; a value that is absent is an empty cell.

    Raises
    ------
    DataError
        with every line that is no object
    """
    defects, objects, lines = Defects(), [], []
    for number, line in enumerate(data.splitlines(), 1):
        try:
            found = json.loads(line, parse_float=str, parse_int=str)
        except ValueError:
            found = None
        if isinstance(found, dict):
            objects.append(found)
            lines.append(number)
        elif line.strip():
            text = Bilingual("cette ligne n’est pas un objet JSON.", "this line is no JSON object.")
            defects.add("json_lines", text, Place(file=shown_as, line=number))
    defects.raise_if_any(DataError)
    headers = dict.fromkeys(header for cells in objects for header in cells)
    columns = {header: [_format_cell(cells.get(header)) for cells in objects] for header in headers}
    return build_raw_table(shown_as, columns, lines)


def _format_cell(value: object) -> str:
    return "" if value is None else str(value)


JSON_LINES = Importer("json_lines", (".jsonl",), read_json_lines)
