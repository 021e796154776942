"""Hard tokens: what is written the same in every language, and so matches across them word for word."""

from __future__ import annotations

import re
import unicodedata

from serai.engines.matching.text import clean, words

_ELEMENTS = words(
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br "
    "Kr Rb Sr Y Zr Nb Mo Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Sm Eu Gd Tb Dy Ho Er Tm "
    "Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Th U "
)
_BODIES = (
    "ISO(?:/IEC|/TS|/TR|/SAE)?|IEC|EN(?: ISO)?|DIN(?: EN)?(?: ISO)?|ASTM|IEEE|ITU-T|ETSI|ANSI|BS|JIS|KS|"
    "GB(?:/T)?|GOST(?: R)?|ГОСТ(?: Р)?|UL|SAE|API|"
    "ASME|AWS|NFPA|MIL-STD|MIL-SPEC|RFC|NIST|CSA|SNI|TIS|IS|NBR|SFS|NF|UNI|UNE|PN|ČSN|AASHTO|DO|ED|ECSS|STANAG|SEMI|USP|AATCC|VDI|VDE|DVGW|NSF"
)
_STANDARD = re.compile(
    rf"(?<![A-Za-zА-Яа-я])(?:{_BODIES})[ \-–/]?(?:[A-Z] ?)?\d[\d.]*(?:[-–/]\d+)*(?:[A-Za-z]{{1,2}}\b)?"
)
_NAMED = re.compile(
    r"(?<![A-Za-z])(ATEX|IECEx|HACCP|REACH|RoHS|GMP|cGMP|GLP|GCP|GDPR|HIPAA|FDA|"
    r"CE(?=[ \-]?(?:mark|Kenn|认证|標|标|印|مارک|označ|işaret))|"
    r"GMO|BRC|FSSC|HALAL|LEED|BREEAM|WEEE|MDR|IVDR)(?![a-z])"
)
_PROTECTION = re.compile(r"(?<![A-Za-z])IP ?([0-6X][0-9X]K?)(?![\w])")
_TRL = re.compile(r"(?<![A-Za-z])TRL[ \-–:]*([1-9])(?:\s*[-–~〜至]\s*(?:TRL\s*)?([1-9]))?", re.I)
_CAS = re.compile(r"(?<!\d)\d{2,7}-\d{2}-\d(?!\d)")
_FORMULA = re.compile(r"(?<![A-Za-z0-9])(?:(?:[A-Z][a-z]?|\([A-Z][A-Za-z0-9]*\))\d{0,3}){1,8}(?![A-Za-z0-9])")
# Compounds without a digit; any other run of element symbols ("CaN", "HOW") may be a plain word.
_BINARY = words("NaCl LiCl KCl GaN SiC InP GaAs CdTe NaOH KOH ZnO NaOCl NiTi")
_PIECE = re.compile(r"([A-Z][a-z]?)")
_MODEL = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z0-9\-]*\d)(?=[A-Za-z0-9\-]*[A-Z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?![A-Za-z0-9])"
)
_ACRONYM = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2,8}s?(?![A-Za-z0-9]|-\d)")
_CAMEL = re.compile(r"(?<![A-Za-z])[A-Za-z]*[a-z][A-Z][A-Za-z]*(?![A-Za-z0-9])")
_LATIN = re.compile(r"(?<![A-Za-z])[A-Za-z][A-Za-z\-]{3,}(?![A-Za-z])")
_OTHER_LETTER = re.compile(r"[\u0370-\u1fff\u2c00-\ud7ff\uf900-\ufdff\ufe70-\ufefc]")
# Units and money written in capitals are amounts, which `requirements` reads; roman numerals and "USA" name
# nothing technical.
_NOISE = words(
    "KW MW GW KWH MWH GWH KV MV KM CM MM KG MG HZ KHZ MHZ GHZ KB MB GB TB DB KPA MPA GPA PH PPM PPB "
    "USD EUR GBP CNY RMB JPY INR CHF II III IV VI VII VIII IX XI XII USA UK EU UN AND THE FOR NOT OR "
    "NO OK AG GMBH LTD LLC INC SA SRL SL SPA BV OY AB PLC CO TRL ISO IEC EN DIN IP OF IN TO CE "
)
_AMOUNT = re.compile(
    r"\d+(?:[.,]\d+)*(?:[KMGT]?(?:W|WH|V|A|HZ|B|PA|M|G|N|J|L|T|K|C|F)|MM|CM|KM|KG|MG|ML|H|D|X|AH|MAH|DB|S|MIN|ST|ND|RD|TH)"
)


def _flat(token: str) -> str:
    return (
        re.sub(r"[\s\-–_/]+", "", token.rstrip(".-– "))
        .upper()
        .replace("ГОСТР", "GOSTR")
        .replace("ГОСТ", "GOST")
    )


def hard_tokens(text: str) -> frozenset[str]:
    """Standards, chemicals, model numbers, readiness levels, acronyms and Latin terms inside other scripts.

    Upper case, without blanks and hyphens ("ISO9001", "TIO2", "RS485", "TRL6"), so that spellings meet.
    Full-width and subscript characters are folded. Never raises for a str.
    """
    folded = unicodedata.normalize("NFKC", clean(text))
    found: set[str] = set()
    for pattern in (_STANDARD, _NAMED, _CAS):
        found.update(_flat(m.group()) for m in pattern.finditer(folded))
    found.update(f"IP{m.group(1)}" for m in _PROTECTION.finditer(folded))
    for m in _TRL.finditer(folded):
        found.update(f"TRL{level}" for level in range(int(m.group(1)), int(m.group(2) or m.group(1)) + 1))
    found.update(_flat(m.group()) for m in _FORMULA.finditer(folded) if _is_formula(m.group()))
    found.update(_models(folded))
    if not _shouts(folded):
        found.update(
            m.group().removesuffix("s")
            for m in _ACRONYM.finditer(folded)
            if _flat(m.group().removesuffix("s")) not in _NOISE
        )
    found.update(_flat(m.group()) for m in _CAMEL.finditer(folded) if len(m.group()) > 3)
    if len(_OTHER_LETTER.findall(folded)) * 3 > len(re.findall(r"[A-Za-z]", folded)):
        found.update(_flat(m.group()) for m in _LATIN.finditer(folded))
    return frozenset(t for t in found if len(t) >= 2 and t not in _NOISE)


def _is_formula(token: str) -> bool:
    symbols = _PIECE.findall(token)
    if not symbols or not all(s in _ELEMENTS for s in symbols):
        return False
    return token in _BINARY or any(c.isdigit() for c in token)


def _models(text: str) -> set[str]:
    tokens = (_flat(m.group()) for m in _MODEL.finditer(text))
    return {t for t in tokens if 2 <= len(t) <= 24 and not _AMOUNT.fullmatch(t) and not t.startswith("TRL")}


def _shouts(text: str) -> bool:
    letters = [c for c in text if c.isalpha() and (c.isupper() or c.islower())]
    return sum(c.isupper() for c in letters) > 0.6 * len(letters)
