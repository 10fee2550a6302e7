"""Energy by a device's own counter: by fakes of it, whole where it was read and unknown where it was not."""

import sys
from itertools import count
from types import ModuleType, SimpleNamespace

import pytest
import torch

from trainables import energy
from trainables.energy import EnergyMeter, device_counter
from trainables.records import from_json, to_json
from trainables.result import Phase
from trainables.trial import run_baseline, run_trial

USERS = (
    "trainables.training.learner", "trainables.evidence.forward_passes", "trainables.selection.scoring",
    "trainables.evidence.collector", "trainables.learners.linear", "trainables.learners.tokens",
)  # fmt: skip


@pytest.fixture
def counted(monkeypatch):
    """Every user of a counter reads this one."""

    def use(counter):
        for name in USERS:
            monkeypatch.setattr(f"{name}.device_counter", lambda: counter)

    return use


@pytest.fixture(autouse=True)
def _looks_anew():
    device_counter.cache_clear()
    yield
    device_counter.cache_clear()


def test_every_phase_of_a_trial_has_what_its_counter_counted(specs, filled, counted):
    readings = count(1000.0, 3.0)
    counted(lambda: next(readings))
    full, pruned = specs("linear", protocol="restart")
    cache = filled("counted")
    rows = [run_baseline(full, cache, marks=[pruned]), run_trial(pruned, cache)]
    for row in rows:
        assert all(phase.joules > 0 for phase in row.phases.values()), row.phases
        # Each reading is three joules after the one before: nothing is counted twice or halved.
        assert all(phase.joules % 3 == 0 for phase in row.phases.values())
        assert from_json(to_json(row)) == row
    assert rows[0].phases["training"].joules < next(readings) - 1000


def test_energy_is_read_as_a_whole_however_often_it_is_read(monkeypatch):
    now, clock = [0.0], [0.0]
    monkeypatch.setattr(energy.time, "perf_counter", lambda: clock[0])
    meter = EnergyMeter(lambda: now[0]).start()
    total = 0.0
    for _ in range(100):
        now[0], clock[0] = now[0] + 7.0, clock[0] + 0.1
        total += meter.lap(at_once=False)
    total += meter.lap()
    assert total == 700.0


@pytest.mark.parametrize("fails_at", [0, 1, 5])
def test_a_counter_that_fails_ends_no_trial_and_leaves_no_number(specs, filled, counted, fails_at):
    readings = count()
    counted(lambda: None if (n := next(readings)) >= fails_at else 5.0 * n)
    full, _ = specs("linear")
    row = run_baseline(full, filled(f"fails {fails_at}"))
    assert row.is_ok and {phase.joules for phase in row.phases.values()} == {None}


def test_without_a_counter_a_trial_says_nothing_of_energy(specs, filled, counted):
    counted(None)
    full, _ = specs("linear")
    row = run_baseline(full, filled("none"))
    assert {phase.joules for phase in row.phases.values()} == {None}


def test_what_is_unknown_of_a_part_is_unknown_of_the_whole():
    known, unknown = Phase(seconds=1.0, joules=5.0), Phase(seconds=2.0)
    assert (known + known).joules == 10.0 and (known + known - known).joules == 5.0
    assert (known + unknown).joules is (unknown + known).joules is (known - unknown).joules is None
    # Nothing is no part: it takes nothing of what is known.
    assert known + Phase() == Phase() + known == known - Phase() == known


def test_a_counter_that_was_set_back_says_nothing_of_that_time():
    readings = iter((10.0, 4.0, 9.0))
    meter = EnergyMeter(lambda: next(readings)).start()
    assert (meter.lap(), meter.lap()) == (None, 5.0)


@pytest.fixture
def powercap(tmp_path):
    """Two processors, each with a part of its own that its counter counts already."""

    def write(*microjoules, turn=1000):
        for i, found in enumerate(microjoules):
            for name in (f"intel-rapl:{i}", f"intel-rapl:{i}:0"):
                (tmp_path / name).mkdir(exist_ok=True)
                (tmp_path / name / "energy_uj").write_text(f"{found}\n")
                (tmp_path / name / "max_energy_range_uj").write_text(f"{turn}\n")
        return tmp_path

    return write


def test_processors_are_added_and_one_that_is_full_begins_again(powercap):
    read = energy._of_machine(powercap(900, 100))
    first = read()
    powercap(950, 300)
    assert read() - first == pytest.approx(250e-6)
    powercap(50, 300)
    assert read() - first == pytest.approx(350e-6)


def test_a_counter_that_may_not_be_read_is_none(powercap, tmp_path):
    assert energy._of_machine(tmp_path / "not there") is None
    folder = powercap(1, 2)
    read = energy._of_machine(folder)
    (folder / "intel-rapl:1" / "energy_uj").unlink()
    assert read() is None and energy._of_machine(folder) is None


@pytest.mark.parametrize(("cores", "is_read"), [(1, True), (64, False)])
def test_the_machines_counter_is_read_by_who_has_the_whole_machine(
    cores, is_read, powercap, monkeypatch
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(energy.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(energy, "_POWERCAP", powercap(1, 2))
    assert (device_counter() is not None) == is_read


class FakeError(Exception):
    pass


@pytest.fixture
def driver(monkeypatch):
    """NVIDIA's library, made up: millijoules by device."""

    def use(millijoules, *, fails=()):
        def read(handle):
            if "read" in fails:
                raise FakeError
            return millijoules[handle]

        def start():
            if "start" in fails:
                raise FakeError

        nvml = ModuleType("pynvml")
        nvml.NVMLError, nvml.nvmlInit = FakeError, start
        nvml.nvmlDeviceGetHandleByUUID = lambda name: name
        nvml.nvmlDeviceGetTotalEnergyConsumption = read
        monkeypatch.setitem(sys.modules, "pynvml", nvml)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        given = SimpleNamespace(uuid="1234")
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda i: given)

    return use


def test_an_accelerators_counter_is_that_of_the_device_this_process_was_given(driver):
    millijoules = {"GPU-1234": 5000, "GPU-other": 1}
    driver(millijoules)
    meter = EnergyMeter(device_counter()).start()
    millijoules["GPU-1234"] = 7500
    assert meter.lap() == 2.5


@pytest.mark.parametrize("where", ["start", "read"])
def test_a_driver_that_cannot_tell_leaves_energy_unknown(driver, where):
    driver({"GPU-1234": 5000}, fails=(where,))
    assert device_counter() is None


def test_without_the_library_energy_is_unknown(driver, monkeypatch):
    driver({})
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert device_counter() is None
