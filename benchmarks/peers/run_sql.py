"""Runs the statements of an SQL file in DuckDB, in one process: run_sql.py FILE name=value ...

Each ${name} of the file is replaced by its value. Rows of the last statement are
printed, separated by tabs.
"""

import re
import sys

import duckdb


def main(path, *settings):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for setting in settings:
        name, value = setting.split("=", 1)
        text = text.replace("${" + name + "}", value)
    statements = [part for part in re.split(r";\s*\n", text) if part.strip()]
    with duckdb.connect() as connection:
        for statement in statements:
            result = connection.execute(statement)
        for row in result.fetchall():
            print(*row, sep="\t")


main(*sys.argv[1:])
