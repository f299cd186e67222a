"""The page of a programme's rules, which L. 312-1-3 of the code of relations with the public asks to publish.

It says what `show` says of the entries in force, without the dossiers that people decided on by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata

from tnt_sim.domain.publisher import PUBLISHER_KEYS, PublisherSpec, list_missing_keys
from tnt_sim.engine.stored_run import StoredRun, hash_code
from tnt_sim.errors import DataError, Defect, Place
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.reporting.report_tree import (
    Callout,
    Column,
    Node,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
    Words,
)
from tnt_sim.reporting.reports.scenario import Sentence, describe_rules_in_force
from tnt_sim.reporting.text.legal_wording import LegalWording
from tnt_sim.reporting.text.verification import describe_changes, get_doubt
from tnt_sim.rules.offers.decisions import DecideSpec
from tnt_sim.scenario.problem import Problem

TO_COMPLETE = _("to be completed")
"""Value of a field that neither the run nor the scenario knows."""
LABELS: Mapping[str, Text] = {
    "authority": _("Authority"),
    "service": _("Service"),
    "contact": _("Contact"),
    "rules": _("Address of the rules"),
    "legal_basis": _("Legal basis"),
    "decided_by": _("Rules and list decided by"),
    "retention": _("Kept until, or for"),
}
"""Names of the keys of `publisher`."""
_SECTIONS: Mapping[str, Text] = {
    "envelopes": _("Envelopes"),
    "eligibility": _("Who may be funded"),
    "grants": _("How much (the first line that concerns the application decides)"),
    "caps": _("Caps over projects"),
    "waivers": _("Waivers"),
    "measures": _("Measures that the rules use"),
    "rules": _("Rules of allocation"),
    "objective": _("Goals, in their order"),
    "steps": _("Steps"),
}
_LIMITS = ("limit_data", "limit_rules", "limit_whole")


def build_rules_report(run: StoredRun, lang: Lang, wording: LegalWording) -> Report:
    """Return the page of the programme's rules as a report."""
    problem = require_problem(run)
    sentences = describe_rules_in_force(problem, lang)
    amount = format_amount(problem.case.tree.amount_cents[0], lang)
    nodes: list[Node] = [
        Paragraph(wording.fill("rules_purpose", lang, programme=run.title, amount=amount)),
        Paragraph(wording.fill("rules_people", lang)),
        *_build_missing_callout(run.spec.publisher),
        Section(_("Who decides and answers"), list(_describe_publisher(run.spec.publisher))),
        *_build_rule_sections(problem, sentences, wording, lang),
        Section(_("How the list is computed"), list(_describe_method(run, wording, lang))),
        Section(_("Known limits"), list(_describe_limits(run, wording, lang))),
        Section(_("Version and source code"), list(_build_version(run, wording, lang))),
    ]
    if run.spec.place_column is None:
        nodes.append(Section(_("Your right"), list(_describe_right(run.spec.publisher, wording, lang))))
    return Report(
        title=_("Rules of the programme"),
        subject=run.title,
        about=[run.spec.publisher.authority] if run.spec.publisher.authority else [],
        nodes=nodes,
        synthetic=run.synthetic,
        day=run.spec.date,
    )


def require_problem(run: StoredRun) -> Problem:
    """Return the problem of a run."""
    if run.decision is None:
        text = _("the rules are read with the data of the run, which are gone or have changed.")
        hint = _("Put the files of the scenario back, or name their folder with --project.")
        raise DataError([Defect("run-folder", text, (Place(file=str(run.folder)),), hint)])
    return run.decision.problem


def complete(text: str) -> Words:
    """Return a text, or that it is to be completed."""
    return text or TO_COMPLETE


def find_code_address() -> str:
    """Return the address at which the source code is published, "" if the package names none."""
    try:
        urls = metadata.metadata("tnt-sim").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return ""
    named = dict(url.split(", ", 1) for url in urls if ", " in url)
    return next((named[name] for name in ("Repository", "Source", "Homepage") if name in named), "")


def _build_missing_callout(publisher: PublisherSpec) -> list[Node]:
    missing = list_missing_keys(publisher)
    if not missing:
        return []
    words = _(
        "To be completed before this page is published. Missing in the block publisher of the scenario: {keys}.",
        keys=", ".join(missing),
    )
    return [Callout(words, Tone.WARNING)]


def _describe_publisher(publisher: PublisherSpec) -> Iterator[Node]:
    for key in PUBLISHER_KEYS:
        value = complete(getattr(publisher, key))
        yield Paragraph(_("{label}: {value}", label=LABELS[key], value=value))


def _build_rule_sections(
    problem: Problem, sentences: Sequence[Sentence], wording: LegalWording, lang: Lang
) -> Iterator[Section]:
    """Yield a section for each kind of entry in force; decisions by hand are counted, not named."""
    by_hand = {spec.id: spec for spec in problem.scenario.spec.rules if isinstance(spec, DecideSpec)}
    for section, title in _SECTIONS.items():
        own = [s for s in sentences if s.section == section and not (section == "rules" and s.id in by_hand)]
        nodes: list[Node] = [_build_table(own, section)] if own else []
        acts = [s for s in sentences if section == "rules" and s.section == section and s.id in by_hand]
        if acts:
            nodes.append(Paragraph(_count_by_hand(problem, wording, lang)))
        if nodes:
            yield Section(title, nodes)


def _count_by_hand(problem: Problem, wording: LegalWording, lang: Lang) -> str:
    choice = problem.decided.choice
    return wording.fill(
        "rules_by_hand", lang, funded=str(int((choice > 0).sum())), refused=str(int((choice < 0).sum()))
    )


def _build_table(sentences: Sequence[Sentence], section: str) -> Table:
    heads: list[Words] = (
        [s.id for s in sentences] if section == "objective" else [s.title or s.id for s in sentences]
    )
    columns = [Column(_("Name"), heads), Column(_("Rule in words"), [s.text for s in sentences])]
    if any(s.remark or s.reported for s in sentences):
        columns.append(Column(_("Remark"), [_describe_remark(s) for s in sentences]))
    if any(s.source for s in sentences):
        columns.append(Column(_("Source"), [s.source or TO_COMPLETE for s in sentences]))
    return Table(columns, most=len(sentences), narrow_cards=True)


def _describe_remark(sentence: Sentence) -> Words:
    if sentence.remark:
        return sentence.remark
    return _("measured only, refuses nothing") if sentence.reported else ""


def list_method_keys(run: StoredRun) -> tuple[str, ...]:
    """Return the texts on how the list is computed; that on ties holds where the ties were fully resolved."""
    return ("rules_method", "rules_ties") if run.data.canonical else ("rules_method",)


def _describe_method(run: StoredRun, wording: LegalWording, lang: Lang) -> Iterator[Node]:
    for key in list_method_keys(run):
        yield Paragraph(wording.fill(key, lang))


def _describe_limits(run: StoredRun, wording: LegalWording, lang: Lang) -> Iterator[Node]:
    for key in _LIMITS:
        yield Paragraph(wording.fill(key, lang), mark="• ")
    if get_doubt(run.checked.record) is not None:
        yield Callout(wording.fill("limit_unproven", lang), Tone.DOUBT)
    if (changes := describe_changes(run.checked.record)) is not None:
        yield Callout(changes, Tone.DOUBT)


def _build_version(run: StoredRun, wording: LegalWording, lang: Lang) -> Iterator[Node]:
    data = run.data
    code = hash_code() if data.provenance is None else data.provenance.code_sha256
    rows: list[tuple[Text, Words]] = [
        (_("Program"), f"tnt_sim {data.versions.get('tnt_sim', '')}".strip()),
        (_("Address of the source code"), complete(find_code_address())),
        (_("SHA-256 of the source code"), code),
        (_("SHA-256 of rules and data"), data.scenario_sha256),
    ]
    if run.spec.place_column is None:
        yield Paragraph(wording.fill("source_code", lang))
    yield Table(
        [Column(_("Item"), [row[0] for row in rows]), Column(_("Value"), [row[1] for row in rows])],
        most=len(rows),
    )


def _describe_right(publisher: PublisherSpec, wording: LegalWording, lang: Lang) -> Iterator[Node]:
    contact = publisher.contact or publisher.authority or TO_COMPLETE.in_(lang)
    yield Paragraph(wording.fill("mention_right", lang, contact=contact))
    yield Paragraph(wording.fill("mention_remedy", lang))
