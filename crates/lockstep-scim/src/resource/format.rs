//! The form of some texts: base64, a certificate, a country code. Must not know which attribute holds them.

/// Whether a text is base64 (RFC 7643 §2.3.6, RFC 4648 §4), line breaks and missing padding allowed. base64url is
/// another encoding, and no attribute here says that it is meant.
pub(super) fn is_base64(text: &str) -> bool {
    let body: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let data = body.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let padding = body.len() - data;
    let alphabet = |&byte: &u8| sextet(byte).is_some();
    padding <= 2
        && data % 4 != 1
        && (padding == 0 || body.len().is_multiple_of(4))
        && body.get(..data).is_some_and(|data| data.iter().all(alphabet))
}

/// Whether a text is base64 of exactly one DER certificate (RFC 7643 §4.1.2, RFC 5280 §4.1), as far as its outline
/// tells: a sequence of what is signed, an algorithm and a signature, with nothing after it. Several in a row, or a
/// sequence of several, have another outline.
pub(super) fn is_certificate(text: &str) -> bool {
    const SEQUENCE: u8 = 0x30;
    const BIT_STRING: u8 = 0x03;
    if !is_base64(text) {
        return false;
    }
    let bytes = decode(text);
    let outline = || {
        let (certificate, rest) = element(&bytes, SEQUENCE)?;
        let (_signed, after) = element(certificate, SEQUENCE)?;
        let (_algorithm, after) = element(after, SEQUENCE)?;
        let (_signature, after) = element(after, BIT_STRING)?;
        (rest.is_empty() && after.is_empty()).then_some(())
    };
    outline().is_some()
}

/// Whether a text has the form of a country code (RFC 7643 §4.1.2: ISO 3166-1 alpha-2). Which codes are given away
/// changes from year to year, so it is not asked.
pub(super) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn sextet(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for value in text.bytes().filter_map(sextet) {
        bits = (bits << 6 | value) & 0x3fff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff).to_le_bytes()[0]);
        }
    }
    bytes
}

/// The content of the DER element in front (X.690 §8.1), if it has this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // The long form; four bytes are more than any text here holds.
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
        }
        _ => return None,
    };
    (found == tag).then(|| rest.split_at_checked(length)).flatten()
}

#[cfg(test)]
pub(crate) mod tests;
