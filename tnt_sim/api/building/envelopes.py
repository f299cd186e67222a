"""Builder of the tree of envelopes: `tnt.envelope("programme", "2 M€", [tnt.envelope("numerique", "1 M€")])`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from tnt_sim.rules.builders import Amount

type Envelope = dict[str, object]
"""An envelope with those under it, as a mapping."""


def envelope(
    id: str,
    amount: Amount | None = None,
    envelopes: Sequence[Mapping[str, object]] = (),
    *,
    ring_fenced: bool = False,
    overbooked: bool = False,
    unassigned: Literal["free", "pro_rata", "own"] | Mapping[str, str] = "free",
    transfers: Mapping[str, object] | None = None,
    min_use: Amount | None = None,
    reserve: Amount | None = None,
    overprogram: Amount | None = None,
    min_dossiers: int | None = None,
    max_dossiers: int | None = None,
    split: Mapping[str, object] | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
) -> Envelope:
    """Return an envelope of the programme, with those under it; the root is the programme itself.

    Parameters
    ----------
    id : its short name
    amount : caps all that is granted in it and under it. Without one only those above limit it
    envelopes : those under it
    ring_fenced : nothing enters, nothing leaves
    overbooked : the amounts under it are ceilings, whose sum may exceed its own
    unassigned : where unassigned money goes: `free` (where it does most), `pro_rata`, `{"to": ID}`, or `own`
    transfers : what it may give to its siblings: `{"to": [IDS], "out_max": "15 %", "in_max": "10 %"}`
    min_use : the share of the amount to be granted at least
    reserve : the share held back, freed by the last of several steps; with one decision, or a last step named
        reserve, the reserve list says what it would fund
    overprogram : the share beyond the amount that may be committed
    min_dossiers, max_dossiers : at least, and at most, so many funded applications
    split : divides it into one envelope for each group: `{"by": "department", "key": "population"}`
    title, note, source : texts about it
    valid, off : when it is in force, and whether it is only kept and shown

    Examples
    --------
    >>> tree = tnt.envelope("programme", "1 M€", [tnt.envelope("numerique"), tnt.envelope("mobilites", "400 k€")])
    >>> changed = tnt.Scenario.from_dict({**scenario.to_dict(), "programme": tree})
    >>> changed.solve().table("envelopes")["amount_cents"].to_list()
    [100000000, None, 40000000]
    """
    arguments = dict(locals())
    defaults = {"envelopes": (), "unassigned": "free"}
    return {
        key: value
        for key, value in arguments.items()
        if value is not None and value is not False and value not in ("", (), defaults.get(key))
    }
