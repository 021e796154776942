import math

import pytest

from serai.engines.matching.requirements import QUANTITIES, _words, amounts, compare


@pytest.mark.parametrize(
    ("text", "dimension", "low", "high"),
    [
        ("Betrieb bis zu 250 °C", "temperature", -math.inf, 250),
        ("höchstens 1.500 Euro pro Stück", "money EUR", -math.inf, 1500),
        ("не более 50 евро за штуку", "money EUR", -math.inf, 50),
        ("成本不超过200元", "money CNY", -math.inf, 200),
        ("耐温300℃以上", "temperature", 300, math.inf),
        ("重量低于五公斤", "mass", -math.inf, 5),
        ("at least 3.5 kW", "power", 3500, math.inf),
        ("under $40", "money USD", -math.inf, 40),
        ("5-10 bar", "pressure", 500_000, 1_000_000),
        ("en az 20 kW", "power", 20_000, math.inf),
        ("価格は1,200円以下", "money JPY", -math.inf, 1200),
        ("कम से कम ५० किलोग्राम", "mass", 50, math.inf),
        ("ไม่เกิน ๓๐๐ บาท", "money THB", -math.inf, 300),
        ("أقل من ٣٠ دولار", "money USD", -math.inf, 30),
        ("under 1 million euros", "money EUR", -math.inf, 1_000_000),
        ("de -20 à 60 °C", "temperature", -20, 60),
        ("co najmniej 2,5 kg", "mass", 2.5, math.inf),
        ("최대 30 kW", "power", -math.inf, 30_000),
        ("tối đa 90 kg", "mass", -math.inf, 90),
    ],
)
def test_amounts_are_read_in_many_languages(text: str, dimension: str, low: float, high: float) -> None:
    (amount,) = amounts(text)

    assert (amount.dimension, amount.low, amount.high) == (dimension, pytest.approx(low), pytest.approx(high))
    assert amount.span.of(text) == amount.shown


@pytest.mark.parametrize(
    ("language", "text", "dimension", "low", "high"),
    [
        ("en", "within six hours", "time", -math.inf, 21600),
        ("en", "at least twenty-five kilograms", "mass", 25, math.inf),
        ("en", "at most two hundred and fifty euros", "money EUR", -math.inf, 250),
        ("en", "under one hour", "time", -math.inf, 3600),
        ("en", "six to eight hours", "time", 21600, 28800),
        ("en", "less than three million euros", "money EUR", -math.inf, 3000000),
        ("de", "innerhalb von sechs Stunden", "time", -math.inf, 21600),
        ("de", "mindestens fünfundzwanzig Kilogramm", "mass", 25, math.inf),
        ("de", "höchstens zweitausendfünfhundert Euro", "money EUR", -math.inf, 2500),
        ("fr", "moins de vingt-quatre heures", "time", -math.inf, 86400),
        ("fr", "au moins quatre-vingts kilogrammes", "mass", 80, math.inf),
        ("es", "menos de seis horas", "time", -math.inf, 21600),
        ("es", "al menos cien kilos", "mass", 100, math.inf),
        ("pt", "menos de doze horas", "time", -math.inf, 43200),
        ("it", "almeno ventiquattro ore", "time", 86400, math.inf),
        ("nl", "maximaal zes uren", "time", -math.inf, 21600),
        ("pl", "co najmniej sześć godzin", "time", 21600, math.inf),
        ("pl", "w ciągu nie więcej niż dwudziestu pięciu dni", "time", -math.inf, 2160000),
        ("ru", "не более двадцати пяти дней", "time", -math.inf, 2160000),
        ("ru", "не менее трёх месяцев", "time", 7889400, math.inf),
        ("ru", "двадцать килограммов", "mass", 20, 20),
        ("uk", "щонайменше шість годин", "time", 21600, math.inf),
        ("uk", "не більше п’ятнадцяти хвилин", "time", -math.inf, 900),
        ("bg", "поне двадесет и пет часа", "time", 90000, math.inf),
        ("sr", "најмање шест сати", "time", 21600, math.inf),
        ("cs", "méně než deset dní", "time", -math.inf, 864000),
        ("cs", "nejméně dvacet pět kilogramů", "mass", 25, math.inf),
        ("ro", "cel puțin șase luni", "time", 15778800, math.inf),
        ("ro", "cel mult douăzeci de zile", "time", -math.inf, 1728000),
        ("sv", "minst sex timmar", "time", 21600, math.inf),
        ("fi", "vähintään kuusi tuntia", "time", 21600, math.inf),
        ("el", "τουλάχιστον έξι ώρες", "time", 21600, math.inf),
        ("tr", "en az yirmi beş gün", "time", 2160000, math.inf),
        ("tr", "en fazla altı ay", "time", -math.inf, 15778800),
        ("ar", "أقل من ست ساعات", "time", -math.inf, 21600),
        ("ar", "لا يقل عن خمسة أيام", "time", 432000, math.inf),
        ("fa", "حداکثر شش ساعت", "time", -math.inf, 21600),
        ("fa", "حداقل بیست و پنج روز", "time", 2160000, math.inf),
        ("ur", "چھ گھنٹے سے کم", "time", -math.inf, 21600),
        ("he", "לפחות שש שעות", "time", 21600, math.inf),
        ("hi", "कम से कम छह घंटे", "time", 21600, math.inf),
        ("hi", "पच्चीस किलोग्राम से कम", "mass", -math.inf, 25),
        ("bn", "কমপক্ষে ছয় ঘণ্টা", "time", 21600, math.inf),
        ("th", "ไม่เกินหกชั่วโมง", "time", -math.inf, 21600),
        ("th", "อย่างน้อยยี่สิบห้าวัน", "time", 2160000, math.inf),
        ("th", "ไม่เกินสามร้อยหกสิบบาท", "money THB", -math.inf, 360),
        ("vi", "tối đa sáu giờ", "time", -math.inf, 21600),
        ("vi", "ít nhất hai năm", "time", 63115200, math.inf),
        ("id", "paling banyak enam jam", "time", -math.inf, 21600),
        ("id", "minimal dua puluh lima hari", "time", 2160000, math.inf),
        ("ms", "sekurang-kurangnya enam bulan", "time", 15778800, math.inf),
        ("ko", "최소 여섯 시간", "time", 21600, math.inf),
        ("ko", "이십오 킬로그램 이상", "mass", 25, math.inf),
        ("kk", "кемінде жиырма бес күн", "time", 2160000, math.inf),
        ("az", "ən azı iyirmi beş gün", "time", 2160000, math.inf),
        ("uz", "kamida olti soat", "time", 21600, math.inf),
        ("hy", "առնվազն վեց ժամ", "time", 21600, math.inf),
        ("ka", "მინიმუმ ექვსი საათი", "time", 21600, math.inf),
        ("km", "យ៉ាងតិចប្រាំមួយម៉ោង", "time", 21600, math.inf),
        ("zh", "不超过二十五天", "time", -math.inf, 2160000),
        ("zh", "重量低于一百公斤", "mass", -math.inf, 100),
        ("zh", "不超过五千元", "money CNY", -math.inf, 5000),
        ("ja", "六時間以内", "time", -math.inf, 21600),
        ("tl", "hindi bababa sa anim na oras", "time", 21600, math.inf),
    ],
)
def test_number_words_are_read(language: str, text: str, dimension: str, low: float, high: float) -> None:
    (amount,) = amounts(text, language)

    assert (amount.dimension, amount.low, amount.high) == (dimension, pytest.approx(low), pytest.approx(high))
    assert amount.span.of(text) == amount.shown
    assert amount.shown in text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "one of the partners, one day"),
        ("en", "two of us met in one second-hand shop"),
        ("en", "five A, six s, two m"),
        ("de", "ein Jahr später, sieben Partner"),
        ("fr", "un an après"),
        ("it", "sei una persona"),
        ("es", "uno de los metros"),
        ("pl", "trzy osoby"),
        ("ko", "이 시간에, 한 달"),
        ("zh", "第三年，数十年，百分之二十，一天天"),
        ("th", "สามารถวัดได้"),
        ("xx", "six hours"),
        ("", "six hours"),
        ("en", "one point eight megawatts"),
        ("de", "eins Komma acht Megawatt"),
        ("ru", "одна целая восемь мегаватт"),
    ],
)
def test_ordinary_words_are_no_amounts(language: str, text: str) -> None:
    assert amounts(text, language) == ()


def test_chinese_decimals_are_read_whole() -> None:
    (amount,) = amounts("容量低于一点八兆瓦", "zh")

    assert (amount.high, amount.shown) == (1.8e6, "一点八兆瓦")


def test_words_that_are_numbers_and_more_keep_their_other_meaning() -> None:
    (price,) = amounts("30 euro altı", "tr")
    (period,) = amounts("trong 5 năm", "vi")

    assert (price.bound, price.high, period.shown) == ("most", 30, "5 năm")


def test_a_limit_in_words_shows_where_it_stands() -> None:
    asked = "Die Anlage muss in höchstens zweihundertfünfzig Euro je Stück liefern."

    (found,) = compare(asked, "de", "It costs three hundred euros.", "en")

    assert (found.wanted, found.found, found.status) == (
        "≤ zweihundertfünfzig Euro",
        "three hundred euros",
        "failed",
    )
    assert found.query.of(asked) == "zweihundertfünfzig Euro"


@pytest.mark.parametrize(
    "text", ["", "A4 paper", "in 2020 we had 12 partners", "ISO 9001", "version 3.5.1", "room B12"]
)
def test_plain_numbers_are_no_amounts(text: str) -> None:
    assert amounts(text) == ()


def status(asked: str, offered: str, languages: tuple[str, str] = ("en", "en")) -> list[tuple[str, str]]:
    return [(r.quantity, r.status) for r in compare(asked, languages[0], offered, languages[1])]


def test_offer_that_misses_a_limit_fails_and_names_it() -> None:
    asked = "We need a sensor for at least 200 °C."

    (found,) = compare(asked, "en", "Der Sensor arbeitet bis zu 150 °C.", "de")

    assert (found.quantity, found.wanted, found.found, found.status) == (
        "temperature",
        "≥ 200 °C",
        "150 °C",
        "failed",
    )
    assert found.query.of(asked) == "200 °C"


@pytest.mark.parametrize(
    ("asked", "offered", "expected"),
    [
        ("at least 200 °C", "up to 250 °C", "met"),
        ("at least 200 °C", "hält 300 °C aus", "met"),
        ("at least 200 °C", "no temperature is given", "unknown"),
        ("at most 50 EUR", "costs 120 EUR", "failed"),
        ("at most 50 EUR", "costs 45 EUR", "met"),
        ("at most 50 EUR", "up to 60 EUR", "unknown"),
        ("at most 50 EUR", "costs 120 USD", "unknown"),
        ("at most 50 EUR", "the plant costs 2 million EUR", "unknown"),
        ("at least 10 years", "2 years", "unknown"),
        ("at least 200 °C", "from 20 °C, stored at 40 °C", "unknown"),
    ],
)
def test_limit_is_judged(asked: str, offered: str, expected: str) -> None:
    ((_, found),) = status(asked, offered)

    assert found == expected


def test_denied_standard_fails_and_named_standard_is_met() -> None:
    asked = "It must be certified to ISO 13485."

    assert status(asked, "Das Gerät ist noch nicht nach ISO 13485 zertifiziert.", ("en", "de")) == [
        ("standard", "failed")
    ]
    assert status(asked, "Das Gerät ist nach ISO 13485 zertifiziert.", ("en", "de")) == [("standard", "met")]
    assert status(asked, "Ein gutes Gerät.", ("en", "de")) == [("standard", "unknown")]


def test_readiness_level_below_the_wanted_one_fails() -> None:
    assert status("at TRL 6 or higher", "currently TRL 4") == [("trl", "failed")]
    assert status("at TRL 6 or higher", "TRL 7 reached") == [("trl", "met")]


def test_a_limit_carries_codes_and_numbers_for_translation() -> None:
    level, money, heat = compare(
        "at most 1.5 million euros, 20 to 60 °C, TRL 6", "en", "Preis 2 Mio. Euro; до 50 °C; TRL 4", "de"
    )

    assert (money.quantity, money.unit, money.bound, money.high, money.low) == (
        "money",
        "EUR",
        "most",
        1.5e6,
        None,
    )
    assert (money.found_low, money.status) == (2e6, "failed")
    assert (heat.quantity, heat.unit, heat.bound, heat.low, heat.high) == (
        "temperature",
        "°C",
        "range",
        20,
        60,
    )
    assert (heat.found_low, heat.found_high) == (None, 50)
    assert (level.quantity, level.low, level.found_high, level.status) == ("trl", 6, 4, "failed")


def test_every_quantity_that_can_be_read_has_a_code() -> None:
    read = {dimension.split()[0] for dimension, _ in _words().units.values()}

    assert read <= set(QUANTITIES)
