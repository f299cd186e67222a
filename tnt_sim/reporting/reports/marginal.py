"""Report of the marginal questions: terminal lines, and a study for a page or a workbook."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from functools import partial

from rich.text import Text as Line

from tnt_sim.analysis.extend.document import ExtendDocument
from tnt_sim.analysis.marginal.document import (
    EntryThresholdRow,
    EntryThresholdsDocument,
    ExtensionDocument,
    ExtensionOptionEntry,
    MarginalDocument,
    NextEuroDocument,
    NextEuroEntry,
    PriceEntry,
    RulePricesDocument,
    TargetDocument,
    TargetEntry,
)
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, Text, format_long_day
from tnt_sim.i18n.numbers import (
    format_amount,
    format_count,
    format_decimal,
    format_short_amount,
    format_significant,
    format_unlisted_count,
)
from tnt_sim.reporting.charts.marginal_charts import Bar, draw_bars
from tnt_sim.reporting.renderers.terminal import render_grid, render_wrapped_grid, wrap_paragraph
from tnt_sim.reporting.report_tree import (
    Callout,
    Cell,
    Column,
    Kind,
    Report,
    Section,
    Tone,
    build_section,
)
from tnt_sim.reporting.reports.progress import describe_interruption, render_interruption
from tnt_sim.reporting.reports.run import render_warnings
from tnt_sim.reporting.text.marginal import (
    FLAGS,
    KINDS,
    NEVER,
    NO_WAY,
    PRICE_HEADS,
    STEP_NOTE,
    TARGET_STOPPED,
    TITLES,
    UNSETTLED,
    WAYS,
    describe_amounts,
    describe_flag,
    format_change,
    format_children_price,
    format_first_amount,
    format_n_flips,
    format_no_loss,
    format_signed,
    format_stable_amount,
)
from tnt_sim.reporting.text.vocabulary import SYNTHETIC, describe_proof
from tnt_sim.rules.expressions.column_text import format_integer, format_list

MOST_ENTRIES = 25
MOST_FREE = 8
_PER = (("€", 1), ("k€", 1_000), ("M€", 1_000_000))
"""Units of a price: the first one in which it is at least 1."""


def render_question(document: MarginalDocument, *, lang: Lang, width: int) -> list[Line]:
    """Write the whole page of one question."""
    lines = render_head(document, TITLES[document.question], lang, width)
    match document:
        case NextEuroDocument():
            lines += render_next_euro(document.next, lang, width)
        case EntryThresholdsDocument():
            lines += _render_entries(document, lang, width)
        case TargetDocument():
            lines += _render_targets(document, lang, width)
        case RulePricesDocument():
            lines += _render_prices(document, lang, width)
        case ExtensionDocument():
            lines += _render_extensions(document, lang, width)
    lines += render_interruption(document, lang, width)
    return lines + render_warnings(document.warnings, lang, width)


def render_head(
    document: MarginalDocument | ExtendDocument, title: Text, lang: Lang, width: int
) -> list[Line]:
    """Write the scenario's title, the question, the date, and the mark "synthetic"."""
    lines = wrap_paragraph(document.title or document.scenario, width, style="bold")
    day = format_long_day(document.date).in_(lang) if document.date else ""
    as_of = Text(f"décision au {day}", f"as of {day}").in_(lang) if day else ""
    about = [document.scenario, title.in_(lang), as_of]
    lines.append(Line(" · ".join(part for part in about if part), style="dim"))
    if document.synthetic:
        lines += wrap_paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    return [*lines, Line("")]


def render_next_euro(steps: Sequence[NextEuroEntry], lang: Lang, width: int) -> list[Line]:
    """Write what the next euro of each envelope, or the next unit of each rule, buys."""
    lines = []
    for kind in ("envelope", "rule"):
        entries = [entry for entry in steps if entry.kind == kind]
        if not entries:
            continue
        title = Text("Enveloppes : un euro de plus", "Envelopes: one more euro")
        if kind == "rule":
            title = Text("Règles : une unité de moins", "Rules: one unit less")
        rows = [
            (
                entry.id,
                _format_step(entry, lang),
                _format_gain(entry, lang),
                _format_price(entry, lang),
                describe_proof(entry.proof, lang),
                _describe_outcome(entry, lang),
            )
            for entry in entries
        ]
        header = Text("|rien avant|gain|prix relâché|preuve|ce que cela achète",
                      "|nothing before|gain|relaxed price|proof|what it buys").in_(lang).split("|")  # fmt: skip
        lines += [Line(title.in_(lang), style="bold")]
        lines += [*render_wrapped_grid(rows, width, header=header, right=(1, 2, 3)), Line("")]
    return lines + wrap_paragraph(STEP_NOTE.in_(lang), width, style="dim")


def _format_step(entry: NextEuroEntry, lang: Lang) -> str:
    if entry.step is None:
        return Text("–", "–").in_(lang)
    money = entry.step_cents is not None
    least = format_amount(entry.step_cents, lang) if money else format_decimal(entry.step, lang)
    return least if entry.exact else f"≥ {least}"


def _format_gain(entry: NextEuroEntry, lang: Lang) -> str:
    if entry.gain is None:
        return "–"
    one = entry.goal == "dossiers" and abs(parse_decimal(entry.gain)) == 1
    return f"{format_signed(entry.gain, lang)} {'dossier' if one else entry.goal}"


def _format_price(entry: NextEuroEntry, lang: Lang) -> str:
    if entry.shadow_price is None:
        return "–"
    price = Fraction(entry.shadow_price)
    if entry.unit != "€":
        return format_significant(price, lang)
    unit, euros = next((pair for pair in _PER if abs(price) * pair[1] >= 1), _PER[-1] if price else _PER[0])
    return f"{format_significant(price * euros, lang)} / {unit}"


def _describe_outcome(entry: NextEuroEntry, lang: Lang) -> str:
    if entry.status == "never":
        return NEVER[entry.kind].in_(lang)
    if entry.status == "stopped":
        return Text("arrêté par la limite de temps", "stopped by the time limit").in_(lang)
    if entry.gain is None and entry.step_upto is not None:
        return Text("liste non trouvée à temps", "no list was found in time").in_(lang)
    if entry.gain is None:
        return Text("aucun montant essayé n'y suffit", "no amount that was tried is enough").in_(lang)
    if not entry.exact and entry.step_upto is not None:
        enough = format_amount(round(parse_decimal(entry.step_upto) * 100), lang)
        return Text(f"à {enough} de plus, ", f"at {enough} more, ").in_(lang) + _describe_moves(entry, lang)
    return _describe_moves(entry, lang)


def _describe_moves(entry: NextEuroEntry | PriceEntry, lang: Lang) -> str:
    """Write who enters, who leaves, and how many amounts change."""
    pieces = []
    if entry.enter:
        pieces.append(Text("entrent", "in").in_(lang) + " : " * (lang is Lang.FR) + ": " * (lang is Lang.EN)
                     + format_list(entry.enter, lang, 6))  # fmt: skip
    if entry.leave:
        pieces.append(Text("sortent : ", "out: ").in_(lang) + format_list(entry.leave, lang, 6))
    changed = len(entry.more) + len(entry.less)
    if changed:
        word = format_count(
            changed, ("montant changé", "montants changés"), ("amount changed", "amounts changed"), lang
        )
        pieces.append(word)
    return " ; ".join(pieces) or Text("la même liste", "the same list").in_(lang)


def _render_entries(document: EntryThresholdsDocument, lang: Lang, width: int) -> list[Line]:
    waiting = [entry for entry in document.entries if not entry.funded]
    waiting.sort(key=lambda entry: (entry.no_loss_cents is None, entry.no_loss_cents or 0, entry.dossier))
    span = f"{format_amount(document.from_cents, lang)} → {format_amount(document.to_cents, lang)}"
    known = format_count(document.n_lists, ("liste", "listes"), ("list", "lists"), lang)
    looked = describe_amounts(document)
    said = Text(f"{span}, {known} : {looked.fr}", f"{span}, {known}: {looked.en}")
    lines = wrap_paragraph(said.in_(lang), width)
    exact = document.exact
    flags = [
        (describe_flag(flag, lang, exact=exact), format_integer(number, lang))
        for flag, number in sorted(document.flags.items())
        if flag in FLAGS
    ]
    lines += [*render_grid(flags, right=(1,)), Line("")]
    rows = [
        (
            entry.dossier,
            format_no_loss(entry, lang),
            format_first_amount(entry, lang),
            format_stable_amount(entry, lang),
            format_n_flips(entry, lang),
            describe_flag(entry.flag, lang, exact=entry.exact),
        )
        for entry in waiting[:MOST_ENTRIES]
    ]
    header = Text("dossier|sans perte, dès|premier|pour de bon|allers-retours|",
                  "dossier|without loss, from|first|for good|in and out|").in_(lang).split("|")  # fmt: skip
    lines += render_grid(rows, header=header, right=(1, 2, 3, 4))
    if len(waiting) > MOST_ENTRIES:
        lines.append(Line(f"  … {format_unlisted_count(len(waiting) - MOST_ENTRIES, lang)}", style="dim"))
    return lines


def _render_targets(document: TargetDocument, lang: Lang, width: int) -> list[Line]:
    lines: list[Line] = []
    for entry in document.targets:
        lines += wrap_paragraph(entry.words, width, style="bold")
        lines += wrap_paragraph(_describe_target(document, entry, lang), width, first="  ")
    return lines


def _describe_target(document: TargetDocument, entry: TargetEntry, lang: Lang) -> str:
    if entry.missing:
        return (
            Text("Aucun montant n'y suffit : ", "No amount is enough: ").in_(lang) + str(entry.missing) + "."
        )
    if entry.stopped:
        return TARGET_STOPPED.in_(lang)
    if not entry.reached and entry.amount_from_cents is not None:
        least = format_amount(entry.amount_from_cents, lang)
        return Text(f"Au moins {least} ; aucun montant essayé n'y suffit.",
                    f"At least {least}; no amount that was tried is enough.").in_(lang)  # fmt: skip
    if not entry.reached:
        stops = format_list(entry.blocked_by, lang, 6)
        if not stops:
            return Text("Aucun montant n'y suffit ; ce qui s'y oppose n'a pas été isolé.",
                        "No amount is enough; what stands in the way was not singled out.").in_(lang)  # fmt: skip
        return Text(f"Aucun montant n'y suffit ; il faudrait céder sur : {stops}.",
                    f"No amount is enough; these would have to give way: {stops}.").in_(lang)  # fmt: skip
    there = format_amount(entry.amount_cents, lang)
    change = _describe_difference(entry.extra_cents, lang)
    proof = describe_proof(entry.proof or "FEASIBLE_GAP", lang)
    between = ""
    if not entry.exact:
        low = format_amount(entry.amount_from_cents, lang)
        between = Text(f", pas moins de {low}", f", no less than {low}").in_(lang)
    n = format_integer(entry.n_funded, lang)
    return Text(
        f"{there} pour « {document.envelope} » ({change.fr}){between} : {n} dossiers, "
        f"{format_integer(entry.n_departments, lang)} départements ; {proof}.",
        f'{there} for "{document.envelope}" ({change.en}){between}: {n} dossiers, '
        f"{format_integer(entry.n_departments, lang)} departments; {proof}.",
    ).in_(lang)


def _describe_difference(extra: int | None, lang: Lang) -> Text:
    """Write the difference from the written amount."""
    if extra is None:
        return Text("aucun montant n'est écrit", "no amount is written")
    if extra == 0:
        return Text("le montant écrit suffit", "the written amount is enough")
    more = format_amount(abs(extra), lang)
    return Text(f"{more} de plus", f"{more} more") if extra > 0 else Text(f"{more} de moins", f"{more} less")


def _render_prices(document: RulePricesDocument, lang: Lang, width: int) -> list[Line]:
    lines: list[Line] = []
    for kind, title in KINDS.items():
        entries = [entry for entry in document.prices if entry.kind == kind]
        if not entries:
            continue
        dear = sorted((entry for entry in entries if entry.goal), key=lambda entry: -float(entry.value))
        walls = kind == "non_fungible"
        lines.append(Line(title.in_(lang), style="bold"))
        rows = [
            (
                entry.id,
                format_change(entry, lang),
                *((format_children_price(entry, lang),) if walls else ()),
                _format_euros(entry, lang),
                describe_proof(entry.proof, lang),
                _describe_moves(entry, lang),
            )
            for entry in dear[:MOST_ENTRIES]
        ]
        header = PRICE_HEADS["walls" if walls else "other"].in_(lang).split("|")
        lines += (
            render_wrapped_grid(rows, width, header=header, right=(1, 2, 3) if walls else (1, 2))
            if rows
            else []
        )
        free = [entry.id for entry in entries if not entry.goal]
        if free:
            said = Text("Ne coûtent rien : ", "Cost nothing: ").in_(lang) + format_list(free, lang, MOST_FREE)
            lines += wrap_paragraph(said, width, first="  ")
        lines.append(Line(""))
    if document.unsettled:
        lines += wrap_paragraph(UNSETTLED.in_(lang) + format_list(document.unsettled, lang, MOST_FREE), width)
    elif not document.prices:
        nothing = Text(
            "Aucune règle, aucun cantonnement et aucune décision : rien ne restreint le choix, hors l'enveloppe.",
            "No rule, no ring fence and no decision: nothing restricts the choice but the envelope.",
        )
        lines += wrap_paragraph(nothing.in_(lang), width)
    return lines


def _format_euros(entry: PriceEntry, lang: Lang) -> str:
    if entry.euros_cents is None and entry.euros_from_cents is None:
        return Text("aucun montant", "no amount").in_(lang)
    if entry.euros_cents is None:
        return f"≥ {format_amount(entry.euros_from_cents, lang)}"
    return format_amount(entry.euros_cents, lang)


def _render_extensions(document: ExtensionDocument, lang: Lang, width: int) -> list[Line]:
    extra = format_amount(document.extra_cents, lang)
    lines = [Line(Text(f"{extra} de plus", f"{extra} more").in_(lang), style="bold")]
    rows = [_build_extension_row(entry, lang) for entry in document.ways]
    header = Text("|gain|dossiers|départements|non dépensé|preuve|ajouté à",
                  "|gain|dossiers|departments|not spent|proof|added to").in_(lang).split("|")  # fmt: skip
    return lines + render_wrapped_grid(rows, width, header=header, right=(1, 2, 3, 4))


def _build_extension_row(entry: ExtensionOptionEntry, lang: Lang) -> tuple[str, ...]:
    name = WAYS[entry.way].in_(lang) + (f" {entry.axis}" if entry.axis else "")
    if not entry.allowed:
        return name, "–", "–", "–", "–", "–", NO_WAY[entry.why or ""].in_(lang)
    gain = "0" if entry.goal is None else f"{format_signed(entry.gain, lang)} {entry.goal}"
    added: Sequence[str] = [f"{part.envelope} {format_amount(part.cents, lang)}" for part in entry.added]
    return (
        name,
        gain,
        format_integer(entry.n_funded, lang),
        format_integer(entry.n_departments, lang),
        format_short_amount(entry.unspent_cents, lang),
        describe_proof(entry.proof, lang),
        format_list(added, lang, 6) or "–",
    )


MOST_BARS = 12
MOST_NAMED = 12
FOR_EUROS = 10_000
"""Euros for which shadow prices are stated."""


def build_report(document: MarginalDocument, lang: Lang) -> Report:
    """Return the report of one question."""
    title = TITLES[document.question]
    day = document.date
    stopped = describe_interruption(document, lang)
    return Report(
        title=Text(title.fr[0].upper() + title.fr[1:], title.en[0].upper() + title.en[1:]),
        subject=document.title or document.scenario,
        about=[document.scenario],
        nodes=[
            *(Callout(text, Tone.WARNING) for text in (stopped, *document.warnings) if text),
            *_build_sections(document, lang),
        ],
        synthetic=document.synthetic,
        foot={document.scenario: document.scenario_sha256},
        day=None if day is None else date.fromisoformat(day),
    )


def _build_sections(document: MarginalDocument, lang: Lang) -> Iterator[Section]:
    match document:
        case NextEuroDocument():
            yield from _build_next_euro_sections(document, lang)
        case EntryThresholdsDocument():
            yield from _build_entry_sections(document, lang)
        case TargetDocument():
            yield from _build_target_sections(document, lang)
        case RulePricesDocument():
            yield from _build_price_sections(document, lang)
        case ExtensionDocument():
            yield from _build_extension_sections(document, lang)


def _build_next_euro_sections(document: NextEuroDocument, lang: Lang) -> Iterator[Section]:
    titles = {
        "envelope": Text("Enveloppes : un euro de plus", "Envelopes: one more euro"),
        "rule": Text("Règles : une unité de moins", "Rules: one unit less"),
    }
    for kind, title in titles.items():
        entries = [entry for entry in document.next if entry.kind == kind]
        if not entries:
            continue
        yield build_section(
            title,
            [
                _build_column(("Où", "Where"), Kind.TEXT, entries, lambda e: e.id),
                _build_column(
                    ("Rien avant", "Nothing before"), Kind.TEXT, entries, lambda e: _describe_step(e, lang)
                ),
                _build_column(
                    ("Gain", "Gain"), Kind.TEXT, entries, lambda e: _format_goal_gain(e.goal, e.gain, lang)
                ),
                _build_column(
                    ("Prix relâché", "Relaxed price"), Kind.TEXT, entries, lambda e: _describe_price(e, lang)
                ),
                _build_column(("Dossiers financés", "Funded"), Kind.COUNT, entries, lambda e: e.n_funded),
                _build_column(
                    ("Entrent", "In"), Kind.TEXT, entries, lambda e: format_list(e.enter, lang, MOST_NAMED)
                ),
                _build_column(
                    ("Sortent", "Out"), Kind.TEXT, entries, lambda e: format_list(e.leave, lang, MOST_NAMED)
                ),
                _build_column(
                    ("Preuve", "Proof"), Kind.TEXT, entries, lambda e: describe_proof(e.proof, lang)
                ),
            ],
            words=[STEP_NOTE] if kind == "envelope" else (),
            chart=partial(_draw_next_euro, entries),
        )


def _draw_next_euro(entries: Sequence[NextEuroEntry], lang: Lang) -> str:
    known = sorted((entry.step_cents, entry.id) for entry in entries if entry.step_cents)
    bars = [Bar(name, [cents], [f"+{format_amount(cents, lang)}"]) for cents, name in known[:MOST_BARS]]
    side = Text("le moins à ajouter pour un gain", "the least to add for a gain").in_(lang)
    return draw_bars(bars, [side], TITLES["next"].in_(lang)) if bars else ""


def _describe_step(entry: NextEuroEntry, lang: Lang) -> str:
    if entry.step is None:
        return NEVER[entry.kind].in_(lang) if entry.status == "never" else "–"
    more = "" if entry.exact else Text("au moins ", "at least ").in_(lang)
    cents = entry.step_cents
    return more + (format_decimal(entry.step, lang) if cents is None else format_amount(cents, lang))


def _describe_price(entry: NextEuroEntry, lang: Lang) -> str:
    """Write the shadow price for a round sum."""
    if entry.shadow_price is None:
        return "–"
    euros = entry.unit == "€"
    price = Fraction(entry.shadow_price) * (FOR_EUROS if euros else 1)
    text = format_decimal(f"{float(price):.3f}".rstrip("0").rstrip("."), lang)
    return f"{text} / {format_amount(100 * FOR_EUROS, lang)}" if euros else text


def _format_goal_gain(goal: str | None, gain: str | None, lang: Lang) -> str:
    if gain is None or goal is None:
        return "–" if gain is None else "0"
    return f"{format_signed(gain, lang)} {goal}"


def _build_entry_sections(document: EntryThresholdsDocument, lang: Lang) -> Iterator[Section]:
    waiting = [entry for entry in document.entries if not entry.funded]
    waiting.sort(key=lambda e: (e.no_loss_cents is None, e.no_loss_cents or 0, e.dossier))
    n = format_count(document.n_lists, ("liste", "listes"), ("list", "lists"), lang)
    looked = describe_amounts(document)
    low, high = format_amount(document.from_cents, lang), format_amount(document.to_cents, lang)
    exact = document.exact
    flags = [
        (describe_flag(flag, lang, exact=exact), number)
        for flag, number in sorted(document.flags.items())
        if flag in FLAGS
    ]
    yield build_section(
        Text("Dossiers qui attendent", "Dossiers that wait"),
        [
            _build_column(("Dossier", "Dossier"), Kind.TEXT, waiting, lambda e: e.dossier),
            _build_column(
                ("Sans perte, dès", "Without loss, from"),
                Kind.TEXT,
                waiting,
                lambda e: format_no_loss(e, lang),
            ),
            _build_column(
                ("Premier, au moins", "First, at least"), Kind.MONEY, waiting, lambda e: e.first_from_cents
            ),
            _build_column(
                ("Premier, au plus", "First, at most"), Kind.MONEY, waiting, lambda e: e.first_upto_cents
            ),
            _build_column(
                ("De bon, au moins", "For good, at least"), Kind.MONEY, waiting, lambda e: e.stable_low_cents
            ),
            _build_column(
                ("De bon, au plus", "For good, at most"), Kind.MONEY, waiting, lambda e: e.stable_upto_cents
            ),
            _build_column(
                ("Allers-retours", "In and out"), Kind.TEXT, waiting, lambda e: format_n_flips(e, lang)
            ),
            _build_column(
                ("Sur la plage", "In the range"),
                Kind.TEXT,
                waiting,
                lambda e: describe_flag(e.flag, lang, exact=e.exact),
            ),
        ],
        words=[
            Text(
                f"De {low} à {high} : {n}, {looked.fr}",
                f"From {low} to {high}: {n}, {looked.en}",
            ),
            Text(
                " · ".join(f"{word} : {number}" for word, number in flags),
                " · ".join(f"{word}: {number}" for word, number in flags),
            ),
        ],
        chart=lambda lang: _draw_entries(waiting, lang),
    )


def _draw_entries(waiting: Sequence[EntryThresholdRow], lang: Lang) -> str:
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
    side = Text("dossiers qui peuvent entrer sans perte", "dossiers that can enter without loss").in_(lang)
    return draw_bars(bars, [side], TITLES["entries"].in_(lang))


def _build_target_sections(document: TargetDocument, lang: Lang) -> Iterator[Section]:
    targets = document.targets
    bars = [
        Bar(e.words, [e.amount_cents], [format_amount(e.amount_cents, lang)])
        for e in targets
        if e.amount_cents is not None
    ]
    written = document.amount_cents
    if bars and written is not None:
        bars.insert(
            0,
            Bar(Text("montant écrit", "written amount").in_(lang), [written], [format_amount(written, lang)]),
        )
    side = Text(f"enveloppe « {document.envelope} »", f'envelope "{document.envelope}"').in_(lang)
    yield build_section(
        Text(
            "La plus petite enveloppe qui atteint chaque cible",
            "The smallest envelope that reaches each target",
        ),
        [
            _build_column(("Cible", "Target"), Kind.TEXT, targets, lambda e: e.words),
            _build_column(("Montant", "Amount"), Kind.MONEY, targets, lambda e: e.amount_cents),
            _build_column(
                ("Pas moins de", "No less than"), Kind.MONEY, targets, lambda e: e.amount_from_cents
            ),
            _build_column(("De plus", "More"), Kind.MONEY, targets, lambda e: e.extra_cents),
            _build_column(("Dossiers financés", "Funded"), Kind.COUNT, targets, lambda e: e.n_funded),
            _build_column(("Départements", "Departments"), Kind.COUNT, targets, lambda e: e.n_departments),
            _build_column(
                ("Ce qui l'empêche", "What stops it"),
                Kind.TEXT,
                targets,
                lambda e: _describe_obstacle(e, lang),
            ),
            _build_column(("Preuve", "Proof"), Kind.TEXT, targets, lambda e: describe_proof(e.proof, lang)),
        ],
        chart=lambda lang: draw_bars(bars, [side], TITLES["target"].in_(lang)) if bars else "",
    )
    for entry in targets:
        if entry.dossiers:
            yield build_section(
                Text(f"Liste : {entry.words}", f"List: {entry.words}"),
                [Column(Text("Dossier", "Dossier"), list(entry.dossiers))],
            )


def _describe_obstacle(entry: TargetEntry, lang: Lang) -> str:
    if entry.stopped:
        return TARGET_STOPPED.in_(lang)
    return str(entry.missing or "") or format_list(entry.blocked_by, lang, MOST_NAMED) or "–"


def _build_price_sections(document: RulePricesDocument, lang: Lang) -> Iterator[Section]:
    for kind, title in KINDS.items():
        entries = [entry for entry in document.prices if entry.kind == kind]
        entries.sort(key=lambda e: (-abs(Fraction(e.value)), e.id))
        dear = [entry for entry in entries if entry.goal][:MOST_BARS]
        if not entries:
            continue
        same_goal = len({entry.goal for entry in dear}) == 1
        bars = [
            Bar(e.id, [abs(float(Fraction(e.value)))], [_format_goal_gain(e.goal, e.change, lang)])
            for e in dear
        ]
        bars = bars if same_goal else []
        side = Text("ce que l'on gagnerait sans elle", "what would be gained without it").in_(lang)
        yield build_section(
            title,
            [
                _build_column(("Contrainte", "Constraint"), Kind.TEXT, entries, lambda e: e.id),
                _build_column(
                    ("Sans elle", "Without it"), Kind.TEXT, entries, lambda e: _format_change(e, lang)
                ),
                *_build_children_columns(kind, entries, lang),
                _build_column(
                    ("Ou, en argent", "Or, in money"), Kind.MONEY, entries, lambda e: e.euros_cents
                ),
                _build_column(("Au moins", "At least"), Kind.MONEY, entries, lambda e: e.euros_from_cents),
                _build_column(
                    ("Entrent", "In"), Kind.TEXT, entries, lambda e: format_list(e.enter, lang, MOST_NAMED)
                ),
                _build_column(
                    ("Sortent", "Out"), Kind.TEXT, entries, lambda e: format_list(e.leave, lang, MOST_NAMED)
                ),
                _build_column(
                    ("Preuve", "Proof"), Kind.TEXT, entries, lambda e: describe_proof(e.proof, lang)
                ),
            ],
            chart=partial(_draw_prices, bars, side, title),
        )


def _draw_prices(bars: Sequence[Bar], side: str, title: Text, lang: Lang) -> str:
    return draw_bars(bars, [side], title.in_(lang)) if bars else ""


def _format_change(entry: PriceEntry, lang: Lang) -> str:
    return format_change(entry, lang) if entry.goal else "0"


def _build_children_columns(kind: str, entries: Sequence[PriceEntry], lang: Lang) -> list[Column]:
    """Return, for separate amounts, a column with their price between the children alone."""
    if kind != "non_fungible":
        return []
    head = "Entre ses enfants seuls", "Between its children alone"
    return [_build_column(head, Kind.TEXT, entries, lambda e: format_children_price(e, lang))]


def _build_extension_sections(document: ExtensionDocument, lang: Lang) -> Iterator[Section]:
    ways = [way for way in document.ways if way.allowed]
    gains = [way for way in ways if way.goal]
    same_goal = len({way.goal for way in gains}) == 1
    bars = [
        Bar(
            _describe_option(w, lang),
            [max(0.0, float(Fraction(w.gain or 0)))],
            [_format_goal_gain(w.goal, w.gain, lang)],
        )
        for w in ways
    ]
    extra = format_amount(document.extra_cents, lang)
    side = Text(f"gain pour {extra} de plus", f"gain for {extra} more").in_(lang)
    yield build_section(
        Text(f"{extra} de plus", f"{extra} more"),
        [
            _build_column(("Partage", "Share"), Kind.TEXT, ways, lambda w: _describe_option(w, lang)),
            _build_column(
                ("Gain", "Gain"), Kind.TEXT, ways, lambda w: _format_goal_gain(w.goal, w.gain, lang)
            ),
            _build_column(("Dossiers financés", "Funded"), Kind.COUNT, ways, lambda w: w.n_funded),
            _build_column(("Départements", "Departments"), Kind.COUNT, ways, lambda w: w.n_departments),
            _build_column(("Accordé", "Granted"), Kind.MONEY, ways, lambda w: w.granted_cents),
            _build_column(("Non dépensé", "Not spent"), Kind.MONEY, ways, lambda w: w.unspent_cents),
            _build_column(("Ajouté à", "Added to"), Kind.TEXT, ways, lambda w: _format_additions(w, lang)),
            _build_column(("Preuve", "Proof"), Kind.TEXT, ways, lambda w: describe_proof(w.proof, lang)),
        ],
        chart=lambda lang: draw_bars(bars, [side], TITLES["extension"].in_(lang)) if same_goal else "",
    )


def _describe_option(option: ExtensionOptionEntry, lang: Lang) -> str:
    return WAYS[option.way].in_(lang) + (f" {option.axis}" if option.axis else "")


def _format_additions(option: ExtensionOptionEntry, lang: Lang) -> str:
    return (
        format_list([f"{p.envelope} {format_amount(p.cents, lang)}" for p in option.added], lang, MOST_NAMED)
        or "–"
    )


def _build_column[Entry](
    head: tuple[str, str], kind: Kind, entries: Sequence[Entry], cell: Callable[[Entry], Cell]
) -> Column:
    return Column(Text(*head), [cell(entry) for entry in entries], kind)
