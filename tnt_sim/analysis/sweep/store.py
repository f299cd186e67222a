"""Points of a sweep as the cases of a batch store, so that an interrupted sweep can resume.

A row of `runs/` has the list of a point and its values, without clock or path. Where each optimum is proved,
the store is the same bytes however often the sweep was stopped, and on any number of workers. How a point was
found (certificates, method, seconds) stands beside it, since it depends on the amounts that were solved before.

There is no bound in the store: the reader verifies the list and replays the certificates (`envelope_point`), so
nothing is taken as proved because a file says so.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl

from tnt_sim.analysis.shared.result_store import (
    SECONDS,
    PendingRecords,
    ResultStore,
    Schema,
    build_manifest,
)
from tnt_sim.analysis.sweep.envelope_point import CheckedProofs, Point
from tnt_sim.analysis.sweep.plan import SweepPlan
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.result import Proof, Status, derive_status
from tnt_sim.verify.allocation_reading import Allocation

FREE_CURVE, NESTED_CURVE, BETWEEN = "free", "nested", "between"
"""Curves of a store: both curves of the grid, and the points of the free curve between its amounts."""
CURVES = (FREE_CURVE, NESTED_CURVE, BETWEEN)
SCHEMA: Schema = {
    "case_sha256": pl.String,
    "curve": pl.String,
    "amount_cents": pl.Int64,
    "attempt": pl.Int32,
    "status": pl.String,
    "proof": pl.String,
    "canonical": pl.Boolean,
    "values": pl.List(pl.String),
    "n_dossiers": pl.Int64,
    "rows": pl.List(pl.Int32),
    "granted_cents": pl.List(pl.Int64),
}
"""Columns of `runs/`.

`rows` are places in the table of dossiers in its canonical order, and `granted_cents` what each gets; both and
`n_dossiers` are null where there is no list. `attempt` counts how often an amount was solved again and came out
otherwise, which happens to amounts that a limit stopped.
"""
EVIDENCE: Schema = {"method": pl.String, "certificates": pl.Binary}
POINTS_PER_FILE = 256
"""Points per file of `runs/`: a row may be as long as the table of dossiers."""

Key = tuple[str, int]
"""Curve and amount in cents."""


@dataclass(frozen=True, slots=True)
class PointRecord:
    """Point as it is stored."""

    case_sha256: str
    curve: str
    attempt: int
    point: Point


@dataclass
class SweepStore:
    """Points of a sweep, kept in a folder if `store` is given; a context manager.

    Attributes
    ----------
    store : None to keep nothing on disk
    sweep_sha256 : of all that the points depend on
    known : the last point of each curve and amount, of earlier runs too
    attempts : number of the last attempt
    used : points that this run has found or verified: those between the amounts are dropped otherwise
    """

    store: ResultStore | None = None
    sweep_sha256: str = ""
    known: dict[Key, Point] = field(default_factory=dict)
    attempts: dict[Key, int] = field(default_factory=dict)
    used: set[Key] = field(default_factory=set)
    pending: PendingRecords[PointRecord] | None = None

    @classmethod
    def open(cls, folder: Path, plan: SweepPlan, *, resume: bool) -> Self:
        """Open the store of a sweep; without `resume` it begins anew."""
        manifest = build_sweep_manifest(plan)
        store = ResultStore.open(folder, manifest, SCHEMA, POINTS_PER_FILE, EVIDENCE, anew=not resume)
        result = cls(store, plan.compute_key(code=""))  # the manifest has the hash of the code
        result.pending = PendingRecords(store, build_table)
        try:
            result._read_points()
        except BaseException:
            store.lock.close()
            raise
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *__: object) -> None:
        if self.store is not None:
            self.store.lock.close()

    def put(self, curve: str, point: Point) -> None:
        """Keep a point; it is on disk within a second of work, or after `flush`."""
        key = curve, point.cents
        before = self.known.get(key)
        self.record_use(curve, point.cents)
        self.known[key] = point
        if before is not None and has_same_content(before, point):
            return
        self.attempts[key] = self.attempts.get(key, -1) + 1
        if self.pending is not None:
            case_sha256 = self._hash_case(key, self.attempts[key])
            self.pending.add(PointRecord(case_sha256, curve, self.attempts[key], point))

    def record_use(self, curve: str, cents: int) -> None:
        """Note that this run has the point of a curve at an amount, so that it is in the final files."""
        self.used.add((curve, cents))

    def flush(self) -> None:
        """Write what is not on disk yet."""
        if self.pending is not None:
            self.pending.flush()

    def finish(self, deadline: Deadline = UNLIMITED) -> None:
        """Write the final files, once the sweep is complete; see `ResultStore.finish`."""
        if self.store is None:
            return
        self.flush()
        final = [key for key in self.attempts if key[0] != BETWEEN or key in self.used]
        ordered = sorted(final, key=lambda key: (CURVES.index(key[0]), key[1]))
        self.store.finish([self._hash_case(key, self.attempts[key]) for key in ordered], deadline)

    def _hash_case(self, key: Key, attempt: int) -> str:
        text = json.dumps([self.sweep_sha256, *key, attempt])
        return hashlib.sha256(text.encode()).hexdigest()

    def _read_points(self) -> None:
        assert self.store is not None
        evidence = self.store.read_evidence()
        for rows in self.store.read_files():
            for row in rows.join(evidence, on="case_sha256", how="left").iter_slices(1):
                self._read_row({name: row[name][0] for name in row.columns})

    def _read_row(self, row: Mapping[str, Any]) -> None:
        """Take the point of a row unless a later attempt is known; of a row that is no point, only its attempt."""
        if row["curve"] not in CURVES or row["amount_cents"] is None:
            return
        point, key, attempt = _decode_point(row), (row["curve"], row["amount_cents"]), row["attempt"] or 0
        is_own = row["case_sha256"] == self._hash_case(key, attempt)
        if not is_own or attempt <= self.attempts.get(key, -1):
            return
        self.attempts[key] = attempt
        self.known.pop(key, None)
        if point is not None:
            self.known[key] = point


def build_sweep_manifest(plan: SweepPlan) -> dict[str, object]:
    """Return the manifest that identifies a sweep, without versions: each point is verified when it is read."""
    sweep = {
        "envelopes": list(plan.moved.names),
        "share": plan.moved.share,
        "amounts_cents": list(plan.amounts),
        "exact": plan.exact,
        "tolerance": None if plan.tolerance is None else f"{plan.tolerance.size} {plan.tolerance.relative}",
    }
    manifest = build_manifest(plan.scenario.sha256, [plan.scenario], {}, sweep=sweep)
    return {key: value for key, value in manifest.items() if key != "versions"}


def has_same_content(left: Point, other: Point) -> bool:
    """Whether two points have the same row in `runs/`."""
    if (left.status, left.proof, left.canonical, left.values) != (
        other.status,
        other.proof,
        other.canonical,
        other.values,
    ):
        return False
    own, theirs = left.allocation, other.allocation
    if own is None or theirs is None:
        return own is theirs
    return np.array_equal(own.funded, theirs.funded) and np.array_equal(
        own.granted_cents, theirs.granted_cents
    )


def build_table(records: Sequence[PointRecord]) -> pl.DataFrame:
    """Return the rows of some points."""
    rows = [_build_row(record) for record in records]
    kinds = {**SCHEMA, SECONDS: pl.Float64, **EVIDENCE}
    return pl.DataFrame(
        {name: pl.Series(name, [row[name] for row in rows], dtype=kind) for name, kind in kinds.items()}
    )


def _build_row(record: PointRecord) -> dict[str, object]:
    point, rows, granted = record.point, None, None
    if point.allocation is not None:
        places = np.flatnonzero(point.allocation.funded)
        rows = pl.Series(places, dtype=pl.Int32)
        granted = pl.Series(point.allocation.granted_cents[places], dtype=pl.Int64)
    return {
        "case_sha256": record.case_sha256,
        "curve": record.curve,
        "amount_cents": point.cents,
        "attempt": record.attempt,
        "status": point.status.value,
        "proof": None if point.proof is None else point.proof.value,
        "canonical": point.canonical,
        "values": [str(value) for value in point.values],
        "n_dossiers": None if point.allocation is None else len(point.allocation.funded),
        "rows": rows,
        "granted_cents": granted,
        SECONDS: point.seconds,
        "method": point.method,
        "certificates": _pack_proofs(point.proofs),
    }


def _decode_point(row: Mapping[str, Any]) -> Point | None:
    """Return the point of a row; None if the row is no point."""
    try:
        allocation = None
        if row["n_dossiers"] is not None:
            funded = np.zeros(row["n_dossiers"], dtype=np.bool_)
            granted = np.zeros(row["n_dossiers"], dtype=np.int64)
            places = row["rows"].to_numpy()
            funded[places] = True
            granted[places] = row["granted_cents"].to_numpy()
            allocation = Allocation(funded, granted)
        proof = None if row["proof"] is None else Proof(row["proof"])
        return Point(
            cents=int(row["amount_cents"]),
            status=Status(row["status"]) if allocation is None else derive_status(proof),
            proof=proof,
            values=tuple(Fraction(value) for value in row["values"]),
            bounds=(None,) * len(row["values"]),
            allocation=allocation,
            canonical=bool(row["canonical"]),
            method=str(row["method"] or "direct"),
            seconds=float(row[SECONDS] or 0.0),
            proofs=tuple(_unpack_proofs(row["certificates"])),
        )
    except (ArithmeticError, AttributeError, IndexError, MemoryError, TypeError, ValueError):
        return None


def _pack_proofs(proofs: Sequence[CheckedProofs]) -> bytes:
    written = [[part.n_stages, part.first, part.proofs] for part in proofs]
    return zlib.compress(json.dumps(written).encode())


def _unpack_proofs(packed: bytes | None) -> Iterator[CheckedProofs]:
    """Yield the certificates of a point; none of bytes that cannot be read."""
    try:
        written = json.loads(zlib.decompress(packed)) if packed else []
        proofs_by_stage = [CheckedProofs(int(n), int(first), tuple(proofs)) for n, first, proofs in written]
    except (TypeError, ValueError, zlib.error):
        return
    yield from proofs_by_stage
