"""Which language two people can talk in, and who can interpret between them. Tags are BCP 47."""

from collections.abc import Iterable, Sequence
from typing import Protocol


class Speaks(Protocol):
    languages: list[str]


def primary(tag: str) -> str:
    """`zh-Hans` -> `zh`: people who speak are not kept apart by scripts or regions."""
    return tag.split("-")[0].lower()


def primaries(tags: Iterable[str]) -> list[str]:
    """Primary languages in order, each once."""
    return list(dict.fromkeys(primary(tag) for tag in tags))


def shared(a: Sequence[str], b: Sequence[str]) -> list[str]:
    """Languages both speak, in the order `a` gives them."""
    theirs = set(primaries(b))
    return [language for language in primaries(a) if language in theirs]


def pair_name(x: str, y: str) -> str:
    """One name for a language pair, whichever way round: `pl-zh`."""
    return "-".join(sorted((x, y)))


def pairs_between(a: Sequence[str], b: Sequence[str]) -> list[str]:
    """Every language pair that would let the two talk through an interpreter, the first choices first."""
    ranked = sorted(
        ((i + j, pair_name(x, y)) for i, x in enumerate(primaries(a)) for j, y in enumerate(primaries(b))),
        key=lambda item: item,
    )
    return list(dict.fromkeys(name for _rank, name in ranked))


def pairs_of(interpreter: Speaks) -> frozenset[str]:
    """The language pairs an interpreter works in."""
    own = primaries(interpreter.languages)
    return frozenset(pair_name(x, y) for i, x in enumerate(own) for y in own[i + 1 :])


def interprets(interpreter: Speaks, a: Sequence[str], b: Sequence[str]) -> bool:
    return not pairs_of(interpreter).isdisjoint(pairs_between(a, b))
