"""Files people upload for an import: checked by what is inside them before they are kept."""

import zipfile
from typing import BinaryIO

from serai.core.files import OFFICE, FileType, is_office
from serai.core.imports.readers import MAX_MEMBERS, MAX_UNPACKED_BYTES

MAX_UPLOAD_BYTES = 200 * 1024 * 1024
_HEAD = 1 << 20
_BINARY = (b"PK\x03\x04", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"MZ", b"\x7fELF")  # fmt: skip


def _is_plain(stream: BinaryIO) -> bool:
    """Text in some encoding, by its beginning: no signature of another kind of file, no NUL unless UTF-16.

    The rest is read by the importer, line by line, which says what is wrong and where.
    """
    head = stream.read(_HEAD)
    if head.startswith(_BINARY):
        return False
    return b"\0" not in head or head.startswith((b"\xff\xfe", b"\xfe\xff"))


def _is_archive(stream: BinaryIO) -> bool:
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            return 0 < len(members) <= MAX_MEMBERS and sum(m.file_size for m in members) <= MAX_UNPACKED_BYTES
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False


TYPES: dict[str, FileType] = {
    ".csv": FileType("text/csv", _is_plain),
    ".tsv": FileType("text/tab-separated-values", _is_plain),
    ".txt": FileType("text/plain", _is_plain),
    ".json": FileType("application/json", _is_plain),
    ".jsonl": FileType("application/x-ndjson", _is_plain),
    ".zip": FileType("application/zip", _is_archive),
    ".xlsx": FileType(f"{OFFICE}.spreadsheetml.sheet", is_office("xl/workbook.xml")),
}
