"""Letters: fields are values, put in once, and cannot turn the words around them."""

from serai.core import mail


def test_a_value_is_put_in_once_and_turns_nothing_around() -> None:
    letter = mail.Letter(
        "test", "About {title}", "{title}\n{name}", {"title": "core.public", "name": "core.public"}
    )

    written = letter.written("en", {"title": "\u202eEvil\r\nBcc: x {name}", "name": "Ana"})

    assert written == {"subject": "About Evil Bcc: x {name}", "body": "Evil\r\nBcc: x {name}\nAna"}
