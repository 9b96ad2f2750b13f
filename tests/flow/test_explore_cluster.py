"""A real Dask scheduler and workers: a worker that is killed loses no result."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import fake_points
import pytest
from click.testing import CliRunner
from explore_tasks import is_gone, tasks, wait_until
from fake_points import DIFFERS, WAITS, began

from flow.cli import main
from flow.errors import UserError
from flow.explore.cluster import DaskExecutor, _Outstanding
from flow.explore.measurement import Measurement, Outcome
from flow.explore.run import run_tasks
from flow.explore.store import Store

pytest.importorskip("distributed", reason="needs Dask: pip install 'lastbit[explore]'")
pytestmark = pytest.mark.long


class Cluster:
    """A scheduler, and workers of one thread each, in processes of their own."""

    def __init__(self, folder):
        self._folder = folder
        self._processes = []
        self._at = folder / "scheduler.json"
        where = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", self._at)
        self._start("scheduler", *where)

    def wait_for_scheduler(self):
        # The file is there before it is written.
        wait_until(lambda: self._at.exists() and self._at.read_text().endswith("\n}"))
        self.address = json.loads(self._at.read_text())["address"]

    def _start(self, *words):
        paths = os.pathsep.join(path for path in sys.path if path)
        settings = {"PYTHONPATH": paths, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
        command = [sys.executable, "-m", "dask", *map(str, words), "--no-dashboard"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, env=os.environ | settings, **quiet)
        self._processes.append(process)
        return process

    def add_worker(self):
        options = ("--no-nanny", "--nthreads", "1", "--local-directory", self._folder)
        self._start("worker", self.address, *options)

    def kill(self, number):
        """Kill the scheduler, which is number 0, or a worker."""
        self._processes[number].kill()
        self._processes[number].wait()

    def number_of(self, point):
        """The worker whose child a process is."""
        parent = int(Path(f"/proc/{point}/stat").read_text().rpartition(")")[2].split()[1])
        return next(n for n, each in enumerate(self._processes) if each.pid == parent)

    def end(self):
        for number in reversed(range(len(self._processes))):
            self.kill(number)


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path)
    try:
        made.wait_for_scheduler()
        yield made
    finally:
        made.end()


def run(cluster, folder, *seeds, **options):
    with DaskExecutor(fake_points.measure, cluster.address) as executor:
        found = run_tasks(tasks(folder, *seeds), executor, Store(folder / "results"), **options)
    return {point.seed: measured for point, measured in found.items()}


def test_what_a_killed_worker_was_at_is_begun_elsewhere(cluster, tmp_path):
    cluster.add_worker()
    cluster.add_worker()
    killed = []

    def on_result(task, found):
        if task.point.seed != 3:
            return
        wait_until(lambda: began(tmp_path, WAITS))
        killed.extend(began(tmp_path, WAITS))
        cluster.kill(cluster.number_of(killed[0]))
        (tmp_path / "go").touch()

    found = run(cluster, tmp_path, WAITS, 1, 2, 3, on_result=on_result)
    assert {seed: each.fmax for seed, each in found.items()} == {1: 1, 2: 2, 3: 3, WAITS: WAITS}
    assert len(began(tmp_path, WAITS)) == 2
    assert [len(began(tmp_path, seed)) for seed in (1, 2, 3)] == [1, 1, 1]
    wait_until(lambda: is_gone(killed[0]))
    store = Store(tmp_path / "results")
    assert all(store.load(f"key{seed}") == each for seed, each in found.items())


def test_a_point_that_kills_its_workers_is_not_tried_for_ever(cluster, tmp_path):
    cluster.add_worker()
    cluster.add_worker()

    def kill(count):
        wait_until(lambda: len(began(tmp_path, WAITS)) == count)
        (point,) = (each for each in began(tmp_path, WAITS) if not is_gone(each))
        cluster.kill(cluster.number_of(point))
        wait_until(lambda: is_gone(point))

    with DaskExecutor(fake_points.measure, cluster.address) as executor:
        outstanding, done = executor.submit(*tasks(tmp_path, WAITS)), threading.Event()
        outstanding.add_done_callback(lambda _: done.set())
        kill(1)
        kill(2)
        assert done.wait(20)
        assert outstanding.result() == Measurement(
            Outcome.KILLED, reason="2 workers died that were at it"
        )


class Fake:
    """A future of Dask's that has some answers, one after the other."""

    def __init__(self, status, *answers):
        self.status = status
        self._answers = list(answers)

    def add_done_callback(self, call):
        call(self)

    def result(self, timeout):
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def release(self):
        pass


def test_a_result_that_dies_with_its_worker_is_waited_for_again():
    found = Measurement(Outcome.ROUTED, 1.0)
    calls = []
    outstanding = _Outstanding(Fake("pending", TimeoutError(), found), "tcp://there")
    outstanding.add_done_callback(calls.append)
    assert [each.result() for each in calls] == [found]


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (
            "error",
            ImportError("no flow"),
            "a worker of tcp://there cannot measure a point: no flow",
        ),
        ("error", TimeoutError("late"), "a worker of tcp://there cannot measure a point: late"),
        (
            "cancelled",
            OSError("closed"),
            "the scheduler at tcp://there must be there until",
        ),
    ],
)
def test_what_is_wrong_with_a_cluster_is_said(status, error, sentence):
    outstanding = _Outstanding(Fake(status, error), "tcp://there")
    outstanding.add_done_callback(lambda _: None)
    with pytest.raises(UserError, match=sentence):
        outstanding.result()


def test_a_second_run_of_the_command_needs_no_cluster(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("flow.explore.measure.measure_point", fake_points.measure)
    monkeypatch.setattr("flow.explore.run.fingerprint", lambda family: "print")
    cluster.add_worker()
    options = ["--network", "8x8x8", "--rows", "4", "--cols", "4", "--seeds", "1,2,3"]
    options += ["--scheduler", cluster.address, "--out", str(tmp_path / "out")]
    for to_measure, known in ((3, 0), (0, 3)):
        ran = CliRunner().invoke(main, ["explore", *options])
        assert ran.exit_code == 0, ran.output
        assert f"{to_measure} points to measure, {known} known from earlier runs" in ran.stdout
        assert " 2 (1-3) " in ran.stdout
        cluster.kill(0)


def test_other_tools_at_a_worker_are_said(cluster, tmp_path):
    cluster.add_worker()
    with pytest.raises(UserError, match="the tools here must be those there, and are not"):
        run(cluster, tmp_path, 1, DIFFERS)
    assert Store(tmp_path / "results").load("key1").fmax == 1


def test_a_scheduler_that_goes_is_said_and_what_is_finished_is_kept(cluster, tmp_path):
    cluster.add_worker()

    def on_result(task, found):
        cluster.kill(0)

    with pytest.raises(UserError, match=f"^the scheduler at {cluster.address} must be there until"):
        run(cluster, tmp_path, 1, WAITS, on_result=on_result)
    assert Store(tmp_path / "results").load("key1").fmax == 1


def test_no_scheduler_is_said(monkeypatch):
    monkeypatch.setattr("flow.explore.cluster._SECONDS", 1)
    with pytest.raises(UserError, match=r"none answers at tcp://127\.0\.0\.1:9; start one with"):
        DaskExecutor(fake_points.measure, "tcp://127.0.0.1:9")
