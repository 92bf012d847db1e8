"""Credit for events: additive, each event's causes summing to one, against two plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.analysis import cascade
from app.analysis.statistics.columns import HOUR
from app.analysis.statistics.reproduction import density
from tests.analysis.statistics.curves import hours, isclose

events = st.lists(
    st.tuples(st.integers(0, 9 * 24 * HOUR), st.sampled_from("abcd"), st.integers(1, 100_000)), min_size=1, max_size=30
)


def columns(rows: list[tuple[int, str, int]]) -> tuple[np.ndarray, list[str], np.ndarray]:
    rows = sorted(rows)
    return np.array([at for at, _, _ in rows]), [who for _, who, _ in rows], np.array([float(w) for _, _, w in rows])


@given(events, st.sampled_from([0.0, 0.5, 40.0]))
def test_it_is_what_two_plain_loops_give(rows: list[tuple[int, str, int]], background: float) -> None:
    at, owners, weights = columns(rows)
    others, own, outside = dict.fromkeys(owners, 0.0), dict.fromkeys(owners, 0.0), 0.0
    for i in range(len(at)):
        pull = [
            weights[j] * float(density(np.array([float(at[i] - at[j])]))[0]) * HOUR if at[j] < at[i] else 0.0
            for j in range(len(at))
        ]
        whole = background + sum(pull)
        outside += background / whole if whole else 1.0
        for j, share in enumerate(pull):
            if share:
                (own if owners[j] == owners[i] else others)[owners[j]] += share / whole
    found = cascade.additive(at, owners, weights, background)
    assert isclose(found.exogenous, outside)
    assert all(isclose(found.others[who], others[who]) and isclose(found.own[who], own[who]) for who in owners)


@given(events, st.floats(0, 1_000))
def test_credits_and_the_exogenous_share_sum_to_the_events(rows: list[tuple[int, str, int]], background: float) -> None:
    at, owners, weights = columns(rows)
    found = cascade.additive(at, owners, weights, background)
    assert isclose(sum(found.others.values()) + sum(found.own.values()) + found.exogenous, len(rows))
    assert all(value >= 0 for value in [*found.others.values(), *found.own.values(), found.exogenous])


def test_time_order_is_respected() -> None:
    found = cascade.additive(np.array([0, 1_000, 1_000]), ["a", "b", "c"], np.array([1.0, 1e6, 1e6]))
    assert found.others == {"a": 2.0, "b": 0.0, "c": 0.0}
    assert found.exogenous == 1


def test_own_events_are_credited_apart() -> None:
    found = cascade.additive(np.array([0, 1_000]), ["a", "a"], np.array([5.0, 5.0]))
    assert (found.own, found.others) == ({"a": 1.0}, {"a": 0.0})


def test_first_movers_lead_and_stage() -> None:
    posts = np.array([1.0] * 10 + [30] * 3)
    firsts = np.arange(100) * HOUR // 10
    found = cascade.movers({"late": 11 * HOUR, "first": 0, "then": HOUR}, hours(13), posts, firsts)
    assert [(each.who, each.place) for each in found] == [("first", 1), ("then", 2), ("late", 3)]
    assert [each.stage for each in found] == ["innovator", "early adopter", "later"]
    # A tenth of 100 posts is there at the tenth post: in the tenth hour.
    assert (found[0].lead.low, found[0].lead.value, found[0].lead.high) == (9, 9.5, 10)
    assert found[2].lead.value == -1.5
    assert cascade.movers({"a": 0}, hours(1), np.array([0.0]))[0].lead.value is None
    assert cascade.movers({"a": 0}, hours(1), np.array([1.0]))[0].stage is None
