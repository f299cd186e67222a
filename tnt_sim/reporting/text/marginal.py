"""Words of the marginal questions on money, French and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING

from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, Text, _, _p
from tnt_sim.i18n.numbers import (
    format_amount,
    format_integer,
    format_significant,
    localise_currency,
)
from tnt_sim.values.answer_values import Gain

if TYPE_CHECKING:  # every command that prints a run loads these words, none but `sweep` the analysis
    from tnt_sim.analysis.marginal.document import EntryThresholdRow, EntryThresholdsDocument

TITLES: Mapping[str, Text] = MappingProxyType(
    {
        "next": _("what the next euro is worth"),
        "entries": _("entry envelopes of the applications"),
        "target": _("the smallest envelope"),
        "extension": _("where to put the extension"),
    }
)
FLAGS: Mapping[str, Text] = MappingProxyType(
    {
        "always": _("always funded"),
        "enters": _("enters and stays"),
        "in_and_out": _p("moves", "in and out"),
        "leaves": _("leaves"),
        "never": _("no amount in this range"),
        "unknown": _("not known"),
    }
)
WAYS: Mapping[str, Text] = MappingProxyType(
    {
        "free": _("as the model chooses"),
        "key": _("by the sharing key"),
        "wholly": _("wholly on"),
    }
)
STEP_NOTE = _(
    '"Least useful change": the smallest change that improves an objective by one unit. '
    '"Shadow price": what one more unit would bring if fractions of applications could be '
    "funded (linear programming); it gives a slope, not a decision."
)

NEVER: Mapping[str, Text] = MappingProxyType(
    {
        "envelope": _("no gain, at any amount"),
        "rule": _("no gain, even without it"),
    }
)
NO_WAY: Mapping[str, Text] = MappingProxyType(
    {
        "contradiction": _("the amounts contradict each other"),
        "infeasible": _("no allocation satisfies the rules"),
        "stopped": _("stopped by the time limit"),
    }
)
TARGET_STOPPED = _(
    "Stopped by the time limit: whether any amount is enough is not known. Give it more time: --time-limit."
)


OBSERVED_FLAGS: Mapping[str, Text] = MappingProxyType(
    {
        "always": _("at each amount looked at"),
        "enters": _("enters, at the amounts looked at"),
        "leaves": _("leaves, at the amounts looked at"),
        "never": _("at no amount looked at"),
    }
)
"""Words used instead of a flag where the list may change unobserved between two amounts."""


def describe_flag(flag: str, lang: Lang, *, exact: bool) -> str:
    """Describe what happens to an application over the range, as far as known."""
    return (FLAGS[flag] if exact else OBSERVED_FLAGS.get(flag, FLAGS[flag])).in_(lang)


def format_bracket(low: int | None, high: int | None, lang: Lang) -> str:
    """Write an amount known to the cent, or the bracket it lies in; "–" if there is none."""
    if low is None and high is None:
        return "–"
    if low == high:
        return format_amount(high or 0, lang)
    if high is None:
        least = format_amount(low or 0, lang)
        return _("{least} at least", least=least).in_(lang)
    least, most = format_amount(low or 0, lang), format_amount(high, lang)
    return _("between {least} and {most}", least=least, most=most).in_(lang)


def format_first_amount(entry: EntryThresholdRow, lang: Lang) -> str:
    """Write the amount at which the optimum first funds an application."""
    return format_bracket(entry.first_from_cents, entry.first_upto_cents, lang)


def format_stable_amount(entry: EntryThresholdRow, lang: Lang) -> str:
    """Write the amount from which the optimum always funds an application."""
    exact = entry.stable_from_cents
    if exact is not None or entry.stable_upto_cents is None:
        return format_bracket(exact, exact, lang)
    return format_bracket(entry.stable_low_cents, entry.stable_upto_cents, lang)


def format_n_flips(entry: EntryThresholdRow, lang: Lang) -> str:
    """Write how often an application enters or leaves; a lower bound where changes may be unobserved."""
    n = format_integer(entry.flips, lang)
    return n if entry.exact else f"≥ {n}"


def describe_amounts(entries: EntryThresholdsDocument) -> Text:
    """Describe the amounts whose lists were computed."""
    if not entries.n_lists:
        return _("the best list is not proven; entry amounts are then limits.")
    if entries.nested:
        return _("the announcements, commitments kept.")
    if entries.exact:
        return _("every change of the list is known.")
    return _("between some amounts the list may change unseen; entry amounts are then given as brackets.")


def format_no_loss(entry: EntryThresholdRow, lang: Lang) -> str:
    """Write the extra money with which an application enters without loss, or its bracket."""
    low, high = entry.no_loss_cents, entry.no_loss_upto_cents
    if entry.no_loss_never:
        return _("no amount").in_(lang)
    if low is None:
        return "–"
    if high == 0:
        return _("today").in_(lang)
    if low == high:
        return f"+{format_amount(low, lang)}"
    if high is None and low == 0:
        return _("not computed (--dossier)").in_(lang)
    least, most = format_amount(low, lang), format_amount(high, lang)
    if high is None:
        return _("{least} at least", least=least).in_(lang)
    if low == 0:
        return _("{most} at most", most=most).in_(lang)
    return _("between {least} and {most}", least=least, most=most).in_(lang)


def format_goal_change(change: str, goal: str, lang: Lang) -> str:
    """Write a signed change of a goal: « +3 dossiers », « +21 (note) », « +2 merite »."""
    exact = parse_decimal(change)
    return Gain(goal, exact, exact).in_(lang)


_PER: Mapping[Lang, Sequence[tuple[str, int]]] = MappingProxyType(
    {
        Lang.FR: (("€", 1), ("k€", 1_000), ("M€", 1_000_000)),
        Lang.EN: (("€", 1), ("€k", 1_000), ("€M", 1_000_000)),
    }
)
"""Units of a price: the first one in which it is at least 1."""


def format_price_per_euro(price: Fraction, lang: Lang) -> str:
    """Return a price per euro in the unit that makes it readable: « 87,5 / M€ »."""
    units = _PER[lang]
    unit, euros = next((pair for pair in units if abs(price) * pair[1] >= 1), units[-1 if price else 0])
    return f"{format_significant(price * euros, lang)} / {localise_currency(unit)}"
