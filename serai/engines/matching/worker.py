"""The process an encoder lives in: frames in, frames out, nothing else. Started by `EncoderProcess`."""

from __future__ import annotations

import json
import os
import sys
from typing import IO

from serai.engines.matching.encoders import BUNDLED, Encoder, receive, send
from serai.engines.matching.errors import EncoderFailed


def serve(encoder: Encoder, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the other side closes: "V" and float16 rows, or "E" and a message."""
    send(answers, b"ready")
    while True:
        try:
            request = json.loads(receive(requests))
        except EOFError:
            return
        try:
            vectors = encoder.encode(request["texts"], request["role"])
        except EncoderFailed as error:
            send(answers, b"E" + str(error).encode())
        else:
            send(answers, b"V" + vectors.tobytes())


def main() -> None:
    key, threads, nice = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if nice:
        os.nice(nice)
    # Whatever a library prints must not get between the frames.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    encoder = BUNDLED[key][0](threads)
    serve(encoder, sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
