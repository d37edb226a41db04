//! Bytes as text that stands in URLs unescaped: base64url without padding (RFC 4648 §5).

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Appends the bytes as text.
pub(crate) fn encode_into(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |sum, &byte| (sum << 8) | u32::from(byte)) << (8 * (3 - chunk.len()));
        for position in (0..4u32).rev().take(chunk.len() + 1) {
            let digit = usize::try_from((group >> (6 * position)) & 63).unwrap_or_default();
            text.push(char::from(ALPHABET.get(digit).copied().unwrap_or(b'A')));
        }
    }
}

/// The bytes that were written as this text; nothing where [`encode_into`] would have written another.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.as_bytes().chunks(4) {
        let mut group = 0u32;
        for letter in chunk {
            let digit = ALPHABET.iter().position(|known| known == letter)?;
            group = (group << 6) | u32::try_from(digit).ok()?;
        }
        group <<= 6 * (4 - chunk.len());
        let [_, whole @ ..] = group.to_be_bytes();
        bytes.extend(whole.iter().take(chunk.len().saturating_sub(1)));
    }
    let mut canonical = String::with_capacity(text.len());
    encode_into(&mut canonical, &bytes);
    (canonical == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).map(|byte| byte.wrapping_mul(37)).collect();
            let mut text = String::new();
            encode_into(&mut text, &bytes);
            assert_eq!(decode(&text), Some(bytes));
        }
        assert_eq!(decode("TWFu").as_deref(), Some(&b"Man"[..]));
        for other in ["A", "AB", "TWF+", "TWFu=", "TW u", "\u{fc}AAA"] {
            assert_eq!(decode(other), None, "{other}");
        }
    }
}
