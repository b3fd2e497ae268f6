-- The extract as the naive program reads it.
COPY (SELECT * FROM '${register}') TO '${dir}/register.csv' (FORMAT csv, HEADER);
SELECT count(*) FROM '${register}';
