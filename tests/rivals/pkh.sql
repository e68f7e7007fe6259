-- PKH in DuckDB for `layak bench`: judge, rank, cut and write, in one statement over the
-- sealed snapshot's Parquet. Written for speed: only the columns needed; who fails by
-- decile, list or similar aid never meets the members; a member is one of twenty classes
-- and a family's classes are counted in two packed sums; families with a severely
-- disabled member, who may count as two things, are tried once per way to fill the one
-- seat of that component. One sort, of the eligible rows alone.
-- What DuckDB could do better: a file that holds the members within their family needs no
-- grouping, and grouping is most of the time; a lot of its own would save the last join.
-- $NAMES are values of the rule file and of the manifest, put in by rivals.py, which
-- refuses rules that these steps do not know. A set's bit stands at its code.

COPY (
WITH families AS MATERIALIZED (
    SELECT (province::BIGINT << 32) | family_row AS key, family_id, decile, members,
        members = member_count AS count_known,
        coalesce("previous.pkh", FALSE) AS previous,
        CASE WHEN NOT "previous.pkh" THEN FALSE
             WHEN "previous.pkh" THEN $period - "since.pkh"::INTEGER >= $limit_quarters END AS over
    FROM read_parquet('$snapshot/families/*.parquet')
    WHERE (decile IS NULL OR decile <= $max_decile)
      AND exclusions & 122366 = 0 AND other_aid & $not_with = 0),
-- each member's facts; NULL is not known
people AS (
    SELECT key,
        dead IS DISTINCT FROM TRUE AS living,
        relation = 1 AS head,
        member_exclusions & 510 <> 0 OR (relation = 1 AND member_exclusions & 121856 <> 0) AS hit,
        job_status = 5 OR (job_status IS NULL AND working IS DISTINCT FROM FALSE
            AND (birth_date IS NULL OR birth_date <= DATE '$born_5')) AS state_job,
        coalesce(human_rights_victim, FALSE) AS v,
        CASE WHEN severe_difficulties <> 0 THEN TRUE WHEN "severe_difficulties.known" = 511 THEN FALSE END AS d,
        birth_date <= DATE '$born_elderly' AS e,
        CASE WHEN coalesce(pregnancy, 0) = 0 OR sex = 1 OR pregnancy_order > $pregnancy_max_order THEN FALSE
             WHEN pregnancy = 2 AND delivery_date < DATE '$delivered_from' THEN FALSE
             WHEN sex IS NULL OR (pregnancy = 2 AND delivery_date IS NULL) THEN NULL
             ELSE TRUE END AS p,
        birth_date <= DATE '$as_of' AND birth_date > DATE '$born_child' AS c,
        birth_date <= DATE '$born_pupil_min' AND birth_date > DATE '$born_pupil_max' AND school_participation = 2
            AS attends,
        certificate NOT IN ($finished_certificates) AS unfinished,
        CASE WHEN school_list_level > 0 THEN school_list_level ELSE school_level END AS level
    FROM (SELECT *, (province::BIGINT << 32) | family_row AS key FROM read_parquet('$snapshot/members/*.parquet'))
    SEMI JOIN families USING (key)),
schooled AS (
    SELECT *, attends AND unfinished AS pupil,
        CASE WHEN attends AND unfinished THEN
            CASE WHEN level IN ($levels_primary) THEN 6 WHEN level IN ($levels_lower) THEN 7
                 WHEN level IN ($levels_upper) THEN 8 ELSE 0 END ELSE 0 END AS school
    FROM people),
-- one class per living member, six bits each; a victim's or an expectant mother's other
-- options are worth less and their components have no cap
packed AS (
    SELECT key, head,
        living::INTEGER
        | CASE WHEN NOT living THEN 0 ELSE
            (coalesce(hit, FALSE)::INTEGER << 1) | (coalesce(state_job, FALSE)::INTEGER << 2)
            -- a fact of any component, of one that five years end, of one that they do not
            | ((e IS NULL OR c IS NULL OR d IS NULL OR p IS NULL
                OR (pupil IS NULL AND (level IS NULL OR level BETWEEN 1 AND 17)))::INTEGER << 3)
            | ((c IS NULL OR p IS NULL OR (pupil IS NULL AND (level IS NULL OR level BETWEEN 1 AND 17)))::INTEGER << 4)
            | ((e IS NULL OR d IS NULL)::INTEGER << 5)
            | (coalesce(attends AND level IS NULL, FALSE)::INTEGER << 6)
            | (coalesce(pupil AND level IS NULL, FALSE)::INTEGER << 7)
            | (coalesce(v OR d OR e, FALSE)::INTEGER << 8)
            | ((coalesce(p OR c, FALSE) OR school > 0)::INTEGER << 9)
          END AS flags,
        CASE WHEN NOT living THEN 0
             WHEN v THEN 1::BIGINT
             WHEN d THEN 0
             WHEN p THEN 1::BIGINT << 6
             WHEN c AND school > 0 THEN 1::BIGINT << (6 * (school - 4))
             WHEN c THEN 1::BIGINT << 30
             WHEN e THEN 1::BIGINT << 36
             WHEN school > 0 THEN 1::BIGINT << (6 * (school + 1)) ELSE 0 END AS able,
        CASE WHEN NOT living OR v OR d IS DISTINCT FROM TRUE THEN 0
             WHEN p THEN 1::BIGINT << 6
             WHEN c AND school > 0 THEN 1::BIGINT << (6 * (school - 4))
             WHEN c THEN 1::BIGINT << 30
             WHEN e THEN 1::BIGINT << 36
             WHEN school > 0 THEN 1::BIGINT << (6 * (school + 1)) ELSE 1::BIGINT END AS disabled
    FROM schooled),
counted AS (
    SELECT key, bool_or(head) AS has_head, bit_or(flags) AS flags,
        sum(able)::BIGINT AS able, sum(disabled)::BIGINT AS disabled
    FROM packed GROUP BY key),
-- five years end pregnancy, child and school: who is disabled keeps only that, or age
joined AS MATERIALIZED (
    SELECT f.*, coalesce(c.has_head, FALSE) AND f.count_known AS complete, coalesce(c.flags, 0) AS flags,
        CASE WHEN over THEN c.able & 4329327034431 ELSE c.able END AS able,
        CASE WHEN over THEN (c.disabled & 4329327034368) + (c.disabled & 63)
                + list_sum([(c.disabled >> (6 * class)) & 63 FOR class IN [1, 2, 3, 4, 5, 7, 8, 9]])::BIGINT
             ELSE c.disabled END AS disabled
    FROM families f LEFT JOIN counted c USING (key)),
ways AS (
    SELECT key, able AS a, 0 AS d FROM joined WHERE disabled = 0 OR disabled IS NULL
    UNION ALL
    -- all as what else they are, or one of a class in the seat of the disabled
    SELECT key, able + ((disabled >> 6) << 6) - CASE WHEN way > 0 THEN 1::BIGINT << (6 * way) ELSE 0 END AS a,
        (way >= 0)::INTEGER AS d
    FROM joined, (SELECT unnest([-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) AS way)
    WHERE disabled <> 0 AND (way < 0 OR (disabled >> (6 * way)) & 63 > 0)),
-- the dearest first, up to $cap_members; children past their cap who go to school count there
taken AS (
    SELECT key, d, a & 63 AS v, (a >> 6) & 63 AS p, (a >> 12) & 63 AS c6, (a >> 18) & 63 AS c7, (a >> 24) & 63 AS c8,
        c6 + c7 + c8 + ((a >> 30) & 63) AS children, least((a >> 36) & 63, $cap_elderly) AS e,
        least(children, $cap_child) AS kids, children - kids AS left0,
        least(c8, left0) AS o8, least(c7, left0 - o8) AS o7, least(c6, left0 - o8 - o7) AS o6,
        least(v, $cap_members) AS tv, $cap_members - tv AS r1,
        least(p, r1) AS tp, r1 - tp AS r2, least(kids, r2) AS tc, r2 - tc AS r3,
        least(d, r3) AS td, r3 - td AS r4, least(e, r4) AS te, r4 - te AS r5,
        least(((a >> 54) & 63) + o8, r5) AS t8, r5 - t8 AS r6, least(((a >> 48) & 63) + o7, r6) AS t7,
        least(((a >> 42) & 63) + o6, r6 - t7) AS t6
    FROM ways),
paid AS (
    SELECT key, tv * $amount_victim + tp * $amount_pregnancy + tc * $amount_child + td * $amount_disability
        + te * $amount_elderly + t8 * $amount_upper + t7 * $amount_lower + t6 * $amount_primary AS amount,
        CASE WHEN tv > 0 THEN 1 WHEN td > 0 THEN 2 WHEN te > 0 THEN 3 WHEN tp > 0 THEN 4 WHEN tc > 0 THEN 5
             WHEN t6 > 0 THEN 6 WHEN t7 > 0 THEN 7 WHEN t8 > 0 THEN 8 ELSE 9 END AS place
    FROM taken),
-- the greatest sum, of equal ones the first place
best AS (SELECT key, max(amount * 16 + 15 - place) AS best FROM paid GROUP BY key),
judged AS (
    SELECT j.key, j.family_id, j.decile, j.previous, b.best,
        CASE WHEN (members > 0 AND flags & 1 = 0) OR flags & 2 <> 0
               OR (flags & 768 = 0 AND flags & 136 = 0 AND complete)
               OR (over AND flags & 256 = 0 AND flags & 32 = 0 AND complete AND flags & 768 <> 0) THEN 0
             WHEN members = 0 OR NOT complete OR decile IS NULL OR decile = 0 OR flags & 4 <> 0
               OR flags & 768 = 0
               OR flags & 72 <> 0
               OR CASE WHEN over IS NULL THEN flags & 512 <> 0 OR flags & 144 <> 0
                       WHEN NOT over OR flags & 256 <> 0 THEN FALSE
                       ELSE TRUE END THEN 3
             ELSE 2 END AS status
    FROM joined j JOIN best b USING (key)),
ranked AS (
    SELECT key, (best >> 4) AS amount,
        row_number() OVER (ORDER BY previous DESC, decile, best & 15 DESC, lot) AS rank
    FROM judged JOIN lots USING (family_id) WHERE status = 2)
SELECT key, CASE WHEN rank <= $seats THEN 1 ELSE 2 END::UTINYINT AS status, rank::UINTEGER AS rank, amount FROM ranked
UNION ALL
SELECT key, status::UTINYINT, 0::UINTEGER, CASE WHEN status = 0 THEN 0 ELSE best >> 4 END FROM judged WHERE status <> 2
UNION ALL
SELECT (province::BIGINT << 32) | family_row, 0::UTINYINT, 0::UINTEGER, 0
FROM read_parquet('$snapshot/families/*.parquet')
WHERE NOT ((decile IS NULL OR decile <= $max_decile) AND exclusions & 122366 = 0 AND other_aid & $not_with = 0)
) TO '$out' (FORMAT parquet);
