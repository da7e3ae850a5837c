//! Past events to rehearse: what was looked for then, and what the day brought, in minutes after the world was told.

use jiff::Timestamp;
use trimtab_store::Incident;

/// A past event.
pub(crate) struct Past {
    /// Its word in addresses.
    pub(crate) word: &'static str,
    /// What it is called.
    pub(crate) title: &'static str,
    pub(crate) looked_for: &'static str,
    pub(crate) versions: &'static str,
    /// When the world was told.
    pub(crate) published: &'static str,
    /// What came when: minutes after that.
    pub(crate) day: &'static [(u32, &'static str)],
}

/// Those that are there.
pub(crate) const PAST: &[Past] = &[
    Past {
        word: "log4shell",
        title: "Log4Shell: remote code execution through a log message",
        looked_for: "pkg:maven/org.apache.logging.log4j/log4j-core",
        versions: "vers:maven/>=2.0-beta9|<2.15.0",
        published: "2021-12-10T00:00:00Z",
        day: &[
            (0, "A working exploit is public. Any string that gets logged is enough."),
            (240, "Scanners sweep the internet. First reports of cryptominers."),
            (600, "Advice to set formatMsgNoLookups spreads. It does not protect every version."),
            (1_440, "Suppliers publish long lists of products that embed it."),
            (6_480, "The fix in 2.15.0 is incomplete. 2.16.0 disables the feature."),
            (12_000, "2.16.0 is open to denial of service. 2.17.0 is released."),
        ],
    },
    Past {
        word: "xz",
        title: "xz: a backdoor planted by a maintainer",
        looked_for: "pkg:deb/debian/xz-utils",
        versions: "vers:deb/>=5.6.0|<5.6.2",
        published: "2024-03-29T15:00:00Z",
        day: &[
            (
                0,
                "Slow logins gave it away: a release of xz changes how the SSH server checks keys.",
            ),
            (120, "Distributions revert to 5.4 in their testing branches."),
            (420, "Only builds from the release archive have it. It is not in the repository."),
            (
                1_440,
                "The account behind it had worked patiently for years. Its other work is reviewed.",
            ),
        ],
    },
    Past {
        word: "event-stream",
        title: "event-stream: a new maintainer adds a malicious dependency",
        looked_for: "pkg:npm/event-stream",
        versions: "vers:npm/3.3.6",
        published: "2018-11-26T12:00:00Z",
        day: &[
            (0, "A warning about a deprecated function leads to a hidden dependency."),
            (180, "Its payload decrypts only in the build of one cryptocurrency wallet."),
            (600, "The registry removes the dependency. Lockfiles still name it."),
        ],
    },
    Past {
        word: "ua-parser-js",
        title: "ua-parser-js: malicious releases from a hijacked account",
        looked_for: "pkg:npm/ua-parser-js",
        versions: "vers:npm/0.7.29|0.8.0|1.0.0",
        published: "2021-10-22T14:00:00Z",
        day: &[
            (0, "Three releases install a cryptominer, and on some machines a password stealer."),
            (60, "Any build in these hours may have run it, whatever the lockfile says now."),
            (240, "Clean releases are out. Treat machines that ran the others as compromised."),
        ],
    },
    Past {
        word: "heartbleed",
        title: "Heartbleed: remote reads of server memory",
        looked_for: "pkg:deb/debian/openssl",
        versions: "vers:deb/>=1.0.1|<1.0.1e-2+deb7u5",
        published: "2014-04-07T17:30:00Z",
        day: &[
            (0, "A missing bounds check lets anybody read the memory of a TLS server, repeatedly."),
            (120, "A test page and scripts are public. The memory may hold keys and passwords."),
            (600, "Updating is not enough: certificates are reissued and sessions are ended."),
            (1_440, "Clients, routers and phones are affected too. Few of them get updates."),
            (5_760, "A public challenge proves that private keys can be extracted."),
        ],
    },
    Past {
        word: "struts",
        title: "Struts: remote code execution through a header",
        looked_for: "pkg:maven/org.apache.struts/struts2-core",
        versions: "vers:maven/>=2.3.5|<2.3.32|>=2.5.0|<2.5.10.1",
        published: "2017-03-07T00:00:00Z",
        day: &[
            (
                0,
                "A fixed version is out. The Content-Type header of an upload is evaluated as code.",
            ),
            (480, "A working exploit is public. It needs no account."),
            (
                1_440,
                "Scanners try it everywhere, first to find targets, then to install themselves.",
            ),
            (4_320, "Old applications turn out to contain a copy that no inventory lists."),
        ],
    },
    Past {
        word: "spring4shell",
        title: "Spring4Shell: remote code execution through parameter names",
        looked_for: "pkg:maven/org.springframework/spring-beans",
        versions: "vers:maven/<5.2.20|>=5.3.0|<5.3.18",
        published: "2022-03-31T00:00:00Z",
        day: &[
            (0, "An exploit circulated the day before. 5.3.18 and 5.2.20 come with the advisory."),
            (
                240,
                "The known exploit needs Java 9 or later and a WAR on Tomcat. Others may follow.",
            ),
            (
                1_440,
                "Many confuse it with a vulnerability in Spring Cloud Function from the same days.",
            ),
            (5_760, "CISA adds it to its catalogue of known exploited vulnerabilities."),
        ],
    },
    Past {
        word: "eslint-scope",
        title: "eslint-scope: a release that steals the registry tokens of its users",
        looked_for: "pkg:npm/eslint-scope",
        versions: "vers:npm/3.7.2",
        published: "2018-07-12T12:00:00Z",
        day: &[
            (
                0,
                "A release that no maintainer published reads the registry token of whoever installs it.",
            ),
            (60, "The registry removes it. Mirrors and caches still have it."),
            (
                240,
                "All tokens issued before are revoked: builds that publish fail until they get new ones.",
            ),
            (600, "The account was taken over with a password that had been reused elsewhere."),
        ],
    },
];

/// A past event by its word.
pub(crate) fn of_word(word: &str) -> Option<&'static Past> {
    PAST.iter().find(|past| past.word == word)
}

/// What the day has brought so far in a drill, each with the moment in the drill.
pub(crate) fn brought(incident: &Incident, now: Timestamp) -> Vec<(Timestamp, &'static str)> {
    let Some(past) = incident.is.drill.as_deref().and_then(of_word) else { return Vec::new() };
    let speed = i64::from(incident.is.speed.max(1));
    let end = incident.closed.unwrap_or(now);
    let moment = |minutes: u32| {
        let seconds = i64::from(minutes) * 60 / speed;
        incident.opened.checked_add(jiff::SignedDuration::from_secs(seconds)).ok()
    };
    past.day
        .iter()
        .filter_map(|(minutes, text)| Some((moment(*minutes)?, *text)))
        .filter(|(at, _)| *at <= end)
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use trimtab_model::Purl;
    use trimtab_model::vers::Vers;
    use trimtab_store::NewIncident;

    use super::*;

    #[test]
    fn every_past_event_can_be_looked_for() {
        for past in PAST {
            let purl: Purl = past.looked_for.parse().unwrap();
            assert!(past.published.parse::<Timestamp>().is_ok(), "{}", past.word);
            assert!(Vers::parse(past.versions).is_ok(), "{}", past.word);
            let prefix = format!("vers:{}/", purl.purl_type());
            assert!(past.versions.starts_with(&prefix), "{}", past.word);
            assert!(past.day.is_sorted_by_key(|(at, _)| *at), "{}", past.word);
        }
    }

    #[test]
    fn the_description_of_the_api_names_all_of_them() {
        let described = include_str!("../../../../docs/generated/openapi.json");
        for past in PAST {
            assert!(described.contains(&format!("`{}`", past.word)), "{}", past.word);
        }
    }

    #[test]
    fn a_day_goes_by_as_fast_as_was_said_and_ends_with_the_drill() {
        let opened = Timestamp::UNIX_EPOCH;
        let mut drill = Incident {
            id: 1,
            is: NewIncident {
                title: "x".into(),
                looked_for: String::new(),
                versions: String::new(),
                published: None,
                drill: Some("log4shell".into()),
                speed: 60,
                near_miss: false,
            },
            opened,
            closed: None,
            verdict: None,
        };
        let after = |minutes| opened + SignedDuration::from_mins(minutes);
        assert_eq!(brought(&drill, after(3)).len(), 1);
        assert_eq!(brought(&drill, after(4)).len(), 2, "240 minutes of then in 4 of now");
        drill.closed = Some(after(3));
        assert_eq!(brought(&drill, after(999)).len(), 1);
        drill.is.drill = None;
        assert_eq!(brought(&drill, after(999)), [], "a real one brings its own day");
    }
}
