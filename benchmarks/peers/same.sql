-- How many findings of the five rules, with record and evidence, avstam alone has,
-- how many the peer alone, and how many both. Deaths that only a link leads to, where
-- avstam alone looks, are left out.
CREATE TABLE ours AS SELECT record_id::VARCHAR AS record_id, rule, agency, payment_type, identity_number, payment_date, amount, status, status_from
FROM '${ours}'
WHERE rule IN ('malformed_number', 'unknown_number', 'inactive_number', 'closed_number', 'deceased_payee')
  AND NOT (rule = 'deceased_payee' AND status <> 'deregistered');
CREATE TABLE theirs AS SELECT record_id::VARCHAR AS record_id, rule, agency, payment_type, identity_number, payment_date, amount, status::VARCHAR AS status, status_from
FROM '${theirs}';
SELECT (SELECT count(*) FROM (FROM ours EXCEPT ALL FROM theirs)), (SELECT count(*) FROM (FROM theirs EXCEPT ALL FROM ours)),
  (SELECT count(*) FROM (FROM ours INTERSECT ALL FROM theirs));
