//! What a CI system says of the build that it runs: commit, branch, build.

use std::path::Path;

/// The largest file that describes an event, in bytes.
const MOST: u64 = 4 << 20;

/// What is known of a build.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Build {
    /// The commit.
    pub(super) revision: Option<String>,
    /// The branch, where it is another than the main line.
    pub(super) branch: Option<String>,
    /// The build's own id.
    pub(super) build: Option<String>,
    /// The branch that is taken for the main line as nobody says which one is.
    pub(super) assumed: Option<String>,
}

/// Where one CI system says it.
struct System {
    /// Set wherever it runs.
    mark: &'static str,
    revision: &'static str,
    build: &'static str,
    /// The branch that is built.
    branch: &'static str,
    /// The branch that is to be merged. Set in builds of such requests only.
    request: &'static str,
    /// The main line, or, where it holds `true`, that the branch is it.
    main: &'static str,
}

const SYSTEMS: &[System] = &[
    System {
        mark: "GITHUB_ACTIONS",
        revision: "GITHUB_SHA",
        build: "GITHUB_RUN_ID",
        branch: "GITHUB_REF_NAME",
        request: "GITHUB_HEAD_REF",
        main: "",
    },
    System {
        mark: "GITLAB_CI",
        revision: "CI_COMMIT_SHA",
        build: "CI_PIPELINE_ID",
        branch: "CI_COMMIT_BRANCH",
        request: "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
        main: "CI_DEFAULT_BRANCH",
    },
    System {
        mark: "TF_BUILD",
        revision: "BUILD_SOURCEVERSION",
        build: "BUILD_BUILDID",
        branch: "BUILD_SOURCEBRANCH",
        request: "SYSTEM_PULLREQUEST_SOURCEBRANCH",
        main: "",
    },
    System {
        mark: "BITBUCKET_BUILD_NUMBER",
        revision: "BITBUCKET_COMMIT",
        build: "BITBUCKET_BUILD_NUMBER",
        branch: "BITBUCKET_BRANCH",
        request: "",
        main: "",
    },
    System {
        mark: "BUILDKITE",
        revision: "BUILDKITE_COMMIT",
        build: "BUILDKITE_BUILD_NUMBER",
        branch: "BUILDKITE_BRANCH",
        request: "",
        main: "BUILDKITE_PIPELINE_DEFAULT_BRANCH",
    },
    System {
        mark: "BUILD_TAG",
        revision: "GIT_COMMIT",
        build: "BUILD_TAG",
        branch: "BRANCH_NAME",
        request: "CHANGE_BRANCH",
        main: "BRANCH_IS_PRIMARY",
    },
];

/// What the CI system that runs says. `get`: a variable of the environment, `None` where it is empty. `main_line`: the
/// main line's name, where people say it.
pub(super) fn build(get: &dyn Fn(&str) -> Option<String>, main_line: Option<&str>) -> Build {
    let Some(system) = SYSTEMS.iter().find(|system| get(system.mark).is_some()) else {
        // Without a CI system the commit may still be said.
        let revision = SYSTEMS.iter().find_map(|system| get(system.revision));
        return Build { revision, ..Build::default() };
    };
    let told = |name: &str| (!name.is_empty()).then(|| get(name)).flatten();
    let short = |name: String| name.strip_prefix("refs/heads/").map(str::to_owned).unwrap_or(name);
    // A job of one branch says it otherwise.
    let plain = || (system.revision == "GIT_COMMIT").then(|| get("GIT_BRANCH")).flatten();
    let local = |name: String| name.strip_prefix("origin/").map(str::to_owned).unwrap_or(name);
    let of_many = told(system.branch);
    let is_of_many = of_many.is_some();
    let built = of_many.or_else(|| plain().map(local)).map(short);
    let built = built.filter(|name| !name.starts_with("refs/") && !is_tag(get));
    // A request's build checks out a branch that its own name does not tell.
    let request = told(system.request).or_else(|| {
        let number = get("BUILDKITE_PULL_REQUEST").filter(|is| is != "false");
        number.or_else(|| get("BITBUCKET_PR_ID")).and_then(|_| built.clone())
    });
    let main = main_line.map(str::to_owned);
    let main = main.or_else(|| told(system.main)).or_else(|| default_branch(get));
    let is_main = |name: &str| main.as_deref().map(|main| main == name || main == "true");
    let (branch, assumed) = match (request.map(short), built) {
        (Some(request), _) => (Some(request), None),
        (None, Some(built)) => match is_main(&built) {
            Some(true) => (None, None),
            Some(false) => (Some(built), None),
            // Jenkins says of the main line alone that it is.
            None if system.main == "BRANCH_IS_PRIMARY" && is_of_many => (Some(built), None),
            None => (None, Some(built)),
        },
        (None, None) => (None, None),
    };
    Build { revision: told(system.revision), branch, build: told(system.build), assumed }
}

/// Whether a tag is built: it is taken for what the main line was.
fn is_tag(get: &dyn Fn(&str) -> Option<String>) -> bool {
    get("GITHUB_REF_TYPE").is_some_and(|kind| kind == "tag")
        || get("BUILD_SOURCEBRANCH").is_some_and(|name| name.starts_with("refs/tags/"))
        || get("BUILDKITE_TAG").is_some()
        || (get("BUILD_TAG").is_some() && get("TAG_NAME").is_some())
}

/// The main line as the description of the event says it, which GitHub and those like it leave in a file.
fn default_branch(get: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    use std::io::Read;
    let file = std::fs::File::open(Path::new(&get("GITHUB_EVENT_PATH")?)).ok()?;
    let mut text = Vec::new();
    file.take(MOST).read_to_end(&mut text).ok()?;
    let event: serde_json::Value = serde_json::from_slice(&text).ok()?;
    event["repository"]["default_branch"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn told(variables: &str) -> String {
        let all: BTreeMap<&str, &str> =
            variables.split_whitespace().filter_map(|pair| pair.split_once('=')).collect();
        let get = |name: &str| all.get(name).map(|value| (*value).to_owned());
        let is = build(&get, all.get("MAIN").copied());
        let text = |of: Option<String>| of.unwrap_or_else(|| "-".to_owned());
        format!("{} {} {} {}", text(is.revision), text(is.branch), text(is.build), text(is.assumed))
    }

    #[test]
    fn each_system_says_it_its_own_way() {
        let event = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(event.path(), r#"{ "repository": { "default_branch": "trunk" } }"#).unwrap();
        let github = format!(
            "GITHUB_ACTIONS=true GITHUB_SHA=c1 GITHUB_RUN_ID=7 GITHUB_EVENT_PATH={}",
            event.path().display()
        );
        let github = |more: &str| told(&format!("{github} {more}"));
        assert_eq!(github("GITHUB_REF_NAME=trunk GITHUB_REF_TYPE=branch"), "c1 - 7 -");
        assert_eq!(github("GITHUB_REF_NAME=work GITHUB_REF_TYPE=branch"), "c1 work 7 -");
        assert_eq!(github("GITHUB_REF_NAME=v1.0 GITHUB_REF_TYPE=tag"), "c1 - 7 -");
        // A request is of its own branch, whatever is checked out and whatever that is called.
        assert_eq!(github("GITHUB_REF_NAME=12/merge GITHUB_HEAD_REF=trunk"), "c1 trunk 7 -");
        let gitlab = |more: &str| {
            told(&format!(
                "GITLAB_CI=true CI_COMMIT_SHA=c2 CI_PIPELINE_ID=8 CI_DEFAULT_BRANCH=main {more}"
            ))
        };
        assert_eq!(gitlab("CI_COMMIT_BRANCH=main"), "c2 - 8 -");
        assert_eq!(gitlab("CI_COMMIT_BRANCH=work"), "c2 work 8 -");
        assert_eq!(gitlab("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=work"), "c2 work 8 -");
        assert_eq!(gitlab("CI_COMMIT_TAG=v1"), "c2 - 8 -");
        let azure = |more: &str| {
            told(&format!("TF_BUILD=True BUILD_SOURCEVERSION=c3 BUILD_BUILDID=9 {more}"))
        };
        // Nobody says which one is the main line.
        assert_eq!(azure("BUILD_SOURCEBRANCH=refs/heads/a/b"), "c3 - 9 a/b");
        assert_eq!(azure("BUILD_SOURCEBRANCH=refs/tags/v1"), "c3 - 9 -");
        let request =
            "BUILD_SOURCEBRANCH=refs/pull/3/merge SYSTEM_PULLREQUEST_SOURCEBRANCH=refs/heads/a/b";
        assert_eq!(azure(request), "c3 a/b 9 -");
        let bitbucket = "BITBUCKET_BUILD_NUMBER=4 BITBUCKET_COMMIT=c4 BITBUCKET_BRANCH=work";
        assert_eq!(told(bitbucket), "c4 - 4 work");
        assert_eq!(told(&format!("{bitbucket} MAIN=main")), "c4 work 4 -");
        assert_eq!(told(&format!("{bitbucket} MAIN=work")), "c4 - 4 -");
        assert_eq!(told(&format!("{bitbucket} BITBUCKET_PR_ID=5")), "c4 work 4 -");
        let buildkite = |more: &str| {
            told(&format!(
                "BUILDKITE=true BUILDKITE_COMMIT=c5 BUILDKITE_BUILD_NUMBER=6 BUILDKITE_PIPELINE_DEFAULT_BRANCH=main {more}"
            ))
        };
        assert_eq!(buildkite("BUILDKITE_BRANCH=main BUILDKITE_PULL_REQUEST=false"), "c5 - 6 -");
        assert_eq!(buildkite("BUILDKITE_BRANCH=main BUILDKITE_PULL_REQUEST=2"), "c5 main 6 -");
        assert_eq!(buildkite("BUILDKITE_BRANCH=work BUILDKITE_PULL_REQUEST=false"), "c5 work 6 -");
        let jenkins = |more: &str| told(&format!("GIT_COMMIT=c6 BUILD_TAG=t {more}"));
        assert_eq!(jenkins("BRANCH_NAME=main BRANCH_IS_PRIMARY=true"), "c6 - t -");
        assert_eq!(jenkins("BRANCH_NAME=work"), "c6 work t -");
        assert_eq!(jenkins("BRANCH_NAME=PR-1 CHANGE_BRANCH=work"), "c6 work t -");
        assert_eq!(jenkins("BRANCH_NAME=v1 TAG_NAME=v1"), "c6 - t -");
        assert_eq!(jenkins("GIT_BRANCH=origin/work"), "c6 - t work", "a job of one branch");
        assert_eq!(jenkins("GIT_BRANCH=origin/work MAIN=main"), "c6 work t -");
        assert_eq!(jenkins("GIT_BRANCH=origin/main MAIN=main"), "c6 - t -");
        assert_eq!(jenkins(""), "c6 - t -");
        // A variable that only Jenkins sets by itself is what anybody may have set elsewhere.
        assert_eq!(gitlab("CI_COMMIT_BRANCH=work TAG_NAME=x"), "c2 work 8 -");
        assert_eq!(buildkite("BUILDKITE_BRANCH=v1 BUILDKITE_TAG=v1"), "c5 - 6 -");
    }

    #[test]
    fn without_a_system_only_the_commit_is_said() {
        assert_eq!(told(""), "- - - -");
        assert_eq!(told("GIT_COMMIT=c BRANCH_NAME=work"), "c - - -");
    }
}
