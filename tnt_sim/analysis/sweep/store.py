"""Store of sweep points, appended as they are found, so that an interrupted sweep can resume.

Each line is a JSON object with the SHA-256 of its content; a truncated or altered line is ignored.
It holds the list, its values and its certificates, but no bound: the reader verifies the list and
replays the certificates (`envelope_point`), so nothing is taken as proved because a file says so.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from tnt_sim.analysis.sweep.envelope_point import CheckedProofs, Point
from tnt_sim.disk import append, build_write_error, put, quote_path
from tnt_sim.engine.result import Proof, Status, derive_status
from tnt_sim.i18n.message import _
from tnt_sim.verify.allocation_reading import Allocation

Key = tuple[str, int]
"""Curve and amount in cents."""


@dataclass
class PointStore:
    """File of points; `path` is None to keep nothing on disk."""

    path: Path | None
    key: str
    known: dict[Key, Point] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path | None, key: str, *, resume: bool) -> PointStore:
        """Load the points of an earlier sweep with the same key if `resume`; otherwise start an empty file."""
        store = cls(path, key)
        if path is None:
            return store
        if resume and path.is_file() and _read_key(path) == key:
            store.known = dict(_read(path))
            return store
        put(path, (json.dumps({"key": key}) + "\n").encode())
        return store

    def put(self, curve: str, point: Point) -> None:
        """Append a point; it is on disk when this returns."""
        self.known[curve, point.cents] = point
        if self.path is None:
            return
        try:
            append(self.path, _seal_record({"curve": curve, **_encode_point(point)}).encode())
        except OSError as error:
            raise build_write_error(quote_path(self.path), error, _RESUMES) from error


_RESUMES = _("The points found so far stay there; the same command with --resume goes on.")


def _read_key(path: Path) -> str | None:
    with path.open(encoding="utf-8") as stream:
        return _parse_object(stream.readline()).get("key")


def _read(path: Path) -> Iterator[tuple[Key, Point]]:
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        document = _open_record(line)
        if document:
            point = _decode_point(document)
            yield (str(document["curve"]), point.cents), point


def _seal_record(record: dict[str, Any]) -> str:
    text = json.dumps(record)
    return json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), "point": record})


def _open_record(record: str) -> dict[str, Any]:
    """Return the content of a line; empty if its hash does not match."""
    told = _parse_object(record)
    point = told.get("point")
    whole = isinstance(point, dict) and told == json.loads(_seal_record(point))
    return point if whole and isinstance(point, dict) else {}


def _parse_object(record: str) -> dict[str, Any]:
    try:
        result = json.loads(record)
    except ValueError:
        return {}
    return result if isinstance(result, dict) else {}


def _encode_point(point: Point) -> dict[str, Any]:
    held = point.allocation
    return {
        "cents": point.cents,
        "status": point.status.value,
        "proof": point.proof.value if point.proof else None,
        "values": [str(value) for value in point.values],
        "funded": None if held is None else _pack_bytes(np.packbits(held.funded).tobytes()),
        "granted": None if held is None else _pack_bytes(held.granted_cents[held.funded].tobytes()),
        "n": None if held is None else len(held.funded),
        "canonical": point.canonical,
        "method": point.method,
        "seconds": round(point.seconds, 3),
        "shown": [
            [part.n_stages, part.first, _pack_bytes(json.dumps(part.proofs).encode())]
            for part in point.proofs
        ],
    }


def _decode_point(record: dict[str, Any]) -> Point:
    allocation = None
    if record["funded"] is not None:
        bits = np.frombuffer(_unpack_bytes(record["funded"]), dtype=np.uint8)
        funded = np.unpackbits(bits, count=int(record["n"])).astype(np.bool_)
        granted = np.zeros(len(funded), dtype=np.int64)
        granted[funded] = np.frombuffer(_unpack_bytes(record["granted"]), dtype=np.int64)
        allocation = Allocation(funded, granted)
    proof = None if record["proof"] is None else Proof(record["proof"])
    return Point(
        cents=int(record["cents"]),
        status=Status(record["status"])
        if allocation is None
        else derive_status(proof),  # version 0.1.0 wrote other pairs of status and proof
        proof=proof,
        values=tuple(Fraction(value) for value in record["values"]),
        bounds=(None,) * len(record["values"]),
        allocation=allocation,
        canonical=bool(record["canonical"]),
        method=str(record["method"]),
        seconds=float(record["seconds"]),
        proofs=tuple(
            CheckedProofs(int(n), int(first), tuple(json.loads(_unpack_bytes(proofs))))
            for n, first, proofs in record["shown"]
        ),
    )


def _pack_bytes(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode("ascii")


def _unpack_bytes(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))
