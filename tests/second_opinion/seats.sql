-- Seats of areas by largest remainder over their weights (table `weights`: area, code,
-- weight); equal remainders go to the lower code.

CREATE OR REPLACE TEMP TABLE seats AS
WITH shares AS (
    SELECT *, getvariable('seats') * weight::HUGEINT // sum(weight) OVER () AS whole,
        getvariable('seats') * weight::HUGEINT % sum(weight) OVER () AS remainder
    FROM weights WHERE (SELECT sum(weight) FROM weights) > 0),
ordered AS (
    SELECT *, row_number() OVER (ORDER BY remainder DESC, code) AS turn,
        getvariable('seats') - sum(whole) OVER () AS left_over
    FROM shares)
SELECT area, whole + CASE WHEN turn <= left_over THEN 1 ELSE 0 END AS seats FROM ordered;
