"""How wide the band of a sweep may stay: « 0,5 % » of the value, or so many units of the first goal."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tnt_sim.errors import Text, UsageError
from tnt_sim.money import parse_decimal


@dataclass(frozen=True, slots=True)
class Tolerance:
    """A width in the unit of the first goal, or, `relative`, as a part of its value."""

    size: Fraction
    relative: bool

    @classmethod
    def of_text(cls, text: str) -> Tolerance:
        """Read one.

        Raises
        ------
        UsageError
            For what is no positive number, with or without « % ».
        """
        said = text.strip()
        relative = said.endswith("%")
        try:
            size = parse_decimal(said.removesuffix("%").strip())
        except ValueError:
            size = Fraction(0)
        if size <= 0:
            raise UsageError(
                Text(
                    f"--tolerance est une part de la valeur, « 0,5 % », ou un nombre d'unités du but, « 10 » ; "
                    f"pas « {text} ». Pour tous les paliers : --exact.",
                    f'--tolerance is a part of the value, "0.5 %", or a number of units of the goal, "10"; '
                    f'not "{text}". For every step: --exact.',
                ),
                code="usage.tolerance",
            )
        return cls(size / 100 if relative else size, relative)

    def of(self, value: Fraction) -> Fraction:
        """How wide the band may be at a value."""
        return self.size * abs(value) if self.relative else self.size
