//! Makes pseudonyms from identities.
//!
//! Takes the site's key; gives 128 bits of a keyed BLAKE3 of a KK number, an NIK,
//! or what stands for a missing NIK. The first 64 bits are the id, the rest tells
//! two different inputs of one id apart. The key never leaves the vault.

use blake3::Hasher;

/// A keyed hash of an identity, cut to 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Key {
    /// The first 64 bits: the id, unless another input has the same.
    pub base: u64,
    /// The next 64 bits.
    pub tail: u64,
}

/// The key of a site, ready to hash with.
#[derive(Clone)]
pub struct Keyring {
    key: [u8; 32],
    /// Bits of `base` that are kept: all, but for a test of collisions.
    mask: u64,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({})", self.fingerprint())
    }
}

impl Keyring {
    /// From the site's key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Keyring {
        Keyring { key, mask: u64::MAX }
    }

    /// Keeps only some bits of each id, so that a test meets collisions.
    #[must_use]
    pub fn truncated(key: [u8; 32], bits: u32) -> Keyring {
        Keyring { key, mask: u64::MAX >> 64_u32.saturating_sub(bits).min(63) }
    }

    /// What a manifest may show of the key: 16 hex digits of its derived hash.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash = blake3::derive_key("layak 2026 fingerprint of an id key", &self.key);
        hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The key of a KK number.
    #[must_use]
    pub fn family(&self, kk: &[u8]) -> Key {
        self.hash(b'k', &[kk])
    }

    /// The key of an NIK.
    #[must_use]
    pub fn person(&self, nik: &[u8]) -> Key {
        self.hash(b'n', &[nik])
    }

    /// The key of a person without NIK: KK, name, birth date, sex, relation.
    #[must_use]
    pub fn nameless(&self, kk: &[u8], name: &[u8], birth: i64, sex: i64, relation: i64) -> Key {
        self.hash(b'x', &[kk, name, &birth.to_le_bytes(), &sex.to_le_bytes(), &relation.to_le_bytes()])
    }

    /// The id of an input whose own id belongs to another: counted in the order of the full hashes.
    #[must_use]
    pub fn moved(&self, key: Key, counter: u32) -> u64 {
        let mut hasher = Hasher::new_keyed(&self.key);
        hasher.update(b"c").update(&key.base.to_le_bytes()).update(&key.tail.to_le_bytes());
        first(hasher.update(&counter.to_le_bytes()).finalize().as_bytes(), 0)
    }

    fn hash(&self, kind: u8, parts: &[&[u8]]) -> Key {
        // one short message in one call: the common case is one block
        let mut message = [0_u8; 64];
        let length: usize = parts.iter().map(|part| part.len() + 1).sum::<usize>() + 1;
        let hash = if length <= message.len() {
            let mut at = 1;
            message[0] = kind;
            for part in parts {
                if let Some(room) = message.get_mut(at..at + part.len()) {
                    room.copy_from_slice(part);
                }
                at += part.len() + 1;
            }
            blake3::keyed_hash(&self.key, message.get(..length).unwrap_or(&message))
        } else {
            let mut hasher = Hasher::new_keyed(&self.key);
            hasher.update(&[kind]);
            for part in parts {
                hasher.update(part).update(&[0]);
            }
            hasher.finalize()
        };
        Key { base: first(hash.as_bytes(), 0) & self.mask, tail: first(hash.as_bytes(), 8) }
    }
}

fn first(bytes: &[u8; 32], from: usize) -> u64 {
    bytes.get(from..from + 8).and_then(|part| part.try_into().ok()).map_or(0, u64::from_be_bytes)
}
