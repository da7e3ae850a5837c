//! Signing in by a provider: a small one of our own that signs real tokens, and lies when told to.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use openidconnect::PrivateSigningKey;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trimtab_model::Role;
use trimtab_server::Access;
use trimtab_server::access::Provider;
use trimtab_store::ScopeOf::Organisation;

use crate::harness::Server;

/// How the provider lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    None,
    Claim(&'static str, &'static str),
    Past,
    Signature,
    Unsigned,
    Redirect,
    Nothing,
}

/// What the provider knows.
struct Knows {
    claims: Value,
    lie: Lie,
    /// By code: nonce and challenge.
    codes: HashMap<String, (String, String)>,
    asked: Vec<String>,
}

struct Idp {
    issuer: String,
    knows: Arc<Mutex<Knows>>,
}

fn key(seed: u8) -> CoreEdDsaPrivateSigningKey {
    let mut der = vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
    der.extend([0x04, 0x22, 0x04, 0x20]);
    der.extend([seed; 32]);
    let text = BASE64_STANDARD.encode(der);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, None).unwrap()
}

impl Idp {
    fn start() -> Idp {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let knows = Knows {
            claims: json!({ "sub": "mei", "email": "mei@example.org", "email_verified": true,
                "name": "Mei", "groups": ["appsec", "everybody"] }),
            lie: Lie::None,
            codes: HashMap::new(),
            asked: Vec::new(),
        };
        let idp = Idp { issuer, knows: Arc::new(Mutex::new(knows)) };
        let (issuer, knows) = (idp.issuer.clone(), Arc::clone(&idp.knows));
        // It ends with the process: nobody waits for it.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &issuer, &mut knows.lock().unwrap());
            }
        });
        idp
    }
}

fn serve(mut stream: TcpStream, issuer: &str, knows: &mut Knows) {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    let (head, body) = loop {
        let count = stream.read(&mut part).unwrap_or(0);
        bytes.extend(&part[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if count == 0 { return } else { continue }
        };
        let length = head.to_lowercase();
        let length = length.lines().find_map(|l| l.strip_prefix("content-length: "));
        if count == 0 || body.len() >= length.map_or(0, |l| l.trim().parse().unwrap()) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    knows.asked.push(path.clone());
    let (status, answer) = match path.as_str() {
        "/.well-known/openid-configuration" => (
            200,
            json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"] }),
        ),
        "/keys" => (200, json!({ "keys": [key(7).as_verification_key()] })),
        "/token" => match knows.lie {
            Lie::Redirect => (302, json!({})),
            _ => token(&body, issuer, knows)
                .map_or((400, json!({ "error": "invalid_grant" })), |t| (200, t)),
        },
        _ => (404, json!({})),
    };
    let text = answer.to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\nlocation: {issuer}/elsewhere\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
}

fn token(body: &str, issuer: &str, knows: &mut Knows) -> Option<Value> {
    let fields: HashMap<&str, &str> = body.split('&').filter_map(|f| f.split_once('=')).collect();
    let (nonce, challenge) = knows.codes.remove(*fields.get("code")?)?;
    let digest = Sha256::digest(fields.get("code_verifier")?.as_bytes());
    if BASE64_URL_SAFE_NO_PAD.encode(digest) != challenge {
        return None;
    }
    let mut claims = knows.claims.clone();
    let now = Timestamp::now().as_second();
    let past = if knows.lie == Lie::Past { 7200 } else { 0 };
    claims["iss"] = issuer.into();
    claims["aud"] = "trimtab".into();
    claims["nonce"] = nonce.into();
    claims["iat"] = (now - past).into();
    claims["exp"] = (now + 600 - past).into();
    if let Lie::Claim(name, value) = knows.lie {
        claims[name] = value.into();
    }
    let algorithm = if knows.lie == Lie::Unsigned { "none" } else { "EdDSA" };
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({ "alg": algorithm, "typ": "JWT" })), part(&claims));
    let key = key(if knows.lie == Lie::Signature { 8 } else { 7 });
    let signed = key.sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes()).unwrap();
    let signed =
        if algorithm == "none" { String::new() } else { BASE64_URL_SAFE_NO_PAD.encode(signed) };
    let mut answer = json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 60 });
    if knows.lie != Lie::Nothing {
        answer["id_token"] = format!("{text}.{signed}").into();
    }
    Some(answer)
}

/// A browser that was sent to the provider: its cookie, and what it was sent with.
struct Sent {
    cookie: String,
    query: HashMap<String, String>,
}

fn begin(server: &Server, idp: &Idp) -> Sent {
    let sent = server.ask("GET", "/sign-in/provider", &[], b"");
    assert_eq!(sent.status, 303, "{sent:?}");
    let address = sent.header("location").unwrap();
    let (base, query) = address.split_once('?').unwrap();
    assert_eq!(base, format!("{}/authorize", idp.issuer));
    let query: HashMap<String, String> = query
        .split('&')
        .filter_map(|p| p.split_once('='))
        .map(|(n, v)| (n.to_owned(), v.to_owned()))
        .collect();
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["response_type"], "code");
    let set = sent.header("set-cookie").unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    let cookie = set.split(';').next().unwrap().to_owned();
    let known = (query["nonce"].clone(), query["code_challenge"].clone());
    idp.knows.lock().unwrap().codes.insert("c1".to_owned(), known);
    Sent { cookie, query }
}

fn back(server: &Server, sent: &Sent, state: &str) -> (u16, Option<String>, String) {
    let path = format!("/sign-in/provider/back?code=c1&state={state}");
    let answer = server.ask("GET", &path, &[("cookie", &sent.cookie)], b"");
    let session = answer.header("set-cookie").map(|c| c.split(';').next().unwrap().to_owned());
    (answer.status, session, answer.text)
}

fn sign_in(server: &Server, idp: &Idp) -> (u16, Option<String>, String) {
    let sent = begin(server, idp);
    back(server, &sent, &sent.query["state"])
}

#[test]
fn who_the_provider_knows_signs_in_and_nobody_by_a_lie() {
    let idp = Idp::start();
    let provider = Provider {
        name: "Harbour ID".into(),
        issuer: idp.issuer.clone(),
        client: "trimtab".into(),
        secret: None,
        groups: "groups".into(),
        roles: vec![("appsec".into(), Role::Security), ("ops".into(), Role::Operations)],
    };
    provider.check().unwrap();
    let server =
        Server::with(Timestamp::now, Access { provider: Some(provider), ..Access::default() });
    server.first_admin();
    let org = server.org();
    let app = server.app();
    let page = server.ask("GET", "/sign-in", &[], b"").text;
    assert!(page.contains("Sign in with Harbour ID"), "{page}");

    let lies = [
        Lie::Claim("nonce", "another"),
        Lie::Claim("aud", "another"),
        Lie::Claim("iss", "http://127.0.0.1:1"),
        Lie::Past,
        Lie::Signature,
        Lie::Unsigned,
        Lie::Redirect,
        Lie::Nothing,
    ];
    for lie in lies {
        idp.knows.lock().unwrap().lie = lie;
        let (status, session, text) = sign_in(&server, &idp);
        assert_eq!((status, session), (403, None), "{lie:?}: {text}");
    }
    let asked = idp.knows.lock().unwrap().asked.clone();
    assert!(!asked.iter().any(|p| p == "/elsewhere"), "redirects are not followed");
    assert_eq!(asked.iter().filter(|p| *p == "/keys").count(), 1, "what it says is kept a while");
    idp.knows.lock().unwrap().lie = Lie::None;
    assert_eq!(server.runtime.block_on(app.store.people(org)).unwrap().len(), 1, "nobody came in");

    let sent = begin(&server, &idp);
    let other = begin(&server, &idp);
    assert_eq!(back(&server, &sent, &other.query["state"]).0, 403, "another browser's state");
    let none = Sent { cookie: "a=b".into(), query: HashMap::new() };
    assert_eq!(back(&server, &none, &sent.query["state"]).0, 403, "no cookie");
    let sent = begin(&server, &idp);
    let state = sent.query["state"].clone();
    let (status, session, text) = back(&server, &sent, &state);
    assert_eq!(status, 303, "{text}");
    assert_eq!(back(&server, &sent, &state).0, 403, "once");
    let session = session.unwrap();
    let own = server.ask("GET", "/account", &[("cookie", &session)], b"");
    assert!(own.text.contains("You are Mei; your roles: security."), "{}", own.text);

    idp.knows.lock().unwrap().claims["groups"] = json!("ops");
    let again = sign_in(&server, &idp).1.unwrap();
    let own = server.ask("GET", "/account", &[("cookie", &again)], b"");
    assert!(own.text.contains("You are Mei; your roles: operations."), "{}", own.text);
    assert_eq!(server.runtime.block_on(app.store.people(org)).unwrap().len(), 2);

    idp.knows.lock().unwrap().claims = json!({ "sub": "eve", "email": "eve@example.org",
        "email_verified": true, "groups": ["nobody"] });
    assert!(sign_in(&server, &idp).2.contains("None of your groups has a role here"));
    let lea = server.someone(org, "lea", &[(Role::Auditor, Organisation)]);
    let address = format!("lea-{}@example.org", org.0);
    for (verified, status) in [(json!(false), 403), (Value::Null, 403), (json!(true), 303)] {
        idp.knows.lock().unwrap().claims = json!({ "sub": "lea", "email": address,
            "email_verified": verified, "groups": [] });
        assert_eq!(sign_in(&server, &idp).0, status, "{verified}");
    }
    let roles = server.runtime.block_on(app.store.grants(org, lea.id)).unwrap();
    assert_eq!(roles.len(), 1, "what was given here stays");
    server.runtime.block_on(async {
        let now = Timestamp::now();
        app.store.set_disabled(org, lea.id, true, "trimtab", now).await.unwrap();
    });
    assert_eq!(sign_in(&server, &idp).0, 403, "a closed account stays closed");
}

#[test]
fn without_a_provider_there_is_nothing_to_go_to() {
    let server = Server::new();
    assert_eq!(server.ask("GET", "/sign-in/provider", &[], b"").status, 404);
    let page = server.ask("GET", "/sign-in", &[], b"").text;
    assert!(!page.contains("/sign-in/provider"), "{page}");
}
