"""The row of a programme in the administration's inventory of algorithms, in the fields of Etalab's guide.

Source: Etalab, « Fiche pratique : l’inventaire des principaux traitements algorithmiques » (11 February 2021).
A field that the run does not know says « à compléter ».
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tnt_sim.domain.publisher import compute_last_day
from tnt_sim.engine.personal_columns import PersonalStanding, list_personal_columns
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_amount, format_day
from tnt_sim.i18n.parameters import Day
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.report_tree import (
    SYNTHETIC,
    Callout,
    Node,
    Paragraph,
    Report,
    Section,
    Tone,
    Words,
    write_words,
)
from tnt_sim.reporting.text.legal_wording import LegalWording, load_wording
from tnt_sim.reporting.text.verification import choose_legal_texts
from tnt_sim.reporting.transparency.input_values import describe_label
from tnt_sim.reporting.transparency.programme.rules_page import (
    TO_COMPLETE,
    build_rules_report,
    complete,
    find_code_address,
    list_method_keys,
    require_problem,
)
from tnt_sim.reporting.transparency.read_columns import find_read_columns
from tnt_sim.reporting.transparency.sheet_source import build_source

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


_PERSONAL_DATA = (
    "data_protection_out",
    "data_protection_in",
    "data_protection_here",
    "data_protection_decision",
)

_AI_ACT = ("ai_act_out", "ai_act_in")

_STATUS = ("signature_is_not_legal", "archive_status")

_KEPT_TABLES = _(
    "Beside the runs, the folder inputs holds a copy of each table as it was read, with all its columns; a signed "
    "list holds one too. Destroy them with the calculation."
)


def build_notes_report(run: StoredRun, lang: Lang, wording: LegalWording) -> Report:
    """Return the notes on scope as a report; each paragraph names its article."""
    personal = [
        *_describe(_PERSONAL_DATA, wording, lang),
        *_describe_columns(run),
        _describe_retention(run),
        Paragraph(_KEPT_TABLES),
    ]
    return Report(
        title=_("Out of scope, and why"),
        subject=run.title,
        nodes=[
            Callout(_("No lawyer has read these notes. Have your legal service read them."), Tone.WARNING),
            Section(_("Personal data"), personal),
            Section(_("Artificial intelligence"), list(_describe(_AI_ACT, wording, lang))),
            Section(_("Signature and archives"), list(_describe(_STATUS, wording, lang))),
        ],
        synthetic=run.synthetic,
        day=run.spec.date,
    )


def _describe(keys: tuple[str, ...], wording: LegalWording, lang: Lang) -> Iterator[Node]:
    for key in keys:
        yield Paragraph(wording.fill(key, lang))
        yield Paragraph(wording.get_article(key), soft=True)


def _describe_columns(run: StoredRun) -> Iterator[Node]:
    """Say which columns of the table look personal, and which of them the run keeps."""
    columns = list_personal_columns(require_problem(run).scenario)
    left_out = [one.column.name for one in columns if one.standing is PersonalStanding.LEFT_OUT]
    retained = [one.column.name for one in columns if one.standing is not PersonalStanding.LEFT_OUT]
    if not columns:
        yield Paragraph(_("No column of the table looks personal, by its name or by its cells."))
    if retained:
        words = _(
            "These columns look personal, and the run holds them, since the scenario reads or allows them: "
            "{names}.",
            names=", ".join(retained),
        )
        yield Callout(words, Tone.WARNING)
    if left_out:
        words = _(
            "These columns look personal, and the run does not hold them, since no rule reads them: {names}.",
            names=", ".join(left_out),
        )
        yield Paragraph(words)


def _describe_retention(run: StoredRun) -> Node:
    last = compute_last_day(run.spec.publisher, run.spec.date)
    if last is not None:
        return Paragraph(
            _(
                "The calculation is kept until {day}. From the next day on, the service hands it to the archives "
                "or, with their visa, destroys it.",
                day=Day(last.isoformat()),
            )
        )
    retention: Words = run.spec.publisher.retention or TO_COMPLETE
    return Paragraph(_("Keep the calculation until, or for: {retention}.", retention=retention))


_GROUPS: Mapping[str, Text] = {
    "administration": _("Information on the administration"),
    "decision": _("Information on the algorithm and the decision"),
    "impact": _("Information on the impact of the decision"),
    "operation": _("Information on how the algorithm works inside"),
}


@dataclass(frozen=True, slots=True)
class InventoryField:
    """One field of the inventory: its group, its name as Etalab gives it, and its value."""

    group: str
    name: Text
    value: Words


def list_inventory_fields(run: StoredRun, lang: Lang, wording: LegalWording) -> list[InventoryField]:
    """Return the fields of the inventory in Etalab's order."""
    return [
        *_describe_administration(run, lang),
        *_describe_decision(run, lang, wording),
        *_describe_impact(run, lang, wording),
        *_describe_operation(run, lang, wording),
    ]


def _describe_administration(run: StoredRun, lang: Lang) -> Iterator[InventoryField]:
    publisher, group = run.spec.publisher, "administration"
    day = format_day(run.spec.date.isoformat(), lang) if run.spec.date else ""
    yield InventoryField(group, _("Name of the administration"), complete(publisher.authority))
    yield InventoryField(group, _("Directorate or service"), complete(publisher.service))
    yield InventoryField(group, _("Contact in the administration"), complete(publisher.contact))
    yield InventoryField(group, _("Day of the update"), complete(day))


def _describe_decision(run: StoredRun, lang: Lang, wording: LegalWording) -> Iterator[InventoryField]:
    publisher, group = run.spec.publisher, "decision"
    amount = format_amount(require_problem(run).case.tree.amount_cents[0], lang)
    decided_by = publisher.decided_by or publisher.authority or TO_COMPLETE.in_(lang)
    context = wording.fill("inventory_context", lang, programme=run.title, decided_by=decided_by)
    yield InventoryField(group, _("Name of the algorithm"), run.title)
    yield InventoryField(group, _("Context"), context)
    purpose = wording.fill("inventory_purpose", lang, amount=amount)
    yield InventoryField(group, _("Purpose of the algorithm"), purpose)
    moment = wording.fill("inventory_moment", lang)
    yield InventoryField(group, _("How and when the algorithm takes part in the decision"), moment)
    automation = wording.fill("inventory_automation", lang)
    yield InventoryField(group, _("Degree of automation of the decision"), automation)
    yield InventoryField(group, _("Legal basis"), complete(publisher.legal_basis))
    yield InventoryField(group, _("Related resources (decision)"), complete(publisher.rules))


def _describe_impact(run: StoredRun, lang: Lang, wording: LegalWording) -> Iterator[InventoryField]:
    group, n = "impact", run.table.height
    decisions = _n(
        "{n} decision in this calculation; per year: {unknown}",
        "{n} decisions in this calculation; per year: {unknown}",
        n=n,
        unknown=TO_COMPLETE,
    )
    yield InventoryField(group, _("Number of administrative decisions per year"), decisions)
    yield InventoryField(group, _("Scope of the decision"), wording.fill("inventory_scope", lang))
    yield InventoryField(group, _("People concerned by the decision"), wording.fill("inventory_public", lang))
    yield InventoryField(group, _("Related resources (impact)"), TO_COMPLETE)


def _describe_operation(run: StoredRun, lang: Lang, wording: LegalWording) -> Iterator[InventoryField]:
    group, data = "operation", run.data
    yield InventoryField(group, _("Data processed"), ", ".join(list_read_labels(run, lang)))
    files = [f"{entry.path} (SHA-256 {entry.sha256})" for entry in data.inputs if entry.kind == "dossiers"]
    yield InventoryField(group, _("Source of the data processed"), complete("; ".join(files)))
    yield InventoryField(group, _("How the data were collected"), complete(_describe_collection(run, lang)))
    yield InventoryField(group, _("Type of algorithm"), wording.fill("inventory_type", lang))
    operations = " ".join(wording.fill(key, lang) for key in list_method_keys(run))
    yield InventoryField(group, _("Operations of the algorithm"), operations)
    version = f"tnt_sim {data.versions.get('tnt_sim', '')}".strip()
    code = "" if data.provenance is None else f", SHA-256 {data.provenance.code_sha256}"
    address = write_words(complete(find_code_address()), lang)
    resources = _("{version}{code}; source code: {address}", version=version, code=code, address=address)
    yield InventoryField(group, _("Related resources (operation)"), resources)


def list_read_labels(run: StoredRun, lang: Lang) -> list[str]:
    """Return what the columns are called that a rule, a condition, a grant or a goal reads of some dossier."""
    source = build_source(run, lang)
    read = find_read_columns(source.problem, source.case, source.is_open)
    return [describe_label(name, source) for name, rows in read.items() if rows.any()]


def _describe_collection(run: StoredRun, lang: Lang) -> str:
    """Return where the files come from, as their blocks of the scenario say; "" if they say nothing."""
    texts = []
    for entry in run.spec.dossiers:
        source = entry.source
        if isinstance(source, str):
            texts.append(source)
        elif source.demarche is not None:
            text = _("online procedure no. {number}", number=str(source.demarche))
            texts.append(text.in_(lang))
        else:
            texts.append(source.path)
    return "; ".join(dict.fromkeys(text for text in texts if text))


def write_inventory_csv(fields: list[InventoryField], lang: Lang) -> bytes:
    """Return the inventory as CSV: one header, one row for this programme."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";" if lang is Lang.FR else ",", lineterminator="\r\n")
    writer.writerow([_guard(entry.name.in_(lang)) for entry in fields])
    writer.writerow([_guard(write_words(entry.value, lang)) for entry in fields])
    return "\ufeff".encode() + stream.getvalue().encode()


def _guard(text: str) -> str:
    """Return a cell that no spreadsheet reads as a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def write_inventory_markdown(fields: list[InventoryField], run: StoredRun, lang: Lang) -> bytes:
    """Return the inventory as Markdown: a table for each of Etalab's four groups."""
    lines = [f"# {_escape(run.title)}", ""]
    if run.synthetic:
        lines += [f"**{SYNTHETIC.in_(lang)}**", ""]
    for group, title in _GROUPS.items():
        lines += [
            f"## {title.in_(lang)}",
            "",
            f"| {_('Item').in_(lang)} | {_('Value').in_(lang)} |",
            "|---|---|",
        ]
        for entry in fields:
            if entry.group == group:
                value = write_words(entry.value, lang)
                lines.append(f"| {_escape(entry.name.in_(lang))} | {_escape(value)} |")
        lines.append("")
    return "\n".join(lines).encode()


def _escape(text: str) -> str:
    """Return a text as a cell of Markdown: on one line, its signs taken for signs."""
    plain = " ".join(text.split("\n")).replace("\\", "\\\\")
    for sign in ("|", "*", "_", "`", "<", "[", "]"):
        plain = plain.replace(sign, f"\\{sign}")
    return plain
