"""Figures over records that not everybody may see: nothing below five, nothing that subtraction brings back.

Three rules together. *Primary*: a count of 1 to 4 is not shown. *Complementary*: where a total is published and
cells are hidden, so many more are hidden that the hidden ones are at least two and together at least five.
*Rounding*: what is shown is rounded down to a multiple of five, so that two looks at different times do not
differ by one record. Source: the usual rules of official statistics (primary and secondary cell suppression,
rounding to base five), applied to tables of one dimension.
"""

from collections.abc import Mapping

THRESHOLD = 5


def suppress(cells: Mapping[str, int], *, threshold: int = THRESHOLD) -> dict[str, int | None]:
    """The cells as they may be shown: None is hidden, the others are multiples of `threshold`.

    Assumes that the total of the cells is published too (`published_total`). Zero is shown: it counts nobody.
    Raises ValueError for a negative count.
    """
    if any(count < 0 for count in cells.values()):
        raise ValueError("A count is not negative.")
    hidden = {name for name, count in cells.items() if 0 < count < threshold}
    others = sorted((count, name) for name, count in cells.items() if count >= threshold)
    while hidden and others and not _is_safe(cells, hidden, threshold):
        hidden.add(others.pop(0)[1])
    return {name: None if name in hidden else rounded(count, threshold) for name, count in cells.items()}


def published_total(total: int, *, threshold: int = THRESHOLD) -> int | None:
    """A total as it may be shown: None below the threshold, unless it is zero."""
    return None if 0 < total < threshold else rounded(total, threshold)


def rounded(count: int, base: int) -> int:
    return count - count % base


def _is_safe(cells: Mapping[str, int], hidden: set[str], threshold: int) -> bool:
    return len(hidden) >= 2 and sum(cells[name] for name in hidden) >= threshold
