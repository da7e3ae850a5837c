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
        title: "Log4Shell: code execution by a logged text",
        looked_for: "pkg:maven/org.apache.logging.log4j/log4j-core",
        versions: "vers:maven/>=2.0-beta9|<2.15.0",
        published: "2021-12-10T00:00:00Z",
        day: &[
            (0, "A working exploit is public. Any text that is logged is enough."),
            (240, "Scanners sweep the internet; first reports of miners being installed."),
            (600, "Advice spreads to set formatMsgNoLookups; it does not help every version."),
            (1_440, "Suppliers publish long lists of products that carry it deep inside."),
            (6_480, "2.15.0 turns out to be incomplete: 2.16.0 switches the feature off."),
            (12_000, "2.16.0 can be made to hang: 2.17.0 comes."),
        ],
    },
    Past {
        word: "xz",
        title: "xz: a back door put in by a maintainer",
        looked_for: "pkg:deb/debian/xz-utils",
        versions: "vers:deb/>=5.6.0|<5.6.2",
        published: "2024-03-29T15:00:00Z",
        day: &[
            (0, "A slow login led to it: a release of xz changes how the SSH server checks keys."),
            (120, "Distributions go back to 5.4 in their testing branches."),
            (420, "Only what was built from the release archive has it, not the repository."),
            (
                1_440,
                "Years of a patient account come to light; other work of it is looked through.",
            ),
        ],
    },
    Past {
        word: "event-stream",
        title: "event-stream: a new maintainer adds a dependency that steals",
        looked_for: "pkg:npm/event-stream",
        versions: "vers:npm/3.3.6",
        published: "2018-11-26T12:00:00Z",
        day: &[
            (0, "A warning about a deprecated function leads to a hidden dependency."),
            (180, "It decrypts itself only in the build of one wallet."),
            (600, "The dependency is taken out of the registry; lockfiles still name it."),
        ],
    },
    Past {
        word: "ua-parser-js",
        title: "ua-parser-js: releases from a stolen account",
        looked_for: "pkg:npm/ua-parser-js",
        versions: "vers:npm/0.7.29|0.8.0|1.0.0",
        published: "2021-10-22T14:00:00Z",
        day: &[
            (0, "Three releases install a miner, and on some machines a stealer of passwords."),
            (60, "Whoever built in these hours may have run it, whatever the lockfile says now."),
            (240, "Clean releases are out. Machines that ran the others count as lost."),
        ],
    },
    Past {
        word: "heartbleed",
        title: "Heartbleed: memory of servers read from afar",
        looked_for: "pkg:deb/debian/openssl",
        versions: "vers:deb/>=1.0.1|<1.0.1e-2+deb7u5",
        published: "2014-04-07T17:30:00Z",
        day: &[
            (0, "A missing check lets anybody read memory of a TLS server, again and again."),
            (120, "A test page and scripts are public; what is read may be keys and passwords."),
            (600, "An update alone is not enough: certificates are made anew, and sessions end."),
            (1_440, "Clients, routers and telephones have it as well; few of them are updated."),
            (5_760, "A challenge shows that private keys can be read."),
        ],
    },
    Past {
        word: "struts",
        title: "Struts: code execution by a header",
        looked_for: "pkg:maven/org.apache.struts/struts2-core",
        versions: "vers:maven/>=2.3.5|<2.3.32|>=2.5.0|<2.5.10.1",
        published: "2017-03-07T00:00:00Z",
        day: &[
            (0, "A fixed version is out: the type of an upload's content is evaluated as code."),
            (480, "A working exploit is public; it needs no account."),
            (1_440, "Scanners try it everywhere, first to see who answers, then to stay."),
            (4_320, "Old applications turn out to carry a copy that no inventory names."),
        ],
    },
    Past {
        word: "spring4shell",
        title: "Spring4Shell: code execution by the names of parameters",
        looked_for: "pkg:maven/org.springframework/spring-beans",
        versions: "vers:maven/<5.2.20|>=5.3.0|<5.3.18",
        published: "2022-03-31T00:00:00Z",
        day: &[
            (0, "An exploit went round the day before; 5.3.18 and 5.2.20 come with the advisory."),
            (240, "The known way needs Java 9 or later and a WAR on Tomcat; others may be found."),
            (1_440, "Many mix it up with a flaw of Spring Cloud Function of the same days."),
            (5_760, "CISA lists it as exploited."),
        ],
    },
    Past {
        word: "eslint-scope",
        title: "eslint-scope: a release that sends away the tokens of who installs it",
        looked_for: "pkg:npm/eslint-scope",
        versions: "vers:npm/3.7.2",
        published: "2018-07-12T12:00:00Z",
        day: &[
            (0, "A release that no maintainer made reads the file with the registry's token."),
            (60, "It is taken out of the registry; copies and caches have it still."),
            (
                240,
                "Every token of before is made void: builds that publish stop until they get new ones.",
            ),
            (600, "A password that was used elsewhere as well opened the account."),
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
