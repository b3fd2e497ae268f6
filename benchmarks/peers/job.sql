-- The job in SQL: the findings of five rules, with record and evidence, for
-- records of ${records} against the extract ${register}, into ${out}.
--
-- What makes it fast: texts become integers first; the hash table that all
-- records are looked up in holds numbers alone; evidence is joined only to
-- records whose number was ever anything but active; and since a number that
-- the register has is well formed, records of such numbers need no check digit.
-- For that the register's own numbers are checked, which are fewer.
SET preserve_insertion_order = false;

-- Luhn by two digits at a time: the tens count double, less nine if above four.
SET VARIABLE pairs = (SELECT list((i + 2 * (i // 10) + i // 50)::INTEGER ORDER BY i) FROM range(100) t(i));
CREATE MACRO pair(n) AS list_extract(getvariable('pairs'), n % 100 + 1);
CREATE MACRO valid(n) AS (
  (pair(n) + pair(n // 100) + pair(n // 10000) + pair(n // 1000000) + pair(n // 100000000)) % 10 = 0
  AND n // 1000000 % 100 BETWEEN 1 AND 12 AND n // 10000 % 100 % 60 BETWEEN 1 AND 31);
CREATE MACRO twelve(text) AS (
  CASE WHEN length(text) BETWEEN 11 AND 13 THEN try_cast(replace(text, '-', '') AS BIGINT)
    + CASE WHEN length(text) <> 11 THEN 0 WHEN text < '26' THEN 200000000000 ELSE 190000000000 END END);

CREATE TABLE extract AS SELECT * FROM (
  SELECT number::BIGINT AS n, status::ENUM ('active', 'inactive', 'closed', 'deregistered') AS status, status_from, identity_level, linked_number
  FROM '${register}')
WHERE valid(n);

-- Entries other than active, with the day on which the next one begins.
CREATE TABLE entry AS SELECT * REPLACE (linked_number::BIGINT AS linked_number) FROM (
  SELECT *, lead(status_from, 1, DATE '9999-01-01') OVER (PARTITION BY n ORDER BY status_from) AS status_to
  FROM extract WHERE n IN (SELECT n FROM extract WHERE status <> 'active'))
WHERE status <> 'active';

COPY (
  WITH read AS (SELECT *, twelve(identity_number) AS n FROM '${records}'),
  marked AS (SELECT *, n IS NULL OR n NOT IN (SELECT n FROM extract) AS absent FROM read),
  suspect AS (SELECT * FROM marked WHERE absent OR n IN (SELECT n FROM entry))
  SELECT record_id, agency, identity_number, payment_date, amount, payment_type, e.status, e.status_from, e.identity_level, e.linked_number,
    CASE
      WHEN absent AND NOT coalesce(valid(s.n), false) THEN 'malformed_number'
      WHEN absent THEN 'unknown_number'
      WHEN e.status = 'inactive' THEN 'inactive_number'
      WHEN e.status = 'closed' THEN 'closed_number'
      WHEN e.status = 'deregistered' THEN 'deceased_payee'
    END AS rule
  FROM suspect s LEFT JOIN entry e ON s.n = e.n AND s.payment_date >= e.status_from AND s.payment_date < e.status_to
  WHERE absent OR (e.status IS NOT NULL AND NOT (e.status = 'deregistered' AND s.payment_date = e.status_from))
) TO '${out}' (FORMAT parquet, COMPRESSION zstd);
