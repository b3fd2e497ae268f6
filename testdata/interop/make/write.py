"""Writes the records and the register of the corpus with each program that Python has.

    python write.py CORPUS MANIFEST

One line of JSON a file goes to MANIFEST.
"""

import codecs
import csv
import datetime
import decimal
import gzip
import io
import json
import os
import pathlib
import sys
import zoneinfo

import duckdb
import fastparquet
import pandas
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq

CORPUS = pathlib.Path(sys.argv[1])
MANIFEST = open(sys.argv[2], "w", encoding="utf-8")
SWEDEN = zoneinfo.ZoneInfo("Europe/Stockholm")

DAYS = ["payment_date", "period_start", "period_end"]
REGISTER_DAYS = ["status_from", "known_from", "assigned_on", "renewed_on", "inactive_expected_on"]
RECORD_WORDS = ["agency", "payment_type", "currency"]
REGISTER_WORDS = ["status", "status_reason", "identity_level"]


def note(program, name, special, rows=None, **settings):
    """Adds a file to the manifest and says where it goes."""
    of = "register" if name.startswith("register") else "records"
    folder = CORPUS / program
    folder.mkdir(exist_ok=True)
    version = {"pyarrow": pa, "pandas": pandas, "polars": polars, "duckdb": duckdb, "fastparquet": fastparquet}.get(program)
    version = version.__version__ if version else ".".join(map(str, sys.version_info[:3]))
    entry = {"file": f"{program}/{name}", "of": of, "program": program, "version": version, "special": special, **settings}
    if rows is not None:
        entry["rows"] = rows
    MANIFEST.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return str(folder / name)


def read(name):
    with open(CORPUS / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def table_of_records(rows):
    def day(text):
        return datetime.date.fromisoformat(text) if text else None

    columns = {name: [row[name] or None for row in rows] for name in rows[0]}
    for name in DAYS:
        columns[name] = [day(text) for text in columns[name]]
    columns["amount"] = [decimal.Decimal(text) for text in columns["amount"]]
    types = {name: pa.date32() if name in DAYS else pa.decimal128(12, 2) if name == "amount" else pa.string() for name in columns}
    return pa.table({name: pa.array(values, types[name]) for name, values in columns.items()})


def table_of_register(rows):
    columns = {name: [row[name] or None for row in rows] for name in rows[0]}
    for name in REGISTER_DAYS:
        columns[name] = [text and datetime.date.fromisoformat(text) for text in columns[name]]
    columns["protected"] = [text and text == "true" for text in columns["protected"]]
    types = {name: pa.date32() if name in REGISTER_DAYS else pa.bool_() if name == "protected" else pa.string() for name in columns}
    return pa.table({name: pa.array(values, types[name]) for name, values in columns.items()})


def replaced(table, columns):
    """The table with other columns in the place of some."""
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    return table


def cast(table, names, type):
    return replaced(table, {name: table[name].cast(type) for name in names})


def instants(days, unit="us"):
    """Moments at the beginning and the end of the days in Sweden, by turns: in UTC many lie on the day before."""
    values = []
    for i, day in enumerate(days.to_pylist()):
        if day is not None:
            time = datetime.time(0, 30) if i % 2 == 0 else datetime.time(23, 30)
            day = datetime.datetime.combine(day, time, SWEDEN).astimezone(datetime.timezone.utc)
        values.append(day)
    return pa.array(values, pa.timestamp(unit, "UTC"))


def moments(days, unit, hour=13):
    """Times of day without a zone."""
    values = [day and datetime.datetime.combine(day, datetime.time(hour, 45)) for day in days.to_pylist()]
    return pa.array(values, pa.timestamp(unit))


def doubles(amounts):
    """The doubles next to the amounts. Arrow's own cast of decimals is off by one place in every tenth."""
    return pa.array([float(amount) for amount in amounts.to_pylist()])


def required(table, names):
    """The table whose columns of these names have no nulls."""
    for name in names:
        if table[name].null_count:
            table = replaced(table, {name: pc.fill_null(table[name], "")})
    return table.cast(pa.schema([pa.field(f.name, f.type, nullable=f.name not in names) for f in table.schema]))


def write_pyarrow(records, register):
    def write(name, special, table=records, settings={}, **options):
        if "compression" not in options:  # small files
            options.update(compression="zstd", write_statistics=False)
        pq.write_table(table, note("pyarrow", name + ".parquet", special, **settings), **options)

    for codec in "none", "snappy", "gzip", "zstd", "lz4", "brotli":
        for page in "1.0", "2.0":
            if codec == "none" and page == "1.0":
                continue  # plain.parquet
            write(f"records-{codec}-v{page[0]}", f"{codec}, data pages v{page[0]}", compression=codec, data_page_version=page)
    write("records-codec-a-column", "another codec for each column", compression={
        name: codec for name, codec in zip(records.column_names, ["none", "snappy", "gzip", "zstd", "lz4", "brotli", "snappy", "gzip", "zstd"])})
    write("records-plain", "no dictionaries, no compression", use_dictionary=False, compression="none")
    write("records-fallback", "dictionaries that end in mid-column, small pages",
          dictionary_pagesize_limit=600, data_page_size=700, write_batch_size=16, compression="snappy")
    write("records-fallback-v2", "the same in data pages v2 and row groups of 100",
          dictionary_pagesize_limit=300, data_page_size=300, write_batch_size=8, row_group_size=100, data_page_version="2.0", compression="zstd")
    write("records-version-1", "format version 1.0", version="1.0")
    texts = [f.name for f in records.schema if f.type == pa.string()]
    delta = {name: "DELTA_BINARY_PACKED" for name in DAYS + ["amount"]}
    write("records-delta", "DELTA_BINARY_PACKED and DELTA_LENGTH_BYTE_ARRAY, decimals as int64", use_dictionary=False, store_decimal_as_integer=True,
          column_encoding={**delta, **{name: "DELTA_LENGTH_BYTE_ARRAY" for name in texts}})
    write("records-delta-strings", "DELTA_BYTE_ARRAY in text and fixed decimals, data pages v2, small pages", use_dictionary=False, data_page_version="2.0",
          data_page_size=1000, write_batch_size=50, column_encoding={name: "DELTA_BYTE_ARRAY" for name in texts + ["amount"]})
    write("records-byte-stream-split", "BYTE_STREAM_SPLIT: amounts as doubles, days as integers of 32 bits", replaced(records, {"amount": doubles(records["amount"])}),
          use_dictionary=False, column_encoding={name: "BYTE_STREAM_SPLIT" for name in DAYS + ["amount"]})
    write("records-byte-stream-split-fixed", "BYTE_STREAM_SPLIT of fixed decimals, and of timestamps", replaced(records, {name: moments(records[name], "ms") for name in DAYS}),
          use_dictionary=False, column_encoding={name: "BYTE_STREAM_SPLIT" for name in DAYS + ["amount"]})
    write("records-decimal-int32", "DECIMAL(9,2) on INT32", cast(records, ["amount"], pa.decimal128(9, 2)), store_decimal_as_integer=True)
    write("records-decimal-int64", "DECIMAL(18,2) on INT64", cast(records, ["amount"], pa.decimal128(18, 2)), store_decimal_as_integer=True)
    write("records-decimal-fixed", "DECIMAL(38,2) on 16 bytes", cast(records, ["amount"], pa.decimal128(38, 2)))
    write("records-decimal-scale-4", "DECIMAL(20,4), two zeros after the öre", cast(records, ["amount"], pa.decimal128(20, 4)))
    write("records-decimal-256", "DECIMAL(60,10) on 25 bytes", cast(records, ["amount"], pa.decimal256(60, 10)))
    write("records-double", "amounts as doubles", replaced(records, {"amount": doubles(records["amount"])}))
    write("records-float", "amounts as floats of 32 bits", replaced(records, {"amount": doubles(records["amount"]).cast(pa.float32())}))
    write("records-amount-text", "amounts and days as text", replaced(records, {
        "amount": pa.array([str(a) for a in records["amount"].to_pylist()]), **{name: records[name].cast(pa.string()) for name in DAYS}}))
    for unit in "ms", "us", "ns":
        write(f"records-timestamp-{unit}", f"timestamps without a zone, {unit}", replaced(records, {name: moments(records[name], unit) for name in DAYS}))
    for unit in "ms", "us", "ns":
        write(f"records-instant-{unit}", f"timestamps in UTC, {unit}, many of the day before", replaced(records, {name: instants(records[name], unit) for name in DAYS}))
    write("records-int96", "INT96 in UTC", replaced(records, {name: instants(records[name], "ns") for name in DAYS}), use_deprecated_int96_timestamps=True)
    write("records-date64", "date64", cast(records, DAYS, pa.date64()))
    write("records-large-string", "large_string", cast(records, texts, pa.large_string()))
    write("records-string-view", "string_view", cast(records, texts, pa.string_view()))
    write("records-binary", "BYTE_ARRAY without annotation", cast(records, texts, pa.binary()), store_schema=False)
    write("records-category", "dictionary arrays, int8 and int32", replaced(records, {
        **{name: records[name].dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string())) for name in RECORD_WORDS}, "identity_number": records["identity_number"].dictionary_encode()}))
    write("records-order", "columns in another order", records.select(sorted(records.column_names, reverse=True)))
    count = records.num_rows
    nested = records
    for at, (name, type, values) in enumerate([
        ("list", pa.list_(pa.int64()), [None if i % 5 == 0 else list(range(i % 4)) for i in range(count)]),
        ("struct", pa.struct([("amount", pa.int32()), ("agency", pa.struct([("payment_date", pa.string())]))]), [{"amount": i, "agency": {"payment_date": "x"}} for i in range(count)]),
        ("map", pa.map_(pa.string(), pa.list_(pa.float64())), [[("a", [1.5])]] * count),
        ("nothing", pa.null(), [None] * count),
        ("time", pa.time64("us"), [datetime.time(1, 2, 3)] * count),
        ("half", pa.float16(), [1.0] * count),
        ("blob", pa.binary(3), [b"\0\xff\n"] * count),
        ("Amount", pa.int64(), list(range(count))),
    ]):
        nested = nested.add_column(at * 2, name, pa.array(values, type))
    write("records-nested-around", "lists, structs, maps, nulls, times, half floats and a column Amount between ours", nested)
    write("records-nested-around-v2", "the same in small data pages v2 and row groups", nested, data_page_version="2.0", data_page_size=500, row_group_size=150)
    write("records-page-index", "page index, small pages, checksums of pages", write_page_index=True, write_page_checksum=True, data_page_size=1000, write_batch_size=30)
    write("records-chunked-by-content", "pages cut by content", use_content_defined_chunking=True)
    write("records-bloom", "sorting columns and a row group of one row", sorting_columns=[pq.SortingColumn(1)], row_group_size=299)
    write("records-small-groups", "row groups of 77 rows", row_group_size=77)
    with pq.ParquetWriter(note("pyarrow", "records-empty-groups.parquet", "empty row groups before, between and after"), records.schema) as writer:
        empty = records.slice(0, 0)
        for part in empty, records.slice(0, 150), empty, empty, records.slice(150), empty:
            writer.write_table(part)
    pq.write_table(records.slice(0, 0), note("pyarrow", "records-none.parquet", "no rows, one empty row group", rows=0))
    with pq.ParquetWriter(note("pyarrow", "records-no-groups.parquet", "no row group", rows=0), records.schema):
        pass
    always = [name for name in records.column_names if not name.startswith("period_")]
    write("records-required", "required columns but for the period, empty text for what is missing", required(records, always))
    write("records-required-v2", "the same in data pages v2 without dictionaries", required(records, always), data_page_version="2.0", use_dictionary=False)
    names = {"identity_number": "PersonnummerÅÄÖ", "payment_date": "utbetald dag", "amount": "Belopp.kr", "agency": "myndighet"}
    write("records-names", "their own names of columns", records.rename_columns([names.get(name, name) for name in records.column_names]), {"columns": names})

    words = [f.name for f in register.schema if f.type == pa.string()]
    write("register-snappy", "as it chooses", register, compression="snappy")
    write("register-zstd-v2", "zstd, data pages v2, small pages", register, compression="zstd", data_page_version="2.0", data_page_size=300, write_batch_size=10)
    write("register-category", "dictionary arrays", replaced(register, {name: register[name].dictionary_encode() for name in REGISTER_WORDS}))
    numbers = {name: register[name].cast(pa.int64()) for name in ["number", "linked_number"]}
    write("register-int64", "numbers as int64, protection as int8", replaced(register, {**numbers, "protected": register["protected"].cast(pa.int8())}))
    write("register-uint64", "numbers as uint64, delta", replaced(register, {name: n.cast(pa.uint64()) for name, n in numbers.items()}),
          use_dictionary=False, column_encoding={name: "DELTA_BINARY_PACKED" for name in numbers})
    write("register-decimal", "numbers as DECIMAL(12,0)", cast(register, ["number", "linked_number"], pa.decimal128(12, 0)))
    write("register-fixed", "numbers as 12 bytes, protection as text", replaced(register, {
        **{name: register[name].cast(pa.binary(12)) for name in numbers}, "protected": register["protected"].cast(pa.string())}))
    write("register-timestamp", "instants in UTC", replaced(register, {name: instants(register[name]) for name in REGISTER_DAYS}))
    write("register-int96", "INT96", replaced(register, {name: instants(register[name], "ns") for name in REGISTER_DAYS}), use_deprecated_int96_timestamps=True)
    write("register-fallback", "dictionaries that end in mid-column", register, dictionary_pagesize_limit=200, data_page_size=200, write_batch_size=8)
    write("register-delta", "DELTA_BYTE_ARRAY, lz4", register, use_dictionary=False, compression="lz4", column_encoding={name: "DELTA_BYTE_ARRAY" for name in words})
    write("register-large-string", "large_string, days as text", replaced(register, {
        **{name: register[name].cast(pa.large_string()) for name in words}, **{name: register[name].cast(pa.string()) for name in REGISTER_DAYS}}))
    write("register-small-groups", "row groups of 75 rows, gzip", register, row_group_size=75, compression="gzip")

    def write_arrow(name, special, table, stream=False, codec=None, batch=None):
        options = pa.ipc.IpcWriteOptions(compression=codec)
        new = pa.ipc.new_stream if stream else pa.ipc.new_file
        path = note("pyarrow", name + (".arrows" if stream else ".arrow"), special, rows=None if table.num_rows else 0)
        with new(path, table.schema, options=options) as writer:
            writer.write_table(table, batch)

    category = replaced(records, {name: records[name].dictionary_encode() for name in RECORD_WORDS})
    write_arrow("records", "Arrow file", records)
    write_arrow("records", "Arrow stream", records, True)
    write_arrow("records-lz4", "Arrow file, lz4, batches of 150 rows", records, False, "lz4", 150)
    write_arrow("records-zstd", "Arrow stream, zstd, dictionaries", category, True, "zstd", 64)
    write_arrow("records-category", "Arrow file, zstd, dictionaries", category, False, "zstd")
    write_arrow("records-large-string", "Arrow file, zstd, large_string, instants in UTC", cast(replaced(records, {name: instants(records[name]) for name in DAYS}), texts, pa.large_string()), False, "zstd")
    write_arrow("records-none", "Arrow file of no rows", records.slice(0, 0))
    write_arrow("records-none", "Arrow stream of no rows", records.slice(0, 0), True)
    write_arrow("records-nested-around", "Arrow stream, zstd, lists, structs, maps and nulls between ours", nested, True, "zstd")
    write_arrow("register", "Arrow file", register)
    write_arrow("register-null", "Arrow file, zstd, a column of no type", replaced(register, {"renewed_on": pa.nulls(register.num_rows)}), False, "zstd")
    write_arrow("register-lz4", "Arrow stream, lz4, dictionaries", replaced(register, {name: register[name].dictionary_encode() for name in REGISTER_WORDS}), True, "lz4")


def write_pandas(records, register):
    def write(name, special, frame, **options):
        options.setdefault("compression", "zstd")
        frame.to_parquet(note("pandas", name + ".parquet", special), **options)

    objects = records.to_pandas(date_as_object=True)
    write("records-object", "objects: str, date, Decimal", objects, compression="snappy")
    write("records-index", "an index of its own, no compression", objects.set_index(pandas.Index(range(1000, 1000 + len(objects)), name="row")), compression=None)
    write("records-string", "string, string[pyarrow]", objects.astype({"identity_number": "string", "agency": "string[pyarrow]"}), compression="gzip")
    write("records-category", "category", objects.astype({name: "category" for name in RECORD_WORDS}))
    days = objects.copy()
    for name in DAYS:
        days[name] = pandas.to_datetime(days[name])
    write("records-datetime64", "datetime64, amounts as float64", days.astype({"amount": "float64"}))
    write("records-datetime64-ns", "datetime64[ns]", days.astype({name: "datetime64[ns]" for name in DAYS}), compression="brotli")
    zoned = days.copy()
    for name in DAYS:
        zoned[name] = zoned[name].dt.tz_localize("Europe/Stockholm")
    write("records-datetime64-sweden", "datetime64 in Europe/Stockholm: midnights", zoned)
    objects.head(0).to_parquet(note("pandas", "records-none.parquet", "no rows: columns of no type", rows=0))
    integers = register.to_pandas(date_as_object=True)
    write("register-object", "objects", integers)
    integers = integers.astype({"number": "int64", "linked_number": "Int64", "protected": "boolean"})
    write("register-int64", "int64, Int64, boolean", integers)
    write("register-category", "category", integers.astype({name: "category" for name in REGISTER_WORDS}))

    objects.to_csv(note("pandas", "records.csv.gz", "as it chooses, gzip"), index=False, compression={"method": "gzip", "mtime": 0})
    days.astype({"amount": "float64"}).to_csv(note("pandas", "records-semicolon.csv.gz", "semicolon, decimal comma, BOM, CRLF, gzip", csv={"decimal": ","}), sep=";", decimal=",",
                   index=False, encoding="utf-8-sig", lineterminator="\r\n", compression={"method": "gzip", "mtime": 0})
    days.astype({"amount": "float64"}).to_csv(note("pandas", "records-float.csv.gz", "float amounts, days with midnight, gzip"), index=False,
                                              date_format="%Y-%m-%d %H:%M:%S", quoting=csv.QUOTE_NONNUMERIC, compression={"method": "gzip", "mtime": 0})


def write_polars(records, register):
    def write(name, special, frame, **options):
        frame.write_parquet(note("polars", name + ".parquet", special), **options)

    frame = polars.from_arrow(records)
    for codec in "zstd", "snappy", "gzip", "brotli", "lz4", "uncompressed":
        write(f"records-{codec}", codec, frame, compression=codec)
    write("records-categorical", "Categorical and Enum", frame.with_columns(
        polars.col("agency", "payment_type").cast(polars.Categorical), polars.col("currency").cast(polars.Enum(["EUR", "SEK"]))))
    write("records-datetime", "Datetime, amounts as Float64", frame.with_columns(
        polars.col(DAYS).cast(polars.Datetime("us")), polars.col("amount").cast(polars.Float64)))
    write("records-datetime-sweden", "Datetime in Europe/Stockholm", frame.with_columns(
        polars.col(DAYS).cast(polars.Datetime("ms")).dt.replace_time_zone("Europe/Stockholm")))
    write("records-small", "row groups of 150 rows, small pages, no statistics", frame, row_group_size=150, data_page_size=200, statistics=False)
    frame.lazy().sink_parquet(note("polars", "records-sink.parquet", "sink_parquet"))
    frame.clear().write_parquet(note("polars", "records-none.parquet", "no rows", rows=0))
    people = polars.from_arrow(register)
    write("register", "as it chooses", people)
    write("register-int64", "numbers as Int64, Categorical", people.with_columns(
        polars.col("number", "linked_number").cast(polars.Int64), polars.col(REGISTER_WORDS).cast(polars.Categorical)))

    frame.write_csv(note("polars", "records-pipe.csv", "pipe, BOM, CRLF, text quoted"), separator="|", include_bom=True, line_terminator="\r\n", quote_style="non_numeric")
    frame.write_ipc(note("polars", "records.arrow", "Arrow file, lz4, string_view"), compression="lz4")
    frame.write_ipc(note("polars", "records-zstd.arrow", "Arrow file, zstd, large_string"), compression="zstd", compat_level=polars.CompatLevel.oldest())
    frame.write_ipc_stream(note("polars", "records.arrows", "Arrow stream, lz4"), compression="lz4")


def write_fastparquet(records, register):
    def write(name, special, frame, pages=1, **options):
        options.setdefault("compression", "ZSTD")
        fastparquet.writer.DATAPAGE_VERSION = pages
        fastparquet.write(note("fastparquet", name + ".parquet", special), frame, **options)

    def with_days(frame, names):
        # datetime64[s], which pandas would choose, is written as so many milliseconds.
        return frame.assign(**{name: pandas.to_datetime(frame[name]).astype("datetime64[us]") for name in names})

    frame = with_days(records.to_pandas(date_as_object=True), DAYS).astype({"amount": "float64"})
    for codec in None, "SNAPPY", "GZIP", "ZSTD", "LZ4_RAW", "BROTLI":
        write(f"records-{(codec or 'plain').lower()}", f"{codec or 'no compression'}, days as microseconds, amounts as doubles", frame, compression=codec)
    write("records-category", "category: dictionaries", frame.astype({name: "category" for name in RECORD_WORDS}))
    write("records-v2", "data pages v2, category, row groups of 75 rows", frame.astype({name: "category" for name in RECORD_WORDS}), pages=2, row_group_offsets=75)
    write("records-datetime64-ns", "datetime64[ns], statistics of every column", frame.astype({name: "datetime64[ns]" for name in DAYS}), stats=True)
    write("records-datetime64-ms", "datetime64[ms]", frame.astype({name: "datetime64[ms]" for name in DAYS}))
    write("records-int96", "INT96", frame.astype({name: "datetime64[ns]" for name in DAYS}), times="int96")  # others are taken for nanoseconds
    sweden = frame.assign(**{name: frame[name].dt.tz_localize("Europe/Stockholm") for name in DAYS})
    write("records-datetime64-sweden", "datetime64 in Europe/Stockholm: midnights", sweden)
    text = records.to_pandas().astype({name: "string" for name in records.column_names})
    write("records-text", "amounts and days as text, data pages v2, columns without nulls required", text, pages=2, has_nulls=[
        name for name in records.column_names if records[name].null_count])
    people = with_days(register.to_pandas(), REGISTER_DAYS).astype({"protected": "boolean"})
    write("register", "boolean, days as microseconds", people)
    write("register-int64", "int64, Int64, category, data pages v2, SNAPPY", people.astype(
        {"number": "int64", "linked_number": "Int64", **{name: "category" for name in REGISTER_WORDS}}), pages=2, compression="SNAPPY")


def write_duckdb(records, register):
    connection = duckdb.connect(config={"threads": 1})
    connection.sql("SET TimeZone = 'Europe/Stockholm'")
    connection.register("records", records)
    connection.register("register", register)

    def write(name, special, query, options, **settings):
        path = note("duckdb", name, special, **settings)
        connection.sql(f"COPY ({query}) TO '{path}' ({options})")

    for codec in "snappy", "zstd", "gzip", "brotli", "lz4_raw", "uncompressed":
        write(f"records-{codec}.parquet", codec, "FROM records", f"FORMAT parquet, CODEC {codec}")
    write("records-v2.parquet", "PARQUET_VERSION v2", "FROM records", "FORMAT parquet, PARQUET_VERSION v2")
    write("records-v2-delta.parquet", "PARQUET_VERSION v2, no dictionaries: delta and BYTE_STREAM_SPLIT", "SELECT * REPLACE (amount::DOUBLE AS amount) FROM records",
          "FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1")
    for digits in 9, 18, 38:
        write(f"records-decimal-{digits}.parquet", f"DECIMAL({digits},2)", f"SELECT * REPLACE (amount::DECIMAL({digits},2) AS amount) FROM records", "FORMAT parquet, CODEC zstd")
    write("records-enum.parquet", "enumerations", "SELECT * REPLACE (agency::ENUM('csn', 'polisen', 'domstolsverket', 'arbetsförmedlingen', 'försäkringskassan', 'jordbruksverket', "
          "'migrationsverket', 'pensionsmyndigheten', 'skatteverket') AS agency) FROM records", "FORMAT parquet, CODEC zstd")
    write("records-timestamp.parquet", "TIMESTAMP", "SELECT * REPLACE (payment_date::TIMESTAMP AS payment_date, period_start::TIMESTAMP_S AS period_start, "
          "period_end::TIMESTAMP_NS AS period_end) FROM records", "FORMAT parquet, CODEC zstd")
    write("records-timestamptz.parquet", "TIMESTAMPTZ: midnights in Sweden", "SELECT * REPLACE (payment_date::TIMESTAMPTZ AS payment_date) FROM records", "FORMAT parquet, CODEC zstd")
    write("records-nested.parquet", "structs, lists and UUIDs beside ours", "SELECT {'a': 1, 'b': [agency]} AS s, [1, 2] AS l, uuid '00000000-0000-0000-0000-000000000001' AS u, MAP {'k': 1} AS m, "
          "INTERVAL 1 DAY AS i, 1::HUGEINT AS h, * FROM records", "FORMAT parquet, CODEC zstd")
    write("records-none.parquet", "no rows", "FROM records LIMIT 0", "FORMAT parquet", rows=0)
    write("register.parquet", "as it chooses", "FROM register", "FORMAT parquet")
    write("register-bigint.parquet", "numbers as BIGINT, v2, zstd", "SELECT * REPLACE (number::BIGINT AS number, linked_number::UBIGINT AS linked_number) FROM register",
          "FORMAT parquet, PARQUET_VERSION v2, CODEC zstd")
    write("records-semicolon.csv.gz", "semicolon, everything quoted, gzip", "FROM records", "FORMAT csv, HEADER, DELIMITER ';', FORCE_QUOTE *, COMPRESSION gzip")
    write("records-tab.csv.zst", "tab, zstd, days as 31/12/2025", "FROM records", "FORMAT csv, HEADER, DELIMITER '\t', COMPRESSION zstd, DATEFORMAT '%d/%m/%Y'",
          csv={"date_layout": "02/01/2006"})
    write("register.csv", "as it chooses", "FROM register", "FORMAT csv, HEADER")


def write_csv(name, special, rows, *, delimiter=",", quote='"', quoting=csv.QUOTE_MINIMAL, decimal_sign=".", line_end="\n", encoding="utf-8",
              last_line_end=True, packing="", header=True, names=None, **settings):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quotechar=quote, quoting=quoting, lineterminator=line_end)
    if header:
        writer.writerow(names or rows[0])
    for row in rows:
        writer.writerow([value.replace(".", decimal_sign) if key == "amount" else value for key, value in row.items()])
    text = text.getvalue()
    if not last_line_end:
        text = text[:-len(line_end)]
    contents = codecs.BOM_UTF16_LE + text.encode("utf-16-le") if encoding == "utf-16" else text.encode(encoding)
    path = note("python", name + packing, special, rows=None if rows else 0, **settings)
    if packing == ".gz":
        contents = gzip.compress(contents, mtime=0)
    if packing == ".zst":
        contents = pa.compress(contents, "zstd", asbytes=True)
    with open(path, "wb") as file:
        file.write(contents)


def write_python(records, register):
    dialects = {
        "comma": dict(),
        "semicolon": dict(delimiter=";", decimal_sign=","),
        "tab": dict(delimiter="\t"),
        "pipe": dict(delimiter="|", quoting=csv.QUOTE_ALL),
        "single-quote": dict(quote="'", quoting=csv.QUOTE_ALL),
    }
    encodings = ["utf-8", "utf-8-sig", ("iso-8859-1", "windows-1252"), ("utf-16", "utf-16-le")]
    packings = ["", ".gz", ".zst", ".gz", ".zst"]
    for i, (dialect, options) in enumerate(dialects.items()):
        for j, encoding in enumerate(encodings):
            if isinstance(encoding, tuple):
                encoding = encoding[i % 2]
            declared = {"decimal": ","} if dialect == "semicolon" else {}
            if encoding in ("iso-8859-1", "windows-1252", "utf-16-le"):
                declared["encoding"] = encoding.replace("utf-16-le", "utf-16le")
            packing = packings[(i + j) % 5]
            line_end = "\r\n" if (i + j // 2) % 2 else "\n"
            settings = {"csv": declared} if declared else {}
            if encoding != "windows-1252":
                packing = packing or ".gz"  # records.csv is plain UTF-8
            special = ", ".join([dialect, encoding, "LF" if line_end == "\n" else "CRLF", packing[1:] or "plain"])
            write_csv(f"records-{dialect}-{encoding}.csv", special, records, line_end=line_end, encoding=encoding, packing=packing, **options, **settings)
            if (i + j) % 4 == 0:
                write_csv(f"register-{dialect}-{encoding}.csv", special, register, line_end=line_end, encoding=encoding, packing=packing,
                          **{key: value for key, value in options.items() if key != "decimal_sign"}, **settings)
    names = list(records[0])
    write_csv("records-no-header.csv", "no header line, no last line end", records, header=False, last_line_end=False, packing=".gz", csv={"header": names})
    write_csv("records-numbered.csv", "no header line, columns by number", records, header=False, packing=".gz",
              csv={"no_header": True, "delimiter": ","}, columns={name: str(i + 1) for i, name in enumerate(names)})
    thousands = [dict(row, amount=f"{decimal.Decimal(row['amount']):,}".replace(",", "\u00a0").replace("-", "\u2212")) for row in records]
    write_csv("records-thousands.csv", "thousands with U+00A0, U+2212 for minus, days as 20251231", [
        {key: value.replace("-", "") if key in DAYS else value for key, value in row.items()} for row in thousands],
        delimiter=";", decimal_sign=",", packing=".gz", csv={"decimal": ","})
    write_csv("records-instants.csv", "days as times with zones, columns in another order", [
        dict(sorted((key, datetime.datetime.combine(datetime.date.fromisoformat(value), datetime.time(0, 30), SWEDEN).astimezone(datetime.timezone.utc).isoformat()
                     if key in DAYS and value else value) for key, value in row.items())) for row in records], packing=".zst")
    write_csv("records-none.csv", "a header alone, without a line end", [], names=names, last_line_end=False)


def main():
    records, register = read("records.csv"), read("register.csv")
    write_python(records, register)
    records, register = table_of_records(records), table_of_register(register)
    write_pyarrow(records, register)
    write_pandas(records, register)
    write_polars(records, register)
    write_duckdb(records, register)
    write_fastparquet(records, register)


main()
