"""A copy of one's data, and being forgotten."""

from serai.persons.actions.copying import ask_for_copy, files_of_copy, forget_ended, write_copy
from serai.persons.actions.erasing import Erased, erase_again, erase_person

__all__ = [
    "Erased",
    "ask_for_copy",
    "erase_again",
    "erase_person",
    "files_of_copy",
    "forget_ended",
    "write_copy",
]
