"""The declared questions, in the order of the help; a declaration is imported when something asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tnt_sim.studies.study import Study

ON_MONEY = (
    "marginal-euro",
    "entry-thresholds",
    "target",
    "rule-prices",
    "extension-shares",
    "extend",
    "conflict",
)
ON_LISTS = ("audit", "alternatives", "weights")
ON_DECISIONS = ("inversions",)
ON_RUNS = ("reconcile",)
DECLARED = (*ON_DECISIONS, *ON_MONEY, *ON_LISTS, *ON_RUNS)
"""Verbs of the declared questions, by their group in the help; each is a folder of this one."""


@cache
def load_study(verb: str) -> Study:
    """Import the declaration of a question; what says its answer is not imported."""
    name = verb.replace("-", "_")
    study: Study = getattr(import_module(f"tnt_sim.studies.{name}.question"), name)
    return study


def load_studies() -> Mapping[str, Study]:
    """Return the declared questions by verb."""
    return MappingProxyType({verb: load_study(verb) for verb in DECLARED})
