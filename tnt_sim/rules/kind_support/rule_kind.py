"""The record of a rule kind: all that the program knows of it, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from tnt_sim.i18n.message import Lang, Text
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.offers.decisions import DecideSpec
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, CompiledRule, Path
from tnt_sim.rules.second_reading.rows import RowCollector


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleKind:
    """A kind of rule, bound from the `rule.py`, `check.py` and `text.py` of its folder.

    Attributes
    ----------
    name : what `kind` says in a scenario
    spec : what a planner writes; its field `kind` is the literal `name`
    compile_rule : resolves a rule on the dossiers; None, with defects recorded, where it cannot be resolved
    second_reading : by exact class of compiled rule, what writes its rows again from its data alone
    label : the kind in a few words
    describe : the sentence of a written rule
    format_formula : the formula of a written rule
    example : part of a scenario with one rule, for the rule book
    keys : the meaning of keys that no other block of a scenario explains
    reads_amounts : whether the rows of a rule depend on the amounts of envelopes, other than by `of_amount`
    priced_reading : the same for the rows of a rule that may be broken at a price, its third argument (`Pricing`);
        empty for kinds without it
    describe_compiled : what to add to the sentence of a rule once it is resolved, if anything
    refuse_clashes : records contradictions that the hard rules of this kind show together, if any can; it
        takes them with their paths in the scenario, None where the table states the rule

    Raises
    ------
    ValueError
        If there is no second reading, or if the specification has another name.
    """

    name: str
    spec: type[RuleSpec] | type[DecideSpec]
    compile_rule: Callable[[Any, Path, Case, Measures, Offers], CompiledRule | None]
    second_reading: Mapping[type, Callable[[RowCollector, Any], None]]
    label: Text
    describe: Callable[[Any, Lang], str]
    format_formula: Callable[[Any], str]
    example: str
    keys: Mapping[str, Text] = field(default_factory=dict)
    reads_amounts: bool = False
    describe_compiled: Callable[[Any, Lang], str] | None = None
    priced_reading: Mapping[type, Callable[..., None]] = field(default_factory=dict)
    refuse_clashes: Callable[[Case, Offers, Sequence[tuple[Any, Any]]], None] | None = None

    def __post_init__(self) -> None:
        if get_args(self.spec.model_fields["kind"].annotation) != (self.name,):
            raise ValueError(f"the specification of the rule kind {self.name!r} has another `kind`")
        if not self.second_reading:
            raise ValueError(f"the rule kind {self.name!r} has no second reading: no proof could rest on it")
