"""The one error of everything that has to do with the node's database."""


class PostgresError(Exception):
    """The database cannot be used; the message says why and what to do."""
