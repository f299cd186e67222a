"""Tables of a named model: what each row and each column stands for, with the titles that planners know."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from tnt_sim.formulation.formulate import Formulation
from tnt_sim.formulation.named_model import NamedModel
from tnt_sim.i18n.numbers import localise_currency
from tnt_sim.scenario.problem import Problem


def build_row_table(problem: Problem, model: NamedModel) -> pl.DataFrame:
    """Build one line per row: `name`, `kind`, `id`, `group`, `side`, `title`, `sense`, `rhs`, `measure`, `unit`.

    `measure` is the sign of the currency or « 1 »; `unit` is what 1 of the row is worth in it, as a fraction. The
    kind `stage` is the value of an earlier stage, `link` a technical row.
    """
    titles = _collect_titles(problem)
    labels = model.labels
    return pl.DataFrame(
        {
            "name": model.rows,
            "kind": ["stage" if label is None else label.kind.value for label in labels],
            "id": [
                model.linear.row_names[row].removeprefix("stage ") if label is None else label.id
                for row, label in enumerate(labels)
            ],
            "group": [None if label is None else label.group for label in labels],
            "side": [None if label is None else label.side or None for label in labels],
            "title": ["" if label is None else titles.get(label.id, "") for label in labels],
            "sense": model.senses,
            "rhs": model.rhs,
            "measure": [localise_currency(measure) for measure in model.measures],
            "unit": [str(unit) for unit in model.row_units],
        },
        schema_overrides={"group": pl.String, "side": pl.String},
    )


def build_column_table(problem: Problem, form: Formulation, model: NamedModel) -> pl.DataFrame:
    """Build one line per column: `name`, `kind`, `dossier`, `title`, `amount`, `lower`, `upper`, `cost`.

    The kind is `funded` (0 or 1), `steps` (of the amount above the least), `level` (0 or 1) or `auxiliary`: what
    rules count, or money that moves, in euros. `amount` is what one unit of the column grants.
    """
    recovery = form.recovery
    dossier_rows = np.concatenate([recovery.candidate, recovery.amount_rows, recovery.options.row])
    levelled = np.isin(recovery.amount_rows, recovery.options.row)
    cents = np.concatenate(
        [
            recovery.base_cents[recovery.candidate],
            np.where(levelled, 0, recovery.unit_cents[recovery.amount_rows]),
            recovery.options.cents,
        ]
    )
    n_others = len(model.columns) - len(dossier_rows)
    kinds = ("funded", "steps", "level", "auxiliary")
    sizes = (len(recovery.candidate), len(recovery.amount_rows), len(recovery.options.row), n_others)
    table = problem.case.table
    blank = pl.Series([None] * n_others, dtype=pl.String)
    lower, upper = model.column_bounds
    return pl.DataFrame(
        {
            "name": model.columns,
            "kind": [kind for kind, size in zip(kinds, sizes, strict=True) for _ in range(size)],
            "dossier": pl.concat([table["dossier"].gather(dossier_rows), blank]),
            "title": pl.concat([table["title"].cast(pl.String).gather(dossier_rows), blank])
            if "title" in table.columns
            else pl.Series([None] * len(model.columns), dtype=pl.String),
            "amount": pl.concat([pl.Series(cents / 100), pl.Series([None] * n_others, dtype=pl.Float64)]),
            "lower": lower,
            "upper": upper,
            "cost": model.cost,
        }
    )


def _collect_titles(problem: Problem) -> Mapping[str, str]:
    """Return the title of each envelope, rule and cap by its id in row labels."""
    spec = problem.scenario.spec
    tree = problem.case.tree
    named = {f"cap:{cap.id}": getattr(cap, "title", "") for cap in spec.caps if getattr(cap, "id", "")}
    rules = {rule.id: rule.title for rule in spec.rules}
    return {**dict(zip(tree.ids, tree.titles, strict=True)), **named, **rules}
