"""Report of an ensemble."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import partial

import polars as pl

from tnt_sim.analysis.uncertainty.document import Risk
from tnt_sim.analysis.uncertainty.result import RISK, UNKNOWN, EnsembleTables
from tnt_sim.i18n.message import Bilingual, Lang, Text, _, _n, join_sentences
from tnt_sim.i18n.parameters import Count, Number
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.report_tree import (
    Callout,
    Cell,
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
from tnt_sim.reporting.reports.uncertainty_pictures import (
    build_histogram,
    build_strip,
    build_tornado,
    count_reached,
    describe_core,
    describe_first_goal,
    describe_standings,
    describe_value,
    describe_value_finding,
    label_inputs,
)
from tnt_sim.reporting.text.vocabulary import label_dossiers
from tnt_sim.scenario.scenario import is_synthetic

MOST_DENOMINATOR = 10**6
"""Largest denominator of a share of draws, which a float has lost: the most draws of an ensemble."""
STANDING = {
    "core": _("core"),
    "borderline": _("borderline"),
    "exterior": _("excluded"),
    UNKNOWN: _("open"),
}
OPEN = _("the limits of some draws leave it open")
LISTS = {
    "plan": _("the planned list"),
    "average": _("the best on average"),
}
STOPPED_BY = {
    "interrupt": _("interrupted"),
    "time": _("stopped by the time limit"),
}


def _describe_headline(tables: EnsembleTables) -> Text:
    n, requested, seed = tables.n_draws, tables.sample.n_draws, tables.sample.seed
    stopped_by = tables.draws.stopped_by
    if stopped_by == "interrupt" or (stopped_by is not None and len(tables.draws.solved) < requested):
        return _n(
            "{stopped} after {n} of {requested} draws (seed {seed})",
            "{stopped} after {n} of {requested} draws (seed {seed})",
            n=n,
            stopped=STOPPED_BY[stopped_by],
            requested=Count(requested),
            seed=seed,
        )
    return _n("{n} draw (seed {seed})", "{n} draws (seed {seed})", n=n, seed=seed)


def _describe_limits(tables: EnsembleTables) -> list[Text]:
    """Write the limits of the figures."""
    entries = []
    n, held = len(tables.draws.solved), tables.n_draws
    lost = tables.draws.n_infeasible
    unknown = tables.n_failed - lost
    if tables.n_bounded:
        entries.append(_describe_bounded_draws(tables))
    if unknown:
        entries.append(
            _n(
                "The best list was not found in {n} of {drawn} draws: the figures leave them out.",
                "The best list was not found in {n} of {drawn} draws: the figures leave them out.",
                n=unknown,
                drawn=Count(n),
            )
        )
    if lost:
        nothing = _n(
            "In {n} of {drawn} draws no allocation is possible (floors, commitments).",
            "In {n} of {drawn} draws no allocation is possible (floors, commitments).",
            n=lost,
            drawn=Count(n),
        )
        others = _n(
            "The figures are of the other one, and so too favourable.",
            "The figures are of the other {n}, and so too favourable.",
            n=held,
        )
        entries.append(join_sentences(nothing, others if held else None))
    if tables.draws.stopped_by == "time":
        entries.append(
            _n(
                "The time limit was reached: {n} of {requested} draws, and lists read in {read}. Raise "
                "--time-limit, or draw less.",
                "The time limit was reached: {n} of {requested} draws, and lists read in {read}. Raise "
                "--time-limit, or draw less.",
                n=held,
                requested=Count(tables.sample.n_draws),
                read=Count(len(tables.draws.read)),
            )
        )
    entries += [
        _('"{name}" is about no application: look at its `where`.', name=name)
        for name in tables.without_dossier
    ]
    return entries


def _describe_bounded_draws(tables: EnsembleTables) -> Text:
    """Write of how many draws only limits are known, and which figures leave them out."""
    within = _n(
        "Of {n} draw the best value is known within limits only.",
        "Of {n} draws the best value is known within limits only.",
        n=tables.n_bounded,
    )
    held = tables.n_draws
    if not held:
        return join_sentences(within, _("No draw was optimised in time."))
    others = _n(
        "Money left and payments are those of the {n} draw that was optimised.",
        "Money left and payments are those of the {n} draws that were optimised.",
        n=held,
    )
    unread = _("Lists were read in optimised draws alone.")
    is_unread = bool(tables.fixed_lists) and not tables.is_read_in_bounded
    return join_sentences(within, others, unread if is_unread else None)


def build_report(tables: EnsembleTables) -> Report:
    """Return the report of an ensemble."""
    return Report(
        title=_("What is sure in spite of uncertainty"),
        subject=tables.problem.scenario.title,
        about=[tables.problem.scenario.id],
        answer=_build_answer(tables),
        nodes=[
            Callout(_describe_headline(tables), Tone.PLAIN),
            *(Callout(text, Tone.WARNING) for text in _describe_limits(tables)),
            *_build_sections(tables),
        ],
        synthetic=is_synthetic(tables.problem.scenario),
        foot={tables.problem.scenario.id: tables.sample.scenario_sha256},
        day=tables.problem.scenario.spec.date,
    )


def _build_answer(tables: EnsembleTables) -> list[Node]:
    """Return what most draws reach, and how many applications depend on the draw."""
    if not tables.draws.intervals:
        return []
    counts = Paragraph(join_sentences(_("{words}.", words=describe_core(tables, _count_standings(tables)))))
    if tables.risk is None or tables.risk_limits is not None:
        return [counts]
    value = _("{words}.", words=describe_value_finding(tables, tables.risk))
    return [Callout(value, Tone.PLAIN), counts]


def _count_standings(tables: EnsembleTables) -> dict[str, int]:
    return {key: int(n) for key, n in tables.dossiers.group_by("standing").len().iter_rows()}


def _build_sections(tables: EnsembleTables) -> Iterator[Section]:
    if not tables.draws.intervals:  # no draw has an optimum, nor limits of it
        return
    yield _build_risk_section(tables)
    if tables.sensitivity.height:
        yield _build_sensitivity_section(tables)
    yield _build_standing_section(tables)
    if tables.fixed_lists:
        yield _build_list_section(tables)
    if tables.n_draws:
        yield _build_envelope_section(tables)
    if tables.payments.height:
        yield _build_payment_section(tables)
    table = tables.dossiers
    yield build_section(
        _("The applications"),
        [
            Column(_("Application"), _label_rows(tables, table), outputs=Output.PAGE),
            Column(_("Application"), table["dossier"].to_list(), outputs=Output.SHEET),
            Column(_("Title"), table["title"].to_list(), outputs=Output.SHEET),
            Column(_("Envelope"), table["envelope"].to_list(), outputs=Output.SHEET),
            *_build_share_columns(tables),
            Column(_("Group"), [STANDING[v] for v in table["standing"].to_list()]),
            Column(_("Planned"), ["✓" if v else "" for v in table["planned"].to_list()]),
        ],
        annex=True,
    )


def _label_rows(tables: EnsembleTables, table: pl.DataFrame) -> list[str]:
    """Return the title and applicant of each application."""
    case = tables.problem.case.table
    applicants = dict(case.select("dossier", "applicant").iter_rows()) if "applicant" in case.columns else {}
    numbers = table["dossier"].to_list()
    return label_dossiers(numbers, table["title"].to_list(), [applicants.get(one) for one in numbers])


def _build_share_columns(tables: EnsembleTables) -> list[Column]:
    """Build the share of draws that fund each dossier, or its limits where some draws are bounded only."""
    table = tables.dossiers
    if not tables.n_bounded:
        return [Column(_("Share of draws"), _list_rates(table["share"]), Kind.RATE)]
    return [
        Column(_("Share of draws, at least"), _list_rates(table["share_low"], math.floor), Kind.RATE),
        Column(_("Share of draws, at most"), _list_rates(table["share_high"], math.ceil), Kind.RATE),
    ]


def _list_rates(
    values: Iterable[float | str | None], rounding: Callable[[Fraction], int] = round
) -> list[Cell]:
    """Round shares to a tenth of a percent; limits are rounded outwards, by `math.floor` or `math.ceil`."""
    listed = list(values)
    cells: dict[float | str | None, Cell] = {None: None}
    for value in set(listed):
        if value is None:
            continue
        exact = Fraction(value)
        if isinstance(value, float):
            exact = exact.limit_denominator(MOST_DENOMINATOR)
        cells[value] = Fraction(rounding(exact * 1000), 1000)
    return [cells[value] for value in listed]


def _round_values(values: Iterable[Fraction], rounding: Callable[[Fraction], int] = round) -> list[Cell]:
    """Round values to two decimals; limits are rounded outwards, by `math.floor` or `math.ceil`."""
    return [Fraction(rounding(value * 100), 100) for value in values]


def _build_standing_section(tables: EnsembleTables) -> Section:
    counted = _count_standings(tables)
    groups = [key for key in STANDING if key != UNKNOWN or key in counted]
    numbers = [counted.get(key, 0) for key in groups]
    meanings = {**describe_standings(tables.n_draws + tables.n_bounded), UNKNOWN: OPEN}
    columns = [
        Column(_("Group"), [STANDING[key] for key in groups]),
        Column(_("Applications"), numbers, Kind.COUNT),
        Column(_("Meaning"), [meanings[key] for key in groups]),
    ]
    title, strip = _("Core, borderline, excluded"), build_strip(tables, counted)
    if strip is None:
        bars = [Bar(STANDING[key], [n], [Count(n)]) for key, n in zip(groups, numbers, strict=True)]
        return build_section(title, columns, chart=Chart(Bars(bars, [_("applications")]), alt=title))
    apart = Table(columns, outputs=Output.TERMINAL | Output.SHEET)
    return Section(title, [strip, *_list_disputed(tables), apart])


def _list_disputed(tables: EnsembleTables) -> list[Table]:
    """Return the applications that depend on the draw, those nearest to one draw in two first."""
    n = tables.n_draws
    table = (
        tables.dossiers.filter(pl.col("standing") == "borderline")
        .with_columns((2 * pl.col("times") - n).abs().alias("apart"))
        .sort("apart", "dossier")
    )
    if not table.height:
        return []
    drawn = [_("{times} of {n}", times=Count(times), n=Count(n)) for times in table["times"].to_list()]
    columns = [
        Column(_("Depends on the draw"), _label_rows(tables, table)),
        Column(_("Draws"), drawn, Kind.FIGURE),
        Column(_("Planned"), ["✓" if v else "" for v in table["planned"].to_list()]),
    ]
    return [Table(columns, outputs=Output.PAGE)]


def _build_risk_section(tables: EnsembleTables) -> Section:
    risk, limits = tables.risk, tables.risk_limits
    if limits is None:
        assert risk is not None
        columns = [Column(_("Value"), _list_risk(risk, tables), Kind.DECIMAL)]
    else:
        low, high = (
            _list_risk(one, tables, rounding)
            for one, rounding in zip(limits, (math.floor, math.ceil), strict=True)
        )
        columns = [
            Column(_("At least"), low, Kind.DECIMAL),
            Column(_("At most"), high, Kind.DECIMAL),
        ]
    named = [
        _("on average"),
        _("at worst"),
        _("at best"),
        _describe_reached(tables),
        _("mean of the worst tenth of the draws"),
    ]
    plan = tables.draws.plan.values
    words = []
    if plan:
        text = Number(plan[0])
        words.append(_("Without uncertainty: {amounts}.", amounts=text))
    goal = describe_first_goal(tables)
    return build_section(
        _("Total if the draw were known before deciding ({goal})", goal=goal),
        [
            Column("", named),
            *columns,
        ],
        words=words,
        chart=build_histogram(tables, risk) if risk is not None and limits is None else None,
    )


def _describe_reached(tables: EnsembleTables) -> Text:
    """Name the value that nine draws of ten reach, with their number where every value is known."""
    if tables.risk is None or tables.risk_limits is not None:
        return _("as good or better, in 9 draws of 10")
    reached, n = count_reached(tables, tables.risk), len(tables.values)
    return _("as good or better, in {reached} of {n} draws", reached=Count(reached), n=Count(n))


def _list_risk(risk: Risk, tables: EnsembleTables, rounding: Callable[[Fraction], int] = round) -> list[Cell]:
    """List the measures of risk in the order of their table."""
    worst, best = (risk.least, risk.most) if tables.best_is_high else (risk.most, risk.least)
    return _round_values((risk.mean, worst, best, risk.var, risk.cvar), rounding)


def _describe_information_value(tables: EnsembleTables) -> Text:
    """Write the value of perfect information, where lists can be compared with the draws' optima."""
    if any(one.ahead for one in tables.fixed_lists):
        return _(
            "The gain from knowing the draw has no figure: the lists keep promised amounts where more "
            "is asked for, and are then worth more than what can be decided there."
        )
    if tables.n_bounded:
        return _("The gain from knowing the draw has no figure: some draws are known within limits only.")
    if tables.information is None:
        return _("The gain from knowing the draw has no figure: no list satisfies the rules in every draw.")
    worth = describe_value(tables.information)
    return _n(
        "Deciding with the draw known would bring {worth} more on average than the only list that "
        "satisfies the rules in every draw.",
        "Deciding with the draw known would bring {worth} more on average than the best of {n} lists "
        "that satisfy the rules in every draw.",
        n=len(tables.steady),
        worth=worth,
    )


def _explain_unnamed_list(tables: EnsembleTables) -> list[Text]:
    """Say why the best of the lists that are not feasible everywhere is not named."""
    if len(tables.steady) == len(tables.fixed_lists):
        return []
    return [_('"Best" and "least regret" are said only of lists that satisfy the rules in every draw.')]


def _build_list_section(tables: EnsembleTables) -> Section:
    robust = tables.robust
    words = {
        "average": _("best average"),
        "cvar": _("best in the bad tail"),
        "regret": _("least regret"),
    }
    notes = [
        write_both(partial(_join_words, [words[key] for key, name in robust.items() if name == one.name]))
        for one in tables.fixed_lists
    ]
    names = [LISTS.get(one.name) or _write_draw_name(one.name) for one in tables.fixed_lists]
    risks = [one.risk for one in tables.fixed_lists]
    return build_section(
        _("Deciding before knowing"),
        [
            Column(_("List"), names),
            Column(_("Average"), _round_values(one.mean for one in risks), Kind.DECIMAL),
            Column(_("Worst tenth"), _round_values(one.cvar for one in risks), Kind.DECIMAL),
            *_build_regret_columns(tables),
            Column(
                _("Rules satisfied"),
                _list_rates(float(one.holds) for one in tables.fixed_lists),
                Kind.RATE,
            ),
            Column("", notes),
        ],
        words=[_describe_information_value(tables), *_explain_unnamed_list(tables)],
    )


def _build_regret_columns(tables: EnsembleTables) -> list[Column]:
    """Build the largest regret of each list, or its limits where some draws are bounded only."""
    regrets = [one.worst_regret for one in tables.fixed_lists]
    if not tables.is_read_in_bounded:
        return [Column(_("Regret"), _round_values(regrets), Kind.DECIMAL)]
    low = _round_values(regrets, math.floor)
    high = _round_values((one.worst_regret_upto for one in tables.fixed_lists), math.ceil)
    return [
        Column(_("Regret, at least"), low, Kind.DECIMAL),
        Column(_("Regret, at most"), high, Kind.DECIMAL),
    ]


def _join_words(words: Sequence[Text], lang: Lang) -> str:
    return ", ".join(word.in_(lang) for word in words)


def _write_draw_name(name: str) -> Text:
    number = name.removeprefix("draw")
    return _("draw{number}", number=number) if number != name else Bilingual(name, name)


def _build_envelope_section(tables: EnsembleTables) -> Section:
    table, tree = tables.envelopes, tables.problem.case.tree
    titles = {name: title or name for name, title in zip(tree.ids, tree.titles, strict=True)}
    names = table["envelope"].to_list()
    columns = [
        Column(_("Envelope"), names, outputs=Output.TERMINAL | Output.SHEET),
        Column(_("Envelope"), [titles[name] for name in names], outputs=Output.PAGE),
        Column(_("Amount"), table["amount_cents"].to_list(), Kind.MONEY),
        Column(_("Something is left"), _list_rates(table["p_unspent"]), Kind.RATE),
        Column(_("Left on average"), table["mean_unspent_cents"].to_list(), Kind.MONEY),
        Column(_("The planned list exceeds"), _list_rates(table["p_exceeded"]), Kind.RATE),
    ]
    words = _("Left: each draw decided once known. Exceeds: the planned list, at the amounts asked for then.")
    return Section(_("Money left"), [Paragraph(words), Table(columns)], folded=True)


def _build_payment_section(tables: EnsembleTables) -> Section:
    table = tables.payments
    years = [_("total") if year is None else str(year) for year in table["year"].to_list()]
    columns = [
        Column(_("Year"), years),
        Column(_("Granted"), table["granted_cents"].to_list(), Kind.MONEY),
        Column(_("Paid on average"), table["mean_paid_cents"].to_list(), Kind.MONEY),
        Column(_("Paid at most"), table["most_paid_cents"].to_list(), Kind.MONEY),
        Column(_("Over-programming"), _list_rates(table["may_be_promised"]), Kind.RATE),
    ]
    words = _(
        "Last column: what more may be promised, if too much may be paid in {allowed} of {n} draws.",
        allowed=Count(math.floor(RISK * tables.n_draws)), n=Count(tables.n_draws),
    )  # fmt: skip
    return Section(_("What the planned list will pay"), [Paragraph(words), Table(columns)], folded=True)


def _build_sensitivity_section(tables: EnsembleTables) -> Section:
    table = tables.sensitivity
    effects = table["total_effect"].to_list()
    known = [None if effect is None or not 0 <= float(effect) <= 1 else effect for effect in effects]
    words = [_("Total Sobol index: the share of the variance that the input has a part in (estimated).")]
    if None in known:
        words.append(_("No share is shown where the draws are too few to estimate it: raise --sensitivity."))
    labels = dict(zip((one.spec.id for one in tables.ground.inputs), label_inputs(tables), strict=True))
    inputs = table["input"].to_list()
    ends = [(_("Low"), "low"), (_("High"), "high"), (_("Least"), "least"), (_("Most"), "most")]
    columns = [
        Column(_("Input"), [labels[name] for name in inputs]),
        *(
            Column(
                head,
                _round_cells(table[key].to_list()),
                Kind.DECIMAL,
                Output.ALL if key in ("low", "high") else Output.SHEET,
            )
            for head, key in ends
        ),
        Column(_("Share"), _list_rates(known), Kind.RATE),
        Column(_("Draws"), table["n_draws"].to_list(), Kind.COUNT),
    ]
    tornado = build_tornado(tables)
    name = _("What moves the result")
    folded = Table(columns, _("The figures of the picture"), outputs=Output.PAGE, folded=tornado is not None)
    return Section(
        name,
        [
            *([tornado] if tornado is not None else []),
            folded,
            Table(columns, name=name, outputs=Output.TERMINAL | Output.SHEET),
            *(Paragraph(text, soft=True) for text in words),
        ],
    )


def _round_cells(texts: Sequence[str | None]) -> list[Cell]:
    return [None if text is None else Fraction(round(Fraction(text) * 100), 100) for text in texts]
