"""A demonstration that was stopped half-way is built anew, unless somebody has put something in."""

from serai.node import commands, postgres
from serai.node.config import Config


def half_built(config: Config, *people: str) -> Config:
    postgres.start(config)
    with postgres.connect(config) as connection:
        connection.execute("CREATE TABLE accounts_user (email text)")
        connection.execute("CREATE TABLE core_importrun (file_name text)")
        for email in ("steward@demo.example", *people):
            connection.execute("INSERT INTO accounts_user VALUES (%s)", (email,))
    config.demonstration_note.touch()
    return config


def tables(config: Config) -> list[tuple[str, ...]]:
    with postgres.connect(config) as connection:
        return connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()


def test_half_built_demonstration_is_thrown_away(node: Config) -> None:
    half_built(node)

    assert commands.start_afresh_if_interrupted(node)

    assert tables(node) == []
    with postgres.connect(node) as connection:  # and the extensions are there again
        assert connection.execute("SELECT '[1,2]'::vector::text").fetchone() == ("[1,2]",)


def test_what_others_put_in_is_kept(node: Config) -> None:
    half_built(node, "somebody@ministry.example")

    assert not commands.start_afresh_if_interrupted(node)

    assert len(tables(node)) == 2


def test_an_import_is_kept(node: Config) -> None:
    half_built(node)
    with postgres.connect(node) as connection:
        connection.execute("INSERT INTO core_importrun VALUES ('members.csv')")

    assert not commands.start_afresh_if_interrupted(node)


def test_complete_demonstration_is_kept(node: Config) -> None:
    half_built(node)
    node.demonstration_note.unlink()

    assert not commands.start_afresh_if_interrupted(node)
