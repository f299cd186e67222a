"""The language of charts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from tnt_sim.i18n.message import Lang


class InOneLanguage:
    """Part of a set of charts: the same in another language."""

    __slots__ = ()

    if TYPE_CHECKING:
        lang: Lang

    def in_(self, lang: Lang | str) -> Self:
        """Return the same charts in `fr` or `en`; by default they speak the language of the scenario.

        Examples
        --------
        >>> result.plot.in_("en").by_envelope().data["part"][0]
        'already committed'
        """
        changed: Any = replace(self, lang=Lang(lang))  # type: ignore[type-var]
        return changed
