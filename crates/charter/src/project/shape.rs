//! The shape of `trimtab.toml`, as people write it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::at::At;

/// What the organisation knows about the systems of this repository.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "trimtab.toml")]
pub struct Project {
    /// Layout of this file: 1.
    #[schemars(with = "u32", range(min = 1, max = 1))]
    pub format: At<u32>,
    /// The charter: a file beside this one [default: `charter.toml`, then the preset `framework`].
    #[schemars(with = "Option<String>")]
    pub charter: Option<At<String>>,
    /// The exceptions: a file beside this one [default: `exceptions.toml`].
    #[schemars(with = "Option<String>")]
    pub exceptions: Option<At<String>>,
    /// VEX documents of suppliers: files or folders beside this one.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub vex: Vec<At<String>>,
    /// Policies of your own: files or folders beside this one.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub policies: Vec<At<String>>,
    /// The team that changes this repository, and its rhythm.
    pub team: Option<Team>,
    /// How updates are carried out and tested.
    pub apply: Option<Apply>,
    /// Tags on which builds are to start.
    #[serde(default)]
    pub image: Vec<Image>,
    /// The systems of this repository.
    #[serde(default)]
    pub system: Vec<System>,
}

/// Who does the work of a plan, when, and how much of it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Team {
    /// Its name.
    #[schemars(with = "Option<String>")]
    pub name: Option<At<String>>,
    /// A cadence of the charter, or `week`, `sprint`, `cool-down`, `month`, `quarter` [default: the charter's first that has windows].
    #[schemars(with = "Option<String>")]
    pub cadence: Option<At<String>>,
    /// The points of work that it gives to each window.
    #[schemars(with = "Option<u32>", range(min = 1, max = 10_000))]
    pub capacity: Option<At<u32>>,
    /// How many batches it may have open at a time [default: no limit].
    #[schemars(with = "Option<u32>", range(min = 1, max = 1000))]
    pub open_limit: Option<At<u32>>,
}

/// How updates are carried out and tested, in a copy of the project.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Apply {
    /// The command that tests the project, as one types it (`cargo test --workspace`).
    #[schemars(with = "Option<String>")]
    pub test: Option<At<String>>,
    /// The command that fetches what tests need, run with network [default: as the package manager usually does].
    #[schemars(with = "Option<String>")]
    pub fetch: Option<At<String>>,
    /// How long one run of the tests may take, in seconds [default: 1800].
    #[schemars(with = "Option<u32>", range(min = 1, max = 86_400))]
    pub time_limit: Option<At<u32>>,
    /// How much time of processors all processes of a run may take together, in seconds [default: as much as there is].
    #[schemars(with = "Option<u32>", range(min = 1, max = 8_640_000))]
    pub processor_limit: Option<At<u32>>,
    /// How much memory all processes of a run may fill together, in MiB [default: 8192].
    #[schemars(with = "Option<u32>", range(min = 64, max = 1_048_576))]
    pub memory_limit: Option<At<u32>>,
    /// Whether tests may reach the network [default: false].
    pub network: Option<bool>,
    /// Further variables of the environment that tests see.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub variables: Vec<At<String>>,
    /// Further folders of the user's home that tests may read (`~/share/fixtures`).
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub folders: Vec<At<String>>,
}

/// The tag of an image on which builds are to start.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Image {
    /// The name of the image, as Dockerfiles have it (`debian`).
    #[schemars(with = "String")]
    pub name: At<String>,
    /// The tag, with the digest where builds pin it (`12.8-slim`).
    #[schemars(with = "String")]
    pub to: At<String>,
}

/// A thing that the business knows by name. What is not said is unknown, not harmless.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct System {
    /// Its name.
    #[schemars(with = "String")]
    pub name: At<String>,
    /// The folders and files that belong to it, as patterns (`services/pay/**`) [default: everything].
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub paths: Vec<At<String>>,
    /// The team that changes it.
    pub owner: Option<String>,
    /// Who decides what is done first.
    pub product_owner: Option<String>,
    /// Whom to call about running it.
    pub operations: Option<String>,
    /// A tier of the charter.
    #[schemars(with = "Option<String>")]
    pub tier: Option<At<String>>,
    /// `internet`, `internal`, `isolated`.
    #[schemars(with = "Option<String>", extend("enum" = ["internet", "internal", "isolated"]))]
    pub exposure: Option<At<String>>,
    /// Classes of data of the charter; an empty list says that it holds none.
    #[schemars(with = "Option<Vec<String>>")]
    pub data: Option<Vec<At<String>>>,
    /// Environments of the charter.
    #[schemars(with = "Option<Vec<String>>")]
    pub environments: Option<Vec<At<String>>>,
    /// What a failure means to customers, in one sentence.
    pub failure: Option<String>,
    /// Systems that it needs.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub depends_on: Vec<At<String>>,
}
