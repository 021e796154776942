"""Files that belong to records: checked before they are kept, stored under their hash, given out as downloads.

A file is taken only when its ending, its first bytes and its structure say the same, and when it is not too
large. Nothing is ever shown inside a page of ours: `download` answers with an attachment that no browser
interprets. Who may have a file is decided by the view of the record it belongs to.
"""

import hashlib
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast
from uuid import UUID

import puremagic
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse
from django.utils.translation import gettext as _

from serai.core.errors import Invalid
from serai.core.models import StoredFile

MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_PARTS = 5_000
OFFICE = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True)
class FileType:
    """A kind of file that is taken: its media type and the check of its structure."""

    media_type: str
    is_sound: Callable[[BinaryIO], bool]


def _is_pdf(stream: BinaryIO) -> bool:
    """Begins and ends as a PDF does, and names no script, launch or embedded file in the clear.

    Scripts inside compressed objects are not found; the download is never opened by us.
    """
    content = stream.read()
    active = (b"/JavaScript", b"/JS ", b"/JS(", b"/Launch", b"/EmbeddedFile", b"/RichMedia")
    return (
        content.startswith(b"%PDF-")
        and b"%%EOF" in content[-2048:]
        and not any(name in content for name in active)
    )


def _is_png(stream: BinaryIO) -> bool:
    content = stream.read()
    return content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR" and b"IEND" in content[-16:]


def _is_jpeg(stream: BinaryIO) -> bool:
    content = stream.read()
    return content.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in content[-64:]


def _is_text(stream: BinaryIO) -> bool:
    content = stream.read()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return "\0" not in text


def is_office(part: str) -> Callable[[BinaryIO], bool]:
    """A package that holds `part`, no macros, and does not unpack to more than it may."""

    def check(stream: BinaryIO) -> bool:
        if not zipfile.is_zipfile(stream):
            return False
        try:
            with zipfile.ZipFile(stream) as package:
                parts = package.infolist()
                names = {item.filename for item in parts}
                unpacked = sum(item.file_size for item in parts)
                return (
                    {"[Content_Types].xml", part} <= names
                    and not any(name.lower().endswith("vbaproject.bin") for name in names)
                    and len(parts) <= MAX_PARTS
                    and unpacked <= MAX_UNPACKED_BYTES
                    and package.testzip() is None
                )
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
            return False

    return check


TYPES: dict[str, FileType] = {
    ".pdf": FileType("application/pdf", _is_pdf),
    ".png": FileType("image/png", _is_png),
    ".jpg": FileType("image/jpeg", _is_jpeg),
    ".jpeg": FileType("image/jpeg", _is_jpeg),
    ".txt": FileType("text/plain", _is_text),
    ".csv": FileType("text/csv", _is_text),
    ".docx": FileType(f"{OFFICE}.wordprocessingml.document", is_office("word/document.xml")),
    ".xlsx": FileType(f"{OFFICE}.spreadsheetml.sheet", is_office("xl/workbook.xml")),
    ".pptx": FileType(f"{OFFICE}.presentationml.presentation", is_office("ppt/presentation.xml")),
}
BINARY_SIGNATURES = {".pdf", ".png", ".jpg", ".jpeg"}


def accepted() -> str:
    """The endings for the `accept` attribute of a file field."""
    return ",".join(TYPES)


def store(
    *,
    upload: UploadedFile,
    owner_kind: str,
    owner_id: UUID,
    tier: str,
    by: Any,
    field: str = "evidence_file",
    types: Mapping[str, FileType] | None = None,
    max_bytes: int | None = None,
) -> StoredFile:
    """Check an upload and keep it for the record (owner_kind, owner_id), in the caller's transaction.

    The bytes lie under their SHA-256: the same file twice takes the room of one. Raises Invalid, naming
    `field`, for a file that is too large, empty, of another type than its name says, or broken. `types` are
    the endings that are taken, each with its check (`TYPES` unless others are given).
    """
    suffix, known = _type_of(upload, field, types or TYPES, max_bytes or MAX_BYTES)
    digest = _digest(upload)
    path = f"files/{digest[:2]}/{digest[2:4]}/{digest}"
    if not default_storage.exists(path):
        upload.seek(0)
        default_storage.save(path, File(upload.file))
    return StoredFile.objects.create(
        owner_kind=owner_kind,
        owner_id=owner_id,
        tier=tier,
        name=_name(upload.name or "", suffix),
        media_type=known.media_type,
        size_bytes=upload.size or 0,
        sha256=digest,
        content=path,
        uploaded_by=by if by.is_authenticated else None,
    )


def forget(file: StoredFile) -> None:
    """Let go of a file: its row now, its bytes after the commit unless another row has the same."""
    path = str(file.content.name)
    file.delete()

    def remove() -> None:
        if not StoredFile.objects.filter(content=path).exists():
            default_storage.delete(path)

    transaction.on_commit(remove)


def download(file: StoredFile) -> FileResponse:
    """The file as an attachment. The caller has asked the policy of the record."""
    response = FileResponse(
        file.content.open("rb"),
        as_attachment=True,
        filename=file.name,
        content_type="application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


def _type_of(
    upload: UploadedFile, field: str, types: Mapping[str, FileType], max_bytes: int
) -> tuple[str, FileType]:
    suffix = PurePosixPath((upload.name or "").replace("\\", "/")).suffix.lower()
    known = types.get(suffix)
    if known is None:
        raise _refused(
            field, _("Files of this type are not taken. Send one of: %(types)s") % {"types": ", ".join(types)}
        )
    if not upload.size:
        raise _refused(field, _("This file is empty."))
    if upload.size > max_bytes:
        raise _refused(
            field, _("This file is too large: %(limit)d MB at most.") % {"limit": max_bytes // 2**20}
        )
    upload.seek(0)
    if suffix in BINARY_SIGNATURES and not _signature_fits(upload.read(4096), suffix):
        raise _refused(field, _("What is inside this file is not what its name says."))
    upload.seek(0)
    if upload.file is None or not known.is_sound(cast(BinaryIO, upload.file)):
        raise _refused(field, _("This file is damaged, or holds macros or scripts."))
    return suffix, known


def _signature_fits(head: bytes, suffix: str) -> bool:
    try:
        found = {match.extension.lower() for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        return False
    same = {".jpg", ".jpeg"} if suffix in {".jpg", ".jpeg"} else {suffix}
    return bool(found & same)


def _digest(upload: UploadedFile) -> str:
    upload.seek(0)
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _name(given: str, suffix: str) -> str:
    """The file's own name without path, control and direction characters, never longer than the column."""
    stem = PurePosixPath(given.replace("\\", "/")).name[: -len(suffix)]
    kept = "".join(c for c in stem if c.isprintable() and c not in '"<>|:*?/').strip(" .") or "file"
    return kept[:150] + suffix


def _refused(field: str, message: str) -> Invalid:
    return Invalid(message, fields={field: message})
