import ast
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import time_machine
from django import forms
from django.core.paginator import Paginator
from django.core.wsgi import get_wsgi_application
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from serai.core import context, kinds, policy, small, style_samples, ui, words
from serai.core.templatetags import ui as tags

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "serai/core/static"
TEMPLATES = sorted((ROOT / "serai").glob("*/templates/**/*.html"))
CODE = sorted((ROOT / "serai").rglob("*.py"))
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def show(source: str, **context: Any) -> str:
    """A piece of template, printed, with the white space between tags evened out."""
    request = RequestFactory().get("/list", context.pop("query", {}))
    printed = Template(source).render(Context({"request": request, "csrf_token": "token", **context}))
    return re.sub(r">\s+<", "><", re.sub(r"\s+", " ", printed)).strip()


def icons_of_code(path: Path) -> Iterator[str]:
    """Icon names in calls: `icon="…"`, the third argument of an Action, the fourth of a Place."""
    places = {"Action": 2, "Place": 3}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = [k.value for k in node.keywords if k.arg == "icon"]
        if called in places:
            given += node.args[places[called] : places[called] + 1]
        yield from (str(a.value) for a in given if isinstance(a, ast.Constant) and a.value)


# --- files --------------------------------------------------------------------------------------------------
def test_vendored_files_are_those_recorded() -> None:
    vendor = STATIC / "vendor"
    record = json.loads((vendor / "VENDOR.json").read_text("utf-8"))

    recorded = {name: digest for package in record for name, digest in package["files"].items()}
    present = {
        path.relative_to(vendor).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name != "VENDOR.json"
    }

    assert present == recorded
    for package in record:
        assert any(name.endswith("/LICENSE") for name in package["files"]), package["name"]


def test_every_named_icon_is_in_the_sprite() -> None:
    sprite = (STATIC / "vendor/bootstrap-icons/sprite.svg").read_text("utf-8")
    symbols = set(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite))

    templates = [path.read_text("utf-8") for path in TEMPLATES]
    named = {name for t in templates for name in re.findall(r'(?:{% icon |\bicon=)"([^"]+)"', t)}
    named |= {name for path in CODE for name in icons_of_code(path)}
    named |= {*small.TONE_ICONS.values(), *small.CHIP_ICONS.values(), *small.TIER_ICONS.values()}

    assert named - symbols == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.relative_to(ROOT / "serai").as_posix())
def test_a_template_has_nothing_inline(path: Path) -> None:
    whole = path.read_text("utf-8")
    source = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", whole, flags=re.DOTALL)

    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", source) == []
    assert re.findall(r"<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:", source) == []
    assert re.findall(r"\|\s*safe\b|{% autoescape off", whole) == []


def test_every_tag_and_filter_is_documented() -> None:
    text = (ROOT / "docs/interface.md").read_text("utf-8")
    shown_by_others = {"places", "language_name_local", "message_tone", "tone_icon", "as_day"}

    undocumented = {name for name in tags.register.tags if f"{{% {name} " not in text + " "}
    undocumented |= {name for name in tags.register.filters if f"\\|{name}`" not in text}

    assert undocumented - shown_by_others == set()


# --- colours ------------------------------------------------------------------------------------------------
def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2 definition, of "#rrggbb"."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palette() -> dict[str, tuple[str, str]]:
    css = (STATIC / "core/serai.css").read_text("utf-8")
    found = re.findall(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", css)
    return {name: (day, night) for name, day, night in found}


TEXT_ON = (
    [(ink, ground, 4.5) for ink in ("ink", "ink-2", "ink-3") for ground in ("paper", "sheet", "sunk")]
    + [(hue, "paper", 4.5) for hue in ("lapis", "jade", "saffron", "madder", "slate")]
    + [(hue, f"{hue}-wash", 4.5) for hue in ("lapis", "jade", "saffron", "madder", "slate")]
    + [("ink", f"{hue}-wash", 4.5) for hue in ("lapis", "jade", "saffron", "madder", "slate")]
    + [
        ("on-lapis", "lapis", 4.5),
        ("on-madder", "madder", 4.5),
        ("edge", "paper", 3.0),
        ("edge", "sheet", 3.0),
    ]
)


@pytest.mark.parametrize(("text", "ground", "least"), TEXT_ON)
def test_colours_can_be_read_by_day_and_by_night(text: str, ground: str, least: float) -> None:
    colours = palette()

    for theme in (0, 1):
        assert contrast(colours[text][theme], colours[ground][theme]) >= least


# --- small words --------------------------------------------------------------------------------------------
def test_an_icon_is_decoration_or_has_a_name() -> None:
    assert 'aria-hidden="true"' in small.icon("bell")
    assert 'role="img" aria-label="3 &lt;notices&gt;"' in small.icon("bell", "3 <notices>")


def test_only_icons_that_point_are_mirrored() -> None:
    assert [small.points(n) for n in ("arrow-right", "chevron-left", "arrow-left-right", "bell")] == [
        True,
        True,
        False,
        False,
    ]


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(
    ("days", "left", "tone"),
    [
        (8, "8 days left", "quiet"),
        (7, "7 days left", "waiting"),
        (1, "tomorrow", "waiting"),
        (0, "today", "waiting"),
        (-1, "1 day late", "stopped"),
    ],
)
def test_a_due_date_says_how_long_is_left(days: int, left: str, tone: str) -> None:
    assert words.due_state(NOON.date() + timedelta(days=days)) == (left, tone)


@time_machine.travel(NOON, tick=False)
def test_a_due_date_that_is_met_no_longer_presses() -> None:
    assert words.due_state((NOON - timedelta(days=9)).date(), done=True) == ("", "quiet")
    assert show("{% due none %}", none=None) == ""


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(
    ("days", "told"), [(0, "today"), (1, "yesterday"), (5, "5 days ago"), (60, "21 Sept 2026")]
)
def test_freshness_is_told_in_words(days: int, told: str) -> None:
    assert words.ago(NOON - timedelta(days=days)) == told


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "Wed, 25 Nov 2026"),
        ("zh-hans", "2026年11月25日周三"),
        ("de", "Mi., 25. Nov. 2026"),
        ("ar", "الأربعاء، 25 نوفمبر 2026"),
    ],
)
def test_dates_are_written_as_the_reader_writes_them(language: str, written: str) -> None:
    with translation.override(language):
        assert words.on_weekday(date(2026, 11, 25)) == written


@pytest.mark.parametrize(
    ("language", "written"),
    [("en", "1,238.5"), ("zh-hans", "1,238.5"), ("de", "1.238,5"), ("fr", "1\u202f238,5")],
)
def test_numbers_are_written_as_the_reader_writes_them(language: str, written: str) -> None:
    with translation.override(language):
        assert words.number(1238.5) == written


def test_counts_beyond_the_cap_are_not_exact() -> None:
    assert [words.capped(n) for n in (0, 200, 201)] == ["0", "200", "200+"]
    assert words.capped(100, 99) == "99+"


def test_languages_are_named_in_the_readers_language() -> None:
    with translation.override("de"):
        assert words.language_name("zh-Hans") == "Chinesisch"
    with translation.override("zh-hans"):
        assert words.language_name("de") == "德语"
    assert words.language_name("x-unknown") == "x-unknown"


def test_direction_follows_the_language_of_the_text() -> None:
    assert [words.text_direction(t) for t in ("ar", "ar-MA", "pa-Arab", "de", "")] == [
        "rtl",
        "rtl",
        "rtl",
        "ltr",
        "auto",
    ]


def test_names_are_isolated_and_escaped() -> None:
    shown = show("{% chip c %}", c=ui.Chip("<b>\u202eevil</b>", "/o/1", lang="en", place="Oman"))

    assert '<bdi lang="en"><a href="/o/1">&lt;b&gt;\u202eevil&lt;/b&gt;</a></bdi>' in shown


def test_a_machine_translation_is_marked_with_the_way_to_the_original() -> None:
    shown = show('{% text_in body "ar" "machine" "/original" %}', body="نص")

    assert '<div class="prose" lang="ar" dir="rtl"><p>نص</p></div>' in shown
    assert "Translated by a machine" in shown
    assert 'href="/original"' in shown


def test_a_written_text_carries_no_mark() -> None:
    assert "Translated" not in show('{% text_in body "de" "written" %}', body="Text")


# --- parts of a page ----------------------------------------------------------------------------------------
def test_a_change_is_a_form_with_a_token_and_its_fields() -> None:
    accept = ui.Action("Accept", "/accept", "check-lg", "post", fields={"reason": "good"})

    shown = show("{% action a %}", a=accept)

    assert '<form action="/accept" method="post">' in shown
    assert '<input type="hidden" name="csrfmiddlewaretoken" value="token">' in shown
    assert '<input type="hidden" name="reason" value="good">' in shown


def test_a_dangerous_change_asks_first() -> None:
    withdraw = ui.Action("Withdraw", "/withdraw", method="post", danger=True, confirm="Withdraw it?")

    shown = show("{% action a %}", a=withdraw)

    assert shown.startswith('<details class="pop confirm">')
    assert "Withdraw it?" in shown


def test_a_step_of_the_chain_with_nothing_behind_it_is_not_linked() -> None:
    stops = [
        ui.Stop("Listing", "done", "Membranes", "/l/1", more=2),
        ui.Stop("Meeting", "here", "Table 4"),
        ui.Stop("Result"),
    ]

    shown = show("{% chain stops %}", stops=stops)

    assert re.findall(r'<li class="is-(\w+)"', shown) == ["done", "here", "ahead"]
    assert re.findall(r'href="([^"]+)"', shown) == ["/l/1"]
    assert "2 more" in shown


def test_a_step_that_may_only_be_hidden_is_not_called_to_come() -> None:
    """The step may exist and be kept from the reader: the chain says its name and no more."""
    shown = show("{% chain stops %}", stops=[ui.Stop("Agreement")])

    assert re.findall(r'<span class="what">(.*?)</span>', shown) == ["Agreement"]


EDIT = ui.Action("Edit", "/edit")
COPY = ui.Action("Copy", "/copy")
END = ui.Action("End", "/end", danger=True)


@pytest.mark.parametrize(
    ("next_step", "actions", "in_sight", "in_menu"),
    [
        (None, [EDIT], [EDIT], []),
        (None, [EDIT, COPY, END], [EDIT], [COPY, END]),
        (None, [EDIT, COPY], [EDIT, COPY], []),
        (None, [END], [], [END]),
        (COPY, [EDIT], [EDIT], []),
        (COPY, [EDIT, END], [], [EDIT, END]),
        (COPY, [], [], []),
    ],
)
def test_no_menu_hides_the_only_thing_to_do(
    next_step: ui.Action | None,
    actions: list[ui.Action],
    in_sight: list[ui.Action],
    in_menu: list[ui.Action],
) -> None:
    assert tags.spread(next_step, actions) == (in_sight, in_menu)


def test_the_header_shows_the_first_thing_to_do_where_nothing_is_next() -> None:
    shown = show("{% page_header title='A park' actions=actions %}", actions=[EDIT, COPY, END])

    assert re.findall(r'<a href="([^"]+)" class="([^"]+)"', shown) == [
        ("/edit", "btn btn-secondary"),
        ("/copy", "menu-item"),
        ("/end", "menu-item danger"),
    ]


def test_no_chain_prints_nothing() -> None:
    assert show("{% chain stops %}", stops=[]) == ""


def test_the_chain_shows_every_stage_in_order_and_two_of_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    from uuid import UUID

    from serai.core.chain import Step

    known = {
        name: kinds.Kind(name, name, name, None, None, None, stage=stage)  # type: ignore[arg-type]
        for stage, name in enumerate(("organisation", "listing", "meeting"))
    }
    monkeypatch.setattr(kinds, "_by_name", known)
    card = kinds.Card("listing", UUID(int=1), "Membranes", "/l/1")
    twin = kinds.Card("listing", UUID(int=2), "Filters", "/l/2")
    third = kinds.Card("listing", UUID(int=3), "Pumps", "/l/3")

    stops = tags.stops_of([Step(third, 1, 3, False), Step(twin, 1, 2, False), Step(card, 1, 0, True)])

    assert [(s.kind, s.state, s.title, s.more) for s in stops] == [
        ("organisation", "ahead", "", 0),
        ("listing", "here", "Membranes", 0),
        ("listing", "done", "Filters", 1),
        ("meeting", "ahead", "", 0),
    ]


# --- lists --------------------------------------------------------------------------------------------------
def test_pages_keep_the_filters() -> None:
    page = Paginator(range(50), 20).page(2)

    shown = show("{% pagination page total=500 %}", page=page, query={"field": ["a&b", "c"], "page": "2"})

    assert re.findall(r'<a [^>]*href="([^"]+)"', shown) == [
        "?field=a%26b&amp;field=c&amp;page=1",
        "?field=a%26b&amp;field=c&amp;page=3",
    ]
    assert "Page 2, 200+ in all" in shown


@pytest.mark.parametrize(("total", "said"), [(0, ""), (7, "7 in all")])
def test_a_list_of_one_page_only_says_how_many(total: int, said: str) -> None:
    shown = show("{% pagination page total=total %}", page=Paginator(range(7), 20).page(1), total=total)

    assert re.sub(r"<[^>]+>", "", shown).strip() == said


def test_the_filter_sentence_is_a_form_that_remembers() -> None:
    shown = show('{% filter_sentence f search=True query="li" keep="tab=mine" %}', f=style_samples.filters())

    assert re.findall(r'<option value="(\w+)" selected>', shown) == ["offer", "new"]
    assert re.findall(r'value="(\w+)" checked', shown) == ["energy", "water"]
    assert '<input type="hidden" name="tab" value="mine">' in shown
    assert 'name="q" value="li"' in shown
    assert "energy +1" in shown


def test_a_row_says_who_where_which_language_and_why() -> None:
    item = ui.Row(
        "Titel", "/l/1", lang="de", who=ui.Chip("Werk", place="Germany"), language="de", why="Shared: lithium"
    )

    shown = show("{% row item %}", item=item)

    assert '<a href="/l/1"><bdi lang="de">Titel</bdi></a>' in shown
    assert [word in shown for word in ("Werk", "Germany", "German", "Shared: lithium")] == [True] * 4
    assert "checkbox" not in shown


def test_a_table_row_must_have_a_cell_for_each_column() -> None:
    short = ui.Table("Numbers", [ui.Column("Year"), ui.Column("Value", numeric=True)], [["2026"]])

    with pytest.raises(ValueError, match="shorter"):
        show("{% data_table t %}", t=short)


# --- forms --------------------------------------------------------------------------------------------------
class Answer(forms.Form):
    reason = forms.CharField(label="Reason", help_text="In a sentence.")
    kind = forms.ChoiceField(label="Kind", choices=[("a", "A")], widget=forms.RadioSelect)
    seen = forms.BooleanField(label="Seen", required=False)


def test_a_wrong_field_says_so_to_eyes_and_ears() -> None:
    shown = show("{% field form.reason %}", form=Answer({"reason": ""}))

    assert 'aria-invalid="true"' in shown
    assert 'aria-describedby="id_reason_help id_reason_error"' in shown
    assert '<p class="help" id="id_reason_help">In a sentence.</p>' in shown
    assert re.search(r'<p class="error" id="id_reason_error">.*This field is required\.', shown)


def test_what_was_typed_is_kept() -> None:
    assert 'value="a &lt;reason&gt;"' in show(
        "{% field form.reason %}", form=Answer({"reason": "a <reason>"})
    )


def test_the_summary_links_each_mistake_to_its_field() -> None:
    shown = show("{% form_fields form %}", form=Answer({}))

    linked = re.findall(r'<a href="#([\w-]+)">', shown)
    assert linked == ["id_reason", "id_kind"]
    assert [f'id="{target}"' in shown for target in linked] == [True, True]


def test_a_form_without_mistakes_has_no_summary() -> None:
    assert show("{% error_summary form %}", form=Answer()) == ""


# --- numbers, pictures, days ----------------------------------------------------------------------------------
def test_a_sparkline_rises_with_its_values() -> None:
    points = [tuple(map(float, p.split(","))) for p in tags.spark_points([1, 3, 2]).split()]

    assert points == [(2.0, 21.0), (48.0, 3.0), (94.0, 12.0)]
    assert tags.spark_points([5]) == ""


def test_chart_and_table_show_the_same_values() -> None:
    chart = ui.Chart("T", ["2024", "2025", "2026"], [ui.Series("A", [1, None, 3])], links=["/a", "", "/c"])

    table = tags.table_of_chart(chart)

    assert [[(v.text, v.url) for v in map(tags.as_value, r)] for r in table.rows] == [
        [("2024", "/a"), (1, "")],
        [("2025", ""), ("", "")],
        [("2026", "/c"), (3, "")],
    ]


def test_chart_data_cannot_close_its_script() -> None:
    chart = ui.Chart("T", ["</script><b>"], [ui.Series("A", [1])])

    assert "</script><b>" not in show("{% chart c %}", c=chart)


def test_countries_are_known_by_the_number_on_the_map() -> None:
    assert [tags.country_number(c) for c in ("DE", "cn", "XX")] == ["276", "156", ""]


def test_passages_of_a_pair_carry_the_same_number() -> None:
    shown = show("{% match m %}", m=style_samples.match())

    assert re.findall(r'data-pair="(\d)"', shown) == ["1", "2", "3", "2", "1", "3"]


def test_the_next_meeting_is_the_first_that_has_not_ended() -> None:
    half = timedelta(minutes=30)
    meetings = [ui.Meeting(NOON + half * n, NOON + half * (n + 1), [], f"Table {n}") for n in (-2, 0, 2)]

    during = tags.my_day(meetings, now=NOON + timedelta(minutes=10))
    after = tags.my_day(meetings, now=NOON + timedelta(days=1))

    assert (during["next"], during["starts_in"]) == (meetings[1], "now")
    assert [(is_next, is_over) for _m, is_next, is_over in during["meetings"]] == [
        (False, True),
        (True, False),
        (False, False),
    ]
    assert (after["next"], after["starts_in"]) == (None, "")


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(0, "now"), (1, "in 1 minute"), (25, "in 25 minutes"), (180, "in 3 hours"), (2000, "")],
)
def test_the_wait_for_a_meeting_is_told_in_words(minutes: int, told: str) -> None:
    assert words.starts_in(minutes) == told


def test_a_running_job_asks_again_and_a_finished_one_rests() -> None:
    running = show("{% progress j %}", j=ui.Progress("Import", 10, 40, poll_url="/job"))
    done = show("{% progress j %}", j=ui.Progress("Import", 40, 40, "done", poll_url="/job"))

    assert 'hx-get="/job"' in running
    assert 'value="25"' in running
    assert "hx-get" not in done


def test_an_exact_time_stands_in_the_zone_of_the_page() -> None:
    with timezone.override("Asia/Shanghai"):
        shown = show("{% when at %}", at=datetime(2026, 1, 1, 23, 30, tzinfo=UTC))

    assert 'title="Fri, 2 Jan 2026, 07:30"' in shown


def test_a_day_is_taken_from_an_aware_moment_in_the_zone_of_the_page() -> None:
    assert words.as_day(datetime(2026, 1, 1, 23, 30, tzinfo=UTC)) == date(2026, 1, 1)


# --- the living style page in a browser -------------------------------------------------------------------------
class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@pytest.fixture
def style_address(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The style page with a rail of nine places, served without a database: it holds no record."""
    settings.DEBUG = True
    names = ("Today", "Find", "Exchange", "Meet", "Build", "Observe", "Network", "Settings", "Help")
    places = [
        context.Place(name, name, "style", "compass", order, policy.anyone, lambda viewer: 3, order > 6)
        for order, name in enumerate(names)
    ]
    monkeypatch.setattr(context, "_places", places)
    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/style/"
    server.shutdown()
    server.server_close()


AXE = (ROOT / "tests/vendor/axe-core/axe.min.js").read_text("utf-8")
VIEWS = [
    ("en", "light", 1280),
    ("ar", "dark", 390),
    *(
        pytest.param(language, theme, width, marks=pytest.mark.slow)
        for language in ("en", "zh-hans", "ar")
        for theme in ("light", "dark")
        for width in (390, 1280)
        if (language, theme, width) not in {("en", "light", 1280), ("ar", "dark", 390)}
    ),
]


@pytest.mark.browser
@pytest.mark.parametrize(("language", "theme", "width"), VIEWS)
def test_everybody_can_use_the_style_page(
    chromium: Any, style_address: str, language: str, theme: str, width: int
) -> None:
    visitor = chromium.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    visitor.add_cookies(
        [
            {"name": "serai_theme", "value": theme, "url": style_address},
            {"name": "serai_language", "value": language, "url": style_address},
        ]
    )
    page = visitor.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))

    page.goto(style_address)
    page.wait_for_selector("[data-map] svg")
    page.wait_for_selector("[data-chart] canvas")
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    wide = page.evaluate("document.documentElement.scrollWidth")
    lines = page.evaluate("document.querySelectorAll('.match-lines path').length")
    visitor.close()

    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]] == []
    assert len(found["passes"]) > 20
    assert complaints == []
    assert wide == width
    assert lines == (3 if width > 767 else 0)


@pytest.mark.browser
def test_keys_menus_theme_and_filters_work_in_the_browser(chromium: Any, style_address: str) -> None:
    visitor = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = visitor.new_page()
    page.goto(style_address)

    page.evaluate("document.activeElement.blur()")
    for key in ("j", "j", "x"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.closest('.row-item').matches('.is-active:nth-child(2)')")
    assert page.inner_text("[data-bulk-count]") == "1"

    page.click("summary[aria-label^=Language]")
    assert page.locator("details.pop[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("details.pop[open]").count() == 0

    page.click("[data-theme-toggle]")
    page.click("[data-theme-toggle]")
    assert [c["value"] for c in visitor.cookies() if c["name"] == "serai_theme"] == ["light"]

    page.evaluate("window.isSamePage = true")
    page.select_option("#filter-country", "CN")
    page.wait_for_url("**country=CN*")
    assert page.evaluate("window.isSamePage")
    visitor.close()


@pytest.mark.browser
@pytest.mark.parametrize(("language", "forward"), [("en", 1), ("ar", -1)])
def test_tabs_that_do_not_fit_show_that_there_are_more(
    chromium: Any, style_address: str, language: str, forward: int
) -> None:
    visitor = chromium.new_context(viewport={"width": 320, "height": 844}, reduced_motion="reduce")
    visitor.add_cookies([{"name": "serai_language", "value": language, "url": style_address}])
    page = visitor.new_page()
    page.goto(style_address)
    hints = """selector => { const tabs = document.querySelector(selector);
        return [tabs.matches('.has-before'), tabs.matches('.has-after')]; }"""
    more = (
        "document.querySelector('.tabs').append(document.querySelector('.tabs a:last-child').cloneNode(true))"
    )

    for _turn in range(6):
        page.evaluate(more)
    page.evaluate("document.querySelector('.tabs').dispatchEvent(new Event('scroll'))")
    at_start = page.evaluate(hints, ".tabs")
    page.evaluate(f"document.querySelector('.tabs').scrollBy({forward * 60}, 0)")
    page.wait_for_selector(".tabs.has-before.has-after")
    page.evaluate(f"document.querySelector('.tabs').scrollBy({forward * 9999}, 0)")
    page.wait_for_selector(".tabs.has-before:not(.has-after)")
    squeezed = page.evaluate(
        "[...document.querySelectorAll('.tabs a')].filter(tab => tab.scrollWidth > tab.clientWidth).length"
    )
    visitor.close()

    assert at_start == [False, True]
    assert squeezed == 0


@pytest.mark.browser
def test_tabs_that_fit_are_shown_whole(chromium: Any, style_address: str) -> None:
    visitor = chromium.new_context(viewport={"width": 1280, "height": 844})
    page = visitor.new_page()
    page.goto(style_address)
    faded = page.locator(".tabs:is(.has-before, .has-after)").count()
    visitor.close()

    assert faded == 0


@pytest.mark.browser
@pytest.mark.parametrize(
    "place", [".head h1 bdi", ".chip bdi", ".line bdi", ".row-title bdi", ".facts bdi", ".chain bdi"]
)
def test_a_word_longer_than_the_page_breaks(chromium: Any, style_address: str, place: str) -> None:
    visitor = chromium.new_context(viewport={"width": 390, "height": 844})
    page = visitor.new_page()
    page.goto(style_address)
    page.evaluate(
        "place => document.querySelectorAll(place).forEach(one => { one.textContent = 'Wasser'.repeat(12); })",
        place,
    )
    wide = page.evaluate("document.documentElement.scrollWidth")
    visitor.close()

    assert wide == 390


@pytest.mark.browser
def test_the_open_tab_is_told_from_the_others_in_the_readers_own_colours(
    chromium: Any, style_address: str
) -> None:
    visitor = chromium.new_context(viewport={"width": 1280, "height": 844}, forced_colors="active")
    page = visitor.new_page()
    page.goto(style_address)
    line = "selector => getComputedStyle(document.querySelector(selector)).borderBlockEndColor"
    here = page.evaluate(line, ".tabs [aria-current]")
    elsewhere = page.evaluate(line, ".tabs a:not([aria-current])")
    visitor.close()

    assert here != elsewhere


@pytest.mark.browser
def test_filters_and_menus_work_without_scripts(chromium: Any, style_address: str) -> None:
    visitor = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = visitor.new_page()
    page.goto(style_address)

    page.click(".bottom summary")
    assert page.locator(".bottom .menu a").first.is_visible()
    assert not page.locator("[data-theme-toggle]").is_visible()
    page.click(".bottom summary")
    page.select_option("#filter-country", "CN")
    page.click(".sentence .show")
    page.wait_for_url("**country=CN*")
    visitor.close()
