"""Protocol of reductions: a model becomes a smaller or tighter one, and answers are carried back.

    (model', inverse) = reduction.apply(model)      x = inverse.expand(x')

An optimal point x' of model' gives an optimal point x of the model before, exactly, in integers. A chain is a
sequence of reductions; its inverse runs their inverses backwards. `registry.py` lists the reductions.

Source: the reductions of CVXPY; Agrawal, Verschueren, Diamond and Boyd, A rewriting system for convex
optimization problems, Journal of Control and Decision 5 (2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np

from tnt_sim.formulation.linear_model import FloatArray, IntArray, LinearModel
from tnt_sim.i18n.message import Text
from tnt_sim.solve.backends.backend import Limits


class Inverse(Protocol):
    """Map from a reduced model back to the model before."""

    def expand(self, x: IntArray) -> IntArray:
        """Map a feasible point of the reduced model to one of the model before, of the same objective."""

    def expand_bound(self, bound: int) -> int:
        """Turn a bound on the objective of the reduced model into one on the objective of the model before."""


class Reduction(Protocol):
    """Transformation of a model that keeps an optimal point.

    Attributes
    ----------
    name : name of its module, used in `--json`
    label : what it does, in one sentence for planners
    keeps_optima : whether every optimal point survives; if not, at least one does
    """

    name: ClassVar[str]
    label: ClassVar[Text]

    @property
    def keeps_optima(self) -> bool:
        """Whether every optimal point survives."""

    def apply(self, model: LinearModel) -> tuple[LinearModel, Inverse] | None:
        """Return the reduced model and its inverse; None if the model has another form.

        The model itself comes back if there is nothing to reduce.
        """


@dataclass(frozen=True, slots=True)
class SameColumns:
    """Inverse of a reduction that keeps columns and objective: points and bounds stay as they are."""

    def expand(self, x: IntArray) -> IntArray:
        """Return the point itself."""
        return x

    def expand_bound(self, bound: int) -> int:
        """Return the bound itself."""
        return bound


def translate_points(limits: Limits, inverse: Inverse) -> Limits:
    """Return limits whose listener receives points and bounds of the reduced model as those before it."""
    listener = limits.on_point
    if listener is None:
        return limits

    def receive(point: FloatArray | IntArray | None, bound: int | None) -> None:
        whole = None if point is None else inverse.expand(np.rint(point).astype(np.int64))
        listener(whole, None if bound is None else inverse.expand_bound(bound))

    return replace(limits, on_point=receive)


@dataclass(frozen=True, slots=True)
class ModelSize:
    """Number of columns, rows and nonzero coefficients of a model."""

    n_columns: int
    n_rows: int
    n_entries: int

    @classmethod
    def of(cls, model: LinearModel) -> ModelSize:
        """Measure a model."""
        return cls(model.n_cols, model.n_rows, int(model.matrix.nnz))


@dataclass(frozen=True, slots=True)
class ReductionStep:
    """Step of a chain: the reduction's name and label, and the sizes of the model before and after it."""

    name: str
    label: Text
    before: ModelSize
    after: ModelSize

    @classmethod
    def of(cls, reduction: type[Reduction], before: LinearModel, after: LinearModel) -> ReductionStep:
        """Measure the models before and after a reduction."""
        return cls(reduction.name, reduction.label, ModelSize.of(before), ModelSize.of(after))


@dataclass(frozen=True, slots=True)
class ChainInverse:
    """Inverse of several reductions, listed in the order in which they were applied."""

    inverses: tuple[Inverse, ...]

    def expand(self, x: IntArray) -> IntArray:
        """Carry a point back through all reductions, the last one first."""
        for inverse in reversed(self.inverses):
            x = inverse.expand(x)
        return x

    def expand_bound(self, bound: int) -> int:
        """Carry a bound back through all reductions, the last one first."""
        for inverse in reversed(self.inverses):
            bound = inverse.expand_bound(bound)
        return bound


def apply_chain(
    reductions: Sequence[Reduction], model: LinearModel
) -> tuple[LinearModel, ChainInverse, tuple[ReductionStep, ...]]:
    """Apply reductions in order; skip those that do not apply. Return the last model, the inverse, the steps."""
    inverses: list[Inverse] = []
    steps: list[ReductionStep] = []
    for reduction in reductions:
        result = reduction.apply(model)
        if result is None:
            continue
        steps.append(ReductionStep.of(type(reduction), model, result[0]))
        model = result[0]
        inverses.append(result[1])
    return model, ChainInverse(tuple(inverses)), tuple(steps)
