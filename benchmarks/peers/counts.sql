-- The findings of the five rules that all write, by rule, in the table ${findings}.
-- avstam follows the register's links: records of a closed number whose successor has
-- died are findings of deceased_payee, too. They are counted apart.
SELECT CASE WHEN rule = 'deceased_payee' AND status <> 'deregistered' THEN 'deceased_payee_by_link' ELSE rule END AS counted, count(*)
FROM '${findings}'
WHERE rule IN ('malformed_number', 'unknown_number', 'inactive_number', 'closed_number', 'deceased_payee')
GROUP BY counted ORDER BY counted;
