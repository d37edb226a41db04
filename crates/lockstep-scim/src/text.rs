//! The one rule by which text is compared without regard to case. Must not know any attribute.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizerBorrowed;

/// Folds text for every `caseExact: false` comparison and for uniqueness keys (RFC 7643 §2.2):
/// Unicode normalization form C, full case folding, form C again. Folding twice changes nothing.
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
pub fn compose(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// The key under which a userName is unique (RFC 7643 §4.1.1: unique and case-insensitive).
pub fn user_name_key(user_name: &str) -> String {
    fold(user_name).into_owned()
}

#[cfg(test)]
mod tests;
