"""What to type next, after a command that went well; `--quiet` and `--json` say nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tnt_sim.errors import Lang, Text

if TYPE_CHECKING:
    from rich.text import Text as Line


def quoted(text: str) -> str:
    """A path or a change as it can be pasted into a command line."""
    return f'"{text}"' if " " in text else text


def hint_lines(follow: Sequence[str], lang: Lang) -> list[Line]:
    """« Ensuite : … », one line for each command."""
    from rich.text import Text as Line

    title = Text("Ensuite : ", "Next: ").in_(lang)
    return [
        Line((title if k == 0 else " " * len(title)) + text, style="dim") for k, text in enumerate(follow)
    ]
