//! Scope, age and conflict: which statements hold for a finding.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod told;

use proptest::prelude::*;
use told::told;
use trimtab_decisions::exceptions;
use trimtab_decisions::vex::{About, Why, accepted, apply, preview, read};
use trimtab_model::advisory::Changed;
use trimtab_model::decision::{Justification, Product, Statement};
use trimtab_model::evidence::VexStatus::{self, Affected, Fixed, NotAffected, UnderInvestigation};
use trimtab_model::{Code, Purl};

fn purl(text: &str) -> Purl {
    Purl::parse(text).unwrap()
}

fn item(text: &str) -> Product {
    match text.split_once(' ') {
        Some((text, versions)) => Product { versions: Some(versions.into()), ..item(text) },
        None => Product { id: text.into(), purl: Purl::parse(text).ok(), ..Product::default() },
    }
}

/// Who says what of which product, since when (a day of 2026, or nothing).
fn says(author: &str, status: VexStatus, product: Product, day: u32) -> Statement {
    Statement {
        vulnerability: "CVE-2021-44228".into(),
        aliases: vec!["GHSA-jfh8-c2jp-5v3q".into()],
        products: vec![product],
        status,
        justification: (status == NotAffected).then_some(Justification::ComponentNotPresent),
        detail: None,
        action: None,
        author: (!author.is_empty()).then(|| author.into()),
        at: self::day(day),
        document: None,
        words: vec![],
    }
}

struct Case {
    ids: Vec<Box<str>>,
    component: Purl,
    products: Vec<Purl>,
    changed: Changed,
}

impl Case {
    fn about(&self) -> About<'_> {
        About {
            ids: &self.ids,
            component: &self.component,
            products: &self.products,
            changed: self.changed,
        }
    }
}

/// A day of 2026; 0 is none.
fn day(day: u32) -> Option<jiff::Timestamp> {
    (day > 0).then(|| format!("2026-01-{day:02}T00:00:00Z").parse().unwrap())
}

/// A finding whose advisory changed on a day of 2026; 0 is long ago.
fn case(component: &str, products: &[&str], changed: u32) -> Case {
    let long_ago = Some(jiff::Timestamp::UNIX_EPOCH);
    Case {
        ids: vec!["ghsa-jfh8-c2jp-5v3q".into()],
        component: purl(component),
        products: products.iter().map(|p| purl(p)).collect(),
        changed: Changed { after: day(changed).or(long_ago), by: day(changed).or(long_ago) },
    }
}

fn why(statement: Statement, case: &Case) -> Why {
    let answer = apply(&[statement], &case.about());
    assert_eq!(answer.status.is_some(), answer.uses[0].why == Why::Applies);
    answer.uses[0].why
}

#[test]
fn a_purl_stands_for_what_it_names() {
    let here = case("pkg:npm/%40acme/web@1.4.0?arch=x64", &[], 0);
    for (product, wanted) in [
        ("pkg:npm/%40acme/web", Why::Applies),
        ("pkg:npm/%40acme/web@1.4.0", Why::Applies),
        ("pkg:npm/%40acme/web@1.3.0", Why::OtherVersion),
        ("pkg:npm/%40acme/web?arch=x64", Why::Applies),
        ("pkg:npm/%40acme/web?arch=arm", Why::OtherProduct),
        ("pkg:npm/web", Why::OtherProduct),
        ("pkg:pypi/web", Why::OtherProduct),
        ("pkg:npm/%40acme/web vers:npm/>=1.0.0|<2.0.0", Why::Applies),
        ("pkg:npm/%40acme/web vers:npm/<1.4.0", Why::OtherVersion),
        ("pkg:npm/%40acme/web vers:npm/*", Why::Applies),
        ("pkg:npm/%40acme/web vers:unordered/<1", Why::VersionUnknown),
        ("pkg:npm/%40acme/web nonsense", Why::OtherVersion),
        ("CSAFPID-0001", Why::NoPurl),
    ] {
        assert_eq!(why(says("a", NotAffected, item(product), 1), &here), wanted, "{product}");
    }
    let go = case("pkg:golang/x.example/m@v1.2.3", &[], 0);
    assert_eq!(
        why(says("a", NotAffected, item("pkg:golang/x.example/m@1.2.3"), 1), &go),
        Why::Applies
    );
    let unknown = case("pkg:npm/a", &[], 0);
    assert_eq!(why(says("a", NotAffected, item("pkg:npm/a@1"), 1), &unknown), Why::VersionUnknown);
}

#[test]
fn a_component_is_meant_in_its_product_only() {
    let busybox = |status| {
        let product =
            Product { components: vec![item("pkg:apk/alpine/busybox")], ..item("pkg:oci/app") };
        says("a", status, product, 1)
    };
    let component = "pkg:apk/alpine/busybox@1.36.1-r5?arch=x86_64";
    let inside = case(component, &["pkg:oci/app@sha256%3Aabc"], 0);
    assert_eq!(why(busybox(NotAffected), &inside), Why::Applies);
    let other = case(component, &["pkg:oci/mismatch"], 0);
    assert_eq!(why(busybox(NotAffected), &other), Why::OtherProduct);
    assert_eq!(why(busybox(Affected), &other), Why::OtherProduct);
    // Nobody said what is scanned: only what makes nothing look better counts.
    let unknown = case(component, &[], 0);
    assert_eq!(why(busybox(NotAffected), &unknown), Why::ProductUnknown);
    assert_eq!(why(busybox(Affected), &unknown), Why::Applies);
    let elsewhere = case("pkg:apk/alpine/ssl_client@1", &["pkg:oci/app"], 0);
    assert_eq!(why(busybox(NotAffected), &elsewhere), Why::OtherProduct);
    // About the product as a whole: every component of it.
    let whole = says("a", NotAffected, item("pkg:oci/app"), 1);
    assert_eq!(why(whole.clone(), &inside), Why::Applies);
    assert_eq!(why(whole, &other), Why::OtherProduct);
}

#[test]
fn the_sample_of_another_scanner_is_understood_alike() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let statements = |name: &str| {
        let bytes = std::fs::read(shared.join("corpus/vex/trivy").join(name)).unwrap();
        read(&bytes).0.unwrap().statements
    };
    let mut bash = case("pkg:deb/debian/bash@5.3", &["pkg:oci/debian@sha256%3A4482?arch=amd64"], 0);
    bash.ids = vec!["CVE-2022-3715".into()];
    let status = |name: &str, case: &Case| {
        apply(&statements(name), &case.about()).status.map(|fact| fact.value)
    };
    assert_eq!(status("openvex-oci.json", &bash), Some(NotAffected));
    assert_eq!(status("openvex-oci-mismatch.json", &bash), None);
    // The second statement of the document is the newer one.
    let mut spring = case("pkg:maven/org.springframework.boot/spring-boot@2.6.0", &[], 0);
    spring.ids = vec!["CVE-2021-44228".into()];
    assert_eq!(status("openvex-multiple.json", &spring), Some(NotAffected));
    // A transitive dependency, in a direct one that is on the way to it.
    let mut nested = case(
        "pkg:golang/github.com/aquasecurity/go-transitive@v4.0.0",
        &["pkg:golang/github.com/aquasecurity/go-direct1@v2.0.0"],
        0,
    );
    nested.ids = vec!["CVE-2024-0001".into()];
    assert_eq!(status("openvex-nested.json", &nested), Some(NotAffected));
    nested.products = vec![purl("pkg:golang/github.com/aquasecurity/go-direct2@v3.0.0")];
    assert_eq!(status("openvex-nested.json", &nested), None);
}

#[test]
fn what_is_older_than_the_advisory_does_not_hold() {
    let here = case("pkg:npm/a@1", &[], 10);
    let at = |status, day| why(says("a", status, item("pkg:npm/a@1"), day), &here);
    assert_eq!(at(NotAffected, 9), Why::Older);
    assert_eq!(at(NotAffected, 10), Why::Applies);
    assert_eq!(at(NotAffected, 0), Why::NoTime);
    assert_eq!(at(Fixed, 9), Why::Older);
    assert_eq!(at(Affected, 9), Why::Applies);
    assert_eq!(at(UnderInvestigation, 0), Why::Applies);
    // Known between two days only: what lies between holds, as nothing shows that it is out of date.
    let mut between = case("pkg:npm/a@1", &[], 0);
    for (after, by, at, wanted) in [
        (5, 10, 4, Why::Older),
        (5, 10, 5, Why::Applies),
        (5, 10, 9, Why::Applies),
        (5, 10, 10, Why::Applies),
        (0, 10, 1, Why::Applies),
        (5, 0, 4, Why::Older),
        (5, 0, 20, Why::Applies),
        (0, 0, 20, Why::Applies),
    ] {
        between.changed = Changed { after: day(after), by: day(by) };
        for status in [NotAffected, Fixed] {
            let statement = says("a", status, item("pkg:npm/a@1"), at);
            assert_eq!(why(statement, &between), wanted, "{after} {by} {at}");
        }
        assert_eq!(why(says("a", Affected, item("pkg:npm/a@1"), at), &between), Why::Applies);
    }
    let told = |day, changed| {
        let mut case = case("pkg:npm/a@1", &[], 0);
        case.changed = changed;
        let said = [says("a", NotAffected, item("pkg:npm/a@1"), day)];
        apply(&said, &case.about()).diagnostics[0].message.to_string()
    };
    let changed = Changed { after: day(5), by: day(10) };
    assert!(told(4, changed).ends_with("(it changed on 2026-01-05 or later)"));
    assert!(told(7, changed).contains(", which was last modified on 2026-01-10 is not known"));
    let changed = Changed { after: day(5), by: day(5) };
    assert!(told(4, changed).ends_with("(it changed on 2026-01-05)"));
    // What is stale supersedes nothing.
    let both = [
        says("a", Affected, item("pkg:npm/a@1"), 1),
        says("a", NotAffected, item("pkg:npm/a@1"), 5),
    ];
    let answer = apply(&both, &here.about());
    assert_eq!(answer.status.unwrap().value, Affected);
    assert_eq!(answer.diagnostics[0].code, Code::VexStale);
    // Fixed must say in which version.
    let fixed = says("a", Fixed, item("pkg:npm/a"), 20);
    assert_eq!(why(fixed, &here), Why::NoVersion);
}

#[test]
fn the_newest_word_of_an_author_holds_and_authors_may_not_contradict() {
    let here = case("pkg:npm/a@1", &[], 0);
    let statements = [
        says("a", Affected, item("pkg:npm/a@1"), 1),
        says("A ", NotAffected, item("pkg:npm/a@1"), 2),
    ];
    let answer = apply(&statements, &here.about());
    assert_eq!(answer.status.unwrap().value, NotAffected);
    assert_eq!(answer.uses[0].why, Why::Superseded);
    assert_eq!(answer.diagnostics, []);
    // Another author, however new, is a conflict; the graver word is used.
    let other = says("b", NotAffected, item("pkg:npm/a@1"), 9);
    let three = [says("a", UnderInvestigation, item("pkg:npm/a@1"), 3), other];
    let answer = apply(&three, &here.about());
    assert_eq!(answer.status.clone().unwrap().value, UnderInvestigation);
    assert_eq!(
        answer.uses.iter().map(|u| u.why).collect::<Vec<_>>(),
        [Why::Applies, Why::Conflict]
    );
    let old = says("c", NotAffected, item("pkg:npm/a@0.9"), 3);
    let mut all = three.to_vec();
    all.push(old);
    insta::assert_snapshot!(told(&apply(&all, &here.about()).diagnostics));
    // Equally new: what says more closely what it is about.
    let close =
        [says("a", Affected, item("pkg:npm/a"), 2), says("a", NotAffected, item("pkg:npm/a@1"), 2)];
    assert_eq!(apply(&close, &here.about()).status.unwrap().value, NotAffected);
    // Authors without a name are not one author.
    let nameless =
        [says("", Affected, item("pkg:npm/a@1"), 1), says("", NotAffected, item("pkg:npm/a@1"), 2)];
    assert_eq!(apply(&nameless, &here.about()).status.unwrap().value, Affected);
}

#[test]
fn a_preview_says_what_would_change() {
    let here = case("pkg:npm/a@1", &[], 10);
    let mut elsewhere = case("pkg:npm/b@1", &[], 0);
    elsewhere.ids = vec!["CVE-2000-1".into()];
    let mut unused = says("a", NotAffected, item("pkg:npm/a@1"), 20);
    unused.vulnerability = "CVE-1999-1".into();
    unused.aliases.clear();
    let statements = [
        says("a", NotAffected, item("pkg:npm/a@1"), 20),
        says("a", NotAffected, item("pkg:npm/a@1"), 5),
        unused,
    ];
    let (effects, answers) = preview(&statements, &[here.about(), elsewhere.about()]);
    assert_eq!(effects[0].findings, [(0, Why::Applies)]);
    assert_eq!(effects[0].applies().collect::<Vec<_>>(), [0]);
    assert_eq!(effects[1].findings, [(0, Why::Older)]);
    assert_eq!(effects[2].findings, []);
    assert_eq!(answers[0].status.as_ref().unwrap().value, NotAffected);
    assert_eq!(answers[1].status, None);
}

#[test]
fn an_accepted_finding_is_published_as_affected() {
    let path = trimtab_testkit::repository().join("corpus/decisions/exceptions.toml");
    let (decisions, _) = exceptions::read(&std::fs::read_to_string(path).unwrap(), "e");
    let product = purl("pkg:oci/payments");
    let component = purl("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1");
    let statement =
        accepted(&decisions.exceptions[0], "CVE-2021-44228", &product, Some(&component));
    assert_eq!(statement.status, Affected);
    assert_eq!(
        statement.action.as_deref(),
        Some("Accepted until 2026-02-01, with this control: The egress filter blocks LDAP.")
    );
    assert_eq!(statement.products[0].components[0].purl.as_ref(), Some(&component));
}

fn any_statement() -> impl Strategy<Value = Statement> {
    (
        proptest::sample::select(vec!["a", "b", ""]),
        proptest::sample::select(vec![NotAffected, Fixed, UnderInvestigation, Affected]),
        proptest::sample::select(vec![
            "pkg:npm/a",
            "pkg:npm/a@1",
            "pkg:npm/a@2",
            "pkg:npm/b",
            "pkg:npm/a vers:npm/<2.0.0",
            "x",
        ]),
        0u32..28,
    )
        .prop_map(|(author, status, product, day)| says(author, status, item(product), day))
}

proptest! {
    #[test]
    fn nothing_looks_better_than_somebody_in_force_says(
        statements in proptest::collection::vec(any_statement(), 0..6), after in 0u32..28, by in 0u32..28,
    ) {
        let mut here = case("pkg:npm/a@1", &[], 0);
        here.changed = Changed { after: day(after.min(by)), by: day(by) };
        let answer = apply(&statements, &here.about());
        prop_assert_eq!(answer.uses.len(), statements.len());
        let held: Vec<VexStatus> = answer.uses.iter()
            .filter(|u| matches!(u.why, Why::Applies | Why::Conflict))
            .map(|u| statements[u.statement].status).collect();
        prop_assert_eq!(answer.status.as_ref().map(|s| s.value), held.iter().copied().max());
        for used in &answer.uses {
            let statement = &statements[used.statement];
            if matches!(statement.status, NotAffected | Fixed) && used.why == Why::Applies {
                let after = here.changed.after;
                prop_assert!(statement.at.is_some() && after.is_none_or(|a| statement.at >= Some(a)));
            }
        }
        // The order of documents does not matter.
        let mut reversed = statements.clone();
        reversed.reverse();
        if statements.iter().all(|s| s.author.is_some()) {
            let again = apply(&reversed, &here.about());
            prop_assert_eq!(again.status.map(|s| s.value), answer.status.map(|s| s.value));
        }
    }
}
