"""The same report on paper: WeasyPrint lays the page out without its script, and fetches nothing."""

from __future__ import annotations

from typing import Any, NoReturn

from tnt_sim.errors import Text, UsageError
from tnt_sim.view.report.page import Options, report_html
from tnt_sim.view.run_reader import StoredRun


def report_pdf(run: StoredRun, options: Options) -> bytes:
    """The report of a run as PDF; a long list of dossiers, which takes minutes to lay out, is left out.

    Raises
    ------
    UsageError
        WeasyPrint, or the libraries that it needs, are not there.
    """
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        raise UsageError(
            Text(
                "le PDF demande WeasyPrint : installez « tnt-sim[pdf] » "
                "(et Pango ; sous Linux, le paquet libpango-1.0-0). Sans lui, écrivez un .html "
                "et imprimez-le depuis le navigateur.",
                "PDF needs WeasyPrint: install “tnt-sim[pdf]” (and Pango; on Linux the package libpango-1.0-0). "
                "Without it, write an .html and print it from the browser.",
            ),
            code="usage.pdf",
        ) from error
    made: Any = weasyprint.HTML(string=report_html(run, options), url_fetcher=_nothing)
    data: bytes = made.write_pdf()
    return data


def _nothing(url: str, *_: Any, **__: Any) -> NoReturn:
    """A report refers to nothing but itself."""
    raise ValueError(f"the report asks for nothing outside: {url[:80]}")
