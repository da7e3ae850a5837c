//! How GitLab speaks.

use crate::git_host::{Asked, Kept, State};
use serde_json::{Value, json};

use super::{Dialect, change, missing, only, page, text};

/// As GitLab says it: REST API, merge requests and notes.
pub(super) struct GitLab;

impl GitLab {
    fn show(kept: &Kept) -> Value {
        json!({
            "id": kept.number + 1000,
            "iid": kept.number,
            "web_url": format!("https://git.example/g/s/p/-/merge_requests/{}", kept.number),
            "state": if kept.state == "open" { "opened" } else { kept.state },
            "title": kept.title,
            "description": kept.body,
            "labels": kept.labels,
            "source_branch": kept.branch,
            "source_project_id": if kept.fork { 6 } else { 5 },
            "target_project_id": 5,
            "target_branch": kept.base,
        })
    }
}

impl Dialect for GitLab {
    fn kind(&self) -> &'static str {
        "gitlab"
    }
    fn path(&self) -> &'static str {
        "g/s/p"
    }
    fn api(&self) -> &'static str {
        "/api/v4"
    }
    fn token(&self) -> (&'static str, &'static str) {
        ("GITLAB_TOKEN", "glpat-x")
    }
    fn login(&self) -> (&'static str, &'static str) {
        ("private-token", "glpat-x")
    }

    fn answer(&self, asked: &Asked, state: &mut State) -> (u16, Value) {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        // The project's path is one segment.
        let ["api", "v4", "projects", "g%2Fs%2Fp", "merge_requests", rest @ ..] = path.as_slice()
        else {
            return missing();
        };
        match (asked.method.as_str(), rest) {
            ("GET", []) => {
                let wanted = asked.one("state").unwrap();
                assert!(["opened", "closed", "locked", "merged", "all"].contains(&wanted));
                assert_eq!(
                    (asked.one("order_by"), asked.one("sort")),
                    (Some("created_at"), Some("desc"))
                );
                let branch = asked.one("source_branch");
                let all = state.newest().into_iter().filter(|kept| {
                    (wanted == "all" || (wanted == "opened") == (kept.state == "open"))
                        && branch.is_none_or(|branch| branch == kept.branch)
                });
                let all = all.map(|kept| GitLab::show(&kept)).collect();
                (200, page(all, asked.one("page"), asked.one("per_page"), 100).into())
            }
            ("POST", []) => {
                let body = &asked.body;
                only(
                    body,
                    &[
                        "source_branch",
                        "target_branch",
                        "title",
                        "description",
                        "labels",
                        "remove_source_branch",
                    ],
                );
                let head = text(body, "source_branch");
                if state.requests.iter().any(|k| k.branch == head && k.state == "open") {
                    let message = json!([
                        "Another open merge request already exists for this source branch: !7"
                    ]);
                    return (409, json!({ "message": message }));
                }
                let (title, said) = (text(body, "title"), text(body, "description"));
                let kept = state.open(head, text(body, "target_branch"), title, said);
                (201, GitLab::show(&kept))
            }
            ("PUT", [number]) => {
                only(
                    &asked.body,
                    &["title", "description", "state_event", "add_labels", "remove_labels"],
                );
                let Some(kept) = state.get(number) else { return missing() };
                change(kept, &asked.body, "title", "description");
                match asked.body["state_event"].as_str() {
                    Some("close") => kept.state = "closed",
                    Some(other) => panic!("no event: {other}"),
                    None => {}
                }
                let list = |name: &str| -> Vec<String> {
                    let list = asked.body[name].as_str().unwrap_or_default();
                    list.split(',').filter(|l| !l.is_empty()).map(str::to_owned).collect()
                };
                let gone = list("remove_labels");
                kept.labels.extend(list("add_labels"));
                kept.labels.retain(|label| !gone.contains(label));
                (200, GitLab::show(kept))
            }
            ("PUT", [number, "merge"]) => {
                only(&asked.body, &["sha", "squash", "should_remove_source_branch"]);
                match state.merge(number, text(&asked.body, "sha")) {
                    true => (200, json!({ "state": "merged" })),
                    false => {
                        (409, json!({ "message": "SHA does not match HEAD of source branch" }))
                    }
                }
            }
            ("POST", [number, "notes"]) => {
                let Some(kept) = state.get(number) else { return missing() };
                kept.said.push(text(&asked.body, "body").to_owned());
                (201, json!({ "id": 1 }))
            }
            _ => missing(),
        }
    }
}
