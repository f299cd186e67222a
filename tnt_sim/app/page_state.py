"""Settings of the page: a small immutable value, fully encoded in the address.

    #a.axe-1=3100000000&r.quart=0&w.0.score=2&in.D-7=arbitrage&q=lyon

The browser never sends the part after `#` to a server, so the reasons written in it stay between
the browser and the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from tnt_sim.domain.money import MoneyError, parse_decimal
from tnt_sim.i18n.message import Text, _

MOST_CHARACTERS = 60_000
FIRST_ROWS = 50
SHOWS = ("", "funded", "refused", "waiting", "closed", "enter", "leave", "forced")
"""Outcomes in the list: all, funded, refused (the waiting and the closed), entered or left at the last change,
decided by hand."""
VIEWS = ("share", "search", "show", "department", "envelope", "present", "beside", "rows")
"""Fields that change the view of an answer, and not the answer."""
FILTERS = ("search", "show", "department", "envelope")
"""Views that select applications of the list; all that are set hold together."""
SHARES = ("pro_rata", "free")
"""How amounts below a moved envelope follow: in proportion, or not at all."""
_MOST_CENTS = 2**53


@dataclass(frozen=True, slots=True)
class Forced:
    """Application funded or refused by hand, with the reason for the scenario."""

    dossier: str
    inside: bool
    reason: str


@dataclass(frozen=True, slots=True)
class State:
    """Settings of the page; what is not set is as in the scenario file.

    Attributes
    ----------
    amounts : cents by envelope
    rules : whether a rule is on, by id
    weights : exact decimal texts by (stage, measure)
    forced : by application
    sets : other values by dotted path, as a repair of a conflict brings them
    share : one of `SHARES`
    search, show, department, envelope, rows : view of the list
    present, beside : "1" for large letters without controls, and for variants side by side
    """

    amounts: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, bool] = field(default_factory=dict)
    weights: Mapping[tuple[int, str], str] = field(default_factory=dict)
    forced: Mapping[str, Forced] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)
    share: str = SHARES[0]
    search: str = ""
    show: str = SHOWS[0]
    department: str = ""
    envelope: str = ""
    present: str = ""
    beside: str = ""
    rows: int = FIRST_ROWS

    @property
    def settings(self) -> State:
        """Return the state without view settings: equal for equal requests."""
        return self.with_view_of(State())

    def with_view_of(self, other: State) -> State:
        """Return these settings, seen as another state is."""
        return replace(self, **{key: getattr(other, key) for key in VIEWS})

    @property
    def changes_nothing(self) -> bool:
        """Whether the scenario is unchanged."""
        return not (self.amounts or self.rules or self.weights or self.forced or self.sets)


def encode(state: State) -> str:
    """Encode the state as the part of an address after `#`; empty for the scenario as written."""
    return urlencode(list(_encode_pairs(state)), quote_via=quote, safe="")


def _encode_pairs(state: State) -> Iterator[tuple[str, str]]:
    yield from ((f"a.{name}", str(cents)) for name, cents in sorted(state.amounts.items()))
    yield from ((f"r.{name}", str(int(on))) for name, on in sorted(state.rules.items()))
    yield from ((f"w.{stage}.{name}", text) for (stage, name), text in sorted(state.weights.items()))
    yield from (
        (f"{'in' if one.inside else 'out'}.{name}", one.reason) for name, one in sorted(state.forced.items())
    )
    yield from ((f"s.{path}", text) for path, text in sorted(state.sets.items()))
    plain = State()
    for key in VIEWS:
        if getattr(state, key) != getattr(plain, key):
            yield key, str(getattr(state, key))


def decode(text: str) -> tuple[State, list[Text]]:
    """Decode the state of an address, with a message for each part that cannot be read; the others are kept."""
    if len(text) > MOST_CHARACTERS:
        return State(), [_("the address is too long: left out.")]
    result: dict[str, Any] = {"amounts": {}, "rules": {}, "weights": {}, "forced": {}, "sets": {}}
    refused = []
    for key, value in parse_qsl(text.removeprefix("#"), keep_blank_values=True):
        head, __, name = key.partition(".")
        try:
            _READERS[head](result, name, value)
        except (KeyError, ValueError):
            refused.append(
                _(
                    'the address says "{key}={written}", which makes no sense: left out.',
                    key=key,
                    written=value,
                )
            )
    return State(**result), refused


def _read_amount(fields: dict[str, Any], name: str, value: str) -> None:
    cents = int(value)
    if not name or not value.isascii() or not 0 <= cents <= _MOST_CENTS:
        raise ValueError(value)
    fields["amounts"][name] = cents


def _read_rule(fields: dict[str, Any], name: str, value: str) -> None:
    if not name or value not in ("0", "1"):
        raise ValueError(value)
    fields["rules"][name] = value == "1"


def _read_weight(fields: dict[str, Any], name: str, value: str) -> None:
    stage, __, measure = name.partition(".")
    if not measure:
        raise ValueError(name)
    fields["weights"][int(stage), measure] = normalise_weight(value)


def normalise_weight(value: str) -> str:
    """Validate a weight."""
    try:
        weight = parse_decimal(value, ",") if "," in value else parse_decimal(value, ".")
    except MoneyError as error:
        raise ValueError(value) from error
    if weight < 0:
        raise ValueError(value)
    return value.strip().replace(",", ".")


def _build_forced_reader(*, inside: bool) -> Any:
    def read(fields: dict[str, Any], name: str, value: str) -> None:
        if not name:
            raise ValueError(name)
        fields["forced"][name] = Forced(name, inside, value)

    return read


def _set(fields: dict[str, Any], name: str, value: str) -> None:
    if name.split(".")[0] not in ("rules", "envelopes") or name.count(".") < 2:
        raise ValueError(name)
    if value.startswith("[") and not isinstance(json.loads(value), list):
        raise ValueError(value)
    fields["sets"][name] = value


def _build_view_reader(key: str, among: tuple[str, ...] | None = None) -> Any:
    def read(fields: dict[str, Any], name: str, value: str) -> None:
        if name or (among is not None and value not in among):
            raise ValueError(value)
        fields[key] = value

    return read


def _read_rows(fields: dict[str, Any], name: str, value: str) -> None:
    if name or not FIRST_ROWS <= int(value) <= 100 * FIRST_ROWS:
        raise ValueError(value)
    fields["rows"] = int(value)


_READERS: Mapping[str, Any] = {
    "a": _read_amount, "r": _read_rule, "w": _read_weight, "in": _build_forced_reader(inside=True),
    "out": _build_forced_reader(inside=False), "s": _set, "share": _build_view_reader("share", SHARES),
    "search": _build_view_reader("search"), "show": _build_view_reader("show", SHOWS),
    "department": _build_view_reader("department"), "envelope": _build_view_reader("envelope"),
    "present": _build_view_reader("present", ("", "1")), "beside": _build_view_reader("beside", ("", "1")),
    "rows": _read_rows,
}  # fmt: skip
