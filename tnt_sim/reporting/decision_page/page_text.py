"""Headings, labels and sentences of the report page and of its script."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Lang, Text, _, _p
from tnt_sim.reporting.text.vocabulary import INHABITANTS

PAGE: Mapping[str, Text] = MappingProxyType(
    {
        "skip": _("Skip to the applications"),
        "contents": _("Contents"),
        "amount": _("Envelope"),
        "available": _("Available"),
        "granted": _("Granted"),
        "left": _("Left"),
        "filed": _("Filed"),
        "eligible": _("Eligible"),
        "funded": _("Funded"),
        "inhabitants": INHABITANTS,
        "committed": _("of which already committed"),
        "colon": _(": "),
        "day": _("Day of the decision"),
        "goals": _("Goals, in order"),
        "goal": _("Goal"),
        "value": _("Value"),
        "bound": _("Best possible value"),
        "proof": _("Proof"),
        "warnings": _("Warnings"),
        "unpublishable": _("This allocation is not publishable: nothing proves that no other does better."),
        "slider": _("And with another envelope?"),
        "slider_help": _(
            "Each position is an allocation computed beforehand. Move the slider: the list, the map "
            "and the totals follow."
        ),
        "slider_label": _("Amount of “{{name}}”"),
        "no_script": _(
            "The slider, the search and the list of applications need JavaScript, which this browser "
            "does not run. The table of positions, the map and the totals of the decision can be "
            "read without it."
        ),
        "positions": _("The positions of the slider"),
        "decided_here": _("the decision"),
        "enter": _("Enter"),
        "leave": _("Leave"),
        "envelope": _("Envelope"),
        "bar_granted": _("granted"),
        "bar_left": _("unspent"),
        "map_label": _("Map of the 101 departments; the same figures are in the table."),
        "map_of": _("The map shows"),
        "by_head": _("the amount per head"),
        "nothing": _("nothing"),
        "department": _("Department"),
        "region": _("Region"),
        "size": _("Population of the applicant"),
        "per_head": _("Per head"),
        "requested": _("Requested"),
        "elsewhere": _("No department, or outside the 101"),
        "no_region": _("No known region"),
        "territories": _("The territories"),
        "by_region": _("By region"),
        "by_size": _("By size of the applicant"),
        "by_department": _("By department"),
        "rules": _("The rules"),
        "reasons": _("The reasons, counted"),
        "reason": _p("page_text", "Reason"),
        "who_enters": _("Who would enter, in order"),
        "rank": _("Rank"),
        "missing": _("Waits for"),
        "would_fund": _("What would fund it"),
        "and_more": _("More applications, in the list and the workbook:"),
        "dossiers": _("The applications"),
        "number_of": _("Applications"),
        "search": _("Search a number, a title, an applicant, a reason"),
        "show": _("Show"),
        "all": _("all applications"),
        "only_new": _("funded, new"),
        "only_committed": _("already committed"),
        "only_enter": _("enter, against the decision"),
        "only_leave": _("leave, against the decision"),
        "every_envelope": _("all envelopes"),
        "every_department": _("all departments"),
        "number": _("Number"),
        "title": _p("page_text", "Title and applicant"),
        "decision_of": _("Granted"),
        "why": _("Explanation"),
        "more": _("Show 200 more"),
        "every": _("Show all (to print)"),
        "run": _("Run folder"),
        "to_check": _("To check it"),
        "versions": _("Versions (not verified)"),
        "unverified": _("Not verified"),
        "file": _("File"),
        "source": _("Source"),
        "outlines": _(
            "Outlines of the departments: @gouvfr/dsfr-chart (DINUM), MIT licence. Names and "
            "populations: administrative division (INSEE, DGCL, Etalab), Licence Ouverte 2.0."
        ),
    }
)
"""Texts of the page."""

NOTE: Mapping[str, Text] = MappingProxyType(
    {
        "envelope": PAGE["envelope"],
        "filed": PAGE["filed"],
        "funded": PAGE["funded"],
        "granted": PAGE["granted"],
        "left": _p("note", "left"),
        "committed": _p("note", "already committed"),
        "new": _p("note", "newly granted"),
        "not_selected_sum": _p("note", "asked, not selected"),
        "excluded_sum": _p("note", "asked, excluded"),
        "money_question": _("Where does the money go, and what does it not reach?"),
        "money_alt": _("Bars of money on one scale. {{rows}}."),
        "remains": _("Money left, and why"),
        "to_decide": _("To decide next"),
        "proof_line": _p("note", "Proof"),
        "figures_of": _("The figures of the picture"),
        "map_figures": _("The figures of the map, by department"),
        "gains": _("Who gains"),
        "gains_by_size": _("Which share of the applications is funded, by population of the applicant?"),
        "gains_by_request": _("Which share of the applications is funded, by amount requested?"),
        "group": _p("note", "Group"),
        "share": _("Share funded"),
        "per_head_question": _("How much does each department get per inhabitant?"),
        "by_rate": _("the share of applications funded"),
        "margin": _("At the margin"),
        "margin_alt": _(
            "Value against amount of the applications closest to the decision line; the figures follow."
        ),
        "margin_question": _("Which applications are closest to the line between the funded and the others?"),
        "fingerprint": _("Fingerprint of the list (SHA-256)"),
        "axis_amount": _("amount granted or asked"),
        "funded_mark": _p("note", "funded"),
        "not_selected": _p("note", "not selected"),
        "margin_mark": _("decision line"),
        "dossier": _("Application"),
        "amount": _("Amount"),
        "value": PAGE["value"],
        "per_unit": _("Per {{unit}}"),
        "outcome": _p("note", "Outcome"),
        "next_in_line": _("Next in line"),
        "line_order": _(
            "The first is the one that brings most to the first goal per euro; those that a rule keeps out follow."
        ),
        "limits": _(
            "Where a reason gives two amounts or two scores, the least that would do lies between them: it was "
            "bounded for all applications at once. The explanation of one application computes it exactly."
        ),
        "asks": _p("note", "asks"),
        "rules": _("What each rule costs"),
        "other_rules": _("The other rules"),
        "per_head_regions": _("How much does each region get per inhabitant?"),
        "equity": _("Equity: who is funded, and money per inhabitant"),
        "no_equity": _(
            "No curve of money per head: it needs two departments with applications and a known population, "
            "and money granted there."
        ),
        "law": _("Legal obligations of this decision"),
        "extend": _("Transfer or extend"),
        "written": _("Amount set"),
        "moved": _("Transfers"),
        "eligible_out": _p("note", "Eligible, not selected"),
        "lacks": _("First in line lacks"),
        "method": _("Method and proof"),
        "annexes": _("Annexes"),
        "all_dossiers": _("All the applications"),
        "all_envelopes": _("All the envelopes"),
        "only_not_selected": _p("note", "eligible, not selected"),
        "only_excluded": _p("note", "excluded: not eligible, or by decision"),
        "only_reserve": _p("note", "on the reserve list"),
        "signature": _("Signature"),
        "done_at": _("Done at"),
        "done_on": _("on"),
        "signer": _("Name and title"),
        "back": _("Decision"),
        "note_of": _("Note of the scenario"),
        "check": _("For those who check"),
        "no_list": _(
            "The list of the {{n}} applications is not on this page: it is in the workbook and in the table of "
            "the run."
        ),
    }
)
"""Texts of the decision note."""

SCRIPT: Mapping[str, Text] = MappingProxyType(
    {
        "found_1": _("{{n}} application"),
        "found_n": _("{{n}} applications"),
        "shown": _("{{n}} shown"),
        "none": _("No application answers this search."),
        "variant": _("Variant at {{amount}} ({{proof}}): this is not the decision."),
        "impossible": _("At {{amount}}: no allocation. {{why}}"),
        "at": _("{{amount}}, {{proof}}"),
        "below": _("under {{n}}"),
        "from": _("{{n}} and more"),
        "between": _("{{low}} to {{high}}"),
        "colon": _(": "),
        "granted": _("{{amount}} granted"),
        "not_selected": _p("note", "not selected"),
        "excluded": _p("note", "excluded"),
        "reserve": _p("note", "on the reserve list"),
        "entered": _("enters"),
        "left": _("leaves"),
    }
)
"""Sentences filled in by the script."""


def translate_texts(texts: Mapping[str, Text], lang: Lang) -> dict[str, str]:
    """Return all texts in one language."""
    return {key: text.in_(lang) for key, text in texts.items()}
