//! What PKH reads, what its rule file decides, and its named parts.
//!
//! Positions in these lists are the order of the contract: append, never reorder.

use crate::{Family, Pkh};

/// Bound of an amount in rupiah per quarter, so that sums stay exact.
pub(crate) const AMOUNT_MAX: i64 = 100_000_000;

kit::columns! {
    family {
        decile: u8 required,
        member_count: u8 required,
        exclusions: set optional,
        other_aid: set optional,
        previous: bits optional = "previous.pkh",
        since: u16 optional = "since.pkh",
    }
    member {
        birth_date: s32 required,
        sex: u8 required,
        relation: u8 required,
        school_participation: u8 required,
        school_level: u8 required,
        certificate: u8 required,
        working: bits required,
        job_status: u8 required,
        severe_difficulties: set required,
        dead: bits optional,
        member_exclusions: set optional,
        pregnancy: u8 optional,
        pregnancy_order: u8 optional,
        delivery_date: s32 optional,
        human_rights_victim: bits optional,
        school_list_level: u8 optional,
    }
}

kit::settings! {
    /// Highest decile served.
    max_decile: integer("decile", 1..=10) = 4,
    /// Whom a member's hit on items 1 to 8 excludes.
    exclusion_scope: choice(kit::law::Scope::OPTIONS) = "kk",
    /// Aid of the period before that shuts out PKH; bits are codes of `other_aid`.
    not_with: choices(kit::law::OTHER_AID) = ["permakanan", "klj"],
    /// Paid quarters after which health and education end.
    limit_quarters: integer("quarters", 0..=400) = 20,
    /// Members paid per family.
    cap_members: integer("people", 0..=8) = 4,
    /// Components by number (1 victim, 2 disability, 3 elderly, 4 pregnancy, 5
    /// child, 6 primary, 7 lower secondary, 8 upper secondary), first served first.
    component_order: codes(1..=8) = [1, 2, 3, 4, 5, 6, 7, 8],
    /// Per victim of a gross violation of human rights.
    amount_victim: integer("idr/quarter", 0..=AMOUNT_MAX) = 2_700_000,
    /// Per severely disabled member.
    amount_disability: integer("idr/quarter", 0..=AMOUNT_MAX) = 600_000,
    /// Per elderly member.
    amount_elderly: integer("idr/quarter", 0..=AMOUNT_MAX) = 600_000,
    /// Per pregnancy.
    amount_pregnancy: integer("idr/quarter", 0..=AMOUNT_MAX) = 750_000,
    /// Per young child.
    amount_child: integer("idr/quarter", 0..=AMOUNT_MAX) = 750_000,
    /// Per pupil of primary school.
    amount_primary: integer("idr/quarter", 0..=AMOUNT_MAX) = 225_000,
    /// Per pupil of lower secondary school.
    amount_lower: integer("idr/quarter", 0..=AMOUNT_MAX) = 375_000,
    /// Per pupil of upper secondary school.
    amount_upper: integer("idr/quarter", 0..=AMOUNT_MAX) = 500_000,
    /// Victims paid per family.
    cap_victim: integer("people", 0..=8) = 8,
    /// Disabled members paid per family.
    cap_disability: integer("people", 0..=8) = 1,
    /// Elderly members paid per family.
    cap_elderly: integer("people", 0..=8) = 1,
    /// Pregnancies paid per family.
    cap_pregnancy: integer("people", 0..=8) = 8,
    /// Young children paid per family.
    cap_child: integer("people", 0..=8) = 2,
    /// Pupils of primary school paid per family.
    cap_primary: integer("people", 0..=8) = 8,
    /// Pupils of lower secondary school paid per family.
    cap_lower: integer("people", 0..=8) = 8,
    /// Pupils of upper secondary school paid per family.
    cap_upper: integer("people", 0..=8) = 8,
    /// Highest pregnancy that pays: the first or second.
    pregnancy_max_order: integer("count", 1..=20) = 2,
    /// Days after birth that still count.
    postpartum_days: integer("days", 0..=366) = 42,
    /// Oldest young child.
    child_age_max: integer("years", 0..=25) = 6,
    /// Youngest pupil.
    pupil_age_min: integer("years", 0..=30) = 6,
    /// Oldest pupil.
    pupil_age_max: integer("years", 0..=40) = 21,
    /// Certificates (r415) that end twelve years of school.
    finished_certificates: codes(1..=23) = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22],
    /// School levels (r413) of primary school.
    levels_primary: codes(1..=22) = [1, 2, 3, 4, 5],
    /// School levels (r413) of lower secondary school.
    levels_lower: codes(1..=22) = [6, 7, 8, 9, 10],
    /// School levels (r413) of upper secondary school.
    levels_upper: codes(1..=22) = [11, 12, 13, 14, 15, 16, 17],
    /// Youngest elderly member.
    elderly_age: integer("years", 40..=120) = 60,
}

kit::criteria! { Pkh judges Family;
    alive reads [dead] with [];
    members_complete reads [member_count, relation] with [];
    decile_determined reads [decile] with [];
    decile_within reads [decile] with [max_decile];
    not_excluded reads [exclusions, member_exclusions, relation, dead] with [exclusion_scope];
    state_job_checked reads [job_status, working, birth_date, dead, exclusions, member_exclusions] with [];
    not_with reads [other_aid] with [not_with];
    component
        reads [
            birth_date, sex, school_participation, school_level, certificate, severe_difficulties, dead,
            member_exclusions, pregnancy, pregnancy_order, delivery_date, human_rights_victim,
            school_list_level, member_count, relation,
        ]
        with [
            elderly_age, child_age_max, pupil_age_min, pupil_age_max, finished_certificates, levels_primary,
            levels_lower, levels_upper, pregnancy_max_order, postpartum_days, cap_members, amount_victim,
            amount_disability, amount_elderly, amount_pregnancy, amount_child, amount_primary, amount_lower,
            amount_upper, cap_victim, cap_disability, cap_elderly, cap_pregnancy, cap_child, cap_primary,
            cap_lower, cap_upper, exclusion_scope,
        ];
    component_facts_known
        reads [
            birth_date, sex, school_participation, school_level, certificate, severe_difficulties, dead,
            member_exclusions, pregnancy, pregnancy_order, delivery_date, human_rights_victim,
            school_list_level,
        ]
        with [
            elderly_age, child_age_max, pupil_age_min, pupil_age_max, finished_certificates, levels_primary,
            levels_lower, levels_upper, pregnancy_max_order, postpartum_days, cap_members, amount_victim,
            amount_disability, amount_elderly, amount_pregnancy, amount_child, amount_primary, amount_lower,
            amount_upper, cap_victim, cap_disability, cap_elderly, cap_pregnancy, cap_child, cap_primary,
            cap_lower, cap_upper, exclusion_scope,
        ];
    levels_known
        reads [school_level, school_list_level, school_participation, birth_date, dead, member_exclusions]
        with [pupil_age_min, pupil_age_max, exclusion_scope];
    within_five_years
        reads [
            since, previous,
            birth_date, sex, school_participation, school_level, certificate, severe_difficulties, dead,
            member_exclusions, pregnancy, pregnancy_order, delivery_date, human_rights_victim,
            school_list_level, member_count, relation,
        ]
        with [
            limit_quarters,
            elderly_age, child_age_max, pupil_age_min, pupil_age_max, finished_certificates, levels_primary,
            levels_lower, levels_upper, pregnancy_max_order, postpartum_days, cap_members, amount_victim,
            amount_disability, amount_elderly, amount_pregnancy, amount_child, amount_primary, amount_lower,
            amount_upper, cap_victim, cap_disability, cap_elderly, cap_pregnancy, cap_child, cap_primary,
            cap_lower, cap_upper, exclusion_scope,
        ];
}

// Members compete for the places, so every component rests on the facts of all.
kit::components! {
    [victim, disability, elderly, pregnancy, child, primary, lower, upper]
        reads [
            since, previous,
            birth_date, sex, school_participation, school_level, certificate, severe_difficulties, dead,
            member_exclusions, pregnancy, pregnancy_order, delivery_date, human_rights_victim,
            school_list_level,
        ]
        with [
            component_order, limit_quarters,
            elderly_age, child_age_max, pupil_age_min, pupil_age_max, finished_certificates, levels_primary,
            levels_lower, levels_upper, pregnancy_max_order, postpartum_days, cap_members, amount_victim,
            amount_disability, amount_elderly, amount_pregnancy, amount_child, amount_primary, amount_lower,
            amount_upper, cap_victim, cap_disability, cap_elderly, cap_pregnancy, cap_child, cap_primary,
            cap_lower, cap_upper, exclusion_scope,
        ]
}

kit::score! {
    decile reads [decile] with [];
    component
        reads [
            since, previous,
            birth_date, sex, school_participation, school_level, certificate, severe_difficulties, dead,
            member_exclusions, pregnancy, pregnancy_order, delivery_date, human_rights_victim,
            school_list_level,
        ]
        with [
            component_order, limit_quarters,
            elderly_age, child_age_max, pupil_age_min, pupil_age_max, finished_certificates, levels_primary,
            levels_lower, levels_upper, pregnancy_max_order, postpartum_days, cap_members, amount_victim,
            amount_disability, amount_elderly, amount_pregnancy, amount_child, amount_primary, amount_lower,
            amount_upper, cap_victim, cap_disability, cap_elderly, cap_pregnancy, cap_child, cap_primary,
            cap_lower, cap_upper, exclusion_scope,
        ];
}
