//! Invents who lives in a family: size, ages, sexes, relations, marital status,
//! names and numbers. The shapes follow `domain.md` 5.1 and 5.2.
//!
//! Takes draws and a place's running numbers; gives a `Family` with our column
//! codes (0 = not asked or not delivered). Never writes a file: `extract` does.
//! No name, NIK or KK number is anybody's: all are made here.

use super::draw::Draw;
use crate::terms::Date;

/// One invented person. Codes as in `schema/columns.toml`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Person {
    pub(super) nik: [u8; 16],
    pub(super) names: (u16, u16),
    pub(super) sex: u8,
    pub(super) relation: u8,
    pub(super) marital: u8,
    pub(super) birth: (u16, u8, u8),
    pub(super) age: u8,
    pub(super) months: u16,
    pub(super) participation: u8,
    pub(super) level: u8,
    pub(super) grade: u8,
    pub(super) certificate: u8,
    pub(super) working: u8,
    pub(super) industry: u8,
    pub(super) job_status: u8,
    pub(super) business: u8,
    pub(super) businesses: u8,
    pub(super) paid: u8,
    pub(super) unpaid: u8,
    pub(super) turnover: u8,
    pub(super) nutrition: u8,
    pub(super) difficulties: [u8; 9],
    pub(super) sadness: u8,
    pub(super) chronic: u8,
    pub(super) occupation: u8,
    pub(super) education: u8,
    pub(super) pbi_nas: bool,
    pub(super) pbi_pemda: bool,
    pub(super) pbi_quarters: u8,
    pub(super) klj: bool,
    pub(super) dead: bool,
    pub(super) exclusion: u8,
    /// 0 none, 1 pregnant, 2 delivered.
    pub(super) pregnancy: u8,
    pub(super) pregnancy_order: u8,
    /// Days before as-of on which she delivered.
    pub(super) delivered_ago: u8,
    pub(super) premium: u8,
    pub(super) victim: bool,
    pub(super) list_level: u8,
}

/// One invented family.
#[derive(Debug, Clone, Default)]
pub(super) struct Family {
    pub(super) index: u64,
    pub(super) kk: [u8; 16],
    pub(super) members: Vec<Person>,
    /// The decile that its life follows, 1 to 10, even where none is delivered.
    pub(super) welfare: u8,
    /// Delivered deciles of country, province, regency; 0 = not determined.
    pub(super) deciles: [u8; 3],
    pub(super) urban: bool,
    pub(super) province: u8,
    pub(super) village_kind: u8,
    pub(super) home: super::housing::Home,
    pub(super) aid: super::aid::Aid,
}

/// Running numbers of one district: they make every NIK and KK number unique.
///
/// A serial has four digits, a district up to 300,000 people. Where serials start
/// again, the day of birth moves on by one, from a day that the serial chooses;
/// so two people of one serial and sex never share a day.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Numbers {
    native: [u32; 2],
    foreign: [u32; 2],
    cards: u32,
}

/// Serials of people born in the district; those above belong to people from elsewhere.
const NATIVE_SERIALS: u32 = 8_999;

impl Numbers {
    fn person(&mut self, sex: u8, foreign: bool) -> (u32, u32) {
        let at = usize::from(sex == 2);
        let (low, span, counters) =
            if foreign { (9_000, 999, &mut self.foreign) } else { (1, NATIVE_SERIALS, &mut self.native) };
        let Some(counter) = counters.get_mut(at) else { return (low, 1) };
        let number = *counter;
        *counter += 1;
        serial_and_day(number, low, span)
    }

    fn card(&mut self) -> (u32, u32) {
        let number = self.cards;
        self.cards += 1;
        serial_and_day(number, 1, 9_999)
    }
}

fn serial_and_day(number: u32, low: u32, span: u32) -> (u32, u32) {
    let (turn, residue) = (number / span, number % span);
    let start = residue.wrapping_mul(0x9e37_79b1) >> 16;
    (low + residue, 1 + (turn + start) % 28)
}

/// What a family is invented in.
pub(super) struct Setting<'a> {
    pub(super) as_of: Date,
    pub(super) prefix: &'a [u8; 6],
    pub(super) foreign: &'a [u8; 6],
    pub(super) numbers: &'a mut Numbers,
}

/// Number of members: larger families in deciles 1 and 2.
pub(super) fn size(draw: &mut Draw, welfare: u8) -> u8 {
    let poor = [(1, 60), (2, 140), (3, 200), (4, 260), (5, 210), (6, 90), (7, 40)];
    let other = [(1, 170), (2, 250), (3, 270), (4, 200), (5, 80), (6, 22), (7, 8)];
    let size = draw.weighted(if welfare <= 2 { &poor } else { &other });
    if size < 7 { size } else { draw.weighted(&[(7, 60), (8, 25), (9, 15)]) }
}

/// Fills a family with members and numbers.
pub(super) fn compose(draw: &mut Draw, family: &mut Family, setting: &mut Setting<'_>) {
    family.members.clear();
    let size = size(draw, family.welfare);
    let mut people = Builder { draw, members: &mut family.members, setting };
    match size {
        1 => people.alone(),
        2 => people.two(),
        _ => people.household(size),
    }
    card(draw, family, setting);
}

struct Builder<'a, 'b> {
    draw: &'a mut Draw,
    members: &'a mut Vec<Person>,
    setting: &'a mut Setting<'b>,
}

impl Builder<'_, '_> {
    fn add(&mut self, sex: u8, relation: u8, marital: u8, age: u32) {
        let months = age * 12 + self.draw.below(12);
        let foreign = self.draw.chance(50) && self.setting.prefix != self.setting.foreign;
        let (serial, day) = self.setting.numbers.person(sex, foreign);
        let birth = born(self.setting.as_of, months, day);
        let prefix = if foreign { self.setting.foreign } else { self.setting.prefix };
        let nik = number(prefix, day + if sex == 2 { 40 } else { 0 }, birth, serial);
        let names = ((self.draw.bits() >> 16) as u16, (self.draw.bits() >> 16) as u16);
        self.members.push(Person {
            nik,
            names,
            sex,
            relation,
            marital,
            birth: (birth.0, birth.1, day as u8),
            age: age as u8,
            months: months as u16,
            ..Person::default()
        });
    }

    fn alone(&mut self) {
        if self.draw.chance(480) {
            let sex = if self.draw.chance(590) { 2 } else { 1 };
            let age = self.elder();
            let marital = self.draw.weighted(&[(1, 60), (3, 110), (4, 830)]);
            self.add(sex, 1, marital, age);
        } else {
            let sex = if self.draw.chance(450) { 2 } else { 1 };
            let age = self.draw.between(20, 59);
            let never = if age < 35 { 800 } else { 250 };
            let marital = self.draw.weighted(&[(1, never), (3, 600), (4, age as u16 * 4)]);
            self.add(sex, 1, marital, age);
        }
    }

    fn two(&mut self) {
        let kind = self.draw.weighted(&[(1, 620), (2, 280), (3, 100)]);
        match kind {
            1 => {
                let wife = if self.draw.chance(320) { self.draw.between(19, 34) } else { self.draw.between(44, 80) };
                self.couple(wife);
            }
            2 => self.parent_and_children(1),
            _ => {
                let age = self.draw.between(24, 55);
                let sex = if self.draw.chance(400) { 2 } else { 1 };
                self.add(sex, 1, 1, age);
                let elder = (age + self.draw.between(20, 34)).min(92);
                let sex = if self.draw.chance(750) { 2 } else { 1 };
                self.add(sex, 6, 4, elder);
            }
        }
    }

    fn household(&mut self, size: u8) {
        let mut extras = 0;
        if size >= 4 && self.draw.chance(210) {
            extras += 1;
        }
        if size >= 5 && self.draw.chance(300) {
            extras += 1;
        }
        if size >= 6 && self.draw.chance(500) {
            extras += 1;
        }
        let head_age = if self.draw.chance(870) {
            let wife = self.wife();
            self.couple(wife);
            let wife_age = u32::from(self.members.get(1).map_or(30, |p| p.age));
            self.children(u32::from(size) - 2 - extras, wife_age);
            wife_age
        } else {
            self.parent_and_children(u32::from(size) - 1 - extras);
            u32::from(self.members.first().map_or(30, |p| p.age))
        };
        for _ in 0..extras {
            self.extra(head_age);
        }
    }

    /// A wife in a family with children: most between 24 and 50.
    fn wife(&mut self) -> u32 {
        (self.draw.below(23) + self.draw.below(23)) + 21
    }

    fn couple(&mut self, wife: u32) {
        let husband = (wife + self.draw.below(10)).saturating_sub(2).clamp(19, 95);
        self.add(1, 1, 2, husband);
        self.add(2, 2, 2, wife);
    }

    fn parent_and_children(&mut self, children: u32) {
        let mother = self.draw.chance(760);
        let age = if self.draw.chance(450) { self.draw.between(45, 78) } else { self.wife() };
        let marital = if age >= 50 {
            self.draw.weighted(&[(3, 200), (4, 800)])
        } else {
            self.draw.weighted(&[(3, 650), (4, 350)])
        };
        self.add(if mother { 2 } else { 1 }, 1, marital, age);
        self.children(children, age);
    }

    /// Children between 0 and 29, oldest first, none born before the parent was 19.
    fn children(&mut self, count: u32, parent: u32) {
        let oldest = parent.saturating_sub(19).min(29);
        let youngest = parent.saturating_sub(43).min(oldest);
        let mut ages = [0u32; 9];
        let count = (count as usize).min(ages.len());
        for age in ages.iter_mut().take(count) {
            let drawn = self.draw.between(youngest, oldest);
            // grown children leave
            *age = if drawn > 20 && self.draw.chance(450) {
                self.draw.between(youngest, oldest.min(20).max(youngest))
            } else {
                drawn
            };
        }
        if let Some(ages) = ages.get_mut(..count) {
            ages.sort_unstable_by(|a, b| b.cmp(a));
        }
        for age in ages.into_iter().take(count) {
            let sex = if self.draw.chance(545) { 1 } else { 2 };
            let marital = if age >= 20 && self.draw.chance(90) { 3 } else { 1 };
            self.add(sex, 3, marital, age);
        }
    }

    fn extra(&mut self, head: u32) {
        match self.draw.weighted(&[(6, 480), (5, 250), (8, 240), (7, 30)]) {
            6 => {
                let age = (head + self.draw.between(19, 36)).clamp(45, 96);
                let sex = if self.draw.chance(640) { 2 } else { 1 };
                self.add(sex, 6, 4, age);
            }
            5 if head >= 42 => {
                let age = self.draw.below(12);
                let sex = if self.draw.chance(545) { 1 } else { 2 };
                self.add(sex, 5, 1, age);
            }
            7 => {
                let age = self.draw.between(18, 45);
                self.add(2, 7, 1, age);
            }
            _ => {
                let age = self.draw.between(5, 60);
                let sex = if self.draw.chance(500) { 1 } else { 2 };
                let marital = if age >= 35 { 3 } else { 1 };
                self.add(sex, 8, marital, age);
            }
        }
    }

    /// Ages 60 and over: two thirds below 70 (`domain.md` 5.2).
    fn elder(&mut self) -> u32 {
        match self.draw.weighted(&[(60, 600), (70, 300), (80, 100)]) {
            60 => self.draw.between(60, 69),
            70 => self.draw.between(70, 79),
            _ => self.draw.between(80, 94),
        }
    }
}

/// Year and month of a birth, so that the completed age is `months` on as-of.
fn born(as_of: Date, months: u32, day: u32) -> (u16, u8) {
    let today = as_of.civil();
    let late = u32::from(day > today.day().unsigned_abs().into());
    let now = u32::from(today.year().unsigned_abs()) * 12 + u32::from(today.month().unsigned_abs()) - 1;
    let month = now - months - late;
    ((month / 12) as u16, (month % 12 + 1) as u8)
}

/// Prefix, day, month, year, serial.
fn number(prefix: &[u8; 6], day: u32, (year, month): (u16, u8), serial: u32) -> [u8; 16] {
    let mut out = [b'0'; 16];
    let mut put = |at: usize, value: u32| {
        if let Some(pair) = out.get_mut(at..at + 2) {
            pair.copy_from_slice(&[b'0' + (value / 10 % 10) as u8, b'0' + (value % 10) as u8]);
        }
    };
    put(6, day);
    put(8, u32::from(month));
    put(10, u32::from(year) % 100);
    put(12, serial / 100);
    put(14, serial % 100);
    if let Some(head) = out.get_mut(..6) {
        head.copy_from_slice(prefix);
    }
    out
}

/// The family's card, issued in the last twelve years.
fn card(draw: &mut Draw, family: &mut Family, setting: &mut Setting<'_>) {
    let (serial, day) = setting.numbers.card();
    let issued = born(setting.as_of, 1 + draw.below(140), day);
    family.kk = number(setting.prefix, day, issued, serial);
}
