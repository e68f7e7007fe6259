-- BLT Dana Desa: families of a desa whom neither PKH nor Sembako reaches in this period,
-- with at least one of six reasons.

CREATE OR REPLACE TEMP TABLE judged AS
WITH kinds AS (
    SELECT row_number() OVER () AS code, kind
    FROM (SELECT unnest(['kelurahan', 'desa', 'desa_adat']) AS kind)),
allowed AS (
    SELECT list(code) AS codes FROM kinds WHERE list_contains(getvariable('village_kinds'), kind)),
of_members AS (
    SELECT province, family_row,
        bool_or(list_contains(getvariable('chronic_codes'), chronic_illness)) AS ill,
        bool_or(chronic_illness IS NULL) AS illness_missing,
        bool_or(severely_disabled) AS disabled,
        bool_or(severely_disabled IS NULL) AS disability_missing,
        bool_or(relation = 1 AND sex = 2) AS woman_leads,
        bool_or(relation = 1 AND sex IS NULL) AS leader_sex_missing,
        min(age) AS age, count(*) AS living
    FROM person GROUP BY ALL),
reasons AS (
    SELECT c.province, c.row,
        CASE WHEN f.decile IS NULL THEN NULL
             ELSE f.decile BETWEEN 1 AND getvariable('extreme_poor_max_decile') END AS extreme_poor,
        CASE WHEN f.livelihood_lost IS NULL AND getvariable('livelihood_undelivered') = 'no' THEN FALSE
             ELSE f.livelihood_lost END AS livelihood_lost,
        -- a member who is not loaded may be the ill one, the disabled one, the woman who leads
        CASE WHEN m.ill THEN TRUE WHEN m.illness_missing OR c.members_complete IS NULL THEN NULL ELSE FALSE END
            AS chronic_illness,
        CASE WHEN coalesce(m.living, 0) > 1 OR m.age < getvariable('elderly_age') THEN FALSE
             WHEN c.members_complete IS NULL THEN NULL
             WHEN m.living IS NULL THEN FALSE
             ELSE m.age >= getvariable('elderly_age') END AS elderly_alone,
        CASE WHEN m.disabled THEN TRUE WHEN m.disability_missing OR c.members_complete IS NULL THEN NULL ELSE FALSE END
            AS severe_disability,
        CASE WHEN f.decile NOT BETWEEN 1 AND getvariable('female_head_max_decile') THEN FALSE
             WHEN m.woman_leads THEN CASE WHEN f.decile IS NOT NULL THEN TRUE END
             WHEN coalesce(m.leader_sex_missing, FALSE) OR c.members_complete IS NULL THEN NULL
             ELSE FALSE END AS female_head
    FROM common c
    JOIN family f ON f.province = c.province AND f.row = c.row
    LEFT JOIN of_members m ON m.province = c.province AND m.family_row = c.row),
taken AS (
    SELECT province, row, list_filter([
        {'name': 'extreme_poor', 'met': extreme_poor}, {'name': 'livelihood_lost', 'met': livelihood_lost},
        {'name': 'chronic_illness', 'met': chronic_illness}, {'name': 'elderly_alone', 'met': elderly_alone},
        {'name': 'severe_disability', 'met': severe_disability}, {'name': 'female_head', 'met': female_head}],
        lambda reason: list_contains(getvariable('reasons'), reason.name)) AS reasons
    FROM reasons),
counted AS (
    SELECT province, row,
        len(list_filter(reasons, lambda reason: coalesce(reason.met, FALSE))) AS met,
        len(list_filter(reasons, lambda reason: reason.met IS NULL)) AS not_known
    FROM taken)
SELECT c.province, c.row,
    c.alive, c.members_complete,
    list_contains((SELECT codes FROM allowed), f.village_kind) AS in_desa,
    NOT (list_contains(getvariable('not_receiving'), 'pkh') AND p.row IS NOT NULL) AS not_pkh_recipient,
    NOT (list_contains(getvariable('not_receiving'), 'sembako') AND s.row IS NOT NULL) AS not_sembako_recipient,
    CASE WHEN n.met > 0 THEN TRUE WHEN n.not_known > 0 THEN NULL ELSE FALSE END AS any_reason,
    getvariable('amount_month') * getvariable('months_paid') AS amount,
    f."previous.blt_dd" AS previous,
    -- decile 1, then the number of reasons met, then the decile
    CASE WHEN f.decile = 1 THEN 1000000 ELSE 0 END + 1000 * n.met
      + CASE WHEN f.decile BETWEEN 1 AND 10 THEN 11 - f.decile ELSE 0 END AS score,
    lot.lot AS lot
FROM common c
JOIN family f ON f.province = c.province AND f.row = c.row
JOIN counted n ON n.province = c.province AND n.row = c.row
LEFT JOIN got_pkh p ON p.province = c.province AND p.row = c.row
LEFT JOIN got_sembako s ON s.province = c.province AND s.row = c.row
JOIN family_lot lot ON lot.id = c.family_id;
