"""Bodies that come in pieces (`Transfer-Encoding: chunked`): Django reads only what a length announces."""

from io import BytesIO
from typing import Any

MOST_IN_PIECES = 5 << 20
"""Bytes that are taken into memory to be measured; a longer body has to say its length."""

IS_UNMEASURED = "serai.body_is_unmeasured"


def measure(environ: dict[str, Any]) -> None:
    """Give a request that came in pieces the length of its body; without one it would be read as empty.

    One beyond `MOST_IN_PIECES` is marked with `IS_UNMEASURED` and read no further.
    """
    if environ.get("CONTENT_LENGTH") or not environ.get("HTTP_TRANSFER_ENCODING"):
        return
    body = environ["wsgi.input"].read(MOST_IN_PIECES + 1)
    environ[IS_UNMEASURED] = len(body) > MOST_IN_PIECES
    kept = b"" if environ[IS_UNMEASURED] else body
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(kept), str(len(kept))
