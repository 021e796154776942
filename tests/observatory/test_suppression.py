import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serai.observatory.suppression import THRESHOLD, published_total, suppress


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ({"a": 12, "b": 7}, {"a": 10, "b": 5}),
        ({"a": 12, "b": 3}, {"a": None, "b": None}),
        ({"a": 20, "b": 7, "c": 3}, {"a": 20, "b": None, "c": None}),
        ({"a": 20, "b": 4, "c": 3}, {"a": 20, "b": None, "c": None}),
        ({"a": 20, "b": 9, "c": 1, "d": 1}, {"a": 20, "b": None, "c": None, "d": None}),
        ({"a": 0, "b": 15}, {"a": 0, "b": 15}),
        ({"a": 3}, {"a": None}),
        ({}, {}),
    ],
)
def test_small_cells_are_hidden_and_so_much_beside_them_that_subtraction_fails(
    cells: dict[str, int], shown: dict[str, int | None]
) -> None:
    assert suppress(cells) == shown


@pytest.mark.parametrize(("total", "shown"), [(0, 0), (1, None), (4, None), (5, 5), (9, 5), (100, 100)])
def test_a_total_below_five_is_not_shown(total: int, shown: int | None) -> None:
    assert published_total(total) == shown


def test_a_negative_count_is_an_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        suppress({"a": -1})


# The clock of a busy machine says nothing about suppression.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 60), max_size=12))
def test_nothing_shown_lets_a_small_cell_be_found(cells: dict[str, int]) -> None:
    shown = suppress(cells)

    hidden = {name for name, value in shown.items() if value is None}
    visible = {name: value for name, value in shown.items() if value is not None}
    assert all(value == 0 or value >= THRESHOLD for value in visible.values())
    assert all(
        value % THRESHOLD == 0 and 0 <= cells[name] - value < THRESHOLD for name, value in visible.items()
    )
    if hidden and any(value for value in visible.values()):
        assert len(hidden) >= 2
        assert sum(cells[name] for name in hidden) >= THRESHOLD
