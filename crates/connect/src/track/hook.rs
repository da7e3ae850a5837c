//! Webhooks of trackers: who sent one is proven in each one's own way, and all that is taken from it is which ticket changed.
//! What is in the ticket is asked of the tracker, so that a webhook may be lost, come twice, or come late.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{Project, Software, some, string};

/// The largest message that is read, in bytes.
const MOST: usize = 4 << 20;
/// The longest name of a message.
const LONGEST: usize = 200;

/// A ticket that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poke {
    /// Its key.
    pub key: Box<str>,
    /// What makes it the same message when it comes again. `None`: the tracker names none.
    pub message: Option<Box<str>>,
}

/// Why a webhook is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unproven {
    /// It does not say who sent it.
    Unsigned,
    /// What it says of that is wrong.
    Wrong,
    /// It is too large, or no JSON.
    Malformed,
    /// It is of another project.
    Elsewhere,
}

impl std::fmt::Display for Unproven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Unproven::Unsigned => "no signature",
            Unproven::Wrong => "the signature does not match",
            Unproven::Malformed => "the message cannot be read",
            Unproven::Elsewhere => "the message is about another project",
        })
    }
}

impl std::error::Error for Unproven {}

/// The ticket that a webhook is about. `None`: it is about none.
///
/// # Errors
/// It is not proven that the tracker sent it, or it is not understood.
pub fn poke(
    project: &Project,
    secret: &[u8],
    header: &dyn Fn(&str) -> Option<String>,
    body: &[u8],
) -> Result<Option<Poke>, Unproven> {
    if body.len() > MOST {
        return Err(Unproven::Malformed);
    }
    prove(project.software, secret, header, body)?;
    let value: Value = serde_json::from_slice(body).map_err(|_| Unproven::Malformed)?;
    let Some((key, here)) = about(project, &value) else { return Ok(None) };
    if !here {
        return Err(Unproven::Elsewhere);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if key.is_empty() || key.len() > LONGEST || !key.chars().all(plain) {
        return Err(Unproven::Malformed);
    }
    let name = match project.software {
        Software::GitHub => header("x-github-delivery"),
        Software::GitLab => header("idempotency-key").or_else(|| header("x-gitlab-event-uuid")),
        Software::Gitea => header("x-gitea-delivery").or_else(|| header("x-forgejo-delivery")),
        Software::Jira | Software::JiraServer => header("x-atlassian-webhook-identifier"),
        Software::Azure => some(&value["id"]).map(Into::into),
    };
    let message = name.filter(|name| !name.is_empty() && name.len() <= LONGEST).map(Into::into);
    Ok(Some(Poke { key: key.into(), message }))
}

fn prove(
    software: Software,
    secret: &[u8],
    header: &dyn Fn(&str) -> Option<String>,
    body: &[u8],
) -> Result<(), Unproven> {
    // An empty secret proves nothing.
    if secret.is_empty() {
        return Err(Unproven::Unsigned);
    }
    let signed = |names: &[&str]| -> Result<(), Unproven> {
        let said = names.iter().find_map(|name| header(name)).ok_or(Unproven::Unsigned)?;
        let digits = said.strip_prefix("sha256=").unwrap_or(&said);
        let given = unhex(digits).ok_or(Unproven::Wrong)?;
        mac(secret, body).verify_slice(&given).map_err(|_| Unproven::Wrong)
    };
    match software {
        Software::GitHub => signed(&["x-hub-signature-256"]),
        Software::Gitea => signed(&["x-gitea-signature", "x-forgejo-signature"]),
        Software::Jira | Software::JiraServer => signed(&["x-hub-signature"]),
        // It shows the secret itself.
        Software::GitLab => same(secret, header("x-gitlab-token")),
        // It shows what the subscription was given: any name, with the secret as the password.
        Software::Azure => {
            use base64::Engine;
            let said = header("authorization").ok_or(Unproven::Unsigned)?;
            let shown = said.strip_prefix("Basic ").ok_or(Unproven::Wrong)?;
            let both = base64::prelude::BASE64_STANDARD.decode(shown.trim());
            let both = String::from_utf8(both.map_err(|_| Unproven::Wrong)?);
            let both = both.map_err(|_| Unproven::Wrong)?;
            same(secret, both.split_once(':').map(|(_, word)| word.to_owned()))
        }
    }
}

/// Whether a secret is shown; how long it takes to say so tells nothing of it.
fn same(secret: &[u8], shown: Option<String>) -> Result<(), Unproven> {
    let shown = shown.ok_or(Unproven::Unsigned)?;
    let given = mac(secret, shown.as_bytes()).finalize().into_bytes();
    mac(secret, secret).verify_slice(&given).map_err(|_| Unproven::Wrong)
}

fn mac(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    // A key of any length is taken.
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap_or_else(|_| {
        <Hmac<Sha256> as KeyInit>::new(&hmac::digest::Key::<Hmac<Sha256>>::default())
    });
    mac.update(text);
    mac
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    digits.chunks_exact(2).map(|two| u8::try_from(two[0] * 16 + two[1]).ok()).collect()
}

/// The key of the ticket, and whether it is of this project. `None`: it is about something else.
fn about(project: &Project, value: &Value) -> Option<(String, bool)> {
    let is_here = |name: &Value| string(name).eq_ignore_ascii_case(&project.name);
    match project.software {
        Software::GitHub | Software::Gitea => {
            let issue = Some(&value["issue"]).filter(|issue| issue["pull_request"].is_null())?;
            let number = issue["number"].as_u64()?;
            Some((number.to_string(), is_here(&value["repository"]["full_name"])))
        }
        Software::GitLab => {
            let issue = match value["object_kind"].as_str()? {
                "issue" => &value["object_attributes"],
                "note" => &value["issue"],
                _ => return None,
            };
            let number = issue["iid"].as_u64()?;
            Some((number.to_string(), is_here(&value["project"]["path_with_namespace"])))
        }
        Software::Jira | Software::JiraServer => {
            let key = value["issue"]["key"].as_str()?;
            let (of, _) = key.rsplit_once('-')?;
            Some((key.to_owned(), of == project.name))
        }
        Software::Azure => {
            let event = value["eventType"].as_str()?;
            if !event.starts_with("workitem.") {
                return None;
            }
            let resource = &value["resource"];
            // A change has a number of its own beside that of the ticket.
            let number = resource["workItemId"].as_u64().or_else(|| resource["id"].as_u64())?;
            let fields = [&resource["revision"]["fields"], &resource["fields"]];
            let names = fields.iter().map(|fields| &fields["System.TeamProject"]);
            let name = names.into_iter().find(|name| name.is_string())?;
            Some((number.to_string(), is_here(name)))
        }
    }
}
