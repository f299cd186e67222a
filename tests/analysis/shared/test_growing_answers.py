"""The loop of answers that grow: bounds of all first, equal parts of the time, and whose turn does not come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from tnt_sim.analysis.shared.progress import TIME, GrowingAnswer, StudyProgress
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.values.answer_values import Interval


@dataclass
class Watch:
    """A clock that only the answers move, and what they did."""

    now: float = 0.0
    done: list[tuple[str, str, float]] = field(default_factory=list)

    def read(self) -> float:
        return self.now


@dataclass
class Question(GrowingAnswer):
    """Needs a second for bounds and some for its answer; ends where its part of the time does."""

    watch: Watch
    name: str
    needed: float
    known: Interval = field(default_factory=Interval)

    @property
    def bounds(self) -> Interval:
        return self.known

    def find_bounds(self, until: Deadline) -> None:
        self._work("bounds", 1.0, until)
        self.known = Interval(Fraction(0), None)

    def find_answer(self, until: Deadline) -> None:
        self._work("answer", self.needed, until)
        self.known = Interval(Fraction(1), Fraction(1))

    def _work(self, step: str, seconds: float, until: Deadline) -> None:
        left = until.seconds_left
        self.watch.done.append((step, self.name, left))
        self.watch.now += min(seconds, left)
        if seconds > left:
            raise DeadlineExpired


def ask(
    seconds: float, *needed: float, least_share: float = 0.0
) -> tuple[Watch, StudyProgress, list[Question]]:
    watch = Watch()
    course = StudyProgress(Deadline(seconds, watch.read), "questions")
    questions = [Question(watch, f"q{k}", each) for k, each in enumerate(needed)]
    given = list(course.improve_in_turn(questions, 0.5, None, least_share))
    assert given == questions
    return watch, course, questions


def list_steps(watch: Watch, of: Callable[[str], bool]) -> list[tuple[str, float]]:
    return [(name, left) for step, name, left in watch.done if of(step)]


def test_all_have_bounds_before_any_answer() -> None:
    watch, course, questions = ask(100.0, 1.0, 1.0, 1.0)
    assert [step for step, _, _ in watch.done] == ["bounds"] * 3 + ["answer"] * 3
    assert all(question.bounds.exact for question in questions)
    assert (course.n_done, course.n_asked, course.stopped_by) == (3, 3, None)


def test_each_has_an_equal_part_of_what_is_left() -> None:
    watch, course, questions = ask(9.0, 1.0, 5.0, 2.0)
    parts = list_steps(watch, lambda step: step == "answer")
    assert parts == [("q0", 2.0), ("q1", 2.5), ("q2", 2.5)]
    assert [question.bounds.exact for question in questions] == [True, False, True]
    assert course.stopped_by == TIME


def test_a_turn_may_have_all_that_is_left() -> None:
    watch, course, questions = ask(10.0, 1.0, 9.0, 3.0, least_share=1.0)
    parts = list_steps(watch, lambda step: step == "answer")
    assert parts == [("q0", 7.0), ("q1", 6.0)]
    assert [question.bounds.low for question in questions] == [1, 0, 0]
    assert (course.n_done, course.stopped_by) == (3, TIME)


def test_bounds_end_with_their_share() -> None:
    watch, _, questions = ask(4.0, 9.0, 9.0, 9.0, 9.0)
    assert len(list_steps(watch, lambda step: step == "bounds")[:2]) == 2
    assert [question.bounds.is_empty for question in questions] == [False, False, True, True]


def test_without_a_limit_no_bounds_are_looked_for() -> None:
    watch = Watch()
    question = Question(watch, "q", 1.0)
    course = StudyProgress(UNLIMITED, "questions")
    told = list[tuple[str, float]]()
    assert list(course.improve_in_turn([question], 0.5, lambda *words: told.append(words))) == [question]
    assert [step for step, _, _ in watch.done] == ["answer"]
    assert told == [("q", 0.0)]


def test_bounds_that_are_known_are_not_asked_again() -> None:
    watch = Watch()
    question = Question(watch, "q", 1.0, Interval(Fraction(0), Fraction(2)))
    course = StudyProgress(Deadline(10.0, watch.read), "questions")
    list(course.improve_in_turn([question], 0.5))
    assert question.bounds.exact
