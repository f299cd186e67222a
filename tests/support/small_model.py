"""A small model with one of each difficulty, for the tests of the reader and of the messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from tnt_sim.domain.field_types import Cents, Code, Count, Day, Described, Rate, Spec, Valid


class Programme(Described):
    id: Code = "p"
    amount: Cents
    reserve: Cents | None = None
    spare: Cents | None = None
    other: Cents | None = None
    envelopes: tuple[Programme, ...] = ()


class ShareOf(Spec):
    share: Rate
    of_amount: Code


class Column(Spec):
    column: Code


class Limit(Described):
    id: Code
    kind: Literal["limit"]
    max: Cents | ShareOf | Column | None = None
    min: Cents | ShareOf | Column | None = None
    where: Mapping[str, str] = Field(default={})
    department: Code | None = None
    measure: Literal["granted", "cost", "dossiers"] = "granted"


class Share(Described):
    id: Code
    kind: Literal["share"]
    min: Rate


class Scenario(Spec):
    id: Code
    title: str = ""
    date: Day | None = None
    valid: Valid | None = None
    programme: Programme | None = None
    rules: tuple[Annotated[Limit | Share, Field(discriminator="kind")], ...] = ()
    levels: tuple[Rate, ...] = ()
    limit: Count | None = None
