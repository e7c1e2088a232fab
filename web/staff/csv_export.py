"""Tables as CSV files that a spreadsheet opens without running anything in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi import Response

# A cell that begins with one of these is a formula to a spreadsheet (ASVS 1.2.10); full-width forms are folded to them.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as RFC 4180 has them, each cell a harmless one."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def harmless(cell: object) -> object:
    """Return a cell with an apostrophe before what would be a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.lstrip(" \u3000").startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell


def csv_response(rows: Iterable[Sequence[object]], name: str) -> Response:
    """Return rows as a file to save, in UTF-8 with a byte order mark, by which Excel knows it."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    content = csv_text(rows).encode("utf-8-sig", "replace")
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
