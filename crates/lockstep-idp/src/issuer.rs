//! IdPs that sign tokens themselves, as a form that is filled in: whose keys, whose tenant, for whom. Must not know any
//! IdP, and does not verify: it says what must hold.

/// An IdP whose own tokens a directory may accept, where its administrator has no secret to fill in.
#[derive(Debug)]
pub struct Issuer {
    /// What the API calls it.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The forms in which it issues tokens.
    pub forms: &'static [TokenForm],
    /// How its tokens are signed (RFC 7518 §3.1); any other way is refused.
    pub algorithm: &'static str,
    /// Whether a text can be the id of a tenant of it, or of an application there: in the one form in which its tokens
    /// write it.
    pub is_id: fn(&str) -> bool,
    /// The claim that names the tenant, besides `iss`.
    pub tenant_claim: &'static str,
    /// The claims that name the application to which a token was given; the first that is there counts.
    pub application_claims: &'static [&'static str],
    /// Claims that only a token has behind which a person stands: what provisions is an application.
    pub personal_claims: &'static [&'static str],
    /// For whom a token is where nothing else is configured.
    pub audience: &'static str,
    /// Audiences for which anybody in the tenant gets a token: without the application's id they prove nothing.
    pub common_audiences: &'static [&'static str],
    /// Where all this is written.
    pub source: &'static str,
}

/// A form of an issuer's tokens. `{tenant}` stands for the tenant's id.
#[derive(Debug)]
pub struct TokenForm {
    /// What `iss` says.
    pub issuer: &'static str,
    /// Where the keys are published.
    pub keys: &'static str,
}

impl TokenForm {
    /// What `iss` says in this tenant's tokens.
    #[must_use]
    pub fn issuer_of(&self, tenant: &str) -> String {
        self.issuer.replace("{tenant}", tenant)
    }

    /// Where the keys of this tenant's tokens are published.
    #[must_use]
    pub fn keys_of(&self, tenant: &str) -> String {
        self.keys.replace("{tenant}", tenant)
    }
}

impl Issuer {
    /// Whether a published key that names its issuer may have signed this tenant's tokens. Some keys are for the tokens
    /// of one tenant only; a key that is for every tenant says so by a placeholder.
    #[must_use]
    pub fn may_use_key_of(&self, key_issuer: &str, tenant: &str) -> bool {
        let key_issuer = key_issuer.replace("{tenantid}", tenant);
        self.forms.iter().any(|form| form.issuer_of(tenant) == key_issuer)
    }
}
