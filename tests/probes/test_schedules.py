import pytest

from probes import schedules
from probes.schedules import Course

COURSE = Course(steps=100, warmup=10, anneal=20.0)


@pytest.mark.parametrize("name", schedules.names())
def test_warms_up_and_never_exceeds_the_peak(name: str) -> None:
    factors = [schedules.scale(name, step, COURSE) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert all(0 < factor <= 1 for factor in factors)


def test_constant_stays_and_the_others_end_low() -> None:
    ends = {name: schedules.scale(name, 99, COURSE) for name in schedules.names()}
    assert ends["constant"] == 1
    assert ends["wsd"] < 0.06
    assert ends["cosine"] == pytest.approx(0.1)


def test_an_unknown_schedule_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        schedules.scale("zigzag", 0, COURSE)


def test_infinite_cools_down_stays_and_anneals() -> None:
    factors = [schedules.scale("infinite", step, COURSE) for step in range(100)]
    assert max(factors) == 1
    assert factors[40:80] == pytest.approx([0.4] * 40)
    assert factors[10:41] == sorted(factors[10:41], reverse=True)
    assert factors[99] == pytest.approx(0.4 / 20)


@pytest.mark.parametrize("name", ["constant", "wsd", "infinite"])
def test_without_an_anneal_a_schedule_with_a_trunk_ends_constant(name: str) -> None:
    trunk = Course(steps=100, warmup=10)
    start = schedules.constant_from(name, 0.1)
    assert schedules.has_trunk(name)
    assert len({schedules.scale(name, step, trunk) for step in range(round(100 * start), 100)}) == 1


def test_a_cosine_has_no_trunk() -> None:
    assert not schedules.has_trunk("cosine")
