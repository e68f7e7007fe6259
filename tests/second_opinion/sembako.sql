-- Sembako: decile and exclusions; recipients of PKH in this period come first in a decile.

CREATE OR REPLACE TEMP TABLE judged AS
SELECT c.province, c.row,
    c.alive, c.members_complete, c.not_excluded, c.state_job_checked,
    CASE WHEN f.decile > 0 THEN TRUE END AS decile_determined,
    CASE WHEN f.decile IS NULL THEN NULL ELSE f.decile <= getvariable('max_decile') END AS decile_within,
    NOT (list_contains(getvariable('not_with'), 'permakanan') AND c.had_permakanan
      OR list_contains(getvariable('not_with'), 'klj') AND c.had_klj) AS not_with,
    getvariable('amount_month') * getvariable('months_paid') AS amount,
    f."previous.sembako" AS previous,
    {'decile': CASE WHEN f.decile = 0 THEN 99 ELSE f.decile END,
     'pkh': CASE WHEN getvariable('pkh_first') AND p.row IS NOT NULL THEN 0 ELSE 1 END,
     'members': -c.living_members, 'lot': lot.lot} AS place
FROM common c
JOIN family f ON f.province = c.province AND f.row = c.row
LEFT JOIN got_pkh p ON p.province = c.province AND p.row = c.row
JOIN family_lot lot ON lot.id = c.family_id;
