//! Words for invented people, streets and villages. Any likeness is chance: names
//! are put together from common words, never taken from a record.

/// Given names of men.
pub(super) const MEN: [&str; 48] = [
    "ADI", "AGUS", "AHMAD", "ANDI", "ANTON", "ARIF", "BAMBANG", "BAYU", "BUDI", "CAHYO", "DANI", "DEDI", "DIDIK", "EDI",
    "EKO", "FAJAR", "FERI", "GALIH", "GUNAWAN", "HADI", "HENDRA", "HERU", "IMAM", "INDRA", "IRFAN", "JOKO", "KURNIA",
    "LUKMAN", "MADE", "MARTINUS", "MUHAMAD", "NANANG", "PUTU", "RAHMAT", "RIZKI", "RUDI", "SALIM", "SIGIT", "SLAMET",
    "SUGENG", "SURYA", "TAUFIK", "TRI", "UJANG", "WAHYU", "YANTO", "YUSUF", "ZAINAL",
];
/// Given names of women.
pub(super) const WOMEN: [&str; 48] = [
    "AISYAH", "ANI", "ASIH", "AYU", "CITRA", "DESI", "DEWI", "DIAN", "EKA", "ELI", "ENDANG", "ERNA", "FITRI", "HANI",
    "HESTI", "IDA", "INDAH", "IRA", "KARTIKA", "KETUT", "LASTRI", "LILIS", "LINDA", "MARIA", "MARNI", "MEGA", "MURNI",
    "NINING", "NOVI", "NUR", "PUJI", "RATNA", "RINI", "RISKA", "ROHANI", "SARI", "SITI", "SRI", "SULASTRI", "SUMI",
    "TITIN", "TUTI", "UMI", "WATI", "WIWIN", "YANI", "YULI", "ZAHRA",
];
/// Second names.
pub(super) const SECOND: [&str; 64] = [
    "ABADI", "ANGGRAINI", "ARDIANSYAH", "ASTUTI", "BAHARI", "BASKORO", "CAHYADI", "DARMAWAN", "DHARMA", "FADILAH",
    "FIRMANSYAH", "GINANJAR", "HAKIM", "HANDAYANI", "HARTONO", "HASANAH", "HIDAYAT", "IRAWAN", "ISKANDAR", "JAYA",
    "KUSUMA", "LESTARI", "MAHENDRA", "MAULANA", "MULYADI", "MULYANI", "NUGROHO", "NURHAYATI", "PAMUNGKAS", "PERMATA",
    "PRASETYO", "PRATAMA", "PURNAMA", "PUTRA", "PUTRI", "RAHARJO", "RAHAYU", "RAMADHAN", "RAMDANI", "ROHMAN", "SAFITRI",
    "SANTOSO", "SAPUTRA", "SAPUTRI", "SETIAWAN", "SUBAGYO", "SUDRAJAT", "SUHENDRA", "SUKMA", "SULAEMAN", "SUPRIADI",
    "SURYANI", "SUSANTI", "SUSANTO", "SUTRISNO", "SYAHPUTRA", "UTAMI", "UTOMO", "WIBOWO", "WIDODO", "WIJAYA", "WULANDARI",
    "YULIANI", "YUNIARTI",
];
/// First words of village names.
pub(super) const VILLAGE: [&str; 32] = [
    "SUKA", "MEKAR", "SUMBER", "TANJUNG", "KARANG", "BATU", "MUARA", "PULAU", "SIDO", "MARGO", "WANA", "GUNUNG", "LUBUK",
    "SUNGAI", "TELUK", "KAMPUNG", "PADANG", "BUKIT", "RANTAU", "KOTA", "TALANG", "PASIR", "CI", "KEDUNG", "JATI", "RAWA",
    "LEMBAH", "PANTAI", "TIRTA", "GIRI", "BANJAR", "LABUHAN",
];
/// Second words of village names.
pub(super) const VILLAGE_SECOND: [&str; 32] = [
    " JAYA", " SARI", " MULYA", " REJO", " INDAH", " BARU", " MAKMUR", " AGUNG", " LESTARI", " MAJU", " RAYA", " KENCANA",
    " HARAPAN", " SEJAHTERA", " PUTIH", " HIJAU", " ASRI", " LAMA", " TIMUR", " BARAT", " UTARA", " SELATAN", " TENGAH",
    " SENTOSA", " RUKUN", " DAMAI", " PERMAI", " WANGI", " ABADI", " LUHUR", " SETIA", " BAHAGIA",
];
/// Street names.
pub(super) const STREET: [&str; 16] = [
    "MELATI", "MAWAR", "KENANGA", "CEMPAKA", "FLAMBOYAN", "MERPATI", "RAJAWALI", "GARUDA", "KUTILANG", "ANGGREK",
    "DAHLIA", "BERINGIN", "MANGGA", "RAMBUTAN", "KELAPA", "CENDANA",
];

/// One of the words.
pub(super) fn word<const N: usize>(words: &[&'static str; N], dice: usize) -> &'static str {
    words.get(dice % N).copied().unwrap_or("")
}
