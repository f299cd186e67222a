"""The scenario as it is asked for: the shape of the file, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from tnt_sim.fields import Code, Count, Day, Described, Rate, Seconds, Spec, Zone
from tnt_sim.programme import ProgrammeSpec
from tnt_sim.rules.cap_spec import CapSpec, NamedCap
from tnt_sim.rules.coverage import CoverageSpec
from tnt_sim.rules.decide import DecideSpec
from tnt_sim.rules.eligibility import EligibilitySpec
from tnt_sim.rules.equity import EquitySpec
from tnt_sim.rules.grant_spec import GrantSpec
from tnt_sim.rules.limit import LimitSpec
from tnt_sim.rules.measures import MeasureSpec
from tnt_sim.rules.order import OrderSpec
from tnt_sim.rules.relation import ExclusiveSpec, RequiresSpec
from tnt_sim.rules.schedule import ScheduleSpec
from tnt_sim.rules.select import Selector
from tnt_sim.rules.share import ShareSpec
from tnt_sim.rules.together import TogetherSpec
from tnt_sim.rules.values import ValuesSpec
from tnt_sim.rules.waivers import WaiverSpec
from tnt_sim.scenario.uncertain import UncertainSpec

AnyRule = Annotated[
    LimitSpec
    | ShareSpec
    | DecideSpec
    | CoverageSpec
    | ExclusiveSpec
    | RequiresSpec
    | TogetherSpec
    | OrderSpec
    | ScheduleSpec
    | EquitySpec,
    Field(discriminator="kind"),
]


class ReadSpec(Spec):
    """How a dossier file is to be read."""

    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: Literal[",", "."] | None = None
    rounding: Literal["refuse", "nearest"] = "refuse"
    duplicates: Literal["refuse", "last"] = "refuse"
    header_row: Annotated[Count, Field(ge=1)] = 1
    hidden_rows: Literal["refuse", "keep"] = "refuse"


class ControlSpec(Spec):
    """Control totals of a file: a mismatch is an error."""

    rows: Count | None = None
    requested: str | None = None
    sha256: str | None = None


class DossiersSpec(Described):
    """One dossier file."""

    id: Code | None = None
    file: str
    columns: Mapping[str, str] = {}
    where: Selector | None = None
    read: ReadSpec = ReadSpec()
    control: ControlSpec | None = None


class TerritorySpec(Described):
    """The map that fills empty cells and names the groups."""

    year: Count
    fill: tuple[Literal["department", "region", "population"], ...] = ()


class StageSpec(Described):
    """One stage of the lexicographic objective."""

    maximise: Mapping[str, Any] | None = None
    minimise: Mapping[str, Any] | None = None
    tolerance: Rate = Field(default=0)  # type: ignore[assignment]


class StepSpec(Described):
    """One step of a sequence: the scenario with its own date, and values set at dotted paths."""

    id: Code
    date: Day | None = None
    set: Mapping[str, Any] = {}


class SolverSpec(Spec):
    """How to solve."""

    backend: str = "highs"
    gap: Rate = Field(default=0)  # type: ignore[assignment]
    time_limit: Seconds = 300.0
    cross_check: str = "auto"


class AcceptSpec(Described):
    """An open question that is decided: which one, for how many dossiers, why and by whom."""

    id: Code
    count: Count = 0
    reason: Code
    author: Code


class ScenarioSpec(Spec):
    """A scenario, after merging."""

    schema_version: Literal["1"] = "1"
    id: Code
    title: str = ""
    note: str = ""
    source: str = ""
    date: Day | None = None
    timezone: Zone = "Europe/Paris"
    locale: Literal["fr", "en"] = "fr"
    territory: TerritorySpec | None = None
    reference: str | None = None
    programme: ProgrammeSpec
    dossiers: Annotated[tuple[DossiersSpec, ...], Field(min_length=1)]
    values: Mapping[str, ValuesSpec] = {}
    eligibility: tuple[EligibilitySpec, ...] = ()
    grants: tuple[GrantSpec, ...] = ()
    caps: tuple[CapSpec | NamedCap, ...] = ()
    waivers: tuple[WaiverSpec, ...] = ()
    accept: tuple[AcceptSpec, ...] = ()
    measures: Mapping[str, MeasureSpec] = {}
    rules: tuple[AnyRule, ...] = ()
    objective: tuple[StageSpec, ...] = ()
    steps: tuple[StepSpec, ...] = ()
    uncertain: tuple[UncertainSpec, ...] = ()
    committed_from: str | None = None
    solver: SolverSpec = SolverSpec()
