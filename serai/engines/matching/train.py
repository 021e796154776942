"""Make the shipped means, `data/background.npz`, and the vectors of the topics, `data/topics.npz`.

    python -m serai.engines.matching.train

The only texts are `data/topics.txt` and `data/parallel.txt`: sixteen sentences about offers and needs, written for this project in 40 languages
(not checked by native speakers) and released with it. No text of any set the engine is measured on is used.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from serai.engines.matching.centring import Statistics
from serai.engines.matching.encoders import Encoder, EncoderProcess
from serai.engines.matching.topics import topics
from serai.engines.matching.types import Role

ROLES: tuple[Role, ...] = ("query", "passage")


def parallel() -> dict[str, list[str]]:
    """Language to its sentences; row i says the same in every language."""
    source = resources.files("serai.engines.matching") / "data" / "parallel.txt"
    texts: dict[str, list[str]] = {}
    for line in source.read_text("utf-8").splitlines():
        if line.startswith("== "):
            texts[line[3:].strip()] = rows = []
        elif line.strip():
            rows.append(line.strip())
    return texts


def background(texts: Mapping[str, Sequence[str]], encoders: Mapping[str, Encoder]) -> dict[str, np.ndarray]:
    """Means per "model|role|language", and over all languages as "und"."""
    statistics = Statistics()
    for language, rows in texts.items():
        for key, encoder in encoders.items():
            if encoder.info.knows(language):
                for role in ROLES:
                    vectors = encoder.encode(rows, role)
                    statistics.add(key, role, language, vectors)
                    statistics.add(key, role, "und", vectors)
    means = {k: statistics.sums[k] / statistics.counts[k] for k in sorted(statistics.sums)}
    return {"|".join(k): mean.astype(np.float16) for k, mean in means.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, default=Path(str(resources.files("serai.engines.matching") / "data"))
    )
    options = parser.parse_args()
    with EncoderProcess("e5", nice=10) as e5, EncoderProcess("use", nice=10) as use:
        means = background(parallel(), {"e5": e5, "use": use})
        vectors = e5.encode([text for _, text in topics()], "passage")
        model = np.array(e5.info.id)
    np.savez_compressed(options.out / "background.npz", allow_pickle=False, **means)
    np.savez_compressed(options.out / "topics.npz", allow_pickle=False, model=model, vectors=vectors)


if __name__ == "__main__":
    main()
