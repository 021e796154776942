from serai.core.models.audit import AuditCursor, AuditEntry, AuditHead
from serai.core.models.base import Record
from serai.core.models.chain import Link
from serai.core.models.files import StoredFile
from serai.core.models.idempotency import IdempotentAnswer
from serai.core.models.imports import ImportChange, ImportRefusal, ImportRun
from serai.core.models.lines import LineField
from serai.core.models.outbox import OutboxMessage
from serai.core.models.reads import ReadMark, ReadTally

__all__ = [
    "AuditCursor",
    "AuditEntry",
    "AuditHead",
    "IdempotentAnswer",
    "ImportChange",
    "ImportRefusal",
    "ImportRun",
    "LineField",
    "Link",
    "OutboxMessage",
    "ReadMark",
    "ReadTally",
    "Record",
    "StoredFile",
]
