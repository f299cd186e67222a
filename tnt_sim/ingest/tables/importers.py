"""Importers of dossier tables by suffix, built in or of other packages.

Another package registers an importer as an entry point of the group `tnt_sim.importers`, under its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from tnt_sim.extensions import build_extension_error, find_extensions, load_extension
from tnt_sim.i18n.message import _
from tnt_sim.ingest.tables.csv_files import read_csv
from tnt_sim.ingest.tables.raw_table import RawTable, ReadOptions
from tnt_sim.ingest.tables.zip_packages import refuse

GROUP = "tnt_sim.importers"
"""The group of entry points under which other packages register theirs."""
PABULIB_SUFFIX = ".pb"
"""Suffix of files of participatory budgets, which hold applications and a scenario."""


@dataclass(frozen=True, slots=True)
class Importer:
    """A format of dossier tables that is read.

    Attributes
    ----------
    name : name of the format
    suffixes : suffixes of its files, in lower case, such as `.csv`
    read : returns the cells of a file from its bytes, its path as messages show it, and the options of reading;
    raises DataError with every defect
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[bytes, str, ReadOptions], RawTable]


def _read_text_file(data: bytes, shown_as: str, read: ReadOptions) -> RawTable:
    if data.startswith((b"PK\x03\x04", b"PAR1")):
        real = ".parquet" if data.startswith(b"PAR1") else ".xlsx"
        raise refuse(
            "unknown_format", shown_as, _("this is not a text file, whatever its name says."),
            _("Give it its true suffix ({real}?).", real=real),
        )  # fmt: skip
    return read_csv(data, shown_as, read)


def _read_workbook(data: bytes, shown_as: str, read: ReadOptions) -> RawTable:
    from tnt_sim.ingest.tables.workbooks import read_workbook

    return read_workbook(data, shown_as, read)


def _read_parquet(data: bytes, shown_as: str, _read: ReadOptions) -> RawTable:
    from tnt_sim.ingest.tables.parquet import read_parquet

    return read_parquet(data, shown_as)


def _read_pabulib(data: bytes, shown_as: str, _read: ReadOptions) -> RawTable:
    from tnt_sim.ingest.tables.pabulib import build_table, read_pb

    return build_table(read_pb(data, shown_as))


BUILT_IN = (
    Importer("csv", (".csv", ".txt", ".tsv"), _read_text_file),
    Importer("workbook", (".xlsx", ".ods"), _read_workbook),
    Importer("parquet", (".parquet",), _read_parquet),
    Importer("pabulib", (PABULIB_SUFFIX,), _read_pabulib),
)
RESERVED = (".json", ".xls", ".xlt", ".xlsm", ".xlsb", ".xltm", ".xlam")
"""Suffixes that no package may take: `import` reads .json itself, and refuses old workbooks and macros."""


@cache
def load_importers() -> Mapping[str, Importer]:
    """Return every importer by suffix: the built-in ones, then those of other packages by name.

    Raises
    ------
    UsageError
        If an importer of another package cannot be loaded, or takes a name or a suffix of another one.
    """
    by_suffix = {suffix: importer for importer in BUILT_IN for suffix in importer.suffixes}
    for entry in find_extensions(GROUP, [importer.name for importer in BUILT_IN]).values():
        importer = load_extension(entry, Importer)
        for suffix in importer.suffixes:
            if suffix in by_suffix or suffix in RESERVED:
                reason = _("{suffix} files are read already", suffix=suffix)
                raise build_extension_error(entry, reason)
            if suffix[:1] != "." or suffix != suffix.lower():
                reason = _('"{suffix}" is not a suffix in lower case, such as .csv', suffix=suffix)
                raise build_extension_error(entry, reason)
            by_suffix[suffix] = importer
    return MappingProxyType(by_suffix)


def list_added_suffixes() -> tuple[str, ...]:
    """List the suffixes that other packages add, in the order of their names."""
    return tuple(suffix for suffix, importer in load_importers().items() if importer not in BUILT_IN)
