from __future__ import annotations

import hashlib
import threading
import time

import anyio
import pytest

from tests.loops import in_a_loop_of_its_own
from web.admission import AHEAD, PLACES_OF_ONE, Admission, Place
from web.errors import WebError
from web.rate_limit import DAY_S, Pseudonyms, RateLimit


async def hold(admission: Admission, until: threading.Event, done: list[str], asker: str = "") -> None:
    try:
        await admission.do(lambda _: until.wait(), asker=asker)
        done.append("answered")
    except WebError as error:
        done.append(error.problem.code)


@in_a_loop_of_its_own
async def test_what_is_beyond_all_places_is_refused_at_once_and_the_others_are_answered() -> None:
    admission, until, done = Admission(running=2, waiting=3), threading.Event(), list[str]()
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(hold, admission, until, done)
        await anyio.wait_all_tasks_blocked()
        assert done == ["busy"] * 3
        with pytest.raises(WebError):
            admission.check()
        until.set()
    assert done.count("answered") == 5
    assert admission.taken == 0
    admission.check()


@in_a_loop_of_its_own
async def test_one_address_holds_only_so_many_places_and_leaves_the_others_theirs() -> None:
    admission, until, done = Admission(), threading.Event(), list[str]()
    async with anyio.create_task_group() as tasks:
        for _ in range(PLACES_OF_ONE + 3):
            tasks.start_soon(hold, admission, until, done, "flood")
        await anyio.wait_all_tasks_blocked()
        assert done == ["too_many_at_once"] * 3
        tasks.start_soon(hold, admission, until, done, "resident")
        await anyio.wait_all_tasks_blocked()
        assert admission.taken == PLACES_OF_ONE + 1
        until.set()
    assert done.count("answered") == PLACES_OF_ONE + 1
    admission.check("flood")


@in_a_loop_of_its_own
async def test_a_turn_that_does_not_come_in_time_is_given_up_and_its_place_is_free() -> None:
    admission, until, done = Admission(running=1, waiting=5, patience_s=0.01), threading.Event(), list[str]()
    async with anyio.create_task_group() as tasks:
        for _ in range(1 + AHEAD):
            tasks.start_soon(hold, admission, until, done)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(WebError) as caught:
            await admission.do(lambda _: pytest.fail("there was a turn"))
        assert caught.value.problem.code == "timed_out"
        assert admission.taken == 1 + AHEAD
        until.set()
    assert admission.taken == 0


@in_a_loop_of_its_own
async def test_whoever_goes_while_waiting_leaves_the_queue() -> None:
    admission, until, done = Admission(running=1, waiting=5), threading.Event(), list[str]()
    async with anyio.create_task_group() as tasks:
        for _ in range(1 + AHEAD):
            tasks.start_soon(hold, admission, until, done)
        await anyio.wait_all_tasks_blocked()
        async with anyio.create_task_group() as gone:
            gone.start_soon(hold, admission, until, done)
            await anyio.wait_all_tasks_blocked()
            assert admission.taken == 2 + AHEAD
            gone.cancel_scope.cancel()
        assert admission.taken == 1 + AHEAD
        until.set()
    assert done == ["answered"] * (1 + AHEAD)


@in_a_loop_of_its_own
async def test_whoever_goes_while_handed_to_a_thread_already_is_not_worked_on() -> None:
    admission, until, done, late = Admission(running=1, waiting=5), threading.Event(), list[str](), list[str]()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hold, admission, until, done)
        await anyio.wait_all_tasks_blocked()
        async with anyio.create_task_group() as gone:
            gone.start_soon(admission.do, lambda _: late.append("worked on"))
            await anyio.wait_all_tasks_blocked()
            gone.cancel_scope.cancel()
        assert admission.taken == 1
        until.set()
    assert (done, late) == (["answered"], [])


@in_a_loop_of_its_own
async def test_what_runs_already_keeps_its_place_until_it_has_ended_though_its_asker_goes() -> None:
    admission, until, done = Admission(running=1, waiting=5), threading.Event(), list[str]()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hold, admission, until, done)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.sleep(0.05)
            assert admission.taken == 1
            until.set()
    assert admission.taken == 0


@in_a_loop_of_its_own
async def test_the_next_question_is_begun_at_once_even_while_the_event_loop_is_busy() -> None:
    admission, first, second = Admission(running=1, waiting=5), threading.Event(), threading.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(admission.do, lambda _: first.wait())
        tasks.start_soon(admission.do, lambda _: second.set())
        await anyio.wait_all_tasks_blocked()
        assert not second.is_set()
        first.set()
        # Waits in the loop itself, which can hand out nothing meanwhile.
        assert second.wait(10)


@in_a_loop_of_its_own
async def test_what_goes_wrong_in_the_thread_is_said_to_who_asked_and_the_place_is_free() -> None:
    def fail(place: Place) -> None:
        raise KeyError(place.waiting)

    admission = Admission()
    with pytest.raises(KeyError, match="0"):
        await admission.do(fail)
    assert admission.taken == 0


@in_a_loop_of_its_own
async def test_a_question_whose_asker_has_gone_is_not_worked_on() -> None:
    async def gone() -> bool:
        return True

    admission = Admission()
    with pytest.raises(WebError):
        await admission.do(lambda _: pytest.fail("it was worked on"), gone)
    assert admission.taken == 0


@pytest.mark.usefixtures("still")
def test_an_address_has_its_questions_a_minute_and_others_have_theirs() -> None:
    limit = RateLimit(3)
    for _ in range(3):
        limit.take("192.0.2.1")
    with pytest.raises(WebError) as caught:
        limit.take("192.0.2.1")
    assert caught.value.problem.status == 429
    assert caught.value.problem.retry_after_s > 0
    limit.take("192.0.2.2")


@pytest.mark.parametrize("later_s", [120, -3600], ids=["two minutes later", "the clock set back by an hour"])
def test_who_has_asked_much_may_ask_again_when_its_minute_is_over(
    still: float, later_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = RateLimit(1)
    limit.take("192.0.2.1")
    monkeypatch.setattr(time, "time", lambda: still + later_s)
    limit.take("192.0.2.1")


def test_nothing_is_kept_of_those_who_have_asked_long_ago(still: float, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = RateLimit(1_000)

    def kept() -> int:
        return sum(len(part) for part in vars(limit._limiter.storage).values() if hasattr(part, "__len__"))

    for number in range(200):
        limit.take(f"192.0.2.{number}")
    assert kept() >= 200
    monkeypatch.setattr(time, "time", lambda: still + 300)
    deadline = time.monotonic() + 10
    while kept() > 20 and time.monotonic() < deadline:
        # The storage clears away in a thread of its own, after a question.
        limit.take("127.0.0.2")
        time.sleep(0.02)
    assert kept() <= 20


@pytest.mark.usefixtures("still")
def test_ipv4_addresses_that_come_as_ipv6_are_no_one_household() -> None:
    limit = RateLimit(1)
    for address in ("::ffff:192.0.2.1", "::ffff:192.0.2.2", "::ffff:127.0.0.1", "::ffff:127.0.0.1"):
        limit.take(address)
    with pytest.raises(WebError):
        limit.take("192.0.2.1")


@pytest.mark.usefixtures("still")
def test_the_addresses_of_one_ipv6_household_are_one() -> None:
    limit = RateLimit(1)
    limit.take("2001:db8:0:1::1")
    with pytest.raises(WebError):
        limit.take("2001:db8:0:1::2")
    limit.take("2001:db8:0:2::1")


def test_an_address_is_known_by_a_hash_under_a_key_of_this_process_and_this_day(monkeypatch: pytest.MonkeyPatch) -> None:
    address, began = "192.0.2.1", time.monotonic()
    pseudonyms = Pseudonyms()
    known_as = pseudonyms.of_address(address)
    assert pseudonyms.of_address(address) == known_as
    assert known_as != hashlib.sha256(address.encode()).hexdigest()
    assert Pseudonyms().of_address(address) != known_as
    monkeypatch.setattr(time, "monotonic", lambda: began + DAY_S + 60)
    assert pseudonyms.of_address(address) != known_as


def test_this_machine_is_not_counted() -> None:
    limit = RateLimit(1)
    for _ in range(5):
        limit.take("127.0.0.1")
