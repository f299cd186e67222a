"""The verifier without one of its checks: one kind of reading made to hold always, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import tnt_sim.engine.run_folder.replay
import tnt_sim.verify.allocation_reading
from tnt_sim.rules.envelopes.options import EnvelopeLimit
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.rules.offers.caps import Caps
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.offers.levels import CommonRates
from tnt_sim.rules.protocols import Mode, RuleReading

Put = Callable[[Any, str, Any], None]
"""How a thing is exchanged: `setattr`, or that of a test's monkeypatch."""

KINDS: dict[str, tuple[type[Any], ...]] = {
    name: tuple(kind.second_reading)
    for name, kind in load_rule_kinds().items()
    if issubclass(kind.spec, RuleSpec)
}
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
    "grant amounts": lambda put: put(Offers, "match_amounts", lambda _, g: np.ones(len(g), dtype=np.bool_)),
    "common rates": _nothing(CommonRates, "list_violated_groups"),
    "caps": _nothing(Caps, "list_excesses"),
    "envelopes": _nothing(tnt_sim.verify.allocation_reading, "_list_envelope_defects"),
    "awards": _nothing(tnt_sim.verify.allocation_reading, "_list_award_defects"),
    "table columns": _nothing(tnt_sim.verify.allocation_reading, "_list_table_defects"),
    "proofs": _nothing(tnt_sim.engine.run_folder.replay, "replay_proofs"),
    "one dossier more": _nothing(tnt_sim.engine.run_folder.replay, "list_improving_dossiers"),
}
"""Each check of an allocation, and how it is taken out."""
