"""How a file is to be read, where the file alone does not say it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Rounding(StrEnum):
    """What to do with amounts of more than two decimals."""

    REFUSE = "refuse"
    NEAREST = "nearest"


class Duplicates(StrEnum):
    """What to do with a dossier that stands on several rows."""

    REFUSE = "refuse"
    LAST = "last"


class HiddenRows(StrEnum):
    """What to do with rows that a workbook hides."""

    REFUSE = "refuse"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """The `read:` block of a scenario; the default of each refuses rather than guesses.

    Parameters
    ----------
    sheet : the sheet of a workbook
    delimiter : one character, for CSV
    encoding : ``utf-8``, ``cp1252``, ``iso-8859-1`` or ``iso-8859-15``, for CSV
    decimal : ``,`` or ``.``, the mark of decimals in text cells
    rounding : amounts of more than two decimals
    duplicates : dossiers that stand on several rows
    header_row : the row of the headers, the first is 1
    hidden_rows : rows that a workbook hides, by hand or by a filter
    """

    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    rounding: Rounding = Rounding.REFUSE
    duplicates: Duplicates = Duplicates.REFUSE
    header_row: int = 1
    hidden_rows: HiddenRows = HiddenRows.REFUSE

    def __post_init__(self) -> None:
        object.__setattr__(self, "rounding", Rounding(self.rounding))
        object.__setattr__(self, "duplicates", Duplicates(self.duplicates))
        object.__setattr__(self, "hidden_rows", HiddenRows(self.hidden_rows))
        if self.decimal not in (None, ",", "."):
            raise ValueError(f"decimal must be ',' or '.', not {self.decimal!r}")
        if self.header_row < 1:
            raise ValueError(f"header_row counts from 1, not {self.header_row}")
