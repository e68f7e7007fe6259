-- The structural tables of registry and vault (SQLite). The columns of `person`
-- and `family` follow from `columns.toml` and are added by the program.
--
-- Facts are appended, never changed: a later as-of of the same row wins at
-- `freeze`, by (as_of, revision, blake3). `row` is the row of the file, header
-- not counted. Ids are pseudonyms; numbers are as in `columns.toml`.

-- ==== registry.sqlite ====

CREATE TABLE extract (
  extract INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  file TEXT NOT NULL,
  blake3 TEXT NOT NULL UNIQUE,
  as_of INTEGER NOT NULL,       -- days since 1970-01-01
  revision INTEGER NOT NULL,
  complete INTEGER NOT NULL,    -- 1: who is not on it is a known no
  stands_for INTEGER,
  holds INTEGER,
  rows INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  quarantined INTEGER NOT NULL,
  reasons TEXT NOT NULL         -- JSON: code to count
) STRICT;

CREATE TABLE quarantine (
  extract INTEGER NOT NULL,
  row INTEGER NOT NULL,
  header TEXT NOT NULL,         -- delivered column, empty for the whole row
  shown TEXT NOT NULL,          -- masked
  reason TEXT NOT NULL
) STRICT;

-- unit: 0 = id of a person, 1 = id of a family
CREATE TABLE exclusion (unit INTEGER, id INTEGER, extract INTEGER, row INTEGER, item INTEGER, noted_on INTEGER) STRICT;
CREATE TABLE pregnancy (id INTEGER, extract INTEGER, row INTEGER, pregnancy INTEGER, pregnancy_order INTEGER, delivery_date INTEGER) STRICT;
CREATE TABLE wage_premium (id INTEGER, extract INTEGER, row INTEGER, wage_premium INTEGER) STRICT;
CREATE TABLE human_rights_victim (id INTEGER, extract INTEGER, row INTEGER) STRICT;
CREATE TABLE school_level (id INTEGER, extract INTEGER, row INTEGER, school_list_level INTEGER) STRICT;
CREATE TABLE livelihood_loss (id INTEGER, extract INTEGER, row INTEGER, lost_on INTEGER) STRICT;
-- program: 1 pkh, 2 sembako, 3 pbi_jkn, 4 blt_dd, 5 permakanan, 6 klj
CREATE TABLE aid_history (unit INTEGER, id INTEGER, head INTEGER, extract INTEGER, row INTEGER, program INTEGER, since INTEGER, until INTEGER) STRICT;
CREATE TABLE fact_month (id INTEGER, extract INTEGER, row INTEGER, fact_month INTEGER) STRICT;
-- id: the code; BPS codes have 10^10 added
CREATE TABLE village (id INTEGER, extract INTEGER, row INTEGER, system INTEGER, village_kind INTEGER, settlement INTEGER, name TEXT) STRICT;

-- ==== vault.sqlite ====

CREATE TABLE site (key BLOB NOT NULL, id_bits INTEGER NOT NULL) STRICT;

CREATE TABLE person_identity (
  nik TEXT, member_kk_number TEXT, name TEXT, rt TEXT, rw TEXT, hamlet TEXT, ktp_address TEXT
) STRICT;
CREATE TABLE family_identity (
  kk_number TEXT, head_name TEXT, address TEXT, pln_customer_id TEXT, village_name TEXT, district_name TEXT
) STRICT;

-- Every id ever seen, in order; `place` is the rowid of the newest identity,
-- null for an id that only a list or a member's KK named. `tail` tells two
-- inputs of one id apart.
CREATE TABLE person_at (id INTEGER PRIMARY KEY, tail INTEGER NOT NULL, place INTEGER, precedence INTEGER NOT NULL) STRICT;
CREATE TABLE family_at (id INTEGER PRIMARY KEY, tail INTEGER NOT NULL, place INTEGER, precedence INTEGER NOT NULL) STRICT;

-- Inputs whose first 64 bits are another's; the smallest full hash keeps them.
CREATE TABLE moved (unit INTEGER NOT NULL, base INTEGER NOT NULL, tail INTEGER NOT NULL, id INTEGER NOT NULL) STRICT;

CREATE TABLE quarantine_raw (extract INTEGER NOT NULL, row INTEGER NOT NULL, raw BLOB NOT NULL) STRICT;
