//! BLT Dana Desa: cash from the village fund for families in need whom PKH and
//! Sembako do not reach.
//!
//! Takes where a family lives, what it receives in this period, its decile and
//! the state of its members; gives the criteria not met or not known, 300,000
//! rupiah a month, and an order of decile 1, number of reasons, decile. The
//! reading of the law is `programs.md`, "BLT Dana Desa"; values are the rule
//! file's. One reason is enough; the six stand in `reasons`. The exclusion list
//! and job status 5 are not applied.

use kit::{Award, Dates, Known, Outcome, Problem, Program, Row, Unit, law};

mod reasons;

use reasons::{Found, REASONS};

kit::columns! {
    family {
        decile: u8 required,
        member_count: u8 required,
        village_kind: u8 required,
        livelihood_lost: bits optional,
        receives_pkh: bits required = "receives.pkh",
        receives_sembako: bits required = "receives.sembako",
    }
    member {
        relation: u8 required,
        dead: bits required,
        birth_date: s32 required,
        sex: u8 required,
        chronic_illness: u8 required,
        severe_difficulties: set required,
    }
}

kit::settings! {
    /// Kinds of village that have a village fund.
    village_kinds: choices(["kelurahan", "desa", "desa_adat"]) = ["desa", "desa_adat"],
    /// Programs whose recipients of this period are left out.
    not_receiving: choices(["pkh", "sembako"]) = ["pkh", "sembako"],
    /// The reasons that the village takes; one met is enough.
    reasons: choices(REASONS) = REASONS,
    /// Highest decile that counts as extreme poor.
    extreme_poor_max_decile: integer("decile", 1..=10) = 1,
    /// What it means that the list of lost livelihoods was not delivered.
    livelihood_undelivered: choice(["no", "unknown"]) = "no",
    /// Codes of chronic illness that count.
    chronic_codes: codes(1..=31) = [5, 7, 8, 9, 10, 11, 14, 15, 16, 17],
    /// Age from which a person living alone counts.
    elderly_age: integer("years", 0..=120) = 60,
    /// Highest decile in which a female head counts.
    female_head_max_decile: integer("decile", 1..=10) = 4,
    /// Rupiah per family and month.
    amount_month: integer("idr/month", 0..=10_000_000) = 300_000,
    /// Months paid in the run period.
    months_paid: integer("months", 1..=12) = 3,
}

kit::criteria! { BltDd judges Family;
    alive reads [dead] with [];
    members_complete reads [member_count, relation] with [];
    in_desa reads [village_kind] with [village_kinds];
    not_pkh_recipient reads [receives_pkh] with [not_receiving];
    not_sembako_recipient reads [receives_sembako] with [not_receiving];
    any_reason reads [decile, livelihood_lost, member_count, relation, dead, birth_date, sex, chronic_illness, severe_difficulties]
        with [reasons, extreme_poor_max_decile, livelihood_undelivered, chronic_codes, elderly_age, female_head_max_decile];
}

kit::components! {
    cash reads [] with [amount_month, months_paid];
}

kit::score! {
    decile_one reads [decile] with [];
    extreme_poor reads [decile] with [reasons, extreme_poor_max_decile];
    livelihood_lost reads [livelihood_lost] with [reasons];
    chronic_illness reads [chronic_illness, dead] with [reasons, chronic_codes];
    elderly_alone reads [birth_date, dead, member_count, relation] with [reasons, elderly_age];
    severe_disability reads [severe_difficulties, dead] with [reasons];
    female_head reads [sex, relation, dead, decile] with [reasons, female_head_max_decile];
    decile reads [decile] with [];
}

/// Points of decile 1: more than all reasons together.
const DECILE_ONE_STEP: i64 = 1_000_000;
/// Points of each reason: more than all deciles.
const REASON_STEP: i64 = 1_000;
/// The score parts of the six reasons, in the order of `REASONS`.
const REASON_PARTS: [ScorePart; 6] = [
    ScorePart::extreme_poor,
    ScorePart::livelihood_lost,
    ScorePart::chronic_illness,
    ScorePart::elderly_alone,
    ScorePart::severe_disability,
    ScorePart::female_head,
];

/// What is known of one family.
#[derive(Debug, Default)]
pub struct Family {
    decile: Known<u8>,
    declared: Known<u8>,
    village_kind: Known<u8>,
    livelihood_lost: Known<bool>,
    receives_pkh: Known<bool>,
    receives_sembako: Known<bool>,
    household: law::Household,
    /// A living member has one of the chronic illnesses.
    chronic: Found,
    /// A living member is severely disabled.
    severe: Found,
    /// The living head is a woman.
    female_head: Found,
    /// A living member has reached the age of the elderly.
    elderly: Found,
}

/// The program with its settings.
#[derive(Debug)]
pub struct BltDd {
    settings: Settings,
    /// Bit c = chronic illness c counts.
    chronic_codes: u32,
    /// Births up to this day have reached the age of the elderly.
    elderly_born: i32,
    undelivered_is_no: bool,
    /// Rupiah per run period.
    amount: i64,
}

impl BltDd {
    /// A member is alive, or no member is loaded.
    ///
    /// Why: nobody else can draw the money.
    /// Example: head and spouse recorded as dead, no other member: fails.
    /// Source: EXCL-POSKOTA2 item 9 (death alone applies to this program).
    #[inline(always)]
    fn alive(&self, family: &Family) -> Outcome {
        family.household.alive()
    }

    /// As many members are loaded as the family declares, the dead included,
    /// and one of them is the head. Never fails.
    ///
    /// Why: a missing member may be the reason, or make a person not alone.
    /// Example: two declared, one loaded: unknown.
    /// Source: assumed.
    #[inline(always)]
    fn members_complete(&self, family: &Family) -> Outcome {
        family.household.members_complete(family.declared)
    }

    /// The village is of one of `village_kinds`.
    ///
    /// Why: a kelurahan has no village fund.
    /// Example: a city's kelurahan: fails.
    /// Source: Permendesa 16/2025 [BLTDD-26A]; the kinds are general knowledge.
    #[inline(always)]
    fn in_desa(&self, family: &Family) -> Outcome {
        // 1 kelurahan, 2 desa, 3 desa adat: the options of the setting in the same order
        let allowed = |kind: u8| (1..=3).contains(&kind) && self.settings.village_kinds >> (kind - 1) & 1 == 1;
        Outcome::pass_if(family.village_kind.map(allowed))
    }

    /// Not a recipient of PKH in this period; on the waiting list is not a recipient.
    ///
    /// Why: the village fund is for those whom PKH does not reach.
    /// Example: eligible for PKH, but behind the quota: passes.
    /// Source: BLTDD-26B, BLTDD-26C.
    #[inline(always)]
    fn not_pkh_recipient(&self, family: &Family) -> Outcome {
        self.not_recipient(family.receives_pkh, 0)
    }

    /// Not a recipient of Sembako in this period; on the waiting list is not a recipient.
    ///
    /// Why: the village fund is for those whom Sembako does not reach.
    /// Example: chosen for Sembako in this quarter: fails.
    /// Source: BLTDD-26B, BLTDD-26C.
    #[inline(always)]
    fn not_sembako_recipient(&self, family: &Family) -> Outcome {
        self.not_recipient(family.receives_sembako, 1)
    }

    /// A program of `not_receiving`, by its option.
    #[inline(always)]
    fn not_recipient(&self, receives: Known<bool>, option: u32) -> Outcome {
        if self.settings.not_receiving >> option & 1 == 0 { Outcome::Pass } else { Outcome::fail_if(receives) }
    }

    /// At least one of the village's reasons is met. If none is, one that is
    /// not known leaves it open.
    ///
    /// Why: each reason alone makes a family one that the village fund is for.
    /// Example: nobody ill, old or disabled, a man at the head, decile not
    /// delivered: unknown, because decile 1 would be a reason.
    /// Source: BLTDD-26B, BLTDD-26C.
    #[inline(always)]
    fn any_reason(&self, family: &Family) -> Outcome {
        let mut outcome = Outcome::Fail;
        for (at, reason) in self.reasons(family).into_iter().enumerate() {
            match (self.takes(at), reason) {
                (false, _) | (true, Some(false)) => {}
                (true, Some(true)) => return Outcome::Pass,
                (true, None) => outcome = Outcome::Unknown,
            }
        }
        outcome
    }

    /// Whether the village takes the reason at a position of `REASONS`.
    #[inline(always)]
    fn takes(&self, at: usize) -> bool {
        self.settings.reasons >> at & 1 == 1
    }
}

impl Program for BltDd {
    type Columns<'a> = Columns<'a>;
    type Settings = Settings;

    const NAME: &'static str = "blt_dd";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const UNIT: Unit = Unit::Family;
    const COMPONENTS: &'static [kit::Part] = Component::PARTS;
    const SCORE_PARTS: &'static [kit::Part] = ScorePart::PARTS;
    const SCORE: (i64, i64) = (0, DECILE_ONE_STEP + 6 * REASON_STEP + 10);
    const AMOUNT: (i64, i64) = (0, 120_000_000);

    fn new(settings: Settings, dates: Dates) -> Result<Self, Vec<Problem>> {
        let bit = |code: &i64| u32::try_from(*code).ok().and_then(|code| 1_u32.checked_shl(code)).unwrap_or(0);
        let chronic_codes = settings.chronic_codes.iter().map(bit).fold(0, |all, bit| all | bit);
        let elderly_born = dates.latest_birth(settings.elderly_age);
        let undelivered_is_no = settings.livelihood_undelivered == "no";
        let amount = settings.amount_month * settings.months_paid;
        Ok(Self { settings, chronic_codes, elderly_born, undelivered_is_no, amount })
    }

    #[inline(always)]
    fn read(&self, columns: &Columns<'_>, row: &Row<'_>, family: &mut Family) {
        *family = Family {
            decile: columns.decile.get(row.family),
            declared: columns.member_count.get(row.family),
            village_kind: columns.village_kind.get(row.family),
            livelihood_lost: columns.livelihood_lost.get(row.family),
            receives_pkh: columns.receives_pkh.get(row.family),
            receives_sembako: columns.receives_sembako.get(row.family),
            ..Family::default()
        };
        for member in row.members.clone() {
            let head = columns.relation.code(member) == law::HEAD;
            let dead = columns.dead.is_yes(member);
            family.household.add(columns.relation.get(member), dead);
            if dead {
                continue;
            }
            let counts = |code: u8| self.chronic_codes >> code.min(31) & 1 == 1;
            family.chronic.add(columns.chronic_illness.get(member).map(counts));
            family.severe.add(columns.severe_difficulties.get(member).any(law::SEVERE_DIFFICULTIES));
            family.elderly.add(columns.birth_date.get(member).map(|born| born <= self.elderly_born));
            if head {
                family.female_head.add(columns.sex.get(member).map(|sex| sex == law::FEMALE));
            }
        }
    }

    #[inline(always)]
    fn award(&self, family: &Family, award: &mut impl Award) {
        award.pay(Component::cash, None, self.amount);
        if family.decile == Some(1) {
            award.rank(ScorePart::decile_one, DECILE_ONE_STEP);
        }
        for (at, (reason, part)) in self.reasons(family).into_iter().zip(REASON_PARTS).enumerate() {
            if self.takes(at) && reason == Some(true) {
                award.rank(part, REASON_STEP);
            }
        }
        award.rank(ScorePart::decile, law::decile_points(family.decile));
    }
}

kit::export!(BltDd);

#[cfg(test)]
mod tests {
    #[test]
    fn the_description_is_consistent() {
        assert_eq!(kit::native::describe::<super::BltDd>().faults(), Vec::<String>::new());
    }
}
