from probes.progress import Meter, between


def test_a_meter_tells_steps_that_can_be_seen_and_never_more_than_all() -> None:
    shares: list[float] = []
    meter = Meter(100_000, shares.append)
    assert list(meter.watch(range(100_000))) == list(range(100_000))
    meter.add(50)
    assert len(shares) <= 201
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_stage_is_a_part_of_the_whole() -> None:
    shares: list[float] = []
    stage = between(shares.append, 0.5, 0.75)
    stage(0.0)
    stage(1.0)
    assert shares == [0.5, 0.75]
    Meter(0, shares.append).add(0)
