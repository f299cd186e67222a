"""Report of conflicts and repairs in the planner's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from tnt_sim.analysis.infeasibility.document import (
    ClashEntry,
    ConflictDocument,
    RepairEntry,
)
from tnt_sim.analysis.infeasibility.sentences import describe_members, describe_repair
from tnt_sim.analysis.shared.progress import INTERRUPT, TIME
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.command_words import quote_value
from tnt_sim.i18n.message import NO_TEXT, Bilingual, Capitalised, Lang, Text, _, _n, join_sentences
from tnt_sim.i18n.numbers import format_number
from tnt_sim.i18n.parameters import Money, Names
from tnt_sim.reporting.report_tree import (
    Callout,
    Chart,
    Column,
    Kind,
    Node,
    Output,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
    build_section,
    write_both,
)
from tnt_sim.reporting.reports.study_report import build_study_report
from tnt_sim.rules.expressions.text import capitalise
from tnt_sim.values.answer_values import describe_goal

FIRST_MEMBERS, FIRST_REPAIRS = 6, 3


def build_conflict_verdict(document: ConflictDocument) -> Callout:
    """Return whether an allocation exists."""
    return Callout(describe_verdict(document), Tone.GOOD if document.status == "feasible" else Tone.BAD)


def build_conflict_nodes(document: ConflictDocument) -> list[Node]:
    """Return the conflicts, what stands, the repairs, and the scope of the search."""
    n = len(document.sets)
    nodes: list[Node] = [
        _build_conflict(entry, document.repairs, format_conflict_title(rank, entry, n), rank)
        for rank, entry in enumerate(document.sets, start=1)
    ]
    nodes += map(Paragraph, describe_what_stands(document.sets))
    nodes += _build_repairs(document.repairs)
    if document.status != "feasible":
        nodes.append(Section(_("Scope of the search"), [Paragraph(_describe_method(document))]))
    return nodes


def _build_chart(entry: ClashEntry, repairs: Sequence[RepairEntry]) -> Chart | None:
    """Return the picture of a conflict, whose modules a run without one does not load."""
    from tnt_sim.reporting.reports.conflict_picture import build_conflict_chart

    return build_conflict_chart(entry, repairs)


def _build_conflict(entry: ClashEntry, repairs: Sequence[RepairEntry], title: Text, rank: int) -> Section:
    """Return one conflict with its picture; a page folds all but the first."""
    section = build_section(title, _list_member_columns(entry), chart=_build_chart(entry, repairs))
    return replace(section, folded=rank > 1)


def build_first_conflict(
    document: ConflictDocument, *, scenario: str, typed: Sequence[str] = ()
) -> list[Node]:
    """Return the first conflict and the cheapest repairs, below the page of an infeasible run.

    Parameters
    ----------
    scenario : arguments of the command that tells all of it
    typed : `PATH=VALUE` texts of the command; a repair of the same path takes their place
    """
    sets, repairs = document.sets, document.repairs[:FIRST_REPAIRS]
    if not sets:
        return []
    title = _("These rules are incompatible")
    arguments = f"{scenario} --time-limit 600" if document.stopped_by == TIME else scenario
    end = _("All of it: tnt-sim conflict {scenario}", scenario=arguments)
    chart = _build_chart(sets[0], repairs)
    first = build_section(title, _list_member_columns(sets[0]), chart=chart, most=FIRST_MEMBERS)
    stands = [Paragraph(text) for text in describe_what_stands(sets)]
    if document.stopped_by == TIME:
        stands.append(Paragraph(_("There was no time to look for all repairs: another may be cheaper.")))
    if document.stopped_by == INTERRUPT:
        stands.append(Paragraph(_("The search was interrupted: another repair may be cheaper.")))
    paths = {text.partition("=")[0].strip() for text in typed}
    replaced = sorted(paths & {text.partition("=")[0] for one in repairs for text in one.set or ()})
    if replaced:
        names = Names(replaced)
        stands.append(
            Paragraph(_("Put the line of a repair in the place of yours for {paths}.", paths=names))
        )
    if more := (document.n_sets or 1) - 1:
        others = _n("One more conflict is not shown here.", "{n} more conflicts are not shown here.", n=more)
        end = join_sentences(others, end)
    return [first, *stands, *_build_repairs(repairs), Paragraph(end, soft=True)]


def describe_what_stands(sets: Sequence[ClashEntry]) -> list[Text]:
    """Name what no repair lifts and takes part in a conflict: commitments, the limit of public aid."""
    kinds = {member.kind for entry in sets for member in entry.members}
    result = []
    if "committed" in kinds:
        result.append(_("Commitments stand: no repair takes them back."))
    if "law" in kinds:
        result.append(_("The limit of public aid to the cost is law: no repair and no waiver lifts it."))
    return result


def build_clash_report(document: ConflictDocument, *, scenario: str, typed: Sequence[str] = ()) -> Report:
    """Return the report of a setting that is impossible before any solve: what clashes, and repairs."""
    verdict = Callout(_("This setting is impossible."), Tone.BAD)
    nodes = build_first_conflict(document, scenario=scenario, typed=typed)
    told = replace(document, stopped_by=None)  # the last line names the command that takes a longer limit
    return build_study_report(told, _("What clashes"), verdict, nodes)


def _list_member_columns(entry: ClashEntry) -> list[Column]:
    by_lang = [describe_members(entry.members, lang) for lang in (Lang.FR, Lang.EN)]
    members = [member for member, __ in by_lang[0]]
    words = [Capitalised(Bilingual(fr, en)) for (__, fr), (__, en) in zip(*by_lang, strict=True)]
    sources = [member.source or "" for member in members]
    return [
        Column(_("Element"), words),
        Column(
            _("Where"),
            [f"{m.file}:{m.line}" if m.file and m.line else "" for m in members],
            outputs=Output.SHEET,
        ),
        *([Column(_("Source"), sources, optional=True)] if any(sources) else []),
    ]


def _build_repairs(repairs: Sequence[RepairEntry]) -> list[Section]:
    """Return the repairs, cheapest first."""
    if not repairs:
        return []
    words = [write_both(partial(_describe_capitalised, one)) for one in repairs]
    after = [write_both(partial(describe_repaired_optimum, one)) for one in repairs]
    columns = [
        Column(_("Rank"), [one.rank for one in repairs], Kind.COUNT, Output.TERMINAL | Output.SHEET),
        Column(_("Repair"), words),
        Column(
            _("Rules touched"),
            [one.n_rules for one in repairs],
            Kind.COUNT,
            Output.FILES,
        ),
        Column(_("Amount added"), [one.added_cents for one in repairs], Kind.MONEY, Output.FILES),
        Column(_("Result"), after),
        Column(_("To write"), [format_set_options(one.set or ()) for one in repairs]),
    ]
    title = _("What would be enough, smallest change first")
    return [Section(title, [Table(columns, as_cards=True)])]


def describe_verdict(document: ConflictDocument) -> Text:
    """Summarise the result in one sentence."""
    if document.status == "feasible":
        return _("An allocation satisfies all these rules.")
    if document.status == "stopped":
        return _("There was no time to say whether an allocation exists. Give it more: --time-limit 600.")
    at = _(' at step "{step}"', step=document.step) if document.step else NO_TEXT
    if any(one.proof == "PROVED" for one in document.sets):  # one proved conflict is enough
        return _("It is proven that no allocation satisfies all the rules{at}.", at=at)
    return _("No allocation satisfies all the rules{at}.", at=at)


def format_set_options(sets: Sequence[str]) -> str:
    """Write the `--set` options of a repair, as typed."""
    parts = (text.partition("=") for text in sets)
    return " ".join(f"--set {path}={quote_value(value)}" for path, __, value in parts)


def _describe_capitalised(repair: RepairEntry, lang: Lang) -> str:
    return capitalise(describe_repair(repair, lang))


def describe_repaired_optimum(repair: RepairEntry, lang: Lang) -> str:
    """Say whether a smaller repair might be enough, and the value of the optimum after it."""
    doubt = None if repair.least else _("Less might do (not proven).")
    return join_sentences(describe_price(repair), doubt, _describe_optimum(repair, lang)).in_(lang)


def describe_price(repair: RepairEntry) -> Text:
    """Say what a repair costs: money added, else by how much less is granted after it."""
    if repair.added_cents:
        return _("Price: {cents}.", cents=Money(repair.added_cents))
    if repair.cents:
        return _("Price: no money is added.")
    if repair.change_cents:
        return _("Price: no money moves; {cents} less is granted.", cents=Money(repair.change_cents))
    return _("Price: no money moves.")


def _describe_optimum(repair: RepairEntry, lang: Lang) -> Text:
    if repair.granted_cents is None or repair.n_funded is None:
        return _("The best choice is not computed.")
    goals = ", ".join(
        f"{describe_goal(goal.goal, goal.title).in_(lang)} {format_number(parse_decimal(goal.value), lang)}"
        for goal in repair.objective
    )
    goals = capitalise(goals)
    granted = Money(repair.granted_cents)
    if repair.best_found:
        return _n(
            "{goals} at best, with {n} application funded and {granted}.",
            "{goals} at best, with {n} applications funded and {granted}.",
            n=repair.n_funded,
            goals=goals,
            granted=granted,
        )
    return _n(
        "{goals} at least, with {n} application funded and {granted}.",
        "{goals} at least, with {n} applications funded and {granted}.",
        n=repair.n_funded,
        goals=goals,
        granted=granted,
    )


def format_conflict_title(rank: int, document: ClashEntry, n: int) -> Text:
    """Return the title of a conflict: rank, number of members, whether it is minimal."""
    size = len(document.members)
    if n > 1 and document.minimal:
        return _n(
            "Conflict {rank} of {total}: one element",
            "Conflict {rank} of {total}: {n} elements, all needed (verified)",
            n=size,
            rank=rank,
            total=n,
        )
    if n > 1:
        return _(
            "Conflict {rank} of {total}: {size} elements, not proven minimal", rank=rank, total=n, size=size
        )
    if document.minimal:
        return _n("Conflict: one element", "Conflict: {n} elements, all needed (verified)", n=size)
    return _("Conflict: {size} elements, not proven minimal", size=size)


def _describe_method(document: ConflictDocument) -> Text:
    """Say how the result was found, and whether it is complete."""
    n = document.n_solves
    if document.status != "infeasible":
        return _n("{n} test.", "{n} tests.", n=n)
    if document.complete:
        return _(
            "These rules have no other minimal conflict and no other minimal repair ({n} tests). "
            "Each repair was solved again and checked to the cent.",
            n=n,
        )
    return _(
        "There may be other conflicts or repairs ({n} tests). Each repair was solved again and checked "
        "to the cent.",
        n=n,
    )
