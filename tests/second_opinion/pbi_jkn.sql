-- PBI-JKN: persons. The family's decile, no other scheme, no premium paid elsewhere.

CREATE OR REPLACE TEMP TABLE judged AS
SELECT m.province, m.row,
    NOT m.dead AS alive,
    -- where those above the limit stay, an incumbent stays whatever the decile
    CASE WHEN f.decile BETWEEN 1 AND getvariable('max_decile') THEN TRUE
         WHEN getvariable('keep_above_limit') AND m."previous.pbi_jkn" IS DISTINCT FROM FALSE
             THEN m."previous.pbi_jkn"
         WHEN f.decile IS NULL OR f.decile = 0 AND getvariable('decile_none') = 'unknown' THEN NULL
         ELSE FALSE END AS decile_within,
    -- three-valued where a payer excludes and the list is not complete
    NOT (list_contains(getvariable('premium_payers'), 'employer') AND m.wage_premium = 1
      OR list_contains(getvariable('premium_payers'), 'self') AND m.wage_premium = 2) AS no_wage_premium,
    -- paid for by the region and not by the nation; three-valued
    getvariable('pemda') = 'take_over' OR NOT (m.pbi_pemda AND NOT m.pbi_nas) AS one_scheme,
    getvariable('amount_month') * getvariable('months_paid') AS amount,
    m."previous.pbi_jkn" AS previous,
    CASE WHEN f.decile BETWEEN 1 AND 10 THEN 11 - f.decile ELSE 0 END AS score,
    of_family.lot AS family_lot, date_sub('year', m.birth_date, getvariable('as_of')::DATE) AS age, own.lot AS lot
FROM member m
JOIN family f ON f.province = m.province AND f.row = m.family_row
JOIN family_lot of_family ON of_family.id = f.family_id
JOIN person_lot own ON own.id = m.person_id;
