-- Sembako: decile and exclusions; recipients of PKH in this period come first in a decile.

CREATE OR REPLACE TEMP TABLE judged AS
SELECT c.province, c.row,
    c.alive, c.members_complete, c.state_job_checked,
    -- a family of whom everybody is excluded in person is excluded with them
    CASE WHEN c.all_excluded THEN FALSE ELSE c.not_excluded END AS not_excluded,
    CASE WHEN f.decile = 0 THEN NULL ELSE TRUE END AS decile_determined,
    CASE WHEN f.decile IS NULL THEN NULL ELSE f.decile <= getvariable('max_decile') END AS decile_within,
    NOT (list_contains(getvariable('not_with'), 'permakanan') AND c.had_permakanan
      OR list_contains(getvariable('not_with'), 'klj') AND c.had_klj) AS not_with,
    getvariable('amount_month') * getvariable('months_paid') AS amount,
    f."previous.sembako" AS previous,
    -- decile, then who receives PKH in this period, then living members
    1000 * CASE WHEN f.decile BETWEEN 1 AND 10 THEN 11 - f.decile ELSE 0 END
      + CASE WHEN getvariable('pkh_first') AND p.row IS NOT NULL THEN 500 ELSE 0 END
      + c.living_members AS score,
    lot.lot AS lot
FROM common c
JOIN family f ON f.province = c.province AND f.row = c.row
LEFT JOIN got_pkh p ON p.province = c.province AND p.row = c.row
JOIN family_lot lot ON lot.id = c.family_id;
