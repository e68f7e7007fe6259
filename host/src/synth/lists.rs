//! Writes the lists by NIK and KK that programs need beyond the DTSEN delivery:
//! exclusions, pregnancies, premiums, victims, school levels, lost livelihoods,
//! earlier aid and the month of the facts.
//!
//! Takes families; gives rows. A list is delivered in full: who is not on it is
//! a known no (`extract.toml` says so).

use std::path::Path;

use super::people::{Family, Person};
use super::sheet::Sheet;
use crate::error::Result;
use crate::terms::{Date, Period};

/// The lists, as `extract.toml` names them.
pub(super) const COMPLETE: [&str; 8] = [
    "exclusions",
    "pregnancies",
    "wage_premiums",
    "human_rights_victims",
    "school_levels",
    "livelihood_losses",
    "aid_history",
    "fact_months",
];

/// All list files.
pub(super) struct Lists {
    exclusions: Sheet,
    pregnancies: Sheet,
    premiums: Sheet,
    victims: Sheet,
    levels: Sheet,
    losses: Sheet,
    history: Sheet,
    months: Sheet,
    as_of: Date,
    /// Quarter ordinal of the last paid period.
    last: u32,
}

impl Lists {
    pub(super) fn create(folder: &Path, as_of: Date, last: Period) -> Result<Lists> {
        let sheet = |name, header| Sheet::create(folder, name, header);
        Ok(Lists {
            exclusions: sheet("exclusions.csv", "kunci,nomor,butir,sumber,tanggal")?,
            pregnancies: sheet("pregnancies.csv", "nik,status,kehamilan_ke,tanggal_bersalin")?,
            premiums: sheet("wage_premiums.csv", "nik,pembayar")?,
            victims: sheet("human_rights_victims.csv", "nik,putusan")?,
            levels: sheet("school_levels.csv", "nik,jenjang")?,
            losses: sheet("livelihood_losses.csv", "nomor_kk,tanggal")?,
            history: sheet("aid_history.csv", "kunci,nomor,nik_kepala,program,sejak,hingga")?,
            months: sheet("fact_months.csv", "nomor_kk,bulan")?,
            as_of,
            last: u32::from(last.quarter_ordinal()),
        })
    }

    pub(super) fn write(&mut self, family: &Family) -> Result<()> {
        let aid = family.aid;
        if aid.exclusion > 0 {
            self.exclusion("kk", &family.kk, aid.exclusion)?;
        }
        if aid.lost_ago > 0 {
            self.losses.text(&family.kk);
            let day = days_before(self.as_of, u32::from(aid.lost_ago));
            self.losses.date(day);
            self.losses.end()?;
        }
        self.months.text(&family.kk);
        let (year, month, _) = days_before(self.as_of, 0);
        let month = u32::from(year) * 12 + u32::from(month) - 1 - u32::from(aid.fact_age);
        self.months.joined(month / 12, "-", month % 12 + 1, 2);
        self.months.end()?;
        for (program, quarters, before) in [
            ("pkh", aid.pkh, 0),
            ("pkh", if aid.ended > 0 { 4 } else { 0 }, aid.ended),
            ("sembako", aid.sembako, 0),
            ("blt_dd", aid.blt, 0),
            ("permakanan", aid.permakanan, 0),
        ] {
            if quarters > 0 {
                let head = family.members.first().map(|p| p.nik);
                self.aid("kk", &family.kk, head, program, (quarters, before))?;
            }
        }
        family.members.iter().try_for_each(|person| self.person(person))
    }

    fn person(&mut self, person: &Person) -> Result<()> {
        if person.exclusion > 0 {
            self.exclusion("nik", &person.nik, person.exclusion)?;
        }
        if person.dead {
            self.exclusion("nik", &person.nik, 9)?;
        }
        if person.pregnancy > 0 {
            self.pregnancies.text(&person.nik);
            self.pregnancies.code(person.pregnancy);
            self.pregnancies.code(person.pregnancy_order);
            if person.pregnancy == 2 {
                self.pregnancies.date(days_before(self.as_of, u32::from(person.delivered_ago)));
            } else {
                self.pregnancies.text(b"");
            }
            self.pregnancies.end()?;
        }
        if person.premium > 0 {
            self.premiums.text(&person.nik);
            self.premiums.code(person.premium);
            self.premiums.end()?;
        }
        if person.victim {
            self.victims.text(&person.nik);
            self.victims.text(b"PPHAM 2023");
            self.victims.end()?;
        }
        if person.list_level > 0 {
            self.levels.text(&person.nik);
            self.levels.code(person.list_level);
            self.levels.end()?;
        }
        if person.pbi_quarters > 0 {
            self.aid("nik", &person.nik, None, "pbi_jkn", (person.pbi_quarters, 0))?;
        }
        if person.klj {
            self.aid("nik", &person.nik, None, "klj", (4, 0))?;
        }
        Ok(())
    }

    fn exclusion(&mut self, key: &str, number: &[u8; 16], item: u8) -> Result<()> {
        let source: &[u8] = match item {
            1 | 4 => b"BKN",
            2 => b"TASPEN",
            3 => b"KEMENDIKDASMEN",
            5 => b"KEMENDES",
            6 => b"AHU",
            7 => b"BPJS KETENAGAKERJAAN",
            9 | 12 | 15 => b"DUKCAPIL",
            16 => b"HIMBARA",
            _ => b"DINSOS",
        };
        self.exclusions.text(key.as_bytes());
        self.exclusions.text(number);
        self.exclusions.code(item);
        self.exclusions.text(source);
        let day = days_before(self.as_of, 30);
        self.exclusions.date(day);
        self.exclusions.end()
    }

    /// `quarters` paid in a row, the last one `before` quarters before the last period.
    fn aid(
        &mut self,
        key: &str,
        number: &[u8; 16],
        head: Option<[u8; 16]>,
        program: &str,
        (quarters, before): (u8, u8),
    ) -> Result<()> {
        let until = self.last - u32::from(before);
        let since = until + 1 - u32::from(quarters);
        self.history.text(key.as_bytes());
        self.history.text(number);
        self.history.text(head.as_ref().map_or(b"", |nik| nik.as_slice()));
        self.history.text(program.as_bytes());
        for quarter in [since, until] {
            self.history.joined(quarter / 4, "Q", quarter % 4 + 1, 1);
        }
        self.history.end()
    }

    pub(super) fn finish(&mut self) -> Result<()> {
        for sheet in [
            &mut self.exclusions,
            &mut self.pregnancies,
            &mut self.premiums,
            &mut self.victims,
            &mut self.levels,
            &mut self.losses,
            &mut self.history,
            &mut self.months,
        ] {
            sheet.close()?;
        }
        Ok(())
    }
}

fn days_before(as_of: Date, days: u32) -> (u16, u8, u8) {
    let day = Date(as_of.0 - days as i32).civil();
    (day.year().unsigned_abs(), day.month().unsigned_abs(), day.day().unsigned_abs())
}
