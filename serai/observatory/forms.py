"""HTTP input of the pages of the observatory turned into clean values."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from serai.agreements.pages import ActionForm

YEARS = 10


class ReleaseForm(ActionForm):
    year = forms.TypedChoiceField(label=_("Year"), coerce=int)
    note = forms.CharField(
        label=_("What the correction changes"),
        help_text=_("Only where figures of this year are frozen already."),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = timezone.localdate().year
        field: Any = self.fields["year"]
        field.choices = [(year, str(year)) for year in range(last, last - YEARS, -1)]
        field.initial = last - 1
