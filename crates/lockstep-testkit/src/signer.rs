//! Who signs JSON Web Tokens in tests: an issuer of tokens, or a client with a key of its own. Writes what it is told,
//! also what nobody should.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A key pair that was made for one test.
pub struct Signer {
    id: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    /// An RSA key of 2,048 bits, named `id`.
    pub fn rsa(id: &str) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("the system gives randomness");
        Self { id: id.to_owned(), pair: Pair::Rsa(pair) }
    }

    /// A key on the curve P-256, named `id`.
    pub fn p256(id: &str) -> Self {
        let pair =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("the system gives randomness");
        Self { id: id.to_owned(), pair: Pair::P256(pair) }
    }

    /// A key on Ed25519, named `id`.
    pub fn ed25519(id: &str) -> Self {
        let pair = Ed25519KeyPair::generate().expect("the system gives randomness");
        Self { id: id.to_owned(), pair: Pair::Ed25519(pair) }
    }

    /// The algorithm that the key is for: of RSA's two the one that is in use most.
    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
            Pair::Ed25519(_) => "EdDSA",
        }
    }

    /// The public key as a JSON Web Key.
    pub fn jwk(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Rsa(pair) => {
                // RFC 8017 §A.1.1 in DER: a sequence of two integers, of 257 bytes (the first is zero) and of 3.
                let der = pair.public_key().as_ref();
                let n = der.get(9..265).expect("a modulus of 2,048 bits");
                let e = der.get(267..270).expect("an exponent of 3 bytes");
                json!({ "kty": "RSA", "use": "sig", "kid": self.id, "n": encode(n), "e": encode(e) })
            }
            Pair::P256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = point.get(1..).expect("an uncompressed point").split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "kid": self.id, "x": encode(x), "y": encode(y) })
            }
            Pair::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": encode(pair.public_key().as_ref()) })
            }
        }
    }

    /// The set that holds this key alone.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.jwk()] })
    }

    /// A token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({ "alg": self.algorithm(), "typ": "JWT", "kid": self.id }), claims)
    }

    /// A token with this header, whatever it says, and these claims.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        self.signed(&format!("{}.{}", encoded(header), encoded(claims)), header["alg"] == "PS256")
    }

    /// This text, a dot and the signature over it; by RSA-PSS where that is asked of an RSA key.
    pub fn signed(&self, text: &str, pss: bool) -> String {
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding: &'static dyn aws_lc_rs::signature::RsaEncoding =
                    if pss { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, text.as_bytes(), &mut signature).expect("it can be signed");
                signature
            }
            Pair::P256(pair) => {
                pair.sign(&random, text.as_bytes()).expect("it can be signed").as_ref().to_vec()
            }
            Pair::Ed25519(pair) => pair.sign(text.as_bytes()).as_ref().to_vec(),
        };
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// JSON as a part of a token.
fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
