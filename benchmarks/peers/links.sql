-- What the peers leave out, from findings that one of them wrote: records of closed
-- numbers whose successor had died by the payment. Not part of what is timed.
SELECT count(*) FROM (
  SELECT f.record_id, f.payment_date, arg_max(r.status, r.status_from) AS status, max(r.status_from) AS status_from
  FROM '${findings}' f JOIN '${register}' r ON r.number = f.linked_number::VARCHAR AND r.status_from <= f.payment_date
  WHERE f.rule = 'closed_number'
  GROUP BY ALL)
WHERE status = 'deregistered' AND status_from < payment_date;
