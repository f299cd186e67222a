"""Rule kinds and options that scenarios may name and that this version refuses with a sentence that says so."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict

from tnt_sim.rules.rulespec import RuleSpec

UNBUILT_KINDS = ("exclusive", "requires", "together", "order", "coverage", "schedule", "equity")


class UnbuiltRule(RuleSpec):
    """A rule of a known kind that is not built yet: it may stand in a file while it is `off`."""

    model_config = ConfigDict(extra="allow", frozen=True)
    kind: Literal["exclusive", "requires", "together", "order", "coverage", "schedule", "equity"]

    def __hash__(self) -> int:
        return hash((self.id, self.kind))


def options_used(model: Any, names: tuple[str, ...]) -> list[str]:
    """Which of these options a specification sets to something else than its default."""
    fields = type(model).model_fields
    return [name for name in names if getattr(model, name) != fields[name].default]
