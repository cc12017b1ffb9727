"""Opens the reports of a folder with pandas, openpyxl or pdftotext, and compares every cell with what
the tables of the report hold."""

import collections
import datetime
import glob
import os
import re
import subprocess
import sys

WHAT, FOLDER = sys.argv[1:]
Cell = collections.namedtuple("Cell", "sheet table row column kind raw printed")


def cells(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            sheet, table, row, column, kind, raw, printed = line.rstrip("\n").split("\t")
            yield Cell(int(sheet), table, int(row), int(column), kind, raw, printed)


def near(found, wanted):
    return abs(float(found) - float(wanted)) <= 1e-9 * max(1.0, abs(float(wanted)))


def of_csv(stem, wanted):
    import pandas

    whole = pandas.read_csv(stem + ".csv", dtype=str, keep_default_na=False)
    assert len(whole) == sum(cell.column > 0 for cell in wanted), stem
    values = iter(whole.itertuples())
    tables = {}
    for cell in wanted:
        if cell.column > 0:
            found = next(values)
            assert (found.table, int(found.row)) == (cell.table, cell.row + 1), (stem, cell, found)
            assert found.value == cell.raw, (stem, cell, found)
        name = f"{stem}.{cell.table}.csv"
        if name not in tables:
            table = pandas.read_csv(name, dtype=str, keep_default_na=False)
            own = [head for head in table.columns if head[:-8] not in table.columns or not head.endswith("Currency")]
            tables[name] = table[own]
        assert tables[name].iat[cell.row, cell.column] == kept(cell), (stem, cell)


def kept(cell):
    """A text that a spreadsheet would take for a formula has a quote in front."""
    is_formula = cell.kind == "Text" and cell.raw[:1] in ("=", "+", "-", "@")
    return "'" + cell.raw if is_formula else cell.raw


def of_xlsx(stem, wanted):
    import openpyxl

    book = openpyxl.load_workbook(stem + ".xlsx")
    assert book.sheetnames[0] in ("Summary", "Resumen"), book.sheetnames
    sheets = book.worksheets[1:]
    charts = sum(len(sheet._charts) for sheet in sheets)
    assert "nothing" in stem or charts == 5, (stem, charts)
    for sheet in sheets:
        assert sheet.freeze_panes == "B2" and sheet.auto_filter.ref, sheet.title
    for cell in wanted:
        found = sheets[cell.sheet].cell(cell.row + 2, cell.column + 1)
        assert agrees(found, cell), (stem, cell, found.value, found.number_format)


def agrees(found, cell):
    value, kind, raw = found.value, cell.kind, cell.raw
    if kind == "None":
        return value is None
    if kind == "Text":
        return value == raw
    if kind == "Day":
        return isinstance(value, datetime.datetime) and value.date().isoformat() == raw
    if kind == "Moment":
        return isinstance(value, datetime.datetime) and value.isoformat() == raw[: -len("+00:00")]
    if kind == "Duration":
        # It is a timedelta for openpyxl, which knows the format, but for those below a second.
        seconds = value.total_seconds() if isinstance(value, datetime.timedelta) else None
        return seconds is not None and abs(seconds - float(raw)) < 0.001
    if kind == "Points":
        return near(value, 100 * float(raw)) and "pp" in found.number_format
    if kind in ("Share", "Change"):
        return near(value, raw) and "%" in found.number_format
    return isinstance(value, (int, float)) and near(value, raw)


def of_pdf(stem, wanted):
    text = subprocess.run(
        ["pdftotext", "-layout", stem + ".pdf", "-"], check=True, capture_output=True
    ).stdout.decode("utf-8")
    pages = text.count("\f")
    footer = f"Page {pages} of {pages}" if stem.endswith("-en") else f"Página {pages} de {pages}"
    plain = " ".join(text.replace("\u00a0", " ").split())
    assert footer in plain, (stem, footer)
    drawn = {cell.table for cell in wanted if cell.kind == "Count" and cell.raw != "0"}
    for cell in wanted:
        # A chart of nothing is not drawn, and its rows are not printed.
        if "nothing" in stem and cell.table.startswith("messagesBy") and cell.table not in drawn:
            continue
        assert printed(cell) in plain, (stem, cell)


def printed(cell):
    """Letters that no western font has are printed as question marks, and long texts are cut."""
    said = re.sub("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]", "", cell.printed)
    said = said.encode("cp1252", "replace").decode("cp1252")
    return " ".join(said.split())[:30].strip()


seen = 0
for path in sorted(glob.glob(os.path.join(FOLDER, "*.tsv"))):
    stem, wanted = path[:-4], list(cells(path))
    {"csv": of_csv, "xlsx": of_xlsx, "pdf": of_pdf}[WHAT](stem, wanted)
    seen += len(wanted)
assert seen > 1000, seen
print(f"{WHAT}: {seen} cells agree")
