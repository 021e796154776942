"""Forms of the import pages: the file, and how it is read."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from serai.core.imports.columns import PREFIX, recognise
from serai.core.imports.framework import Importer, Proposal, Setting
from serai.core.imports.rows import Options, Source
from serai.core.imports.tables import DELIMITERS, ENCODINGS, LINE_ENDS, MAX_HEADER_LINE, SHEETS, is_table
from serai.core.imports.uploads import MAX_UPLOAD_BYTES, TYPES
from serai.core.text import isolated
from serai.core.words import number

ENCODING_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": gettext_lazy("UTF-8 with a mark at its beginning"),
    "utf-16": "UTF-16",
    "gb18030": gettext_lazy("GB 18030 (Chinese)"),
    "big5": gettext_lazy("Big5 (traditional Chinese)"),
    "shift_jis": gettext_lazy("Shift JIS (Japanese)"),
    "euc-kr": gettext_lazy("EUC-KR (Korean)"),
    "windows-1252": gettext_lazy("Windows 1252 (Western European)"),
    "windows-1251": gettext_lazy("Windows 1251 (Cyrillic)"),
    "windows-1256": gettext_lazy("Windows 1256 (Arabic)"),
    "iso-8859-1": gettext_lazy("ISO 8859-1 (Western European)"),
    "iso-8859-15": gettext_lazy("ISO 8859-15 (Western European)"),
    "mac-roman": gettext_lazy("Mac Roman (old Macintosh)"),
}
DELIMITER_NAMES = {
    ",": gettext_lazy("Comma ,"),
    ";": gettext_lazy("Semicolon ;"),
    "\t": gettext_lazy("Tab"),
    "|": gettext_lazy("Vertical bar |"),
}
LINE_END_NAMES = {
    "CRLF": gettext_lazy("CR LF (Windows)"),
    "LF": gettext_lazy("LF (Linux, Mac)"),
    "CR": gettext_lazy("CR (old Macintosh)"),
}
TABLE = ("encoding", "delimiter", "line_end", "header_line", "sheet")
"""Settings of every table; when one of them changes, the columns are recognised anew."""


class UploadForm(forms.Form):
    format = forms.ChoiceField(label=gettext_lazy("What is it?"), widget=forms.RadioSelect)
    file = forms.FileField(label=gettext_lazy("File"))

    def __init__(self, *args: Any, importers: Iterable[Importer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = list(importers)
        choices = [(importer.name, importer.summary) for importer in known]
        endings = sorted({s for importer in known for s in importer.suffixes if s in TYPES})
        self.fields["format"].choices = choices  # type: ignore[attr-defined]
        self.fields["file"].widget.attrs |= {
            "accept": ",".join(endings),
            "data-max-bytes": str(MAX_UPLOAD_BYTES),
            "data-too-large": _("This file is too large: %(limit)d MB at most.")
            % {"limit": MAX_UPLOAD_BYTES // 2**20},
        }
        self.fields["file"].help_text = _(
            "Up to %(limit)d MB. It is looked at first; nothing is taken in before you say so."
        ) % {"limit": MAX_UPLOAD_BYTES // 2**20}
        if len(choices) == 1:
            self.fields["format"].initial = choices[0][0]


class SettingsForm(forms.Form):
    """How a file is read: what was recognised is the first choice of each list, and can be changed."""

    def __init__(
        self,
        data: Any = None,
        *,
        source: Source,
        settings: Iterable[Setting],
        proposal: Proposal | None,
        options: Options,
    ) -> None:
        super().__init__(data)
        self.options = dict(options)
        self.proposal = proposal
        self.setting_names: list[str] = []
        self.column_names: list[str] = []
        self.word_names: list[str] = []
        # Who only looks at the rows again, in another encoding say, need not know the columns yet.
        self.must_fit = data is None or "go" in data
        if is_table(source):
            self._add_table(source)
        for setting in settings:
            self._add_setting(setting)
        if proposal is not None and proposal.fields:
            self._add_columns(proposal)
            self._add_words(proposal)

    def _add_table(self, source: Source) -> None:
        shape = self.proposal.shape if self.proposal else None
        if source.suffix in SHEETS:
            sheets = shape.sheets if shape else ()
            self._choice("sheet", _("Sheet"), [(name, name) for name in sheets], shape.sheet if shape else "")
        else:
            codes = [(code, ENCODING_NAMES[code]) for code in ENCODINGS]
            signs = [("\\t" if sign == "\t" else sign, DELIMITER_NAMES[sign]) for sign in DELIMITERS]
            ends = [(end, LINE_END_NAMES[end]) for end in LINE_ENDS]
            found = shape.encoding if shape else ""
            self._choice("encoding", _("Encoding of the characters"), codes, ENCODING_NAMES.get(found, found))
            delimiter = shape.delimiter if shape else ""
            self._choice(
                "delimiter", _("Sign between the columns"), signs, DELIMITER_NAMES.get(delimiter, delimiter)
            )
            self._choice(
                "line_end", _("End of a line"), ends, LINE_END_NAMES.get(shape.line_end, "") if shape else ""
            )
        self.fields["header_line"] = forms.IntegerField(
            label=_("Row with the names of the columns"),
            min_value=1,
            max_value=MAX_HEADER_LINE,
            required=False,
            initial=self.options.get("header_line") or (shape.header_line if shape else None),
        )

    def _choice(self, name: str, label: str, choices: list[tuple[str, Any]], found: Any) -> None:
        recognised = _("Recognised: %(value)s") % {"value": found} if found else _("Recognise it")
        self.fields[name] = forms.ChoiceField(
            label=label,
            choices=[("", recognised), *choices],
            required=False,
            initial=self.options.get(name, ""),
        )

    def _add_setting(self, setting: Setting) -> None:
        initial = self.options.get(setting.name, "")
        if setting.choices:
            self.fields[setting.name] = forms.ChoiceField(
                label=setting.label,
                choices=setting.choices,
                initial=initial,
                help_text=setting.help,
                required=self.must_fit,
            )
        else:
            self.fields[setting.name] = forms.CharField(
                label=setting.label, initial=initial, help_text=setting.help, required=False, max_length=300
            )
        self.setting_names.append(setting.name)

    def _add_columns(self, proposal: Proposal) -> None:
        """A list for each field: first what must be there, then what was recognised, then the rest."""
        for field in sorted(proposal.fields, key=lambda f: (not f.required, f.name not in proposal.columns)):
            name = PREFIX + field.name
            self.fields[name] = forms.ChoiceField(
                label=field.label,
                choices=[
                    ("", _("Choose the column") if field.required else _("Not in this file")),
                    *((h, h) for h in proposal.headers),
                ],
                required=field.required and self.must_fit,
                initial=proposal.columns.get(field.name, ""),
            )
            self.column_names.append(name)

    def _add_words(self, proposal: Proposal) -> None:
        """A list for each word that means nothing here: what it is to mean in this file."""
        choices = {name: list(known.choices()) for name, known in proposal.vocabularies.items()}
        for unknown in proposal.unknown:
            rows = ngettext("in %(n)s row", "in %(n)s rows", unknown.rows) % {"n": number(unknown.rows)}
            self.fields[unknown.setting] = forms.ChoiceField(
                label=_("%(field)s: “%(word)s”")
                % {"field": unknown.field.label, "word": isolated(unknown.word)},
                choices=[("", _("No meaning chosen")), *choices[unknown.field.name]],
                help_text=rows,
                required=False,
                initial=self.options.get(unknown.setting, ""),
            )
            self.word_names.append(unknown.setting)

    @property
    def word_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.word_names]

    @property
    def table_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in TABLE if name in self.fields]

    @property
    def own_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.setting_names]

    @property
    def column_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.column_names]

    def chosen(self) -> dict[str, str]:
        """The options as chosen: only what differs from what is recognised, so that a better guess still counts."""
        values = {name: str(value) for name, value in self.cleaned_data.items() if value not in (None, "")}
        shape = self.proposal.shape if self.proposal else None
        kept = {
            name: values[name] for name in (*TABLE, *self.setting_names, *self.word_names) if name in values
        }
        is_recognised = shape is not None and kept.get("header_line") == str(shape.header_line)
        if is_recognised and "header_line" not in self.options:
            del kept["header_line"]
        if any(kept.get(name, "") != str(self.options.get(name, "")) for name in TABLE):
            return kept
        return kept | self._columns(values)

    def _columns(self, values: Mapping[str, str]) -> dict[str, str]:
        if self.proposal is None or not self.column_names:
            return {}
        usual = recognise(self.proposal.fields, self.proposal.headers, {})
        chosen = {name: values.get(name, "") for name in self.column_names}
        if all(header == usual.get(name.removeprefix(PREFIX), "") for name, header in chosen.items()):
            return {}
        return chosen
