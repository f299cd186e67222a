"""What the grammar knows and this version does not build: refused by name, never ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tnt_sim.errors import Defect, Place, Text
from tnt_sim.rules.base import Path
from tnt_sim.rules.unbuilt import UnbuiltRule, options_used
from tnt_sim.scenario.spec import ScenarioSpec

ENVELOPE_OPTIONS = (
    "transfers", "min_use", "reserve", "overprogram", "min_dossiers", "max_dossiers",
)  # fmt: skip
GRANT_OPTIONS = ("bonus",)
TOP_OPTIONS = ("waivers", "steps", "reference", "committed_from")


def refuse_unbuilt(spec: ScenarioSpec, locate: Callable[[Path], Place]) -> list[Defect]:
    """One defect for each known thing that the scenario uses and this version cannot do."""
    return [
        Defect(
            "not-built",
            Text(
                f"« {name} » est connu, mais cette version ne le construit pas encore.",
                f'"{name}" is known, but this version does not build it yet.',
            ),
            (locate(path),),
            Text("Retirez-le, ou mettez `off: true`.", "Take it out, or set `off: true`."),
        )
        for name, path in _used(spec)
    ]


def _used(spec: ScenarioSpec) -> Iterator[tuple[str, Path]]:
    for option in options_used(spec, TOP_OPTIONS):
        yield option, (option,)
    for k, cap in enumerate(spec.caps):
        if isinstance(cap, str) or cap.get("off") != "true":
            yield "caps", ("caps", k)
    if spec.territory is not None and spec.territory.fill:
        yield "territory.fill", ("territory", "fill")
    for envelope, path in spec.programme.walk(("programme",)):
        for option in options_used(envelope, ENVELOPE_OPTIONS):
            yield option, (*path, option)
        if envelope.unassigned not in ("free", "own"):
            yield f"unassigned: {envelope.unassigned}", (*path, "unassigned")
    for k, grant in enumerate(spec.grants):
        if not grant.in_force(spec.date):
            continue
        for option in options_used(grant, GRANT_OPTIONS):
            yield option, ("grants", k, option)
    for k, rule in enumerate(spec.rules):
        if not rule.in_force(spec.date):
            continue
        if isinstance(rule, UnbuiltRule):
            yield f"kind: {rule.kind}", ("rules", k, "kind")
