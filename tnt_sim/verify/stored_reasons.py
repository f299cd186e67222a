"""Runs of other versions: figures are checked as usual, but reasons and sentences are not.

Versions word reasons differently and add keys. Neither changes what was decided, so stored reasons are left
as they are, and the reader is informed. Whoever opens the run sees this version's wording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from tnt_sim.i18n.message import Text, _

REASON_KEYS = frozenset({"unspent_because", "unspent_code", "unspent_rule", "warnings"})
REASON_COLUMNS = ("reason_code", "reason")
OTHER_WORDS = _(
    "Its reasons and sentences are not all those of this version: they are not verified. "
    "What is opened or exported holds this version's."
)


def restore_stored_reasons(
    stored: Mapping[str, object], again: Mapping[str, object], notes: list[Text]
) -> dict[str, Any]:
    """Return the recomputed document with the stored reasons, and without keys that were added since."""
    merged = _merge_reasons(stored, again)
    if any(_has_difference(stored, again, key) for key in REASON_KEYS):
        notes.append(OTHER_WORDS)
    result: dict[str, Any] = merged
    return result


def _merge_reasons(stored: Any, again: Any) -> Any:
    if isinstance(stored, Mapping) and isinstance(again, Mapping):
        return {
            key: stored[key] if key in REASON_KEYS else _merge_reasons(stored[key], value)
            for key, value in again.items()
            if key in stored
        }
    if isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        return [_merge_reasons(one, other) for one, other in zip(stored, again, strict=True)]
    return again


def _has_difference(stored: Any, again: Any, key: str) -> bool:
    """Whether a reason differs somewhere in two documents."""
    if isinstance(stored, Mapping) and isinstance(again, Mapping):
        if key in stored and key in again and stored[key] != again[key]:
            return True
        return any(_has_difference(stored[name], again[name], key) for name in again if name in stored)
    if isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        return any(_has_difference(one, other, key) for one, other in zip(stored, again, strict=True))
    return False


def with_older_reasons(stored: pl.DataFrame, again: pl.DataFrame, notes: list[Text]) -> pl.DataFrame:
    """Return the recomputed table with the stored reasons."""
    same_rows = stored.height == again.height and stored["dossier"].equals(again["dossier"])
    retained = [name for name in REASON_COLUMNS if stored.schema.get(name) == pl.String]
    if same_rows and retained:
        if not stored.select(retained).equals(again.select(retained)):
            notes.append(OTHER_WORDS)
        again = again.with_columns(stored[name] for name in retained)
    return again
