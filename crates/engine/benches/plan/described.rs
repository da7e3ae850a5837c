//! What the recorded projects would be to an organisation that runs all of them, and which team would have each.
//! Said from what the projects are, and before anything was reckoned with it.

use trimtab_model::{Exposure, System};

use super::portfolio::Made;

/// What a project is. Its year (`@2018`) makes no difference.
struct Project {
    name: &'static str,
    /// By the language of most of its code.
    team: &'static str,
    is: Kind,
}

/// Kinds of systems, as one would describe them in `trimtab.toml`.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Open to everybody, with accounts; others cannot work without it.
    Registry,
    /// Used by colleagues, and holds what is about people, or keys.
    Records,
    /// Used by colleagues, and holds nothing of the kind.
    Notes,
    /// Watches over other systems from within.
    Inside,
    /// Runs where it is built and tested.
    Tool,
    /// Flawed on purpose, for lessons in a network of its own.
    Lesson,
}

impl Kind {
    pub(crate) const ALL: [Kind; 6] =
        [Kind::Registry, Kind::Records, Kind::Notes, Kind::Inside, Kind::Tool, Kind::Lesson];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Registry => "registry",
            Kind::Records => "records",
            Kind::Notes => "notes",
            Kind::Inside => "inside",
            Kind::Tool => "tool",
            Kind::Lesson => "lesson",
        }
    }

    pub(crate) fn system(self) -> System {
        let (tier, exposure, data, environment) = match self {
            Kind::Registry => ("vital", Exposure::Internet, Some("personal"), "production"),
            Kind::Records => ("standard", Exposure::Internal, Some("personal"), "production"),
            Kind::Notes => ("standard", Exposure::Internal, Some("internal"), "production"),
            Kind::Inside => ("supporting", Exposure::Internal, Some("internal"), "production"),
            Kind::Tool | Kind::Lesson => ("supporting", Exposure::Isolated, None, "development"),
        };
        System {
            name: self.word().into(),
            tier: Some(tier.into()),
            exposure: Some(exposure),
            data: Some(data.into_iter().map(Into::into).collect()),
            environments: Some(vec![environment.into()]),
            ..System::default()
        }
    }
}

const PROJECTS: &[Project] = &[
    Project { name: "BookStackApp+BookStack", team: "PHP and Ruby", is: Kind::Notes },
    Project { name: "DefectDojo+django-DefectDojo", team: "Python", is: Kind::Records },
    Project { name: "DependencyTrack+dependency-track", team: "Java", is: Kind::Inside },
    Project { name: "EmbarkStudios+cargo-deny", team: "Rust and Zig", is: Kind::Tool },
    Project { name: "OWASP+railsgoat", team: "PHP and Ruby", is: Kind::Lesson },
    Project { name: "WebGoat+WebGoat", team: "Java", is: Kind::Lesson },
    Project { name: "aquasecurity+trivy", team: "Go", is: Kind::Tool },
    Project { name: "denoland+deno", team: "Rust and Zig", is: Kind::Tool },
    Project { name: "google+nomulus", team: "Java", is: Kind::Registry },
    Project { name: "honojs+hono", team: "JavaScript", is: Kind::Tool },
    Project { name: "jestjs+jest", team: "JavaScript", is: Kind::Tool },
    Project { name: "pangeo-data+pangeo-docker-images", team: "Python", is: Kind::Inside },
    Project { name: "paperless-ngx+paperless-ngx", team: "Python", is: Kind::Records },
    Project { name: "prometheus+prometheus", team: "Go", is: Kind::Inside },
    Project { name: "pypi+warehouse", team: "Python", is: Kind::Registry },
    Project { name: "python-poetry+poetry", team: "Python", is: Kind::Tool },
    // Its pages are older than its Rust; what is listed of 2018 is npm's.
    Project { name: "rust-lang+crates.io", team: "JavaScript", is: Kind::Registry },
    Project { name: "snyk-labs+nodejs-goof", team: "JavaScript", is: Kind::Lesson },
    Project { name: "tigerbeetle+tigerbeetle", team: "Rust and Zig", is: Kind::Inside },
    Project { name: "vitejs+vite", team: "JavaScript", is: Kind::Tool },
];

fn place(name: &str) -> Option<usize> {
    let name = name.split('@').next().unwrap_or(name);
    PROJECTS.iter().position(|of| of.name == name)
}

/// The team of a project. One that nobody described has one of its own.
pub(crate) fn team(name: &str) -> &str {
    place(name).map_or(name, |at| PROJECTS[at].team)
}

/// What a project is. `None`: nobody described it. In a deal above 0 the same descriptions are given to the projects by
/// chance, so that it can be seen how much hangs on who has which.
pub(crate) fn kind(name: &str, deal: u64) -> Option<Kind> {
    let mut dealt: Vec<Kind> = PROJECTS.iter().map(|of| of.is).collect();
    if deal > 0 {
        let mut made = Made::new(deal);
        for last in (1..dealt.len()).rev() {
            dealt.swap(last, made.below(last as u64 + 1) as usize);
        }
    }
    dealt.get(place(name)?).copied()
}
