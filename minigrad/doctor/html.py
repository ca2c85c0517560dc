"""A diagnosis for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad.doctor.finding import Finding
from minigrad.doctor.text import HEADS, cells, heading, remarks, title
from minigrad.notebook import element, page, paragraph, table

if TYPE_CHECKING:
    from minigrad.doctor.diagnosis import Diagnosis

__all__ = ["diagnosis_html"]


def diagnosis_html(diagnosis: Diagnosis) -> str:
    """What a notebook shows of a diagnosis."""
    parts = [paragraph(heading(diagnosis), "mg-title")]
    parts += [finding_html(finding) for finding in diagnosis.findings]
    parts += [paragraph(remark, "mg-quiet") for remark in remarks(diagnosis)]
    if diagnosis.layers:
        parts.append(table(HEADS, [cells(layer) for layer in diagnosis.layers], "mg-sizes"))
    return page(*parts)


def finding_html(finding: Finding) -> str:
    details = [paragraph(detail) for detail in finding.details]
    return element("div", paragraph(title(finding), "mg-title"), *details, kind="mg-found")
