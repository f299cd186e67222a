"""Values that answers hold: names, gains, money, moves and evidence. Each is a cell that writes itself.

`KEYS` lists what a document says of a value, with its types: `documents.spread` puts these keys in the place of
the value's field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import ClassVar, override

from tnt_sim.documents import DecimalText, format_fraction
from tnt_sim.i18n.language import Output
from tnt_sim.i18n.message import Bilingual, Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_amount, format_decimal, format_price_per_euro, format_significant
from tnt_sim.i18n.parameters import Items, Listed
from tnt_sim.rules.expressions.column_text import COLUMN, describe_bare_column, remove_article
from tnt_sim.rules.expressions.text import MEASURE

type Keys = Mapping[str, object]

GOALS: Mapping[str, Text] = MappingProxyType(
    {
        "granted": _("amount granted"),
        "dossiers": _("number of applications funded"),
        "projects": _("number of projects funded"),
    }
)
"""Words of measures that are no columns."""
_COUNTED: Mapping[str, tuple[Text, Text]] = MappingProxyType(
    {
        "dossiers": (_("application"), _("applications")),
        "projects": (_("project"), _("projects")),
        "applicants": (_("applicant"), _("applicants")),
    }
)
"""Words for one and for several, of goals that count."""


class Proof(StrEnum):
    """Support of a status: exact proof, agreement of two solvers, or a bound only."""

    PROVED = "PROVED"
    CROSS_CHECKED = "CROSS_CHECKED"
    FEASIBLE_GAP = "FEASIBLE_GAP"


PROOF: Mapping[str, Text] = MappingProxyType(
    {
        "PROVED": _("proven"),
        "CROSS_CHECKED": _("confirmed by a second solver"),
        "FEASIBLE_GAP": _("not proven"),
    }
)


def describe_goal(goal: str, title: str | None = None) -> Text:
    """Return the title of a goal's measure, or the words of the goal itself."""
    return Bilingual(title, title) if title else GOALS.get(goal) or describe_bare_column(goal)


def label_goal(goal: str, title: str | None = None) -> Text:
    """Return a goal in few words; a measure of the scenario without a title keeps its name."""
    if title or goal in GOALS or goal in COLUMN:
        return describe_goal(goal, title)
    return remove_article(MEASURE[goal]) if goal in MEASURE else Bilingual(goal, goal)


def format_signed(value: Fraction, lang: Lang) -> str:
    """Write a figure with its sign: "+12,5"."""
    text = format_decimal(format_fraction(value), lang)
    return text if text.startswith(("-", "\u2212")) else f"+{text}"


@dataclass(frozen=True, slots=True)
class Named(Text):
    """A name of the scenario: a page has its title, a terminal and a sheet the id that an option takes.

    A page has the id of an application too, before its title: `with_id`.
    """

    KEYS: ClassVar[Keys] = MappingProxyType({"id": str, "title": str | None})
    id: str
    title: str | None = None
    with_id: bool = False

    @override
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        if output is not Output.PAGE or not self.title:
            return self.id
        return f"{self.id} {self.title}" if self.with_id else self.title


@dataclass(frozen=True, slots=True)
class Gain(Text):
    """Change of a goal, exact or an interval: « +21 (score) », "≥ +3 applications", "+3 to +5".

    Parameters
    ----------
    goal, title : the goal and the title of its measure; None where no goal changes
    change, change_upto : the change, and a bound on it; None where none is known
    """

    KEYS: ClassVar[Keys] = MappingProxyType(
        {"goal": str | None, "value": DecimalText, "change": DecimalText, "change_upto": DecimalText | None}
    )
    goal: str | None
    change: Fraction
    change_upto: Fraction | None
    title: str | None = None

    @property
    def value(self) -> Fraction:
        """The absolute change."""
        return abs(self.change)

    @override
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        if self.goal is None:
            return "0"
        words = f"{format_signed(self.change, lang)} {self._write_goal(lang, output)}"
        if self.change_upto is None or self.change_upto == self.change:
            return words if self.change_upto is not None else f"≥ {words}"
        most = format_signed(self.change_upto, lang)
        return _("{result} to {most}", result=words, most=most).in_(lang)

    def _write_goal(self, lang: Lang, output: Output) -> str:
        """Write what is counted, or the goal in parentheses unless it is a name of the scenario."""
        goal = self.goal or ""
        if self.title and output is Output.PAGE:
            return f"({self.title})"
        if goal in _COUNTED:
            return _COUNTED[goal][self.value != 1].in_(lang)
        label = label_goal(goal).in_(lang)
        return label if label == goal else f"({label})"


@dataclass(frozen=True, slots=True)
class MoneyRange(Text):
    """An amount known to the cent, or a lower bound of it; neither where no amount would do."""

    KEYS: ClassVar[Keys] = MappingProxyType({"cents": int | None, "from_cents": int | None})
    cents: int | None
    from_cents: int | None

    @override
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        if self.cents is not None:
            return format_amount(self.cents, lang)
        if self.from_cents is None:
            return _("no amount").in_(lang)
        return f"≥ {format_amount(self.from_cents, lang)}" if self.from_cents else "–"

    @override
    def number(self) -> float | None:
        return None if self.cents is None else self.cents / 100


@dataclass(frozen=True, slots=True)
class Interval(Text):
    """A number, or the bounds between which it lies: euros, or a plain number where the unit is another one.

    Parameters
    ----------
    low, high : the bounds; None where one is unknown
    """

    KEYS: ClassVar[Keys] = MappingProxyType(
        {
            "unit": str,
            "low": DecimalText | None,
            "high": DecimalText | None,
            "low_cents": int | None,
            "exact": bool,
        }
    )
    low: Fraction | None = None
    high: Fraction | None = None
    unit: str = "€"

    @classmethod
    def of_cents(cls, low: int | None, high: int | None) -> Interval:
        """Return an amount known between two amounts in cents."""
        euros = [None if cents is None else Fraction(cents, 100) for cents in (low, high)]
        return cls(euros[0], euros[1])

    @property
    def exact(self) -> bool:
        """Whether it is known exactly."""
        return self.low is not None and self.low == self.high

    @property
    def is_empty(self) -> bool:
        """Whether neither bound is known."""
        return self.low is None and self.high is None

    @property
    def low_cents(self) -> int | None:
        """The lower bound in cents; None where it is no money."""
        return int(self.low * 100) if self.low is not None and self.unit == "€" else None

    @override
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        low, high = (
            None if bound is None else self._write_bound(bound, lang) for bound in (self.low, self.high)
        )
        if low is None:
            return "–" if high is None else f"≤ {high}"
        if high is None:
            return f"≥ {low}"
        return low if self.exact else _("between {least} and {most}", least=low, most=high).in_(lang)

    def _write_bound(self, bound: Fraction, lang: Lang) -> str:
        if self.unit == "€":
            return format_amount(round(bound * 100), lang)
        return format_decimal(format_fraction(bound), lang)


@dataclass(frozen=True, slots=True)
class DualValue(Text):
    """The dual value per unit of a step, in the unit of the first goal; None where it is unknown."""

    KEYS: ClassVar[Keys] = MappingProxyType({"text": str | None})
    price: float | None
    unit: str

    @property
    def text(self) -> str | None:
        """Six significant digits of it."""
        return None if self.price is None else f"{self.price:.6g}"

    @override
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        if self.text is None:
            return "–"
        price = Fraction(self.text)
        return format_price_per_euro(price, lang) if self.unit == "€" else format_significant(price, lang)


@dataclass(frozen=True, slots=True)
class Moves(Text):
    """Applications that enter and leave from one allocation to another, and whose grant rises or falls."""

    KEYS: ClassVar[Keys] = MappingProxyType(dict.fromkeys(("enter", "leave", "more", "less"), Sequence[str]))
    enter: Sequence[str] = ()
    leave: Sequence[str] = ()
    more: Sequence[str] = ()
    less: Sequence[str] = ()

    @override
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        pieces: list[Text] = []
        if self.enter:
            pieces.append(_("in: {names}", names=Listed(self.enter, 6)))
        if self.leave:
            pieces.append(_("out: {names}", names=Listed(self.leave, 6)))
        if changed := len(self.more) + len(self.less):
            pieces.append(_n("{n} amount changed", "{n} amounts changed", n=changed))
        return Items(pieces, ";").in_(lang) or _("the same list").in_(lang)


@dataclass(frozen=True, slots=True)
class Support(Text):
    """Evidence of a value: a certificate, a second solver, one solver alone, or a dash without any."""

    KEYS: ClassVar[Keys] = MappingProxyType({"proof": Proof | None})
    proof: str | None

    @override
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        return PROOF[self.proof].in_(lang) if self.proof else "–"
