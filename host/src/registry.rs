//! The unified truth in SQLite, and the vault.
