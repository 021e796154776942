"""Grade the engine and its peers on a folder of sets, in one run.

Retrieval sets are folders with corpus.jsonl {id, group, lang, text}, queries.jsonl {id, lang, text}, qrels.tsv (query,
group, grade) and perhaps pairs.tsv (query, right document, look-alike). A group is one item, its documents are its
language versions; in the "single" pool each group is there in one language only, which is how a platform looks.
Other folders: tatoeba/*.tsv (sentence, English), reviewers/ (papers, profiles, ratings).
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serai.engines.matching.centring import Statistics
from serai.engines.matching.encoders import USE_LANGUAGES, Encoder
from serai.engines.matching.expertise import affinity, similarity
from serai.engines.matching.explain import sentence_pairs
from serai.engines.matching.index import DEFAULT, GATED, Index, Parameters
from serai.engines.matching.language import primary
from serai.engines.matching.lexical import Bm25, reciprocal_ranks, terms
from serai.engines.matching.matcher import Matcher, gather
from serai.engines.matching.store import SentenceFile, SentenceWriter
from serai.engines.matching.text import clean, sentences, words
from serai.engines.matching.train import parallel
from serai.engines.matching.types import Document, Explanation, Matrix, Query, Span, Vector

SEEDS = (0, 1, 2)
# Parts of the sets for comparison with earlier figures on that many languages; the largest a set has is measured too.
SUBSETS = {
    "ten languages": words("ar cs de en es fr kk ru tr zh"),
    "six languages": words("ar de en es ru zh"),
}
# How much the languages must agree on a question's sentence before it is taken for the right one.
AGREEING, AGREED = 5, 0.7
MOST_PAIRS = 2000
FOURTEEN = words("ara deu fra spa rus cmn tha pol tur heb ind vie urd kaz")
Scorer = Callable[[Sequence[Document], Sequence[Query]], Matrix]


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalSet:
    """One set, encoded. `groups` names the item of each document, `relevance` maps query id to {group: grade}."""

    name: str
    documents: tuple[Document, ...]
    groups: tuple[str, ...]
    queries: tuple[Query, ...]
    relevance: Mapping[str, Mapping[str, float]]
    lookalikes: Mapping[str, tuple[str, str]]


def _jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _tsv(path: Path) -> list[list[str]]:
    return (
        [line.split("\t") for line in path.read_text("utf-8").splitlines() if line] if path.exists() else []
    )


def load(folder: Path, matcher: Matcher) -> RetrievalSet:
    """Read and encode one retrieval set."""
    corpus, asked = _jsonl(folder / "corpus.jsonl"), _jsonl(folder / "queries.jsonl")
    relevance: dict[str, dict[str, float]] = {}
    for query, group, grade in _tsv(folder / "qrels.tsv"):
        relevance.setdefault(query, {})[group] = float(grade)
    return RetrievalSet(
        folder.name,
        tuple(matcher.documents((c["id"], c["text"], c["lang"]) for c in corpus)),
        tuple(c["group"] for c in corpus),
        tuple(matcher.queries((q["id"], q["text"], q["lang"]) for q in asked)),
        relevance,
        {q: (a, b) for q, a, b in _tsv(folder / "pairs.tsv")},
    )


def only(languages: frozenset[str], whole: RetrievalSet) -> RetrievalSet:
    """The set as if only these languages existed."""
    kept = [i for i, d in enumerate(whole.documents) if d.language in languages]
    return replace(
        whole,
        documents=tuple(whole.documents[i] for i in kept),
        groups=tuple(whole.groups[i] for i in kept),
        queries=tuple(q for q in whole.queries if q.language in languages),
    )


def single(whole: RetrievalSet, seed: int) -> RetrievalSet:
    """Each group in one language only, chosen by a hash of seed and group."""
    members: dict[str, list[int]] = {}
    for i, group in enumerate(whole.groups):
        members.setdefault(group, []).append(i)
    kept = []
    for group, rows in members.items():
        digest = int(hashlib.md5(f"{seed}:{group}".encode(), usedforsecurity=False).hexdigest(), 16)
        kept.append(sorted(rows, key=lambda i: whole.documents[i].language)[digest % len(rows)])
    kept.sort()
    return replace(
        whole, documents=tuple(whole.documents[i] for i in kept), groups=tuple(whole.groups[i] for i in kept)
    )


def grade(pool: RetrievalSet, scores: Matrix, k: int = 10) -> dict[str, float]:
    """Means over the queries that have something relevant in the pool; `scores` is [queries, documents]."""
    place = {d.id: i for i, d in enumerate(pool.documents)}
    languages = np.array([d.language for d in pool.documents])
    groups = np.array(pool.groups)
    share = {str(x): float((languages == x).mean()) for x in np.unique(languages)}
    kept: dict[str, list[float]] = {}
    by_language: dict[str, list[float]] = {}
    for query, row in zip(pool.queries, scores, strict=True):
        grades = pool.relevance.get(query.id, {})
        gains = np.array([2.0 ** grades.get(g, 0.0) - 1.0 for g in groups])
        if not gains.any():
            continue
        order = np.argsort(-row, kind="stable")
        ideal = -np.sort(-gains)[:k]
        discount = 1 / np.log2(np.arange(2, k + 2))
        ndcg = float(
            (gains[order[:k]] * discount[: len(order)]).sum() / (ideal * discount[: len(ideal)]).sum()
        )
        best = gains == gains.max()
        first = int(np.argmax(best[order]))
        found = {"ndcg": ndcg, "hit1": float(first == 0), "mrr": 1 / (first + 1)}
        found["same" if (languages[best] == query.language).all() else "cross"] = ndcg
        if query.language in share:
            found["bias"] = float((languages[order[:k]] == query.language).mean()) / share[query.language]
        pair = pool.lookalikes.get(query.id)
        if pair and pair[0] in place and pair[1] in place:
            found["right"] = float(
                np.flatnonzero(order == place[pair[0]])[0] < np.flatnonzero(order == place[pair[1]])[0]
            )
        for name, value in found.items():
            kept.setdefault(name, []).append(value)
        by_language.setdefault(query.language, []).append(ndcg)
    means = {name: float(np.mean(values)) for name, values in kept.items()}
    means["worst/mean"] = min(float(np.mean(v)) for v in by_language.values()) / max(means["ndcg"], 1e-9)
    return means


def _raw(model: str) -> Scorer:
    def score(documents: Sequence[Document], queries: Sequence[Query]) -> Matrix:
        dimension = max((len(d.vectors[model]) for d in documents if model in d.vectors), default=1)
        zero = np.zeros(dimension, np.float16)
        left = np.stack([q.vectors.get(model, zero) for q in queries]).astype(np.float32)
        right = np.stack([d.vectors.get(model, zero) for d in documents]).astype(np.float32)
        return np.asarray(left @ right.T, np.float32)

    return score


def _fused(documents: Sequence[Document], queries: Sequence[Query]) -> Matrix:
    lexical = Bm25([d.text for d in documents])
    found = np.stack([lexical.scores(q.text) for q in queries])
    return np.asarray(reciprocal_ranks(_raw("e5")(documents, queries)) + reciprocal_ranks(found), np.float32)


def engine(parameters: Parameters = DEFAULT, *, background: bool = True, centred: bool = True) -> Scorer:
    """The engine itself as a scorer, with statistics from the pool and the queries at hand."""

    def score(documents: Sequence[Document], queries: Sequence[Query]) -> Matrix:
        statistics = gather(documents, queries) if centred else Statistics()
        centring = statistics.centring() if background else statistics.centring({})
        index = Index.build(documents, centring, log=queries, parameters=parameters)
        scores = np.stack([np.sum(list(index.terms(q).values()), axis=0) for q in queries]) - 100
        for row, query in zip(scores, queries, strict=True):
            # What the second look, at sentences and limits, was not given to stays behind, as in a search.
            for hit in index.search(query, parameters.passage_depth):
                row[index.place[hit.id]] = hit.score
        return scores

    return score


PEERS: dict[str, Scorer] = {
    "raw E5": _raw("e5"),
    "raw USE": _raw("use"),
    "E5 + BM25 RRF": _fused,
    "gated mix": engine(GATED, background=False),
    "Serai": engine(),
}

ABLATIONS: dict[str, Scorer] = {
    "all": engine(),
    "without calibration": engine(replace(DEFAULT, calibrated=False)),
    "without hub correction": engine(replace(DEFAULT, hub_weight=0.0)),
    "without best sentence": engine(replace(DEFAULT, passage_weight=0.0)),
    "without limits": engine(replace(DEFAULT, limit_weight=0.0)),
    "without hard tokens": engine(replace(DEFAULT, token_weight=0.0)),
    "without USE": engine(replace(DEFAULT, use_weight=0.0)),
    "without background means": engine(background=False),
    "background means only": engine(centred=False),
}


def bench(
    data: Path,
    encoders: Mapping[str, Encoder],
    *,
    sets: Sequence[str] = (),
    ablations: bool = False,
    groups: int = 0,
) -> Iterator[str]:
    """The lines of the report, each as soon as it is known; with `groups` also for pools of that many groups."""
    matcher = Matcher(encoders)
    scorers = ABLATIONS if ablations else PEERS
    for folder in sorted(p for p in data.iterdir() if p.is_dir() and (not sets or p.name in sets)):
        if (folder / "corpus.jsonl").exists():
            whole = load(folder, matcher)
            yield from _retrieval(whole, scorers, groups)
            if not ablations:
                labelled = (folder / "answers.tsv").exists()
                wanted = answers(folder) if labelled else agreed_sentences(whole)
                yield from _passages(
                    whole, wanted, matcher, "the answer" if labelled else "most shared words"
                )
        elif (folder / "ratings.tsv").exists() and not ablations:
            yield _reviewers(folder, encoders)
        elif any(folder.glob("*-eng.tsv")) and not ablations:
            yield from _translations(folder, matcher)


def fewer(whole: RetrievalSet, many: int) -> RetrievalSet:
    """The set as if only `many` of its groups existed, drawn once by a hash."""
    digests = {g: hashlib.md5(g.encode(), usedforsecurity=False).hexdigest() for g in whole.groups}
    kept = frozenset(sorted(digests, key=lambda g: digests[g])[:many])
    at = [i for i, g in enumerate(whole.groups) if g in kept]
    return replace(
        whole,
        documents=tuple(whole.documents[i] for i in at),
        groups=tuple(whole.groups[i] for i in at),
        queries=tuple(q for q in whole.queries if kept & whole.relevance.get(q.id, {}).keys()),
    )


def _variants(whole: RetrievalSet, groups: int) -> Iterator[tuple[str, RetrievalSet]]:
    yield "all languages", whole
    there = {d.language for d in whole.documents}
    title = next((t for t, names in SUBSETS.items() if there > names), "")
    part = only(SUBSETS[title], whole) if title else whole
    if title:
        yield title, part
    if 0 < groups < len(set(whole.groups)):
        yield f"{title or 'all languages'}, {groups} groups", fewer(part, groups)


def _retrieval(whole: RetrievalSet, scorers: Mapping[str, Scorer], groups: int) -> Iterator[str]:
    for title, variant in _variants(whole, groups):
        yield f"\n{whole.name}, {title}, single pool, seeds {SEEDS} (mean ± half the spread)"
        names = ("ndcg", "hit1", "mrr", "right", "bias", "same", "cross", "worst/mean")
        yield f"{'':26s}" + "".join(f"{n:>14s}" for n in names)
        seeds = SEEDS if len(set(variant.groups)) < len(variant.groups) else (0,)
        for name, scorer in scorers.items():
            runs = []
            for seed in seeds:
                pool = single(variant, seed)
                runs.append(grade(pool, scorer(pool.documents, pool.queries)))
            cells = [_cell([r[n] for r in runs if n in r]) for n in names]
            yield f"{name:26s}" + "".join(f"{c:>14s}" for c in cells)


def _cell(values: Sequence[float]) -> str:
    if not values:
        return "–"
    spread = (max(values) - min(values)) / 2
    return f"{np.mean(values):.3f}" + (f"±{spread:.3f}" if len(values) > 1 else "")


def translation_errors(a: Matrix, b: Matrix) -> float:
    """Percentage of rows whose nearest neighbour is not their translation, mean of both directions; csls-corrected."""
    alike = a @ b.T
    depth = min(10, alike.shape[1])
    forth = np.sort(alike, axis=1)[:, -depth:].mean(axis=1, keepdims=True)
    back = np.sort(alike, axis=0)[-depth:].mean(axis=0, keepdims=True)
    corrected = 2 * alike - forth - back
    return _errors(corrected)


def _errors(alike: Matrix) -> float:
    n = np.arange(len(alike))
    return 50.0 * float((alike.argmax(axis=1) != n).mean() + (alike.argmax(axis=0) != n).mean())


def _translations(folder: Path, matcher: Matcher) -> Iterator[str]:
    rows: dict[str, dict[str, float]] = {}
    for path in sorted(folder.glob("*-eng.tsv")):
        pairs = _tsv(path)
        language = primary(path.name[:3])
        left = matcher.queries((str(i), p[0], language) for i, p in enumerate(pairs))
        right = matcher.queries((str(i), p[1], "en") for i, p in enumerate(pairs))
        centring = gather([], [*left, *right]).centring()
        rows[path.name[:3]] = _translation_row(left, right, language, centring.apply)
    names = ("raw E5", "raw USE", "E5 centred", "Serai")
    yield "\ntatoeba, error in % (mean of both directions)"
    yield f"{'':12s}" + "".join(f"{n:>12s}" for n in names)
    for title, codes in (("14 languages", sorted(FOURTEEN)), (f"{len(rows)} languages", sorted(rows))):
        have = [c for c in codes if c in rows]
        yield f"{title:12s}" + "".join(f"{np.mean([rows[c][n] for c in have]):12.2f}" for n in names)
    for code in sorted(rows):
        yield f"{code:12s}" + "".join(f"{rows[code][n]:12.2f}" for n in names)


def _translation_row(
    left: Sequence[Query], right: Sequence[Query], language: str, centre: Callable[..., Matrix]
) -> dict[str, float]:
    def both(model: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        a = np.stack([q.vectors[model] for q in left]).astype(np.float32)
        b = np.stack([q.vectors[model] for q in right]).astype(np.float32)
        return a, b

    a, b = both("e5")
    ca, cb = centre("e5", "query", language, a), centre("e5", "query", "en", b)
    found = {
        "raw E5": _errors(a @ b.T),
        "raw USE": 100.0,
        "E5 centred": _errors(ca @ cb.T),
        "Serai": translation_errors(ca, cb),
    }
    if language in USE_LANGUAGES:
        u, v = both("use")
        found["raw USE"] = _errors(u @ v.T)
        cu, cv = centre("use", "query", language, u), centre("use", "query", "en", v)
        found["Serai"] = translation_errors(np.hstack([ca, cu]), np.hstack([cb, cv]))
    return found


def _reviewers(folder: Path, encoders: Mapping[str, Encoder]) -> str:
    papers = {p["id"]: f"{p['title']}. {p['abstract']}".strip() for p in _jsonl(folder / "papers.jsonl")}
    profiles: dict[str, dict[str, list[str]]] = {
        p["reviewer"]: dict(p["profiles"]) for p in _jsonl(folder / "profiles.jsonl")
    }
    ratings = [(r, p, float(x)) for r, p, x in _tsv(folder / "ratings.tsv")]
    ids = sorted(papers)
    at = {p: i for i, p in enumerate(ids)}
    texts = [papers[p] for p in ids]
    vectors = [encoders["e5"].encode([t[:600] for t in texts], "passage")] if "e5" in encoders else []
    if not vectors:
        return ""
    losses: dict[str, list[float]] = {}
    for name, alike in (
        ("raw E5", np.asarray(vectors[0].astype(np.float32) @ vectors[0].astype(np.float32).T)),
        ("words only", similarity(texts, [])),
        ("Serai", similarity(texts, vectors)),
    ):
        for version in sorted({v for p in profiles.values() for v in p}, key=int):
            scores = {}
            for reviewer, group in itertools.groupby(sorted(ratings), key=lambda r: r[0]):
                wanted = [p for _, p, _ in group]
                own = [at[p] for p in profiles[reviewer][version]]
                fit = affinity(alike, own, [at[p] for p in wanted])
                scores.update({(reviewer, p): float(s) for p, s in zip(wanted, fit, strict=True)})
            losses.setdefault(name, []).append(_loss(scores, ratings))
    cells = ", ".join(f"{name} {np.mean(values):.3f}" for name, values in losses.items())
    return f"\nreviewers, loss (share of wrongly ordered pairs, weighted by the rating gap): {cells}"


def _loss(scores: Mapping[tuple[str, str], float], ratings: Sequence[tuple[str, str, float]]) -> float:
    wrong = total = 0.0
    for _, group in itertools.groupby(sorted(ratings), key=lambda r: r[0]):
        for (r1, p1, x1), (r2, p2, x2) in itertools.combinations(list(group), 2):
            gap = x1 - x2
            order = (scores[(r1, p1)] - scores[(r2, p2)]) * gap
            total += abs(gap)
            wrong += abs(gap) * (0.5 if order == 0 and gap else float(order < 0))
    return wrong / max(total, 1e-9)


def answers(folder: Path) -> list[tuple[str, str, str]]:
    """Query id, document id and answer of each line of answers.tsv.

    A line is query, document and the answer as the document writes it; or query, document, and start and end of the
    answer in the characters of the document's "text" as it stands in corpus.jsonl.
    """
    texts = {c["id"]: c["text"] for c in _jsonl(folder / "corpus.jsonl")}
    found = []
    for query, document, *rest in _tsv(folder / "answers.tsv"):
        answer = rest[0] if len(rest) == 1 else texts[document][int(rest[0]) : int(rest[1])]
        found.append((query, document, clean(answer)))
    return found


def agreed_sentences(whole: RetrievalSet) -> list[tuple[str, str, str]]:
    """Query id, document id and the sentence of the document that answers, where no set of answers says so.

    Questions and documents that stand in several languages, sentence by sentence, label themselves: where at least five
    languages cut a document into equally many sentences, and 70 % of these agree on the sentence that shares most rare
    words with the question in that language. Words alone make the labels, no model. Queries in several languages are
    known by ids that differ in a last part, the language.
    """
    versions: dict[str, list[tuple[int, tuple[Span, ...]]]] = {}
    for i, d in enumerate(whole.documents):
        versions.setdefault(whole.groups[i], []).append((i, sentences(d.text)))
    rarity = _rarity(whole.documents)
    questions: dict[str, list[Query]] = {}
    for q in whole.queries:
        if len(whole.relevance.get(q.id, {})) == 1:
            questions.setdefault(q.id.removesuffix(f".{q.language}"), []).append(q)
    found = []
    for asked in questions.values():
        (group,) = whole.relevance[asked[0].id]
        cut = Counter(len(spans) for _, spans in versions.get(group, ()))
        many = max(cut, key=lambda n: (cut[n], n), default=0)
        documents = {
            whole.documents[i].language: (whole.documents[i], spans)
            for i, spans in versions.get(group, ())
            if len(spans) == many > 1
        }
        votes = [_most_shared(q, *documents[q.language], rarity) for q in asked if q.language in documents]
        best, agreeing = Counter(votes).most_common(1)[0] if votes else (0, 0)
        if len(votes) >= AGREEING and agreeing >= AGREED * len(votes):
            found += [(q.id, d.id, spans[best].of(d.text)) for q in asked for d, spans in documents.values()]
    return found


def _rarity(documents: Sequence[Document]) -> dict[tuple[str, str], float]:
    """How rare a word is among the documents of its language."""
    total = Counter(d.language for d in documents)
    present = Counter((d.language, word) for d in documents for word in set(terms(d.text)))
    return {(lang, word): math.log((total[lang] + 1) / n) for (lang, word), n in present.items()}


def _most_shared(
    query: Query, document: Document, spans: Sequence[Span], rarity: Mapping[tuple[str, str], float]
) -> int:
    wanted = set(terms(query.text))
    shared = [
        sum(rarity[document.language, word] for word in wanted & set(terms(s.of(document.text))))
        for s in spans
    ]
    return int(np.argmax(shared))


def _passages(
    whole: RetrievalSet, wanted: list[tuple[str, str, str]], matcher: Matcher, holds: str
) -> Iterator[str]:
    queries, documents = {q.id: q for q in whole.queries}, {d.id: d for d in whole.documents}
    items = [(queries[q], documents[d], answer) for q, d, answer in wanted]
    for title, kept in (
        ("across languages", [i for i in items if i[0].language != i[1].language]),
        ("in one language", [i for i in items if i[0].language == i[1].language]),
    ):
        if kept:
            # Evenly spaced, so that every query and language is among them.
            some = (
                [kept[i * len(kept) // MOST_PAIRS] for i in range(MOST_PAIRS)]
                if len(kept) > MOST_PAIRS
                else kept
            )
            right = passage_accuracy(matcher, some)
            yield f"{whole.name}, best sentence holds {holds}, {title}: {right:.3f} of {len(some)} pairs"


def speed(matcher: Matcher, n: int, *, queries: int = 15) -> Iterator[str]:
    """Time one query against `n` documents whose texts are real and whose vectors are random."""
    rows = parallel()
    names = sorted(rows)
    with tempfile.TemporaryDirectory() as folder:
        yield from _timed(matcher, _invented(n, Path(folder)), rows, names, queries)


def _invented(n: int, folder: Path) -> list[Document]:
    """Documents with real texts and random vectors; those of their sentences lie in a file, as they may in a platform."""
    random = np.random.default_rng(0)
    rows = parallel()
    names = sorted(rows)
    languages = [names[i] for i in random.integers(len(names), size=n)]
    texts = [" ".join(rows[language][j] for j in random.integers(16, size=3)) for language in languages]

    def of(dimension: int, many: int) -> Vector:
        block = random.standard_normal((many, dimension), np.float32)
        return np.asarray(block / np.linalg.norm(block, axis=1, keepdims=True), np.float16)

    size = {"e5": 384, "use": 512}
    with SentenceWriter(folder, size) as writer:
        for language, text in zip(languages, texts, strict=True):
            keys = ("e5", "use") if language in USE_LANGUAGES else ("e5",)
            many = len(sentences(text))
            writer.add({k: of(size[k], many) for k in keys})
    within = SentenceFile(folder)
    documents = []
    for i, (language, text) in enumerate(zip(languages, texts, strict=True)):
        keys = ("e5", "use") if language in USE_LANGUAGES else ("e5",)
        vectors = {k: of(size[k], 1)[0] for k in keys}
        documents.append(Document(str(i), language, text, vectors, frozenset(), within[i]))
    return documents


def _timed(
    matcher: Matcher, documents: list[Document], rows: dict[str, list[str]], names: list[str], queries: int
) -> Iterator[str]:
    asked = [
        (str(i), rows[x][8 + i % 8], x)
        for i, x in enumerate(itertools.islice(itertools.cycle(names), queries))
    ]
    started = time.perf_counter()
    log = matcher.queries(asked)
    index = Index.build(documents, gather(documents, log).centring(), log=log)
    yield f"\nspeed: index of {len(documents)} documents built in {time.perf_counter() - started:.1f} s"
    allowed = index.mask([d.id for d in documents if d.language != "en"])
    steps: dict[str, list[tuple[float, float]]] = {}

    def timed(name: str, step: Callable[[], Any]) -> Any:
        wall, own = time.perf_counter(), time.process_time()
        value = step()
        steps.setdefault(name, []).append((time.perf_counter() - wall, time.process_time() - own))
        return value

    for key, text, language in asked:
        (query,) = timed("encode", partial(matcher.queries, [(key, text + " ", language)]))
        hits = timed("search, filter, re-rank", partial(index.search, query, 10, allowed=allowed))
        best = [documents[int(h.id)] for h in hits]
        timed("explain ten", partial(_explained, matcher, query, best, index))
        bare = [replace(d, sentences={}) for d in best]
        timed("explain ten, not stored", partial(_explained, matcher, query, bare, index))
    whole = np.sum([steps[s] for s in ("encode", "search, filter, re-rank", "explain ten")], axis=0)
    steps["all three"] = [(wall, own) for wall, own in whole.tolist()]
    for name, values in steps.items():
        wall, own = np.median(np.array(values), axis=0) * 1000
        yield f"  {name:22s} median {wall:7.1f} ms, of which {own:6.1f} ms processor outside the encoders"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"  peak {peak:.0f} MB without the encoders' processes"


def _explained(
    matcher: Matcher, query: Query, documents: Sequence[Document], index: Index
) -> list[Explanation]:
    return [matcher.explain(query, d, index) for d in documents]


def passage_accuracy(matcher: Matcher, items: Sequence[tuple[Query, Document, str]]) -> float:
    """Share of (query, document, answer) in which the best sentence holds the answer."""
    centring = gather([d for _, d, _ in items], [q for q, _, _ in items]).centring()
    right = 0
    for query, document, answer in items:
        pairs = sentence_pairs(query, document, encoders=matcher.encoders, centring=centring, at_most=1)
        right += bool(pairs) and answer in pairs[0].document.of(document.text)
    return right / max(1, len(items))
