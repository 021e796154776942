"""Copy the front-end files that Serai serves from unpacked npm packages, and record them.

Users need no Node: the files are committed. A maintainer who moves to a new version runs

    npm pack bootstrap@5.3.9 bootstrap-icons@1.13.2 …      (the names and versions in VENDOR.json)
    for each archive: tar xzf it into DIR/<name>-<version>
    python scripts/vendor_front_end.py DIR

which rewrites `serai/core/static/vendor/` and the hashes in its `VENDOR.json`. An icon that a
template names but the sprite lacks is added to `ICONS` below.
"""

import argparse
import hashlib
import json
import re
import shutil
import sys
from dataclasses import dataclass, field
from importlib import metadata, resources
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "serai/core/static/vendor"

ICONS = """
archive arrow-90deg-left arrow-clockwise arrow-counterclockwise arrow-left arrow-left-right arrow-repeat
arrow-right arrows-move award bar-chart bell box-arrow-in-right box-arrow-right box-arrow-up-right boxes
braces briefcase building buildings calendar calendar-check calendar-event calendar-plus calendar-week
calendar-x camera-video chat-left-text chat-square-text check check-all check-circle check-lg check2-all
chevron-down circle circle-half clipboard-check clock clock-history cloud-upload columns-gap copy cpu
database diagram-2 diagram-3 display download envelope envelope-check exclamation-circle
exclamation-octagon exclamation-triangle eye eye-slash file-earmark-check file-earmark-text filter
fingerprint flag funnel gear geo-alt globe2 hand-index-thumb hand-thumbs-up hdd-network hourglass-bottom
hourglass-split inbox info-circle key lightbulb link link-45deg list list-check list-ul lock map
megaphone moon-stars paperclip patch-check pause-circle pen pencil people percent person person-badge
person-check person-circle person-lines-fill person-plus phone play-circle plus-lg printer
question-circle question-lg search send share shield-check shield-lock shop signpost signpost-2
signpost-split sliders sort-down sort-up stack star stars sun table text-left three-dots tools translate
trash unlock upload water x x-circle x-lg
"""


@dataclass(frozen=True)
class Package:
    """One npm package: where it lies, where its files go (source path -> name in `folder`)."""

    source: str
    version: str
    licence: str
    folder: str
    files: dict[str, str] = field(default_factory=dict)

    @property
    def unpacked(self) -> str:
        return f"{self.source.removeprefix('@').replace('/', '-')}-{self.version}"


INTER = ("latin", "latin-ext", "cyrillic", "cyrillic-ext", "greek", "vietnamese")
PACKAGES = (
    Package(
        "bootstrap",
        "5.3.9",
        "MIT",
        "bootstrap",
        {
            "dist/css/bootstrap.min.css": "bootstrap.min.css",
            "dist/css/bootstrap.rtl.min.css": "bootstrap.rtl.min.css",
            "LICENSE": "LICENSE",
        },
    ),
    Package("bootstrap-icons", "1.13.2", "MIT", "bootstrap-icons", {"LICENSE": "LICENSE"}),
    Package(
        "d3-array",
        "3.2.5",
        "ISC",
        "d3-array",
        {"dist/d3-array.min.js": "d3-array.min.js", "LICENSE": "LICENSE"},
    ),
    Package(
        "d3-geo", "3.1.2", "ISC", "d3-geo", {"dist/d3-geo.min.js": "d3-geo.min.js", "LICENSE": "LICENSE"}
    ),
    Package(
        "topojson-client",
        "3.1.0",
        "ISC",
        "topojson-client",
        {"dist/topojson-client.min.js": "topojson-client.min.js", "LICENSE": "LICENSE"},
    ),
    Package(
        "world-atlas",
        "2.0.2",
        "ISC",
        "world-atlas",
        {"countries-110m.json": "countries-110m.json", "LICENSE": "LICENSE"},
    ),
    Package(
        "echarts",
        "6.1.0",
        "Apache-2.0",
        "echarts",
        {"dist/echarts.simple.min.js": "echarts.simple.min.js", "LICENSE": "LICENSE", "NOTICE": "NOTICE"},
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        "inter",
        {f"files/inter-{s}-standard-normal.woff2": f"inter-{s}.woff2" for s in INTER}
        | {"LICENSE": "LICENSE"},
    ),
    Package("htmx.org", "2.0.10", "0BSD", "htmx", {"LICENSE": "LICENSE"}),
)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def copy_package(package: Package, unpacked: Path) -> None:
    """Copy one package's files; source map comments go, since the maps are not shipped."""
    folder = VENDOR / package.folder
    folder.mkdir(parents=True)
    for source, name in package.files.items():
        shutil.copyfile(unpacked / package.unpacked / source, folder / name)
        if name.endswith((".js", ".css")):
            text = (folder / name).read_text("utf-8")
            (folder / name).write_text(re.sub(r"\n?/[/*]# sourceMappingURL=\S+(\s*\*/)?", "", text), "utf-8")


def write_sprite(unpacked: Path) -> None:
    """Cut Bootstrap Icons down to `ICONS`: one file, one symbol each."""
    package = next(p for p in PACKAGES if p.source == "bootstrap-icons")
    symbols = []
    for name in sorted(set(ICONS.split())):
        svg = (unpacked / package.unpacked / "icons" / f"{name}.svg").read_text("utf-8")
        inner = "".join(line.strip() for line in svg.partition(">")[2].rpartition("</svg>")[0].splitlines())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 16 16">{inner}</symbol>')
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"
    (VENDOR / package.folder / "sprite.svg").write_text(sprite, "utf-8")


def copy_htmx() -> None:
    """htmx comes from the django-htmx wheel, so that server side and browser side agree."""
    source = resources.files("django_htmx").joinpath("static/django_htmx/htmx-2.min.js")
    (VENDOR / "htmx/htmx.min.js").write_bytes(source.read_bytes())


def write_record() -> None:
    rows = []
    for package in PACKAGES:
        files = {f"{package.folder}/{p.name}": sha256(p) for p in sorted((VENDOR / package.folder).iterdir())}
        rows.append(
            {"name": package.source, "version": package.version, "licence": package.licence, "files": files}
        )
        if package.source == "htmx.org":
            rows[-1]["from"] = f"django-htmx {metadata.version('django-htmx')} (htmx-2.min.js)"
    (VENDOR / "VENDOR.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("unpacked", type=Path, metavar="DIR", help="directory of unpacked npm packages")
    unpacked: Path = parser.parse_args().unpacked
    shutil.rmtree(VENDOR, ignore_errors=True)
    for package in PACKAGES:
        copy_package(package, unpacked)
    write_sprite(unpacked)
    copy_htmx()
    write_record()
    return 0


if __name__ == "__main__":
    sys.exit(main())
