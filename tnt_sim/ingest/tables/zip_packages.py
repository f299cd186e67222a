"""Safe opening of workbook files as zip packages.

Legacy, macro and encrypted files, packages that unpack to far more than their size (zip bombs), and XML with
a document type are refused. Every XML part is unpacked and checked here before any other reader sees it.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from tnt_sim.errors import DataError, Defect, Place
from tnt_sim.i18n.message import Text, _

MAX_RATIO = 100
MAX_BYTES = 512 << 20
_SMALL = 1 << 20
_SMALL_IN_ALL = 16 << 20
_MAX_PARTS = 10_000
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_DECLARED = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_SAVE_AS = _("Save the file as .xlsx, .ods or .csv.")


@dataclass(frozen=True, slots=True)
class Package:
    """The XML parts of a workbook, by name."""

    members: dict[str, bytes]


def refuse(code: str, shown_as: str, text: Text, hint: Text | None = None) -> DataError:
    """Return the error for a file that is refused as a whole."""
    return DataError([Defect(code, text, (Place(file=shown_as),), hint)])


def refuse_legacy(data: bytes, suffix: str, shown_as: str) -> None:
    """Refuse legacy, macro and encrypted workbooks by suffix and first bytes."""
    if suffix in (".xlsm", ".xlsb", ".xltm", ".xlam"):
        raise refuse(
            "macro_file",
            shown_as,
            _("a {suffix} workbook may hold macros; it is not read.", suffix=suffix),
            _SAVE_AS,
        )
    if suffix in (".xls", ".xlt"):
        raise refuse(
            "legacy_file", shown_as, _("the old {suffix} format is not read.", suffix=suffix), _SAVE_AS,
        )  # fmt: skip
    if data.startswith(_OLE):
        raise refuse(
            "encrypted", shown_as,
            _("the workbook is protected by a password, or it is an old .xls file."),
            _("Remove the password or save it as .xlsx."),
        )  # fmt: skip


def open_package(data: bytes, shown_as: str) -> Package:
    """Return all XML parts of a workbook, unpacked within bounds and free of document types."""
    if Path(shown_as).name.startswith(("~$", ".~lock")):
        raise refuse(
            "damaged", shown_as, _("this file only marks a workbook that is open in a spreadsheet: it is not the "
                                   "workbook."),
            _('Write the name without "~$".'),
        )  # fmt: skip
    if data and not data.startswith(b"PK") and b"\0" not in data[:4096]:
        raise refuse(
            "damaged", shown_as, _("this file holds plain text: it is not a workbook."),
            _("If it is a CSV file, rename it to .csv; else save it as .xlsx."),
        )  # fmt: skip
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive, shown_as)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise refuse(
            "damaged", shown_as, _("the workbook is damaged or is none ({error}).", error=error), _SAVE_AS,
        ) from None  # fmt: skip


def _read(archive: zipfile.ZipFile, shown_as: str) -> Package:
    entries = archive.infolist()
    _check_entries(entries, shown_as)
    members: dict[str, bytes] = {}
    for entry in entries:
        # Reading to the end checks the sizes that the package declares against what it holds.
        content = archive.read(entry)
        if entry.filename.lower().endswith((".xml", ".rels")):
            _check_xml(content, entry.filename, shown_as)
            members[entry.filename] = content
    if b"encryption-data" in members.get("META-INF/manifest.xml", b""):
        raise _build_encryption_error(shown_as)
    return Package(members)


def _build_encryption_error(shown_as: str) -> DataError:
    return refuse(
        "encrypted", shown_as, _("the workbook is protected by a password."),
        _("Remove the password."),
    )  # fmt: skip


def _check_entries(entries: list[zipfile.ZipInfo], shown_as: str) -> None:
    names = [entry.filename for entry in entries]
    if any(entry.flag_bits & 1 for entry in entries):
        raise _build_encryption_error(shown_as)
    if len(set(names)) != len(names) or len(names) > _MAX_PARTS:
        raise refuse(
            "damaged", shown_as, _("the workbook holds two parts of one name, or too many parts."), _SAVE_AS,
        )  # fmt: skip
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise refuse(
            "macro_file", shown_as, _("the workbook holds macros; it is not read."), _SAVE_AS,
        )  # fmt: skip
    unpacked = sum(entry.file_size for entry in entries)
    swollen = [
        entry for entry in entries
        if entry.file_size > _SMALL and entry.file_size > MAX_RATIO * max(1, entry.compress_size)
    ]  # fmt: skip
    packed = sum(entry.compress_size for entry in entries)
    in_all = unpacked > _SMALL_IN_ALL and unpacked > MAX_RATIO * max(1, packed)
    if swollen or in_all or unpacked > MAX_BYTES:
        name = swollen[0].filename if swollen else "—"
        raise refuse(
            "zip_bomb",
            shown_as,
            _(
                "the workbook is out of all measure when unpacked ({unpacked} bytes, part {name}).",
                unpacked=unpacked,
                name=name,
            ),
            _SAVE_AS,
        )


def _check_xml(content: bytes, name: str, shown_as: str) -> None:
    """Refuse document types and entities, and encodings in which they could hide."""
    declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf").lstrip())
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff", b"\0")) or b"\0" in content[:64]
    if wide or (declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"utf8")):
        raise refuse(
            "damaged", shown_as, _("the part {name} is not in UTF-8.", name=name),
            _SAVE_AS,
        )  # fmt: skip
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise refuse(
            "xml_doctype", shown_as,
            _("the part {name} declares a document type (DTD), which is refused.", name=name), _SAVE_AS,
        )  # fmt: skip
