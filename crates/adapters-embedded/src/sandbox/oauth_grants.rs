//! What a person has granted, and the codes and tokens that stand for it.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use cheapbob_domain::{
    shared::{Clock, Error, Result},
    users::Provider,
};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use rand::RngCore;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::state::Sandbox;
use crate::fakes::failed;

/// What the browser brings from us, and what the person adds on the page.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Grant {
    #[serde(default)]
    pub(super) client_id: String,
    #[serde(default)]
    pub(super) redirect_uri: String,
    #[serde(default)]
    pub(super) response_type: String,
    #[serde(default)]
    pub(super) scope: String,
    /// Empty: none was sent. Naver's documentation requires one, Naver does not.
    #[serde(default)]
    pub(super) state: String,
    pub(super) nonce: Option<String>,
    pub(super) code_challenge: Option<String>,
    /// `S256`, or `plain`, which is the default.
    pub(super) code_challenge_method: Option<String>,
    /// Google: `offline` asks for a refresh token.
    pub(super) access_type: Option<String>,
    /// Empty: the person gives no e-mail.
    #[serde(default)]
    pub(super) email: String,
    /// Their id at the provider, where it is not to follow from the e-mail.
    pub(super) user_id: Option<String>,
    /// `no`: the provider does not vouch for the e-mail.
    pub(super) verified: Option<String>,
    /// Pressed "deny".
    pub(super) deny: Option<String>,
}

/// The id that this provider gives to the person with this e-mail.
pub fn user_id(provider: Provider, email: &str) -> String {
    let digest = Sha256::digest(format!("{}:{email}", provider.as_str()).as_bytes());
    let number = digest.iter().take(6).fold(0_u64, |n, b| n << 8 | u64::from(*b));
    match provider {
        Provider::Google => format!("1{number:020}"),
        Provider::Kakao => number.to_string(),
        Provider::Naver => URL_SAFE_NO_PAD.encode(digest),
    }
}

impl Grant {
    pub(super) fn user_id(&self, provider: Provider) -> String {
        self.user_id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| user_id(provider, &self.email))
    }

    pub(super) fn vouched(&self) -> bool {
        self.verified.as_deref() != Some("no")
    }

    /// The scopes that were asked for: Google separates them by spaces, Kakao by commas.
    pub(super) fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope.split([' ', ',']).filter(|scope| !scope.is_empty())
    }

    /// Whether Google shows this part (`email`, `profile`) of the person. Who names no scope sees all.
    pub(super) fn shows(&self, part: &str) -> bool {
        self.scopes().next().is_none() || self.scopes().any(|s| s.trim_start_matches("https://www.googleapis.com/auth/userinfo.") == part)
    }

    /// Whether the verifier belongs to the challenge, where there was one.
    pub(super) fn verified_by(&self, verifier: Option<&str>) -> bool {
        let Some(challenge) = &self.code_challenge else { return true };
        verifier.is_some_and(|verifier| match self.code_challenge_method.as_deref() {
            Some("S256") => *challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
            _ => challenge == verifier,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Good for one use.
    Code,
    Access,
    Refresh,
}

impl Kind {
    /// For how many seconds it is good.
    pub(super) fn life(self, provider: Provider) -> i64 {
        const YEAR: i64 = 365 * 86_400;
        match (self, provider) {
            (Self::Code, _) => 600,
            (Self::Access, Provider::Google) => 3_599,
            (Self::Access, Provider::Kakao) => 21_599,
            (Self::Access, Provider::Naver) => 3_600,
            (Self::Refresh, Provider::Kakao) => 5_183_999,
            (Self::Refresh, _) => YEAR,
        }
    }
}

/// What a code or a token stands for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Issued {
    pub(super) kind: Kind,
    /// The same for all tokens of one login: whoever revokes one revokes them.
    pub(super) login: String,
    user: String,
    /// Unix seconds, by the product's clock.
    pub(super) until: i64,
    pub(super) grant: Grant,
}

fn random() -> [u8; 24] {
    let mut random = [0_u8; 24];
    rand::rng().fill_bytes(&mut random);
    random
}

/// A name for a login that begins.
pub(super) fn new_login() -> String {
    URL_SAFE_NO_PAD.encode(random())
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = t::Jsonb)]
    query: Value,
}

impl Sandbox {
    pub(super) async fn issue(&self, provider: Provider, kind: Kind, login: &str, grant: &Grant) -> Result<String> {
        let token = match (kind, provider) {
            // As real ones: Google's codes hold a slash, Naver's tokens what has to be encoded in a query.
            (Kind::Code, _) => format!("4/0{}", URL_SAFE_NO_PAD.encode(random())),
            (_, Provider::Naver) => format!("sandbox+{}/=", STANDARD.encode(random())),
            _ => format!("sandbox-{}", URL_SAFE_NO_PAD.encode(random())),
        };
        let until = self.clock.now().timestamp() + kind.life(provider);
        let issued = Issued { kind, login: login.to_owned(), user: grant.user_id(provider), until, grant: grant.clone() };
        let mut connection = self.embedded.connection().await?;
        sql_query("INSERT INTO embedded.oauth_grants (token, provider, is_code, email, query) VALUES ($1, $2, $3, $4, $5)")
            .bind::<t::Text, _>(&token)
            .bind::<t::Text, _>(provider.as_str())
            .bind::<t::Bool, _>(kind == Kind::Code)
            .bind::<t::Text, _>(&grant.email)
            .bind::<t::Jsonb, _>(serde_json::to_value(issued).map_err(Error::internal)?)
            .execute(&mut connection)
            .await
            .map_err(failed)?;
        Ok(token)
    }

    /// What the code stands for; it is used up.
    pub(super) async fn redeem(&self, provider: Provider, code: &str) -> Result<Option<Issued>> {
        let sql = "DELETE FROM embedded.oauth_grants WHERE token = $1 AND provider = $2 AND is_code RETURNING query";
        self.issued(sql, provider, Kind::Code, code).await
    }

    /// What the token stands for, until it ends or is revoked.
    pub(super) async fn look_up(&self, provider: Provider, kind: Kind, token: &str) -> Result<Option<Issued>> {
        let sql = "SELECT query FROM embedded.oauth_grants WHERE token = $1 AND provider = $2 AND NOT is_code";
        self.issued(sql, provider, kind, token).await
    }

    async fn issued(&self, sql: &str, provider: Provider, kind: Kind, token: &str) -> Result<Option<Issued>> {
        let mut connection = self.embedded.connection().await?;
        let row: Option<Row> = sql_query(sql)
            .bind::<t::Text, _>(token.replace('\0', ""))
            .bind::<t::Text, _>(provider.as_str())
            .get_result(&mut connection)
            .await
            .optional()
            .map_err(failed)?;
        // What a version before has issued has ended.
        let issued = row.and_then(|row| serde_json::from_value::<Issued>(row.query).ok());
        Ok(issued.filter(|issued| issued.kind == kind && self.clock.now().timestamp() < issued.until))
    }

    /// Ends all tokens of the login that this one, of whichever kind, is of. `false`: there is no such token.
    pub(super) async fn revoke(&self, provider: Provider, token: &str) -> Result<bool> {
        let same_login = "query->>'login' = (SELECT query->>'login' FROM embedded.oauth_grants WHERE token = $2 AND provider = $1)";
        Ok(self.end(same_login, provider, token).await? > 0)
    }

    /// Ends all tokens of this user.
    pub(super) async fn forget(&self, provider: Provider, user: &str) -> Result<()> {
        self.end("query->>'user' = $2", provider, user).await.map(|_| ())
    }

    async fn end(&self, which: &str, provider: Provider, value: &str) -> Result<usize> {
        let mut connection = self.embedded.connection().await?;
        sql_query(format!("DELETE FROM embedded.oauth_grants WHERE provider = $1 AND NOT is_code AND {which}"))
            .bind::<t::Text, _>(provider.as_str())
            .bind::<t::Text, _>(value.replace('\0', ""))
            .execute(&mut connection)
            .await
            .map_err(failed)
    }
}
