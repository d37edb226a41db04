//! The one rule by which text is compared without regard to case. Must not know any attribute.
//!
//! ```
//! use lockstep_scim::text;
//!
//! assert_eq!(text::fold("STRASSE"), text::fold("Straße"));
//! assert_eq!(text::user_name_key(" Ａda "), "ada");
//! ```

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

/// Folds text for every `caseExact: false` comparison and for uniqueness keys (RFC 7643 §2.2):
/// Unicode normalization form C, full case folding, form C again. Folding twice changes nothing.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    let composed = nfc.normalize(text);
    let folded = CaseMapper::new().fold_string(&composed);
    Cow::Owned(nfc.normalize(&folded).into_owned())
}

/// Normalization form C, for `caseExact: true` comparisons: the same text in two encodings is equal.
#[must_use]
pub fn compose(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// The key under which a userName is unique (RFC 7643 §4.1.1: unique and case-insensitive): letters of either width
/// are one (RFC 8265 §3.3.2), and blanks at the ends are none. It is empty if the name is blank.
#[must_use]
pub fn user_name_key(user_name: &str) -> String {
    fold(map_width(user_name).trim()).into_owned()
}

/// The width mapping rule of user names (RFC 8265 §3.3.2): what is fullwidth or halfwidth becomes what it
/// decomposes to; nothing else does, so that no other compatibility form is taken for another letter.
pub(crate) fn map_width(text: &str) -> Cow<'_, str> {
    // The characters of the block, and the ideographic space, have three bytes, and 0xE3 or 0xEF is the first.
    if !text.bytes().any(|byte| matches!(byte, 0xe3 | 0xef)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(without_width).collect())
}

/// The decomposition mapping of one character (UnicodeData.txt, `<wide>` and `<narrow>`).
fn without_width(letter: char) -> char {
    /// U+FF5F to U+FF9F.
    const PUNCTUATION_AND_KATAKANA: &str = "⦅⦆。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\u{3099}\u{309a}";
    /// U+FFE0 to U+FFEE; U+FFE7 is nothing.
    const SIGNS: &str = "¢£¬¯¦¥₩\u{ffe7}│←↑→↓■○";
    let code = u32::from(letter);
    let nth = |letters: &str, first: u32| letters.chars().nth(usize::try_from(code - first).ok()?);
    let mapped = match code {
        0x3000 => Some(' '),
        0xff01..=0xff5e => char::from_u32(code - 0xfee0),
        0xff5f..=0xff9f => nth(PUNCTUATION_AND_KATAKANA, 0xff5f),
        0xffa0 => Some('\u{3164}'),
        // The letters of Hangul stand in columns of six, with gaps between.
        0xffa1..=0xffbe => char::from_u32(code - 0xffa1 + 0x3131),
        0xffc2..=0xffc7 => char::from_u32(code - 0xffc2 + 0x314f),
        0xffca..=0xffcf => char::from_u32(code - 0xffca + 0x3155),
        0xffd2..=0xffd7 => char::from_u32(code - 0xffd2 + 0x315b),
        0xffda..=0xffdc => char::from_u32(code - 0xffda + 0x3161),
        0xffe0..=0xffee => nth(SIGNS, 0xffe0),
        _ => None,
    };
    mapped.unwrap_or(letter)
}

#[cfg(test)]
mod tests;
