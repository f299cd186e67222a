"""Report of the marginal questions: next euro, entry thresholds, targets, prices of rules, extension."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

import polars as pl

from tnt_sim.analysis.marginal.document import (
    EntryThresholdRow,
    EntryThresholdsDocument,
    ExtensionDocument,
    ExtensionOptionEntry,
    MarginalDocument,
    NextEuroDocument,
    NextEuroEntry,
    TargetDocument,
    TargetEntry,
)
from tnt_sim.documents import TableRows
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Capitalised, Lang, Text, _, _n, _p
from tnt_sim.i18n.numbers import format_amount, format_decimal, format_integer, format_significant
from tnt_sim.i18n.parameters import Count, Items
from tnt_sim.reporting.charts.bars import Bar, draw_bars
from tnt_sim.reporting.report_tree import (
    Chart,
    Column,
    Kind,
    Node,
    Output,
    Paragraph,
    Report,
    Section,
    Table,
    build_section,
    write_both,
    write_each,
)
from tnt_sim.reporting.reports.study_report import build_question_report
from tnt_sim.reporting.text.marginal import (
    FLAGS,
    NEVER,
    NO_WAY,
    STEP_NOTE,
    TARGET_STOPPED,
    TITLES,
    WAYS,
    describe_amounts,
    describe_flag,
    format_first_amount,
    format_goal_change,
    format_n_flips,
    format_no_loss,
    format_price_per_euro,
    format_stable_amount,
)
from tnt_sim.rules.expressions.text import capitalise
from tnt_sim.values.answer_values import Moves, Support, format_signed, label_goal

MOST_NAMED, MOST_ENTRIES, MOST_BARS = 12, 25, 12


def build_report(document: MarginalDocument) -> Report:
    """Return the report of one question."""
    return build_question_report(document, Capitalised(TITLES[document.question]), _build_nodes(document))


def _build_nodes(document: MarginalDocument) -> Sequence[Node]:
    match document:
        case NextEuroDocument():
            return build_next_euro(document.next)
        case EntryThresholdsDocument():
            return [_build_entries(document)]
        case TargetDocument():
            return _build_targets(document)
        case ExtensionDocument():
            return [_build_options(document)]
    raise TypeError(document)


def build_next_euro(steps: Sequence[NextEuroEntry]) -> list[Node]:
    """Return what the next euro of each envelope, or the next unit of each rule, buys."""
    titles = {
        "envelope": _("Envelopes: one more euro"),
        "rule": _("Rules: one unit less"),
    }
    nodes: list[Node] = []
    for kind, title in titles.items():
        entries = [entry for entry in steps if entry.kind == kind]
        if not entries:
            continue
        columns = [
            Column(_("Where"), [entry.id for entry in entries]),
            Column(_("Least useful change"), write_each(_format_step, entries), Kind.FIGURE),
            Column(_("Gain"), write_each(_format_gain, entries), Kind.FIGURE),
            Column(
                _("Shadow price"),
                write_each(_format_price, entries),
                Kind.FIGURE,
                optional=True,
            ),
            Column(
                _p("column", "Funded"),
                [entry.n_funded for entry in entries],
                Kind.COUNT,
                Output.FILES,
            ),
            build_proof_column(entries),
            Column(_("Effect"), write_each(_describe_outcome, entries)),
        ]
        nodes.append(build_section(title, columns, chart=partial(_draw_next_euro, entries)))
    return [*nodes, Paragraph(STEP_NOTE, soft=True)]


def _draw_next_euro(entries: Sequence[NextEuroEntry], lang: Lang, width: int) -> str:
    known = sorted((entry.step_cents, entry.id) for entry in entries if entry.exact and entry.step_cents)
    bars = [Bar(name, [cents], [f"+{format_amount(cents, lang)}"]) for cents, name in known[:MOST_BARS]]
    side = _("the least to add for a gain").in_(lang)
    return draw_bars(bars, [side], TITLES["next"].in_(lang), width) if bars else ""


def _format_step(entry: NextEuroEntry, lang: Lang) -> str:
    if entry.step is None:
        return _("–").in_(lang)
    money = entry.step_cents is not None
    least = format_amount(entry.step_cents, lang) if money else format_decimal(entry.step, lang)
    if entry.exact or entry.step_upto is None:
        return least if entry.exact else f"≥ {least}"
    upto = parse_decimal(entry.step_upto)
    most = format_amount(round(upto * 100), lang) if money else format_decimal(entry.step_upto, lang)
    return _("between {least} and {most}", least=least, most=most).in_(lang)


def _format_gain(entry: NextEuroEntry, lang: Lang) -> str:
    if entry.gain is None:
        return "–"
    return format_goal_change(entry.gain, entry.goal or "", lang)


def _format_price(entry: NextEuroEntry, lang: Lang) -> str:
    if entry.shadow_price is None:
        return "–"
    price = Fraction(entry.shadow_price)
    if entry.unit != "€":
        return format_significant(price, lang)
    return format_price_per_euro(price, lang)


def _describe_outcome(entry: NextEuroEntry, lang: Lang) -> str:
    moves = Moves(entry.enter, entry.leave, entry.more, entry.less).in_(lang)
    if entry.status == "never":
        return NEVER[entry.kind].in_(lang)
    if entry.status == "bounded" and entry.most_gain is not None and entry.goal is not None:
        goal, most = label_goal(entry.goal), format_signed(parse_decimal(entry.most_gain), lang)
        return _(
            "open; in {goal}, no change gains more than {most}",
            goal=goal,
            most=most,
        ).in_(lang)
    if entry.status in ("bounded", "stopped"):
        return _("stopped by the time limit").in_(lang)
    if entry.gain is None and entry.step_upto is not None:
        return _("its gain was not computed").in_(lang)
    if entry.gain is None:
        return _("no amount that was tried is enough").in_(lang)
    if not entry.exact and entry.step_upto is not None:
        enough = format_amount(round(parse_decimal(entry.step_upto) * 100), lang)
        return _("at {enough} more, ", enough=enough).in_(lang) + moves
    return moves


def _build_entries(document: EntryThresholdsDocument) -> Section:
    entries = document.entries
    if isinstance(entries, TableRows):  # the others need no object
        entries = entries.filter_rows(~pl.col("funded"))
    waiting = [entry for entry in entries if not entry.funded]
    waiting.sort(key=lambda entry: (entry.no_loss_cents is None, entry.no_loss_cents or 0, entry.dossier))
    flags = [flag for flag in sorted(document.flags) if flag in FLAGS]
    counted = write_both(partial(_count_flags, document, flags))
    columns = [
        Column(_("Application"), [entry.dossier for entry in waiting]),
        Column(_("Without loss, from"), write_each(format_no_loss, waiting), Kind.FIGURE),
        Column(_("First"), write_each(format_first_amount, waiting), Kind.FIGURE, Output.READING),
        Column(
            _("For good"),
            write_each(format_stable_amount, waiting),
            Kind.FIGURE,
            Output.READING,
        ),
        *(
            Column(head, values, Kind.MONEY, Output.SHEET)
            for head, values in (
                (_("First, at least"), [entry.first_from_cents for entry in waiting]),
                (_("First, at most"), [entry.first_upto_cents for entry in waiting]),
                (
                    _("For good, at least"),
                    [entry.stable_low_cents for entry in waiting],
                ),
                (
                    _("For good, at most"),
                    [entry.stable_upto_cents for entry in waiting],
                ),
            )
        ),
        Column(
            _("In and out"),
            write_each(format_n_flips, waiting),
            Kind.FIGURE,
            optional=True,
        ),
        Column(
            _("In the range"),
            [write_both(partial(describe_flag, entry.flag, exact=entry.exact)) for entry in waiting],
        ),
    ]
    return build_section(
        _("Applications that wait for more money"),
        columns,
        words=[write_both(partial(_describe_range, document)), *([counted] if flags else [])],
        chart=partial(_draw_entries, waiting),
        most=MOST_ENTRIES,
    )


def _describe_range(document: EntryThresholdsDocument, lang: Lang) -> str:
    low, high = format_amount(document.from_cents, lang), format_amount(document.to_cents, lang)
    if document.from_cents == document.to_cents:
        looked = describe_amounts(document) if not document.n_lists else _("its list alone is known.")
        return _("At {amount}: {looked}", amount=low, looked=looked).in_(lang)
    return _n(
        "From {low} to {high}, {n} list: {looked}",
        "From {low} to {high}, {n} lists: {looked}",
        n=document.n_lists,
        low=low,
        high=high,
        looked=describe_amounts(document),
    ).in_(lang)


def _count_flags(document: EntryThresholdsDocument, flags: Sequence[str], lang: Lang) -> str:
    colon = _(": ").in_(lang)
    counts = [
        f"{describe_flag(flag, lang, exact=document.exact)}{colon}{format_integer(document.flags[flag], lang)}"
        for flag in flags
    ]
    return capitalise(f"{Items(counts, ';').in_(lang)}.")


def _draw_entries(waiting: Sequence[EntryThresholdRow], lang: Lang, width: int) -> str:
    """Draw how many applications can enter without loss for each increase, at up to `MOST_BARS` amounts."""
    known = [e.no_loss_upto_cents for e in waiting if e.no_loss_upto_cents is not None]
    if not known:
        return ""
    places = sorted({round((k + 1) * len(known) / MOST_BARS) - 1 for k in range(MOST_BARS)} - {-1})
    known.sort()
    bars = []
    for place in places:
        cents = known[place]
        n = sum(one <= cents for one in known)
        bars.append(Bar(f"+{format_amount(cents, lang)}", [n], [format_integer(n, lang)]))
    side = _("applications that can enter without loss").in_(lang)
    return draw_bars(bars, [side], TITLES["entries"].in_(lang), width)


def _build_targets(document: TargetDocument) -> list[Node]:
    targets = document.targets
    columns = [
        Column(_("Target"), [entry.words for entry in targets]),
        Column("", write_each(partial(_describe_target, document), targets), outputs=Output.TERMINAL),
        Column(_("Amount"), [entry.amount_cents for entry in targets], Kind.MONEY, Output.FILES),
        Column(
            _("No less than"),
            [entry.amount_from_cents for entry in targets],
            Kind.MONEY,
            Output.FILES,
        ),
        Column(_("More"), [entry.extra_cents for entry in targets], Kind.MONEY, Output.FILES),
        Column(
            _p("column", "Funded"),
            [entry.n_funded for entry in targets],
            Kind.COUNT,
            Output.FILES,
        ),
        Column(
            _("Departments"),
            [entry.n_departments for entry in targets],
            Kind.COUNT,
            Output.FILES,
        ),
        Column(
            _("Obstacle"),
            write_each(_describe_obstacle, targets),
            outputs=Output.FILES,
        ),
        Column(
            _("Proof"),
            [Support(entry.proof) for entry in targets],
            outputs=Output.FILES,
        ),
    ]
    title = _("The smallest envelope that reaches each target")
    table = Table(columns, most=len(targets), as_cards=True)
    lists = [
        build_section(
            _("List: {target}", target=entry.words),
            [Column(_("Application"), list(entry.dossiers))],
            annex=True,
        )
        for entry in targets
        if entry.dossiers
    ]
    return [Section(title, [Chart(title, partial(_draw_targets, document)), table]), *lists]


def _draw_targets(document: TargetDocument, lang: Lang, width: int) -> str:
    known = [
        (entry.words, entry.amount_cents) for entry in document.targets if entry.amount_cents is not None
    ]
    if not known:
        return ""
    if document.amount_cents is not None:
        known.insert(0, (_("written amount").in_(lang), document.amount_cents))
    bars = [Bar(name, [cents], [format_amount(cents, lang)]) for name, cents in known]
    side = _('envelope "{envelope}"', envelope=document.envelope or "").in_(lang)
    return draw_bars(bars, [side], TITLES["target"].in_(lang), width)


def _describe_target(document: TargetDocument, entry: TargetEntry, lang: Lang) -> str:
    if entry.missing:
        return _("No amount is enough: ").in_(lang) + str(entry.missing) + "."
    if entry.stopped:
        return TARGET_STOPPED.in_(lang)
    if not entry.reached and entry.amount_from_cents is not None:
        least = format_amount(entry.amount_from_cents, lang)
        return _("At least {least}; no amount that was tried is enough.", least=least).in_(lang)  # fmt: skip
    if not entry.reached:
        stops = format_list(entry.blocked_by, lang, 6)
        if not stops:
            return _("No amount is enough; what stands in the way was not singled out.").in_(lang)  # fmt: skip
        return _("No amount is enough; these would have to give way: {stops}.", stops=stops).in_(lang)  # fmt: skip
    there = format_amount(entry.amount_cents, lang)
    change = _describe_difference(entry.extra_cents, lang)
    proof = Support(entry.proof or "FEASIBLE_GAP").in_(lang)
    between = ""
    if not entry.exact:
        low = format_amount(entry.amount_from_cents, lang)
        between = _(", no less than {low}", low=low).in_(lang)
    n = format_integer(entry.n_funded, lang)
    return _(
        '{there} for "{envelope}" ({change}){between}: {n} applications, {n_departments} departments; {proof}.',
        there=there,
        envelope=document.envelope or "",
        change=change,
        between=between,
        n=n,
        n_departments=Count(entry.n_departments),
        proof=proof,
    ).in_(lang)


def _describe_difference(extra: int | None, lang: Lang) -> Text:
    """Write the difference from the written amount."""
    if extra is None:
        return _("no amount is written")
    if extra == 0:
        return _("the written amount is enough")
    more = format_amount(abs(extra), lang)
    return _("{more} more", more=more) if extra > 0 else _("{more} less", more=more)


def _describe_obstacle(entry: TargetEntry, lang: Lang) -> str:
    if entry.stopped:
        return TARGET_STOPPED.in_(lang)
    return str(entry.missing or "") or format_list(entry.blocked_by, lang, MOST_NAMED) or "–"


def _format_goal_gain(goal: str | None, gain: str | None, lang: Lang) -> str:
    if gain is None or goal is None:
        return "–" if gain is None else "0"
    return format_goal_change(gain, goal, lang)


def _build_options(document: ExtensionDocument) -> Section:
    ways = document.ways
    columns = [
        Column(_p("shared out", "Share"), write_each(_describe_option, ways)),
        Column(_("Gain"), write_each(_format_option_gain, ways), Kind.FIGURE),
        Column(_("Applications"), [way.n_funded for way in ways], Kind.COUNT),
        Column(
            _("Departments"),
            [way.n_departments for way in ways],
            Kind.COUNT,
            optional=True,
        ),
        Column(_("Granted"), [way.granted_cents for way in ways], Kind.MONEY, Output.FILES),
        Column(
            _("Not spent"),
            [way.unspent_cents for way in ways],
            Kind.ROUND_MONEY,
            optional=True,
        ),
        build_proof_column(ways),
        Column(_("Added to"), write_each(_format_additions, ways)),
    ]
    extra = write_both(partial(format_amount, document.extra_cents))
    title = _("{extra} more", extra=extra)
    return build_section(title, columns, chart=partial(_draw_options, document), most=len(ways))


def _draw_options(document: ExtensionDocument, lang: Lang, width: int) -> str:
    ways = [way for way in document.ways if way.allowed]
    if len({way.goal for way in ways if way.goal}) != 1:
        return ""
    bars = [
        Bar(
            _describe_option(way, lang),
            [max(0.0, float(Fraction(way.gain or 0)))],
            [_format_goal_gain(way.goal, way.gain, lang)],
        )
        for way in ways
    ]
    extra = format_amount(document.extra_cents, lang)
    side = _("gain for {extra} more", extra=extra).in_(lang)
    return draw_bars(bars, [side], TITLES["extension"].in_(lang), width)


def _format_option_gain(option: ExtensionOptionEntry, lang: Lang) -> str:
    if not option.allowed:
        return "–"
    return "0" if option.goal is None else format_goal_change(option.gain, option.goal, lang)


def _describe_option(option: ExtensionOptionEntry, lang: Lang) -> str:
    return WAYS[option.way].in_(lang) + (f" {option.axis}" if option.axis else "")


def _format_additions(option: ExtensionOptionEntry, lang: Lang) -> str:
    """Write where the money goes, or why this share is not possible."""
    if not option.allowed:
        return NO_WAY[option.why or ""].in_(lang)
    added = [f"{part.envelope} {format_amount(part.cents, lang)}" for part in option.added]
    return format_list(added, lang, MOST_NAMED) or "–"


def build_proof_column(entries: Sequence[NextEuroEntry | ExtensionOptionEntry]) -> Column:
    """Return what shows the value of each entry."""
    return Column(_("Proof"), [Support(entry.proof) for entry in entries], optional=True)
