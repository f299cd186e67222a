"""Where a written sheet differs from the run: dossier, line, what the sheet says and what the run gives."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import unescape

from tnt_sim.errors import Defect, Place
from tnt_sim.i18n.message import Text, _
from tnt_sim.verify.document import SHEET

MOST_LINES = 3
"""Lines of one file that are listed; one is enough to refuse it."""
_MOST_COMPARED = 2_000
_LONGEST = 300
_LABEL = re.compile(r"<dt>(.*?)</dt>")
_ORIGIN = re.compile(r"<small>(.*?)</small>")
_TAG = re.compile(r"<[^>]*>")
_HEADING = re.compile(r"^<h[12]>(.*?)(?: – .*)?</h[12]>$")


@dataclass(frozen=True, slots=True)
class LineDifference:
    """A line of a file that is not what the run gives; "" where one of both has no such line.

    Attributes
    ----------
    number : of the line in the file, from 1
    dossier : the dossier whose sheet it stands in, "" outside of sheets
    label : what the line is called, "" for a line without a label
    says, gives : its words in the file, and those of the run
    """

    number: int
    dossier: str
    label: str
    says: str
    gives: str

    def build_defect(self, file: str, dossier: str | None) -> Defect:
        """Return it as a defect of a file that is about a dossier, or about all of them."""
        place = Place(file=file, line=self.number, dossier=dossier or self.dossier or None)
        return Defect(SHEET, self._describe(), (place,))

    def _describe(self) -> Text:
        if not self.gives:
            return _('the sheet says "{says}", and the run gives no such line.', says=self.says)
        if not self.says:
            return _('the line "{gives}" of the run is missing.', gives=self.gives)
        if self.label:
            return _(
                '{label}: the sheet says "{says}", the run gives "{gives}".',
                label=self.label,
                says=self.says,
                gives=self.gives,
            )
        return _('the sheet says "{says}", the run gives "{gives}".', says=self.says, gives=self.gives)


def list_differences(written: bytes, expected: bytes) -> list[LineDifference]:
    """Return the first lines in which a file differs from what the run gives; none for equal bytes.

    >>> [(d.label, d.says, d.gives) for d in list_differences(b"<dt>A</dt><dd>2</dd>", b"<dt>A</dt><dd>3</dd>")]
    [('A', '2', '3')]
    """
    if written == expected:
        return []
    ours = written.decode("utf-8", "backslashreplace").split("\n")
    wanted = expected.decode("utf-8").split("\n")
    pairs = _match_lines(ours, wanted)
    found = [_compare_lines(ours, wanted, *pair) for pair in pairs]
    return found[:MOST_LINES]


def _match_lines(ours: Sequence[str], wanted: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """Return the pairs of lines that differ, by their numbers; None where one of both has none."""
    start = 0
    while start < min(len(ours), len(wanted)) and ours[start] == wanted[start]:
        start += 1
    end = 0
    while end < min(len(ours), len(wanted)) - start and ours[-1 - end] == wanted[-1 - end]:
        end += 1
    left, right = range(start, len(ours) - end), range(start, len(wanted) - end)
    if max(len(left), len(right)) > _MOST_COMPARED:
        return [(start, start)]
    matcher = SequenceMatcher(None, ours[left.start : left.stop], wanted[right.start : right.stop], False)
    pairs: list[tuple[int | None, int | None]] = []
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag != "equal":
            pairs.extend(_align_ranges(range(start + i, start + j), range(start + k, start + m)))
    return pairs


def _align_ranges(left: range, right: range) -> Iterator[tuple[int | None, int | None]]:
    for k in range(max(len(left), len(right))):
        yield (left[k] if k < len(left) else None), (right[k] if k < len(right) else None)


def _compare_lines(
    ours: Sequence[str], wanted: Sequence[str], own: int | None, other: int | None
) -> LineDifference:
    left = "" if own is None or own >= len(ours) else ours[own]
    right = "" if other is None or other >= len(wanted) else wanted[other]
    label = next((match[1] for line in (right, left) if (match := _LABEL.search(line))), "")
    says, gives = _read_words(left), _read_words(right)
    if says == gives:
        says, gives = left.strip(), right.strip()
    if _simplify(says) == _simplify(gives):
        says, gives = _escape_unseen(says), _escape_unseen(gives)
    number = (own if own is not None else min(other or 0, len(ours) - 1)) + 1
    dossier = _find_dossier(wanted, other if other is not None else min(own or 0, len(wanted) - 1))
    return LineDifference(number, dossier, unescape(_TAG.sub("", label)), *_shorten_around(says, gives))


def _read_words(markup: str) -> str:
    """Return the words of a line of a page, without its label; its origin stands in parentheses."""
    plain = _ORIGIN.sub(r" (\1)", _LABEL.sub("", markup))
    return unescape(_TAG.sub("", plain)).strip()


def _simplify(text: str) -> str:
    """Return a text without what a reader does not see: spaces alike, no format characters."""
    visible = (c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return " ".join("".join(visible).split())


def _escape_unseen(text: str) -> str:
    """Return a text with the code points of what a reader does not see."""
    return "".join(
        c if c == " " or (c.isascii() and c.isprintable()) or c.isalnum() else f"⟨U+{ord(c):04X}⟩"
        for c in text
    )


def _shorten_around(says: str, gives: str) -> tuple[str, str]:
    """Return both texts around the place where they begin to differ, if they are long."""
    if max(len(says), len(gives)) <= _LONGEST:
        return says, gives
    at = next(
        (k for k, (a, b) in enumerate(zip(says, gives, strict=False)) if a != b), min(len(says), len(gives))
    )
    start = max(0, at - _LONGEST // 3)
    return tuple(  # type: ignore[return-value]
        ("…" if start else "")
        + text[start : start + _LONGEST]
        + ("…" if len(text) > start + _LONGEST else "")
        for text in (says, gives)
    )


def _find_dossier(lines: Sequence[str], at: int) -> str:
    """Return the dossier whose sheet a line of the run's page stands in."""
    for k in range(min(at, len(lines) - 1), -1, -1):
        match = _HEADING.match(lines[k])
        if match and k and lines[k - 1].startswith(('<p class="kind">', "<article")):
            return unescape(match[1])
        if lines[k].startswith(("</article>", "<main")) and k != at:
            return ""
    return ""
