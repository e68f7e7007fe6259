-- PKH: decile, exclusions, and the best assignment of members to components.

-- What each living member may count as. Codes are those of `component_order`:
-- 1 victim, 2 disability, 3 elderly, 4 pregnancy, 5 child, 6 primary, 7 lower, 8 upper.
CREATE OR REPLACE TEMP TABLE facts AS
WITH seen AS (
    SELECT province, family_row, person_id, severely_disabled,
        -- who is not listed is none, whether the list is complete or not
        coalesce(human_rights_victim, FALSE) AS victim,
        age >= getvariable('elderly_age') AS elderly,
        age BETWEEN 0 AND getvariable('child_age_max') AS child,
        -- not delivered = not pregnant; order unknown pays
        CASE
            WHEN coalesce(pregnancy, 0) = 0 OR sex = 1 OR pregnancy_order > getvariable('pregnancy_max_order')
                THEN FALSE
            WHEN pregnancy = 2 AND getvariable('as_of')::DATE - delivery_date > getvariable('postpartum_days')
                THEN FALSE
            WHEN sex IS NULL OR pregnancy = 2 AND delivery_date IS NULL THEN NULL
            ELSE TRUE
        END AS pregnant,
        age BETWEEN getvariable('pupil_age_min') AND getvariable('pupil_age_max') AS of_school_age,
        school_participation = 2 AS attending,
        NOT list_contains(getvariable('finished_certificates'), certificate) AS unfinished,
        -- the school list where it has the member, else column 11
        CASE WHEN school_list_level > 0 THEN school_list_level ELSE school_level END AS level
    FROM person),
schooled AS (
    SELECT *,
        CASE WHEN of_school_age IS FALSE OR attending IS FALSE OR unfinished IS FALSE THEN FALSE
             ELSE of_school_age AND attending AND unfinished END AS pupil,
        list_contains(getvariable('levels_primary'), level) AS in_primary,
        list_contains(getvariable('levels_lower'), level) AS in_lower,
        list_contains(getvariable('levels_upper'), level) AS in_upper
    FROM seen)
SELECT *,
    -- an attending member of school age without a level is looked at, whatever it changes
    of_school_age AND attending AND level IS NULL AS level_missing,
    pupil AND level IS NULL AS pupil_without_level,
    pupil IS NULL AND (level IS NULL OR in_primary OR in_lower OR in_upper) AS pupil_unknown
FROM schooled;

CREATE OR REPLACE TEMP TABLE ends AS
SELECT f.province, f.row,
    -- quarters from the first of the unbroken run through the one before this period;
    -- a history that was not delivered is not known
    CASE WHEN NOT "previous.pkh" THEN FALSE
         WHEN "previous.pkh" THEN getvariable('period') - "since.pkh" >= getvariable('limit_quarters')
    END AS five_years_over
FROM family f;

-- One row per member and component that it may count as; numbered within the family.
CREATE OR REPLACE TEMP TABLE options AS
WITH wide AS (
    SELECT f.province, f.family_row, f.person_id, unnest([
        CASE WHEN victim THEN 1 END, CASE WHEN severely_disabled THEN 2 END, CASE WHEN elderly THEN 3 END,
        CASE WHEN pregnant THEN 4 END, CASE WHEN child THEN 5 END,
        CASE WHEN pupil AND in_primary THEN 6 END, CASE WHEN pupil AND in_lower THEN 7 END,
        CASE WHEN pupil AND in_upper THEN 8 END]) AS component
    FROM facts f)
SELECT w.province, w.family_row, component,
    dense_rank() OVER (PARTITION BY w.province, w.family_row ORDER BY person_id) AS member,
    coalesce(e.five_years_over, FALSE) AND component >= 4 AS over
FROM wide w JOIN ends e ON e.province = w.province AND e.row = w.family_row
WHERE component IS NOT NULL;

-- All assignments within the caps, as a list of how many count in each component.
CREATE OR REPLACE TEMP TABLE caps AS
SELECT [getvariable('cap_victim'), getvariable('cap_disability'), getvariable('cap_elderly'),
        getvariable('cap_pregnancy'), getvariable('cap_child'), getvariable('cap_primary'),
        getvariable('cap_lower'), getvariable('cap_upper')] AS cap,
       [getvariable('amount_victim'), getvariable('amount_disability'), getvariable('amount_elderly'),
        getvariable('amount_pregnancy'), getvariable('amount_child'), getvariable('amount_primary'),
        getvariable('amount_lower'), getvariable('amount_upper')] AS amount;

CREATE OR REPLACE TEMP TABLE assignments AS
WITH RECURSIVE
choice AS (
    SELECT province, family_row, member, component FROM options WHERE NOT over
    UNION ALL
    SELECT DISTINCT province, family_row, member, 0 FROM options),  -- or it does not count
step AS (
    SELECT DISTINCT province, family_row, 0::BIGINT AS member, [0, 0, 0, 0, 0, 0, 0, 0]::BIGINT[] AS counts
    FROM options
    UNION
    SELECT s.province, s.family_row, s.member + 1,
        list_transform(s.counts, lambda n, i: n + (i = c.component)::BIGINT)
    FROM step s
    JOIN choice c ON c.province = s.province AND c.family_row = s.family_row AND c.member = s.member + 1
    CROSS JOIN caps
    WHERE c.component = 0
       OR (s.counts[c.component] < caps.cap[c.component] AND list_sum(s.counts) < getvariable('cap_members')))
SELECT province, family_row, member, counts FROM step;

-- The greatest sum; of equal sums the one whose components, sorted in the rule file's
-- order, come first. A component's digit is its place in that order.
CREATE OR REPLACE TEMP TABLE best AS
WITH summed AS (
    SELECT province, family_row,
        list_sum(list_transform(range(1, 9), lambda c: counts[c] * caps.amount[c])) AS amount,
        list_aggregate(list_transform(getvariable('component_order'),
            lambda c, i: repeat(i::VARCHAR, counts[c])), 'string_agg', '') AS places
    FROM assignments CROSS JOIN caps
    QUALIFY member = max(member) OVER (PARTITION BY province, family_row))
SELECT province, family_row, amount, places,
    CASE WHEN places = '' THEN NULL ELSE places[1]::INTEGER END AS first_place
FROM summed
QUALIFY row_number() OVER (PARTITION BY province, family_row ORDER BY amount DESC, places) = 1;

CREATE OR REPLACE TEMP TABLE judged AS
WITH of_family AS (
    SELECT province, family_row,
        bool_or(elderly IS NULL OR child IS NULL OR severely_disabled IS NULL OR victim IS NULL OR pregnant IS NULL
            OR pupil_unknown) AS fact_missing,
        bool_or(coalesce(child IS NULL OR pregnant IS NULL OR pupil_unknown OR pupil_without_level, FALSE))
            AS limited_missing,
        -- those that five years do not end
        bool_or(elderly IS NULL OR severely_disabled IS NULL OR victim IS NULL) AS lasting_missing,
        bool_or(coalesce(level_missing, FALSE)) AS level_missing,
        bool_or(coalesce(pupil_without_level, FALSE)) AS pupil_without_level
    FROM facts GROUP BY ALL),
had AS (
    SELECT province, family_row, count(*) AS options, count(*) FILTER (NOT over) AS left_over,
        count(*) FILTER (component >= 4) AS limited
    FROM options GROUP BY ALL)
SELECT c.province, c.row,
    c.alive, c.members_complete, c.not_excluded, c.state_job_checked,
    CASE WHEN f.decile = 0 THEN NULL ELSE TRUE END AS decile_determined,
    CASE WHEN f.decile IS NULL THEN NULL ELSE f.decile <= getvariable('max_decile') END AS decile_within,
    NOT (list_contains(getvariable('not_with'), 'permakanan') AND c.had_permakanan
      OR list_contains(getvariable('not_with'), 'klj') AND c.had_klj) AS not_with,
    -- a member who is not loaded may bring what the others do not
    CASE WHEN h.options > 0 THEN TRUE
         WHEN coalesce(o.fact_missing, FALSE) OR coalesce(o.pupil_without_level, FALSE) OR c.members_complete IS NULL
             THEN NULL
         ELSE FALSE END AS component,
    CASE WHEN coalesce(o.fact_missing, FALSE) THEN NULL ELSE TRUE END AS component_facts_known,
    CASE WHEN coalesce(o.level_missing, FALSE) THEN NULL ELSE TRUE END AS levels_known,
    CASE WHEN e.five_years_over IS NULL THEN CASE WHEN h.limited > 0 OR o.limited_missing THEN NULL ELSE TRUE END
         WHEN NOT e.five_years_over OR h.left_over > 0 THEN TRUE
         WHEN coalesce(o.lasting_missing, FALSE) OR c.members_complete IS NULL THEN NULL
         -- nothing to lose is no matter of five years
         WHEN coalesce(h.options, 0) > 0 THEN FALSE
         WHEN NOT coalesce(o.fact_missing OR o.pupil_without_level, FALSE) THEN TRUE END AS within_five_years,
    coalesce(b.amount, 0) AS amount,
    f."previous.pkh" AS previous,
    -- decile, then the first component paid in the rule file's order
    10 * CASE WHEN f.decile BETWEEN 1 AND 10 THEN 11 - f.decile ELSE 0 END + coalesce(9 - b.first_place, 0) AS score,
    lot.lot AS lot
FROM common c
JOIN family f ON f.province = c.province AND f.row = c.row
JOIN ends e ON e.province = c.province AND e.row = c.row
LEFT JOIN of_family o ON o.province = c.province AND o.family_row = c.row
LEFT JOIN had h ON h.province = c.province AND h.family_row = c.row
LEFT JOIN best b ON b.province = c.province AND b.family_row = c.row
JOIN family_lot lot ON lot.id = c.family_id;
