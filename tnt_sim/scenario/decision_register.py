"""Register of decisions: signed lists and amendments, in a hash chain that makes later changes visible.

    registre/
      liste-1/    a signed list: the files of its run, its inputs/, engagements.csv, signature.json
      avenant-1/  withdrawals and reductions: avenants.csv, engagements.csv, signature.json
      liste-2/    …

`engagements.csv` (dossier, granted) is the state after the entry; 0 means that the dossier has withdrawn.
`signature.json` contains the SHA-256 of each file beside it and of the previous signature, so a changed file
or a missing entry is detected. A `signature.ed25519` (made of it with a key) and time-stamp replies `*.tsr`
may lie beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tnt_sim.disk import is_in_process_folder
from tnt_sim.domain.money import MoneyError, parse_cents_series
from tnt_sim.errors import DataError, Defect, Defects, Place
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.ingest.portfolio_reader import read_plain
from tnt_sim.scenario.yaml.nodes import Origin

SIGNATURE, HELD, AMENDMENTS = "signature.json", "engagements.csv", "avenants.csv"
ALLOCATION, MOST_ROWS = "allocation.parquet", 5_000_000
"""File of a signed list, and the most rows it may have: a few bytes of Parquet may expand to any number."""
SEAL = "signature.ed25519"
"""File of the Ed25519 signature of `signature.json`."""
REGISTER = "registre"
"""Name of the register of a project by default."""
INPUTS = "inputs"
"""Folder of what the run of a signed list read, a project of its own that stays readable whatever changes
later.
"""
COMMITTED_FROM = ("committed_from",)
LEFT = ("sans_suite", "refuse")
"""States by which the table itself says that a signed dossier has withdrawn."""
MOST_BYTES = 16 << 20
"""Most bytes of a signature file."""
MAX_LISTED = 20


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One entry of a register whose files match their signed hashes."""

    folder: Path
    signature: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Name under which the entry was signed."""
        return str(self.signature["id"])

    @property
    def is_list(self) -> bool:
        """Whether the entry is a signed run, not an amendment."""
        return bool(self.signature["kind"] == "list")

    @property
    def held(self) -> Path:
        """File of the state after the entry."""
        return self.folder / HELD


def read_entries(register: Path) -> list[RegisterEntry]:
    """Return the entries of a register in order; an empty list for a folder without any."""
    defects = Defects()
    folders = sorted(register.iterdir()) if register.is_dir() else []
    entries = [read_entry(folder, defects) for folder in folders if _is_entry(folder)]
    defects.raise_if_any(DataError)
    ordered = sorted((entry for entry in entries if entry), key=lambda entry: int(entry.signature["number"]))
    before: RegisterEntry | None = None
    for k, entry in enumerate(ordered, start=1):
        previous = entry.signature["previous"]
        wanted = None if before is None else {"id": before.id, "sha256": hash_file(before.folder / SIGNATURE)}
        if entry.signature["number"] != k or previous != wanted:
            after = _("first") if before is None else _('after "{before_id}"', before_id=before.id)
            defects.add(
                "register",
                _(
                    'the chain of the register is broken: "{entry_id}" does not come {after}.',
                    entry_id=entry.id,
                    after=after,
                ),
                Place(file=f"{register.name}/{entry.folder.name}/{SIGNATURE}"),
                hint=_RESTORE,
            )
            break
        before = entry
    defects.raise_if_any(DataError)
    state: dict[str, int] = {}
    for entry in ordered:
        earlier, state = state, read_state(entry)
        defects.entries.extend(collect_state_defects(entry, state, earlier))
    defects.raise_if_any(DataError)
    return ordered


def read_state(entry: RegisterEntry) -> dict[str, int]:
    """Return the cents by dossier after an entry."""
    shown = f"{entry.folder.name}/{HELD}"
    return read_state_amounts(read_plain(entry.held, shown_as=shown), shown)


def collect_state_defects(
    entry: RegisterEntry, state: Mapping[str, int], before: Mapping[str, int] | None = None
) -> list[Defect]:
    """Return what contradicts the state of an entry.

    A list commits its own grants; an amendment lowers some of them.

    Hashes alone do not exclude this: whoever forges an entry writes matching hashes too.

    Parameters
    ----------
    state : cents by dossier after the entry
    before : cents by dossier before it; None for a list that is read without its register
    """
    place, earlier = Place(file=f"{entry.folder.parent.name}/{entry.folder.name}/{HELD}"), before or {}
    try:
        wrong = _find_mismatched_grants(entry, state) if entry.is_list else _find_not_lowered(state, earlier)
    except DataError as error:
        return list(error.defects)
    wrong += [name for name in earlier if name not in state]
    if wrong:
        named = _format_names(sorted(set(wrong)))
        text = (
            _("it is not what the list grants: {names}.", names=named)
            if entry.is_list
            else _("it is not lower than what was signed before: {names}.", names=named)
        )
        return [Defect("register", text, (place,), _RESTORE)]
    if all(entry.signature.get(key, value) == value for key, value in summarise_state(state).items()):
        return []
    text = _("the signature has another total than these amounts.")
    return [Defect("register", text, (place,), _RESTORE)]


def summarise_state(state: Mapping[str, int]) -> dict[str, Any]:
    """Return what a signature says of the state after it: count, total and hash."""
    lines = sorted(f"{dossier}\t{cents}\n" for dossier, cents in state.items() if cents > 0)
    return {
        "n_dossiers": len(lines),
        "granted_cents": sum(state.values()),
        "allocation_sha256": hashlib.sha256("".join(lines).encode()).hexdigest(),
    }


def _find_not_lowered(state: Mapping[str, int], before: Mapping[str, int]) -> list[str]:
    return [name for name, cents in state.items() if not 0 <= cents <= before.get(name, -1)]


def _find_mismatched_grants(entry: RegisterEntry, state: Mapping[str, int]) -> list[str]:
    """Return the dossiers of a list whose committed amount differs from their grant."""
    names = (pl.col("dossier").cast(pl.String), pl.col("granted_cents").cast(pl.Int64))
    try:
        rows = pl.scan_parquet(entry.folder / ALLOCATION).filter("funded").select(names).head(MOST_ROWS)
        granted = dict(rows.collect().iter_rows())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
        place = Place(file=f"{entry.folder.parent.name}/{entry.folder.name}/{ALLOCATION}")
        text = _("the list cannot be read.")
        raise DataError([Defect("register", text, (place,), _RESTORE)]) from None
    return [name for name in {**granted, **state} if granted.get(name, 0) != state.get(name, 0)]


_RESTORE = _("Put the register back as it was signed (backup).")


def _is_entry(folder: Path) -> bool:
    """Return whether a folder is an entry; a hidden folder is what an interrupted write left."""
    return not folder.name.startswith(".") and (folder / SIGNATURE).is_file()


def read_entry(folder: Path, defects: Defects) -> RegisterEntry | None:
    """Return an entry whose files match the signed hashes; None with defects recorded."""
    label = f"{folder.parent.name}/{folder.name}/"
    try:
        if (folder / SIGNATURE).stat().st_size > MOST_BYTES:
            raise ValueError("larger than any signature")
        signature = json.loads((folder / SIGNATURE).read_text(encoding="utf-8"))
        files = dict(signature["files"])
        (
            int(signature["number"]),
            str(signature["id"]),
            str(signature["kind"]),
            signature["previous"],
            files[HELD],
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        text = _("this is not a signature of the register.")
        defects.add("register", text, Place(file=label + SIGNATURE), hint=_RESTORE)
        return None
    if folder.name != signature["id"]:
        text = _('it was signed as "{name}": its folder has another name.', name=signature["id"])
        defects.add("register", text, Place(file=label + SIGNATURE), hint=_RESTORE)
        return None
    changed = [
        name
        for name, sha in files.items()
        if not (folder / name).is_file() or hash_file(folder / name) != sha
    ]
    for name in changed:
        text = _('"{name}" is no longer the file that was signed.', name=name)
        defects.add("register", text, Place(file=label + name), hint=_RESTORE)
    return None if changed else RegisterEntry(folder, signature)


def hash_file(file: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def find_state_file(path: Path, text: str, origin: Origin | None = None) -> Path:
    """Return the state that `committed_from` names: that of a register's last entry, or of the entry itself."""
    if path.name == HELD and path.is_file() and _is_frozen(path):
        return path
    entry = path.parent if path.name == HELD else path
    register = entry.parent if (entry / SIGNATURE).is_file() else entry
    entries = read_entries(register)
    if register == entry and entries:
        return entries[-1].held
    named = next((one for one in entries if one.folder == entry), None)
    if named is not None:
        return named.held
    places = () if origin is None else (origin.get_place(),)
    raise DataError(
        [
            Defect(
                "register",
                _('"{path}" is not a register of decisions: nothing is signed in it.', path=text),
                places,
                _("Sign a list first: `tnt-sim sign RUN_DIR --as list-1`, or take this line out."),
            )
        ]
    )


def find_last_list(folder: Path) -> Path:
    """Return the folder of the last signed list of a register.

    A folder that is no register is returned unchanged.
    """
    signed = [] if (folder / SIGNATURE).is_file() else [e for e in read_entries(folder) if e.is_list]
    return signed[-1].folder if signed else folder


def _is_frozen(path: Path) -> bool:
    """Return whether a file is an input kept with a signed list or a run, which holds its hash."""
    return is_in_process_folder(path) or any(
        folder.name == INPUTS and (folder.parent / SIGNATURE).is_file() for folder in path.parents
    )


def read_state_amounts(table: pl.DataFrame, shown_as: str) -> dict[str, int]:
    """Return the cents by dossier of a table (dossier, granted) of texts.

    Dossiers that have withdrawn have 0.
    """
    defects = Defects()
    missing = [name for name in ("dossier", "granted") if name not in table.columns]
    if missing:
        defects.add(
            "register",
            _("missing column: {missing}.", missing=', '.join(missing)),
            Place(file=shown_as, row=1),
            hint=_('The columns are "dossier" and "granted".'),
        )  # fmt: skip
        raise DataError(defects.entries)
    cents, reasons = parse_cents_series(table["granted"])
    amounts: dict[str, int] = {}
    rows = zip(
        table["_row"].to_list(), table["dossier"].to_list(), cents.to_list(), reasons.to_list(), strict=True
    )
    for row, dossier, value, reason in rows:
        place = Place(file=shown_as, row=row, dossier=dossier)
        if reason is not None or value is None:
            why = MoneyError(reason or "empty").text
            text = _("the amount is not read: {why}.", why=why)
            defects.add("register", text, place)
        elif dossier in amounts:
            defects.add("register", _("this application is named twice. Keep one row."), place)
        else:
            amounts[dossier] = int(value)
    defects.raise_if_any(DataError)
    return amounts


def apply_commitments(
    table: pl.DataFrame, held: Mapping[str, int], place: Place, shown_file: str
) -> tuple[pl.DataFrame, tuple[Defect, ...]]:
    """Return the dossiers with the register's amounts as `committed_cents`, and notices for the planner.

    A dossier that has withdrawn (0 in the register, or closed in the table) becomes `sans_suite` and frees
    its money.
    """
    names = pl.DataFrame(
        {"dossier": list(held), "_held": list(held.values())},
        schema={"dossier": pl.String, "_held": pl.Int64},
    )
    joined = table.join(names, on="dossier", how="left", maintain_order="left")
    closed = pl.col("state").is_in(LEFT) & (pl.col("_held") > 0)
    _refuse(joined, held, place)
    left = joined.filter(closed)
    gone = (pl.col("_held") == 0) | closed
    keeps = (
        pl.when(gone)
        .then(None)
        .when(pl.col("_held").is_not_null())
        .then("_held")
        .otherwise("committed_cents")
    )
    out = pl.when(pl.col("_held") == 0).then(pl.lit("sans_suite")).otherwise("state")
    done = joined.with_columns(keeps.alias("committed_cents"), out.alias("state")).drop("_held")
    if not left.height:
        return done, ()
    freed = int(left["_held"].sum())
    label = _format_names(left["dossier"].to_list())
    text = _n(
        "{n} signed application is refused or closed in the table: {names}. The commitment ends, "
        "and {freed} are free again.",
        "{n} signed applications are refused or closed in the table: {names}. The commitment "
        "ends, and {freed} are free again.",
        n=left.height,
        names=label,
        freed=Money(freed),
    )
    return done, (Defect("register-left", text, (Place(file=shown_file),)),)


def _refuse(joined: pl.DataFrame, held: Mapping[str, int], place: Place) -> None:
    defects = Defects()
    there = set(joined["dossier"].to_list())
    absent = [name for name, cents in held.items() if cents > 0 and name not in there]
    if absent:
        defects.add(
            "register",
            _n(
                "{n} signed application is not in the table: {names}.",
                "{n} signed applications are not in the table: {names}.",
                n=len(absent),
                names=_format_names(absent),
            ),
            place,
            hint=_("Put them back into the table, or sign their withdrawal (tnt-sim sign --amend)."),
        )
    other = joined.filter(
        (pl.col("_held") > 0)
        & pl.col("committed_cents").is_not_null()
        & (pl.col("committed_cents") != pl.col("_held"))
    )
    if other.height:
        pairs = zip(*(other[name].to_list() for name in ("dossier", "committed_cents", "_held")), strict=True)
        named: list[Text | str] = [
            _("{name} ({written} ≠ {signed})", name=name, written=Money(one), signed=Money(two))
            for name, one, two in pairs
        ]
        more = [f"… (+{len(named) - MAX_LISTED})"] if len(named) > MAX_LISTED else []
        defects.add(
            "register",
            _(
                '"committed" of the table is not the amount that was signed: {names}.',
                names=Items([*named[:MAX_LISTED], *more]),
            ),
            place,
            hint=_("Empty the cell, or sign the lower amount (tnt-sim sign --amend)."),
        )
    defects.raise_if_any(DataError)


def _format_names(names: Sequence[str]) -> str:
    more = f", … (+{len(names) - MAX_LISTED})" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more
