"""Options that scenarios may name and that this version refuses with a sentence that says so."""

from __future__ import annotations

from typing import Any


def options_used(model: Any, names: tuple[str, ...]) -> list[str]:
    """Which of these options a specification sets to something else than its default."""
    fields = type(model).model_fields
    return [name for name in names if getattr(model, name) != fields[name].default]
