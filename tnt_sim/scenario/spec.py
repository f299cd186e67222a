"""Grammar of a scenario file, field by field, and of its uncertain quantities.

Uncertain quantities (`uncertain`, used by `ensemble`) are columns that may differ from the table, and events
that may happen, each with a probability law.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from tnt_sim.domain.budget_tree import ProgrammeSpec
from tnt_sim.domain.field_types import (
    Code,
    Count,
    Day,
    Described,
    Memory,
    Number,
    Rate,
    Seconds,
    Spec,
    Zone,
    build_field_error,
)
from tnt_sim.domain.money import MoneyError, parse_decimal
from tnt_sim.domain.publisher import LettersSpec, PublisherSpec
from tnt_sim.errors import Defects, Place, ScenarioError, suggest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.numbers import (
    CURRENCIES,
    EURO,
    Currency,
    choose_currency,
    get_currency,
    release_currency_on_error,
)
from tnt_sim.rules.expressions.measures import MeasureSpec
from tnt_sim.rules.expressions.selectors import Selector
from tnt_sim.rules.expressions.values import ValuesSpec
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.rules.offers.cap_spec import CapSpec, NamedCap
from tnt_sim.rules.offers.decisions import DecideSpec
from tnt_sim.rules.offers.eligibility import EligibilitySpec, WaiverSpec
from tnt_sim.rules.offers.grant_spec import GrantSpec
from tnt_sim.scenario.yaml.layers import locate_value
from tnt_sim.scenario.yaml.nodes import Origin, PathSteps
from tnt_sim.scenario.yaml.schema_errors import validate_model

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "normal": ("mean", "sd"),
    "lognormal": ("median", "sigma"),
    "uniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
}
"""The probability laws and their parameters; `uniform` and `triangular` may also be written as lists."""
_DEFAULTS = {"mean": "0", "median": "1"}


class CurrencySpec(Spec):
    """The currency of the amounts: a code of three letters, or symbol, place and number of decimals."""

    symbol: Code
    code: Code | None = None
    place: Literal["before", "after"] | None = None
    minor_unit: Count = 2

    @model_validator(mode="before")
    @classmethod
    def _read_code(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        known = CURRENCIES.get(value.strip())
        if known is None:
            raise build_field_error(
                "currency",
                _('"{value}" is no currency that is known by its code.', value=value),
                hint=suggest_name(value.strip().upper(), CURRENCIES)
                or _('Write its symbol: currency: {{symbol: "Kr.", place: before, minor_unit: 2}}.'),
            )
        return {
            "symbol": known.symbol,
            "code": known.code,
            "place": known.place,
            "minor_unit": known.minor_unit,
        }

    @model_validator(mode="after")
    def _check(self) -> CurrencySpec:
        if self.minor_unit > 2:
            raise build_field_error(
                "currency",
                _(
                    "amounts have two decimals at most, not {n}",
                    n=self.minor_unit,
                ),
                hint=_("Write minor_unit: 2 and round the amounts, or give them in thousands."),
                at=("minor_unit",),
            )
        for key in ("symbol", "code"):
            sign = getattr(self, key) or "x"
            if not any(c.isalpha() or unicodedata.category(c) == "Sc" for c in sign):
                raise build_field_error(
                    "currency",
                    _('"{sign}" has neither a letter nor the sign of a currency', sign=sign),
                    hint=_('Write a symbol such as "£", or letters such as CHF.'),
                    at=(key,),
                )
            if sign in ("k", "K", "M") or any(
                c.isdigit() or c in " ,'\"<>&%/+-()[]{}:;\u00a0\u202f" for c in sign
            ):
                raise build_field_error(
                    "currency",
                    _('"{sign}" looks like a part of a number', sign=sign),
                    hint=_('Write a symbol such as "£", or letters such as CHF.'),
                    at=(key,),
                )
        return self

    def build(self) -> Currency:
        """Return the currency."""
        return Currency(self.symbol, self.code or "", self.place, self.minor_unit)


def _allow_code(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"enum": sorted(CURRENCIES), "type": "string"}, *schema["anyOf"]]


class CorrelatedSpec(Spec):
    """Draws of one group move together: the share `rho` of their variance (of the normal scores) is common."""

    by: Code
    rho: Number


class UncertainSpec(Described):
    """One thing that is not known.

    `column` differs by a factor (`times`) or an amount (`plus`), or an `event` happens with a `probability`:

    withdrawn   the application is taken back before the decision or after it, and is not paid
    eligible    the application turns out to be eligible with this probability
    arrives     the application is filed with this probability
    lapsed      the application is funded, but nothing is paid
    final_cost  the real cost is this factor of the planned one; the grant follows it, downwards only
    """

    id: Code
    column: Code | None = None
    event: Literal["withdrawn", "eligible", "arrives", "lapsed", "final_cost"] | None = None
    where: Selector | None = None
    times: Mapping[str, Any] | None = None
    plus: Mapping[str, Any] | None = None
    probability: Rate | None = None
    correlated: CorrelatedSpec | None = None

    @model_validator(mode="after")
    def _check_fields(self) -> UncertainSpec:
        law = self.times if self.times is not None else self.plus
        if (self.column is None) == (self.event is None):
            raise _build_uncertain_error(_("either `column` or `event` is needed"))
        if self.times is not None and self.plus is not None:
            raise _build_uncertain_error(_("`times` or `plus`, not both"))
        chance = self.event is not None and self.event != "final_cost"
        if chance and (self.probability is None or law is not None):
            raise _build_uncertain_error(
                _(
                    'the event "{event}" needs `probability`, and neither `times` nor `plus`',
                    event=str(self.event),
                ),
            )
        if not chance and (law is None or self.probability is not None):
            raise _build_uncertain_error(
                _(
                    "a law is needed, `times` or `plus`, without `probability`: for example `times: "
                    "{{triangular: [0.9, 1, 1.3]}}`"
                ),
            )
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise _build_uncertain_error(_("`probability` lies between 0 and 100%"))
        if self.event == "final_cost" and self.times is None:
            raise _build_uncertain_error(_("`final_cost` needs `times`"))
        if chance and self.correlated is not None and self.probability in (0, 1):
            raise _build_uncertain_error(_("an event of probability 0 or 1 cannot be correlated"))
        if self.correlated is not None and not 0 <= self.correlated.rho <= 1:
            raise _build_uncertain_error(_("`rho` lies between 0 and 1"))
        if law is not None:
            numbers = parse_law(law)[1]
            if self.times is not None and (numbers.get("low", 0.0) < 0 or numbers.get("mean", 1.0) <= 0):
                raise _build_uncertain_error(
                    _('a factor (`times`) is not negative: 1 is "as planned", 1.2 twenty per cent more'),
                )
        return self


def _build_uncertain_error(text: Text) -> Exception:
    return build_field_error("uncertain", text)


def parse_law(law: Mapping[str, object]) -> tuple[str, dict[str, float]]:
    """Return the name of a probability law and its parameters as numbers."""
    if len(law) != 1 or next(iter(law)) not in PARAMETERS:
        names = ", ".join(PARAMETERS)
        raise _build_uncertain_error(_("the law must be one of: {names}", names=names))
    name, written = next(iter(law.items()))
    keys = PARAMETERS[name]
    if isinstance(written, list | tuple) and name in ("triangular", "uniform") and len(written) == len(keys):
        written = dict(zip(keys, written, strict=True))
    if not isinstance(written, Mapping) or not set(written) <= set(keys):
        listed = ", ".join(keys)
        form = f"{{{name}: {{{', '.join(f'{key}: …' for key in keys)}}}}}"
        raise _build_uncertain_error(
            _('the parameters of "{name}" are: {listed}. Write {form}', name=name, listed=listed, form=form)
        )
    full = {key: written.get(key, _DEFAULTS.get(key)) for key in keys}
    missing = [key for key, value in full.items() if value is None]
    if missing:
        raise _build_uncertain_error(_('"{name}": {missing} is missing', name=name, missing=missing[0]))
    numbers = {key: _parse_number(str(value)) for key, value in full.items()}
    in_order = [numbers[key] for key in ("low", "mode", "high") if key in numbers]
    if in_order != sorted(in_order) or (in_order and in_order[0] == in_order[-1]):
        raise _build_uncertain_error(
            _('"{name}": write the bounds from the lowest to the highest, not all equal', name=name)
        )
    if numbers.get("sd", 1.0) <= 0 or numbers.get("sigma", 1.0) <= 0 or numbers.get("median", 1.0) <= 0:
        raise _build_uncertain_error(_('"{name}" needs a positive spread and median', name=name))
    return name, numbers


def _parse_number(text: str) -> float:
    try:
        return float(parse_decimal(text))
    except MoneyError as error:
        raise _build_uncertain_error(_('"{typed}" is not a number', typed=text)) from error


if TYPE_CHECKING:
    AnyRule = RuleSpec | DecideSpec
else:
    AnyRule = Annotated[
        reduce(or_, (kind.spec for kind in load_rule_kinds().values())), Field(discriminator="kind")
    ]
"""Any rule kind that is in force; `kind` says which."""


class ReadSpec(Spec):
    """How a file of applications is to be read."""

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


class SourceSpec(Spec):
    """The file of which a file of applications is a copy: its path from the scenario, and its hash when read.

    A file read at a server also has its address, the number of the démarche, and when it was read.
    """

    path: str
    sha256: str
    api: str | None = None
    demarche: Count | None = None
    read_at: str | None = None


class DossiersSpec(Described):
    """One file of applications."""

    id: Code | None = None
    file: str
    source: SourceSpec | str = ""  # type: ignore[assignment]
    columns: Mapping[str, str] = {}
    where: Selector | None = None
    read: ReadSpec = ReadSpec()
    control: ControlSpec | None = None


class TerritorySpec(Described):
    """The map of France that fills empty cells and names the groups, or another column that names territories."""

    year: Count | None = None
    fill: tuple[Literal["applicant_id", "commune", "epci", "department", "region", "population"], ...] = ()
    column: Code | None = None
    label: str = ""
    rural: Code | None = None

    @model_validator(mode="after")
    def _check_map(self) -> TerritorySpec:
        if self.year is not None and self.column is None:
            return self
        if self.rural is not None and self.year is None and not (self.fill or self.label):
            return self
        if self.year is not None or self.fill or self.column is None:
            raise build_field_error(
                "territory",
                _("a territory is either `year`, the map of France, or `column`, a column of the table"),
                hint=_("Write `territory: {{year: 2021}}` or `territory: {{column: state, label: State}}`."),
            )
        return self


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
    memory: Memory = 512_000_000
    cross_check: str = "auto"


class AcceptSpec(Described):
    """An open question that is decided: which one, for how many applications, why and by whom."""

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
    currency: CurrencySpec | None = Field(default=None, json_schema_extra=_allow_code)
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
    letters: LettersSpec = LettersSpec()
    publisher: PublisherSpec = PublisherSpec()
    solver: SolverSpec = SolverSpec()

    @property
    def territory_in_force(self) -> TerritorySpec | None:
        """The territory, if it is in force on the day of the decision."""
        return (
            self.territory if self.territory is not None and self.territory.is_in_force(self.date) else None
        )

    @property
    def map_year(self) -> int | None:
        """The year of the map of France, if the scenario names one."""
        return None if (named := self.territory_in_force) is None else named.year

    @property
    def place_column(self) -> str | None:
        """The column that names the territory of an application where it is no department of France."""
        return None if (named := self.territory_in_force) is None else named.column

    @property
    def rural_column(self) -> str | None:
        """The column that says how rural the territory of an application is, if the scenario names one."""
        return None if (named := self.territory_in_force) is None else named.rural

    @property
    def place_label(self) -> str:
        """The word for a territory of `place_column`; "" without such a column."""
        return "" if (named := self.territory_in_force) is None else named.label or named.column or ""


def select_in_force(spec: ScenarioSpec, key: str) -> list[tuple[Any, PathSteps]]:
    """Return the entries of a list that are valid on the day of the decision, each with its path."""
    entries: Sequence[Described] = getattr(spec, key)
    return [(entry, (key, k)) for k, entry in enumerate(entries) if entry.is_in_force(spec.date)]


class _CurrencyOnly(Spec):
    """The key that must be known before any amount is read."""

    currency: CurrencySpec


def validate_scenario(tree: Mapping[str, Any], origins: Mapping[PathSteps, Origin]) -> ScenarioSpec:
    """Validate the merged texts of a scenario, its amounts in its currency, which this process then shows."""
    with release_currency_on_error():
        currency = EURO
        if "currency" in tree:
            whole = validate_model(_CurrencyOnly, {"currency": tree["currency"]}, origins)
            currency = whole.currency.build()
        apply_currency(currency, locate_value(origins, ("currency",)))
        spec = validate_model(ScenarioSpec, tree, origins)
        _check_publisher(spec.publisher, spec.letters, origins)
        return spec


def _check_publisher(
    publisher: PublisherSpec, letters: LettersSpec, origins: Mapping[PathSteps, Origin]
) -> None:
    """Check that letters which name a court name the authority."""
    defects = Defects()
    if letters.court and not publisher.authority:
        defects.add(
            "letters",
            _("`{key}` is written in letters with `authority`, which is missing.", key="court"),
            locate_value(origins, ("letters", "court")),
            hint=_("Write who decides, for example `publisher: {{authority: the prefect of the region}}`."),
        )
    defects.raise_if_any(ScenarioError)


def apply_currency(currency: Currency, place: Place = Place()) -> None:
    """Read and show amounts in the currency of a scenario from now on."""
    if choose_currency(currency):
        return
    defects = Defects()
    defects.add(
        "currency",
        _(
            "the amounts of this scenario are in {own}, those of a scenario read before are in {other}.",
            own=currency.code or currency.symbol,
            other=get_currency().code or get_currency().symbol,
        ),
        place,
        hint=_("Compare scenarios of one currency; in Python, read this one in a new session."),
    )
    defects.raise_if_any(ScenarioError)
