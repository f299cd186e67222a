"""Controller of the page: receives events, yields replies; independent of the widget.

Page.receive(event) → replies, each {parts, values, address, said, kind, done, download}

A page is a few hundred kilobytes beside what all pages of a scenario share: `Page.open_again` costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup

from tnt_sim.app import page_settings
from tnt_sim.app.downloads import (
    build_app_error,
    compare_answers,
    export_workbook,
    list_variants,
    render_comparison,
    save,
)
from tnt_sim.app.history import PageHistory, describe_step
from tnt_sim.app.live_answers import (
    LONG,
    QUICK,
    AnswerSuperseded,
    LiveAnswer,
    LiveAnswers,
    LiveConflict,
    SettledClashes,
    describe_defect,
)
from tnt_sim.app.page_state import FIRST_ROWS, SHOWS, Forced, State, decode, encode, normalise_weight
from tnt_sim.app.page_text import PAGE, SHARES
from tnt_sim.app.panels import (
    Before,
    Drawer,
    list_departments,
    render_conflicts,
    render_list,
    round_to_hundredths,
)
from tnt_sim.app.scenario_changes import (
    describe_unknown,
    exclude_unknown,
    move_amount,
    with_set_lines,
    without_written,
)
from tnt_sim.deadline import Cancellation
from tnt_sim.errors import ScenarioError, TntError
from tnt_sim.i18n.message import Lang, Text, _, capitalise_text
from tnt_sim.i18n.numbers import format_day
from tnt_sim.i18n.parameters import Items, Number
from tnt_sim.reporting.report_tree import SYNTHETIC
from tnt_sim.reporting.text import vocabulary
from tnt_sim.scenario.scenario import ScenarioData, is_synthetic

Event = Mapping[str, Any]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_REASON, MOST_STEP_NAME = 300, 60


@dataclass(frozen=True)
class Reply:
    """Message to the browser; `data` are the bytes of `download`."""

    document: Mapping[str, Any]
    data: bytes | None = field(default=None, repr=False)


class Page:
    """One open page.

    Parameters
    ----------
    scenario : as written, from a file
    lang : language of the page

    Attributes
    ----------
    state : the settings, even if infeasible
    shown : the answer displayed: the latest one with an allocation
    last : the answer before the last change
    """

    def __init__(self, scenario: ScenarioData, lang: Lang) -> None:
        self.scenario, self.lang = scenario, lang
        self.desk = LiveAnswers(scenario)
        self.axes = page_settings.list_axes(scenario)
        self.state = State()
        self.last_answer: LiveAnswer | None = None
        self.last: LiveAnswer | None = None
        self.written: LiveAnswer | None = None
        self.trouble: LiveConflict | None = None
        self._conflict: SettledClashes | None = None
        self._drawer = Drawer.from_lang(lang)
        self._moving = ""
        self._settled: State | None = None
        self.history = PageHistory()
        self._step_key = ""
        self._cancellation = Cancellation()
        self._take(self.desk.optimise_state(self.state))
        self.written = self.last_answer
        if self.trouble is not None and self.trouble.clash:
            self._conflict = self._find_conflicts()
        self._sent = self._render_fragments()
        self.frame = self._render_frame()

    def open_again(self) -> Page:
        """Return another page as this one opened; both share the answers, and no setting.

        Only before the first event: everything that a page holds is replaced, never changed in place.
        """
        return copy(self)

    def receive(self, event: Event, cancellation: Cancellation | None = None) -> Iterator[Reply]:
        """Process one event of the browser; the last reply has `done`.

        An event that is cancelled keeps its settings without an answer; the next event computes it.
        """
        before, history = self.state, self.history
        self._cancellation = cancellation or Cancellation()
        try:
            yield from _DO[str(event.get("do"))](self, event)
        except AnswerSuperseded:
            yield Reply({"parts": {}, "done": True})
        except TntError as error:
            yield from self._refuse(error)
        except (LookupError, ValueError, TypeError, AttributeError):
            self.state, self.history = before, history
            yield self._reply(text=_UNREADABLE, kind="bad", done=True)

    def _refuse(self, error: TntError) -> Iterator[Reply]:
        """Say what is wrong with an event, beside the answer to the settings that stay."""
        with suppress(AnswerSuperseded):
            self._compute_cancelled_answer()
        yield self._reply(text=error.text, kind="bad", done=True)

    def _compute_cancelled_answer(self) -> None:
        """Compute the answer to settings whose event was cancelled, if there are such settings."""
        if self.state.settings != self._settled:
            before = self.last_answer
            self._take(self.desk.optimise_state(self.state, QUICK, self._cancellation))
            if self.last_answer is not before:
                self.last = before

    def build_failure_reply(self, error: Exception) -> Reply:
        """Return the reply to a failure of the program; the settings may have changed, the answer has not."""
        what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        sentence = _(
            "Unexpected failure ({failure}). Reload the page; if it comes back, send its address.",
            failure=what,
        )
        return Reply({"said": sentence.in_(self.lang), "kind": "bad", "done": True})

    def _to(
        self, state: State, event: Event, text: Text | None = None, *, goes_back: bool = False
    ) -> Iterator[Reply]:
        """Change to other settings; a mere change of view is not re-optimised.

        `soft` events belong to one movement and count as one change; `goes_back`: the address is
        already there.
        """
        key, moves = f"{event.get('do')} {event.get('id')}", bool(event.get("soft"))
        soft = moves or goes_back
        same = state.settings == self._settled
        before = self.last_answer
        self._record_step(state, event, goes_back=goes_back)
        self.state = state
        if not same:
            self._take(self.desk.optimise_state(state, QUICK, self._cancellation))
            begun = self._moving == key
            if not begun and self.last_answer is not before:
                self.last, begun = before, True
            self._moving = key if moves and begun else ""
        clash = self.trouble is not None and self.trouble.clash and self._conflict is None
        yield self._reply_with_answer(text, soft=soft, done=not clash)
        if clash:
            self._conflict = self._find_conflicts()
            yield self._reply_with_answer(text, soft=soft, done=True)

    def _record_step(self, state: State, event: Event, *, goes_back: bool) -> None:
        """Add the new settings to the history, or go to the step that has them already.

        Events of one movement are one step, also where some of them were cancelled.
        """
        history, key = self.history, f"{event.get('do')} {event.get('id')}"
        begun, self._step_key = self._step_key == key, key if event.get("soft") else ""
        if state.settings == history.present.state.settings:
            return
        known = history.find(state) if goes_back else None
        if known is None:
            label = describe_step(self.scenario, history.present.state, state, str(event.get("id")))
            known = history.add(state.settings, label, replaces=begun)
        self.history = known

    def _set_step(self, history: PageHistory, event: Event) -> Iterator[Reply]:
        """Set the settings of a step; the view stays."""
        self.history, settings, view = history, history.present.state, self.state
        state = replace(
            settings,
            share=view.share,
            search=view.search,
            show=view.show,
            department=view.department,
            rows=view.rows,
        )
        yield from self._to(state, event)

    def _take(self, answer: LiveAnswer | LiveConflict) -> None:
        self._conflict, self._settled = None, answer.state.settings
        self.trouble = answer if isinstance(answer, LiveConflict) else None
        if isinstance(answer, LiveAnswer):
            if self.last_answer is None:
                self._drawer = Drawer.of(answer, self.lang)
            self.last_answer = answer

    def _find_conflicts(self) -> SettledClashes:
        try:
            return self.desk.find_conflicts(self.state, self._cancellation)
        except TntError as error:
            if isinstance(error, ScenarioError) and self.trouble is not None:  # say at least what is wrong
                sentences = tuple(map(describe_defect, error.defects_found()))
                self.trouble = replace(self.trouble, sentences=sentences, clash=False)
            return SettledClashes()

    def _reply_with_answer(self, text: Text | None, *, soft: bool, done: bool) -> Reply:
        bad = self.trouble is not None
        sentence = text or (
            PAGE["trouble"] if bad or self.last_answer is None else _describe_proof(self.last_answer)
        )
        sure = self.last_answer is not None and self.last_answer.sure
        kind = "bad" if bad else "note" if text or not sure else "good"
        return self._reply(text=sentence, kind=kind, done=done, soft=soft)

    def _reply(self, *, text: Text, kind: str, done: bool, soft: bool = False, **more: Any) -> Reply:
        """Return what changed since the last reply, with a sentence."""
        members = self._render_fragments()
        changed = {name: html for name, html in members.items() if self._sent.get(name) != html}
        self._sent = {**self._sent, **members}
        data = more.pop("data", None)
        document = {
            "parts": {**changed, **more.pop("parts", {})},
            "values": page_settings.build_input_values(self.scenario, self.axes, self.state, self.lang),
            "address": encode(self.state),
            "soft": soft,
            "said": text.in_(self.lang),
            "kind": kind,
            "done": done,
            **more,
        }
        return Reply(document, data)

    def _render_fragments(self) -> dict[str, str]:
        drawer, answer = self._drawer, self.last_answer
        result = {
            "trouble": render_conflicts(drawer, self.trouble, self._conflict, held=answer is not None),
            "forced": page_settings.render_forced(drawer, self.state),
            "history": drawer.render_macro("history", self._describe_history()),
            "variants": drawer.render_macro("variants", self._describe_history()),
            "saved": drawer.render_macro("saved", {"files": list_variants(self.scenario)}),
            **page_settings.render_axes(drawer, self.axes, self.state, answer),
        }
        if answer is None:
            return {**dict.fromkeys(("band", "totals", "moves", "map", "departments", "list"), ""), **result}
        answers = drawer.render_answer(answer, Before(self.last, self.written))
        if self.trouble is not None:
            answers["band"] = drawer.render_band(answer, stale=True)
        return {**result, **answers, "list": render_list(drawer, answer, self.last, self.state)}

    def _describe_history(self) -> dict[str, object]:
        history = self.history
        steps = [
            {
                "k": k,
                "words": step.name or capitalise_text(step.label).in_(self.lang),
                "name": step.name,
                "here": k == history.at,
            }
            for k, step in enumerate(history.steps)
        ]
        return {
            "steps": steps,
            "variants": [steps[k] for k in history.variants],
            "undo": history.can_go(-1),
            "redo": history.can_go(1),
            "other": max(0, history.at - 1),
            "at": history.at,
        }

    def _render_frame(self) -> str:
        """Return the whole page as it opens."""
        scenario, lang = self.scenario, self.lang
        spec, unit = scenario.spec, page_settings.select_unit(self.axes)
        values = page_settings.format_axis_values(self.axes, self.state, lang)
        axes = [
            {
                "k": axis.k, "id": axis.id, "title": axis.title, "below": axis.below, "top": axis.k == 0,
                "unit": unit[0], "step": page_settings.compute_step(axis.written_cents),
                "box": values[f"box-{axis.k}"]["value"], **values[f"amount-{axis.k}"],
                "told": Markup(self._sent[f"axis-{axis.k}"]),
            }
            for axis in self.axes
        ]  # fmt: skip
        shows = [(key, PAGE[f"show_{key}"].in_(lang)) for key in SHOWS]
        document = {
            "title": scenario.title,
            "own": spec.locale,
            "day": format_day(spec.date.isoformat(), lang) if spec.date else "",
            "synthetic": SYNTHETIC.in_(lang) if is_synthetic(scenario) else "",
            "parts": {name: Markup(html) for name, html in self._sent.items()},
            "axes": axes,
            "share": self.state.share,
            "shares": [(key, text.in_(lang)) for key, text in SHARES.items()],
            "rules": page_settings.describe_rules(scenario, self.state, lang),
            "stages": page_settings.describe_stages(scenario, self.state, lang),
            "shows": shows,
            "departments": list_departments(self._drawer, scenario.portfolio.table),
        }
        return self._drawer.render_macro("frame", document)


_UNREADABLE = _("What was entered makes no sense: nothing is changed.")


def _describe_proof(answer: LiveAnswer) -> Text:
    """Write the evidence next to the totals: « Prouvé en 0,18 s »."""
    proof = "" if answer.proof is None else answer.proof.value
    name = vocabulary.PROOF.get(proof, vocabulary.PROOF["FEASIBLE_GAP"])
    seconds = Number(round_to_hundredths(answer.seconds))
    return capitalise_text(_("{proof}, in {seconds} s", proof=name, seconds=seconds))


def _set_amount(page: Page, event: Event) -> Iterator[Reply]:
    cents = int(event["value"])
    return page._to(move_amount(page.scenario, page.state, str(event["id"]), cents), event)


def _set_box_amount(page: Page, event: Event) -> Iterator[Reply]:
    text = str(event["value"])
    try:
        cents = page_settings.parse_box(text, page_settings.select_unit(page.axes))
    except ValueError:
        raise build_app_error(
            _('"{typed}" is not an amount. Write for example 31.5 or 31.5 M€.', typed=text),
        ) from None
    return page._to(move_amount(page.scenario, page.state, str(event["id"]), cents), event)


def _switch_rule(page: Page, event: Event) -> Iterator[Reply]:
    rules = {**page.state.rules, str(event["id"]): event["value"] is True}
    return page._to(without_written(page.scenario, replace(page.state, rules=rules)), event)


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
    return page._to(without_written(page.scenario, replace(page.state, weights=weights)), event)


def _fix_dossier(page: Page, event: Event) -> Iterator[Reply]:
    asked = event["value"]
    name, inside = str(asked["dossier"]).strip(), asked["side"] == "in"
    reason = " ".join(str(asked["reason"]).split())[:MOST_REASON]
    table = page.scenario.portfolio.table
    row = table.filter(table["dossier"] == name)
    if not row.height:
        text = describe_unknown(_("dossier"), name, table["dossier"].to_list())
        raise build_app_error(capitalise_text(text))
    if not reason:
        raise build_app_error(_("Give the reason of the decision."))
    if not inside and row["committed_cents"][0] is not None:
        raise build_app_error(
            _('The dossier "{name}" is committed already: it cannot be refused.', name=name),
        )
    forced = {**page.state.forced, name: Forced(name, inside, reason)}
    return page._to(replace(page.state, forced=forced), event)


def _release_dossier(page: Page, event: Event) -> Iterator[Reply]:
    forced = {name: one for name, one in page.state.forced.items() if name != event["id"]}
    return page._to(replace(page.state, forced=forced), event)


def _remove_setting(page: Page, event: Event) -> Iterator[Reply]:
    sets = {path: text for path, text in page.state.sets.items() if path != event["id"]}
    return page._to(replace(page.state, sets=sets), event)


def _repair(page: Page, event: Event) -> Iterator[Reply]:
    repairs = () if page._conflict is None else page._conflict.repairs
    lines = repairs[int(event["id"])].set or ()
    if "\n".join(lines) != event["value"]:  # the button belongs to an earlier conflict
        raise ValueError(event["value"])
    return page._to(with_set_lines(page.scenario, page.state, lines), event)


def _solve_longer(page: Page, event: Event) -> Iterator[Reply]:
    """Solve the same settings with more time."""
    page._take(page.desk.optimise_state(page.state, LONG, page._cancellation))
    yield page._reply_with_answer(None, soft=False, done=True)


def _restore_settings(page: Page, event: Event) -> Iterator[Reply]:
    return page._to(State() if page.last_answer is None else page.last_answer.state, event)


def _reset(page: Page, event: Event) -> Iterator[Reply]:
    return page._to(State(), event)


def _build_view_handler(key: str) -> Handler:
    """Return a handler of a view setting; other settings stay, the list restarts."""

    def look(page: Page, event: Event) -> Iterator[Reply]:
        value = str(event["value"])
        if key == "show" and value not in SHOWS:
            raise ValueError(value)
        return page._to(replace(page.state, rows=FIRST_ROWS, **{key: value}), event)  # type: ignore[arg-type]

    return look


def _open_step_before(page: Page, event: Event) -> Iterator[Reply]:
    return _move_in_history(page, event, -1)


def _open_step_after(page: Page, event: Event) -> Iterator[Reply]:
    return _move_in_history(page, event, 1)


def _move_in_history(page: Page, event: Event, by: int) -> Iterator[Reply]:
    if not page.history.can_go(by):
        raise build_app_error(
            _("There is nothing to undo.") if by < 0 else _("There is nothing to do again."),
        )
    return page._set_step(page.history.shift(by), event)


def _open_step(page: Page, event: Event) -> Iterator[Reply]:
    return page._set_step(page.history.shift(int(event["value"]) - page.history.at), event)


def _set_step_name(page: Page, event: Event) -> Iterator[Reply]:
    name = " ".join(str(event["value"]["name"]).split())[:MOST_STEP_NAME]
    page.history = page.history.set_name(name)
    sentence = (
        _('This step is now the variant "{name}".', name=name)
        if name
        else _("This step has no name any more.")
    )
    yield page._reply(text=sentence, kind="good", done=True)


def _compare_steps(page: Page, event: Event) -> Iterator[Reply]:
    """Compare two steps: who enters, who leaves, and the totals."""
    places = [int(event["value"][key]) for key in ("one", "other")]
    if places[0] == places[1]:
        raise build_app_error(_("Choose two different steps."))
    sides = []
    for place in places:
        step = page.history.shift(place - page.history.at).present
        answer = page.desk.optimise_state(step.state, QUICK, page._cancellation)
        if not isinstance(answer, LiveAnswer):
            raise build_app_error(_("These settings have no allocation: nothing to compare."))
        words = step.name or capitalise_text(step.label).in_(page.lang)
        sides.append((f"{place + 1}. {words}", answer))
    yield page._reply(
        text=_('Compared: the result stands below "Keep and compare".'),
        kind="good",
        done=True,
        parts={"comparison": compare_answers(sides, page.lang)},
    )


def _set_share(page: Page, event: Event) -> Iterator[Reply]:
    if event["value"] not in SHARES:
        raise ValueError(event["value"])
    return page._to(replace(page.state, share=str(event["value"])), event)


def _show_more_rows(page: Page, event: Event) -> Iterator[Reply]:
    return page._to(replace(page.state, rows=page.state.rows + FIRST_ROWS), event)


def _open_address(page: Page, event: Event) -> Iterator[Reply]:
    """Open an address, or go back to one; its invalid parts are reported."""
    state, refused = decode(str(event["value"]))
    state, strange = exclude_unknown(page.scenario, state)
    sentences = [*refused, *strange]
    more = None
    if sentences:
        more = capitalise_text(_("{sentences}", sentences=Items(sentences, "")))
    return page._to(state, event, more, goes_back=True)


def _save(page: Page, event: Event) -> Iterator[Reply]:
    target = save(page.scenario, page.state, str(event["value"]["name"]))
    yield page._reply(text=_('Saved: "{target_name}".', target_name=target.name), kind="good", done=True)


def _compare(page: Page, event: Event) -> Iterator[Reply]:
    page._compute_cancelled_answer()
    if page.last_answer is None or page.trouble is not None:
        raise build_app_error(
            _("These settings have no allocation: nothing to compare."),
        )
    file = str(event["value"]["file"])
    html = render_comparison(page.scenario, page.last_answer, file, page.lang)
    said = _('Compared with "{file}".', file=file)
    yield page._reply(text=said, kind="good", done=True, parts={"comparison": html})


def _export(page: Page, __: Event) -> Iterator[Reply]:
    if page.trouble is not None:
        raise build_app_error(
            _("These settings have no allocation: nothing to export."),
        )
    folder, data = export_workbook(page.scenario, page.state, page.lang)
    yield page._reply(
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
    "name": _set_step_name, "pair": _compare_steps,
    "search": _build_view_handler("search"), "show": _build_view_handler("show"),
    "department": _build_view_handler("department"),
    "address": _open_address, "save": _save, "compare": _compare, "export": _export,
}  # fmt: skip
