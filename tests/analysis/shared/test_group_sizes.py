"""Groups of cases have about one second of work, and no worker waits long for the last one."""

from __future__ import annotations

from tnt_sim.analysis.shared.group_sizes import MOST_IN_GROUP, WINDOW, GroupSizes


def take(sizes: GroupSizes, n: int, seconds: float) -> list[int]:
    """Sizes of all groups where each case takes the same time and ends before the next group is taken."""
    lengths = []
    for group in sizes.generate_groups([(number, None) for number in range(n)]):
        lengths.append(len(group))
        for _ in group:
            sizes.record_seconds(seconds)
    return lengths


def test_each_case_is_in_one_group_in_order() -> None:
    sizes = GroupSizes(2)
    jobs = [(number, None) for number in range(37)]
    groups = []
    for group in sizes.generate_groups(jobs):
        groups.append(group)
        sizes.record_seconds(0.3)
    assert [job for group in groups for job in group] == jobs


def test_groups_are_one_second_of_work_then_smaller() -> None:
    lengths = take(GroupSizes(2), 1000, 0.01)
    assert lengths[:3] == [1, 100, 100]
    assert lengths[1:] == sorted(lengths[1:], reverse=True)
    assert lengths[-1] == 1
    assert take(GroupSizes(2), 20, 3.0) == [1] * 20


def test_short_cases_stop_at_the_largest_group() -> None:
    assert max(take(GroupSizes(1), 100_000, 1e-6)) == MOST_IN_GROUP


def test_sizes_follow_the_latest_cases() -> None:
    sizes = GroupSizes(1)
    for seconds in [10.0] * 50 + [0.125] * WINDOW:
        sizes.record_seconds(seconds)
    assert sizes.choose(1_000) == 8
    sizes.record_seconds(1000.0)
    assert sizes.choose(1_000) == 1
