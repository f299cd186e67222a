"""What a study that is told by one document gives besides: a page and a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tnt_sim.errors import Lang
from tnt_sim.view.put_file import put_file
from tnt_sim.view.study_page import study_book, study_html
from tnt_sim.view.why_studies import study_of


class Pages:
    """`to_html` and `to_excel` of an answer that has a `document` and a `lang`."""

    document: Mapping[str, Any]

    @property
    def lang(self) -> Lang:
        """The language that it is told in."""
        raise NotImplementedError

    def to_html(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """One self-contained page."""
        tongue = Lang(lang or self.lang)
        put_file(Path(path), study_html(study_of(self.document, tongue), tongue).encode())

    def to_excel(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """One workbook, a sheet a table."""
        tongue = Lang(lang or self.lang)
        put_file(Path(path), study_book(study_of(self.document, tongue), tongue))
