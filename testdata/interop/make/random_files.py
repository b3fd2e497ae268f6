"""Writes random Parquet files of records, and tells of each what must be in it.

    python random_files.py duckdb|pyarrow FOLDER COUNT

A line of JSON a file: its name, its rows, the sum of its amounts in öre, and how it was written. File n has the same rows every time. DuckDB reads its
files back.
"""

import datetime
import decimal
import json
import pathlib
import random
import sys


def rows_of(chance):
    """Columns as lists: numbers, days, öre, agencies with nulls."""
    rows = chance.choice([0, 1, 7, 8, 9, 100, 1000, 2047, 2048, 2049, 5000])
    agencies = ["å" * chance.randrange(4) + str(i) for i in range(chance.randrange(1, 300))]
    nulls = chance.choice([0, 0.001, 0.3, 0.97, 1])
    numbers = ["19%010d" % chance.randrange(10**10) for _ in range(rows // 3 + 1)]
    run = chance.randrange(1, 40)
    return (
        [numbers[i // run % len(numbers)] for i in range(rows)],
        [datetime.date(2024, 1, 1) + datetime.timedelta(chance.randrange(700)) for _ in range(rows)],
        [chance.randrange(-5_000_000, 9_000_000) for _ in range(rows)],
        [None if chance.random() < nulls else chance.choice(agencies) for _ in range(rows)],
    )


def table_of(chance):
    import pyarrow as pa

    numbers, days, ore, agencies = rows_of(chance)
    moments = [datetime.datetime.combine(day, datetime.time(12, 30)) for day in days]
    amounts = [decimal.Decimal(amount).scaleb(-2) for amount in ore]
    table = {
        "identity_number": chance.choice([lambda: pa.array(numbers, pa.string()), lambda: pa.array(map(int, numbers), pa.int64()), lambda: pa.array(numbers, pa.large_string())])(),
        "payment_date": chance.choice([lambda: pa.array(days, pa.date32()), lambda: pa.array(moments, pa.timestamp("us")), lambda: pa.array(moments, pa.timestamp("ms", "UTC")),
                                       lambda: pa.array(map(str, days), pa.string())])(),
        "amount": chance.choice([lambda: pa.array(amounts, pa.decimal128(9, 2)), lambda: pa.array(amounts, pa.decimal128(18, 2)), lambda: pa.array(amounts, pa.decimal128(38, 6)),
                                 lambda: pa.array([amount / 100 for amount in ore], pa.float64())])(),
        "agency": pa.array(agencies, pa.string()),
    }
    return pa.table(table), sum(ore)


def write_pyarrow(chance, path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table, ore = table_of(chance)
    options = {
        "compression": chance.choice(["none", "snappy", "gzip", "brotli", "zstd", "lz4"]),
        "data_page_version": chance.choice(["1.0", "2.0"]),
        "data_page_size": 64 << chance.randrange(14),
        "dictionary_pagesize_limit": 64 << chance.randrange(14),
        "write_batch_size": chance.randrange(1, 1000),
        "row_group_size": max(chance.randrange(1, table.num_rows + 2), table.num_rows // 20),
        "use_dictionary": chance.random() < 0.5,
        "store_decimal_as_integer": chance.random() < 0.5,
        "write_statistics": chance.random() < 0.5,
        "write_page_index": chance.random() < 0.3,
        "write_page_checksum": chance.random() < 0.5,
        "max_rows_per_page": chance.choice([1, 10, 20_000]),
    }
    if not options["use_dictionary"]:
        texts = ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"]
        encodings = {pa.string(): texts, pa.large_string(): texts, pa.float64(): ["PLAIN", "BYTE_STREAM_SPLIT"], pa.date32(): ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"],
                     pa.int64(): ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]}
        options["column_encoding"] = {field.name: chance.choice(encodings.get(field.type, ["PLAIN"])) for field in table.schema}
    pq.write_table(table, path, **options)
    return table.num_rows, ore, {"types": [str(field.type) for field in table.schema], **options}


def write_duckdb(chance, path):
    import duckdb

    numbers, days, ore, agencies = rows_of(chance)
    connection = duckdb.connect(config={"threads": chance.choice([1, 2])})
    connection.execute("SET TimeZone = 'Europe/Stockholm'")
    connection.execute("CREATE TABLE records (number VARCHAR, day DATE, ore BIGINT, agency VARCHAR)")
    if numbers:
        values = ", ".join("('%s', '%s', %d, %s)" % (n, d, o, "NULL" if a is None else f"'{a}'") for n, d, o, a in zip(numbers, days, ore, agencies))
        connection.execute("INSERT INTO records VALUES " + values)
    number = chance.choice(["number", "number::BIGINT", "number::UBIGINT", "number::DECIMAL(12, 0)"])
    day = chance.choice(["day", "day::TIMESTAMP", "day::TIMESTAMPTZ", "day::TIMESTAMP_MS", "day::VARCHAR"])
    amount = "(ore::DECIMAL(18, 2) / 100)::" + chance.choice(["DECIMAL(9, 2)", "DECIMAL(18, 2)", "DECIMAL(38, 4)", "DOUBLE"])
    options = ["FORMAT parquet", "CODEC " + chance.choice(["uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4_raw"]), "PARQUET_VERSION " + chance.choice(["v1", "v2"]),
               f"ROW_GROUP_SIZE {chance.choice([2048, 4096, 122880])}"]
    if chance.random() < 0.5:
        options.append(f"DICTIONARY_SIZE_LIMIT {chance.choice([1, 10, 1000])}")
    query = f"SELECT {number} AS identity_number, {day} AS payment_date, {amount} AS amount, agency FROM records"
    connection.execute(f"COPY ({query}) TO '{path}' ({', '.join(options)})")
    rows, total = connection.execute(f"SELECT count(*), coalesce(sum(round(amount * 100)::BIGINT), 0)::BIGINT FROM '{path}'").fetchone()
    assert (rows, total) == (len(ore), sum(ore)), "DuckDB reads what it did not write"
    return rows, total, {"query": query, "options": options}


def main():
    program, folder, count = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    write = {"duckdb": write_duckdb, "pyarrow": write_pyarrow}[program]
    for seed in range(count):
        name = f"{seed}.parquet"
        rows, ore, how = write(random.Random(seed), str(folder / name))
        print(json.dumps({"file": name, "rows": rows, "ore": ore, "how": json.dumps(how)}))


main()
