"""The shape of a CSV text: where records end, how many cells each has, where quotes go wrong.

Polars fills short rows and may accept stray quotes; a decision must not rest on a shifted row, so the
shape is counted first, on bytes, by whole blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_BLOCK = 1 << 24
_QUOTE, _NEWLINE, _RETURN = 0x22, 0x0A, 0x0D


@dataclass(frozen=True, slots=True)
class QuoteFault:
    """A quote where none can stand, or one that is never closed."""

    at: int
    """Byte offset of the quote."""
    kind: str
    """``unclosed``, ``inside`` (in an unquoted cell) or ``after`` (text after the closing quote)."""


@dataclass(frozen=True, eq=False)
class Shape:
    """The records of a CSV text.

    Parameters
    ----------
    starts, ends : int64 (n_records,), byte offsets; the end is that of the line feed or of the text
    n_cells : int64 (n_records,)
    fault : the first quote that breaks the shape; nothing after it can be trusted
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    n_cells: npt.NDArray[np.int64]
    fault: QuoteFault | None

    def blank(self, data: bytes) -> npt.NDArray[np.bool_]:
        """Which records are empty lines."""
        lengths = self.ends - self.starts
        single = np.flatnonzero(lengths == 1)
        result: npt.NDArray[np.bool_] = lengths == 0
        result[single] = np.frombuffer(data, np.uint8)[self.starts[single]] == _RETURN
        return result


def shape_of(data: bytes, delimiter: str) -> Shape:
    """Count the records and cells of a UTF-8 text without byte order mark."""
    values = np.frombuffer(data, np.uint8)
    mark = ord(delimiter)
    quotes_before = marks_before = 0
    ends: list[npt.NDArray[np.int64]] = []
    counts: list[npt.NDArray[np.int64]] = []
    fault: QuoteFault | None = None
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        quotes = np.flatnonzero(block == _QUOTE)
        if fault is None and quotes.size:
            fault = _quote_fault(values, quotes + start, quotes_before, mark)
        lines = _outside(np.flatnonzero(block == _NEWLINE), quotes, quotes_before)
        marks = _outside(np.flatnonzero(block == mark), quotes, quotes_before)
        ends.append(lines + start)
        counts.append(np.searchsorted(marks, lines) + marks_before)
        quotes_before += quotes.size
        marks_before += marks.size
    all_ends, cumulated = np.concatenate(ends or [_none()]), np.concatenate(counts or [_none()])
    if len(values) and (all_ends.size == 0 or all_ends[-1] != len(values) - 1):
        all_ends, cumulated = np.append(all_ends, len(values)), np.append(cumulated, marks_before)
    if fault is None and quotes_before % 2:
        fault = QuoteFault(_last_opening(data), "unclosed")
    starts = np.concatenate([np.zeros(min(1, all_ends.size), np.int64), all_ends[:-1] + 1])
    return Shape(starts, all_ends, np.diff(cumulated, prepend=0) + 1, fault)


def _none() -> npt.NDArray[np.int64]:
    return np.zeros(0, np.int64)


def _outside(
    positions: npt.NDArray[np.int64], quotes: npt.NDArray[np.int64], before: int
) -> npt.NDArray[np.int64]:
    """The positions that no open quote covers."""
    if not quotes.size:
        return positions if before % 2 == 0 else _none()
    outside: npt.NDArray[np.int64] = positions[(np.searchsorted(quotes, positions) + before) % 2 == 0]
    return outside


def _quote_fault(
    values: npt.NDArray[np.uint8], quotes: npt.NDArray[np.int64], before: int, mark: int
) -> QuoteFault | None:
    """The first quote of a block that neither opens nor closes a cell nor is doubled."""
    opening = (np.arange(quotes.size) + before) % 2 == 0
    previous = values[np.maximum(quotes - 1, 0)]
    following = values[np.minimum(quotes + 1, len(values) - 1)]
    opens_well = (quotes == 0) | np.isin(previous, (mark, _NEWLINE, _QUOTE))
    closes_well = (quotes == len(values) - 1) | np.isin(following, (mark, _NEWLINE, _RETURN, _QUOTE))
    bad = np.flatnonzero(np.where(opening, ~opens_well, ~closes_well))
    if not bad.size:
        return None
    first = int(bad[0])
    return QuoteFault(int(quotes[first]), "inside" if opening[first] else "after")


def _last_opening(data: bytes) -> int:
    """The quote that opens the last cell, of a text with an odd number of well-placed quotes."""
    at = len(data)
    while True:
        at = data.rfind(b'"', 0, at)
        run = at
        while run > 0 and data[run - 1] == _QUOTE:
            run -= 1
        if (at - run) % 2 == 0:
            return run
        at = run
