"""The names of the sheets of a workbook, looked up before it is read, within bounds."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from html import unescape

from tnt_sim.formats.package import MAX_BYTES

_XLSX, _ODS = "xl/workbook.xml", "content.xml"
_TAGS = {_XLSX: (b"<sheet ", b"<x:sheet "), _ODS: (b"<table:table ",)}
_NAME = re.compile(rb"[ :]name=\"([^\"]*)\"")
_CHUNK, _LONGEST_TAG = 1 << 22, 1 << 12


def sheet_names(data: bytes) -> list[str]:
    """The sheets in order; none for what is no workbook, which its reader will say."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = set(archive.namelist())
            part = next((one for one in (_XLSX, _ODS) if one in parts), None)
            return _found(archive, part) if part is not None else []
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError):
        return []


def _found(archive: zipfile.ZipFile, part: str) -> list[str]:
    """The names in the tags of a part, which is read by pieces: it may be larger than memory."""
    found: dict[str, None] = {}
    read, tail = 0, b""
    with archive.open(part) as stream:
        while read < MAX_BYTES and (chunk := stream.read(_CHUNK)):
            read += len(chunk)
            text = tail + chunk
            for tag in _TAGS[part]:
                at = text.find(tag)
                while at >= 0:
                    end = text.find(b">", at, at + _LONGEST_TAG)
                    name = _NAME.search(text, at, end) if end >= 0 else None
                    if name is not None:
                        found[unescape(name[1].decode("utf-8", "replace"))] = None
                    at = text.find(tag, at + len(tag))
            tail = text[-_LONGEST_TAG:]
    return list(found)
