"""Sample shapes for the living style page. Every organisation and text in here is invented."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.core.paginator import Paginator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from serai.core import ui

HALLE = ui.Chip("Saaletal Membranwerk (invented)", "#", place="Germany", lang="de", verified=True)
SUZHOU = ui.Chip("苏州清源水务技术有限公司（示例）", "#", place="China", lang="zh-Hans", verified=True)
RABAT = ui.Chip("معهد الرباط للطاقة (مثال)", "#", place="Morocco", lang="ar")
ANA = ui.Chip("Ana Example", "#", kind="person", place="Saaletal Membranwerk")


class SampleForm(forms.Form):
    title = forms.CharField(
        label=gettext_lazy("Title"),
        help_text=gettext_lazy("One sentence a stranger understands."),
        max_length=120,
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[
            ("offer", gettext_lazy("Technology offer")),
            ("request", gettext_lazy("Technology request")),
        ],
    )
    text = forms.CharField(
        label=gettext_lazy("Description"),
        widget=forms.Textarea,
        help_text=gettext_lazy("In your own language. Nothing confidential: this part is public."),
    )
    tier = forms.ChoiceField(
        label=gettext_lazy("Who may read it"),
        widget=forms.RadioSelect,
        choices=[("public", gettext_lazy("Everybody")), ("network", gettext_lazy("Verified members"))],
    )
    expires = forms.DateField(
        label=gettext_lazy("Open until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    paper = forms.FileField(label=gettext_lazy("Drawing or data sheet"), required=False)
    agreed = forms.BooleanField(label=gettext_lazy("I may publish this on behalf of my organisation"))


def filters() -> list[ui.Filter]:
    return [
        ui.Filter(
            "direction",
            _("Direction"),
            [ui.Option("offer", _("Offers")), ui.Option("request", _("Requests"))],
            value="offer",
            any_label=_("Offers and requests"),
        ),
        ui.Filter(
            "field",
            _("Field"),
            [
                ui.Option("energy", _("energy"), 48),
                ui.Option("water", _("water"), 31),
                ui.Option("health", _("health"), 212),
            ],
            value=["energy", "water"],
            before=_("in"),
            multiple=True,
            any_label=_("any field"),
        ),
        ui.Filter(
            "country",
            _("Country"),
            [ui.Option("DE", _("Germany")), ui.Option("CN", _("China"))],
            before=_("from"),
            any_label=_("anywhere"),
        ),
        ui.Filter(
            "order",
            _("Order"),
            [ui.Option("new", _("newest first")), ui.Option("due", _("soonest answer first"))],
            value="new",
        ),
    ]


def rows() -> list[ui.Row]:
    today = timezone.localdate()
    return [
        ui.Row(
            "Membranen zur Rückgewinnung von Lithium aus Prozesswasser",
            "#",
            lang="de",
            kind=_("Technology offer"),
            icon="box-arrow-up-right",
            who=HALLE,
            language="de",
            when=timezone.now() - timedelta(days=2),
            why=_(
                "It answers your request “Recover lithium from brine”: shared terms lithium, membrane, TRL 7."
            ),
            status=_("Published"),
            status_tone="done",
            tier="public",
            value="1",
        ),
        ui.Row(
            "寻求含盐废水中锂回收的合作伙伴",
            "#",
            lang="zh-Hans",
            kind=_("Technology request"),
            icon="box-arrow-in-right",
            who=SUZHOU,
            language="zh-Hans",
            snippet="我们每天处理三千吨含盐废水，希望在不使用溶剂的条件下回收锂，并与欧洲伙伴共同开展中试。",
            due=today + timedelta(days=3),
            due_label=_("Answer by"),
            status=_("Waiting for you"),
            status_tone="waiting",
            value="2",
        ),
        ui.Row(
            "تخزين الطاقة الحرارية للمناطق الصناعية",
            "#",
            lang="ar",
            kind=_("Technology offer"),
            icon="box-arrow-up-right",
            who=RABAT,
            language="ar",
            origin="machine",
            when=timezone.now() - timedelta(days=40),
            status=_("Withdrawn"),
            status_tone="stopped",
            value="3",
        ),
    ]


def chain() -> list[ui.Stop]:
    return [
        ui.Stop(_("Organisation"), "done", "Saaletal Membranwerk", "#", lang="de"),
        ui.Stop(_("Listing"), "done", "Membranen zur Rückgewinnung von Lithium", "#", _("Published"), "de"),
        ui.Stop(
            _("Expression of interest"), "done", "苏州清源水务技术有限公司", "#", _("Accepted"), "zh-Hans", 2
        ),
        ui.Stop(_("Meeting"), "here", _("Wednesday, table 14"), note=_("Held")),
        ui.Stop(_("Cooperation case"), "open", _("Open a case"), "#"),
        ui.Stop(_("Agreement")),
        ui.Stop(_("Joint laboratory, project or licence")),
        ui.Stop(_("Result")),
        ui.Stop(_("Indicator")),
    ]


def match() -> ui.Match:
    return ui.Match(
        mine=ui.Side(
            "Recover lithium from saline process water",
            [
                ui.Passage("We treat three thousand tonnes of saline waste water a day.", "a"),
                ui.Passage("Today the lithium in it is lost."),
                ui.Passage("We look for a process that recovers lithium without solvents", "b"),
                ui.Passage("and runs at ambient temperature. A pilot should start within a year.", "c"),
            ],
            lang="en",
            kind=_("My request"),
            who=ANA,
        ),
        theirs=ui.Side(
            "Membranen zur Rückgewinnung von Lithium aus Prozesswasser",
            [
                ui.Passage("Unser Institut entwickelt seit 2016 ionenselektive Membranen."),
                ui.Passage("Sie gewinnen Lithium ohne Lösungsmittel aus Sole zurück", "b"),
                ui.Passage("und arbeiten mit Abwasser bis 90 g/l Salz.", "a"),
                ui.Passage("Die Technik hat den Reifegrad 7; ein Pilot steht ab Herbst bereit.", "c"),
            ],
            lang="de",
            kind=_("Their offer"),
            who=HALLE,
        ),
        checks=[
            ui.Check(_("Place: Germany is among the places you named"), True),
            ui.Check(_("Readiness level at least 6"), True, _("They say 7.")),
            ui.Check(_("A licence is offered"), False, _("They offer joint development only.")),
            ui.Check(_("A common language"), None, _("They have not said which languages they speak.")),
        ],
        terms=[ui.Token("lithium"), ui.Token("TRL 7"), ui.Token("Na₂SO₄")],
        why_not_higher=[
            _("Your text asks for ambient temperature; theirs does not mention it."),
            _("Only three of your five sentences have a counterpart."),
        ],
        strength=_("Close: among the first 3 of 214 offers you may see"),
    )


def grid() -> ui.Grid:
    cell = ui.Cell
    return ui.Grid(
        caption=_("Wednesday morning"),
        corner=_("Table"),
        slots=["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"],
        rows=[
            ui.GridRow(
                "1",
                [
                    cell("Membranwerk · 清源水务", "de – zh", "#", "active"),
                    None,
                    cell("Rabat · Oulu", "fr", "#", "done"),
                    cell(
                        "Rabat · 清源水务", _("interpreter missing"), "#", "stopped", "exclamation-triangle"
                    ),
                    None,
                    cell("Oulu · Membranwerk", "en", "#", "active"),
                ],
                _("near the door"),
            ),
            ui.GridRow(
                "2",
                [
                    None,
                    cell("Oulu · 清源水务", "en", "#", "active"),
                    cell("Quito · Membranwerk", "es – de", "#", "waiting"),
                    None,
                    cell("Quito · Rabat", "fr", "#", "active"),
                    None,
                ],
            ),
            ui.GridRow(_("Online"), [None, None, None, cell("Quito · Oulu", "en", "#", "quiet"), None, None]),
        ],
    )


def meetings(now: datetime) -> list[ui.Meeting]:
    half_hour = timedelta(minutes=30)
    first = now - timedelta(minutes=65)
    return [
        ui.Meeting(first, first + half_hour, [RABAT], _("Table 3"), status=_("Held"), status_tone="done"),
        ui.Meeting(
            now + timedelta(minutes=25),
            now + timedelta(minutes=55),
            [SUZHOU],
            _("Hall B, table 14"),
            languages=["de", "zh-Hans"],
            interpreter="Mei Example",
            why=_("They answered your offer on lithium membranes and ask for a pilot."),
            url="#",
            calendar_url="#",
            zone=_("Berlin time"),
        ),
        ui.Meeting(
            now + timedelta(hours=2),
            now + timedelta(hours=2, minutes=30),
            [ui.Chip("Oulu Cold Tech (invented)", "#")],
            _("Online"),
        ),
    ]


def chart() -> ui.Chart:
    return ui.Chart(
        title=_("Agreements in force"),
        unit=_("number, end of year"),
        categories=[str(year) for year in range(2019, 2027)],
        series=[
            ui.Series(_("Memoranda"), [4, 6, 7, 11, 14, 19, 23, 26]),
            ui.Series(_("Joint laboratories"), [1, 1, 2, 3, 5, 8, 9, 12]),
        ],
        kind="line",
        category_label=_("Year"),
        note=_("Sample numbers."),
        download_url="#",
    )


def bars() -> ui.Chart:
    return ui.Chart(
        title=_("Joint laboratories by field"),
        categories=[_("Water"), _("Energy"), _("Health"), _("Agriculture")],
        series=[ui.Series(_("Laboratories"), [12, 9, 5, 2])],
        kind="row",
        category_label=_("Field"),
        note=_("Sample numbers."),
    )


def world() -> ui.WorldMap:
    named = {
        "CN": (_("China"), 26),
        "DE": (_("Germany"), 18),
        "KZ": (_("Kazakhstan"), 7),
        "MA": (_("Morocco"), 9),
        "EC": (_("Ecuador"), 3),
        "FI": (_("Finland"), 5),
        "SG": (_("Singapore"), 6),
        "ZA": (_("South Africa"), 4),
        "BR": (_("Brazil"), 8),
        "IN": (_("India"), 6),
    }
    pairs = [
        ("CN", "DE", 9),
        ("MA", "DE", 4),
        ("CN", "KZ", 5),
        ("EC", "DE", 1),
        ("SG", "CN", 4),
        ("ZA", "IN", 2),
    ]
    return ui.WorldMap(
        title=_("Who works with whom"),
        countries=[ui.MapCountry(code, name, value, "#") for code, (name, value) in named.items()],
        arcs=[ui.MapArc(a, b, n, f"{named[a][0]} – {named[b][0]}: {n}", "#") for a, b, n in pairs],
        value_label=_("Agreements"),
        note=_("Sample numbers."),
        download_url="#",
    )


def table() -> ui.Table:
    return ui.Table(
        _("Agreements"),
        [
            ui.Column(_("Agreement"), sort_url="#", sorted="ascending"),
            ui.Column(_("Party")),
            ui.Column(_("Status")),
            ui.Column(_("Amount, EUR"), numeric=True, sort_url="#"),
        ],
        [
            [
                ui.Value(_("Joint laboratory for membranes"), "#"),
                ui.Value(chip=SUZHOU),
                ui.Value(_("In force"), tone="done"),
                1250000,
            ],
            [ui.Value(_("Twinning of two parks"), "#"), ui.Value(chip=RABAT), ui.Value(_("Draft")), 80000],
            [
                ui.Value(_("Licence for heat storage"), "#"),
                ui.Value(chip=HALLE),
                ui.Value(_("Terminated"), tone="stopped"),
                5400,
            ],
        ],
    )


def samples() -> dict[str, Any]:
    """Everything `core/style.html` prints."""
    now = timezone.localtime()
    today = timezone.localdate()
    wrong = SampleForm({"title": "", "kind": "offer", "text": "Membranen", "expires": "2026-11-30"})
    withdraw = ui.Action(
        _("Withdraw"),
        "#",
        "x-circle",
        "post",
        danger=True,
        confirm=_("Withdraw this listing? People who answered it are told."),
    )
    return {
        "colours": ["lapis", "jade", "saffron", "madder", "slate"],
        "tones": ["quiet", "active", "waiting", "done", "stopped"],
        "tiers": ["public", "network", "mutual", "sealed"],
        "scale": [(6, "34"), (5, "26"), (4, "20"), (3, "16"), (2, "14"), (1, "12.5")],
        "chips": [HALLE, SUZHOU, RABAT, ANA],
        "dues": [today + timedelta(days=d) for d in (30, 3, 0, -2)],
        "next_step": ui.Action(_("Accept the meeting"), "#", "check-lg", "post"),
        "actions": [ui.Action(_("Edit"), "#", "pencil"), ui.Action(_("Print"), "#", "printer"), withdraw],
        "withdraw": withdraw,
        "first_action": ui.Action(_("Publish your first request"), "#", "plus-lg"),
        "second_action": ui.Action(_("See what others offer"), "#"),
        "filters": filters(),
        "rows": rows(),
        "one_row": rows()[:1],
        "page": Paginator(range(400), 20).page(3),
        "chain_stops": chain(),
        "steps": [
            ui.Stop(_("Basics"), "done", url="#"),
            ui.Stop(_("Text"), "here"),
            ui.Stop(_("Who may read it")),
            ui.Stop(_("Review")),
        ],
        "match": match(),
        "form": SampleForm(),
        "wrong": wrong,
        "figures": [
            ui.Figure(
                _("Agreements in force"),
                1238,
                definition=_("Agreements of every kind that were in force on the last day of the period."),
                source=_("Counted daily from the agreements of this node."),
                records_url="#",
                change=_("12 more than a year ago"),
                series=[4, 6, 7, 11, 14, 19, 23, 26],
            ),
            ui.Figure(_("Joint laboratories"), 12, records_url="#", series=[1, 1, 2, 3, 5, 8, 9, 12]),
            ui.Figure(_("Answered in time"), 87.5, "%", definition=_("Interests answered by their date.")),
            ui.Figure(_("Countries"), _("under 5"), definition=_("Small numbers are not shown.")),
        ],
        "chart": chart(),
        "bars": bars(),
        "world": world(),
        "table": table(),
        "grid": grid(),
        "meetings": meetings(now),
        "entries": [
            ui.Entry(now, _("accepted the meeting"), ANA, tone="done", url="#"),
            ui.Entry(now - timedelta(days=1), _("asked for a meeting"), SUZHOU, tone="active"),
            ui.Entry(
                now - timedelta(days=9), _("Published after review"), detail=_("The teaser was shortened.")
            ),
        ],
        "facts": [
            ui.Fact(_("Owner"), chip=HALLE),
            ui.Fact(_("Readiness level"), "TRL 7"),
            ui.Fact(_("Partnership sought"), _("Joint development, licence")),
            ui.Fact(_("Identifier"), "02b5d8509", "#"),
        ],
        "tabs": [
            ui.Tab(_("Overview"), "#", current=True),
            ui.Tab(_("Interests"), "#", count=3),
            ui.Tab(_("History"), "#", count=412),
        ],
        "tokens": [
            ui.Token("lithium", "#"),
            ui.Token("膜分离", remove_url="#", lang="zh"),
            ui.Token("TRL 7"),
        ],
        "jobs": [
            ui.Progress(
                _("Reading organisations"), 12400, 31000, key="job-a", message=_("about two minutes left")
            ),
            ui.Progress(_("Matching"), key="job-b"),
            ui.Progress(
                _("Schedule"),
                300,
                300,
                "done",
                key="job-c",
                message=_("268 of 300 wishes granted"),
                result_url="#",
                result_label=_("See the schedule"),
            ),
            ui.Progress(
                _("Import"),
                40,
                100,
                "failed",
                _("Line 41: the date is not a date. Nothing was saved."),
                key="job-d",
            ),
        ],
        "twins": [("light", "ltr"), ("dark", "ltr"), ("light", "rtl"), ("dark", "rtl")],
        "sample_messages": [
            Message(constants.SUCCESS, _("Your listing is published.")),
            Message(constants.WARNING, _("Two of the three languages still need a title.")),
            Message(constants.ERROR, _("The file is not a spreadsheet; nothing was read.")),
        ],
        "zh_text": "我们每天处理三千吨含盐废水，希望在不使用溶剂的条件下回收锂。合作可以从一年期中试开始，数据与成果由双方共享。",
        "ar_text": "نطوّر أنظمة لتخزين الحرارة في المناطق الصناعية، ونبحث عن شركاء لتجربة مشتركة مدتها 18 شهرًا بتقنية TRL 6.",
    }
