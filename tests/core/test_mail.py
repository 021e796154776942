"""Letters: fields are values, put in once, and cannot turn the words around them."""

from django.core import mail as django_mail

from serai.core import mail

FIELDS = dict.fromkeys(("title", "name", "note", "step", "url"), "core.public")


def letter(**texts: str) -> mail.Letter:
    return mail.Letter("test", texts.get("subject", "About {title}"), texts["body"], FIELDS, **_rest(texts))


def _rest(texts: dict[str, str]) -> dict[str, str]:
    return {key: texts[key] for key in ("action", "foot") if key in texts}


def test_a_value_is_put_in_once_and_turns_nothing_around() -> None:
    written = letter(body="{title}\n{name}").written(
        "en", {"title": "\u202eEvil\r\nBcc: x {name}", "name": "Ana"}
    )

    assert (written["subject"], written["body"]) == ("About Evil Bcc: x {name}", "Evil\r\nBcc: x {name}\nAna")


def test_the_html_says_the_same_and_is_nobodys_markup() -> None:
    values = {
        "title": "<b>Pumps</b> & pipes",
        "step": "Answer",
        "url": "https://n.example/a/",
        "name": "O'Neil",
    }

    written = letter(body="{title}\nof {name}", action="{step}", foot="See {url}").written("en", values)

    assert written["body"] == (
        "<b>Pumps</b> & pipes\nof O'Neil\n\nAnswer\nhttps://n.example/a/\n\n-- \nSee https://n.example/a/"
    )
    assert "<p>&lt;b&gt;Pumps&lt;/b&gt; &amp; pipes<br>of O'Neil</p>" in written["html"]
    assert ">Answer</a>" in written["html"]
    assert '<a href="https://n.example/a/">https://n.example/a/</a>' in written["html"]
    assert "<b>" not in written["html"]


def test_a_paragraph_with_nothing_to_say_is_left_out() -> None:
    written = letter(body="{title}\n\n{note}\n\nBye").written("en", {"title": "Pumps", "note": ""})

    assert written["body"] == "Pumps\n\nBye"
    assert written["html"].count("<p>") == 2


def test_a_letter_reads_in_the_direction_of_its_language() -> None:
    pages = [letter(body="{title}").written(code, {"title": "x"})["html"] for code in ("ar", "en")]

    assert [('dir="rtl"' in page, 'lang="ar"' in page) for page in pages] == [(True, True), (False, False)]


def test_a_letter_leaves_as_text_and_as_html(mailoutbox: list[django_mail.EmailMultiAlternatives]) -> None:
    mail.send({"key": "k", "to": "a@example.org", **letter(body="{title}").written("en", {"title": "Pumps"})})
    mail.send({"key": "older", "to": "a@example.org", "subject": "About", "body": "Pumps"})

    new, older = mailoutbox
    assert [kind for _page, kind in new.alternatives] == ["text/html"]
    assert (new.body, older.body, older.alternatives) == ("Pumps", "Pumps", [])
