"""An open page: its settings, its answers, what each part of it shows, and the replies that change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Self

from markupsafe import Markup

from tnt_sim.app import page_settings
from tnt_sim.app.amount_curve import AmountCurve
from tnt_sim.app.downloads import list_variants
from tnt_sim.app.history import PageHistory, describe_settings, describe_step, dump_history
from tnt_sim.app.live_answers import (
    QUICK,
    LiveAnswer,
    LiveAnswers,
    LiveConflict,
    SettledClashes,
    describe_defect,
)
from tnt_sim.app.page_state import State, encode
from tnt_sim.app.page_text import PAGE, SHARES
from tnt_sim.app.panels.conflict_panel import render_conflicts
from tnt_sim.app.panels.curve_panel import render_curve
from tnt_sim.app.panels.dossier_list import describe_filters, render_list
from tnt_sim.app.panels.result_panels import Before, Drawer, list_departments, round_to_hundredths
from tnt_sim.app.panels.variant_panel import VariantPanel, build_panel_key
from tnt_sim.deadline import Cancellation
from tnt_sim.engine.run_folder.own_folder import is_in_own_folder
from tnt_sim.errors import ScenarioError, TntError
from tnt_sim.i18n.message import Capitalised, Lang, Text, _
from tnt_sim.i18n.numbers import format_day
from tnt_sim.i18n.parameters import Number
from tnt_sim.reporting.report_tree import SYNTHETIC
from tnt_sim.scenario.scenario import ScenarioData, is_synthetic
from tnt_sim.values.answer_values import Proof, Support

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """Message to the browser; `data` are the bytes of `download`."""

    document: Mapping[str, Any]
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MovedAmount:
    """An envelope moved one or more times in a row: the settings before, and those reached."""

    envelope: str
    base: State
    latest: State


class OpenPage:
    """One open page, without its events.

    Parameters
    ----------
    scenario : as written, from a file
    lang : language of the page
    desk : what answers; by default its own

    Attributes
    ----------
    state : the settings, even if infeasible
    shown : the answer displayed: the latest one with an allocation
    last : the answer before the last change
    """

    def __init__(self, scenario: ScenarioData, lang: Lang, desk: LiveAnswers | None = None) -> None:
        self.scenario, self.lang = scenario, lang
        self.desk = desk or LiveAnswers(scenario)
        self.axes = page_settings.list_axes(scenario)
        self.state = State()
        self.last_answer: LiveAnswer | None = None
        self.last: LiveAnswer | None = None
        self.written: LiveAnswer | None = None
        self.trouble: LiveConflict | None = None
        self.conflict: SettledClashes | None = None
        self.drawer = Drawer.from_lang(lang)
        self._moving = ""
        self._settled: State | None = None
        self.history = PageHistory()
        self.moved: MovedAmount | None = None
        self.curve: AmountCurve | None = None
        self.beside: VariantPanel | None = None
        self._sent_history = self.history
        self._step_key = ""
        self.cancellation = Cancellation()
        self.take_answer(self.desk.optimise_state(self.state))
        self.written = self.last_answer
        if self.trouble is not None and self.trouble.clash:
            self.conflict = self._find_conflicts()
        self._sent = self._drawn = self._render_fragments()
        self.frame = self._render_frame()

    def open_again(self) -> Self:
        """Return another page as this one opened; both share the answers, and no setting.

        Only before the first event: everything that a page holds is replaced, never changed in place.
        """
        return copy(self)

    def return_to_frame(self) -> None:
        """Let the next reply hold all that has changed since the frame, for a view that begins with it."""
        self._sent = self._drawn

    def get_amount_base(self, envelope: str) -> State:
        """Return the settings in which an envelope moves: those before the first of its moves in a row.

        So an envelope that comes back to its amount brings back all that followed it.
        """
        moved = self.moved
        if (
            moved is not None
            and moved.envelope == envelope
            and moved.latest == self.state.settings
            and moved.base.share == self.state.share
        ):
            return moved.base
        return replace(self.state.settings, share=self.state.share)

    @property
    def has_curve(self) -> bool:
        """Whether the curve belongs to the present settings."""
        curve = self.curve
        if curve is None or self.trouble is not None:
            return False
        return curve.base == self.get_amount_base(curve.envelope)

    def compute_cancelled_answer(self) -> None:
        """Compute the answer to settings whose event was cancelled, if there are such settings."""
        if self.state.settings != self._settled:
            before = self.last_answer
            self.take_answer(self.desk.optimise_state(self.state, QUICK, self.cancellation, before))
            if self.last_answer is not before:
                self.last = before

    def move_to(
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
            begun = self._moving == key
            for answer in self.desk.generate_answers(state, self.cancellation, before):
                self.take_answer(answer)
                if not begun and self.last_answer is not before:
                    self.last, begun = before, True
                if self._is_sought:
                    yield self.reply_with_answer(text, soft=soft, done=False)
            self._moving = key if moves and begun else ""
        clash = self.trouble is not None and self.trouble.clash and self.conflict is None
        yield self.reply_with_answer(text, soft=soft, done=not clash)
        if clash:
            self.conflict = self._find_conflicts()
            yield self.reply_with_answer(text, soft=soft, done=True)

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

    def set_step(self, history: PageHistory, event: Event) -> Iterator[Reply]:
        """Set the settings of a step; the view stays."""
        self.history = history
        state = history.present.state.with_view_of(self.state)
        yield from self.move_to(state, event)

    def take_answer(self, answer: LiveAnswer | LiveConflict) -> None:
        self.conflict = None
        self._settled = answer.state.settings
        self.trouble = answer if isinstance(answer, LiveConflict) else None
        if isinstance(answer, LiveAnswer):
            if self.last_answer is None:
                self.drawer = Drawer.of(answer, self.lang)
            self.last_answer = answer
            if answer.is_sought:
                self._settled = None

    @property
    def _is_sought(self) -> bool:
        return self.trouble is None and self.last_answer is not None and self.last_answer.is_sought

    @property
    def _answer_state(self) -> str:
        """State of the answer: "" for the present settings, "sought" while the search goes on.

        "held": that of other settings, until theirs is there; "struck": the same where theirs have none.
        """
        if self.trouble is not None:
            return "held" if self.trouble.stopped else "struck"
        return "sought" if self._is_sought else ""

    def _find_conflicts(self) -> SettledClashes:
        try:
            return self.desk.find_conflicts(self.state, self.cancellation)
        except TntError as error:
            if isinstance(error, ScenarioError) and self.trouble is not None:  # say at least what is wrong
                sentences = tuple(map(describe_defect, error.defects_found()))
                self.trouble = replace(self.trouble, sentences=sentences, clash=False)
            return SettledClashes()

    def reply_with_answer(self, text: Text | None, *, soft: bool, done: bool) -> Reply:
        bad = self.trouble is not None
        sentence = text or (
            PAGE["trouble"]
            if bad or self.last_answer is None
            else PAGE["sought"]
            if self._is_sought
            else _describe_proof(self.last_answer)
        )
        sure = self.last_answer is not None and self.last_answer.sure
        kind = "bad" if bad else "note" if text or not sure else "good"
        return self.reply(text=sentence, kind=kind, done=done, soft=soft)

    def reply(self, *, text: Text, kind: str, done: bool, soft: bool = False, **more: Any) -> Reply:
        """Return what changed since the last reply, with a sentence."""
        members = self._render_fragments()
        changed = {name: html for name, html in members.items() if self._sent.get(name) != html}
        self._sent = {**self._sent, **members}
        data = more.pop("data", None)
        document = {
            "parts": {**changed, **more.pop("parts", {})},
            "values": page_settings.build_input_values(self.scenario, self.axes, self.state, self.lang),
            "address": encode(self.state),
            "answer": self._answer_state,
            "soft": soft,
            "said": text.in_(self.lang),
            "kind": kind,
            "done": done,
            **more,
        }
        if self.history is not self._sent_history:
            self._sent_history = self.history
            document["steps"] = dump_history(self.history, self.lang)
        if done and self.state.beside and not self.has_complete_panel:
            document["then"] = {"do": "beside", "value": "1"}
        return Reply(document, data)

    @property
    def has_complete_panel(self) -> bool:
        """Whether the variants side by side are those of the history, with the causes of their moves."""
        panel = self.beside
        return panel is not None and panel.is_complete and panel.key == build_panel_key(self.history)

    def _render_fragments(self) -> dict[str, str]:
        drawer, answer = self.drawer, self.last_answer
        result = {
            "trouble": render_conflicts(drawer, self.trouble, self.conflict, held=answer is not None),
            "forced": page_settings.render_forced(drawer, self.state),
            "history": drawer.render_macro("history", self._describe_history()),
            "variants": drawer.render_macro("variants", self._describe_history()),
            "beside": self._get_variant_panel(),
            "saved": drawer.render_macro("saved", {"files": list_variants(self.scenario)}),
            "filters": drawer.render_macro(
                "filters", describe_filters(drawer, answer, self.last, self.state)
            ),
            **page_settings.render_axes(drawer, self.axes, self.state, answer),
            **self._render_curves(),
        }
        if answer is None:
            return {
                **dict.fromkeys(("band", "other", "totals", "moves", "map", "departments", "list"), ""),
                **result,
            }
        settings = describe_settings(self.scenario, answer.state)
        result["other"] = drawer.render_macro("other", settings.in_(self.lang))
        answers = drawer.render_answer(answer, Before(self.last, self.written), self.state.department)
        if self.trouble is not None:
            answers["band"] = drawer.render_band(answer, self.written, stale=True)
        return {**result, **answers, "list": render_list(drawer, answer, self.last, self.state)}

    def _get_variant_panel(self) -> str:
        panel = self.beside
        shown = panel is not None and self.state.beside and panel.key == build_panel_key(self.history)
        return panel.html if panel is not None and shown else ""

    def _render_curves(self) -> dict[str, str]:
        """Return what is under each slider: the curve of the one that was touched last."""
        result = {f"curve-{axis.k}": "" for axis in self.axes}
        curve, answer = self.curve, self.last_answer
        if curve is None or answer is None or not self.has_curve:
            return result
        axis = next(axis for axis in self.axes if axis.id == curve.envelope)
        cents = page_settings.get_amount(axis, self.state)
        step_cents = page_settings.compute_step(axis.written_cents)
        result[f"curve-{axis.k}"] = render_curve(self.drawer, curve, answer, cents, step_cents)
        return result

    def _describe_history(self) -> dict[str, object]:
        history = self.history
        steps = [
            {
                "k": k,
                "words": step.name or Capitalised(step.label).in_(self.lang),
                "name": step.name,
                "here": k == history.at,
            }
            for k, step in enumerate(history.steps)
        ]
        return {
            "steps": steps,
            "variants": [steps[k] for k in history.variants],
            "beside": self.state.beside,
            "undo": history.can_go(-1),
            "redo": history.can_go(1),
            "other": max(0, history.at - 1),
            "at": history.at,
        }

    def _render_frame(self) -> str:
        """Return the whole page as it opens."""
        scenario, lang = self.scenario, self.lang
        spec, (before, after) = scenario.spec, page_settings.list_unit_marks(self.axes, lang)
        values = page_settings.format_axis_values(self.axes, self.state, lang)
        axes = [
            {
                "k": axis.k, "id": axis.id, "title": axis.title, "below": axis.below, "top": axis.k == 0,
                "before": before, "after": after, "step": page_settings.compute_step(axis.written_cents),
                "box": values[f"box-{axis.k}"]["value"], **values[f"amount-{axis.k}"],
                "told": Markup(self._sent[f"axis-{axis.k}"]),
            }
            for axis in self.axes
        ]  # fmt: skip
        document = {
            "title": scenario.title,
            "answer": self._answer_state,
            "own": spec.locale,
            "day": format_day(spec.date.isoformat(), lang) if spec.date else "",
            "synthetic": SYNTHETIC.in_(lang) if is_synthetic(scenario) else "",
            "saves": not is_in_own_folder(scenario),
            "parts": {name: Markup(html) for name, html in self._sent.items()},
            "axes": axes,
            "share": self.state.share,
            "shares": [(key, text.in_(lang)) for key, text in SHARES.items()],
            "rules": page_settings.describe_rules(scenario, self.state, lang),
            "stages": page_settings.describe_stages(scenario, self.state, lang),
            "departments": list_departments(self.drawer, scenario.portfolio.table),
            "envelopes": [
                (spec.id, spec.title or spec.id) for spec, __ in spec.programme.walk_in_force(spec.date)
            ],
        }
        return self.drawer.render_macro("frame", document)


def _describe_proof(answer: LiveAnswer) -> Text:
    """Write the evidence next to the totals: « Prouvé en 0,18 s »."""
    name = Support(answer.proof or Proof.FEASIBLE_GAP)
    seconds = Number(round_to_hundredths(answer.seconds))
    return Capitalised(_("{proof}, in {seconds} s", proof=name, seconds=seconds))
