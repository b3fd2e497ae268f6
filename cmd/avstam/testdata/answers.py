"""Runs the blocks of docs/analysis.md: a list of {engine, code} from standard
input, the answers as JSON to standard output, every value as text."""

import datetime
import decimal
import json
import sys


def text(value):
    if value is None or value != value or str(value) in ("<NA>", "NaT"):
        return ""
    if isinstance(value, decimal.Decimal):
        return f"{value:.2f}"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def answer(engine, code):
    if engine == "duckdb":
        import duckdb

        result = duckdb.sql(code)
        return result.columns, result.fetchall()
    if engine == "polars":
        import polars as pl

        names = {"pl": pl}
        exec(code, names)
        return names["answer"].columns, names["answer"].rows()
    import pandas as pd

    names = {"pd": pd}
    exec(code, names)
    frame = names["answer"]
    return list(frame.columns), list(frame.itertuples(index=False, name=None))


answers = []
for block in json.load(sys.stdin):
    columns, rows = answer(block["engine"], block["code"])
    answers.append({"columns": list(columns), "rows": [[text(value) for value in row] for row in rows]})
json.dump(answers, sys.stdout)
