//! Slips that new users make, each alone, and what they are told: one snapshot of all. `^` stands below the place.

use trimtab_charter::{preset, project, read};
use trimtab_model::Diagnostic;

/// A charter's slips: what it is, and what follows `format = 1` and `preset = "framework"`.
const CHARTER: &[(&str, &str)] = &[
    ("a typo in a member", "gaol = \"x\""),
    ("a typo in a table", "[calender]\ntime-zone = \"UTC\""),
    ("an underscore for a hyphen", "[calendar]\ntime_zone = \"UTC\""),
    ("a member that is not there at all", "colour = \"red\""),
    ("a member in the wrong table", "[calendar]\nminimum-age = \"7 days\""),
    ("a member of the top after a table", "[calendar]\ntime-zone = \"UTC\"\nname = \"Ours\""),
    ("a number for text", "name = 7"),
    ("text for a number", "[weights]\ncritical = \"40\"\nhigh = 10\nmedium = 3\nlow = 1"),
    ("text for true or false", "[[environment]]\nname = \"production\"\nproduction = \"yes\""),
    ("a day in quotes", "[[party]]\nside = \"security\"\nname = \"Ana\"\nagreed = \"2026-11-02\""),
    (
        "a day with a time",
        "[[party]]\nside = \"security\"\nname = \"Ana\"\nagreed = 2026-11-02T10:00:00",
    ),
    ("a table for a list of tables", "[party]\nside = \"security\"\nname = \"Ana\""),
    ("a list of tables for a table", "[[calendar]]\ntime-zone = \"UTC\""),
    ("text for a list", "[calendar]\nweekend = \"sunday\""),
    ("a number for a table", "deadlines = 3"),
    ("a role that does not exist", "[[party]]\nside = \"sales\"\nname = \"Ana\""),
    ("a member left out", "[[tier]]\nname = \"vital\"\nmeaning = \"All stops.\"\nimpact = 1"),
    (
        "an acceptable level that is none",
        "[[tier]]\nname = \"vital\"\nmeaning = \"All stops.\"\nacceptable = \"lo\"\nimpact = 1",
    ),
    (
        "steps out of range",
        "[[tier]]\nname = \"vital\"\nmeaning = \"All stops.\"\nacceptable = \"low\"\nimpact = 7",
    ),
    (
        "steps beyond any range",
        "[[tier]]\nname = \"vital\"\nmeaning = \"All stops.\"\nacceptable = \"low\"\nimpact = 700",
    ),
    (
        "a part of a step",
        "[[tier]]\nname = \"vital\"\nmeaning = \"All stops.\"\nacceptable = \"low\"\nimpact = 0.5",
    ),
    (
        "a tier twice",
        "[[tier]]\nname = \"a\"\nmeaning = \"x\"\nacceptable = \"low\"\nimpact = 0\n[[tier]]\nname = \"a\"\nmeaning = \"x\"\nacceptable = \"low\"\nimpact = 0",
    ),
    (
        "a tier without a name",
        "[[tier]]\nname = \"\"\nmeaning = \"x\"\nacceptable = \"low\"\nimpact = 0",
    ),
    (
        "a cell missing",
        "[matrix]\nactive = [\"high\", \"high\", \"high\"]\nlikely = [\"low\", \"low\", \"low\", \"low\"]\npossible = [\"low\", \"low\", \"low\", \"low\"]\nunlikely = [\"low\", \"low\", \"low\", \"low\"]",
    ),
    (
        "a term that is none",
        "[deadlines.terms.production]\ncritical = \"72hh\"\nhigh = \"7d\"\nmedium = \"3 months\"\nlow = \"later\"",
    ),
    (
        "a term without quotes",
        "[deadlines.terms.production]\ncritical = 72\nhigh = \"7 days\"\nmedium = \"90 days\"\nlow = \"opportunistic\"",
    ),
    (
        "a term that is negative",
        "[deadlines.terms.production]\ncritical = \"-3 days\"\nhigh = \"7 days\"\nmedium = \"90 days\"\nlow = \"opportunistic\"",
    ),
    (
        "high later than medium",
        "[deadlines.terms.production]\ncritical = \"72 hours\"\nhigh = \"91 days\"\nmedium = \"90 days\"\nlow = \"opportunistic\"",
    ),
    (
        "terms of an environment that the preset does not have",
        "[[environment]]\nname = \"live\"\nproduction = true\n[deadlines.terms.live]\ncritical = \"72 hours\"",
    ),
    ("a row of the matrix that falls", "[matrix]\nlikely = [\"low\", \"low\", \"low\", \"low\"]"),
    ("a weight that falls", "[weights]\nhigh = 50"),
    (
        "a member left out and a word that is none",
        "[[tier]]\nname = \"vital\"\nacceptable = \"lo\"\nimpact = 1",
    ),
    ("an assumed environment that is none", "[unknown]\nenvironment = \"prod\""),
    ("terms without an environment", "[deadlines.terms]\ncritical = \"72 hours\""),
    (
        "an environment that is not there",
        "[deadlines.terms.prod]\ncritical = \"72 hours\"\nhigh = \"7 days\"\nmedium = \"90 days\"\nlow = \"opportunistic\"",
    ),
    ("a start of deadlines that is none", "[deadlines]\ncounts-from = \"publishd\""),
    ("a time zone with a typo", "[calendar]\ntime-zone = \"Europe/Lodnon\""),
    ("a time zone that is an offset", "[calendar]\ntime-zone = \"+01:00\""),
    ("a weekday in another language", "[calendar]\nweekend = [\"samstag\"]"),
    ("a weekday cut short", "[calendar]\nweekend = [\"satrday\"]"),
    (
        "no day left",
        "[calendar]\nweekend = [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\", \"saturday\", \"sunday\"]",
    ),
    ("a time that is none", "[calendar]\nday-ends = \"25:00\""),
    ("a sprint without its start", "[calendar]\nsprint = { days = 14 }"),
    ("a sprint of no days", "[calendar]\nsprint = { start = 2026-01-05, days = 0 }"),
    ("a holiday that is no day", "[[calendar.holiday]]\ndate = 2026-02-30\nname = \"x\""),
    ("a holiday in words", "[[calendar.holiday]]\ndate = \"Christmas\"\nname = \"x\""),
    (
        "a freeze that ends before it begins",
        "[[calendar.freeze]]\nfrom = 2026-12-31\nto = 2026-12-01\nreason = \"x\"",
    ),
    ("weights that fall", "[weights]\ncritical = 1\nhigh = 10\nmedium = 3\nlow = 1"),
    ("a weight that is no number", "[weights]\ncritical = nan\nhigh = 10\nmedium = 3\nlow = 1"),
    (
        "a rhythm that is none",
        "[[cadence]]\nname = \"x\"\nevery = \"fortnight\"\nlevels = [\"high\"]",
    ),
    (
        "an exception of negative length",
        "[exceptions]\nlongest = { critical = \"-7 days\", high = \"30 days\", medium = \"90 days\", low = \"365 days\" }",
    ),
    (
        "an exception in hours",
        "[exceptions]\nlongest = { critical = \"7d\", high = \"720 hours\", medium = \"90 days\", low = \"365 days\" }",
    ),
    (
        "an approver that is no side",
        "[exceptions]\nmay-approve = { critical = [\"ciso\"], high = [\"securty\"], medium = [], low = [] }",
    ),
    ("nobody to grant it", "[emergencies]\nmay-approve = []"),
    ("more people than may be asked for", "[emergencies]\npeople = 4"),
    ("an answer that is never due", "[disputes]\nwithin = \"opportunistic\""),
    ("a licence that is an expression", "[selection.licences]\nallowed = [\"MIT OR Apache-2.0\"]"),
    ("a licence that is no id", "[selection.licences]\nallowed = [\"GPL3\"]"),
    ("a licence in two lists", "[selection.licences]\nallowed = [\"MIT\"]\ndenied = [\"MIT\"]"),
    (
        "a package that is no purl",
        "[[selection.denied]]\npackage = \"event-stream\"\nreason = \"x\"",
    ),
    ("a strictness that is none", "[selection]\nyanked = \"forbid\""),
    ("a strictness with a typo", "[unknown]\ngate = \"dney\""),
    ("a preset that is none", "[[party]]\nside = \"security\"\nname = \"\"\npreset = \"fedramp\""),
    ("a score out of range", "[[floor]]\nlevel = \"high\"\nbecause = \"x\"\ncvss-at-least = 70"),
    ("a tier that is not there", "[[floor]]\nlevel = \"high\"\nbecause = \"x\"\ntier = \"vitl\""),
    ("a factor of another name", "[weighing.scope]\nruntme = 1.0"),
    ("a factor out of range", "[weighing.scope]\nruntime = 1000.0"),
    ("a range of points the wrong way round", "[cost]\nmajor = [5, 1]"),
    (
        "wide characters before the place",
        "[[party]]\nside = \"security\" # 安全\nname = \"安全チーム\"\n[calendar]\nweekend = [\"日曜\", \"sunday\"]",
    ),
    ("tabs before the place", "[calendar]\n\tweekend\t= [\t\"sundy\" ]"),
    ("a member twice", "name = \"a\"\nname = \"b\""),
    ("a table twice", "[calendar]\ntime-zone = \"UTC\"\n[calendar]\nday-ends = \"17:00\""),
    ("a bracket left open", "[calendar]\nweekend = [\"sunday\"\nday-ends = \"17:00\""),
    ("a quote left open", "goal = \"Nobody is harmed\nname = \"x\""),
    ("text without quotes", "goal = Nobody is harmed"),
    ("a colon for an equals sign", "goal: \"x\""),
    ("a header left open", "[calendar\ntime-zone = \"UTC\""),
    ("a backslash", "goal = \"C:\\Users\""),
    ("a comma left out", "[calendar]\nweekend = [\"saturday\" \"sunday\"]"),
    ("curly quotes", "goal = “x”"),
    ("slips on several lines", "goal = Nobody\n[calendar]\ntime-zone = UTC\nday-ends = \"17:00\""),
    (
        "several of shape and of sense",
        "gaol = \"x\"\n[calendar]\ntime-zone = \"Europe/Lodnon\"\nday-ends = 17\nweekend = [\"sunday\"]\n[selection]\nyanked = \"forbid\"",
    ),
    (
        "a line that is very long",
        "[calendar]\nweekend = [\"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"monday\", \"sundy\", \"monday\"]",
    ),
];

/// Whole charters.
const WHOLE: &[(&str, &str)] = &[
    (
        "a row missing",
        "format = 1\n[matrix]\nactive = [\"high\", \"high\", \"high\", \"high\"]\nlikely = [\"low\", \"low\", \"low\", \"low\"]\npossible = [\"low\", \"low\", \"low\", \"low\"]",
    ),
    (
        "a level left out and another wrong",
        "format = 1\n[[environment]]\nname = \"production\"\n[deadlines.terms.production]\ncritical = \"72hh\"\nlow = \"opportunistic\"",
    ),
    ("an empty file", ""),
    ("only a comment", "# soon\n"),
    ("only a layout", "format = 1\n"),
    ("a layout of tomorrow", "format = 2\npreset = \"framework\"\n"),
    ("a layout in quotes", "format = \"1\"\npreset = \"framework\"\n"),
    ("a layout that is negative", "format = -1\npreset = \"framework\"\n"),
    ("no layout", "preset = \"framework\"\n"),
    ("a preset with a typo", "format = 1\npreset = \"fedrmap\"\n"),
    ("a file cut off", "format = 1\npreset = \"framework\"\n[calendar]\ntime-zone = \"Eur"),
    ("JSON", "{\"format\": 1}\n"),
    (
        "a sprint that no calendar has",
        "format = 1\n# this sprint\n[[tier]]\nname = \"a\"\nmeaning = \"x\"\nacceptable = \"low\"\nimpact = 0\n[[environment]]\nname = \"production\"\n[deadlines.terms.other]\ncritical = \"72 hours\"\nhigh = \"this sprint\"\nmedium = \"90 days\"\nlow = \"opportunistic\"\n",
    ),
    (
        "lines that end as on Windows",
        "format = 1\r\npreset = \"framework\"\r\n[calendar]\r\ntime-zone = \"Mars\"\r\n",
    ),
    (
        "a byte order mark",
        "\u{feff}format = 1\npreset = \"framework\"\n[calendar]\ntime-zone = \"Mars\"\n",
    ),
    ("a byte order mark before the slip", "\u{feff}formt = 1\npreset = \"framework\"\n"),
];

/// Projects: what follows `format = 1`.
const PROJECT: &[(&str, &str)] = &[
    ("a table for a list of tables", "[system]\nname = \"pay\""),
    ("a typo in a list of tables", "[[systems]]\nname = \"pay\""),
    ("a system without a name", "[[system]]\ntier = \"vital\""),
    (
        "a system with an empty name",
        "[[system]]\nname = \" \"\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = []",
    ),
    (
        "a system twice",
        "[[system]]\nname = \"a\"\npaths = [\"a/**\"]\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = []\n[[system]]\nname = \"a\"\npaths = [\"b/**\"]\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = []",
    ),
    (
        "a tier of another charter",
        "[[system]]\nname = \"a\"\ntier = \"gold\"\nexposure = \"internet\"\ndata = []\nenvironments = []",
    ),
    (
        "an exposure with a typo",
        "[[system]]\nname = \"a\"\ntier = \"vital\"\nexposure = \"internt\"\ndata = []\nenvironments = []",
    ),
    (
        "data that is text",
        "[[system]]\nname = \"a\"\ntier = \"vital\"\nexposure = \"internet\"\ndata = \"payment\"\nenvironments = []",
    ),
    (
        "environments cut short",
        "[[system]]\nname = \"a\"\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = [\"prod\", \"stagng\"]",
    ),
    (
        "a pattern that is none",
        "[[system]]\nname = \"a\"\npaths = [\"services/[pay/**\"]\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = []",
    ),
    (
        "a folder from the root",
        "[[system]]\nname = \"a\"\npaths = [\"/src/**\"]\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = [\"production\"]",
    ),
    (
        "a folder above",
        "[[system]]\nname = \"a\"\npaths = [\"../pay/**\"]\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = [\"production\"]",
    ),
    (
        "a folder from here",
        "[[system]]\nname = \"a\"\npaths = [\"./src/**\"]\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = [\"production\"]",
    ),
    (
        "backslashes",
        "[[system]]\nname = \"a\"\npaths = [\"src\\\\**\"]\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = [\"production\"]",
    ),
    (
        "a system that needs itself",
        "[[system]]\nname = \"a\"\ndepends-on = [\"a\"]\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = [\"production\"]",
    ),
    ("a charter above", "charter = \"../charter.toml\""),
    ("a charter with a full path", "charter = \"/etc/charter.toml\""),
    ("a list that is text", "policies = \"policies\""),
    (
        "an owner with an underscore",
        "[[system]]\nname = \"a\"\nproduct_owner = \"Ana\"\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = []",
    ),
    (
        "a member of the system before it",
        "tier = \"vital\"\n[[system]]\nname = \"a\"\ntier = \"vital\"\nexposure = \"internet\"\ndata = []\nenvironments = []",
    ),
];

/// Diagnostics as they are told, without colour.
fn told(file: &str, problems: &[Diagnostic]) -> String {
    let mut text = String::new();
    for d in problems {
        text.push_str(&format!("{}[{}]: {}\n", d.code.severity().as_str(), d.code, d.message));
        assert_eq!(d.file.as_deref(), Some(file), "{}", d.message);
        assert!(d.help.as_deref().is_some_and(|help| !help.is_empty()), "{}", d.message);
        if let (Some(line), Some(e)) = (d.line, &d.excerpt) {
            let gap = " ".repeat(e.start as usize);
            text.push_str(&format!("  {line}:{} | {}\n", e.column, e.line));
            let bar = " ".repeat(format!("{line}:{}", e.column).len());
            text.push_str(&format!("  {bar} | {gap}{}\n", "^".repeat(e.len as usize)));
        }
        text.push_str(&format!("  help: {}\n", d.help.as_deref().unwrap_or_default()));
    }
    text
}

#[test]
fn slips_are_told_at_their_places() {
    let (mut all, mut count) = (String::new(), 0);
    let mut add = |what: &str, text: String| {
        assert!(!text.is_empty(), "{what}: nothing is told");
        all.push_str(&format!("── {what}\n{text}\n"));
        count += 1;
    };
    for (what, rest) in CHARTER {
        let text = format!("format = 1\npreset = \"framework\"\n{rest}\n");
        add(what, told("charter.toml", &read("charter.toml", &text).err().unwrap_or_default()));
    }
    for (what, text) in WHOLE {
        add(what, told("charter.toml", &read("charter.toml", text).err().unwrap_or_default()));
    }
    for (what, rest) in PROJECT {
        let text = format!("format = 1\n{rest}\n");
        let read = project::read("trimtab.toml", &text, &preset::default());
        add(what, told("trimtab.toml", &read.err().unwrap_or_default()));
    }
    assert!(count > 100, "{count}");
    insta::assert_snapshot!("slips", all);
}
