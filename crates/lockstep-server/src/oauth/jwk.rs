//! Public keys as JSON Web Key Sets (RFC 7517) give them. What verifies a signature is decided by the key's type, never
//! by what a token says of itself. Does no IO.

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lockstep_scim::{Limits, Object, json};
use serde_json::Value;

use crate::limits::{JWK_SET_BYTES_LIMIT, JWK_SET_KEYS_LIMIT, KEY_ID_BYTES_LIMIT};

/// How a JWT may be signed (RFC 7518 §3.1, RFC 8037 §3.1). What proves nothing (`none`) and what needs a shared secret
/// (`HS256`) has no name here, so that no token can ask for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Algorithm {
    /// All that a client's assertion may be signed with, as the metadata document lists them.
    pub(crate) const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// What a public key is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Material {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point of P-256, uncompressed.
    P256([u8; 65]),
    Ed25519([u8; 32]),
}

/// A public key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    /// Its name in its set, where it has one.
    pub(crate) id: Option<String>,
    /// The one algorithm that it is for, where it says so.
    algorithm: Option<Algorithm>,
    /// Who signs with it, where its publisher says so.
    pub(crate) issuer: Option<String>,
    material: Material,
}

/// A set of public keys.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
}

/// Why a set of keys is not taken. Says nothing of what a key holds.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("it must be a JSON object with a list of keys as `keys`")]
    NoSet,
    #[error("it has no key that can verify a signature")]
    Empty,
    #[error("it may have {JWK_SET_KEYS_LIMIT} keys and {JWK_SET_BYTES_LIMIT} bytes at most")]
    TooLarge,
    #[error("the key at position {0} holds a secret part: send public keys only, and make a new one")]
    Secret(usize),
    #[error(
        "the key at position {0} cannot be used: it must be RSA of 2,048 to 8,192 bits, EC on P-256 or OKP on Ed25519, \
         for signatures"
    )]
    Unusable(usize),
    #[error("where there are several keys, each needs a `kid` of its own")]
    Unnamed,
}

impl KeySet {
    /// Reads a set that somebody publishes for many readers: what is not for us in it is left out.
    pub(crate) fn parse_published(bytes: &[u8]) -> Result<Self, KeyError> {
        let keys: Vec<Key> = read(bytes)?.iter().filter_map(Key::parse).collect();
        if keys.is_empty() { Err(KeyError::Empty) } else { Ok(Self { keys }) }
    }

    /// Reads a set that is registered here: every key of it must be of use, and none may give a secret away.
    pub(crate) fn parse_registered(bytes: &[u8]) -> Result<Self, KeyError> {
        let listed = read(bytes)?;
        let mut keys: Vec<Key> = Vec::new();
        for (index, value) in listed.iter().enumerate() {
            let has_secret = |object: &Object| {
                ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|part| object.contains_key(*part))
            };
            if value.as_object().is_some_and(has_secret) {
                return Err(KeyError::Secret(index));
            }
            keys.push(Key::parse(value).ok_or(KeyError::Unusable(index))?);
        }
        let named =
            |key: &Key| key.id.is_some() && keys.iter().filter(|other| other.id == key.id).count() == 1;
        match keys.len() {
            0 => Err(KeyError::Empty),
            1 => Ok(Self { keys }),
            _ if keys.iter().all(named) => Ok(Self { keys }),
            _ => Err(KeyError::Unnamed),
        }
    }

    /// The keys that may have signed what names this one; a token that names none can only mean the only one.
    pub(crate) fn named(&self, id: Option<&str>) -> Option<&Key> {
        match (id, self.keys.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(_), [only]) if only.id.is_none() => Some(only),
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
        }
    }

    /// The public parts again, as they are kept and shown.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::json!({ "keys": self.keys.iter().map(Key::to_json).collect::<Vec<_>>() })
    }
}

impl Key {
    /// Reads a public key for signatures; `None` for any other.
    fn parse(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        // RFC 7517 §4.2, §4.3: what a key says that it is for.
        let purpose = object.get("use").is_none_or(|purpose| purpose == "sig");
        let operations = object.get("key_ops").is_none_or(|list| {
            list.as_array().is_some_and(|list| list.iter().any(|operation| operation == "verify"))
        });
        if !purpose || !operations {
            return None;
        }
        let material = Material::parse(object)?;
        let algorithm = match object.get("alg") {
            None => None,
            Some(name) => {
                Some(name.as_str().and_then(Algorithm::parse).filter(|algorithm| material.fits(*algorithm))?)
            }
        };
        let id = match object.get("kid") {
            None => None,
            Some(id) => {
                Some(id.as_str().filter(|id| !id.is_empty() && id.len() <= KEY_ID_BYTES_LIMIT)?.to_owned())
            }
        };
        Some(Self { id, algorithm, issuer: text("issuer").map(str::to_owned), material })
    }

    fn to_json(&self) -> Value {
        let encode = |bytes: &[u8]| Value::from(URL_SAFE_NO_PAD.encode(bytes));
        let mut object = Object::new();
        match &self.material {
            Material::Rsa { modulus, exponent } => {
                object.insert("kty".into(), "RSA".into());
                object.insert("n".into(), encode(modulus));
                object.insert("e".into(), encode(exponent));
            }
            Material::P256(point) => {
                let (x, y) = point.get(1..).unwrap_or_default().split_at(32);
                object.insert("kty".into(), "EC".into());
                object.insert("crv".into(), "P-256".into());
                object.insert("x".into(), encode(x));
                object.insert("y".into(), encode(y));
            }
            Material::Ed25519(bytes) => {
                object.insert("kty".into(), "OKP".into());
                object.insert("crv".into(), "Ed25519".into());
                object.insert("x".into(), encode(bytes));
            }
        }
        if let Some(id) = &self.id {
            object.insert("kid".into(), id.as_str().into());
        }
        if let Some(algorithm) = self.algorithm {
            object.insert("alg".into(), algorithm.as_str().into());
        }
        Value::Object(object)
    }

    /// Whether the holder of the key signed this by this algorithm.
    pub(crate) fn has_signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.material.fits(algorithm) || self.algorithm.is_some_and(|own| own != algorithm) {
            return false;
        }
        let verified = match &self.material {
            Material::Rsa { modulus, exponent } => {
                let parameters = if algorithm == Algorithm::Ps256 {
                    &RSA_PSS_2048_8192_SHA256
                } else {
                    &RSA_PKCS1_2048_8192_SHA256
                };
                PublicKeyComponents { n: modulus, e: exponent }.verify(parameters, message, signature)
            }
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Material::Ed25519(bytes) => UnparsedPublicKey::new(&ED25519, bytes).verify(message, signature),
        };
        verified.is_ok()
    }
}

impl Material {
    fn parse(object: &Object) -> Option<Self> {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let (modulus, exponent) = (without_zeros(bytes("n")?), without_zeros(bytes("e")?));
                // 3 and 65,537 are what is in use; a short exponent keeps a verification cheap.
                let fits = (256..=1024).contains(&modulus.len()) && (1..=4).contains(&exponent.len());
                fits.then_some(Self::Rsa { modulus, exponent })
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                let point: Vec<u8> =
                    std::iter::once(4).chain(x.iter().copied()).chain(y.iter().copied()).collect();
                // RFC 7518 §6.2.1.2: each coordinate has the curve's full length.
                if x.len() == 32 { point.try_into().ok().map(Self::P256) } else { None }
            }
            ("OKP", Some("Ed25519")) => bytes("x")?.try_into().ok().map(Self::Ed25519),
            _ => None,
        }
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        matches!(
            (self, algorithm),
            (Self::Rsa { .. }, Algorithm::Rs256 | Algorithm::Ps256)
                | (Self::P256(_), Algorithm::Es256)
                | (Self::Ed25519(_), Algorithm::EdDsa)
        )
    }
}

/// Some write a zero in front, so that the number does not look negative.
fn without_zeros(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

fn read(bytes: &[u8]) -> Result<Vec<Value>, KeyError> {
    if bytes.len() > JWK_SET_BYTES_LIMIT {
        return Err(KeyError::TooLarge);
    }
    let limits = Limits { body_bytes: JWK_SET_BYTES_LIMIT, ..Limits::default() };
    let Ok(Value::Object(mut object)) = json::parse(bytes, &limits) else { return Err(KeyError::NoSet) };
    match object.remove("keys") {
        Some(Value::Array(keys)) if keys.len() <= JWK_SET_KEYS_LIMIT => Ok(keys),
        Some(Value::Array(_)) => Err(KeyError::TooLarge),
        _ => Err(KeyError::NoSet),
    }
}

#[cfg(test)]
mod tests;
