SELECT count(*) FROM '${file}';
