"""What the grammar knows and this version does not build: refused by name, never ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tnt_sim.errors import Defect, Place, Text
from tnt_sim.rules.base import Path
from tnt_sim.rules.unbuilt import options_used
from tnt_sim.scenario.spec import ScenarioSpec

TOP_OPTIONS = ("committed_from",)


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
