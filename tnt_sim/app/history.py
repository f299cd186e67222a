"""Steps of a page: settings one after the other, undone and done again; a step with a name is a variant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from tnt_sim.app.page_state import State, decode, encode
from tnt_sim.app.scenario_changes import exclude_unknown
from tnt_sim.i18n.message import Bilingual, Lang, Text, _
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.scenario.scenario import ScenarioData

MOST_STEPS = 100
"""Most steps of a page; one more drops the oldest without a name."""
MOST_STEP_NAME, MOST_LABEL, MOST_KEPT_CHARACTERS = 60, 300, 60_000
"""Most characters of a name, of the words of a step, and of all steps that a browser keeps."""
WRITTEN = _("The scenario as written")


@dataclass(frozen=True, slots=True)
class PageStep:
    """Settings that stood for a while, what led to them, and their name if they are a variant."""

    state: State
    label: Text = WRITTEN
    name: str = ""


@dataclass(frozen=True, slots=True)
class PageHistory:
    """Steps in order, and the place of the present one.

    Examples
    --------
    >>> more = PageHistory().add(State(share="free", rules={"cap": False}), WRITTEN)
    >>> len(more.steps), more.shift(-1).present.state == State()
    (2, True)
    """

    steps: tuple[PageStep, ...] = (PageStep(State()),)
    at: int = 0

    @property
    def present(self) -> PageStep:
        """Return the present step."""
        return self.steps[self.at]

    @property
    def variants(self) -> tuple[int, ...]:
        """Return the places of the steps with a name."""
        return tuple(k for k, step in enumerate(self.steps) if step.name)

    def can_go(self, by: int) -> bool:
        """Whether there is a step `by` steps further."""
        return 0 <= self.at + by < len(self.steps)

    def shift(self, by: int) -> PageHistory:
        """Return the history at another step."""
        if not self.can_go(by):
            raise IndexError(by)
        return replace(self, at=self.at + by)

    def add(self, state: State, label: Text, *, replaces: bool = False) -> PageHistory:
        """Add a step after the present one, drop what was undone, and put variants before both.

        `replaces`: the step goes on with the movement of the present one, and stands in its place.
        """
        before = self.steps[: self.at + 1]
        if replaces and len(before) > 1 and not before[-1].name:
            before = before[:-1]
        kept = tuple(step for step in self.steps[self.at + 1 :] if step.name)
        steps = (*before[:-1], *kept, before[-1], PageStep(state, label))
        unnamed = [k for k, step in enumerate(steps[:-1]) if not step.name]
        if len(steps) > MOST_STEPS and unnamed:
            steps = (*steps[: unnamed[0]], *steps[unnamed[0] + 1 :])
        return PageHistory(steps, len(steps) - 1)

    def find(self, state: State) -> PageHistory | None:
        """Return the history at the step with these settings that is nearest; None if there is none."""
        places = [k for k, step in enumerate(self.steps) if step.state.settings == state.settings]
        return replace(self, at=min(places, key=lambda k: abs(k - self.at))) if places else None

    def set_name(self, name: str) -> PageHistory:
        """Return the history with a name for the present step; without a name it is no variant any more."""
        step = replace(self.present, name=name)
        return replace(self, steps=(*self.steps[: self.at], step, *self.steps[self.at + 1 :]))


def dump_history(history: PageHistory, lang: Lang) -> dict[str, Any]:
    """Return the steps as a browser keeps them for its tab: settings, name and words of each, and the present one.

    Where they would be too long, the oldest steps without a name are left out.
    """
    steps = [(encode(step.state.settings), step.name, step.label.in_(lang)) for step in history.steps]
    at = history.at
    while sum(map(len, chain.from_iterable(steps))) > MOST_KEPT_CHARACTERS and len(steps) > 1:
        oldest = next((k for k, step in enumerate(steps) if not step[1] and k != at), 0)
        del steps[oldest]
        at -= oldest < at
    return {"at": at, "steps": steps}


def restore_history(scenario: ScenarioData, document: object) -> PageHistory:
    """Return the steps that a browser kept, without the settings that this scenario has no place for."""
    steps, at = list(document["steps"])[:MOST_STEPS], int(document["at"])  # type: ignore[index]
    restored = []
    for address, name, words in steps:
        state, __ = exclude_unknown(scenario, decode(str(address))[0])
        label = (
            WRITTEN if state.changes_nothing else Bilingual(str(words)[:MOST_LABEL], str(words)[:MOST_LABEL])
        )
        restored.append(PageStep(state.settings, label, str(name)[:MOST_STEP_NAME]))
    if not 0 <= at < len(restored):
        raise LookupError(at)
    return PageHistory(tuple(restored), at)


def describe_step(scenario: ScenarioData, before: State, after: State, envelope: str) -> Text:
    """Return what changed from one state to the next, in a few words.

    `envelope` is the one that was moved: others follow it.
    """
    if after.changes_nothing:
        return WRITTEN
    changes = dict(_list_changes(scenario, before, after))
    return changes.get(envelope) or next(iter(changes.values()), _("other values"))


def describe_settings(scenario: ScenarioData, state: State) -> Text:
    """Return the sentence that answers of these settings carry where they are not the present ones."""
    changes = [text for __, text in _list_changes(scenario, State(), state)]
    if state.sets or not (changes or state.changes_nothing):
        changes.append(_("other values"))
    return _("This answer is for other settings: {settings}.", settings=Items(changes or [WRITTEN], "; "))


def _list_changes(scenario: ScenarioData, before: State, after: State) -> Iterator[tuple[str, Text]]:
    """Yield what differs between two states: amounts, rules, decisions, then weights, with the name of each."""
    titles = {spec.id: spec.title or spec.id for spec, __ in scenario.spec.programme.walk()}
    written = {spec.id: spec.amount or 0 for spec, __ in scenario.spec.programme.walk()}
    for name, title in titles.items():
        amount = after.amounts.get(name, written[name])
        if before.amounts.get(name, written[name]) != amount:
            yield name, _("{title}: {amount}", title=title, amount=Money(amount))
    for rule in scenario.spec.rules:
        is_on = after.rules.get(rule.id, not rule.off)
        if before.rules.get(rule.id, not rule.off) != is_on:
            title = rule.title or rule.id
            yield rule.id, _('rule "{rule}" on', rule=title) if is_on else _('rule "{rule}" off', rule=title)
    for dossier in dict.fromkeys((*before.forced, *after.forced)):
        decision = after.forced.get(dossier)
        if before.forced.get(dossier) == decision:
            continue
        if decision is None:
            yield dossier, _("{dossier}: decision undone", dossier=dossier)
        elif decision.inside:
            yield dossier, _("{dossier}: funded by decision", dossier=dossier)
        else:
            yield dossier, _("{dossier}: refused by decision", dossier=dossier)
    for key in dict.fromkeys((*before.weights, *after.weights)):
        if before.weights.get(key) != after.weights.get(key):
            weight = after.weights.get(key, "–")
            yield key[1], _("weight of {measure}: {weight}", measure=key[1], weight=weight)
