"""Controller of the page: receives events, yields replies; independent of the widget.

Page.receive(event) → replies, each {parts, values, address, said, kind, done, download}

A page is a few hundred kilobytes beside what all pages of a scenario share: `Page.open_again` costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from tnt_sim.app import page_settings
from tnt_sim.app.amount_curve import CURVE_SECONDS, SHORT_SECONDS, generate_curve
from tnt_sim.app.downloads import (
    build_app_error,
    compare_answers,
    export_workbook,
    render_comparison,
    save,
)
from tnt_sim.app.history import MOST_STEP_NAME, restore_history
from tnt_sim.app.live_answers import LONG, QUICK, AnswerSuperseded, LiveAnswer
from tnt_sim.app.open_page import Event, MovedAmount, OpenPage, Reply
from tnt_sim.app.page_state import FILTERS, FIRST_ROWS, SHOWS, Forced, State, decode, normalise_weight
from tnt_sim.app.page_text import SHARES
from tnt_sim.app.panels.variant_panel import generate_panels
from tnt_sim.app.scenario_changes import (
    describe_unknown,
    exclude_unknown,
    move_amount,
    with_set_lines,
    without_written,
)
from tnt_sim.deadline import Cancellation
from tnt_sim.errors import TntError
from tnt_sim.i18n.message import Capitalised, _, _p
from tnt_sim.i18n.parameters import Items

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_REASON = 300


class Page(OpenPage):
    """One open page, which answers events."""

    def receive(self, event: Event, cancellation: Cancellation | None = None) -> Iterator[Reply]:
        """Process one event of the browser; the last reply has `done`.

        An event that is cancelled keeps its settings without an answer; the next event computes it.
        """
        before, history = self.state, self.history
        self.cancellation = cancellation or Cancellation()
        try:
            yield from _DO[str(event.get("do"))](self, event)
        except AnswerSuperseded:
            yield Reply({"parts": {}, "done": True})
        except TntError as error:
            yield from self._refuse(error)
        except (LookupError, ValueError, TypeError, AttributeError):
            self.state, self.history = before, history
            yield self.reply(text=_UNREADABLE, kind="bad", done=True)

    def _refuse(self, error: TntError) -> Iterator[Reply]:
        """Say what is wrong with an event, beside the answer to the settings that stay."""
        with suppress(AnswerSuperseded):
            self.compute_cancelled_answer()
        yield self.reply(text=error.text, kind="bad", done=True)

    def build_failure_reply(self, error: Exception) -> Reply:
        """Return the reply to a failure of the program; the settings may have changed, the answer has not."""
        what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        sentence = _(
            "Unexpected failure ({failure}). Reload the page; if it comes back, send its address.",
            failure=what,
        )
        return Reply({"said": sentence.in_(self.lang), "kind": "bad", "done": True})


_UNREADABLE = _("What was entered makes no sense: nothing is changed.")


def _set_amount(page: Page, event: Event) -> Iterator[Reply]:
    return _move_envelope(page, event, int(event["value"]))


def _move_envelope(page: Page, event: Event, cents: int) -> Iterator[Reply]:
    name = str(event["id"])
    base = page.get_amount_base(name)
    state = move_amount(page.scenario, base, name, cents).with_view_of(page.state)
    page.moved = MovedAmount(name, base, state.settings)
    return page.move_to(state, event)


def _draw_curve(page: Page, event: Event) -> Iterator[Reply]:
    """Draw the curve of an envelope under its slider, better with each reply.

    `short`: nobody can cancel it, so that it takes a moment only.
    """
    axis = next((axis for axis in page.axes if axis.id == event["id"]), None)
    if axis is None:
        raise ValueError(event["id"])
    page.compute_cancelled_answer()
    answer, base = page.last_answer, page.get_amount_base(axis.id)
    known = page.has_curve and page.curve is not None and page.curve.envelope == axis.id
    if answer is not None and page.trouble is None and not (known and page.curve and page.curve.is_complete):
        high = page_settings.compute_slider_max(axis, page_settings.get_amount(axis, page.state))
        seconds = SHORT_SECONDS if event.get("short") is True else CURVE_SECONDS
        for curve in generate_curve(page.desk, axis.id, base, answer, high, page.cancellation, seconds):
            page.curve = curve
            yield page.reply_with_answer(None, soft=True, done=False)
        if page.curve is not None:
            page.curve = replace(page.curve, is_complete=True)
    yield page.reply_with_answer(None, soft=True, done=True)


def _set_box_amount(page: Page, event: Event) -> Iterator[Reply]:
    text = str(event["value"])
    try:
        cents = page_settings.parse_box(text, page_settings.select_unit(page.axes))
    except ValueError:
        raise build_app_error(
            _('"{typed}" is not an amount. Write for example 31.5 or 31.5 M€.', typed=text),
        ) from None
    return _move_envelope(page, event, cents)


def _switch_rule(page: Page, event: Event) -> Iterator[Reply]:
    rules = {**page.state.rules, str(event["id"]): event["value"] is True}
    return page.move_to(without_written(page.scenario, replace(page.state, rules=rules)), event)


def _set_weight(page: Page, event: Event) -> Iterator[Reply]:
    stage, __, name = str(event["id"]).partition(".")
    text = str(event["value"])
    try:
        weight = normalise_weight(text or "0")
    except ValueError:
        raise build_app_error(
            _('"{typed}" is not a weight. Write a number of zero or more, for example 2.', typed=text),
        ) from None
    weights = {**page.state.weights, (int(stage), name): weight}
    return page.move_to(without_written(page.scenario, replace(page.state, weights=weights)), event)


def _fix_dossier(page: Page, event: Event) -> Iterator[Reply]:
    asked = event["value"]
    name, inside = str(asked["dossier"]).strip(), asked["side"] == "in"
    reason = " ".join(str(asked["reason"]).split())[:MOST_REASON]
    table = page.scenario.portfolio.table
    row = table.filter(table["dossier"] == name)
    if not row.height:
        text = describe_unknown(_p("unknown", "application"), name, table["dossier"].to_list())
        raise build_app_error(Capitalised(text))
    if not reason:
        raise build_app_error(_("Give the reason of the decision."))
    if not inside and row["committed_cents"][0] is not None:
        raise build_app_error(
            _('The application "{name}" is committed already: it cannot be refused.', name=name),
        )
    forced = {**page.state.forced, name: Forced(name, inside, reason)}
    return page.move_to(replace(page.state, forced=forced), event)


def _release_dossier(page: Page, event: Event) -> Iterator[Reply]:
    forced = {name: one for name, one in page.state.forced.items() if name != event["id"]}
    return page.move_to(replace(page.state, forced=forced), event)


def _remove_setting(page: Page, event: Event) -> Iterator[Reply]:
    sets = {path: text for path, text in page.state.sets.items() if path != event["id"]}
    return page.move_to(replace(page.state, sets=sets), event)


def _repair(page: Page, event: Event) -> Iterator[Reply]:
    repairs = () if page.conflict is None else page.conflict.repairs
    lines = repairs[int(event["id"])].set or ()
    if "\n".join(lines) != event["value"]:  # the button belongs to an earlier conflict
        raise ValueError(event["value"])
    return page.move_to(with_set_lines(page.scenario, page.state, lines), event)


def _solve_longer(page: Page, event: Event) -> Iterator[Reply]:
    """Solve the same settings with more time."""
    page.take_answer(page.desk.optimise_state(page.state, LONG, page.cancellation, page.last_answer))
    yield page.reply_with_answer(None, soft=False, done=True)


def _restore_settings(page: Page, event: Event) -> Iterator[Reply]:
    return page.move_to(State() if page.last_answer is None else page.last_answer.state, event)


def _reset(page: Page, event: Event) -> Iterator[Reply]:
    return page.move_to(State(), event)


def _build_view_handler(key: str) -> Handler:
    """Return a handler of a view setting; other settings stay, the list restarts."""

    def look(page: Page, event: Event) -> Iterator[Reply]:
        value = str(event["value"])
        allowed = {"show": SHOWS, "present": ("", "1")}.get(key)
        if allowed is not None and value not in allowed:
            raise ValueError(value)
        return page.move_to(replace(page.state, rows=FIRST_ROWS, **{key: value}), event)  # type: ignore[arg-type]

    return look


def _remove_filters(page: Page, event: Event) -> Iterator[Reply]:
    state = replace(page.state, rows=FIRST_ROWS, **dict.fromkeys(FILTERS, ""))  # type: ignore[arg-type]
    return page.move_to(state, event)


def _open_step_before(page: Page, event: Event) -> Iterator[Reply]:
    return _move_in_history(page, event, -1)


def _open_step_after(page: Page, event: Event) -> Iterator[Reply]:
    return _move_in_history(page, event, 1)


def _move_in_history(page: Page, event: Event, by: int) -> Iterator[Reply]:
    if not page.history.can_go(by):
        raise build_app_error(
            _("There is nothing to undo.") if by < 0 else _("There is nothing to do again."),
        )
    return page.set_step(page.history.shift(by), event)


def _open_step(page: Page, event: Event) -> Iterator[Reply]:
    return page.set_step(page.history.shift(int(event["value"]) - page.history.at), event)


def _set_step_name(page: Page, event: Event) -> Iterator[Reply]:
    name = " ".join(str(event["value"]["name"]).split())[:MOST_STEP_NAME]
    page.history = page.history.set_name(name)
    sentence = (
        _('This step is now the variant "{name}".', name=name)
        if name
        else _("This step has no name any more.")
    )
    yield page.reply(text=sentence, kind="good", done=True)


def _show_variants(page: Page, event: Event) -> Iterator[Reply]:
    """Show the variants side by side, or no more."""
    value = str(event["value"])
    if value not in ("", "1"):
        raise ValueError(value)
    page.state = replace(page.state, beside=value)
    page.compute_cancelled_answer()
    if value and not page.has_complete_panel:
        try:
            for panel in generate_panels(page.drawer, page.desk, page.history, page.cancellation):
                page.beside = panel
                yield page.reply_with_answer(None, soft=True, done=False)
        except TntError:
            page.state = replace(page.state, beside="")
            raise
    yield page.reply_with_answer(None, soft=False, done=True)


def _compare_steps(page: Page, event: Event) -> Iterator[Reply]:
    """Compare two steps: who enters, who leaves, and the totals."""
    places = [int(event["value"][key]) for key in ("one", "other")]
    if places[0] == places[1]:
        raise build_app_error(_("Choose two different steps."))
    sides = []
    for place in places:
        step = page.history.shift(place - page.history.at).present
        answer = page.desk.optimise_state(step.state, QUICK, page.cancellation)
        if not isinstance(answer, LiveAnswer):
            raise build_app_error(_("These settings have no allocation: nothing to compare."))
        words = step.name or Capitalised(step.label).in_(page.lang)
        sides.append((f"{place + 1}. {words}", answer))
    yield page.reply(
        text=_('Compared: the result stands below "Keep and compare".'),
        kind="good",
        done=True,
        parts={"comparison": compare_answers(sides, page.lang)},
    )


def _set_share(page: Page, event: Event) -> Iterator[Reply]:
    if event["value"] not in SHARES:
        raise ValueError(event["value"])
    return page.move_to(replace(page.state, share=str(event["value"])), event)


def _show_more_rows(page: Page, event: Event) -> Iterator[Reply]:
    return page.move_to(replace(page.state, rows=page.state.rows + FIRST_ROWS), event)


def _open_address(page: Page, event: Event) -> Iterator[Reply]:
    """Open an address, or go back to one; its invalid parts are reported.

    The first one may bring the steps that the browser kept of this tab.
    """
    if event.get("first") is True and event.get("steps"):
        with suppress(ValueError, TypeError, LookupError):  # of another version: the address is enough
            page.history = restore_history(page.scenario, event["steps"])
    state, refused = decode(str(event["value"]))
    state, strange = exclude_unknown(page.scenario, state)
    sentences = [*refused, *strange]
    more = None
    if sentences:
        more = Capitalised(_("{sentences}", sentences=Items(sentences, "")))
    return page.move_to(state, event, more, goes_back=True)


def _open_view(page: Page, __: Event) -> Iterator[Reply]:
    """Bring a view that begins with the frame to the present settings, without a step."""
    page.return_to_frame()
    page.compute_cancelled_answer()
    yield page.reply_with_answer(None, soft=True, done=True)


def _save(page: Page, event: Event) -> Iterator[Reply]:
    target = save(page.scenario, page.state, str(event["value"]["name"]))
    yield page.reply(text=_('Saved: "{target_name}".', target_name=target.name), kind="good", done=True)


def _compare(page: Page, event: Event) -> Iterator[Reply]:
    page.compute_cancelled_answer()
    if page.last_answer is None or page.trouble is not None:
        raise build_app_error(
            _("These settings have no allocation: nothing to compare."),
        )
    file = str(event["value"]["file"])
    html = render_comparison(page.scenario, page.last_answer, file, page.lang)
    said = _('Compared with "{file}".', file=file)
    yield page.reply(text=said, kind="good", done=True, parts={"comparison": html})


def _export(page: Page, __: Event) -> Iterator[Reply]:
    if page.trouble is not None:
        raise build_app_error(
            _("These settings have no allocation: nothing to export."),
        )
    folder, data = export_workbook(page.scenario, page.state, page.lang)
    yield page.reply(
        text=_(
            'The workbook is ready; the run and its proofs are in "{parent_name}/{folder_name}".',
            parent_name=folder.parent.name,
            folder_name=folder.name,
        ),
        kind="good",
        done=True,
        download={"name": f"{folder.name}.xlsx", "type": XLSX},
        data=data,
    )


Handler = Callable[[Page, Event], Iterator[Reply]]
_DO: Mapping[str, Handler] = {
    "amount": _set_amount, "box": _set_box_amount, "rule": _switch_rule, "weight": _set_weight,
    "force": _fix_dossier, "free": _release_dossier, "unset": _remove_setting, "repair": _repair,
    "back": _restore_settings, "longer": _solve_longer, "reset": _reset, "share": _set_share,
    "more": _show_more_rows, "undo": _open_step_before, "redo": _open_step_after, "step": _open_step,
    "beside": _show_variants, "curve": _draw_curve, "name": _set_step_name, "pair": _compare_steps,
    "search": _build_view_handler("search"), "show": _build_view_handler("show"),
    "department": _build_view_handler("department"), "envelope": _build_view_handler("envelope"),
    "present": _build_view_handler("present"), "unfilter": _remove_filters,
    "address": _open_address, "open": _open_view, "save": _save, "compare": _compare, "export": _export,
}  # fmt: skip
