import io
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from serai.core import files
from serai.core.errors import Invalid
from serai.core.models import StoredFile
from tests.factories import make_user

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa75\x81\x84\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("base_location", "location"):
        monkeypatch.setitem(default_storage._wrapped.__dict__, name, str(tmp_path))  # type: ignore[attr-defined]


def _store(name: str, content: bytes) -> StoredFile:
    return files.store(
        upload=SimpleUploadedFile(name, content),
        owner_kind="result",
        owner_id=uuid4(),
        tier="public",
        by=make_user(),
    )


def _package(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def test_a_file_is_kept_under_its_hash_and_given_out_as_a_download() -> None:
    first, second = _store("report.pdf", PDF), _store("copy.pdf", PDF)

    response = files.download(first)

    assert first.content.name == second.content.name
    assert b"".join(response.streaming_content) == PDF
    response.close()
    assert response["Content-Disposition"] == 'attachment; filename="report.pdf"'
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plan.pdf", PDF),
        ("plan.PNG", PNG),
        ("plan.csv", "Straße,1\n".encode()),
        (
            "plan.docx",
            _package(**{"[Content_Types].xml": b"<a/>", "word__document.xml": b"<a/>"}),
        ),
    ],
)
def test_sound_files_are_taken(name: str, content: bytes) -> None:
    assert _store(name, content).size_bytes == len(content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<script>alert(1)</script>"),
        ("picture.svg", b"<svg onload='x'/>"),
        ("empty.pdf", b""),
        ("noname", PDF),
        ("really.pdf", PNG),
        ("really.png", PDF),
        ("script.pdf", PDF.replace(b"<<>>", b"<</JavaScript 1 0 R>>", 1)),
        ("cut.pdf", PDF[:-7]),
        ("binary.txt", b"a\0b"),
        ("latin.txt", "Straße".encode("latin-1")),
        ("zip.docx", _package(**{"a.txt": b"a"})),
        ("plain.docx", b"PK not a package"),
        (
            "macro.docx",
            _package(
                **{
                    "[Content_Types].xml": b"<a/>",
                    "word__document.xml": b"<a/>",
                    "word__vbaProject.bin": b"x",
                }
            ),
        ),
        (
            "bomb.docx",
            _package(
                **{
                    "[Content_Types].xml": b"<a/>",
                    "word__document.xml": b"\0" * (files.MAX_UNPACKED_BYTES + 1),
                }
            ),
        ),
    ],
)
def test_files_that_are_not_what_they_say_or_hold_programs_are_refused(name: str, content: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        _store(name, content)

    assert set(caught.value.fields) == {"evidence_file"}
    assert not StoredFile.objects.exists()


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 10)

    with pytest.raises(Invalid, match="too large"):
        _store("report.pdf", PDF)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("..\\..\\windows\\report.pdf", "report.pdf"),
        ("a\u202egnp.pdf", "agnp.pdf"),
        ('say "hi"\r\n.pdf', "say hi.pdf"),
        (".pdf", "file.pdf"),
        ("x" * 300 + ".pdf", "x" * 150 + ".pdf"),
    ],
)
def test_names_lose_paths_and_hidden_characters(given: str, kept: str) -> None:
    assert files._name(given, ".pdf") == kept
