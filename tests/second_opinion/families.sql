-- What the family programs ask of members and of exclusion lists: `person`, one row per
-- living member, and `common`, one per family. A set's bit stands at its code.
-- TRUE = yes, FALSE = no, NULL = not known. Variables are values of the manifest and of
-- the rule file.

-- Dead members count in nothing but completeness; an unknown death is not a known one.
CREATE OR REPLACE TEMP TABLE person AS
WITH aged AS (
    SELECT *, date_sub('year', birth_date, getvariable('as_of')::DATE) AS age
    FROM member WHERE dead IS DISTINCT FROM TRUE)
SELECT *,
    -- "cannot at all" in any of columns 24 to 32; a question not asked at that age is a known no
    CASE
        WHEN least(difficulty_seeing, difficulty_hearing, difficulty_walking, difficulty_hands, difficulty_learning,
                   difficulty_behaviour, difficulty_speaking, difficulty_self_care, difficulty_remembering) = 1
            THEN TRUE
        WHEN age < 2 THEN FALSE
        WHEN difficulty_seeing IS NULL OR difficulty_hearing IS NULL OR difficulty_walking IS NULL
          OR difficulty_hands IS NULL OR difficulty_learning IS NULL OR difficulty_behaviour IS NULL THEN NULL
        WHEN age < 5 THEN FALSE
        WHEN difficulty_speaking IS NULL OR difficulty_self_care IS NULL OR difficulty_remembering IS NULL THEN NULL
        ELSE FALSE
    END AS severely_disabled
FROM aged;

CREATE OR REPLACE TEMP TABLE common AS
WITH loaded AS (
    SELECT province, family_row, count(*) AS members, bool_or(relation = 1) AS has_head
    FROM member GROUP BY ALL),
living AS (
    SELECT province, family_row, count(*) AS members,
        -- items 1 to 8: bits 1 to 8
        bool_or(member_exclusions & 510 <> 0) AS state_hit,
        -- items 10 to 12 and 14 to 16, of the head alone
        bool_or(relation = 1 AND member_exclusions & 121856 <> 0) AS head_hit,
        -- asked from age 5 of those who work
        bool_or(job_status = 5 OR job_status IS NULL AND working IS DISTINCT FROM FALSE AND coalesce(age, 5) >= 5)
            AS state_job
    FROM person GROUP BY ALL)
SELECT f.province, f.row, f.family_id,
    coalesce(v.members, 0) AS living_members,
    CASE WHEN l.members IS NULL THEN NULL ELSE v.members IS NOT NULL END AS alive,
    CASE WHEN l.members = f.member_count AND l.has_head THEN TRUE END AS members_complete,
    -- no hit passes, whether the list is complete or not
    NOT (f.exclusions & (510 | 121856) <> 0 OR coalesce(v.state_hit, FALSE) OR coalesce(v.head_hit, FALSE))
        AS not_excluded,
    CASE WHEN coalesce(v.state_job, FALSE) THEN NULL ELSE TRUE END AS state_job_checked,
    f.other_aid & 1 <> 0 AS had_permakanan,
    f.other_aid & 2 <> 0 AS had_klj
FROM family f
LEFT JOIN loaded l ON l.province = f.province AND l.family_row = f.row
LEFT JOIN living v ON v.province = f.province AND v.family_row = f.row;
