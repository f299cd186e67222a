"""Report of "transfer or extend" in the terminal: sentences, a small table per total, and who moves."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text as Line

from tnt_sim.analysis.extend.document import (
    AnyListEntry,
    ExtendCurveEntry,
    ExtendDocument,
    ExtensionGain,
    FundedListEntry,
    LargestGrant,
    MoveEntry,
)
from tnt_sim.analysis.extend.result import GrantedRange
from tnt_sim.documents import dump_document
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import (
    format_amount,
    format_count,
    format_decimal,
    format_euros,
    format_round_amount,
    format_short_amount,
    format_unlisted_count,
)
from tnt_sim.reporting.renderers.terminal import (
    measure_width,
    render_grid,
    render_wrapped_grid,
    wrap_paragraph,
)
from tnt_sim.reporting.reports.marginal import render_head, render_next_euro
from tnt_sim.reporting.reports.progress import render_interruption
from tnt_sim.reporting.reports.run import render_envelopes, render_warnings
from tnt_sim.reporting.text.vocabulary import describe_proof
from tnt_sim.rules.expressions.column_text import format_integer, format_list
from tnt_sim.rules.protocols import Sense

_NOTHING = Text("rien", "nothing")


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
        [f"{goal.goal} {_format_value(goal.value, unit.unit, lang)}" for goal, unit in pairs],
        lang,
        6,
    )
    n = format_count(start.n_funded, ("dossier", "dossiers"), ("dossier", "dossiers"), lang)
    texts = [
        Text(
            f"Montants écrits, sans transfert : {total}, dont {granted} accordés à {n} ; {values}.",
            f"Amounts as written, without transfers: {total}, of which {granted} granted to {n}; {values}.",
        )
    ]
    free = document.free
    entries = [start, free.transfer, *(one.with_transfers for one in free.totals)]
    if any(entry is not None and entry.objective and entry.proof == "FEASIBLE_GAP" for entry in entries):
        texts.append(
            Text(
                "Toutes les listes ne sont pas prouvées optimales : les gains sont ceux des listes trouvées.",
                "Not all lists are proven optimal: gains are those of the lists that were found.",
            )
        )
    return [text.in_(lang) for text in texts]


def describe_transfers(document: ExtendDocument, entry: FundedListEntry, lang: Lang) -> str:
    """Write what transfers gain at the written total: value, money saved, or nothing."""
    total, start = format_round_amount(document.amount_cents, lang), document.as_written
    limits = document.transfers in ("stated", "mixed")
    within = (
        Text(" dans les limites du scénario", " within the scenario's limits").in_(lang) if limits else ""
    )
    if not isinstance(start, FundedListEntry):
        return Text(
            f"À {total}, aucune liste ne respecte les règles sans transfert{within}.",
            f"At {total} no list satisfies the rules without a transfer{within}.",
        ).in_(lang)
    gains = _describe_gains(document, [(gain.goal, gain.transfer) for gain in document.free.gains], lang)
    if gains:
        moved = _describe_list_changes(entry, lang)
        return Text(
            f"À {total}, déplacer de l'argent{within} rapporte : {gains}. {moved}",
            f"At {total}, moving money{within} brings: {gains}. {moved}",
        ).in_(lang)
    saved = start.granted_cents - entry.granted_cents
    if saved > 0:
        less = format_amount(saved, lang)
        return Text(
            f"À {total}, déplacer de l'argent{within} donne la même valeur pour {less} de moins.",
            f"At {total}, moving money{within} gives the same value for {less} less.",
        ).in_(lang)
    return Text(
        f"À {total}, déplacer de l'argent{within} ne rapporte rien.",
        f"At {total}, moving money{within} brings nothing.",
    ).in_(lang)


def _describe_list_changes(entry: FundedListEntry, lang: Lang) -> str:
    enter = format_count(
        len(entry.enter), ("dossier entre", "dossiers entrent"), ("dossier enters", "dossiers enter"), lang
    )
    leave = format_count(len(entry.leave), ("sort", "sortent"), ("leaves", "leave"), lang)
    return f"{enter}, {leave}."


def describe_move(document: ExtendDocument, entry: FundedListEntry, move: MoveEntry) -> Text:
    """Name a move: transfer between siblings, money within an envelope, unassigned or new money."""
    if move.kind == "transfer":
        return Text("transfert", "transfer")
    root = next(one.id for one in entry.envelopes if one.parent is None)
    if move.from_ != root:
        return Text(f"au sein de {move.from_}", f"within {move.from_}")
    if entry.total_cents > document.amount_cents:
        return Text("argent nouveau ou non réparti", "new or unassigned money")
    return Text("argent non réparti", "unassigned money")


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
            Text(
                f"D'autres transferts conviendraient aussi bien ; peuvent donner à leur place : {names}.",
                f"Other transfers would do as well; these could give instead: {names}.",
            ).in_(lang)
        )
    equal = document.equal_lists
    if any(one.least_cents != one.most_cents for one in equal.ranges):
        spans = format_list([_format_range(one, lang) for one in equal.ranges], lang, 6)
        text = Text(
            f"D'autres listes de même valeur et de même montant partagent l'argent autrement : {spans}.",
            f"Other lists of the same value and amount share the money otherwise: {spans}.",
        )
    elif equal.ranges and equal.complete:
        text = Text(
            "Entre ces enveloppes, toute liste de même valeur et de même montant partage l'argent ainsi.",
            "Between these envelopes every list of the same value and amount shares the money in this way.",
        )
    else:
        text = Text(
            "D'autres listes de même valeur et de même montant partagent peut-être l'argent autrement.",
            "Other lists of the same value and amount may share the money otherwise.",
        )
    texts.append(text.in_(lang))
    return texts


def _format_range(document: GrantedRange, lang: Lang) -> str:
    """Write what an envelope is granted, from least to most."""
    least, most = format_amount(document.least_cents, lang), format_amount(document.most_cents, lang)
    if least == most:
        return f"{document.envelope} {least}"
    fr, en = f"{document.envelope} de {least} à {most}", f"{document.envelope} from {least} to {most}"
    return Text(fr, en).in_(lang)


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
        texts = []
        if without and both and not brings and not together:
            text = Text(
                f"Étendre à {total} ne rapporte rien, avec ou sans transferts.",
                f"Extending to {total} brings nothing, with or without transfers.",
            )
            result.append(text.in_(lang))
            continue
        if without:
            brings = brings or _NOTHING.in_(lang)
            texts += [
                Text(
                    f"Étendre à {total} sans transfert : {brings}.",
                    f"Extend to {total} without transfers: {brings}.",
                ),
                *_compare_gains(document, gains, written, lang),
            ]
        if both:
            excess = _describe_gains(document, [(gain.goal, gain.extension) for gain in gains], lang)
            together = together or _NOTHING.in_(lang)
            texts.append(Text(f"Étendre et transférer : {together}.", f"Extend and transfer: {together}."))
            if excess:
                texts.append(
                    Text(f"L'extension y ajoute : {excess}.", f"The extension adds to it: {excess}.")
                )
            elif all(gain.extension is not None for gain in gains):
                texts.append(Text("L'extension n'y ajoute rien.", "The extension adds nothing to it."))
        result.append(" ".join(text.in_(lang) for text in texts))
    return [text for text in result if text]


def _compare_gains(
    document: ExtendDocument, gains: Sequence[ExtensionGain], written: str, lang: Lang
) -> list[Text]:
    """Compare an extension alone with transfers at the written total, in the first objective that differs."""
    pairs = [(gain.goal, gain.alone_beyond_transfer) for gain in gains]
    known = [(name, value) for name, value in pairs if value is not None]
    if document.transfers == "none" or len(known) < len(pairs):
        return []
    name, excess = next(((name, value) for name, value in known if parse_decimal(value)), (None, ""))
    if name is None:
        return [
            Text(
                f"C'est autant que des transferts à {written}.", f"That is as much as transfers at {written}."
            )
        ]
    goal = next(one for one in document.goals if one.goal == name)
    size = f"{_format_value(excess.removeprefix('-'), goal.unit, lang)} ({goal.goal})"
    if parse_decimal(excess) > 0:
        return [
            Text(
                f"C'est mieux que les meilleurs transferts à {written}, de {size}.",
                f"That is better than the best transfers at {written}, by {size}.",
            )
        ]
    return [
        Text(
            f"C'est moins bien que les meilleurs transferts à {written}, de {size}.",
            f"That is worse than the best transfers at {written}, by {size}.",
        )
    ]


def _format_value(text: str, unit: str, lang: Lang) -> str:
    return format_euros(text, lang) if unit == "money" else format_decimal(text, lang)


def format_change(document: ExtendDocument, name: str, change: str | None, lang: Lang) -> str:
    """Write the signed change of an objective; a minimised one decreases where it gains."""
    if change is None:
        return "–"
    goal = next(one for one in document.goals if one.goal == name)
    value = parse_decimal(change)
    down = (value > 0) == (goal.sense == Sense.MINIMISE)
    sign = "" if not value else "\u2212" if down else "+"
    return sign + _format_value(change.removeprefix("-"), goal.unit, lang)


def _describe_gains(document: ExtendDocument, gains: Sequence[tuple[str, str | None]], lang: Lang) -> str:
    """Write the gains: « score +12, dossiers +3 »; empty if no objective changes."""
    changed = [(name, change) for name, change in gains if change is not None and parse_decimal(change)]
    return format_list(
        [f"{name} {format_change(document, name, change, lang)}" for name, change in changed], lang, 6
    )


MOST_MOVES, MOST_NAMED = 20, 5
_TITLE = Text("transférer ou étendre ?", "transfer or extend?")
_COLUMNS = (
    ("amount_cents", Text("Écrit", "Written")),
    ("effective_cents", Text("Disponible", "Available")),
    ("granted_cents", Text("Accordé", "Granted")),
    ("n_funded", Text("Financés", "Funded")),
    ("n_departments", Text("Départements", "Departments")),
)
_DEPARTMENTS = 7
"""Index of the departments' column in the table of gains."""
_HEADS = Text(
    "Total|Objectif|Transferts|Extension en plus|Ensemble|Extension seule|Dossiers|Départements|Accordé|Preuve",
    "Total|Goal|Transfers|Extension beyond|Together|Extension alone|Dossiers|Departments|Granted|Proof",
)


def render_extension(document: ExtendDocument, *, lang: Lang, width: int) -> list[Line]:
    """Write the whole page."""
    free, nested = document.free, document.nested
    lines = render_head(document, _TITLE, lang, width)
    for text in describe_start(document, lang):
        lines += wrap_paragraph(text, width)
    lines += _render_transfers(document, lang, width)
    texts = describe_totals(document, free, lang)
    lines += [Line("")] if texts else []
    for text in texts:
        lines += wrap_paragraph(text, width)
    lines += _render_heading(Text("Chaque liste pour elle-même (libre)", "Each list for itself (free)"), lang)
    lines += _render_gains(document, free, lang, width)
    if _has_same_gains(free, nested):
        same = Text(
            "Promesses tenues (ce qui est accordé le reste) : les mêmes gains.",
            "Promises kept (what is granted stays granted): the same gains.",
        )
        lines += wrap_paragraph(same.in_(lang), width, first="  ")
    else:
        title = Text(
            "Ce qui est accordé le reste (promesses tenues)", "What is granted stays (promises kept)"
        )
        lines += _render_heading(title, lang) + _render_gains(document, nested, lang, width)
        if isinstance(nested.transfer, FundedListEntry):
            lines += _render_moves(document, nested.transfer, lang)
    before: Sequence[MoveEntry] = ()
    for entry in (free.transfer, *(one.with_transfers for one in free.totals)):
        lines += _render_envelopes(document, entry, before, lang, width)
        before = entry.moves if isinstance(entry, FundedListEntry) else ()
    if document.next:
        lines += [Line(""), *render_next_euro(document.next, lang, width)]
    lines += _render_list_changes(document, lang, width)
    lines += render_interruption(document, lang, width)
    return lines + render_warnings(document.warnings, lang, width)


def _render_heading(text: Text, lang: Lang) -> list[Line]:
    return [Line(""), Line(text.in_(lang), style="bold")]


def _render_transfers(document: ExtendDocument, lang: Lang, width: int) -> list[Line]:
    """Write what transfers gain at the written total, the moves, and whether others would do."""
    total, curve = format_round_amount(document.amount_cents, lang), document.free
    entry = curve.transfer
    if document.transfers == "none":
        nothing = Text(
            f"Le programme n'a qu'un montant, {total} : il n'y a rien à transférer.",
            f"The programme has one amount only, {total}: there is nothing to transfer.",
        )
        return wrap_paragraph(nothing.in_(lang), width)
    if not isinstance(entry, FundedListEntry):
        unknown = Text(
            f"Aucune liste n'est connue à {total} avec transferts.",
            f"No list is known at {total} with transfers.",
        )
        return wrap_paragraph(unknown.in_(lang), width)
    lines = wrap_paragraph(describe_transfers(document, entry, lang), width)
    if not any(move.kind == "transfer" for move in entry.moves):
        return lines
    lines += _render_moves(document, entry, lang)
    for text in describe_other_moves(document, entry, lang):
        lines += wrap_paragraph(text, width, first="  ")
    return lines


def _render_moves(document: ExtendDocument, entry: FundedListEntry, lang: Lang) -> list[Line]:
    header = Text("De|À|Montant|", "From|To|Amount|").in_(lang).split("|")
    moves = entry.moves
    rows = [
        (
            move.from_,
            move.to,
            format_amount(move.cents, lang),
            describe_move(document, entry, move).in_(lang),
        )
        for move in moves[:MOST_MOVES]
    ]
    return (
        render_grid(rows, header=header, right=(2,)) + _render_remainder(len(moves) - MOST_MOVES, lang)
        if rows
        else []
    )


def _render_gains(document: ExtendDocument, curve: ExtendCurveEntry, lang: Lang, width: int) -> list[Line]:
    """Write the gain of each objective at each total, and what the list with transfers contains."""
    rows = []
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
    for total, gains, entry in entries:
        counts = ["", "", "", describe_proof(entry.proof, lang) if entry is not None else ""]
        if isinstance(entry, FundedListEntry):
            counts[0] = format_integer(entry.n_funded, lang)
            counts[1] = format_integer(entry.n_departments, lang)
            counts[2] = format_short_amount(entry.granted_cents, lang)
        for k, gain in enumerate(gains):
            changes = (gain.transfer, gain.extension, gain.total, gain.alone)
            figures = [format_change(document, gain.goal, change, lang) for change in changes]
            first = k == 0
            rows.append([format_round_amount(total, lang) if first else "", gain.goal, *figures])
            rows[-1] += counts if first else [""] * len(counts)
    all_items = [_HEADS.in_(lang).split("|"), *rows]
    if not document.n_departments:
        all_items = [[cell for k, cell in enumerate(row) if k != _DEPARTMENTS] for row in all_items]
    lines = _render_gain_grid(all_items)
    if measure_width(lines) > width:  # the table of each total shows what is omitted here
        narrow = [[*row[: _DEPARTMENTS - 1], row[-1]] for row in all_items]
        lines = _render_gain_grid(narrow)
    return lines


def _render_gain_grid(rows: Sequence[Sequence[str]]) -> list[Line]:
    return render_grid(rows[1:], header=rows[0], right=(0, *range(2, len(rows[0]) - 1)))


def _has_same_gains(free: ExtendCurveEntry, nested: ExtendCurveEntry) -> bool:
    return free.gains == nested.gains and all(
        one.gains == other.gains for one, other in zip(free.totals, nested.totals, strict=True)
    )


def _render_envelopes(
    document: ExtendDocument, entry: AnyListEntry | None, before: Sequence[MoveEntry], lang: Lang, width: int
) -> list[Line]:
    """Write the axes at one total, with envelopes below them that give or take; empty without changes."""
    if not isinstance(entry, FundedListEntry) or document.transfers == "none":
        return []
    changes = any((entry.enter, entry.leave, entry.more, entry.less))
    first = entry is document.free.transfer
    if not changes and (first or entry.moves == before):
        return []
    total = format_round_amount(entry.total_cents, lang)
    title = Text(f"À {total}, avec transferts", f"At {total}, with transfers")
    parents = {one.id: one.parent for one in entry.envelopes}
    named = {name for move in entry.moves for name in (move.from_, move.to) if name in parents}
    displayed = {name for name, parent in parents.items() if parent is None or parents[parent] is None}
    for name in named:
        place: str | None = name
        while place is not None:
            displayed.add(place)
            place = parents[place]
    rows = [dump_document(one) for one in entry.envelopes if one.id in displayed]
    lines = _render_heading(title, lang)
    if not first:  # the first moves are listed above
        lines += _render_moves(document, entry, lang)
    if changes:
        lines += render_envelopes(rows, lang, width, _COLUMNS[: None if document.n_departments else -1])
    else:
        same = Text("La même liste qu'avant.", "The same list as before.")
        lines += wrap_paragraph(same.in_(lang), width, first="  ")
    for item in entry.raised:
        more = format_amount(item.cents, lang)
        text = Text(
            f"Le plafond de « {item.envelope} » est dépassé de {more}.",
            f'The ceiling of "{item.envelope}" is exceeded by {more}.',
        )
        lines += wrap_paragraph(text.in_(lang), width, first="  ")
    return lines


def _render_list_changes(document: ExtendDocument, lang: Lang, width: int) -> list[Line]:
    """Write who enters and leaves by transfers, and then at each larger total."""
    curve, lines = document.free, []
    steps = [(document.amount_cents, curve.transfer)]
    steps += [(one.total_cents, one.with_transfers) for one in curve.totals]
    for total, entry in steps:
        if not isinstance(entry, FundedListEntry):
            continue
        sides = ("enter", entry.enter, entry.largest.enter), ("leave", entry.leave, entry.largest.leave)
        for key, names, largest in sides:
            if not names:
                continue
            n, at = format_integer(len(names), lang), format_round_amount(total, lang)
            by_transfer = total == document.amount_cents
            title = _describe_list_change(key, n, at, by_transfer=by_transfer)
            rows = [
                (
                    one.dossier,
                    format_amount(one.cents, lang),
                    one.envelope,
                    _format_dossier(one) or "–",
                )
                for one in largest[:MOST_NAMED]
            ]
            lines += (
                _render_heading(title, lang)
                + render_wrapped_grid(rows, width, right=(1,))
                + _render_remainder(len(names) - len(rows), lang)
            )
    return lines


def _format_dossier(document: LargestGrant) -> str:
    """Write the title and the applicant, unless the title names it."""
    title, applicant = document.title or "", document.applicant or ""
    return title if applicant in title else " · ".join(part for part in (title, applicant) if part)


def _describe_list_change(key: str, n: str, at: str, *, by_transfer: bool) -> Text:
    if by_transfer:
        if key == "enter":
            return Text(f"Entrent par transfert à {at} : {n}", f"Enter by transfers at {at}: {n}")
        return Text(f"Sortent par transfert à {at} : {n}", f"Leave by transfers at {at}: {n}")
    if key == "enter":
        return Text(f"Entrent en plus à {at} : {n}", f"Enter beyond that at {at}: {n}")
    return Text(f"Sortent à {at} : {n}", f"Leave at {at}: {n}")


def _render_remainder(n: int, lang: Lang) -> list[Line]:
    if n <= 0:
        return []
    return [Line(f"  … {format_unlisted_count(n, lang)}", style="dim")]
