import pytest

from probes import schedules


@pytest.mark.parametrize("name", schedules.names())
def test_warms_up_and_never_exceeds_the_peak(name: str) -> None:
    factors = [schedules.get(name)(step, 100, 10) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert all(0 < factor <= 1 for factor in factors)


def test_constant_stays_and_the_others_end_low() -> None:
    ends = {name: schedules.get(name)(99, 100, 10) for name in schedules.names()}
    assert ends["constant"] == 1
    assert ends["wsd"] < 0.06
    assert ends["cosine"] == pytest.approx(0.1)


def test_an_unknown_schedule_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        schedules.get("zigzag")
