"""Points in processes: what is finished is kept, whatever happens to the others."""

import os
import signal
import threading
from concurrent.futures import Future

import fake_points
import pytest
from explore_tasks import DESIGN, is_gone, tasks, wait_until
from fake_points import BREAKS, DIFFERS, KILLED, KILLED_ONCE, WAITS, began

from flow.errors import UserError
from flow.explore.axes import parse_axes
from flow.explore.executor import LocalExecutor
from flow.explore.measurement import Measurement, Outcome
from flow.explore.point import Point
from flow.explore.run import interruptible, plan_run, run_tasks
from flow.explore.space import designs_of
from flow.explore.store import Store
from flow.explore.workload import load_workload


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


def run(folder, store, *seeds, workers=3, **options):
    with LocalExecutor(fake_points.measure, workers) as executor:
        found = run_tasks(tasks(folder, *seeds), executor, store, **options)
    return {point.seed: measured for point, measured in found.items()}


def test_a_process_that_is_killed_harms_no_other_point_and_is_tried_twice(tmp_path, store):
    found = run(tmp_path, store, 1, KILLED, KILLED_ONCE, BREAKS)
    assert [found[1].fmax, found[KILLED_ONCE].fmax] == [1, KILLED_ONCE]
    assert found[KILLED] == Measurement(
        Outcome.KILLED,
        reason="its process was killed 2 times, by SIGKILL; it may need more memory",
    )
    assert found[BREAKS].reason == "its process failed: RuntimeError: out of order"
    tries = {seed: len(began(tmp_path, seed)) for seed in found}
    assert tries == {1: 1, KILLED: 2, KILLED_ONCE: 2, BREAKS: 1}
    assert all(store.load(f"key{seed}") == measured for seed, measured in found.items())


def test_a_stop_keeps_what_is_finished_and_ends_the_rest(tmp_path, store):
    stop = threading.Event()

    def on_result(task, found):
        wait_until(lambda: began(tmp_path, WAITS))
        stop.set()

    found = run(tmp_path, store, 1, WAITS, WAITS + 1, workers=2, stop=stop, on_result=on_result)
    assert list(found) == [1]
    assert store.load("key1").fmax == 1
    assert store.load(f"key{WAITS}") is None
    wait_until(lambda: all(map(is_gone, began(tmp_path, WAITS))))
    assert len(began(tmp_path, WAITS + 1)) <= 1


def test_what_is_finished_when_it_stops_is_kept_too(tmp_path, store):
    class Finished:
        """An executor whose tasks are done as soon as they are given to it."""

        def submit(self, task):
            future = Future()
            future.set_result(Measurement(Outcome.ROUTED, float(task.point.seed)))
            return future

        def stop(self):
            pass

    stop = threading.Event()
    found = run_tasks(
        tasks(tmp_path, 1, 2, 3),
        Finished(),
        store,
        stop=stop,
        on_result=lambda task, measured: stop.set(),
    )
    assert [point.seed for point in found] == [1, 2, 3]
    assert store.load("key3").fmax == 3


@pytest.mark.long
def test_other_tools_at_a_worker_end_it_but_what_is_finished_is_kept(tmp_path, store):
    with pytest.raises(UserError, match="the tools here must be those there, and are not"):
        run(tmp_path, store, 1, DIFFERS, workers=1)
    assert store.load("key1").fmax == 1
    assert store.load(f"key{DIFFERS}") is None


@pytest.mark.long
def test_the_process_of_a_point_ends_when_nobody_waits_for_it(tmp_path, store):
    (task,) = tasks(tmp_path, WAITS)
    waiting = os.fork()
    if not waiting:
        fake_points.run_here(task)
    wait_until(lambda: began(tmp_path, WAITS))
    os.kill(waiting, signal.SIGKILL)
    os.waitpid(waiting, 0)
    wait_until(lambda: is_gone(began(tmp_path, WAITS)[0]))


def test_the_first_interrupt_is_an_event_and_the_second_one_an_interrupt():
    before = signal.getsignal(signal.SIGINT)
    with interruptible() as stop:
        assert not stop.is_set()
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("found", "known", "known_again"),
    [
        (Measurement(Outcome.ROUTED, 99.5), True, True),
        (Measurement(Outcome.TIMED_OUT, reason="slow"), True, False),
        (None, False, False),
    ],
)
def test_what_is_known_is_not_measured_again_unless_it_failed_and_is_asked_for(
    tmp_path, store, monkeypatch, found, known, known_again
):
    monkeypatch.setattr("flow.explore.run.fingerprint", lambda family: "print")
    if found:
        store.save(Point(DESIGN, 1, 200).key("print"), "name", found)
    for again, is_known in ((False, known), (True, known_again)):
        plan = plan_run(
            [DESIGN], [1, 2], store, frequency=200, timeout=9, folder=tmp_path, again=again
        )
        assert dict(plan.known) == ({plan.points[0]: found} if is_known else {})
        assert [task.point.seed for task in plan.tasks] == ([2] if is_known else [1, 2])


def test_a_key_tells_apart_what_is_measured_but_not_what_it_is_for():
    other = designs_of(parse_axes({"rows": "4", "cols": "4"}), load_workload("8x8x7")).designs[0]
    assert other.config == DESIGN.config
    assert other.work != DESIGN.work
    keys = [
        Point(DESIGN, 1, 200).key("print"),
        Point(DESIGN, 2, 200).key("print"),
        Point(DESIGN, 1, 201).key("print"),
        Point(DESIGN, 1, 200).key("other"),
    ]
    assert len(set(keys)) == 4
    assert Point(other, 1, 200).key("print") == keys[0]


@pytest.mark.parametrize("text", ["", "{", '{"outcome": "ROUTED"}', '{"outcome": "NEW"}', "[]"])
def test_a_damaged_result_is_none(tmp_path, text):
    (tmp_path / "key.json").write_text(text)
    assert Store(tmp_path).load("key") is None
