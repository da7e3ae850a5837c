//! How Bitbucket Cloud speaks.

use crate::git_host::{Asked, Kept, State};
use serde_json::{Value, json};

use super::{Dialect, change, missing, only, page, text};

/// As Bitbucket Cloud says it: REST API 2.0, pull requests.
pub(super) struct Bitbucket;

impl Bitbucket {
    fn show(kept: &Kept) -> Value {
        json!({
            "type": "pullrequest",
            "id": kept.number,
            "links": { "html": { "href": format!("https://git.example/w/r/pull-requests/{}", kept.number) } },
            "state": match kept.state { "open" => "OPEN", "merged" => "MERGED", _ => "DECLINED" },
            "title": kept.title,
            "description": kept.body,
            "source": {
                "branch": { "name": kept.branch },
                "repository": { "full_name": if kept.fork { "eve/r" } else { "w/r" } },
            },
            "destination": {
                "branch": { "name": kept.base },
                "repository": { "full_name": "w/r" },
            },
        })
    }
}

impl Dialect for Bitbucket {
    fn kind(&self) -> &'static str {
        "bitbucket"
    }
    fn path(&self) -> &'static str {
        "w/r"
    }
    fn api(&self) -> &'static str {
        "/2.0"
    }
    fn token(&self) -> (&'static str, &'static str) {
        ("BITBUCKET_TOKEN", "bb")
    }
    fn login(&self) -> (&'static str, &'static str) {
        ("authorization", "Bearer bb")
    }
    fn has_labels(&self) -> bool {
        false
    }

    fn answer(&self, asked: &Asked, state: &mut State) -> (u16, Value) {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let ["2.0", "repositories", "w", "r", "pullrequests", rest @ ..] = path.as_slice() else {
            return missing();
        };
        match (asked.method.as_str(), rest) {
            ("GET", []) => {
                let states = asked.all("state");
                let branch = asked.one("q").map(|q| {
                    let name = q.strip_prefix("source.branch.name = \"").unwrap();
                    name.strip_suffix('"').unwrap().to_owned()
                });
                let all = state.newest().into_iter().filter(|kept| {
                    let is = Bitbucket::show(kept)["state"].as_str().unwrap().to_owned();
                    states.contains(&is.as_str())
                        && branch.as_ref().is_none_or(|branch| *branch == kept.branch)
                });
                let all: Vec<_> = all.map(|kept| Bitbucket::show(&kept)).collect();
                let count = all.len();
                let (number, size) = (asked.one("page"), asked.one("pagelen"));
                let end = number.map_or(1, |n| n.parse::<usize>().unwrap()) * 50;
                let mut answer = json!({ "values": page(all, number, size, 50) });
                if end < count {
                    answer["next"] = "https://git.example/next".into();
                }
                (200, answer)
            }
            ("POST", []) => {
                let body = &asked.body;
                only(
                    body,
                    &["title", "description", "source", "destination", "close_source_branch"],
                );
                let name = |of: &str| body[of]["branch"]["name"].as_str().unwrap().to_owned();
                let (head, base) = (name("source"), name("destination"));
                // This host updates the one that is open instead of refusing.
                let kept = state.open(&head, &base, text(body, "title"), text(body, "description"));
                (201, Bitbucket::show(&kept))
            }
            ("PUT", [number]) => {
                only(&asked.body, &["title", "description", "destination", "reviewers"]);
                let Some(kept) = state.get(number) else { return missing() };
                change(kept, &asked.body, "title", "description");
                (200, Bitbucket::show(kept))
            }
            ("POST", [number, "decline"]) => {
                let Some(kept) = state.get(number) else { return missing() };
                kept.state = "closed";
                (200, Bitbucket::show(kept))
            }
            ("POST", [number, "comments"]) => {
                let Some(kept) = state.get(number) else { return missing() };
                kept.said.push(asked.body["content"]["raw"].as_str().unwrap().to_owned());
                (201, json!({ "id": 1 }))
            }
            _ => missing(),
        }
    }
}
