//! The master key, and the keys that are derived from it, one for each purpose (HKDF, RFC 5869). It stands in no
//! database and no log: who has a copy of the database has none of what it protects.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

use crate::base64url;
use crate::limits::SEALED_CHARS_LIMIT;

/// 32 bytes that nobody can guess.
pub struct MasterKey([u8; 32]);

/// A text that is no master key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MalformedKey;

impl fmt::Display for MalformedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a master key is 64 hexadecimal digits, as `openssl rand -hex 32` prints them")
    }
}

impl std::error::Error for MalformedKey {}

impl MasterKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, MalformedKey> {
        let digits: Option<Vec<u8>> =
            text.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
        let digits = digits.ok_or(MalformedKey)?;
        let (pairs, []) = digits.as_chunks::<2>() else { return Err(MalformedKey) };
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high * 16 + low).collect();
        bytes.try_into().map(Self).map_err(|_| MalformedKey)
    }

    /// As [`MasterKey::parse`] reads it: for the file that holds it, and nothing else.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let mut text = String::new();
        for byte in self.0 {
            text.extend(
                [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')),
            );
        }
        text
    }
}

/// Bytes of the mark of a master key.
const MARK_BYTES: usize = 16;

impl MasterKey {
    /// By which a database knows the key that its secrets are sealed with. Nobody learns the key from it.
    #[must_use]
    pub fn mark(&self) -> Option<[u8; MARK_BYTES]> {
        let root = Salt::new(HKDF_SHA256, b"lockstep").extract(&self.0);
        let mut mark = [0; MARK_BYTES];
        root.expand(&[b"mark 1"], Bytes(MARK_BYTES)).ok()?.fill(&mut mark).ok()?;
        Some(mark)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// What is derived from a master key.
#[derive(Clone)]
pub struct Keys {
    /// Seals the cursors of SCIM lists.
    pub(crate) cursors: SealingKey,
    /// Seals the answers that are kept for requests that may come again.
    pub(crate) answers: SealingKey,
}

impl Keys {
    /// The keys of this master key.
    #[must_use]
    pub fn of(master: &MasterKey) -> Self {
        let root = Salt::new(HKDF_SHA256, b"lockstep").extract(&master.0);
        // Never change a purpose's name: what was sealed under it would be lost.
        Self {
            cursors: SealingKey::for_purpose(&root, b"scim cursor 1"),
            answers: SealingKey::for_purpose(&root, b"api answer 1"),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

/// Seals texts that go out and come back: nobody reads one, makes one or changes one (AES-256-GCM). Each is
/// sealed under a key of its own, derived from 32 random bytes that stand in front of it, so that no number of texts
/// wears the key out.
#[derive(Clone)]
pub(crate) struct SealingKey(Option<Prk>);

const SEED_BYTES: usize = 32;
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

impl SealingKey {
    fn for_purpose(root: &Prk, purpose: &[u8]) -> Self {
        Self(root.expand(&[purpose], HKDF_SHA256).ok().map(Prk::from))
    }

    /// Bytes that are kept, to be opened only with the same `context`. `seed` is drawn for them alone. Nothing where the
    /// library fails.
    pub(crate) fn seal_bytes(&self, seed: [u8; SEED_BYTES], context: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        let (key, nonce) = self.once(&seed)?;
        let mut sealed = text.to_vec();
        key.seal_in_place_append_tag(nonce, Aad::from(context), &mut sealed).ok()?;
        Some([&seed[..], &sealed].concat())
    }

    /// The bytes that were sealed with this context; nothing for anything else.
    pub(crate) fn open_bytes(&self, context: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
        let (seed, sealed) = bytes.split_first_chunk::<SEED_BYTES>()?;
        let (key, nonce) = self.once(seed)?;
        let mut text = sealed.to_vec();
        Some(key.open_in_place(nonce, Aad::from(context), &mut text).ok()?.to_vec())
    }

    /// The text in a form for URLs, to be opened only with the same `context`. `seed` is drawn for it alone. Nothing
    /// where the library fails.
    pub(crate) fn seal(&self, seed: [u8; SEED_BYTES], context: &[u8], text: &[u8]) -> Option<String> {
        let mut out = String::new();
        base64url::encode_into(&mut out, &self.seal_bytes(seed, context, text)?);
        Some(out)
    }

    /// The text that was sealed with this context; nothing for anything else, and nobody learns why.
    pub(crate) fn open(&self, context: &[u8], sealed: &str) -> Option<Vec<u8>> {
        if sealed.len() > SEALED_CHARS_LIMIT {
            return None;
        }
        self.open_bytes(context, &base64url::decode(sealed)?)
    }

    /// The key of one text.
    fn once(&self, seed: &[u8; SEED_BYTES]) -> Option<(LessSafeKey, Nonce)> {
        let mut derived = [0; KEY_BYTES + NONCE_BYTES];
        let info: [&[u8]; 1] = [seed];
        self.0.as_ref()?.expand(&info, Bytes(derived.len())).ok()?.fill(&mut derived).ok()?;
        let (key, nonce) = derived.split_first_chunk::<KEY_BYTES>()?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
        Some((key, Nonce::try_assume_unique_for_key(nonce).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealingKey {
        Keys::of(&MasterKey::new([byte; 32])).cursors
    }

    #[test]
    fn a_master_key_is_64_hexadecimal_digits() {
        let text = "00ff".repeat(16);
        let key = MasterKey::parse(&text).unwrap();
        assert_eq!(key.to_secret_text(), text);
        assert_eq!(MasterKey::parse(&text.to_uppercase()).unwrap().to_secret_text(), text);
        assert_eq!(format!("{key:?} {:?}", Keys::of(&key)), "MasterKey(..) Keys(..)");
        for wrong in [
            "",
            "00",
            &text[1..],
            &format!("{text}0"),
            &format!("{text}00"),
            &"g0".repeat(32),
            &"é".repeat(32),
        ] {
            assert_eq!(MasterKey::parse(wrong).err(), Some(MalformedKey), "{wrong}");
        }
    }

    #[test]
    fn a_key_has_one_mark_and_another_key_another() {
        let mark = |byte| MasterKey::new([byte; 32]).mark().unwrap();
        assert_eq!(mark(1), mark(1));
        assert_ne!(mark(1), mark(2));
        assert_ne!(mark(1), [1; 16]);
    }

    // Shows: CURSOR-02, CURSOR-22
    #[test]
    fn what_is_sealed_is_opened_whole_by_the_same_key_and_context_only() {
        let sealed = key(1).seal([7; 32], b"mine", b"text").unwrap();
        assert!(sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(key(1).open(b"mine", &sealed).as_deref(), Some(&b"text"[..]));
        assert_eq!(key(2).open(b"mine", &sealed), None);
        assert_eq!(key(1).open(b"yours", &sealed), None);
        for end in 0..sealed.len() {
            assert_eq!(key(1).open(b"mine", &sealed[..end]), None, "cut at {end}");
        }
        for position in 0..sealed.len() {
            let other = if sealed.as_bytes()[position] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &sealed[..position], &sealed[position + 1..]);
            assert_eq!(key(1).open(b"mine", &changed), None, "changed at {position}");
        }
        assert_eq!(key(1).open(b"mine", &"A".repeat(1 << 20)), None);
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        let (one, two) = (key(1).seal([7; 32], b"", b"text"), key(1).seal([8; 32], b"", b"text"));
        assert_ne!(one, two);
    }
}
