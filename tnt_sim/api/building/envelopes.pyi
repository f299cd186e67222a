"""Written by tools/builder_stubs.py from the specifications: python tools/docs.py write."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

type Amount = str | int | float | Decimal | Fraction

def envelope(
    id: str,
    amount: Amount | None = None,
    envelopes: Sequence[Mapping[str, object]] = (),
    *,
    ring_fenced: bool = False,
    overbooked: bool = False,
    unassigned: Literal["free", "pro_rata", "own"] | Mapping[str, object] = "free",
    transfers: Mapping[str, object] | None = None,
    min_use: Amount | None = None,
    reserve: Amount | None = None,
    overprogram: Amount | None = None,
    min_dossiers: Amount | None = None,
    max_dossiers: Amount | None = None,
    split: Mapping[str, object] | None = None,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
) -> dict[str, object]:
    """Return an envelope of the programme, with those under it; the root is the programme itself.

    Parameters
    ----------
    id : the short name, unique, that --set and messages use
    amount : caps all that is granted in the envelope and under it, beside what unassigned and transfers
        bring it; without one only those above limit it
    envelopes : the envelopes under it
    ring_fenced : true: nothing enters, nothing leaves
    overbooked : true: the amounts under it are ceilings, whose sum may exceed its own
    unassigned : where unassigned money goes: free (where it does most), pro_rata, {to: ID}, or own
    transfers : what it may give to its siblings: {to: [IDS], out_max: 15 %, in_max: 10 %}
    min_use : the share of the amount to be granted at least
    reserve : the share held back, freed by the last of several steps; with one decision, or a last step
        named reserve, the reserve list says what it would fund
    overprogram : by how much commitments may exceed the amount; the excess is shown as a risk
    min_dossiers : at least so many funded applications
    max_dossiers : at most so many funded applications
    split : divides it into one envelope a group: X/01, X/2A…
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    """
