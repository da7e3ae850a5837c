//! An OpenID Connect provider: who knows people, and in which groups they are. Authorisation code with
//! PKCE; state, nonce, issuer, audience, time and signature are checked by the library. What is fetched
//! goes over TLS or stays on this machine, and redirects are not followed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IdTokenFields, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use trimtab_model::Role;
use trimtab_store::{Grant, ScopeOf};
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};

/// How long what a provider says of itself is believed.
const KEPT: SignedDuration = SignedDuration::from_mins(10);
/// How long a provider may take.
const ANSWER: Duration = Duration::from_secs(10);
/// The largest answer of a provider.
const MOST: u64 = 1 << 20;
/// Signatures by keys that the provider publishes; a shared secret is none.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// A provider, as the server is started with it.
#[derive(Clone)]
pub struct Provider {
    /// What the button says: `Sign in with …`.
    pub name: String,
    /// The issuer's address.
    pub issuer: String,
    /// Who we are there.
    pub client: String,
    /// Our secret there. `None`: we have none, PKCE is enough.
    pub secret: Option<String>,
    /// The claim that holds groups.
    pub groups: String,
    /// The role that a group has, within the whole organisation.
    pub roles: Vec<(String, Role)>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Provider {
    /// Whether its address is one that may be asked.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), String> {
        let uri: Option<Uri> = self.issuer.parse().ok();
        if !uri.is_some_and(|uri| may_ask(&uri, true)) {
            return Err(format!("`{}` is not an issuer: it must begin with https://", self.issuer));
        }
        Ok(())
    }

    fn is_local(&self) -> bool {
        self.issuer.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() == Some("http"))
    }
}

/// Whether an address may be asked: over TLS, or on this machine if the issuer is there, too.
fn may_ask(uri: &Uri, local: bool) -> bool {
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => local && ["127.0.0.1", "localhost", "[::1]"].contains(&host),
        _ => false,
    }
}

/// What a provider said of itself, and when.
pub(crate) type Known = Arc<Mutex<Option<(Timestamp, CoreProviderMetadata)>>>;

/// Claims beyond the standard's.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct More {
    #[serde(flatten)]
    all: serde_json::Map<String, serde_json::Value>,
}

impl AdditionalClaims for More {}

type Fields = IdTokenFields<
    More,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type Asking = Client<
    More,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What must be brought back by the same browser.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) state: String,
    nonce: String,
    verifier: String,
}

/// Who somebody is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Somebody {
    /// Issuer and subject.
    pub(crate) subject: String,
    /// The address, and whether the provider has verified it.
    pub(crate) email: Option<(String, bool)>,
    pub(crate) name: Option<String>,
    pub(crate) groups: Vec<String>,
}

/// Begins: where to send the browser, and what must come back. It blocks.
///
/// # Errors
/// The provider does not answer as it must.
pub(crate) fn begin(
    provider: &Provider,
    known: &Known,
    back: &str,
    now: Timestamp,
) -> Result<(String, Begun), String> {
    let client = client(provider, known, back, now)?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (address, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("email".to_owned()))
        .add_scope(Scope::new("profile".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let begun = Begun {
        state: state.secret().clone(),
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
    };
    Ok((address.to_string(), begun))
}

/// Ends: who somebody is, by the code that the browser brought. It blocks.
///
/// # Errors
/// The provider does not answer as it must, or what it answers does not hold.
pub(crate) fn end(
    provider: &Provider,
    known: &Known,
    back: &str,
    begun: &Begun,
    code: String,
    now: Timestamp,
) -> Result<Somebody, String> {
    let client = client(provider, known, back, now)?;
    let local = provider.is_local();
    let answer = client
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|e| e.to_string())?
        .set_pkce_verifier(PkceCodeVerifier::new(begun.verifier.clone()))
        .request(&|request: HttpRequest| fetch(request, local))
        .map_err(|e| told(&e))?;
    let token = answer.id_token().ok_or("it gave no identity")?;
    let verifier = client.id_token_verifier().set_allowed_algs(SIGNATURES);
    let nonce = Nonce::new(begun.nonce.clone());
    let claims = token.claims(&verifier, &nonce).map_err(|e| told(&e))?;
    let groups = match claims.additional_claims().all.get(&provider.groups) {
        Some(serde_json::Value::Array(all)) => {
            all.iter().filter_map(|g| g.as_str()).map(ToOwned::to_owned).collect()
        }
        Some(serde_json::Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    };
    let name = claims.name().and_then(|n| n.get(None)).map(|n| n.as_str().to_owned());
    let verified = claims.email_verified().unwrap_or(false);
    Ok(Somebody {
        subject: format!("{} {}", claims.issuer().as_str(), claims.subject().as_str()),
        email: claims.email().map(|e| (e.as_str().to_lowercase(), verified)),
        name,
        groups,
    })
}

fn client(
    provider: &Provider,
    known: &Known,
    back: &str,
    now: Timestamp,
) -> Result<Asking, String> {
    let metadata = metadata(provider, known, now)?;
    let id = ClientId::new(provider.client.clone());
    let secret = provider.secret.clone().map(ClientSecret::new);
    let back = RedirectUrl::new(back.to_owned()).map_err(|e| e.to_string())?;
    Ok(Asking::from_provider_metadata(metadata, id, secret).set_redirect_uri(back))
}

fn metadata(
    provider: &Provider,
    known: &Known,
    now: Timestamp,
) -> Result<CoreProviderMetadata, String> {
    let kept = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((at, metadata)) = kept
        && now < at + KEPT
    {
        return Ok(metadata);
    }
    let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|e| e.to_string())?;
    let local = provider.is_local();
    let client = |request: HttpRequest| fetch(request, local);
    let metadata = CoreProviderMetadata::discover(&issuer, &client).map_err(|e| told(&e))?;
    let kept = Some((now, metadata.clone()));
    *known.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    Ok(metadata)
}

/// Why a provider was not reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unfetched(String);

fn fetch(request: HttpRequest, local: bool) -> Result<HttpResponse, Unfetched> {
    if !may_ask(request.uri(), local) {
        return Err(Unfetched(format!("`{}` is not asked: it has no TLS", request.uri())));
    }
    let failed = |e: ureq::Error| Unfetched(e.to_string());
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(concat!("trimtab/", env!("CARGO_PKG_VERSION")))
        .timeout_global(Some(ANSWER))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .build()
        .new_agent();
    let answer = agent.run(request).map_err(failed)?;
    let (parts, mut body) = answer.into_parts();
    let bytes = body.with_config().limit(MOST).read_to_vec().map_err(failed)?;
    Ok(HttpResponse::from_parts(parts, bytes))
}

/// An error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}

/// The roles after signing in: groups decide about every role that some group has, within the whole
/// organisation; what was given here for a team, a system, or beside the groups stays.
pub(crate) fn roles(held: &[Grant], given: &[(String, Role)], groups: &[String]) -> Vec<Grant> {
    let wide = |role: Role| Grant { role, scope: ScopeOf::Organisation };
    let decided = |grant: &Grant| given.iter().any(|(_, role)| wide(*role) == *grant);
    let mut roles: Vec<Grant> = held.iter().copied().filter(|g| !decided(g)).collect();
    let of_groups = given.iter().filter(|(group, _)| groups.contains(group));
    roles.extend(of_groups.map(|(_, role)| wide(*role)));
    roles.sort();
    roles.dedup();
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_or_this_machine_is_asked() {
        let may = |address: &str, local| address.parse().is_ok_and(|uri| may_ask(&uri, local));
        assert!(may("https://id.example/realm", false));
        assert!(may("http://127.0.0.1:8080/", true) && may("http://[::1]:8080/", true));
        assert!(!may("http://127.0.0.1:8080/", false), "the issuer is elsewhere");
        for wrong in [
            "http://id.example/",
            "http://127.0.0.1.id.example/",
            "http://169.254.169.254/latest",
            "http://localhost@id.example/",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
            "/relative",
        ] {
            assert!(!may(wrong, true), "{wrong}");
        }
    }

    #[test]
    fn groups_decide_about_the_roles_that_groups_have_and_no_other() {
        let wide = |role| Grant { role, scope: ScopeOf::Organisation };
        let team = Grant { role: Role::Security, scope: ScopeOf::Team(3) };
        let given = [
            ("sec".to_owned(), Role::Security),
            ("ops".to_owned(), Role::Operations),
            ("all".to_owned(), Role::Operations),
        ];
        let held = [wide(Role::Security), wide(Role::Auditor), team];
        let of = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|g| (*g).to_owned()).collect();
            roles(&held, &given, &groups)
        };
        let sorted = |mut all: Vec<Grant>| {
            all.sort();
            all
        };
        assert_eq!(of(&[]), sorted(vec![wide(Role::Auditor), team]));
        assert_eq!(of(&["sec", "x"]), sorted(held.to_vec()));
        let both = vec![wide(Role::Operations), wide(Role::Auditor), team];
        assert_eq!(of(&["ops", "all"]), sorted(both));
    }
}
