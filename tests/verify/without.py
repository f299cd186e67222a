"""The verifier without one of its checks: one kind of reading made to hold always, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import tnt_sim.recheck
import tnt_sim.verify.reading
from tnt_sim.rules.base import Mode, RuleReading
from tnt_sim.rules.caps import Caps
from tnt_sim.rules.coverage import Coverage
from tnt_sim.rules.envelope_limits import EnvelopeLimit
from tnt_sim.rules.equity import Equity
from tnt_sim.rules.grant import Offers
from tnt_sim.rules.levels import CommonRates
from tnt_sim.rules.limit import Limit
from tnt_sim.rules.order import Order
from tnt_sim.rules.queue import FirstCome
from tnt_sim.rules.relation import Exclusive, Requires
from tnt_sim.rules.schedule import Schedule
from tnt_sim.rules.share import Share
from tnt_sim.rules.together import Together

Put = Callable[[Any, str, Any], None]
"""How a thing is exchanged: `setattr`, or that of a test's monkeypatch."""

KINDS: dict[str, tuple[type[Any], ...]] = {
    "limit": (Limit,), "share": (Share,), "order": (Order, FirstCome), "exclusive": (Exclusive,),
    "requires": (Requires,), "together": (Together,), "coverage": (Coverage,), "schedule": (Schedule,),
    "equity": (Equity,),
}  # fmt: skip
"""The classes that read each kind of rule. What `decide` says is read with the awards."""


class _Holding(RuleReading):
    """A rule that holds whatever its figures say."""

    holds = True  # type: ignore[assignment]


def _always(kind: type[Any]) -> Callable[[Put], None]:
    read = kind.read

    def hold(self: Any, funded: Any, granted_cents: Any) -> RuleReading:
        r = read(self, funded, granted_cents)
        return _Holding(r.id, r.kind, r.mode, r.readings, r.grouped, r.broken) if r.mode is Mode.HARD else r

    return lambda put: put(kind, "read", hold)


def _unlimited(put: Put) -> None:
    read = EnvelopeLimit.read
    put(EnvelopeLimit, "read", lambda s, f, g: replace(read(s, f, g), minimum=None, maximum=None))


def _nothing(where: Any, name: str) -> Callable[[Put], None]:
    return lambda put: put(where, name, lambda *_: [])


WITHOUT: dict[str, Callable[[Put], None]] = {
    **{kind.__name__: _always(kind) for kinds in KINDS.values() for kind in kinds},
    "envelope limits": _unlimited,
    "grant amounts": lambda put: put(Offers, "amount_fits", lambda _, g: np.ones(len(g), dtype=np.bool_)),
    "common rates": _nothing(CommonRates, "broken"),
    "caps": _nothing(Caps, "broken"),
    "envelopes": _nothing(tnt_sim.verify.reading, "_envelopes"),
    "awards": _nothing(tnt_sim.verify.reading, "_awards"),
    "table columns": _nothing(tnt_sim.verify.reading, "_table"),
    "proofs": _nothing(tnt_sim.recheck, "_unproven"),
    "one dossier more": _nothing(tnt_sim.recheck, "better_by_one"),
}
"""Each check of an allocation, and how it is taken out."""
