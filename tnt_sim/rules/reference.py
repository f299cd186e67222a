"""`changed`: how many dossiers are funded in only one of this allocation and an earlier list.

    Σ_{i not in the list} x_i + Σ_{i in the list} (1 − x_i) + dossiers of the list that the table does not have

The list is the file `reference` of the scenario, with the columns `dossier` and `granted`; a row without an
amount, or with 0, was not funded. An `allocation.csv` of a run is such a file.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.errors import Text, so_many
from tnt_sim.money import MoneyError, parse_cents_series
from tnt_sim.rules.base import BoolArray, Case, Path, Terms, Unit

REFERENCE: Path = ("reference",)
SHOWN = 5


def changed_terms(case: Case, mask: BoolArray | None, path: Path) -> Terms | None:
    """The measure over the dossiers of `mask` (None: all, the list's own included); None with a defect noted."""
    table = case.side.get(REFERENCE)
    if table is None:
        case.fault(
            "no-reference",
            Text(
                "« changed » compare à une liste antérieure, et le scénario n'en nomme pas.",
                '"changed" compares with an earlier list, and the scenario names none.',
            ),
            path,
            Text("Ajoutez `reference: FICHIER`.", "Add `reference: FILE`."),
        )
        return None
    listed = _listed(case, table)
    if listed is None:
        return None
    before = case.table["dossier"].is_in(listed.implode()).to_numpy()
    gone = len(listed) - int(before.sum())
    if gone:
        _tell_gone(case, listed)
    counted = np.ones(case.n, dtype=np.bool_) if mask is None else mask
    change = np.where(before, -1, 1) * counted
    constant = int((before & counted).sum()) + (gone if mask is None else 0)
    return Terms(
        Fraction(1), Unit.NUMBER, change.astype(np.int64), np.zeros(case.n, dtype=np.int64), (), constant
    )


def whole_only(case: Case, terms: Terms, restricted: bool, path: Path) -> bool:
    """Whether a measure with a constant, as `changed` is, is not asked for some dossiers or some groups only."""
    if not terms.constant or not restricted:
        return True
    case.fault(
        "changed-part",
        Text(
            "« changed » se compte sur l'ensemble : ni `where`, ni `by`, ni `once_per`.",
            '"changed" counts over all: no `where`, no `by`, no `once_per`.',
        ),
        path,
        Text(
            "Pour une partie, écrivez une mesure nommée `{column: changed, where: {…}}`.",
            "For a part, write a named measure `{column: changed, where: {…}}`.",
        ),
    )
    return False


def _listed(case: Case, table: pl.DataFrame) -> pl.Series | None:
    """The dossiers that the list funds, each once; None with defects noted."""
    missing = [name for name in ("dossier", "granted") if name not in table.columns]
    if missing:
        case.fault(
            "reference",
            Text(
                f"ce fichier veut les colonnes `dossier` et `granted` ; il manque : {', '.join(missing)}.",
                f"this file wants the columns `dossier` and `granted`; missing: {', '.join(missing)}.",
            ),
            REFERENCE,
        )
        return None
    cents, reasons = parse_cents_series(table["granted"])
    bad = reasons.is_not_null().arg_true().to_list()
    twice = table["dossier"].filter(table["dossier"].is_duplicated()).unique(maintain_order=True)
    for row in bad[:SHOWN]:
        why = MoneyError(reasons[row]).text
        case.fault(
            "reference",
            Text(
                f"ligne {table['_row'][row]} : « {table['granted'][row]} » n'est pas lu comme un montant : "
                f"{why.fr}",
                f'row {table["_row"][row]}: "{table["granted"][row]}" is not read as an amount: {why.en}',
            ),
            REFERENCE,
        )
    if len(twice):
        shown = ", ".join(twice.head(SHOWN).to_list())
        case.fault(
            "reference",
            Text(f"ce fichier nomme deux fois : {shown}.", f"this file names twice: {shown}."),
            REFERENCE,
        )
    return None if bad or len(twice) else table["dossier"].filter((cents > 0).fill_null(value=False))


def _tell_gone(case: Case, listed: pl.Series) -> None:
    gone = listed.filter(~listed.is_in(case.table["dossier"].implode()))
    shown = ", ".join(gone.head(SHOWN).to_list()) + (", …" if len(gone) > SHOWN else "")
    n = so_many(
        len(gone),
        ("dossier de la liste antérieure n'est pas", "dossiers de la liste antérieure ne sont pas"),
        ("dossier of the earlier list is", "dossiers of the earlier list are"),
    )
    case.warnings.add(
        "reference-gone",
        Text(
            f"{n.fr} dans la table, ce qui compte comme un changement ({shown}).",
            f"{n.en} not in the table, which counts as a change ({shown}).",
        ),
        case.locate(REFERENCE),
    )
