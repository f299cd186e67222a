"""What to type next, after a command that went well; `--quiet` and `--json` say nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from tnt_sim.errors import Lang, Text

if TYPE_CHECKING:
    from rich.text import Text as Line

AFTER: Mapping[str, tuple[Text | str, ...]] = MappingProxyType(
    {
        "validate": ("run {it}",),
        "show": ("run {it}",),
        "run": ("explain {it}", Text("report {it} --out rapport.html", "report {it} --out report.html")),
        "verify": (Text("sign {it} --as liste-1", "sign {it} --as list-1"), "export {it} --format csv"),
        "verify --claimed": ("verify {it} --solve", "export {it} --format csv"),
        "sign": ("export {it} --format publipostage", "export {it} --format arrete"),
        "explain": (
            "inversions {it}",
            Text("report {it} --out rapport.html", "report {it} --out report.html"),
        ),
        "explain --one": ("explain {it}",),
        "inversions": ("explain {it} --all",),
        "report": ("verify {it}", "export {it} --format csv"),
        "export": ("verify {it}",),
        "sweep": ("sweep {it} --next", "sweep {it} --prices"),
        "sweep --next": ("sweep {it} --entries", "sweep {it} --prices"),
        "sweep --entries": ("sweep {it} --target all",),
        "sweep --target": ("sweep {it} --next",),
        "sweep --prices": ("sweep {it} --next",),
        "sweep --extend": ("extend {it}",),
        "extend": ("sweep {it}", "sweep {it} --prices"),
        "conflict": ("run {it}",),
        "audit": ("alternatives {it}",),
        "alternatives": ("sweep {it} --prices",),
        "weights": ("alternatives {it}",),
        "compare": (Text("compare {it} --out comparaison.html", "compare {it} --out comparison.html"),),
        "core": ("compare {it}",),
        "ensemble": (Text("ensemble {it} --out risques.html", "ensemble {it} --out risks.html"),),
        "doctor": ("new demo",),
    }
)
"""By verb, the commands that planners ask for next; `it` is what the verb was asked about."""


def quoted(text: str) -> str:
    """A path or a change as it can be pasted into a command line."""
    return f'"{text}"' if " " in text else text


def typed(*paths: Path | str, sets: Iterable[str] | None = None) -> str:
    """Paths and changes as they were typed: `scenario.yaml --set programme.amount="90 M€"`."""
    named = " ".join(quoted(path.as_posix() if isinstance(path, Path) else path) for path in paths)
    return " --set ".join([named, *map(quoted, sets or ())])


def after(verb: str, lang: Lang, it: str = "") -> list[Line]:
    """The hint of a verb, ready for its page."""
    texts = [text.in_(lang) if isinstance(text, Text) else text for text in AFTER[verb]]
    return hint_lines([f"tnt-sim {text.format(it=it)}" for text in texts], lang)


def hint_lines(follow: Sequence[str], lang: Lang) -> list[Line]:
    """« Ensuite : … », one line for each command."""
    from rich.text import Text as Line

    title = Text("Ensuite : ", "Next: ").in_(lang)
    return [
        Line((title if k == 0 else " " * len(title)) + text, style="dim") for k, text in enumerate(follow)
    ]
