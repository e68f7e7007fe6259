//! Writes invented families as extracts in the real layouts: the two DTSEN files,
//! the lists and the villages (`domain.md` 1.8).
//!
//! Takes families one by one; gives files. Keeps nothing but buffers, so any
//! country fits. Only extracts end in `.csv`.

use std::path::Path;

use super::country::{District, Place, Village};
use super::faults::{Kind, Plan, Row};
use super::names::{MEN, SECOND, STREET, VILLAGE, VILLAGE_SECOND, WOMEN, word};
use super::people::{Family, Person};
use super::sheet::Sheet;
use crate::error::Result;
use crate::terms::{Date, Period};

/// The 48 variables of a person, in the order of the delivery.
pub const INDIVIDUAL: &str = "nomor_induk_kependudukan,nomor_kartu_keluarga,nama,tanggal_lahir,jenis_kelamin,\
status_hubungan_keluarga,pbi_nas,pbi_pemda,status_kawin,partisipasi_sekolah,jenjang_tertinggi_yang_diduduki,\
kelas_tertinggi_yang_diduduki,ijazah_tertinggi_yang_dimiliki,status_bekerja,lapangan_usaha_dari_pekerjaan_utama,\
status_dalam_pekerjaan_utama,kepemilikan_usaha,jumlah_usaha,lapangan_usaha_dari_usaha_utama,\
jumlah_pekerja_yang_dibayar_dari_usaha_utama,jumlah_pekerja_yang_tidak_dibayar_dari_usaha_utama,omzet_usaha_utama,\
kondisi_gizi,penglihatan,pendengaran,berjalan_atau_naik_tangga,menggunakan_tangan_jari,belajar_kemampuan_intelektual,\
pengendalian_perilaku,berbicara_komunikasi,mengurus_diri,mengingat_berkonsentrasi,kesedihan_depresi,penyakit_kronis,\
kode_provinsi_ktp,provinsi_ktp,kode_kabupaten_kota_ktp,kabupaten_kota_ktp,kode_kecamatan_ktp,kecamatan_ktp,\
kode_kelurahan_desa_ktp,kelurahan_desa_ktp,rt_ktp,rw_ktp,dusun_ktp,alamat_ktp,pekerjaan_ktp,pendidikan_akhir_ktp";

/// The 52 variables of a family, in the order of the delivery.
pub const FAMILY: &str = "kode_provinsi,provinsi,kode_kabupaten_kota,kabupaten_kota,kode_kecamatan,kecamatan,\
kode_kelurahan_desa,kelurahan_desa,alamat,nomor_kartu_keluarga,jumlah_anggota_keluarga,nama_anggota_keluarga,\
desil_nasional,pbi_nas,pbi_pemda,id_pelanggan_pln,status_kepemilikan_rumah,jenis_lantai_terluas,luas_lantai,\
jenis_dinding_terluas,jenis_atap_terluas,sumber_air_minum_utama,sumber_penerangan_utama,daya_terpasang,\
bahan_bakar_utama_memasak,fasilitas_bab,jenis_kloset,pembuangan_akhir_tinja,kepemilikan_aset,aset_bergerak_tabung_gas,\
aset_bergerak_lemari_es,aset_bergerak_ac,aset_bergerak_pemanas_air,aset_bergerak_telepon_rumah,aset_bergerak_tv_datar,\
aset_bergerak_emas_perhiasan,aset_bergerak_komputer_laptop_tablet,aset_bergerak_sepeda_motor,aset_bergerak_sepeda,\
aset_bergerak_mobil,aset_bergerak_perahu,aset_bergerak_kapal_perahu_motor,aset_bergerak_smartphone,\
aset_tidak_bergerak_lahan_lainnya,aset_tidak_bergerak_rumah_lainnya,jumlah_ternak_sapi,jumlah_ternak_kerbau,\
jumlah_ternak_kuda,jumlah_ternak_babi,jumlah_ternak_kambing_domba,desil_provinsi,desil_kabupaten_kota";

/// Where a family lives, as written.
pub(super) struct Where<'a> {
    pub(super) place: &'a Place,
    pub(super) district: &'a District,
    pub(super) village: Village,
}

/// All files of a delivery.
pub(super) struct Extracts {
    pub(super) individual: Sheet,
    pub(super) family: Sheet,
    pub(super) lists: super::lists::Lists,
    villages: Sheet,
    truth: Sheet,
}

impl Extracts {
    pub(super) fn create(folder: &Path, as_of: Date, last: Period) -> Result<Extracts> {
        Ok(Extracts {
            individual: Sheet::create(folder, "individual.csv", INDIVIDUAL)?,
            family: Sheet::create(folder, "family.csv", FAMILY)?,
            lists: super::lists::Lists::create(folder, as_of, last)?,
            villages: Sheet::create(folder, "villages.csv", "kode_desa,sistem,nama,jenis,kawasan")?,
            truth: Sheet::create(folder, "truth.ndjson", "")?,
        })
    }

    /// One row of the village table.
    pub(super) fn village(&mut self, place: &Where<'_>) -> Result<()> {
        let sheet = &mut self.villages;
        sheet.code_with(&place.district.bps, place.village.serial, 3);
        sheet.text(b"bps");
        village_name(sheet, &place.village);
        sheet.code(place.village.kind);
        sheet.code(place.village.settlement);
        sheet.end()
    }

    /// A family with its members and lists; gives the number of fault lines.
    pub(super) fn write(&mut self, family: &mut Family, place: &Where<'_>, plan: Option<Plan>) -> Result<()> {
        let declared = family.members.len() as u32;
        if let Some(plan) = plan {
            change(family, plan);
            if plan.kind.row() == Row::Family {
                spoil_family(&mut self.family, plan.kind, declared);
                self.note(plan, self.family.rows + 1, declared)?;
            }
        }
        family_row(&mut self.family, family, place, declared)?;
        let listed = if plan.is_some_and(|p| p.kind == Kind::OneMember) { 1 } else { family.members.len() };
        for (at, person) in family.members.iter().take(listed).enumerate() {
            let hit = plan.filter(|p| p.member == at && p.kind.row() == Row::Member);
            let Some(plan) = hit else {
                member_row(&mut self.individual, family, person, place)?;
                continue;
            };
            spoil_member(&mut self.individual, family, person, plan.kind);
            member_row(&mut self.individual, family, person, place)?;
            match plan.kind {
                Kind::DuplicateRow => {
                    member_row(&mut self.individual, family, person, place)?;
                    self.note(plan, self.individual.rows, declared)?;
                }
                Kind::DuplicateConflict => {
                    self.note(plan, self.individual.rows, declared)?;
                    self.individual.spoil(2, b"NAMA LAIN".to_vec());
                    member_row(&mut self.individual, family, person, place)?;
                    self.note(plan, self.individual.rows, declared)?;
                }
                _ => self.note(plan, self.individual.rows, declared)?,
            }
        }
        self.lists.write(family)
    }

    fn note(&mut self, plan: Plan, row: u64, members: u32) -> Result<()> {
        let file = if plan.kind.row() == Row::Family { "family.csv" } else { "individual.csv" };
        let kind = plan.kind.name();
        let reason = plan.kind.reason();
        let outcome = if reason.is_some() { "quarantined" } else { "accepted" };
        let reason = reason.map_or_else(|| "null".to_owned(), |r| format!("\"{r}\""));
        let findings = plan.kind.findings(plan.member, members as usize);
        let findings = findings.iter().map(|f| format!("\"{f}\"")).collect::<Vec<_>>().join(",");
        self.truth.line(&format!(
            "{{\"file\":\"{file}\",\"row\":{row},\"kind\":\"{kind}\",\"outcome\":\"{outcome}\",\"reason\":{reason},\"findings\":[{findings}]}}"
        ))
    }

    /// Writes what is kept; gives the number of fault lines.
    pub(super) fn finish(&mut self) -> Result<u64> {
        for sheet in [&mut self.individual, &mut self.family, &mut self.villages, &mut self.truth] {
            sheet.close()?;
        }
        self.lists.finish()?;
        Ok(self.truth.rows)
    }
}

/// Faults that change the family itself.
fn change(family: &mut Family, plan: Plan) {
    let Some(person) = family.members.get_mut(plan.member) else { return };
    match plan.kind {
        Kind::NoHead => person.relation = 8,
        Kind::ManyHeads => person.relation = 1,
        Kind::DeceasedListed => person.dead = true,
        Kind::TwoPbiSchemes => (person.pbi_nas, person.pbi_pemda) = (true, true),
        Kind::NikOfOtherBirth => person.birth.0 -= 1,
        _ => {}
    }
}

fn spoil_family(sheet: &mut Sheet, kind: Kind, declared: u32) {
    match kind {
        Kind::CountOff => sheet.spoil(10, (declared + 1).to_string().into_bytes()),
        Kind::CodeUnknown => sheet.spoil(17, b"77".to_vec()),
        Kind::RegionUnknown => sheet.spoil(2, b"0099".to_vec()),
        Kind::DecileEleven => sheet.spoil(12, b"11".to_vec()),
        Kind::TextForNumber => sheet.spoil(18, b"dua puluh".to_vec()),
        _ => {}
    }
}

fn spoil_member(sheet: &mut Sheet, family: &Family, person: &Person, kind: Kind) {
    let nik = person.nik;
    match kind {
        Kind::NikMissing => sheet.spoil(0, Vec::new()),
        Kind::NikShort => sheet.spoil(0, nik.iter().take(15).copied().collect()),
        Kind::NikLong => sheet.spoil(0, nik.iter().copied().chain([b'0']).collect()),
        Kind::NikScientific => {
            let [a, b, c, d, e, f, ..] = nik.map(char::from);
            sheet.spoil(0, format!("{a}.{b}{c}{d}{e}{f}E+15").into_bytes());
        }
        Kind::NikLetter => sheet.spoil(0, nik.iter().take(15).copied().chain([b'O']).collect()),
        Kind::KkShort => sheet.spoil(1, family.kk.iter().take(15).copied().collect()),
        Kind::Orphan => {
            // month 00: a card that no family of this country has
            let mut kk = family.kk;
            (kk[8], kk[9]) = (b'0', b'0');
            sheet.spoil(1, kk.to_vec());
        }
        Kind::NoSuchDay => sheet.spoil(3, b"1987-02-31".to_vec()),
        Kind::FutureBirth => sheet.spoil(3, b"2031-05-05".to_vec()),
        Kind::AncientBirth => sheet.spoil(3, b"0190-03-12".to_vec()),
        _ => {}
    }
}

fn village_name(sheet: &mut Sheet, village: &Village) {
    sheet.parts(&name_of(village));
}

/// The two parts of a village's name.
pub(super) fn name_of(village: &Village) -> [&'static str; 2] {
    let dice = village.name as usize;
    [word(&VILLAGE, dice), word(&VILLAGE_SECOND, dice >> 8)]
}

fn person_name(sheet: &mut Sheet, person: &Person) {
    let first = usize::from(person.names.0);
    let first = if person.sex == 2 { word(&WOMEN, first) } else { word(&MEN, first) };
    sheet.parts(&[first, " ", word(&SECOND, usize::from(person.names.1))]);
}

fn address(sheet: &mut Sheet, family: &Family) {
    let kk = u64::from_be_bytes(family.kk.first_chunk().copied().unwrap_or_default()) as usize;
    let dice = kk.wrapping_add(family.index as usize).wrapping_mul(0x9e37_79b1);
    let number = (dice >> 8) % 180 + 1;
    let [tens, units] =
        [number / 10 % 10, number % 10].map(|d| word(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], d));
    let hundred = if number >= 100 { "1" } else { "" };
    sheet.parts(&["JL ", word(&STREET, dice >> 20), " NO ", hundred, tens, units]);
}

/// Province, regency, district and village, codes and names: eight fields.
fn regions(sheet: &mut Sheet, place: &Where<'_>) {
    sheet.fields(&place.place.head);
    sheet.text(place.district.bps.as_bytes());
    sheet.text(place.district.name.as_bytes());
    sheet.code_with(&place.district.bps, place.village.serial, 3);
    village_name(sheet, &place.village);
}

fn family_row(sheet: &mut Sheet, family: &Family, place: &Where<'_>, declared: u32) -> Result<()> {
    regions(sheet, place);
    address(sheet, family);
    sheet.text(&family.kk);
    sheet.number(declared);
    match family.members.first() {
        Some(head) => person_name(sheet, head),
        None => sheet.text(b""),
    }
    let [national, province, regency] = family.deciles;
    if national == 0 {
        sheet.text(b"belum ditentukan")
    } else {
        sheet.code(national)
    }
    sheet.yes_no(family.members.iter().any(|p| p.pbi_nas));
    sheet.yes_no(family.members.iter().any(|p| p.pbi_pemda));
    let home = &family.home;
    if home.lighting == 1 {
        sheet.code_with("5", (family.index % 999_999_937) as u32, 11)
    } else {
        sheet.text(b"")
    }
    sheet.code(home.tenure);
    sheet.code(home.floor);
    sheet.number(u32::from(home.area));
    for code in
        [home.wall, home.roof, home.water, home.lighting, home.power, home.fuel, home.toilet, home.bowl, home.disposal]
    {
        sheet.code(code);
    }
    sheet.yes_no(home.assets.contains(&true));
    for asset in home.assets {
        sheet.yes_no(asset);
    }
    for animal in home.animals {
        sheet.number(u32::from(animal));
    }
    sheet.number(u32::from(province));
    sheet.number(u32::from(regency));
    sheet.end()
}

fn member_row(sheet: &mut Sheet, family: &Family, person: &Person, place: &Where<'_>) -> Result<()> {
    sheet.text(&person.nik);
    sheet.text(&family.kk);
    person_name(sheet, person);
    sheet.date(person.birth);
    sheet.code(person.sex);
    sheet.code(person.relation);
    sheet.yes_no(person.pbi_nas);
    sheet.yes_no(person.pbi_pemda);
    for code in [
        person.marital,
        person.participation,
        person.level,
        person.grade,
        person.certificate,
        person.working,
        person.industry,
        person.job_status,
        person.business,
        person.businesses,
    ] {
        sheet.code(code);
    }
    if person.business == 1 {
        sheet.code(person.industry);
        sheet.number(u32::from(person.paid));
        sheet.number(u32::from(person.unpaid));
    } else {
        sheet.fields(",,");
    }
    sheet.code(person.turnover);
    sheet.code(person.nutrition);
    for difficulty in person.difficulties {
        sheet.code(difficulty);
    }
    sheet.code(person.sadness);
    sheet.code(person.chronic);
    regions(sheet, place);
    let block = (family.index % 60) as u32;
    sheet.padded(block % 12 + 1, 3);
    sheet.padded(block / 12 + 1, 3);
    sheet.parts(&["DUSUN ", word(&["I", "II", "III", "IV"], block as usize)]);
    address(sheet, family);
    sheet.code(person.occupation);
    sheet.code(person.education);
    sheet.end()
}
