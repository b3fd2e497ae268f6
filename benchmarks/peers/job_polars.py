"""The job in Polars: job_polars.py RECORDS REGISTER OUT, the work of job.sql.

Lazy, by the streaming engine, in integers; see job.sql for what makes it fast.
"""

import sys

import polars as pl


def valid(n):
    """Whether twelve digits have a month, a day and the right check digit."""
    total = pl.lit(0, dtype=pl.Int32)
    for place in range(5):
        pair = (n // 100**place % 100).cast(pl.Int32)
        total = total + pair + 2 * (pair // 10) + pair // 50  # the tens count double, less nine if above four
    month, day = n // 1_000_000 % 100, n // 10_000 % 100 % 60
    return (total % 10 == 0) & month.is_between(1, 12) & day.is_between(1, 31)


def twelve(text):
    """Texts of eleven to thirteen characters as the integers that they mean."""
    length = text.str.len_bytes()
    digits = text.str.replace("-", "", literal=True).cast(pl.Int64, strict=False)
    century = pl.when(length != 11).then(0).when(text < "26").then(200_000_000_000).otherwise(190_000_000_000)
    return pl.when(length.is_between(11, 13)).then(digits + century)


def main(records, register, out):
    extract = (
        pl.scan_parquet(register)
        .with_columns(pl.col("number").cast(pl.Int64).alias("n"))
        .filter(valid(pl.col("n")))
    )
    numbers = extract.group_by("n").agg((pl.col("status") != "active").any().alias("other")).collect(engine="streaming")
    # Entries other than active, with the day on which the next one begins.
    entries = (
        extract.select("n", "status", "status_from", "identity_level", pl.col("linked_number").cast(pl.Int64))
        .join(numbers.lazy().filter("other"), on="n", how="semi")
        .sort("n", "status_from")
        .with_columns(pl.when(pl.col("n").shift(-1) == pl.col("n")).then(pl.col("status_from").shift(-1)).alias("status_to"))
        .filter(pl.col("status") != "active")
        .collect(engine="streaming")
    )
    if records.endswith(".csv"):
        rows = pl.scan_csv(records, schema_overrides={"identity_number": pl.String, "payment_date": pl.Date})
    else:
        rows = pl.scan_parquet(records)
    absent, status = pl.col("other").is_null(), pl.col("status")
    in_force = (pl.col("payment_date") >= pl.col("status_from")) & (
        pl.col("status_to").is_null() | (pl.col("payment_date") < pl.col("status_to"))
    )
    same_day = (status == "deregistered") & (pl.col("payment_date") == pl.col("status_from"))
    (
        rows.with_columns(twelve(pl.col("identity_number")).alias("n"))
        .join(numbers.lazy(), on="n", how="left", maintain_order="none")
        .filter(absent | pl.col("other"))
        .join(entries.lazy(), on="n", how="left", maintain_order="none")
        .filter(absent | (in_force & ~same_day))
        .with_columns(
            pl.when(absent & ~valid(pl.col("n")).fill_null(False)).then(pl.lit("malformed_number"))
            .when(absent).then(pl.lit("unknown_number"))
            .when(status == "inactive").then(pl.lit("inactive_number"))
            .when(status == "closed").then(pl.lit("closed_number"))
            .otherwise(pl.lit("deceased_payee")).alias("rule")
        )
        .drop("n", "other", "status_to")
        .sink_parquet(out, compression="zstd", engine="streaming")
    )


main(*sys.argv[1:])
