"""How large the model of a decision is, and which method settles it, with the reason: `show --model`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import LinearModel, SolveStage
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.rules.expressions.column_text import format_integer
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.exact_kernels import WORDS, solve_exactly
from tnt_sim.solve.reductions.amounts_as_binaries import MOST_CHOICES


@dataclass(frozen=True, slots=True)
class ModelTold:
    """Size of a model and its solution method: `tree`, `blocks` or `direct`."""

    n_columns: int
    n_rows: int
    n_entries: int
    method: str
    why: Text

    def build_document(self) -> dict[str, Any]:
        """Return the entry `model` of `show --json`."""
        return {
            "n_columns": self.n_columns,
            "n_rows": self.n_rows,
            "n_entries": self.n_entries,
            "method": self.method,
            "why": self.why.en,
        }

    def describe_size(self) -> Text:
        """Return the sentence of `show --model`."""
        return Text(
            f"Le modèle a {self.n_columns} colonnes, {self.n_rows} lignes et {self.n_entries} coefficients. "
            f"Méthode « {self.method} » : {self.why.fr}",
            f"The model has {self.n_columns} columns, {self.n_rows} rows and {self.n_entries} coefficients. "
            f'Method "{self.method}": {self.why.en}',
        )


def measure_model(problem: Problem) -> ModelTold:
    """Build the model and try the exact kernels on it, as `run` does; no solver is called."""
    form = formulate(problem)
    model = form.model
    stages = [
        SolveStage(s.name, s.objective, s.sense, s.tolerance, s.constant)
        for s in (*form.stages, form.least_granted)
    ]
    found = solve_exactly(model, stages, recovery=form.recovery)
    method = "direct" if found is None else WORDS[found[0].stages[0].solver]
    why = _WHY.get(method) or _explain_direct_solve(form, model)
    return ModelTold(model.n_cols, model.n_rows, int(model.matrix.nnz), method, why)


_WHY = {
    "tree": Text(
        "les plafonds de dépense forment un arbre, et le meilleur choix sous eux tient toutes les autres lignes ; "
        "chaque enveloppe est un sac à dos exact.",
        "the caps on money form a tree, and the best choice under them keeps every other row; each envelope is an "
        "exact knapsack.",
    ),
    "blocks": Text(
        "des lignes se croisent ; celles qui ne partagent aucun dossier ont chacune un bloc exact, les autres un "
        "prix, et ce qui reste possible est énuméré.",
        "rows cross; those that share no dossier have an exact block each, the others a price, and what is left "
        "possible is enumerated.",
    ),
}


def _explain_direct_solve(form: Formulation, model: LinearModel) -> Text:
    """Say why no exact kernel solves the model."""
    if any(stage.tolerance for stage in form.stages):
        return Text(
            "un objectif a une tolérance ; un solveur résout les étapes l'une après l'autre.",
            "a goal has a tolerance; a solver takes the stages one after the other.",
        )
    ranged = form.recovery.ranged_columns
    if int((model.col_upper[ranged] + 1).sum()) > MOST_CHOICES:
        return Text(
            f"les fourchettes laissent plus de {format_integer(MOST_CHOICES, Lang.FR)} montants possibles ; "
            "un solveur les "
            "choisit, une étape après l'autre.",
            f"ranges leave more than {format_integer(MOST_CHOICES, Lang.EN)} possible amounts; "
            "a solver chooses them, one "
            "stage after the other.",
        )
    if (model.col_upper[form.recovery.n_columns :] > 1).any():
        return Text(
            "de l'argent libre ou des écarts à une règle se choisissent avec les dossiers ; un solveur résout les "
            "étapes l'une après l'autre.",
            "free money or distances from a rule are chosen beside dossiers; a solver takes the stages one after "
            "the other.",
        )
    return Text(
        "trop de lignes se croisent pour les noyaux exacts ; un solveur résout les étapes l'une après l'autre, "
        "et un certificat exact est cherché ensuite.",
        "too many rows cross for the exact kernels; a solver takes the stages one after the other, and an exact "
        "certificate is sought afterwards.",
    )
