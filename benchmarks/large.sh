#!/usr/bin/env bash
# The size that the program is made for: 20 million records against 12 million
# numbers, from Parquet and CSV, with the register as extract and as snapshot.
# Prints seconds and peak memory of each. Takes some minutes and 8 GB of disk in
# TMPDIR; RECORDS and PERSONS make it smaller.
set -euo pipefail
cd "$(dirname "$0")/.."
records=${RECORDS:-20000000}
persons=${PERSONS:-12000000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
go build -trimpath -o "$folder/avstam" ./cmd/avstam
avstam=$folder/avstam

echo "generating $records records and $persons persons"
"$avstam" generate --quiet --records "$records" --persons "$persons" --seed 1 --out "$folder/in" --format parquet,csv
"$avstam" register build --quiet --in "$folder/in/register.parquet" --extract-date 2025-11-30 --out "$folder/in/register.avr" >/dev/null

measure() { # what, records, register
  rm -rf "$folder/out"
  "$avstam" run --quiet --records "$folder/in/$2" --register "$folder/in/$3" --extract-date 2025-11-30 --out "$folder/out" >/dev/null
  sed -n 's/^  "seconds": \([0-9.]*\),$/\1/p; s/^  "peak_memory": \([0-9]*\),$/\1/p' "$folder/out/latest/run.json" |
    paste - - | awk -v what="$1" -v records="$records" '{printf "%-22s %7.2f s  %10.0f records/s  %6.0f MiB\n", what, $1, records/$1, $2/1048576}'
}
measure 'Parquet, extract'  records.parquet register.parquet
measure 'Parquet, snapshot' records.parquet register.avr
measure 'CSV, extract'      records.csv     register.parquet
measure 'CSV, snapshot'     records.csv     register.avr
