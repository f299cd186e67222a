"""How options of questions are typed, and those that several questions take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tnt_sim.i18n.message import N_


@dataclass(frozen=True, slots=True)
class TypedOption:
    """How an option is typed: its flag, or "" for an argument, its help, and what stands for its value.

    Attributes
    ----------
    parse : makes the value of the parameter of what was typed, a text or a list of texts
    least : the least number that may be typed
    """

    flag: str
    help: str
    metavar: str | None = "ID"
    parse: Callable[[Any], object] | None = None
    least: int | None = None


def split_names(texts: Sequence[str] | None) -> list[str] | None:
    """Return the ids of an option given several times, each possibly several ids joined by commas."""
    return [name for text in texts or () for part in text.split(",") if (name := part.strip())] or None


ENVELOPE = TypedOption("--envelope", N_("The envelope that varies; the programme by default."))
FIRST_AMOUNT = TypedOption(
    "--from",
    N_('The first amount: "88 M€", or "50%" of the one written, which is the default.'),
    N_("AMOUNT"),
)
LAST_AMOUNT = TypedOption(
    "--to", N_("The last amount, written likewise; a quarter more by default."), N_("AMOUNT")
)
STEPS = TypedOption("--steps", N_("N equal steps; round amounts without it."), "N")
AT = TypedOption("--at", N_("An amount, as often as needed: those announced."), N_("AMOUNT"))
SHARE = TypedOption("--share", N_("How the amounts that depend on it follow."), "free|pro_rata|ID")
