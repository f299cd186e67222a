"""The cells of a workbook."""

from __future__ import annotations

import io
from typing import Any

from python_calamine import CalamineWorkbook


def pages(data: bytes) -> dict[str, list[list[Any]]]:
    """The values of every sheet, from A1."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}
