"""The journal of a sending: JSON lines, the list and the server first, then each state of each call.

A call is planned, sent, then confirmed or failed. The journal has no token, no reason and no name.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal

from tnt_sim.disk import append, build_write_error, open_lock, quote_path
from tnt_sim.errors import DataError, Defect, Place, UsageError
from tnt_sim.exchange.demarche_calls import Call
from tnt_sim.i18n.message import Text, _

type CallState = Literal["planned", "sent", "confirmed", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHead:
    """The sending that a journal belongs to: one list, one procedure of one server."""

    journal: Literal[1] = 1
    run: str
    allocation_sha256: str
    url: str
    demarche: int


@dataclass(slots=True)
class Journal:
    """A journal in a file, which only grows.

    Attributes
    ----------
    path : the file; it is written with the first call
    head : what it belongs to
    states : the last state of each call, by number and operation, final once confirmed
    """

    path: Path
    head: JournalHead
    states: dict[tuple[int, str], str]
    _is_new: bool

    @property
    def confirmed(self) -> set[tuple[int, str]]:
        """Calls that the server confirmed."""
        return {key for key, state in self.states.items() if state == "confirmed"}

    def record(self, calls: Iterable[Call], state: CallState, why: str | None = None) -> None:
        """Add a state of some calls; they are on the disk when this returns."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        entries: list[dict[str, object]] = [asdict(self.head)] if self._is_new else []
        for call in calls:
            entry: dict[str, object] = {
                "dossier": call.number, "call": call.operation.value, "state": state, "at": at,
            }  # fmt: skip
            entries.append(entry if why is None else {**entry, "why": why})
            key = (call.number, call.operation.value)
            self.states[key] = _keep_confirmed(self.states.get(key), state)
        if not entries:
            return
        try:
            append(self.path, "\n".join(json.dumps(one, ensure_ascii=False) for one in entries).encode())
        except OSError as error:
            raise build_write_error(quote_path(self.path), error) from None
        self._is_new = False


@contextmanager
def lock_journal(path: Path, busy: Text | None = None) -> Iterator[None]:
    """Keep any other process from the same journal; the lock ends with the process, and leaves no empty file.

    Parameters
    ----------
    path : the journal
    busy : the sentence for a journal that another process has; by default that of a sending
    """
    while True:
        try:
            stream = open_lock(path)
        except OSError as error:
            raise build_write_error(quote_path(path), error) from None
        with stream:
            _lock(stream, path, busy)
            if os.fstat(stream.fileno()).st_nlink == 0:
                continue  # the sending before removed it
            try:
                yield
            finally:
                if os.fstat(stream.fileno()).st_size == 0:
                    path.unlink(missing_ok=True)
            return


def _lock(stream: BinaryIO, path: Path, busy: Text | None) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = _(
            'another sending writes to "{file}" already. Wait for its end; then the same command sends the rest.',
            file=path,
        )
        raise UsageError(busy or text, code="usage.journal") from None
    except OSError as error:
        raise build_write_error(quote_path(path), error) from None


def _keep_confirmed(before: str | None, after: str) -> str:
    return "confirmed" if before == "confirmed" else after


def open_journal(path: Path, head: JournalHead) -> Journal:
    """Open the journal of a sending, or begin one; a last line that a kill cut is left out."""
    if not path.exists():
        return Journal(path, head, {}, _is_new=True)
    try:
        rows = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        raise _build_shape_error(path, 1) from None
    states: dict[tuple[int, str], str] = {}
    for k, row in enumerate(rows[:-1] or rows):
        if not row.strip():
            continue
        try:
            entry = json.loads(row)
            if k == 0:
                _refuse_other(path, entry, head)
            else:
                key = (int(entry["dossier"]), str(entry["call"]))
                states[key] = _keep_confirmed(states.get(key), str(entry["state"]))
        except (ValueError, KeyError, TypeError):
            if k > 0 and row.startswith("{"):  # a kill cut it
                continue
            raise _build_shape_error(path, k + 1) from None
    return Journal(path, head, states, _is_new=not any(map(str.strip, rows)))


def _refuse_other(path: Path, entry: object, head: JournalHead) -> None:
    if not isinstance(entry, dict) or entry.get("journal") != 1:
        raise _build_shape_error(path, 1)
    own = asdict(head)
    if any(entry.get(key) != own[key] for key in ("allocation_sha256", "url", "demarche")):
        text = _(
            '"{file}" is the journal of another sending: other list, procedure or address. '
            "Give another --journal.",
            file=path,
        )
        raise UsageError(text, code="usage.journal")


def _build_shape_error(path: Path, row: int) -> DataError:
    text = _("this is not a journal of a sending.")
    hint = _("Give another --journal.")
    return DataError([Defect("journal", text, (Place(file=str(path), line=row),), hint)])
