"""Printed formulas of rules, read by their grammar alone and evaluated on a list in exact fractions.

    formula     part " ; " part … [" \\ {conditions}"] [" (− price · distance)"]
    part        [∀ d :  or  ∀ (d, e) ∈ groups :] relation [, name = expression …] [{conditions}]
    groups      {name ; name …}  |  {column_i | i eligible, conditions} [∪ map]
    relation    expression ≤ expression ≤ …  |  relation ⇒ relation

`x_i`, `g_i` and `column_i` are figures of application i; `d` runs over the values of a column. Nothing of the
program is imported: the words of a formula mean what the rule book says of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from support.enumeration.amounts import base_cents
from support.enumeration.measures import MONEY, Measures
from support.enumeration.rows import (
    LISTS,
    UNITS,
    Award,
    Row,
    World,
    cents,
    instant,
    listed,
    matches,
    people,
    rank_key,
    rate,
    value_of,
    values_of,
)
from support.literal.conditions import closing, read_condition, split

Zero = Fraction(0)
SCALES = {"M€": 1_000_000, "k€": 1_000, "€": 1}
NUMBER = re.compile(r"-?\d[\d\u202f]*(?:[./]\d+)?")
NAME = re.compile(r"[^\W\d][\w'.-]*")
RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "≤": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
}


@dataclass
class Reading:
    """What a formula is read on: a decision, its list, the rule as it is written, and what letters stand for."""

    world: World
    measures: Measures
    award: Award
    spec: dict[str, Any]
    queues: dict[str, int] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    letters: dict[str, str] = field(default_factory=dict)
    spread: list[dict[str, str]] = field(default_factory=list)
    heads: dict[str, int] = field(default_factory=dict)
    terms: dict[str, Any] = field(default_factory=dict)

    def on(self, award: Award, spec: dict[str, Any]) -> Reading:
        """The same decision with another list, for a rule."""
        return replace(self, award=award, spec=spec)

    def bind(self, **letters: str) -> Reading:
        return replace(self, letters=self.letters | letters)

    @cached_property
    def fundable(self) -> list[str]:
        """Eligible with a possible amount and not refused, or committed; but for those left out."""
        return [name for name in self.measures.in_play if name not in self.left_out]

    def figure(self, column: str, name: str) -> Any:
        """What stands for `column_i`: a number, a moment, the number of the application."""
        row = self.world.by_name[name]
        if column == "x":
            return Fraction(name in self.award)
        if column == "g":
            return Fraction(self.award.get(name, 0), 100)
        if column == "least":
            return Fraction(self.measures.least(name), 100)
        if column in ("filed_at", "end"):
            moment = instant(row[column])
            return _Moment(moment) if moment or column != self.spec.get("rank") else None
        if column == "dossier":
            return rank_key(row)[2:]
        if column in self.world.scenario.get("measures", {}):
            return self.measures.named(column).alone(name, self.award.get(name, 0))
        return _number(row, column)


class _Moment(str):
    """A moment; one that is not known comes after all others."""

    def __lt__(self, other: str) -> bool:
        return (self == "", str(self)) < (other == "", str(other))

    def __gt__(self, other: str) -> bool:
        return other < self


def _number(row: Row, column: str) -> Fraction | None:
    """A cell as a number; None where it is empty, the whole cost where an eligible cost is."""
    if column == "base":
        return Fraction(base_cents(row) or 0, 100)
    text = people(row) if column == "population" else row[column]
    if column in MONEY:
        return Fraction(cents(text or "0"), 100)
    return Fraction(text) if text else None


# ------------------------------------------------------------------------------------------------ formula


def is_true(formula: str, reading: Reading) -> bool:
    """Whether what a formula says is so."""
    text, *waived = formula.split(" \\ ")
    out = [name for braces in waived for name in _members(braces[1:-1], reading, "i")]
    reading = replace(reading, left_out=frozenset(out))
    text = re.sub(r" \(− [^()]* · (?:distance|pair)\)$", "", text)
    return all(_part_is_true(part, reading) for part in split(text, " ; "))


def _part_is_true(text: str, reading: Reading) -> bool:
    marks, written = [], ""
    if text.startswith("∀ "):
        head, _, text = text[2:].partition(" : ")
        letters, _, written = head.partition(" ∈ ")
        marks = letters.strip("()").split(", ")
    text, domain = _take_domain(text)
    text, *definitions = _definitions(text)
    known = {name: _expand(value) for name, value in (one.split(" = ", 1) for one in definitions)}
    columns = re.findall(r"([\w]+) (?:=|∋) ([a-z])(?=[,}\s]|$)", f"{domain}, {text}")
    by = {mark: column for column, mark in columns if mark in marks}
    spread = [dict(zip(marks, values, strict=True)) for values in _combinations(reading, by, marks, written)]
    reading = replace(reading, terms=known, spread=spread)
    return all(_holds_for(text, domain, reading.bind(**one)) for one in spread)


def _take_domain(text: str) -> tuple[str, str]:
    """The part, and the conditions in its last braces where they follow a relation between applications."""
    if not re.search(r"\bx_[ij] ", text + " ") or not text.endswith("}") or " {" not in text:
        return text, ""
    for place in range(len(text) - 1, -1, -1):
        if (
            text[place] == "{"
            and text[place - 1] == " "
            and text[place - 2] != "="
            and closing(text, place) == len(text) - 1
        ):
            return text[: place - 1], text[place + 1 : -1]
    return text, ""


def _definitions(text: str) -> list[str]:
    """The relation, then each `name = …` after a comma."""
    pieces: list[str] = []
    for part in split(text, ", "):
        if re.match(r"(?:mean|U|rest_i) = ", part) and pieces:
            pieces.append(part)
        elif pieces:
            pieces[-1] += f", {part}"
        else:
            pieces.append(part)
    return pieces


def _expand(text: str) -> str:
    return text.strip()


def _combinations(
    reading: Reading, by: dict[str, str], marks: list[str], written: str
) -> Iterable[tuple[str, ...]]:
    """What the letters of a quantifier stand for: the groups it writes, or those of the rule."""
    if not marks:
        return [()]
    if written and " | i eligible" not in written:
        return [tuple(name.split(" · ")) for name in written[1:-1].split(" ; ")]
    where = reading.spec.get("of" if reading.spec["kind"] == "share" else "where")
    where = {} if where == "all" or written else where
    _, _, more = written.removesuffix(" ∪ map").partition(" | i eligible")
    found: dict[tuple[str, ...], None] = {}
    for name in _members(more[:-1].removeprefix(", "), reading, "i"):
        row = reading.world.by_name[name]
        if name in reading.measures.eligible and matches(row, where, reading.world.under):
            found |= dict.fromkeys(product(*(_values(reading, row, by[mark]) for mark in marks)))
    if written.endswith(" ∪ map"):
        found |= dict.fromkeys((code,) for code in reading.heads)
    return found


def _values(reading: Reading, row: Row, column: str) -> list[str]:
    if column in LISTS:
        return sorted(values_of(row, column))
    value = reading.world.home(row) if column == "envelope" else value_of(row, column)
    return [value] if value else []


def _holds_for(text: str, domain: str, reading: Reading) -> bool:
    """A relation, for all i and j of its domain where it names them freely."""
    free = re.sub(r"Σ(?:\{.*?\})? ?\S+|\|.*\||\{u.*\}", "", text)
    letters = [one for one in "ij" if re.search(rf"_{one}\b", free)]
    if not letters:
        return _relation(text, reading)
    members = _members(domain, reading, "i")
    bound = (
        reading.bind(__domain=domain, **dict(zip(letters, names, strict=True)))
        for names in product(members, repeat=len(letters))
    )
    return all(_relation(part, one) for one in bound for part in split(text, ", "))


def _relation(text: str, reading: Reading) -> bool:
    if " ⇒ " in text:
        first, then = text.split(" ⇒ ")
        return not _relation(first, reading) or _relation(then, reading)
    pieces = _split_relations(text)
    if len(pieces) == 1:
        raise ValueError(f"no relation: {text!r}")
    operands = pieces[::2]
    sums = next((one for one in operands[1:] if "Σ" in one), operands[-1])
    reading = replace(reading, terms=reading.terms | {"demand of": sums})
    if reading.spec["kind"] == "together":
        operands = [one for one in operands if one.removeprefix("x_") not in reading.left_out]
    needs = replace(reading, left_out=frozenset()) if reading.spec["kind"] == "requires" else reading
    values = [_Expression(one, needs if k else reading).value() for k, one in enumerate(operands)]
    if any(value is None or (isinstance(value, tuple) and None in value) for value in values):
        return False  # an empty cell is neither before nor after another
    return all(
        RELATIONS[sign](left, right)
        for left, sign, right in zip(values, pieces[1::2], values[1:], strict=False)
    )


def _split_relations(text: str) -> list[str]:
    pieces, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign in "{[(") - (sign in "}])")
        if depth == 0 and sign in RELATIONS:
            pieces += [text[start:place].strip(), sign]
            start = place + 1
    return [*pieces, text[start:].strip()]


def _members(text: str, reading: Reading, letter: str) -> list[str]:
    """The applications that conditions between braces name, but for those left out."""
    names = [name for name in reading.world.by_name if name not in reading.left_out]
    for part in split(text, ", ") if text else ():
        names = [name for name in names if _fits(part, reading, letter, name)]
    return names


def _fits(part: str, reading: Reading, letter: str, name: str) -> bool:
    row = reading.world.by_name[name]
    if part == "fundable":
        return name in reading.measures.in_play
    if part == "free":
        return name in reading.measures.in_play and not reading.measures.forced(name)
    if group := re.fullmatch(r"(\w+) (=|∋) (\w+)", part):
        column, _, mark = group.groups()
        if mark.isdigit():
            return row[column][:4] == mark  # a day is in its year
        return reading.letters[mark] in _values(reading, row, column)
    if part.startswith("("):
        return _relation(part, reading.bind(**{letter: name}))
    if re.match(r"\w+_[ij] [<>]", part):
        return _relation(part, reading.bind(**{letter: name}))
    column, wanted = read_condition(part)
    return matches(row, {column: wanted}, reading.world.under)


# --------------------------------------------------------------------------------------------- expressions


class _Expression:
    """Sums, products and functions of one side of a relation."""

    def __init__(self, text: str, reading: Reading) -> None:
        self.text, self.reading, self.place = text, reading, 0

    def value(self) -> Any:
        found = self._sum()
        if self.text[self.place :].strip():
            raise ValueError(f"not read: {self.text[self.place :]!r} of {self.text!r}")
        return found

    def first(self) -> Any:
        """The first factor alone: the sum of `Σ{…} g_i / population_d`."""
        return self._factor()

    def _next(self) -> str:
        while self.place < len(self.text) and self.text[self.place] == " ":
            self.place += 1
        return self.text[self.place : self.place + 1]

    def _take(self, mark: str) -> bool:
        self._next()
        if self.text.startswith(mark, self.place):
            self.place += len(mark)
            return True
        return False

    def _sum(self) -> Any:
        total = self._negative()
        while self._next() in ("+", "−"):
            sign = 1 if self.text[self.place] == "+" else -1
            self.place += 1
            total += sign * self._product()
        return total

    def _negative(self) -> Any:
        if not self._take("−"):
            return self._product()
        value = self._product()
        return None if value is None else -value

    def _product(self) -> Any:
        total = self._factor()
        while self._next() in ("·", "/"):
            divides = self.text[self.place] == "/"
            self.place += 1
            more = self._factor()
            total = total / more if divides else total * more
        return total

    def _inside(self) -> str:
        """What stands between the bracket here and the one that closes it."""
        end = closing(self.text, self.place)
        found = self.text[self.place + 1 : end]
        self.place = end + 1
        return found

    def _factor(self) -> Any:
        sign, reading = self._next(), self.reading
        if sign == "Σ":
            self.place += 1
            return self._total()
        if sign == "(":
            inside = split(self._inside(), ", ")
            values = [_Expression(one, reading).value() for one in inside]
            return tuple(values) if len(values) > 1 else values[0]
        if sign == "[":
            return Fraction(_relation(self._inside(), reading))
        if sign == "|":
            end = self.text.index("|", self.place + 1)
            inside, self.place = self.text[self.place + 1 : end], end + 1
            return Fraction(len(_units(inside, reading)))
        if number := NUMBER.match(self.text, self.place):
            self.place = number.end()
            return self._quantity(Fraction(number[0].replace("\u202f", "")))
        return self._named()

    def _quantity(self, number: Fraction) -> Fraction:
        if self._take("%"):
            return number / 100
        for unit, scale in SCALES.items():
            if self._take(unit):
                return number * scale
        return number

    def _named(self) -> Any:
        name = NAME.match(self.text, self.place)
        if name is None:
            raise ValueError(f"not read: {self.text[self.place :]!r} of {self.text!r}")
        word, self.place, reading = name[0], name.end(), self.reading
        if word == "min":
            return min(_Expression(one, reading).value() for one in split(self._inside(), " ; "))
        if word == "amount":
            return _written_amount(reading.world.scenario["programme"], self._inside())
        if word == "population" and self._next() == "(":
            return Fraction(sum(int(UNITS[code]["population"]) for code in _units(self._inside(), reading)))
        if word == "demand":
            return _Expression(reading.terms["demand of"], replace(reading, terms={"reach": True})).first()
        if word in reading.terms:
            return _Expression(reading.terms[word], reading).value()
        column, _, letter = word.rpartition("_")
        if letter in ("d", "e"):
            return self._of_group(column, reading.letters[letter])
        if letter in reading.letters:
            return reading.figure(column, reading.letters[letter])
        column, _, letter = word.partition("_")
        if letter not in reading.world.by_name or column not in ("x", "g"):
            raise ValueError(f"unknown: {word!r} in {self.text!r}")
        return Zero if letter in reading.left_out else reading.figure(column, letter)

    def _of_group(self, column: str, group: str) -> Fraction:
        if column == "population":
            return Fraction(self.reading.heads[group])
        if column == "queue":
            return Fraction(self.reading.queues[group], 100)
        raise ValueError(f"no figure {column!r} of a group")

    def _total(self) -> Fraction:
        """`Σ{conditions} term` over applications, `Σ_d expression` over groups."""
        if self._take("_d"):
            start, total = self.place, Zero
            for letters in self.reading.spread:
                inner = _Expression(self.text, self.reading.bind(**letters))
                inner.place = start
                total += inner._product()
                self.place = inner.place
            return total
        letter = "i"
        inside = self._inside() if self._next() == "{" else ""
        rest = self.text[self.place :].lstrip()
        if re.match(r"\w+_j", rest):
            letter = "j"
            inside = ", ".join(part for part in (self.reading.letters.get("__domain", ""), inside) if part)
        names = _members(inside, self.reading, letter)
        for pattern, measure in COUNTED_ONCE.items():
            if found := re.match(pattern, rest):
                self._skip(found)
                return self._measured(measure or found[1], names)
        if (found := re.match(r"(\w+)_i·x_i", rest)) and found[1] in self.reading.world.scenario["measures"]:
            self._skip(found)
            return self._measured(found[1], names)
        if found := re.match(r"\[x_i ≠ reference_i\]", rest):
            self._skip(found)
            return self.reading.measures.named("changed").value(self.reading.award)
        if found := re.match(r"\(paid_i before end_i − ([\d.]+ %)\)⁺·g_i", rest):
            self._skip(found)
            return sum((self._early(name, rate(found[1])) for name in names), Zero)
        if self.reading.terms.get("reach"):
            return self._reach(rest, names)
        start, total = self.place, Zero
        for name in names or [""]:
            inner = _Expression(
                self.text, self.reading.bind(**{letter: name or next(iter(self.reading.world.by_name))})
            )
            inner.place = start
            worth = inner._product()
            total += worth if name and worth is not None else 0
            self.place = inner.place
        return total

    def _skip(self, found: re.Match[str]) -> None:
        self._next()
        self.place += found.end()

    def _measured(self, measure: str, names: list[str]) -> Fraction:
        if self.reading.terms.get("reach"):
            return self._bring(measure, names)
        return self.reading.measures.named(measure).value(self.reading.award, names)

    def _bring(self, measure: str, names: list[str]) -> Fraction:
        playing = [name for name in names if name in self.reading.measures.in_play]
        return self.reading.measures.reach(self.reading.measures.named(measure), playing)

    def _reach(self, rest: str, names: list[str]) -> Fraction:
        """The most that the applications of a sum could bring, each at its largest grant."""
        found = re.match(r"g_i|x_i|\(cost_i·x_i − g_i\)|(\w+)_i·x_i", rest)
        if found is None:
            raise ValueError(f"no demand of {rest!r}")
        self._skip(found)
        plain = {"g_i": "granted", "x_i": "dossiers", "(cost_i·x_i − g_i)": "leverage"}
        return self._bring(plain.get(found[0]) or found[1], names)

    def _early(self, name: str, most: Fraction) -> Fraction:
        """What is paid above a share before the year in which the project ends."""
        spec, row = self.reading.spec, self.reading.world.by_name[name]
        year = spec["year"]
        if name not in self.reading.award or not row["end"]:
            return Zero
        decided = int(row[year["column"]][:4]) if isinstance(year, dict) else int(year)
        paid = sum(
            (rate(one) for k, one in enumerate(spec["profile"]) if decided + k < int(row["end"][:4])), Zero
        )
        return max(Zero, paid - most) * Fraction(self.reading.award[name], 100)


COUNTED_ONCE = {
    r"\[project: x_i = 1\]": "projects",
    r"\[applicant: x_i = 1\]": "applicants",
    r"population_a·\[applicant a: x_i = 1\]": "population",
}


def _units(text: str, reading: Reading) -> list[str]:
    """The territories of U, or those of them that the applications of `∃ i` reach."""
    where = reading.terms["U"]
    row_of = {code: unit | {"code": code} for code, unit in UNITS.items()}
    inside = [
        code
        for code, unit in row_of.items()
        if matches(unit | {"members": ""}, dict(read_condition(one) for one in split(where[1:-1], ", ")), _nowhere)
    ]  # fmt: skip
    if text == "U":
        return inside
    found = re.fullmatch(r"\{u ∈ U : ∃ i(?: \((.*)\))? : x_i = 1, u (?:=|∈) (\w+)_i(?: or u ∈ (.+))?\}", text)
    if found is None:
        raise ValueError(f"no territories: {text!r}")
    condition, column, already = found.groups()
    reached = {row["code"] for row in reading.world.case["files"][already]} if already else set()
    for name in _members(condition or "", reading, "i"):
        if name in reading.award:
            reached |= set(listed(reading.world.by_name[name][column]))
    return [code for code in inside if code in reached]


def _nowhere(_row: Row, _envelope: str) -> bool:
    return False


def _written_amount(node: dict[str, Any], name: str) -> Fraction:
    stack = [node]
    for one in stack:
        if one["id"] == name:
            return Fraction(cents(one["amount"]), 100)
        stack.extend(one.get("envelopes", ()))
    raise ValueError(f"no envelope {name!r}")
