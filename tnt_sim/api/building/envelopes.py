"""Builder of the tree of envelopes: `tnt.envelope("programme", "2 M€", [tnt.envelope("numerique", "1 M€")])`."""

from __future__ import annotations

from tnt_sim.api.building.builders import make_builder
from tnt_sim.domain.budget_tree import EnvelopeSpec

envelope = make_builder(
    "envelope",
    EnvelopeSpec,
    "Return an envelope of the programme, with those under it; the root is the programme itself.",
    [
        '>>> tree = tnt.envelope("programme", "1 M€", [tnt.envelope("numerique"), tnt.envelope("b", "400 k€")])',
        '>>> [below["id"] for below in tree["envelopes"]]',
        "['numerique', 'b']",
    ],
    positional=("id", "amount", "envelopes"),
    module=__name__,
)
