"""Imports in the programming interface: the pages' steps, rules and actions."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Field, File, Form, Query, Router, Status
from ninja.files import UploadedFile
from pydantic import StringConstraints

from serai.core import policies, policy
from serai.core.api import Page, PageQuery, Strict, page_of, refuse_unknown
from serai.core.errors import Invalid, NotFound
from serai.core.imports import actions, queries
from serai.core.imports.actions import MOST_OPTIONS
from serai.core.models import ImportRefusal, ImportRun
from serai.core.viewer import viewer_of

router = Router(tags=["imports"])

Word = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z_]*$")]
Text = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")]
Name = Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\x00]*$")]


class ImportOut(Strict):
    """One import. `read` is the sum of created, updated, unchanged and refused; `progress` that of a step under way."""

    id: UUID
    format: str
    file_name: str
    sha256: str
    status: str
    options: dict[str, str]
    read: int
    created: int
    updated: int
    unchanged: int
    refused: int
    progress: int
    note: str
    created_at: datetime
    finished_at: datetime | None


class ImportQuery(PageQuery):
    status: Word = ""
    format: Word = ""


class SettingsIn(Strict):
    """How the file is read: encoding, delimiter, line_end, header_line, sheet, column.FIELD, value.FIELD.WORD and those of the format."""

    options: dict[Name, Text] = Field(default={}, max_length=MOST_OPTIONS)


class RefusalOut(Strict):
    """A line of the report: why a row was not taken (`refused`, `further` reasons of the same row), or a `remark`."""

    file: str
    line: int | None
    column: str
    reason: str
    kind: str


class RefusalQuery(PageQuery):
    column: Text = ""
    remarks: bool = False


class UnknownOut(Strict):
    """A word of the file that means nothing here, in how many of the first rows; `setting` is where to say what it means."""

    field: str
    word: str
    rows: int
    setting: str


class ProposalOut(Strict):
    """How the file would be read now. `rows` are the first ones under `headers`; or `problem` says why it cannot be."""

    headers: list[str]
    rows: list[list[str]]
    lines: list[int]
    columns: dict[str, str]
    personal: list[str]
    unknown: list[UnknownOut]
    encoding: str
    delimiter: str
    line_end: str
    header_line: int | None
    sheet: str
    problem: str


def _shown(run: ImportRun) -> dict[str, Any]:
    names = set(ImportOut.model_fields)
    values = {name: getattr(run, name) for name in names}
    return values | {"options": {k: str(v) for k, v in run.options.items()}}


def _refusal(refusal: ImportRefusal) -> dict[str, Any]:
    names = ("file", "line", "column", "kind")
    return {name: getattr(refusal, name) for name in names} | {"reason": refusal.said}


def _run(request: HttpRequest, pk: UUID) -> ImportRun:
    found: ImportRun | None = policies.visible_imports(viewer_of(request)).filter(pk=pk).first()
    if found is None:
        raise NotFound(_("Not found."))
    return found


@router.get("", response=Page[ImportOut])
@policy.operation("core.imports")
def list_imports(request: HttpRequest, query: Query[ImportQuery]) -> dict[str, Any]:
    refuse_unknown(request, query)
    rows = queries.runs(viewer_of(request), status=query.status, format=query.format)
    return page_of(rows.order_by("-created_at", "pk"), query, _shown)


@router.post("", response={201: ImportOut})
@policy.operation("core.imports")
def start_import(
    request: HttpRequest, format: Form[Word], file: File[UploadedFile]
) -> Status[dict[str, Any]]:
    """Upload a file (multipart). Nothing is read into the records before it was tried and taken in."""
    if unknown := sorted(set(request.POST) - {"format"}):
        message = _("There is no such parameter.")
        raise Invalid(message, fields=dict.fromkeys(unknown[:10], message))
    run = actions.start_import(format=format, upload=file, by=viewer_of(request))
    return Status(201, _shown(run))


@router.get("/{uuid:pk}", response=ImportOut)
@policy.operation("core.imports")
def get_import(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    return _shown(_run(request, pk))


@router.get("/{uuid:pk}/proposal", response=ProposalOut)
@policy.operation("core.imports")
def get_proposal(request: HttpRequest, pk: UUID) -> dict[str, Any]:
    run = _run(request, pk)
    file = actions.file_of(run)
    look = queries.look(run, file) if file else None
    proposal = look.proposal if look else None
    shape = proposal.shape if proposal else None
    return {
        "headers": list(proposal.headers) if proposal else [],
        "rows": [list(cells) for _line, cells in proposal.rows] if proposal else [],
        "lines": [line for line, _cells in proposal.rows] if proposal else [],
        "columns": dict(proposal.columns) if proposal else {},
        "personal": list(proposal.personal) if proposal else [],
        "unknown": [
            {"field": u.field.name, "word": u.word, "rows": u.rows, "setting": u.setting}
            for u in (proposal.unknown if proposal else ())
        ],
        "encoding": shape.encoding if shape else "",
        "delimiter": shape.delimiter if shape else "",
        "line_end": shape.line_end if shape else "",
        "header_line": shape.header_line if shape else None,
        "sheet": shape.sheet if shape else "",
        "problem": str(look.error.message) if look and look.error else "",
    }


@router.put("/{uuid:pk}/settings", response=ImportOut)
@policy.operation("core.imports")
def change_settings(request: HttpRequest, pk: UUID, body: SettingsIn) -> dict[str, Any]:
    return _shown(actions.change_settings(run=_run(request, pk), options=body.options, by=viewer_of(request)))


@router.post("/{uuid:pk}/try", response={202: ImportOut})
@policy.operation("core.imports")
def try_import(request: HttpRequest, pk: UUID) -> Status[dict[str, Any]]:
    """Do everything and keep nothing but the report. The worker does it; ask for the import until it is `checked`."""
    return Status(202, _shown(actions.check_import(run=_run(request, pk), by=viewer_of(request))))


@router.post("/{uuid:pk}/carry-out", response={202: ImportOut})
@policy.operation("core.imports")
def carry_out_import(request: HttpRequest, pk: UUID) -> Status[dict[str, Any]]:
    """Take in what was tried, all or nothing. The worker does it; ask for the import until it is `done`."""
    return Status(202, _shown(actions.carry_out_import(run=_run(request, pk), by=viewer_of(request))))


@router.post("/{uuid:pk}/undo", response={202: ImportOut})
@policy.operation("core.imports")
def undo_import(request: HttpRequest, pk: UUID) -> Status[dict[str, Any]]:
    """Take back what the import did, as one. If that cannot be, it is `done` again and `note` says why."""
    return Status(202, _shown(actions.take_back_import(run=_run(request, pk), by=viewer_of(request))))


@router.delete("/{uuid:pk}", response={204: None})
@policy.operation("core.imports")
def discard_import(request: HttpRequest, pk: UUID) -> Status[None]:
    """Throw away an import of which nothing was taken in, with its file."""
    actions.discard_import(run=_run(request, pk), by=viewer_of(request))
    return Status(204, None)


@router.get("/{uuid:pk}/refused", response=Page[RefusalOut])
@policy.operation("core.imports")
def list_refused(request: HttpRequest, pk: UUID, query: Query[RefusalQuery]) -> dict[str, Any]:
    """The lines that were not taken, each with its column and the reason; or the remarks on those that were."""
    refuse_unknown(request, query)
    return page_of(
        queries.refusals(_run(request, pk), column=query.column, remarks=query.remarks), query, _refusal
    )
