"""French as one types it: an ordinary space for each no-break one, ' for ’.

Tests write the sentences that they expect so. `tests/conftest.py` reads the catalogue so, in the process of the
tests; what other processes or pages say is compared through `as_typed`. `tools/messages.py check` sees that the
catalogue is typeset, and the golden record shows what is printed.
"""

from __future__ import annotations

from tnt_sim.i18n.message import Lang, _load_catalogue

_TYPED = str.maketrans({"\u00a0": " ", "\u202f": " ", "’": "'"})


def as_typed(text: str) -> str:
    """Return a text as one types it."""
    return text.translate(_TYPED)


def read_catalogue_as_typed() -> None:
    """Let all French sentences of this process be as one types them; amounts and other parameters stay typeset."""
    sentences: dict[object, str] = vars(_load_catalogue(Lang.FR))["_catalog"]
    sentences.update({key: as_typed(text) for key, text in sentences.items()})
