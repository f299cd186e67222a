"""Documents of a whole programme, beside the sheets: rules, inventory, mention, notes, and the texts as used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.text.legal_wording import LegalWording, load_wording
from tnt_sim.reporting.text.mention import choose_legal_texts
from tnt_sim.reporting.transparency.programme.inventory import (
    list_inventory_fields,
    write_inventory_csv,
    write_inventory_markdown,
)
from tnt_sim.reporting.transparency.programme.rules_page import build_rules_report
from tnt_sim.reporting.transparency.programme.scope_notes import build_notes_report

_NAMES: Mapping[Lang, Mapping[str, str]] = {
    Lang.FR: {"rules": "regles", "inventory": "inventaire"},
    Lang.EN: {"rules": "rules", "inventory": "inventory"},
}
WORDING = "wording.yaml"
"""Name of the legal texts as the documents use them."""


def iterate_programme_documents(
    run: StoredRun, lang: Lang, wording: LegalWording | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each document of the programme.

    Outside France only the page of rules is written, with the mention that the scenario words itself.

    Raises
    ------
    DataError
        If the data of the run are gone or have changed.
    """
    texts, names = wording or load_wording(), _NAMES[lang]
    rules = build_rules_report(run, lang, texts)
    yield f"{names['rules']}.html", render_report_html(rules, lang).encode()
    mention = choose_legal_texts(run.spec, lang, texts)[1]
    if mention:
        yield "mention.txt", (mention + "\n").encode()
    if run.spec.place_column is not None:
        return
    fields = list_inventory_fields(run, lang, texts)
    yield f"{names['inventory']}.csv", write_inventory_csv(fields, lang)
    yield f"{names['inventory']}.md", write_inventory_markdown(fields, run, lang)
    yield "notes.html", render_report_html(build_notes_report(run, lang, texts), lang).encode()
    yield WORDING, texts.data
