"""Search for the actual mistake behind a syntax error that the YAML scanner reports.

The scanner stops where it can read no further, often lines below the mistake: an unclosed quote swallows
what follows. Only a text that could not be read is examined. Its lines up to the error are scanned once, as
values in blocks, lists and braces, and the first inconsistency is reported with its own line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tnt_sim.domain.field_types import quote_value
from tnt_sim.i18n.message import Text, _, _n

_BREAK = re.compile(r"\r?\n")
_MARKS = re.compile(r"\s*(?:[-?] +)*")
_SPACE = re.compile(r"\s*")
_PLAIN = re.compile(r"(?:(?!:(?:\s|$)|\s#).)+")
_PLAIN_IN_BRACES = re.compile(r"(?:(?!:(?:\s|$)|\s#|[,\[\]{}]).)+")
_AFTER = re.compile(r"\s*(?:$|\s#|[,\]}]|:(?:\s|$))")
_KEY = re.compile(r"\s*(?:- +)*[\w.-]+:(?:\s|$)")
_BLOCK_TEXT = re.compile(r"(?:^|\s)[|>][+-]?\d?[+-]?\s*(?:#.*)?$")
_NO_SPACE = re.compile(r"\s*(?:- +)*([A-Za-z_][\w-]*):([^\s/:].*)")
_NO_SPACE_DASH = re.compile(r"\s*-([A-Za-z_][\w-]*: )")
_CLOSING = {"'": re.compile(r"(?:[^']|'')*(')(?!')"), '"': re.compile(r"(?:[^\"\\]|\\.)*(\")")}
_INDENT = re.compile(r" *")
_OTHER_SPACE = re.compile("( *|[ ]*(?:- +)*[\\w.-]+:|[ ]*-)([\u00a0\u2007\u2009\u202f])")


@dataclass(frozen=True, slots=True)
class Slip:
    """A mistake: what is wrong, what to do, and line and column from 1."""

    text: Text
    hint: Text
    line: int
    column: int


def find_slip(text: str, words: str, problem: tuple[int, int], context: int | None) -> Slip | None:
    """Return the mistake behind a syntax error, or None.

    Parameters
    ----------
    text : the whole YAML text
    words : message of the scanner
    problem : line and column, from 0, where the scanner stopped
    context : line, from 0, where the value that it was reading began
    """
    lines = _BREAK.split(text)
    last = min(problem[0], len(lines) - 1)
    return (
        _LineScanner(lines, last).find_quote_slip()
        or _find_other_space(lines, last)
        or _find_missing_dash(lines, words, last)
        or _find_missing_space(lines, words, last, context)
        or _find_missing_colon(lines, words, context)
        or _find_brace_slip(lines, words, problem, context)
        or _find_deep_indent(lines, last, words)
        or _find_second_colon(lines, words, problem)
    )


@dataclass
class _LineScanner:
    """One scan of the values in the lines up to the error."""

    lines: Sequence[str]
    last: int
    row: int = 0
    column: int = 0
    depth: int = field(default=0)

    def find_quote_slip(self) -> Slip | None:
        """Return the first quote that is not closed, or is closed too early."""
        while self.row <= self.last:
            text = self.lines[self.row]
            if self.column == 0 and self.depth == 0 and self._skip_block_text(text):
                continue
            start = (_SPACE if self.depth else _MARKS).match(text, self.column)
            self.column = start.end() if start else self.column
            mark = text[self.column : self.column + 1]
            if not mark or mark == "#":
                self._advance_line()
            elif mark in _CLOSING:
                found = self._skip_quoted(text, mark)
                if found is not None:
                    return found
            elif mark in "[{":
                self._move(1)
            elif mark in "]}":
                self._move(-1)
            elif mark == ":" or (mark == "," and self.depth):
                self.column += 1
            else:
                plain = (_PLAIN_IN_BRACES if self.depth else _PLAIN).match(text, self.column)
                self.column = max(plain.end() if plain else 0, self.column + 1)
        return None

    def _move(self, step: int) -> None:
        self.depth, self.column = max(0, self.depth + step), self.column + 1

    def _advance_line(self) -> None:
        self.row, self.column = self.row + 1, 0

    def _skip_block_text(self, text: str) -> bool:
        """Skip a text after `|` or `>` with the line that opens it; return whether there was one."""
        if not _BLOCK_TEXT.search(text):
            return False
        indent = _count_indent(text)
        self._advance_line()
        while self.row < len(self.lines) and (
            not self.lines[self.row].strip() or _count_indent(self.lines[self.row]) > indent
        ):
            self._advance_line()
        return True

    def _skip_quoted(self, text: str, mark: str) -> Slip | None:
        """Skip a quoted value; return what is wrong with it, if anything."""
        row, column = self.row, self.column
        closing = _CLOSING[mark].match(text, column + 1)
        if closing is not None:
            self.column = closing.end()
            if _AFTER.match(text, self.column) is None and row == self.last:
                return _build_early_end_slip(mark, text, row, self.column)
            return None
        end = self._find_end(mark, row)
        if end is None:
            return _build_unclosed_slip(mark, row, column)
        self.row, self.column = end
        return None

    def _find_end(self, mark: str, row: int) -> tuple[int, int] | None:
        """Return where a value of several lines ends; None where it runs into other keys or other text."""
        for k in range(row + 1, len(self.lines)):
            text = self.lines[k]
            if _KEY.match(text):
                return None
            closing = _CLOSING[mark].match(text)
            if closing is not None:
                return (k, closing.end()) if _AFTER.match(text, closing.end()) else None
        return None


def _build_unclosed_slip(mark: str, row: int, column: int) -> Slip:
    return Slip(
        _("the quote opened here is not closed: a {mark} is missing at the end of the value.", mark=mark),
        _("Add {mark} at the end of the value, on the same line.", mark=mark),
        row + 1,
        column + 1,
    )


def _build_early_end_slip(mark: str, text: str, row: int, column: int) -> Slip:
    rest = quote_value(text[column:].strip())
    if mark == "'":
        hint = _("Double the apostrophe in the text (''), or put the value in double quotes.")
    else:
        hint = _('Put the whole value in quotes, with "\\" before those of the text.')
    return Slip(
        _("the value in quotes ends before its text does: {rest} follows.", rest=rest),
        hint,
        row + 1,
        column + 1,
    )


def _find_other_space(lines: Sequence[str], last: int) -> Slip | None:
    """Return a no-break space where YAML wants a plain one: in an indentation, after a key or a dash."""
    for row in range(max(0, last - 3), last + 1):
        space = _OTHER_SPACE.match(lines[row])
        if space is not None:
            return Slip(
                _("this is a no-break space, and YAML needs a plain space here."),
                _("Delete it and press the space bar; copies from Word or from a mail bring such spaces."),
                row + 1,
                space.start(2) + 1,
            )
    return None


def _find_missing_dash(lines: Sequence[str], words: str, last: int) -> Slip | None:
    """Return the first entry of a list without its dash, where the entry that starts on the line has one."""
    if "expected <block end>" not in words or not lines[last].lstrip(" ").startswith("- "):
        return None
    dashed, first = _count_indent(lines[last]), None
    for row in range(last - 1, -1, -1):
        if not lines[row].strip() or lines[row].lstrip().startswith("#"):
            continue
        if _count_indent(lines[row]) <= dashed:
            break
        first = row
    if first is None or not _KEY.match(lines[first]) or lines[first].lstrip(" ").startswith("- "):
        return None
    entry = quote_value(lines[first].strip())
    return Slip(
        _('a dash is missing before "{entry}", the first line of a list.', entry=entry),
        _('Write "- {entry}", with its dash right above that of line {line}.', entry=entry, line=last + 1),
        first + 1,
        _count_indent(lines[first]) + 1,
    )


def _find_missing_space(lines: Sequence[str], words: str, last: int, context: int | None) -> Slip | None:
    """Return a missing space after the colon of a key or after a dash, on the line or those before."""
    if not re.search(
        "could not find expected ':'|mapping values are not allowed|expected <block end>", words
    ):
        return None
    first = last - 1 if context is None else min(context, last - 1)
    for row in range(max(0, first, last - 3), last + 1):
        key = _NO_SPACE.fullmatch(lines[row])
        if key is not None and ": " not in key[2]:
            return _build_space_slip(key[1], key[2], row + 1, key.end(1) + 2)
        dash = _NO_SPACE_DASH.match(lines[row])
        if dash is not None:
            return Slip(
                _('a space is missing after the dash of "-{dash}".', dash=dash[1].strip()),
                _('Write "- {dash}".', dash=dash[1].strip()),
                row + 1,
                dash.start(1) + 1,
            )
    return None


def find_missing_space_in_key(key: str) -> Slip | None:
    """Return the mistake of a key between braces that contains its value: `{id:p}`."""
    found = _NO_SPACE.fullmatch(key)
    return None if found is None else _build_space_slip(found[1], found[2], 1, 1)


def _find_missing_colon(lines: Sequence[str], words: str, context: int | None) -> Slip | None:
    """Return the mistake of a line that begins like a key and has no colon."""
    if context is None or "could not find expected ':'" not in words or ":" in lines[context]:
        return None
    start = _MARKS.match(lines[context])
    column = 0 if start is None else start.end()
    name = quote_value((lines[context][column:].split() or [""])[0])
    return Slip(
        _('the ":" after "{name}" is missing.', name=name),
        _('Write "key: value".'),
        context + 1,
        column + 1,
    )


def _build_space_slip(key: str, value: str, row: int, column: int) -> Slip:
    """Return the mistake `key:value`, where YAML requires a space after the colon."""
    rest = quote_value(value.strip())
    return Slip(
        _('a space is missing after "{key}:".', key=key),
        _('Write "{key}: {rest}".', key=key, rest=rest),
        row,
        column,
    )


_PAIR = {"{": "}", "[": "]"}


def _find_brace_slip(
    lines: Sequence[str], words: str, problem: tuple[int, int], context: int | None
) -> Slip | None:
    """Return a brace or a bracket that is not closed, or one too many."""
    extra = re.search(r"expected <block end>, but found '([\]}])'|found '([\]}])'$", words)
    if extra is not None and "flow" not in words:
        mark = extra[1] or extra[2]
        return Slip(
            _('"{mark}" too many: nothing opens it.', mark=mark),
            _('Take "{mark}" out, or open it earlier.', mark=mark),
            problem[0] + 1,
            problem[1] + 1,
        )
    if context is None or context >= problem[0] or "flow" not in words:
        return None
    opened = _find_unclosed_mark(lines[: problem[0]], context)
    if opened is None:
        return None
    column, mark = opened
    return Slip(
        _('"{mark}" is opened on this line and not closed.', mark=mark),
        _('Add "{pair}" at the end of its content.', pair=_PAIR[mark]),
        context + 1,
        column + 1,
    )


def _find_unclosed_mark(lines: Sequence[str], row: int) -> tuple[int, str] | None:
    """Return the last opening mark of a line that neither this line nor those below close."""
    stack: list[tuple[int, int, str]] = []
    for k in range(row, len(lines)):
        for column, mark in enumerate(re.sub(r"\"[^\"]*\"|'[^']*'", lambda m: "x" * len(m[0]), lines[k])):
            if mark in _PAIR:
                stack.append((k, column, mark))
            elif mark in _PAIR.values() and stack:
                stack.pop()
    mine = [(column, mark) for k, column, mark in stack if k == row]
    return mine[-1] if mine else None


def _find_deep_indent(lines: Sequence[str], last: int, words: str) -> Slip | None:
    """Return a key indented deeper than the key before it, whose value it seems to continue."""
    if "mapping values are not allowed" not in words or last == 0 or not _KEY.match(lines[last]):
        return None
    above = next((row for row in range(last - 1, -1, -1) if lines[row].strip()), None)
    if above is None or not _KEY.match(lines[above]):
        return None
    here, before = _count_indent(lines[last]), _count_indent(lines[above])
    if here <= before:
        return None
    return Slip(
        _n(
            "this line is indented by {n} space under line {above}, whose value is already written.",
            "this line is indented by {n} spaces under line {above}, whose value is already written.",
            n=here - before,
            above=above + 1,
        ),
        _("Give both the same indentation."),
        last + 1,
        here + 1,
    )


def _find_second_colon(lines: Sequence[str], words: str, problem: tuple[int, int]) -> Slip | None:
    """Return a second colon in an unquoted value."""
    row, column = problem
    if row >= len(lines) or lines[row][column : column + 1] != ":":
        return None
    if "mapping values are not allowed" not in words and "but got ':'" not in words:
        return None
    before = re.findall(r"(?:^|[{,\[\s])([\w.-]+): +([^,{}\[\]]*)$", lines[row][:column])
    if not before:
        return None
    key, value = before[-1]
    rest = re.match(r"[^,{}\]]*" if "flow" in words else r".*", lines[row][column:])
    whole = quote_value(f"{value}{rest[0] if rest else ':'}".strip())
    return Slip(
        _('the value of "{key}" holds ":" and is not in quotes.', key=key),
        _('Write {key}: "{whole}".', key=key, whole=whole),
        row + 1,
        column + 1,
    )


def _count_indent(text: str) -> int:
    found = _INDENT.match(text)
    return 0 if found is None else found.end()
