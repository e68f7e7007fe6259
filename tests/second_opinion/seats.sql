-- Seats of the desa: the total by largest remainder over the D1-D4 families of each;
-- villages of other kinds have neither a seat nor a weight. Equal remainders go to the
-- lower village code.

CREATE OR REPLACE TEMP TABLE seats AS
WITH kinds AS (
    SELECT row_number() OVER () AS code, kind
    FROM (SELECT unnest(['kelurahan', 'desa', 'desa_adat']) AS kind)),
weights AS (
    SELECT v.ordinal, v.code, count(*)::HUGEINT AS weight
    FROM family f JOIN village v ON v.ordinal = f.village
    WHERE f.decile BETWEEN 1 AND 4
      AND f.village_kind IN (SELECT code FROM kinds WHERE list_contains(getvariable('quota_only'), kind))
    GROUP BY ALL),
shares AS (
    SELECT *, getvariable('seats') * weight // sum(weight) OVER () AS whole,
        getvariable('seats') * weight % sum(weight) OVER () AS remainder
    FROM weights),
ordered AS (
    SELECT *, row_number() OVER (ORDER BY remainder DESC, code) AS turn,
        getvariable('seats') - sum(whole) OVER () AS left_over
    FROM shares)
SELECT ordinal AS of_area, whole + CASE WHEN turn <= left_over THEN 1 ELSE 0 END AS seats FROM ordered;
