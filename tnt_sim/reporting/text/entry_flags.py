"""Words for what happens to an application over a range of amounts, French and English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Text, _, _p

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
