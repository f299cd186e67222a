"""Links of README.md and README.fr.md lead to the page in their own language where there is one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def lead_to_own_language(name: str, root: Path = ROOT) -> str:
    """The text of a README, each link to a page of the documentation in its own language if that page exists."""
    own, other = ("fr", "en") if ".fr." in name else ("en", "fr")

    def lead(link: re.Match[str]) -> str:
        page = f"docs/{own}/{link[1]}"
        return f"]({page}" if (root / page).is_file() else link[0]

    text = (root / name).read_text(encoding="utf-8")
    return re.sub(rf"\]\(docs/{other}/([\w/.-]+\.md)(?:#[\w-]+)?", lead, text)
