"""Turns what `avstam generate` made into the records and the register that all files of the corpus hold.

    python base.py GENERATED CORPUS

Words become Swedish, so that encodings matter, and some keys get every character that a dialect of CSV must quote.
"""

import csv
import pathlib
import shutil
import sys

RECORD_WORDS = {
    "forsakringskassan": "försäkringskassan",
    "arbetsformedlingen": "arbetsförmedlingen",
    "omvardnadsbidrag": "omvårdnadsbidrag",
    "skatteaterbaring": "skatteåterbäring",
    "aktivitetsstod": "aktivitetsstöd",
    "dagersattning": "dagersättning",
    "jordbruksstod": "jordbruksstöd",
    "ersattning": "ersättning; övrig",
}
REGISTER_WORDS = {
    "active": "aktivt",
    "inactive": "vilandeförklarat",
    "closed": "vilande och stängt",
    "deregistered": "avregistrerat",
    "confirmed": "styrkt",
    "probable": "sannolik",
    "uncertain": "osäker",
    "not_applicable": "inte tillämplig",
}
KEY_ENDINGS = [' "å"', "; b", ", c", "|d", "'e'", "\tf", "\ng", " ÿ"]


def main():
    generated, corpus = map(pathlib.Path, sys.argv[1:])
    for name, words in ("records.csv", RECORD_WORDS), ("register.csv", REGISTER_WORDS):
        with open(generated / name, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        rows = [[words.get(value, value) for value in row] for row in rows]
        if "record_id" in header:
            key = header.index("record_id")
            for i, row in enumerate(rows):
                if row[key] and i % 3 == 0:
                    row[key] += KEY_ENDINGS[i // 3 % len(KEY_ENDINGS)]
        with open(corpus / name, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
    shutil.copyfile(generated / "testnumbers.txt", corpus / "testnumbers.txt")


main()
