"""Letters to applicants: the reason and the sentence of each decision, the ways of appeal, the legal mention.

The reason is written from the decision itself, in French or English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from tnt_sim.domain.publisher import LETTER_KEYS, list_missing_keys
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.run_folder.explanation_file import has_explanation
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_cents, format_integer
from tnt_sim.reporting.reports.decision_table import (
    BASE,
    DECISION,
    RATE,
    ApplicantDecision,
    build_decision_table,
    format_amount_series,
    format_rates,
)
from tnt_sim.reporting.text.legal_wording import LegalWording
from tnt_sim.reporting.text.letter_reasons import (
    SENTENCES,
    describe_deciding_rule,
    describe_ground,
    describe_refusals,
    quote_bracketed,
)
from tnt_sim.reporting.text.verification import choose_legal_texts
from tnt_sim.verify.verification import CheckRecord, Standing

PHRASES: Mapping[ApplicantDecision, Text] = {
    ApplicantDecision.FUNDED: _(
        "A grant of {{amount}} is awarded for {{project}}, {{rate}} of an eligible expense of {{base}}."
    ),
    ApplicantDecision.COMMITTED: _(
        "The grant of {{amount}} already committed for {{project}} is maintained."
    ),
    ApplicantDecision.WAITING: _("Your request for {{requested}} for {{project}} could not be granted yet."),
    ApplicantDecision.REFUSED: _("Your request for {{requested}} for {{project}} could not be granted."),
    ApplicantDecision.CLOSED: _("The application for {{project}} has been closed without further action."),
}
"""First sentence of a letter, by decision."""
_FUNDED_ALONE = _("A grant of {{amount}} is awarded for {{project}}.")
_NO_REQUEST = {
    ApplicantDecision.WAITING: _("Your request for {{project}} could not be granted yet."),
    ApplicantDecision.REFUSED: _("Your request for {{project}} could not be granted."),
}
_LUMP_SUM = {
    ApplicantDecision.WAITING: _(
        "Your request for {{project}}, {{lump}} by the scale of the programme, could not be granted yet."
    ),
    ApplicantDecision.REFUSED: _(
        "Your request for {{project}}, {{lump}} by the scale of the programme, could not be granted."
    ),
}
"""Where the programme sets the amount, and the application asks for none."""
_PROJECT = _('the project "{{title}}"'), _("application no. {{dossier}}")
"""Names of the project in a letter: its title, or the number of an application without one."""
_RESERVE = _(
    "Your project is on the reserve list, at rank {{rank}}, for {{amount}}. It may be funded if money is released."
)
_MERIT = _("Your project is part of the allocation that serves the programme's goals best under its rules.")
"""A list of the best value holds each project: for its own value, or because a rule asks for it."""
_LISTED = _("Your project is part of the allocation decided for this programme.")
"""Where nothing shows that the allocation is the best."""
_DECIDED = _("Your project was selected by decision{{author}}{{ground}}.")
_CHANGE = _(
    "Other things being equal, it could be granted if the request were lowered to {{amount}} at most."
)


@dataclass(frozen=True, slots=True, eq=False)
class Letters:
    """Texts of the letters of a run, one row per application of its table.

    Attributes
    ----------
    motive : String (n,), the reason
    sentence : String (n,), the decision with its amounts, then the reason of a refusal
    appeal, mention : the ways of appeal, and the mention of the algorithmic processing; "" without an authority
    """

    motive: pl.Series
    sentence: pl.Series
    appeal: str
    mention: str


_SHORT_OF_MONEY = ["outranked", "none_fits"]
_REFUSALS = [ApplicantDecision.REFUSED.value, ApplicantDecision.CLOSED.value]
_UNFUNDED = [*_REFUSALS, ApplicantDecision.WAITING.value]


def write_letters(
    run: StoredRun, table: pl.DataFrame, lang: Lang, wording: LegalWording | None = None
) -> Letters:
    """Write the letters of a run.

    Parameters
    ----------
    table : of `build_decision_table`
    lang : language of the letters
    wording : the legal texts, those of the package by default
    """
    words = pl.DataFrame(
        {
            "code": table[DECISION],
            "first": write_first_sentences(run, table, lang),
            "motive": write_motives(run, table, lang),
            "change": table["dossier"].replace_strict(
                _list_changes(run, table, lang), default="", return_dtype=pl.String
            ),
        }
    )
    closed = SENTENCES["closed_state"].in_(lang)  # the first sentence says so already
    motive = pl.col("motive").str.strip_prefix(closed).str.strip_chars(" ")
    tail = pl.when(pl.col("code").is_in(_UNFUNDED)).then(pl.concat_str(motive, "change", separator=" "))
    sentence = pl.concat_str("first", tail.otherwise(pl.lit("")), separator=" ").str.strip_chars(" ")
    return Letters(
        words["motive"],
        words.select(sentence.alias("sentence")).to_series(),
        *choose_legal_texts(run.spec, lang, wording),
    )


def write_motives(run: StoredRun, table: pl.DataFrame, lang: Lang) -> pl.Series:
    """Write the reason of each decision, String (n,), without its amounts; nothing is solved for it.

    Parameters
    ----------
    table : of `build_decision_table`
    """
    refusals = _list_refusals(run, table, _list_displaced(run, lang), lang)
    return _complete_motives(run, table, refusals, lang)


def write_first_sentences(run: StoredRun, table: pl.DataFrame, lang: Lang) -> pl.Series:
    """Write the decision of each application with its amounts, String (n,)."""
    return _write_first_sentences(table, _list_lump_sums(run, table), lang)


def _list_lump_sums(run: StoredRun, table: pl.DataFrame) -> pl.Series:
    """Return the one amount that an application could get, Int64 (n,); null where it has a choice or none."""
    result = run.decision
    if result is None:
        return pl.Series("lump", [None], dtype=pl.Int64).new_from_index(0, table.height)
    offers = result.problem.offers
    single = (offers.least_cents == offers.most_cents) & (offers.most_cents > 0)
    names = result.problem.case.table["dossier"].filter(pl.Series(single)).to_list()
    amounts = dict(zip(names, offers.most_cents[single].tolist(), strict=True))
    return table["dossier"].replace_strict(amounts, default=None, return_dtype=pl.Int64)


def _write_first_sentences(table: pl.DataFrame, lump_cents: pl.Series, lang: Lang) -> pl.Series:
    """Write the decision of each application with its amounts, String (n,)."""
    named, numbered = (text.in_(lang) for text in _PROJECT)
    words = pl.DataFrame(
        {
            "code": table[DECISION],
            "amount": format_amount_series(table["granted_cents"], lang),
            "requested": format_amount_series(table["requested_cents"], lang),
            "lump": format_amount_series(lump_cents, lang),
            "rate": format_rates(table[RATE], lang),
            "base": format_amount_series(table[BASE], lang),
            "title": table["title"].fill_null("").str.replace_all(r"\s+", " ").str.strip_chars(" "),
            "dossier": table["dossier"],
        }
    )
    project = pl.when(pl.col("title") != "").then(_fill_template(named)).otherwise(_fill_template(numbered))
    words = words.with_columns(project.alias("project"))
    phrase = pl.lit("")
    for decision, text in PHRASES.items():
        whole = _fill_template(text.in_(lang))
        if decision is ApplicantDecision.FUNDED:
            bare = _fill_template(_FUNDED_ALONE.in_(lang))
            whole = pl.when(pl.col("rate").is_null()).then(bare).otherwise(whole)
        elif decision in _NO_REQUEST:
            bare = _fill_template(_NO_REQUEST[decision].in_(lang))
            lump = _fill_template(_LUMP_SUM[decision].in_(lang))
            unasked = pl.when(pl.col("lump").is_null()).then(bare).otherwise(lump)
            whole = pl.when(pl.col("requested").is_null()).then(unasked).otherwise(whole)
        phrase = pl.when(pl.col("code") == decision.value).then(whole).otherwise(phrase)
    return words.select(phrase.alias("first")).to_series()


def _fill_template(template: str) -> pl.Expr:
    """Fill the `{columns}` of a template from a table."""
    pieces: list[pl.Expr] = []
    rest = template
    while rest:
        text, brace, rest = rest.partition("{")
        pieces.append(pl.lit(text))
        if brace:
            name, __, rest = rest.partition("}")
            pieces.append(pl.col(name).fill_null(""))
    return pl.concat_str(pieces)


def _list_refusals(
    run: StoredRun, table: pl.DataFrame, displaced: Mapping[str, str], lang: Lang
) -> pl.Series:
    """Return why each application is refused, by row of the table; without the run's data no cause is named.

    `displaced` are the reasons of applications that a rule keeps out by the explanation.
    """
    unclear = SENTENCES["unclear"].in_(lang)
    result = run.decision
    if result is None or result.reasons is None or result.reading is None:
        return pl.Series("refusal", [unclear]).new_from_index(0, table.height)
    refusals = describe_refusals(result.problem, result.reasons, result.reading.envelopes, lang)
    known = dict(zip(result.problem.case.table["dossier"].to_list(), refusals.to_list(), strict=True))
    known |= displaced
    return pl.Series("refusal", [known.get(name) or unclear for name in table["dossier"].to_list()])


def _list_displaced(run: StoredRun, lang: Lang) -> dict[str, str]:
    """Return the reason of each application that a rule keeps out by the explanation in the run folder."""
    if not has_explanation(run.folder):
        return {}
    from tnt_sim.analysis.explain.explanation_check import read_checked_run

    document, _files = read_checked_run(run, lang, 0.0)
    if document is None or run.decision is None:
        return {}
    problem = run.decision.problem
    short = set(run.table.filter(pl.col("reason_code").is_in(_SHORT_OF_MONEY))["dossier"])
    causes = {
        entry.dossier: [rule.id for rule in entry.because if rule.enters and rule.kind != "decide"]
        for entry in document.dossiers
        if entry.dossier in short and entry.reason_code == "crowded_out"
    }
    return {
        dossier: describe_deciding_rule(problem, rules[0], lang) for dossier, rules in causes.items() if rules
    }


def _complete_motives(run: StoredRun, table: pl.DataFrame, refusals: pl.Series, lang: Lang) -> pl.Series:
    """Return the reason of each decision: of a refusal, of a place on the reserve list, or of a grant."""
    motives = refusals.to_list()
    decided = _list_decided(run.decision, lang)
    merit = (_MERIT if run.publishable else _LISTED).in_(lang)
    no_words = _DECIDED.in_(lang).format(author="", ground="")
    columns = ["dossier", DECISION, "reason_code"]
    for row, (dossier, decision, code) in enumerate(table.select(columns).iter_rows()):
        if decision == ApplicantDecision.FUNDED.value:
            motives[row] = decided.get(dossier, no_words) if code == "decided" else merit
        elif decision == ApplicantDecision.COMMITTED.value:
            motives[row] = ""
        elif decision == ApplicantDecision.WAITING.value:
            rank = format_integer(table["reserve_rank"][row], lang)
            amount = format_cents(table["reserve_cents"][row], lang, decimals=True)
            motives[row] = _RESERVE.in_(lang).format(rank=rank, amount=amount)
    return pl.Series("motive", motives, dtype=pl.String)


def _list_decided(result: ResultData | None, lang: Lang) -> dict[str, str]:
    """Return the reason of each application funded by decision."""
    if result is None:
        return {}
    problem, decided = result.problem, result.problem.decided
    names, sentences = problem.case.table["dossier"], dict[str, str]()
    for k, spec in enumerate(decided.specs):
        author = quote_bracketed(spec.author, lang)
        sentence = _DECIDED.in_(lang).format(
            author=author, ground=describe_ground(spec.reason or spec.title, lang)
        )
        for row in np.flatnonzero((decided.rule == k) & (decided.choice > 0)).tolist():
            sentences[names[row]] = sentence
    return sentences


def _list_changes(run: StoredRun, table: pl.DataFrame, lang: Lang) -> dict[str, str]:
    """Return, by application, the largest request that would be funded, if letters may tell it.

    Each is confirmed by a new optimisation; what a minute leaves unanswered is not told.
    """
    if not run.spec.letters.tell_changes or run.decision is None:
        return {}
    candidates = (table[DECISION] == ApplicantDecision.REFUSED.value) & table["eligible"]
    names = table["dossier"].filter(candidates & (table["reason_code"] != "decided")).to_list()
    if not names:
        return {}
    from tnt_sim.analysis.explain.document import GrantChange
    from tnt_sim.analysis.explain.explanation import explain
    from tnt_sim.analysis.explain.stored_explanation import get_report_limit
    from tnt_sim.analysis.shared.decided_run import of_result

    seconds = get_report_limit(run.spec.solver.time_limit, None)
    entries = explain(of_result(run.decision), names, seconds=seconds).data.dossiers
    return {
        entry.dossier: _CHANGE.in_(lang).format(amount=format_cents(change.to_cents, lang, decimals=True))
        for entry in entries
        for change in entry.changes
        if isinstance(change, GrantChange) and change.confirmed
    }


def list_mention_remarks(run: StoredRun, lang: Lang) -> list[Text]:
    """Return what the legal texts of a decision lack, by the keys to write."""
    if run.spec.place_column is not None:
        if all(choose_legal_texts(run.spec, lang)):
            return []
        return [
            _(
                "The letters lack ways of appeal or a mention of the algorithm. Write those of your law: "
                "`letters: {{appeal: …, mention: …}}` in the scenario."
            )
        ]
    remarks = []
    missing = list_missing_keys(run.spec.publisher, LETTER_KEYS)
    if not all(choose_legal_texts(run.spec, lang)):
        remarks.append(
            _(
                "Letters and orders state no ways of appeal and no mention of the algorithm, which French law "
                "requires (CRPA, art. L. 311-3-1). Missing in `publisher` of the scenario: {keys}.",
                keys=", ".join(missing),
            )
        )
    elif missing and not run.spec.letters.mention:
        remarks.append(
            _(
                "The mention of the algorithm is not complete. Missing in `publisher` of the scenario: {keys}.",
                keys=", ".join(missing),
            )
        )
    return remarks


def get_letter_record(run: StoredRun) -> CheckRecord:
    """Return what was checked of a run whose letters may rest on the explanation in its folder."""
    record = run.checked.record
    rests = bool(run.folder.parts) and has_explanation(run.folder)
    return replace(record, explanation=Standing.CLAIMED) if rests else record


def list_letter_remarks(run: StoredRun, lang: Lang) -> list[Text]:
    """Return what is to be checked before the letters leave."""
    remarks = list_mention_remarks(run, lang)
    table = build_decision_table(run)
    n_short = int((table[DECISION].is_in(_REFUSALS) & table["reason_code"].is_in(_SHORT_OF_MONEY)).sum())
    if n_short and run.folder != Path() and not has_explanation(run.folder):
        remarks.append(
            _n(
                "{n} refusal for want of money was written without an explanation: a rule may be what keeps it "
                "out. Type explain RUN --all first.",
                "{n} refusals for want of money were written without an explanation: a rule may be what keeps "
                "some of them out. Type explain RUN --all first.",
                n=n_short,
            )
        )
    unclear = _list_refusals(run, table, {}, lang) == SENTENCES["unclear"].in_(lang)
    n = int((table[DECISION].is_in(_REFUSALS) & unclear).sum())
    if n:
        remarks.append(
            _n(
                "{n} refusal has no precise reason: write it by hand.",
                "{n} refusals have no precise reason: write them by hand.",
                n=n,
            )
        )
    return remarks
