import hypothesis.strategies as st
import pytest
from hypothesis import given

from graphprune.errors import UserError
from graphprune.pruning.schedule import (
    SCHEDULES,
    Event,
    Schedule,
    after_training,
    at_init,
    check_options,
    every,
    iterative,
    never,
    rounds,
)

FRACTIONS = st.floats(0, 1)


def test_once_at_init_and_once_after_training():
    assert at_init(0.9) == Schedule((Event(0, 0, 0.9),), (True,))
    assert after_training(0.9, retrain=False) == Schedule((Event(1, 0, 0.9),), (True, False))
    assert after_training(0.9, retrain=True).trained == (True, True)
    assert never(0.0).events == ()


def test_five_rounds_to_point_nine_by_hand():
    schedule = rounds(0.9, n=5)
    # Each round keeps 0.1 ** 0.2 = 63.1 % of what is left.
    assert [e.sparsity for e in schedule.events] == pytest.approx(
        [0.36904, 0.60189, 0.74881, 0.84151, 0.9], abs=1e-5
    )
    assert [(e.round, e.iteration) for e in schedule.events] == [(i, 0) for i in range(5)]
    assert schedule.trained == (True,) * 5


def test_iterative_trains_before_the_first_of_its_rounds():
    schedule = iterative(0.9, n=3)
    assert [event.sparsity for event in schedule.events] == [
        event.sparsity for event in rounds(0.9, n=3).events
    ]
    assert [(e.round, e.iteration) for e in schedule.events] == [(1, 0), (2, 0), (3, 0)]
    assert schedule.trained == (True,) * 4
    assert iterative(0.5, n=1) == after_training(0.5, retrain=True)


@given(FRACTIONS, st.integers(1, 30))
def test_rounds_end_exactly_at_the_asked_sparsity(sparsity, n):
    schedule = rounds(sparsity, n=n)
    assert schedule.rounds == n == len(schedule.events)
    assert schedule.events[-1].sparsity == sparsity  # to the last bit: counts depend on it
    for i, event in enumerate(schedule.events, start=1):
        assert 1 - event.sparsity == pytest.approx((1 - sparsity) ** (i / n), abs=1e-12)
    assert rounds(sparsity, n=1) == at_init(sparsity)


def test_a_tenth_of_what_is_left_every_100_steps_by_hand():
    schedule = every(1.0, 401, p=0.1, k=100)
    assert [e.iteration for e in schedule.events] == [100, 200, 300, 400]
    assert [e.sparsity for e in schedule.events] == pytest.approx([0.1, 0.19, 0.271, 0.3439])
    # No step is left after iteration 400 of 400: nothing could be trained.
    assert [e.iteration for e in every(1.0, 400, p=0.1, k=100).events] == [100, 200, 300]


@given(
    st.floats(0.01, 1),
    st.floats(0.001, 1),
    st.integers(1, 50),
    st.integers(1, 500),
)
def test_every_removes_p_of_the_rest_until_the_floor(sparsity, p, k, more):
    iterations = k + more
    events = every(sparsity, iterations, p=p, k=k).events
    assert [e.iteration for e in events] == [k * (i + 1) for i in range(len(events))]
    assert all(e.round == 0 and e.iteration < iterations for e in events)
    left = 1.0
    for event in events:
        left = max(left * (1 - p), 1 - sparsity)
        assert 1 - event.sparsity == pytest.approx(left, abs=1e-9)
    if events[-1].iteration + k < iterations:  # stopped early: at the floor, once
        assert events[-1].sparsity == sparsity
    assert sum(e.sparsity == sparsity for e in events) <= 1


def test_events_of_a_round_by_iteration():
    schedule = every(0.19, 1000, p=0.1, k=10)
    assert schedule.within(0) == pytest.approx({10: 0.1, 20: 0.19})
    assert schedule.within(1) == {}


@pytest.mark.parametrize(
    ("events", "trained"),
    [
        ((Event(0, 0, 1.5),), (True,)),
        ((Event(1, 0, 0.5),), (True,)),
        ((Event(0, -1, 0.5),), (True,)),
        ((Event(1, 3, 0.5),), (True, False)),
        ((Event(0, 5, 0.5), Event(0, 2, 0.6)), (True,)),
        ((Event(0, 2, 0.5), Event(0, 2, 0.6)), (True,)),
        ((Event(0, 2, 0.5), Event(0, 4, 0.4)), (True,)),
    ],
)
def test_an_impossible_schedule_is_refused(events, trained):
    with pytest.raises(UserError):
        Schedule(events, trained)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: at_init(1.2), r"\[0, 1\], found 1\.2"),
        (lambda: rounds(-0.1, n=3), r"\[0, 1\], found -0\.1"),
        (lambda: rounds(0.5, n=0), "rounds n must be a whole number of at least 1, found 0"),
        (lambda: rounds(0.5, n=2.5), "found 2.5"),  # type: ignore[arg-type]
        (lambda: every(1.0, 500, p=0.0, k=10), r"p .* \(0, 1\], found 0\.0"),
        (lambda: every(1.0, 500, p=0.1, k=0), "k must be a whole number .* found 0"),
        (lambda: every(1.0, 100, p=0.1, k=100), "k = 100 .* training of 100"),
        (lambda: never(0.5), "sparsity 0"),
    ],
)
def test_infeasible_values_are_named(build, message):
    with pytest.raises(UserError, match=message):
        build()


def test_options_must_be_those_of_the_schedule():
    check_options("every", {"p": 0.1, "k": 5})
    check_options("at_init", {})
    with pytest.raises(UserError, match=r"needs the option.* k"):
        check_options("every", {"p": 0.1})
    with pytest.raises(UserError, match=r"no option 'retrian' .did you mean 'retrain'"):
        check_options("after_training", {"retrian": True})
    with pytest.raises(UserError, match="did you mean 'rounds'"):
        check_options("round", {})


def test_every_builder_is_called_alike():
    options: dict[str, dict] = {
        "rounds": {"n": 2},
        "after_training": {"retrain": True},
        "every": {"p": 0.5, "k": 3},
        "iterative": {"n": 2},
    }
    for name, builder in SCHEDULES.items():
        schedule = builder(0.0, 10, **options.get(name, {}))
        assert isinstance(schedule, Schedule)
