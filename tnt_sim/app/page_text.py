"""Texts of the planner's page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Text, _, _p
from tnt_sim.reporting.text.vocabulary import INHABITANTS

PAGE: Mapping[str, Text] = MappingProxyType(
    {
        "skip": _("Skip to the list of applications"),
        "day": _("Day of the decision"),
        "band": _("At a glance"),
        "since_start": _("Since the start"),
        "unchanged": _("no change"),
        "filters": _("Filters of the list"),
        "unfilter": _("Remove all filters"),
        "remove_filter": _("Remove the filter"),
        "its_dossiers": _("Its applications"),
        "outcome": _("Outcome"),
        "envelope": _("Envelope"),
        "every_envelope": _("all envelopes"),
        "start": _("Begin with a table"),
        "present": _("Present"),
        "unpresent": _("Leave the presentation (Esc)"),
        "variant_name": _("Name of the variant"),
        "keep_variant": _("Keep as a variant"),
        "beside": _("Side by side"),
        "written": _("The scenario as written"),
        "cause_sought": _("looking for the change that moves it…"),
        "map_changes": _("Blue for more, striped orange for less, hatched for the same amount"),
        "see_trouble": _("See what clashes"),
        "envelopes": _("Envelopes"),
        "share": _("When an envelope changes, those below"),
        "below": _("Envelopes below"),
        "new_money": _("An envelope that grows brings new money: those above it grow by as much."),
        "rules": _("Rules"),
        "weights": _("What counts"),
        "weights_help": _("The weight of each goal. 0: it does not count."),
        "more_goals": _("Add a goal"),
        "force": _("Decide on an application"),
        "force_it": _("Decide"),
        "number": _("Number"),
        "decision": _("Decision"),
        "reason": _("Reason"),
        "required": _p("page_text", "required"),
        "inside": _("fund"),
        "outside": _("refuse"),
        "kept": _("funded"),
        "refused": _p("page_text", "refused"),
        "free": _("Undo"),
        "other_changes": _("Other values changed"),
        "reset": _("Back to the scenario as written"),
        "answer": _("The allocation"),
        "moves": _("Since the last change"),
        "map": _("The map"),
        "map_label": _("Map of the 101 departments; the same figures are in the table that follows."),
        "by_department": _("The table by department"),
        "department": _("Department"),
        "every_department": _("all departments"),
        "per_head": _("Per head"),
        "nothing": _("nothing"),
        "dossiers": _("The applications"),
        "search": _("Search a number, a title, an applicant"),
        "show": _("Show"),
        "show_": _("all applications"),
        "show_funded": _("the funded ones"),
        "show_refused": _("those not funded"),
        "show_waiting": _("those that wait"),
        "show_closed": _("those that no money would fund"),
        "show_enter": _("those that have just entered"),
        "show_leave": _("those that have just left"),
        "show_forced": _("those decided on this page"),
        "title": _("Title and applicant"),
        "requested": _("Requested"),
        "granted": _("Granted"),
        "left": _("Left"),
        "why_left": _("Why money is left"),
        "funded": _("Funded"),
        "inhabitants": INHABITANTS,
        "filed": _("Filed"),
        "amount": _("Envelope"),
        "why": _("Why"),
        "enters": _("enters"),
        "leaves": _("leaves"),
        "keep": _("Keep and compare"),
        "save_name": _("Name of the new scenario"),
        "save": _("Save"),
        "compare_with": _("Compare with"),
        "compare": _("Compare"),
        "none_saved": _("No variant is saved: there is nothing to compare yet."),
        "export_help": _("The workbook holds every application, every envelope and the parameters."),
        "export": _("Export the workbook (.xlsx)"),
        "trouble": _("These settings do not go together"),
        "searching": _("Looking for what clashes…"),
        "repairs": _("What would be enough, smallest change first"),
        "repair_it": _("Apply"),
        "longer": _("Search longer (a minute at most)"),
        "history": _("Steps and variants"),
        "history_help": _(
            "Ctrl+Z undoes, Ctrl+Y does again. A step with a name is a variant above the allocation."
        ),
        "undo": _("Undo the last change"),
        "redo": _("Do it again"),
        "step": _("Go to a step"),
        "step_name": _("Name of this step"),
        "step_name_it": _("Name the step"),
        "variants": _("Variants"),
        "pair": _("Compare these two"),
        "pair_one": _("From"),
        "pair_other": _p("page_text", "To"),
        "back": _("Back to the settings before"),
        "sought": _("A first list, which satisfies the rules; a better one is looked for…"),
        "below_is": _("Below, the page still shows the last settings that held."),
    }
)

SHARES: Mapping[str, Text] = MappingProxyType(
    {
        "pro_rata": _("keep their proportions"),
        "free": _("stay as they are"),
    }
)

SCRIPT: Mapping[str, Text] = MappingProxyType(
    {
        "busy": _("Computing…"),
        "gone": _('"tnt-sim app" no longer answers. Start it again, then reload the page.'),
        "lost": _('No answer for 90 seconds. If "tnt-sim app" no longer runs, start it again, then reload.'),
    }
)

CELL_SCRIPT: Mapping[str, Text] = MappingProxyType(
    {
        "busy": SCRIPT["busy"],
        "lost": _(
            "No answer for 90 seconds. The kernel may be busy or stopped; "
            "if it was started again, run the cell again."
        ),
    }
)
