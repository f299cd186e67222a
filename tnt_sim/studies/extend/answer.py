"""Report of "transfer or extend": sentences, a small table per total, and who moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import polars as pl

from tnt_sim.analysis.extend.document import (
    AnyListEntry,
    ExtendCurveEntry,
    ExtendDocument,
    ExtensionGain,
    FundedListEntry,
    LargerTotalEntry,
    LargestGrant,
    TransferEnvelopeEntry,
    ValueLimits,
)
from tnt_sim.analysis.extend.result import FREE, NESTED, GrantedRange
from tnt_sim.analysis.extend.transfer import MoveEntry
from tnt_sim.documents import dump_document
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Bilingual, Lang, Text, _, _n
from tnt_sim.i18n.numbers import (
    format_amount,
    format_decimal,
    format_euros,
    format_integer,
    format_round_amount,
    format_short_amount,
)
from tnt_sim.i18n.parameters import Items, Listed, Money, RoundMoney
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.charts.svg import Measure
from tnt_sim.reporting.report_tree import Chart, Column, Kind, Node, Paragraph, Section, Table, write_both
from tnt_sim.rules.protocols import Sense
from tnt_sim.studies.marginal_euro.answer import build_steps
from tnt_sim.values.answer_values import Support, label_goal

_NOTHING = _("nothing")
_NO_LIST = _("no allocation is possible")
MOST_MOVES, MOST_NAMED = 20, 5


def map_tables(document: ExtendDocument) -> Mapping[str, Callable[[], pl.DataFrame]]:
    """Return the tables of an answer: `gains`, a row for each curve, total and goal, and `moves` of money.

    Gains are floats, for drawing; the document holds exact decimals.
    """
    return {"gains": partial(build_gain_table, document), "moves": partial(build_move_table, document)}


def build_gain_table(document: ExtendDocument) -> pl.DataFrame:
    """Build one row for each curve, total and goal."""
    keys = ("transfer", "extension", "total", "alone", "alone_beyond_transfer")
    rows = [
        {"curve": name, "total_cents": entry.total_cents, "goal": gain.goal}
        | {key: None if (value := getattr(gain, key)) is None else float(value) for key in keys}
        for name, curve in list_curves(document)
        for entry in curve.totals
        for gain in entry.gains
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def build_move_table(document: ExtendDocument) -> pl.DataFrame:
    """Build one row for each move of money, in integer cents."""
    rows = [
        {"curve": name, "total_cents": entry.total_cents, **dump_document(move)}
        for name, curve in list_curves(document)
        for entry in (curve.transfer, *(one.with_transfers for one in curve.totals))
        if isinstance(entry, FundedListEntry)
        for move in entry.moves
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def list_curves(document: ExtendDocument) -> list[tuple[str, ExtendCurveEntry]]:
    """Return both curves by name."""
    return [(FREE, document.free), (NESTED, document.nested)]


def build_page(document: ExtendDocument) -> Iterator[Node]:
    """Yield what transfers gain, what larger totals gain, and the lists of both."""
    free, nested = document.free, document.nested
    yield from _write_paragraphs(describe_start(document, Lang.FR), describe_start(document, Lang.EN))
    yield from _build_transfers(document)
    yield from _write_paragraphs(*(describe_totals(document, free, lang) for lang in (Lang.FR, Lang.EN)))
    yield Section(_("Each list for itself (free)"), [Table(_list_gains(document, free))])
    if _has_same_gains(free, nested):
        yield Paragraph(_("Commitments kept (what is granted stays granted): the same gains."))
    else:
        title = _("What is granted stays (commitments kept)")
        moves = (
            _build_moves(document, nested.transfer) if isinstance(nested.transfer, FundedListEntry) else []
        )
        yield Section(title, [Table(_list_gains(document, nested)), *moves])
    before: Sequence[MoveEntry] = ()
    for entry in (free.transfer, *(one.with_transfers for one in free.totals)):
        yield from _build_envelopes(document, entry, before)
        before = entry.moves if isinstance(entry, FundedListEntry) else ()
    if document.next:
        yield from build_steps(document.next)
    yield from _build_list_changes(document)


def _write_paragraphs(french: Sequence[str], english: Sequence[str]) -> list[Paragraph]:
    return [Paragraph(Bilingual(fr, en)) for fr, en in zip(french, english, strict=True)]


def describe_start(document: ExtendDocument, lang: Lang) -> list[str]:
    """Describe the scenario as written, from which all gains start."""
    start = document.as_written
    if not isinstance(start, FundedListEntry):
        return []
    total, granted = (
        format_round_amount(document.amount_cents, lang),
        format_short_amount(start.granted_cents, lang),
    )
    pairs = zip(start.objective, document.goals, strict=True)
    values = format_list(
        [
            f"{label_goal(goal.goal).in_(lang)} {_describe_value(goal.value, unit.unit).in_(lang)}"
            for goal, unit in pairs
        ],
        lang,
        6,
    )
    texts = [
        _n(
            "Amounts as written, without transfers: {total}, of which {granted} granted to {n} application; "
            "{values}.",
            "Amounts as written, without transfers: {total}, of which {granted} granted to {n} applications; "
            "{values}.",
            total=total,
            granted=granted,
            n=start.n_funded,
            values=values,
        )
    ]
    free = document.free
    entries = [start, free.transfer, *(one.with_transfers for one in free.totals)]
    if any(entry is not None and entry.objective and entry.proof == "FEASIBLE_GAP" for entry in entries):
        texts.append(_("Not all lists are proven optimal: gains are those of the lists that were found."))
    return [text.in_(lang) for text in texts]


def describe_transfers(document: ExtendDocument, entry: FundedListEntry, lang: Lang) -> str:
    """Write what transfers gain at the written total: value, money saved, or nothing."""
    total, start = format_round_amount(document.amount_cents, lang), document.as_written
    limits = document.transfers in ("stated", "mixed")
    within = _(" within the scenario's limits").in_(lang) if limits else ""
    if not isinstance(start, FundedListEntry):
        return _(
            "At {total} no list satisfies the rules without a transfer{within}.", total=total, within=within
        ).in_(lang)
    gains = _describe_gains(document, [(gain.goal, gain.transfer) for gain in document.free.gains], lang)
    if gains:
        moved = _describe_list_changes(entry, lang)
        return _(
            "At {total}, moving money{within} brings: {gains}. {moved}",
            total=total,
            within=within,
            gains=gains,
            moved=moved,
        ).in_(lang)
    saved = start.granted_cents - entry.granted_cents
    if saved > 0:
        less = format_amount(saved, lang)
        return _(
            "At {total}, moving money{within} gives the same value for {less} less.",
            total=total,
            within=within,
            less=less,
        ).in_(lang)
    return _("At {total}, moving money{within} brings nothing.", total=total, within=within).in_(lang)


def _describe_list_changes(entry: FundedListEntry, lang: Lang) -> str:
    enter = _n("{n} application enters", "{n} applications enter", n=len(entry.enter))
    leave = _n("{n} leaves", "{n} leave", n=len(entry.leave))
    return f"{enter.in_(lang)}, {leave.in_(lang)}."


def describe_move(document: ExtendDocument, entry: FundedListEntry, move: MoveEntry) -> Text:
    """Name a move: transfer between siblings, money within an envelope, unassigned or new money."""
    if move.kind == "transfer":
        return _("transfer")
    root = next(one.id for one in entry.envelopes if one.parent is None)
    if move.from_ != root:
        return _("within {share}", share=move.from_)
    if entry.total_cents > document.amount_cents:
        return _("new or unassigned money")
    return _("unassigned money")


def describe_other_moves(document: ExtendDocument, entry: FundedListEntry, lang: Lang) -> list[str]:
    """Say whether other moves are as good: other givers, or other lists of equal value."""
    texts = []
    if entry.could_give:
        names = format_list(
            [f"{one.envelope} ({format_short_amount(one.cents, lang)})" for one in entry.could_give],
            lang,
            6,
        )
        texts.append(
            _("Other transfers would do as well; these could give instead: {names}.", names=names).in_(lang)
        )
    equal = document.equal_lists
    if any(one.least_cents != one.most_cents for one in equal.ranges):
        spans = Listed([_describe_range(one) for one in equal.ranges], 6)
        text = _("Other lists of the same value and amount share the money otherwise: {spans}.", spans=spans)
    elif equal.ranges and equal.complete:
        text = _(
            "Between these envelopes every list of the same value and amount shares the money in this way."
        )
    else:
        text = _("Other lists of the same value and amount may share the money otherwise.")
    texts.append(text.in_(lang))
    return texts


def _describe_range(document: GrantedRange) -> Text:
    """Say what an envelope is granted, from least to most."""
    least, most = Money(document.least_cents), Money(document.most_cents)
    if least == most:
        return Items([document.envelope, least], "")
    return _("{envelope} from {least} to {most}", envelope=document.envelope, least=least, most=most)


def describe_totals(document: ExtendDocument, curve: ExtendCurveEntry, lang: Lang) -> list[str]:
    """Compare, for each larger total, the extension alone with transfers, then both together."""
    written, result = format_round_amount(document.amount_cents, lang), []
    for entry in curve.totals:
        total, gains = format_round_amount(entry.total_cents, lang), entry.gains
        alone, there = entry.alone, entry.with_transfers
        without = isinstance(alone, FundedListEntry)
        both = isinstance(there, FundedListEntry) and document.transfers != "none"
        brings = _describe_gains(document, [(gain.goal, gain.alone) for gain in gains], lang)
        together = _describe_gains(document, [(gain.goal, gain.total) for gain in gains], lang)
        texts = _describe_limits(document, entry, total)
        if without and both and not brings and not together:
            text = _("Extending to {total} brings nothing, with or without transfers.", total=total)
            result.append(text.in_(lang))
            continue
        if without:
            brings = brings or _NOTHING.in_(lang)
            texts += [
                _("Extend to {total} without transfers: {brings}.", total=total, brings=brings),
                *_compare_gains(document, gains, written),
            ]
        if both:
            excess = _describe_gains(document, [(gain.goal, gain.extension) for gain in gains], lang)
            together = together or _NOTHING.in_(lang)
            texts.append(_("Extend and transfer: {together}.", together=together))
            changes = (parse_decimal(gain.extension) for gain in gains if gain.extension is not None)
            first = next((change for change in changes if change), 0)
            if first < 0:
                texts.append(_("The extension takes away from it: {excess}.", excess=excess))
            elif first:
                texts.append(_("The extension adds to it: {excess}.", excess=excess))
            elif all(gain.extension is not None for gain in gains):
                texts.append(_("The extension adds nothing to it."))
        result.append(" ".join(text.in_(lang) for text in texts))
    return [text for text in result if text]


def _describe_limits(document: ExtendDocument, entry: LargerTotalEntry, total: str) -> list[Text]:
    """Describe the first goal of lists that were not found in time, by its limits."""
    unit, texts = document.goals[0].unit, []
    if entry.alone is not None and entry.alone.limits is not None:
        goal, limits = (
            label_goal(entry.alone.limits.goal),
            _describe_limit(entry.alone.limits, unit),
        )
        texts.append(
            _(
                "Extend to {total} without transfers: no list was found in time; the best value of {goal} "
                "is {limits}.",
                total=total,
                goal=goal,
                limits=limits,
            )
        )
    there = entry.with_transfers
    if there is not None and there.limits is not None and document.transfers != "none":
        goal, limits = label_goal(there.limits.goal), _describe_limit(there.limits, unit)
        texts.append(
            _(
                "Extend to {total} and transfer: no list was found in time; the best value of {goal} is {limits}.",
                total=total,
                goal=goal,
                limits=limits,
            )
        )
    return texts


def _describe_limit(limits: ValueLimits, unit: str) -> Text:
    low = None if limits.low is None else _describe_value(limits.low, unit)
    high = None if limits.high is None else _describe_value(limits.high, unit)
    if low is None:
        return _("{high} at most", high=high or "")
    if high is None:
        return _("{low} at least", low=low)
    return _("between {low} and {high}", low=low, high=high)


def _compare_gains(document: ExtendDocument, gains: Sequence[ExtensionGain], written: str) -> list[Text]:
    """Compare an extension alone with transfers at the written total, in the first objective that differs."""
    pairs = [(gain.goal, gain.alone_beyond_transfer) for gain in gains]
    known = [(name, value) for name, value in pairs if value is not None]
    if document.transfers == "none" or len(known) < len(pairs):
        return []
    name, excess = next(((name, value) for name, value in known if parse_decimal(value)), (None, ""))
    if name is None:
        return [_("That is as much as transfers at {written}.", written=written)]
    goal = next(one for one in document.goals if one.goal == name)
    value = _describe_value(excess.removeprefix("-"), goal.unit)
    size = _("{value} ({goal})", value=value, goal=label_goal(goal.goal))
    if parse_decimal(excess) > 0:
        return [
            _("That is better than the best transfers at {written}, by {size}.", written=written, size=size)
        ]
    return [_("That is worse than the best transfers at {written}, by {size}.", written=written, size=size)]


def _describe_value(text: str, unit: str) -> Text:
    return write_both(partial(format_euros if unit == "money" else format_decimal, text))


def format_change(document: ExtendDocument, name: str, change: str | None, lang: Lang) -> str:
    """Write the signed change of an objective; a minimised one decreases where it gains."""
    if change is None:
        return "–"
    goal = next(one for one in document.goals if one.goal == name)
    value = parse_decimal(change)
    down = (value > 0) == (goal.sense == Sense.MINIMISE)
    sign = "" if not value else "\u2212" if down else "+"
    return sign + _describe_value(change.removeprefix("-"), goal.unit).in_(lang)


def _describe_gains(document: ExtendDocument, gains: Sequence[tuple[str, str | None]], lang: Lang) -> str:
    """Write the gains: « score +12, dossiers +3 »; empty if no objective changes."""
    changed = [(name, change) for name, change in gains if change is not None and parse_decimal(change)]
    return format_list(
        [
            f"{label_goal(name).in_(lang)} {format_change(document, name, change, lang)}"
            for name, change in changed
        ],
        lang,
        6,
    )


def _build_transfers(document: ExtendDocument) -> list[Node]:
    """Say what transfers gain at the written total, the moves, and whether others would do."""
    total, entry = _write_total(document.amount_cents), document.free.transfer
    if document.transfers == "none":
        nothing = _("The programme has one amount only, {total}: there is nothing to transfer.", total=total)
        return [Paragraph(nothing)]
    if not isinstance(entry, FundedListEntry):
        unknown = _("No list is known at {total} with transfers.", total=total)
        return [Paragraph(unknown)]
    nodes: list[Node] = [Paragraph(write_both(partial(describe_transfers, document, entry)))]
    if not any(move.kind == "transfer" for move in entry.moves):
        return nodes
    others = _write_paragraphs(*(describe_other_moves(document, entry, lang) for lang in (Lang.FR, Lang.EN)))
    return [*nodes, *_build_moves(document, entry), *others]


def _write_total(cents: int) -> Text:
    return RoundMoney(cents)


def _build_moves(document: ExtendDocument, entry: FundedListEntry) -> list[Node]:
    moves = entry.moves
    columns = [
        Column(_("From"), [move.from_ for move in moves]),
        Column(_("To"), [move.to for move in moves]),
        Column(_("Amount"), [move.cents for move in moves], Kind.MONEY),
        Column(_("Origin"), [describe_move(document, entry, move) for move in moves]),
    ]
    return [Table(columns, most=MOST_MOVES)] if moves else []


def _list_gains(document: ExtendDocument, curve: ExtendCurveEntry) -> list[Column]:
    """Return the gain of each objective at each total, and what the list with transfers contains."""
    written = [
        ExtensionGain(
            goal=gain.goal,
            transfer=gain.transfer,
            extension=None,
            total=gain.transfer,
            alone=None,
            alone_beyond_transfer=None,
        )
        for gain in curve.gains
    ]
    entries: list[tuple[int, Sequence[ExtensionGain], AnyListEntry | None]] = [
        (document.amount_cents, written, curve.transfer)
    ]
    entries += [(one.total_cents, one.gains, one.with_transfers) for one in curve.totals]
    rows = [(total, gain, entry) for total, gains, entry in entries for gain in gains]
    lists = [entry if isinstance(entry, FundedListEntry) else None for _total, _gain, entry in rows]
    changes = {
        _("Transfers"): [None if _is_impossible(entry) else gain.transfer for _total, gain, entry in rows],
        _("Then extension"): [gain.extension for _total, gain, _entry in rows],
        _("Together"): [gain.total for _total, gain, _entry in rows],
        _("Extension alone"): [gain.alone for _total, gain, _entry in rows],
    }
    columns = [
        Column(_("Total"), [_write_total(total) for total, _gain, _entry in rows], Kind.FIGURE),
        Column(_("Goal"), [label_goal(gain.goal) for _total, gain, _entry in rows]),
    ]
    for head, values in changes.items():
        texts = [
            write_both(partial(format_change, document, gain.goal, change))
            for (_total, gain, _entry), change in zip(rows, values, strict=True)
        ]
        columns.append(Column(head, texts, Kind.FIGURE))
    columns.append(
        Column(
            _("Applications"),
            [None if one is None else one.n_funded for one in lists],
            Kind.COUNT,
            optional=True,
        )
    )
    if document.n_departments:
        counts = [None if one is None else one.n_departments for one in lists]
        columns.append(Column(_("Departments"), counts, Kind.COUNT, optional=True))
    proofs = [
        None if entry is None else _NO_LIST if _is_impossible(entry) else Support(entry.proof)
        for _total, _gain, entry in rows
    ]
    return [
        *columns,
        Column(
            _("Granted"),
            [None if one is None else one.granted_cents for one in lists],
            Kind.ROUND_MONEY,
            optional=True,
        ),
        Column(_("Proof"), proofs, optional=True),
    ]


def _is_impossible(entry: AnyListEntry | None) -> bool:
    return entry is not None and entry.status == "infeasible"


def _has_same_gains(free: ExtendCurveEntry, nested: ExtendCurveEntry) -> bool:
    return free.gains == nested.gains and all(
        one.gains == other.gains for one, other in zip(free.totals, nested.totals, strict=True)
    )


def _build_envelopes(
    document: ExtendDocument, entry: AnyListEntry | None, before: Sequence[MoveEntry]
) -> list[Section]:
    """Return the axes at one total, with envelopes below them that give or take; empty without changes."""
    if not isinstance(entry, FundedListEntry) or document.transfers == "none":
        return []
    changes = any((entry.enter, entry.leave, entry.more, entry.less))
    first = entry is document.free.transfer
    if not changes and (first or entry.moves == before):
        return []
    total = _write_total(entry.total_cents)
    nodes: list[Node] = [] if first else _build_moves(document, entry)  # the first moves are listed above
    if changes:
        nodes.append(Table(_list_envelope_columns(document, _select_envelopes(entry)), most=100))
    else:
        nodes.append(Paragraph(_("The same list as before.")))
    for item in entry.raised:
        more = Money(item.cents)
        text = _('The ceiling of "{envelope}" is exceeded by {more}.', envelope=item.envelope, more=more)
        nodes.append(Paragraph(text))
    return [Section(_("At {total}, with transfers", total=total), nodes)]


def _select_envelopes(entry: FundedListEntry) -> list[TransferEnvelopeEntry]:
    """Select the programme, its axes, and the paths to the envelopes that give or take."""
    parents = {one.id: one.parent for one in entry.envelopes}
    displayed = {name for name, parent in parents.items() if parent is None or parents[parent] is None}
    for name in {name for move in entry.moves for name in (move.from_, move.to) if name in parents}:
        place: str | None = name
        while place is not None:
            displayed.add(place)
            place = parents[place]
    return [one for one in entry.envelopes if one.id in displayed]


def _list_envelope_columns(document: ExtendDocument, rows: Sequence[TransferEnvelopeEntry]) -> list[Column]:
    columns = [
        Column(_("Envelope"), [one.id for one in rows]),
        Column(_("Under"), [one.parent or "" for one in rows], optional=True),
        Column(_("Written"), [one.amount_cents for one in rows], Kind.MONEY, optional=True),
        Column(_("Available"), [one.effective_cents for one in rows], Kind.MONEY),
        Column(_("Granted"), [one.granted_cents for one in rows], Kind.MONEY),
        Column(_("Funded"), [one.n_funded for one in rows], Kind.COUNT),
    ]
    if document.n_departments:
        counts = [one.n_departments for one in rows]
        columns.append(Column(_("Departments"), counts, Kind.COUNT, optional=True))
    return columns


def _build_list_changes(document: ExtendDocument) -> list[Section]:
    """Return who enters and leaves by transfers, and then at each larger total."""
    curve, sections = document.free, []
    steps = [(document.amount_cents, curve.transfer)]
    steps += [(one.total_cents, one.with_transfers) for one in curve.totals]
    for total, entry in steps:
        if not isinstance(entry, FundedListEntry):
            continue
        sides = ("enter", entry.enter, entry.largest.enter), ("leave", entry.leave, entry.largest.leave)
        for key, names, largest in sides:
            if names:
                title = write_both(
                    partial(_write_list_change, key, len(names), total, total == document.amount_cents)
                )
                sections.append(Section(title, [_build_largest(largest[:MOST_NAMED], len(names))]))
    return sections


def _build_largest(largest: Sequence[LargestGrant], n: int) -> Table:
    """Return the largest grants of a list of `n`."""
    columns = [
        Column(_("Application"), [grant.named.id for grant in largest]),
        Column(_("Amount"), [one.cents for one in largest], Kind.MONEY),
        Column(_("Envelope"), [one.envelope for one in largest], optional=True),
        Column(_("Title"), [_format_dossier(one) or None for one in largest]),
    ]
    return Table(columns, n_unlisted=n - len(largest))


def _format_dossier(document: LargestGrant) -> str:
    """Write the title and the applicant, unless the title names it."""
    title, applicant = document.named.title or "", document.applicant or ""
    return title if applicant in title else " · ".join(part for part in (title, applicant) if part)


def _write_list_change(key: str, n: int, total: int, by_transfer: bool, lang: Lang) -> str:
    count, at = format_integer(n, lang), format_round_amount(total, lang)
    return _describe_list_change(key, count, at, by_transfer=by_transfer).in_(lang)


def _describe_list_change(key: str, n: str, at: str, *, by_transfer: bool) -> Text:
    if by_transfer:
        if key == "enter":
            return _("Enter by transfers at {at}: {n}", at=at, n=n)
        return _("Leave by transfers at {at}: {n}", at=at, n=n)
    if key == "enter":
        return _("Enter beyond that at {at}: {n}", at=at, n=n)
    return _("Leave at {at}: {n}", at=at, n=n)


WAYS = {"transfer": _("Transfers"), "alone": _("Extension alone"), "total": _("Together")}
"""Ways to do more, by the key of their gain."""


def list_charts() -> Mapping[str, Callable[..., Chart]]:
    """Return what builds its charts by name."""
    return {"gains": build_gain_chart}


def build_gain_chart(document: ExtendDocument, goal: str | None = None) -> Chart:
    """Return what transfers, a larger total and both bring to an objective, each list for itself.

    Parameters
    ----------
    goal : name of the objective, by default the first
    """
    goals = {entry.goal: entry for entry in document.goals}
    chosen = goal or next(iter(goals))
    if chosen not in goals:
        raise ValueError(f"goal must be one of {', '.join(goals)}, not {goal!r}")
    gains: dict[int, dict[str, str]] = {}
    for cents, key, gain in _iterate_gains(document, chosen):
        gains.setdefault(cents, {})[key] = gain
    if not gains:
        raise ValueError("no gain is known: there is nothing to draw")
    ways = [way for way in WAYS if any(way in row for row in gains.values())]
    is_money = goals[chosen].unit == "money"
    times = 100 if is_money else 1
    bars = [
        Bar(
            RoundMoney(cents),
            [float(parse_decimal(row[way]) * times) if way in row else None for way in ways],
            [write_both(partial(format_change, document, chosen, row.get(way))) for way in ways],
            id=str(cents),
        )
        for cents, row in gains.items()
    ]
    measure = Measure(
        _("Gain ({goal})", goal=label_goal(chosen)), Kind.ROUND_MONEY if is_money else Kind.DECIMAL
    )
    picture = Bars(bars, [WAYS[way] for way in ways], measure)
    question = _("Gain over the amounts as written, by total; each list is decided for itself")
    return Chart(picture, write_both(partial(_find_finding, document)), question)


def _iterate_gains(document: ExtendDocument, goal: str) -> Iterator[tuple[int, str, str]]:
    """Yield the total, the way and the gain of each bar: transfers at the written total alone."""
    free = document.free
    for own in free.gains:
        if own.goal == goal and own.transfer is not None and document.transfers != "none":
            yield document.amount_cents, "transfer", own.transfer
    for entry in free.totals:
        for gain in entry.gains:
            if gain.goal != goal:
                continue
            if gain.alone is not None:
                yield entry.total_cents, "alone", gain.alone
            if gain.total is not None and document.transfers != "none":
                yield entry.total_cents, "total", gain.total


def _find_finding(document: ExtendDocument, lang: Lang) -> str:
    """Return the sentence that answers: what transfers bring, else what the first larger total does."""
    entry = document.free.transfer
    if isinstance(entry, FundedListEntry) and document.transfers != "none":
        return describe_transfers(document, entry, lang)
    texts = describe_totals(document, document.free, lang)
    return texts[0] if texts else _("Transfer or extend?").in_(lang)
