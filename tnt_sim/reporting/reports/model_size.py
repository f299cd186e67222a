"""Size of a decision's model, the reductions that make it smaller, and the solution method: `show --model`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass

from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import LinearModel, SolveStage
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.parameters import Count
from tnt_sim.reporting.report_tree import Column, Kind, Node, Paragraph, Table
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.exact_kernels import WORDS, solve_exactly
from tnt_sim.solve.reductions.amounts_as_binaries import MOST_CHOICES
from tnt_sim.solve.reductions.coefficient_tightening import CoefficientTightening
from tnt_sim.solve.reductions.reduction import ModelSize, ReductionStep, apply_chain
from tnt_sim.solve.reductions.symmetry import Symmetry


@dataclass(frozen=True, slots=True, kw_only=True)
class ReductionEntry:
    """Reduction of the model, with the sizes before and after it."""

    name: str
    text: str
    before: ModelSize
    after: ModelSize


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry(ModelSize):
    """Size of the model as the scenario states it, its solution method, and its reductions."""

    method: str
    why: str
    reductions: Sequence[ReductionEntry]


@dataclass(frozen=True, slots=True)
class ModelSizes:
    """Size of a model, its reductions, and its solution method: `tree`, `blocks` or `direct`."""

    size: ModelSize
    chain: tuple[ReductionStep, ...]
    method: str
    why: Text

    def build_entry(self) -> ModelEntry:
        """Return the entry `model` of `show --json`."""
        return ModelEntry(
            **asdict(self.size),
            method=self.method,
            why=self.why.en,
            reductions=[
                ReductionEntry(name=step.name, text=step.label.en, before=step.before, after=step.after)
                for step in self.chain
            ],
        )

    def build_nodes(self) -> list[Node]:
        """Return the part of `show --model`: the method, and the size of the model after each reduction."""
        steps = [(step.after, step.label) for step in self.chain]
        sizes, labels = zip((self.size, _AS_WRITTEN), *steps, strict=True)
        ranked = [
            labels[0],
            *(_("{rank}. {step}", rank=k, step=text) for k, text in enumerate(labels[1:], 1)),
        ]
        counts = zip(*(astuple(size) for size in sizes), strict=True)
        columns = [Column(head, values, Kind.COUNT) for head, values in zip(_HEADS, counts, strict=True)]
        notes = [_LATER] if self.method == "direct" else [] if self.chain else [_NO_REDUCTION]
        return [
            Paragraph(_('Method "{method}": {why}', method=self.method, why=self.why)),
            Paragraph(_SIZES),
            Table([*columns, Column(_("Step"), ranked)], most=len(sizes)),
            *map(Paragraph, notes),
        ]


_SIZES = _(
    "Size of the model, after each reduction. A column is a choice, a row is a condition; "
    "coefficients are the numbers that link them."
)
_HEADS = (
    _("Columns"),
    _("Rows"),
    _("Coefficients"),
)
_AS_WRITTEN = _("The model as the scenario states it.")
_NO_REDUCTION = _("This model is solved without any reduction.")
_LATER = _(
    "After each objective, applications that no equally good allocation can change are fixed "
    "and removed too. Their number depends on the value found."
)


def measure_model(problem: Problem) -> ModelSizes:
    """Build the model, reduce it and try the exact kernels on it, as `run` does; no solver is called."""
    form = formulate(problem)
    model = form.model
    stages = [
        SolveStage(s.name, s.objective, s.sense, s.tolerance, s.constant)
        for s in (*form.stages, form.least_granted)
    ]
    found = solve_exactly(model, stages, recovery=form.recovery)
    if found is not None:
        method, chain = WORDS[found[0].stages[0].solver], found[0].chain
        return ModelSizes(ModelSize.of(model), chain, method, _WHY[method])
    goal = model.with_objective(stages[0].objective, stages[0].sense)
    chain = apply_chain((CoefficientTightening(), Symmetry()), goal)[2]
    return ModelSizes(ModelSize.of(model), chain, "direct", _explain_direct_solve(form, model))


_WHY = {
    "tree": _(
        "the caps on money form a tree, and the best choice under them satisfies every other row; each "
        "envelope is an exact knapsack."
    ),
    "blocks": _(
        "rows cross; those that share no application have an exact block each, the others a price, "
        "and what is left possible is enumerated."
    ),
}


def _explain_direct_solve(form: Formulation, model: LinearModel) -> Text:
    """Say why no exact kernel solves the model."""
    if any(stage.tolerance for stage in form.stages):
        return _("a goal has a tolerance; a solver takes the stages one after the other.")
    ranged = form.recovery.ranged_columns
    if int((model.col_upper[ranged] + 1).sum()) > MOST_CHOICES:
        return _(
            "ranges leave more than {most_choices} possible amounts; a solver chooses them, one "
            "stage after the other.",
            most_choices=Count(MOST_CHOICES),
        )
    if (model.col_upper[form.recovery.n_columns :] > 1).any():
        return _(
            "free money or distances from a rule are chosen beside applications; a solver takes the "
            "stages one after the other."
        )
    return _(
        "too many rows cross for the exact kernels; a solver takes the stages one after the "
        "other, and an exact certificate is sought afterwards."
    )
