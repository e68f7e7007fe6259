-- What the family programs ask of members and of exclusion lists: `person`, one row per
-- living member, and `common`, one per family. A set's bit stands at its code.
-- TRUE = yes, FALSE = no, NULL = not known. Variables are values of the manifest and of
-- the rule file.

-- Dead members count in nothing but completeness; an unknown death is not a known one.
-- In scope `person` who has a hit on items 1 to 8 (bits 1 to 8) counts for nothing either.
CREATE OR REPLACE TEMP TABLE person AS
WITH aged AS (
    SELECT *, date_sub('year', birth_date, getvariable('as_of')::DATE) AS age
    FROM member
    WHERE dead IS DISTINCT FROM TRUE
      AND NOT (getvariable('exclusion_scope') = 'person' AND coalesce(member_exclusions & 510 <> 0, FALSE)))
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
        -- who has such a hit in scope `person` is settled; of others it must be known
        bool_or(member_exclusions & 510 = 0 AND "member_exclusions.known" & 510 <> 510) AS state_unchecked,
        -- items 10 to 12 and 14 to 16, of the head alone
        bool_or(relation = 1 AND member_exclusions & 121856 <> 0) AS head_hit,
        bool_or(relation = 1 AND "member_exclusions.known" & 121856 <> 121856) AS head_unchecked,
        -- asked from age 5 of those who work; a hit of one's own has settled it
        bool_or(member_exclusions & 510 = 0 AND (job_status = 5 OR job_status IS NULL AND working IS DISTINCT FROM FALSE
            AND coalesce(date_sub('year', birth_date, getvariable('as_of')::DATE), 5) >= 5)) AS state_job
    FROM member WHERE dead IS DISTINCT FROM TRUE GROUP BY ALL),
counting AS (SELECT province, family_row, count(*) AS members FROM person GROUP BY ALL)
SELECT f.province, f.row, f.family_id,
    coalesce(p.members, 0) AS living_members,
    l.members IS NULL OR v.members IS NOT NULL AS alive,
    CASE WHEN l.members = f.member_count AND l.has_head THEN TRUE END AS members_complete,
    CASE WHEN f.exclusions & (510 | 121856) <> 0 OR coalesce(v.head_hit, FALSE)
           OR getvariable('exclusion_scope') = 'kk' AND coalesce(v.state_hit, FALSE) THEN FALSE
         -- no hit, and a list that is not complete: not checked
         WHEN "exclusions.known" & (510 | 121856) <> (510 | 121856)
           OR coalesce(v.head_unchecked OR v.state_unchecked, FALSE) THEN NULL
         ELSE TRUE END AS not_excluded,
    v.members IS NOT NULL AND p.members IS NULL AS all_excluded,
    CASE WHEN coalesce(v.state_job, FALSE) AND f.exclusions & 510 = 0 THEN NULL ELSE TRUE END AS state_job_checked,
    -- a history that was not delivered leaves it open
    CASE WHEN f.other_aid & 1 <> 0 THEN TRUE WHEN "other_aid.known" & 1 <> 0 THEN FALSE END AS had_permakanan,
    CASE WHEN f.other_aid & 2 <> 0 THEN TRUE WHEN "other_aid.known" & 2 <> 0 THEN FALSE END AS had_klj
FROM family f
LEFT JOIN loaded l ON l.province = f.province AND l.family_row = f.row
LEFT JOIN living v ON v.province = f.province AND v.family_row = f.row
LEFT JOIN counting p ON p.province = f.province AND p.family_row = f.row;
