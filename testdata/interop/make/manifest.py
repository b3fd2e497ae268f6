"""Puts what the programs noted into the manifest, and keeps the entries of programs that did not run.

    python manifest.py CORPUS NOTES...
"""

import json
import pathlib
import sys


def main():
    corpus = pathlib.Path(sys.argv[1])
    path = corpus / "MANIFEST.json"
    entries = [json.loads(line) for name in sys.argv[2:] for line in open(name, encoding="utf-8")]
    ran = {entry["program"] for entry in entries}
    if path.exists():
        entries += [entry for entry in json.loads(path.read_text("utf-8")) if entry["program"] not in ran]
    entries.sort(key=lambda entry: entry["file"])
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    path.write_text(f"[\n{lines}\n]\n", "utf-8")


main()
