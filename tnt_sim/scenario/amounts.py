"""The same scenario with other amounts of envelopes."""

from __future__ import annotations

from collections.abc import Mapping

from tnt_sim.errors import Text, UsageError
from tnt_sim.scenario.load import with_changes
from tnt_sim.scenario.scenario import Scenario


def with_amounts(scenario: Scenario, amounts: Mapping[str, int]) -> Scenario:
    """The scenario with the written amount of some envelopes changed, in cents; nothing is read again.

    Raises
    ------
    UsageError
        When an envelope does not exist, or is a part of a split, which has no amount of its own.
    """
    spec = scenario.spec.programme
    known = {envelope.id for envelope, _ in spec.walk(("programme",))}
    changes: dict[str, object] = {}
    for name, cents in amounts.items():
        if name not in known:
            raise UsageError(
                Text(
                    f"« {name} » n'est pas une enveloppe dont le montant est écrit.",
                    f'"{name}" is no envelope whose amount is written.',
                )
            )
        path = "programme.amount" if name == spec.id else f"envelopes.{name}.amount"
        changes[path] = f"{cents // 100}.{cents % 100:02d} €"
    return with_changes(scenario, changes)
