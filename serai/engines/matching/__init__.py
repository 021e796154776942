"""Matching across languages: encode, centre, search, explain. The interface is on one page in
docs/engines/matching.md.
"""

from serai.engines.matching.batch import agreement, match_all
from serai.engines.matching.calibration import Calibration, learn_factor, learn_pairs
from serai.engines.matching.centring import Centring, Statistics
from serai.engines.matching.constraints import Facts, Failure, Side, Wishes, allowed, failures, unknowns
from serai.engines.matching.encoders import (
    E5Encoder,
    Encoder,
    EncoderProcess,
    ModelInfo,
    UseEncoder,
    e5_info,
    installed,
    use_info,
)
from serai.engines.matching.errors import EncoderFailed, EncoderUnavailable, MatchingError
from serai.engines.matching.index import Index, Parameters
from serai.engines.matching.language import detect
from serai.engines.matching.matcher import Matcher, WhyNot, gather, score_pair, why_not
from serai.engines.matching.text import clean, profile_text, sentences
from serai.engines.matching.tokens import hard_tokens
from serai.engines.matching.types import (
    ENGINE_VERSION,
    Document,
    Explanation,
    Hit,
    Query,
    Requirement,
    SentencePair,
    Span,
)

__all__ = [
    "ENGINE_VERSION",
    "Calibration",
    "Centring",
    "Document",
    "E5Encoder",
    "Encoder",
    "EncoderFailed",
    "EncoderProcess",
    "EncoderUnavailable",
    "Explanation",
    "Facts",
    "Failure",
    "Hit",
    "Index",
    "Matcher",
    "MatchingError",
    "ModelInfo",
    "Parameters",
    "Query",
    "Requirement",
    "SentencePair",
    "Side",
    "Span",
    "Statistics",
    "UseEncoder",
    "WhyNot",
    "Wishes",
    "agreement",
    "allowed",
    "clean",
    "detect",
    "e5_info",
    "failures",
    "gather",
    "hard_tokens",
    "installed",
    "learn_factor",
    "learn_pairs",
    "match_all",
    "profile_text",
    "score_pair",
    "sentences",
    "unknowns",
    "use_info",
    "why_not",
]
