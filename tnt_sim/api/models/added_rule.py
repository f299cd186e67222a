"""A linear constraint of a Python user, as the rule that a scenario file would have."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from tnt_sim.domain.field_types import write_number
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _
from tnt_sim.scenario.scenario import ScenarioData


def build_rule(
    scenario: ScenarioData,
    name: str,
    granted: Mapping[str, object] | None,
    funded: Mapping[str, object] | None,
    least: str | None,
    most: str | None,
    title: str,
) -> dict[str, Any]:
    """Return the rule `linear` as a tree of texts.

    Raises
    ------
    UsageError
        If a rule has this name, or a coefficient is no exact number.
    """
    if any(rule.id == name for rule in scenario.spec.rules):
        raise UsageError(_('a rule is already named "{name}".', name=name))
    sides = {"min": least, "max": most}
    coefficients = {"granted": granted, "funded": funded}
    return {
        "id": name,
        "kind": "linear",
        **({"title": title} if title else {}),
        **{
            key: {str(one): _write(value) for one, value in part.items()}
            for key, part in coefficients.items()
            if part
        },
        **{side: str(bound) for side, bound in sides.items() if bound is not None},
    }


def _write(value: object) -> str:
    """Write a coefficient exactly; a float counts as the decimal that it prints."""
    try:
        exact = value if isinstance(value, Fraction) else Fraction(Decimal(str(value)))
    except (InvalidOperation, ValueError, OverflowError):
        raise UsageError(_('"{value}" is no exact coefficient.', value=str(value))) from None
    return write_number(exact)
