-- The ledger: which period has which snapshot, which runs were made, what was exported.
-- Append only: a row is never changed or taken away.
CREATE TABLE IF NOT EXISTS snapshots (
    seq     INTEGER PRIMARY KEY,
    period  TEXT NOT NULL,
    root    TEXT NOT NULL,   -- BLAKE3 of the manifest
    noted   TEXT NOT NULL,   -- UTC
    UNIQUE (period, root)
) STRICT;
CREATE TABLE IF NOT EXISTS runs (
    seq      INTEGER PRIMARY KEY,
    run      TEXT NOT NULL UNIQUE,  -- BLAKE3 of the receipt's result
    period   TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    receipt  TEXT NOT NULL,         -- BLAKE3 of receipt.json
    noted    TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS exports (
    seq     INTEGER PRIMARY KEY,
    run     TEXT NOT NULL,
    program TEXT NOT NULL,
    region  TEXT NOT NULL,          -- empty = the nation
    file    TEXT NOT NULL,
    hash    TEXT NOT NULL,          -- BLAKE3 of the file
    rows    INTEGER NOT NULL,
    rupiah  INTEGER NOT NULL,
    noted   TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS letters (
    seq     INTEGER PRIMARY KEY,
    run     TEXT NOT NULL,
    person  TEXT NOT NULL,          -- pseudonym of the person whose name a letter bears
    reason  TEXT NOT NULL,          -- why it bears it
    hash    TEXT NOT NULL,          -- BLAKE3 of the letter
    noted   TEXT NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS letters_kept BEFORE UPDATE ON letters BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS letters_stay BEFORE DELETE ON letters BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS snapshots_kept BEFORE UPDATE ON snapshots BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS snapshots_stay BEFORE DELETE ON snapshots BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS runs_kept BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS runs_stay BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS exports_kept BEFORE UPDATE ON exports BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS exports_stay BEFORE DELETE ON exports BEGIN SELECT RAISE(ABORT, 'append only'); END;
