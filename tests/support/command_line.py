"""What a command gave: exit code, stdout and stderr apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.typed import as_typed


@dataclass(frozen=True)
class Said:
    """What a command gave; `document` reads stdout as exactly one JSON document."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def plain(self) -> str:
        """stdout as one types it."""
        return as_typed(self.out)


Run = Callable[..., Said]
