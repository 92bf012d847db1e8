"""Guessing made slow, without locking anyone out."""

import pytest

from app.access.throttle import HOUR_S, LONGEST_WAIT_S, PER_NAME, REMEMBERED, Throttle
from app.errors import TooManyRequests


def test_an_address_has_twenty_wrong_logins_an_hour() -> None:
    throttle = Throttle()
    for n in range(20):
        assert throttle.wait("8.8.8.8", f"name {n}", n) == 0
        throttle.failed("8.8.8.8", f"name {n}", n)
    with pytest.raises(TooManyRequests):
        throttle.wait("8.8.8.8", "anna", 20)
    assert throttle.wait("9.9.9.9", "anna", 20) == 0
    assert throttle.wait("8.8.8.8", "anna", HOUR_S) == 0


def test_a_name_guessed_often_is_waited_for_longer_and_longer_and_never_locked() -> None:
    throttle = Throttle()
    waits = []
    for n in range(100):
        waits.append(throttle.wait(f"8.8.8.{n}", "Anna", 0))
        throttle.failed(f"8.8.8.{n}", "anna", 0)
    assert waits[:PER_NAME] == [0] * PER_NAME
    assert waits[PER_NAME : PER_NAME + 6] == [0.25, 0.5, 1, 2, 4, LONGEST_WAIT_S]
    assert max(waits) == LONGEST_WAIT_S
    throttle.succeeded("ANNA")
    assert throttle.wait("9.9.9.9", "anna", 0) == 0


def test_who_has_no_address_is_not_taken_for_one_guesser() -> None:
    throttle = Throttle()
    for n in range(100):
        throttle.failed(None, f"name {n}", 0)
    assert throttle.wait(None, "anna", 0) == 0


def test_memory_is_bounded() -> None:
    throttle = Throttle()
    for n in range(2 * REMEMBERED):
        throttle.failed(f"address {n}", f"name {n}", 0)
    assert len(throttle._wrong) == REMEMBERED
