"""Read a hand-made selection: a table of applications, a Turgot export, or a run folder.

Each row that cannot be used as it stands is reported; the others are still used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import polars as pl

from tnt_sim.domain.money import MoneyError, parse_cents_series
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.errors import DataError, Defect, Defects, Place, UsageError, suggest_name
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.parameters import Money
from tnt_sim.ingest.portfolio_reader import read_plain
from tnt_sim.ingest.tables.headers import SYNONYMS, derive_names, normalise_header
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation
from tnt_sim.verify.run_files import PARQUET
from tnt_sim.verify.verification import Verification

NUMBER = ("dossier", *SYNONYMS["dossier"])
AMOUNT = (
    "granted", "montant previsionnel accorde", "montant prevsionnel accorde", "montant accorde", "montant propose",
    "montant", "subvention",
)  # fmt: skip
STATUS = ("funded", "statut de la simulation", "decision", "statut", "choix")
YES = (
    "true",
    "oui",
    "yes",
    "1",
    "vrai",
    "x",
    "accepte provisoirement",
    "accepte",
    "retenu",
    "finance",
    "accord",
)
NO = (
    "false", "non", "no", "0", "faux", "", "refuse provisoirement", "refuse", "classe sans suite", "sans suite",
    "en traitement", "en instruction", "en construction", "refus", "reserve", "attente",
)  # fmt: skip
_STATUS_MEANINGS: Mapping[str, bool] = MappingProxyType(
    {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}
)


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """List of applications as an allocation of a problem.

    Attributes
    ----------
    allocation : the list, with the commitments
    findings : defects of rows that were not used as they stand
    n_rows : number of rows that the file selects
    n_added : commitments that the file does not name; they are kept
    verification : of the run, if the list is that of a run folder
    """

    allocation: Allocation
    findings: tuple[Defect, ...]
    n_rows: int
    n_added: int
    verification: Verification | None = None


def read_selection(path: Path, problem: Problem) -> Selection:
    """Read the selection of a file or of a run folder."""
    if not path.exists():
        raise UsageError(_('"{path}" does not exist.', path=path), code="usage.selection")
    if not path.is_dir():
        return _match_dossiers(_of_table(path), problem, path.name)
    chosen, verification = _of_run(path)
    selection = replace(_match_dossiers(chosen, problem, path.name), verification=verification)
    if verification.rules.is_shown:
        return selection
    remark = _("this list is not verified: the inputs of its run are gone, or have changed.")
    unread = Defect("not-verified", remark, (Place(file=path.name),))
    return replace(selection, findings=(unread, *selection.findings))


def _of_run(folder: Path) -> tuple[pl.DataFrame, Verification]:
    """Return what a run folder grants, and its verification."""
    if not (folder / PARQUET).is_file():
        raise UsageError(
            _('"{folder}" is not a run folder: it has no {parquet}.', folder=folder, parquet=PARQUET),
            code="usage.selection",
        )
    run = open_stored(folder)
    awards = run.table.filter("funded").select(
        "dossier", pl.col("granted_cents").alias("cents"), _build_row_expression()
    )
    return awards, run.checked


def _build_row_expression() -> pl.Expr:
    return pl.int_range(2, pl.len() + 2).alias("row")


def _of_table(path: Path) -> pl.DataFrame:
    table = read_plain(path, shown_as=path.name)
    names = {known: name for name in table.columns if name != "_row" for known in derive_names(name)}
    number = _find_header(names, NUMBER)
    if number is None:
        raise DataError([_build_missing_number_defect(path, list(table.columns))])
    amount, status = _find_header(names, AMOUNT), _find_header(names, STATUS)
    cents, defects = _parse_amounts(table, amount, path)
    retained = table.select(
        pl.col(number).alias("dossier"), pl.col("_row").alias("row"), cents.alias("cents")
    ).with_columns(_parse_statuses(table, status, path, defects))
    defects.raise_if_any(DataError)
    # An amount of 0 means "not selected" where no column states the decision.
    zero = pl.col("cents").fill_null(1) == 0
    return retained.filter(pl.col("chosen") & ~zero & (pl.col("dossier") != "")).drop("chosen")


def _find_header(names: Mapping[str, str], wanted: Sequence[str]) -> str | None:
    return next((names[name] for name in wanted if name in names), None)


def _build_missing_number_defect(path: Path, columns: Sequence[str]) -> Defect:
    text = ", ".join(name for name in columns if name != "_row")
    return Defect(
        "selection-columns",
        _("no column gives the application number (columns read: {columns}).", columns=text),
        (Place(file=path.name),),
        _("Name one `dossier`."),
    )


def _parse_amounts(table: pl.DataFrame, name: str | None, path: Path) -> tuple[pl.Series, Defects]:
    defects = Defects()
    if name is None:
        return pl.Series("cents", [None] * table.height, dtype=pl.Int64), defects
    cents, reasons = parse_cents_series(table[name])
    for row in reasons.is_not_null().arg_true().to_list():
        why = MoneyError(reasons[row]).text
        defects.add(
            "selection-amount",
            _('"{table}" is not an amount: {why}', table=table[name][row], why=why),
            Place(file=path.name, row=int(table["_row"][row])),
        )
    for row in (cents < 0).fill_null(value=False).arg_true().to_list():
        defects.add(
            "selection-amount",
            _('"{table}": an amount cannot be negative.', table=table[name][row]),
            Place(file=path.name, row=int(table["_row"][row])),
        )
    return cents, defects


def _parse_statuses(table: pl.DataFrame, name: str | None, path: Path, defects: Defects) -> pl.Series:
    if name is None:
        return pl.Series("chosen", [True] * table.height)
    sentences = [_STATUS_MEANINGS.get(normalise_header(word)) for word in table[name].to_list()]
    for row, word in enumerate(sentences):
        if word is None:
            defects.add(
                "selection-status",
                _('"{table}" does not say whether the application is selected.', table=table[name][row]),
                Place(file=path.name, row=int(table["_row"][row])),
                hint=_("Write yes or no."),
            )
    return pl.Series("chosen", [bool(word) for word in sentences], dtype=pl.Boolean)


def _match_dossiers(chosen: pl.DataFrame, problem: Problem, file: str) -> Selection:
    defects = Defects()
    known = {name: row for row, name in enumerate(problem.case.table["dossier"].to_list())}
    offers = problem.offers
    funded, granted = offers.committed.copy(), np.where(offers.committed, offers.committed_cents, 0)
    earlier: dict[str, tuple[int, int | None]] = {}
    named = 0
    for name, cents, text in chosen.select("dossier", "cents", "row").iter_rows():
        place = Place(file=file, row=int(text), dossier=name)
        row = known.get(name)
        if row is None:
            _add_unknown_defect(defects, name, place, known)
        elif name in earlier:
            _add_duplicate_defect(defects, name, earlier[name], cents, place)
        else:
            earlier[name] = int(text), cents
            named += bool(offers.committed[row])
            funded[row], granted[row] = True, _resolve_amount(problem, row, name, cents, place, defects)
    added = int(offers.committed.sum()) - named
    return Selection(
        Allocation(funded, granted.astype(np.int64)), tuple(defects.entries), len(earlier), added
    )


def _resolve_amount(
    problem: Problem, row: int, name: str, cents: int | None, place: Place, defects: Defects
) -> int:
    """Return the amount of a row; an impossible one is reported and kept as the list states it."""
    offers = problem.offers
    if offers.committed[row]:
        held = int(offers.committed_cents[row])
        if cents not in (None, held):
            sentence = _(
                'application "{name}" is committed for {held}, and keeps that amount.',
                name=name,
                held=Money(held),
            )
            defects.add("selection-committed", sentence, place)
        return held
    state = str(problem.case.table["state"][row])
    most = int(offers.most_cents[row]) if offers.candidate[row] else _get_requested_cents(problem, row)
    if not offers.candidate[row]:
        defects.add("selection-ineligible", _describe_ineligible(state, name), place)
    elif cents is not None and cents > most:
        sentence = _(
            'application "{name}" gets {granted}, more than the {most} that it may get.',
            name=name,
            granted=Money(cents),
            most=Money(most),
        )
        defects.add("selection-above", sentence, place)
    return most if cents is None else cents


def _get_requested_cents(problem: Problem, row: int) -> int:
    return int(problem.case.table["requested_cents"][row] or 0)


def _describe_ineligible(state: str, name: str) -> Text:
    if state == "refuse":
        return _('application "{name}" is refused by the service.', name=name)
    if state == "sans_suite":
        return _('application "{name}" is withdrawn or closed.', name=name)
    return _(
        'application "{name}" cannot be funded (ineligible, capped to zero or refused by decision).',
        name=name,
    )


def _add_unknown_defect(defects: Defects, name: str, place: Place, known: Mapping[str, int]) -> None:
    defects.add(
        "selection-unknown",
        _('application "{name}" does not exist in this scenario: it is left out.', name=name),
        place,
        hint=suggest_name(name, known),
    )  # fmt: skip


def _add_duplicate_defect(
    defects: Defects, name: str, first: tuple[int, int | None], cents: int | None, place: Place
) -> None:
    number, before = first
    sentence = _('application "{name}" is already in row {number}: it counts once.', name=name, number=number)
    if before != cents:
        sentence = _(
            'application "{name}" is already in row {number}: it counts once, for the amount of that row.',
            name=name,
            number=number,
        )
    defects.add("selection-twice", sentence, place)
