-- The job in SQL as one would write it who knows DuckDB: one streaming query, a
-- hash join with intervals of validity, Luhn in integers. job.sql is the same
-- job, made faster.
SET preserve_insertion_order=false;
CREATE MACRO d(n,k) AS ((n // k) % 10);
CREATE MACRO d2(n,k) AS ((CASE WHEN ((n // k) % 10)>4 THEN 2*((n // k) % 10)-9 ELSE 2*((n // k) % 10) END));
CREATE TABLE reg AS SELECT number::BIGINT AS n, status, status_from, coalesce(lead(status_from) OVER (PARTITION BY number ORDER BY status_from), DATE '9999-01-01') AS status_to, identity_level, linked_number::BIGINT AS linked FROM '${register}';
COPY (WITH norm AS (SELECT *, try_cast(CASE length(identity_number) WHEN 12 THEN identity_number WHEN 13 THEN substr(identity_number,1,8)||substr(identity_number,10) WHEN 11 THEN (CASE WHEN identity_number[1:2] <= '25' THEN '20' ELSE '19' END)||identity_number[1:6]||identity_number[8:11] END AS BIGINT) AS n FROM '${records}'),
 v AS (SELECT *, n IS NOT NULL AND ((d2(n,1000000000)+d(n,100000000)+d2(n,10000000)+d(n,1000000)+d2(n,100000)+d(n,10000)+d2(n,1000)+d(n,100)+d2(n,10)+d(n,1))%10=0)
   AND ((n//1000000)%100) BETWEEN 1 AND 12 AND (((n//10000)%100)%60) BETWEEN 1 AND 31 AS ok FROM norm)
 SELECT v.record_id, v.agency, v.identity_number, v.payment_date, v.amount, v.payment_type, r.status, r.status_from, r.identity_level, r.linked,
  CASE WHEN NOT coalesce(ok,false) THEN 'malformed_number' WHEN r.n IS NULL THEN 'unknown_number' WHEN r.status='inactive' THEN 'inactive_number' WHEN r.status='closed' THEN 'closed_number' WHEN r.status='deregistered' THEN 'deceased_payee' END AS rule
 FROM v LEFT JOIN reg r ON v.n = r.n AND v.payment_date >= r.status_from AND v.payment_date < r.status_to
 WHERE NOT coalesce(ok,false) OR r.n IS NULL OR (r.status<>'active' AND NOT (r.status='deregistered' AND v.payment_date=r.status_from))) TO '${out}' (FORMAT parquet, COMPRESSION zstd);
