//! Verdicts of the gate: said once, answered by what came after, and kept as long as something rests on them.

use jiff::SignedDuration;
use trimtab_store::{
    Became, DecisionState, JudgedBy, Judgement, Keep, Known, NewDecision, NewIncident,
    NewIncidentEvent, NewSnapshot, NewVerdict, ProductJudged, Store, TRIED, VerdictAnswer,
    VerdictFilter, VerdictReason, VerdictSource, Weighed,
};

use crate::findings::{World, component, high, later, matched};
use crate::{exception, now};

fn reason(name: &str) -> VerdictReason {
    VerdictReason {
        rule: "p/level".to_owned(),
        refuses: true,
        text: format!("{name} is late by 3 hours"),
        vulnerability: Some(name.to_owned()),
        brought: Some(true),
        ..VerdictReason::default()
    }
}

fn verdict(asset: i64, judgement: Judgement, reasons: Vec<VerdictReason>) -> NewVerdict {
    NewVerdict {
        asset,
        source: VerdictSource::Gate,
        judgement,
        revision: Some("c1".to_owned()),
        branch: Some("topic".to_owned()),
        snapshot: None,
        headline: "It is so.".to_owned(),
        charter: "Ours 1".to_owned(),
        reasons,
    }
}

pub(crate) async fn a_verdict_is_said_once_and_answered_by_a_later_one(store: Store) {
    let world = World::new(store.clone()).await;
    let (org, asset) = (world.org, world.asset);
    let other = store.put_asset(org, "other", "repository", None, now()).await.unwrap().id;
    let refused = verdict(asset, Judgement::Refused, vec![reason("CVE-1")]);
    let (first, new) = store.add_verdict(org, &refused, "token:1", later(1)).await.unwrap();
    assert!(new);
    // The same in other words is said again, however many send it at once.
    let mut words = refused.clone();
    words.reasons[0].text = "CVE-1 is late by 4 hours".to_owned();
    // So is what is looked up here, once its document was read.
    (words.reasons[0].finding, words.snapshot) = (Some(9), Some(3));
    let mut senders = Vec::new();
    for _ in 0..4 {
        let (store, words) = (store.clone(), words.clone());
        senders.push(tokio::spawn(async move {
            store.add_verdict(org, &words, "token:1", later(2)).await.unwrap()
        }));
    }
    for sender in senders {
        assert_eq!(sender.await.unwrap(), (first, false));
    }
    let is = store.verdict(org, first).await.unwrap().unwrap();
    assert_eq!((&is.is, is.reasons, is.times), (&refused, 1, 5));
    assert_eq!((is.at, is.last, is.answered, is.near_miss), (later(1), later(2), None, None));
    // Another branch, and another asset, answer nothing; a pass of the branch does, once.
    let on = |asset, branch: Option<&str>, judgement| NewVerdict {
        branch: branch.map(str::to_owned),
        ..verdict(asset, judgement, Vec::new())
    };
    for pass in [on(asset, None, Judgement::Passed), on(other, Some("topic"), Judgement::Passed)] {
        store.add_verdict(org, &pass, "token:1", later(3)).await.unwrap();
    }
    let unknown = on(asset, Some("topic"), Judgement::Unknown);
    store.add_verdict(org, &unknown, "token:1", later(3)).await.unwrap();
    assert_eq!(store.verdict(org, first).await.unwrap().unwrap().answered, None);
    let pass = on(asset, Some("topic"), Judgement::Passed);
    let (passed, _) = store.add_verdict(org, &pass, "token:1", later(4)).await.unwrap();
    let answered = store.verdict(org, first).await.unwrap().unwrap().answered;
    assert_eq!(answered, Some((VerdictAnswer::Passed(passed), later(4))));
    // Of packages that are asked for each has its own, however they alternate.
    let asked = |package: &str| NewVerdict {
        source: VerdictSource::CheckNew,
        revision: Some(package.to_owned()),
        ..verdict(other, Judgement::Unknown, Vec::new())
    };
    for new in [true, false] {
        for package in ["pkg:npm/a@1", "pkg:npm/b@1"] {
            let told = store.add_verdict(org, &asked(package), "token:1", later(4)).await.unwrap();
            assert_eq!(told.1, new, "{package}");
        }
    }

    // Lists, counts, and the ledger, of which nothing is another's.
    let ids = async |filter: VerdictFilter| {
        let page = store.verdicts(org, &filter, None, 50).await.unwrap();
        page.rows.iter().map(|is| is.id).collect::<Vec<_>>()
    };
    let of = VerdictFilter { asset: Some(asset), ..VerdictFilter::default() };
    assert_eq!(ids(of.clone()).await.len(), 4);
    let refusals = VerdictFilter { judgement: Some(Judgement::Refused), ..of.clone() };
    assert_eq!(ids(refusals).await, [first]);
    let passed_later = VerdictFilter { answered: Some("passed"), ..of.clone() };
    assert_eq!(ids(passed_later).await, [first]);
    assert_eq!(ids(VerdictFilter { answered: Some("open"), ..of.clone() }).await, [0i64; 0]);
    assert_eq!(ids(VerdictFilter { since: Some(later(4)), ..of.clone() }).await, [passed]);
    assert_eq!(ids(VerdictFilter { systems: Some(vec![1]), ..of }).await, [0i64; 0]);
    let page = store.verdicts(org, &VerdictFilter::default(), None, 2).await.unwrap();
    let rest = store.verdicts(org, &VerdictFilter::default(), page.next, 9).await.unwrap();
    assert_eq!((page.rows.len(), rest.rows.len(), rest.next), (2, 5, None));
    let changes = VerdictFilter { changes: true, ..VerdictFilter::default() };
    assert_eq!(ids(changes).await.len(), 5);
    let counts = store.count_verdicts(org, &VerdictFilter::default()).await.unwrap();
    let count = counts[&None];
    let told = (count.all, count.passed, count.refused, count.unknown, count.mended);
    assert_eq!((counts.len(), told, count.let_through), (1, (5, 3, 1, 1, 1), 0));
    assert_eq!(store.gated(org, later(1)).await.unwrap()[&None], 2);
    assert_eq!(store.gated(org, later(5)).await.unwrap().len(), 0);
    assert_eq!(store.refused(org, (later(0), later(9))).await.unwrap()[&None], (1, 1));
    let entries = store.ledger(org, 0, 100).await.unwrap();
    let of = |what: &str| entries.iter().filter(|e| e.data.contains(what)).count();
    let what = |what: &str| of(&format!("\"what\":\"{what}\""));
    assert_eq!((what("verdict"), what("verdict-answered")), (7, 1), "each once");
    // That the same was said again is told at the first time of another day, with how often until then.
    assert_eq!(what("verdict-again"), 0);
    for at in [30, 31] {
        let told = store.add_verdict(org, &asked("pkg:npm/a@1"), "token:1", later(at)).await;
        assert!(!told.unwrap().1);
    }
    let entries = store.ledger(org, 0, 100).await.unwrap();
    let again: Vec<_> = entries.iter().filter(|e| e.data.contains("verdict-again")).collect();
    let [again] = &again[..] else { panic!("{again:?}") };
    assert_eq!(again.at, later(30).as_microsecond());
    assert!(again.data.contains("\"times\":3"), "{again:?}");
    assert_eq!(store.verify_ledger(org).await.unwrap().1, None);
    let stranger = store.add_organisation("B", now()).await.unwrap();
    assert_eq!(store.verdict(stranger, first).await.unwrap(), None);
}

/// As `high`, and decided on.
fn decided(known: &Known) -> Option<Weighed> {
    high(known).map(|is| Weighed { decision: Some((1, "accepted")), ..is })
}

pub(crate) async fn a_refusal_is_let_through_by_a_decision_after_it(store: Store) {
    let world = World::new(store.clone()).await;
    let (org, asset) = (world.org, world.asset);
    let of = |name: &str, id: &str| (component(name, "1"), vec![matched(&[id], None)]);
    world.document("d1", &[of("a", "CVE-1"), of("b", "CVE-2")]).await;
    world.push("d1", later(0)).await;
    let refused = async |reasons: Vec<VerdictReason>, at| {
        let new = verdict(asset, Judgement::Refused, reasons);
        store.add_verdict(org, &new, "token:1", later(at)).await.unwrap().0
    };
    let before = refused(vec![reason("CVE-1")], 1).await;
    let loose =
        refused(vec![reason("CVE-1"), VerdictReason { vulnerability: None, ..reason("x") }], 2)
            .await;
    assert_eq!(store.let_through(org, later(3)).await.unwrap(), 0, "nobody decided");
    let wanted = NewDecision {
        vulnerability: Some("CVE-1".to_owned()),
        asset: Some(asset),
        reason: "soon".to_owned(),
        expires: Some(later(10_000)),
        ..exception()
    };
    let decision = store.ask(org, &wanted, "person:1", later(4)).await.unwrap();
    assert_eq!(decision, 1);
    let by = (2, "security");
    let approved = DecisionState::Approved;
    assert!(store.answer(org, decision, approved, by, "person:2", later(5)).await.unwrap());
    let after = refused(vec![reason("CVE-1"), reason("CVE-2")], 6).await;
    let production = ["production".to_owned()];
    let only_first =
        |known: &Known| if known.vulnerability == "CVE-1" { decided(known) } else { high(known) };
    store.settle(org, asset, JudgedBy::new(&production, &only_first, later(7))).await.unwrap();
    assert_eq!(store.let_through(org, later(8)).await.unwrap(), 1);
    assert_eq!(store.let_through(org, later(9)).await.unwrap(), 0, "each once");
    let answered = async |id| store.verdict(org, id).await.unwrap().unwrap().answered;
    assert_eq!(answered(before).await, Some((VerdictAnswer::Decided(1), later(8))));
    assert_eq!(answered(loose).await, None, "no decision answers a rule about no finding");
    assert_eq!(answered(after).await, None, "CVE-2 is decided by nobody, and it came after");
    let count = store.count_verdicts(org, &VerdictFilter::default()).await.unwrap()[&None];
    assert_eq!((count.refused, count.let_through, count.mended), (3, 1, 0));
    // On the main line a pass may be of what is new alone: it mends nothing that is open there still.
    let push = |judgement, reasons, commit: &str| NewVerdict {
        source: VerdictSource::Push,
        branch: None,
        revision: Some(commit.to_owned()),
        ..verdict(asset, judgement, reasons)
    };
    let open = push(Judgement::Refused, vec![reason("CVE-2")], "c2");
    let (open, _) = store.add_verdict(org, &open, "token:1", later(10)).await.unwrap();
    let pass = push(Judgement::Passed, Vec::new(), "c3");
    let (pass, _) = store.add_verdict(org, &pass, "token:1", later(11)).await.unwrap();
    assert_eq!(answered(open).await, None);
    world.document("d2", &[of("a", "CVE-1")]).await;
    world.push("d2", later(12)).await;
    assert_eq!(store.let_through(org, later(13)).await.unwrap(), 1, "it is gone");
    assert_eq!(answered(open).await, Some((VerdictAnswer::Passed(pass), later(13))));
    assert_eq!(store.verify_ledger(org).await.unwrap().1, None);
}

pub(crate) async fn a_near_miss_is_opened_once_and_keeps_its_verdict(store: Store) {
    let world = World::new(store.clone()).await;
    let (org, asset) = (world.org, world.asset);
    let keep = |at| Keep { documents: None, letters: None, verdicts: Some(at), rest: now() };
    let refused = verdict(asset, Judgement::Refused, vec![reason("CVE-1")]);
    let (first, _) = store.add_verdict(org, &refused, "token:1", later(1)).await.unwrap();
    let pass = verdict(asset, Judgement::Passed, Vec::new());
    let (second, _) = store.add_verdict(org, &pass, "token:1", later(2)).await.unwrap();
    let near = NewIncident {
        title: "Nearly".to_owned(),
        looked_for: "CVE-1".to_owned(),
        versions: String::new(),
        published: None,
        drill: None,
        speed: 1,
        near_miss: true,
    };
    let note = NewIncidentEvent {
        kind: "note".to_owned(),
        team: None,
        told: serde_json::json!({ "text": "refused" }),
    };
    let mut openers = Vec::new();
    for _ in 0..4 {
        let (store, near, note) = (store.clone(), near.clone(), note.clone());
        openers.push(tokio::spawn(async move {
            let told = (std::slice::from_ref(&note), [7].as_slice());
            store.open_near_miss(org, (&near, first), told, "person:1", later(3)).await.unwrap()
        }));
    }
    let mut opened = Vec::new();
    for opener in openers {
        opened.extend(opener.await.unwrap());
    }
    let [id] = opened[..] else { panic!("{opened:?}") };
    assert_eq!(store.verdict(org, first).await.unwrap().unwrap().near_miss, Some(id));
    assert_eq!(store.incident_systems(org, id).await.unwrap(), [7]);
    let events = store.incident_events(org, id).await.unwrap();
    assert_eq!(events.iter().map(|e| e.is.kind.as_str()).collect::<Vec<_>>(), ["opened", "note"]);
    // Counted in its time, by the systems that it is about.
    let misses = async |from, to, systems: Option<&[i64]>| {
        store.near_misses(org, (later(from), later(to)), systems, 9).await.unwrap().1
    };
    assert_eq!(misses(0, 9, None).await, 1);
    assert_eq!((misses(0, 3, None).await, misses(4, 9, None).await), (0, 0));
    assert_eq!((misses(0, 9, Some(&[7])).await, misses(0, 9, Some(&[8])).await), (1, 0));
    // What is old goes, but for what a near miss rests on.
    assert_eq!(store.forget(org, &keep(later(2))).await.unwrap().verdicts, 0);
    assert_eq!(store.forget(org, &keep(later(99))).await.unwrap().verdicts, 1);
    assert!(store.verdict(org, first).await.unwrap().is_some());
    assert!(store.verdict(org, second).await.unwrap().is_none());
}

pub(crate) async fn how_a_product_stands_is_kept_until_something_changes(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let asset = store.put_asset(org, "gateway", "product", None, now()).await.unwrap().id;
    let new = trimtab_store::NewSupplier {
        name: "Northwind".into(),
        contact: String::new(),
        contract: String::new(),
        contract_ends: None,
        obligations: serde_json::json!({}),
    };
    let (supplier, product) =
        store.add_supplier(org, &new, ("Gateway", asset), "person:1", now()).await.unwrap();
    let mark = async || store.product_marks(org, &[product]).await.unwrap()[&product].clone();
    let first = mark().await;
    assert_eq!(mark().await, first);
    let of = store.product_of(org, asset).await.unwrap().unwrap();
    store.set_release(org, &of, "4.2", "person:1", now()).await.unwrap();
    let second = mark().await;
    assert_ne!(second, first);
    let known = async || store.products_known(org, (now(), later(1))).await.unwrap()[&None];
    assert_eq!((known().await.products, known().await.judged), (1, 0));
    let mut is = ProductJudged {
        product,
        mark: second,
        at: now(),
        until: now() + SignedDuration::from_hours(1),
        counts: (2, 0, 1),
        told: serde_json::json!({ "promises": [] }),
    };
    store.keep_product_judged(org, &is).await.unwrap();
    assert_eq!(store.products_judged(org, &[product]).await.unwrap()[&product], is);
    assert_eq!((known().await.judged, known().await.kept), (1, 1));
    assert_eq!((known().await.decided, known().await.unclear), (1, 0));
    // Another one takes its place.
    is.counts = (2, 1, 0);
    store.keep_product_judged(org, &is).await.unwrap();
    assert_eq!(store.products_judged(org, &[product]).await.unwrap()[&product], is);
    assert_eq!((known().await.judged, known().await.kept), (1, 0));
    // Of which all is unknown is not told as broken.
    is.counts = (0, 0, 2);
    store.keep_product_judged(org, &is).await.unwrap();
    assert_eq!((known().await.decided, known().await.unclear), (0, 1));
    // What delivers nothing any longer is not asked about.
    let ended = (&new, Some(true), &serde_json::json!({ "quality": "2026-01-01T00:00:00Z" }));
    store.set_supplier(org, supplier, ended, "person:1", now()).await.unwrap();
    let is = known().await;
    assert_eq!((is.products, is.judged, is.unclear, is.assets), (0, 0, 0, 1));
    let kept = store.supplier(org, supplier).await.unwrap().unwrap().promised;
    assert_eq!(kept["quality"], "2026-01-01T00:00:00Z");
}

pub(crate) async fn a_supplier_is_told_each_thing_once_however_many_look(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let asset = store.put_asset(org, "gateway", "product", None, now()).await.unwrap().id;
    let new = trimtab_store::NewSupplier {
        name: "Northwind".into(),
        contact: "psirt@northwind.example".into(),
        contract: String::new(),
        contract_ends: None,
        obligations: serde_json::json!({}),
    };
    let (id, _) =
        store.add_supplier(org, &new, ("Gateway", asset), "person:1", now()).await.unwrap();
    assert!(!store.writes_supplier(org, id).await.unwrap(), "nobody said so");
    assert!(store.write_supplier(org, (id, true), "person:1", now()).await.unwrap());
    assert!(!store.write_supplier(org, (id, true), "person:1", now()).await.unwrap());
    assert_eq!(store.written_suppliers(org, 0, 9).await.unwrap(), [id]);
    assert_eq!(store.written_suppliers(org, id, 9).await.unwrap(), [0i64; 0]);
    let things: Vec<(String, String)> =
        ["question-1", "question-2"].map(|item| (item.to_owned(), "asked".to_owned())).into();
    let mut writers = Vec::new();
    for nth in 0..4 {
        let (store, things) = (store.clone(), things.clone());
        writers.push(tokio::spawn(async move {
            let of = (id, "psirt@northwind.example");
            store.begin_supplier_letter(org, of, &things, "trimtab", later(nth)).await.unwrap()
        }));
    }
    let mut claimed = Vec::new();
    for writer in writers {
        claimed.push(writer.await.unwrap());
    }
    claimed.sort_by_key(Vec::len);
    assert_eq!(claimed[3], [0, 1]);
    assert!(claimed[..3].iter().all(Vec::is_empty), "{claimed:?}");
    let told = store.supplier_told(org, id, 9).await.unwrap();
    assert_eq!((told.len(), told[0].became), (2, Became::Begun));
    // What was not taken now is told again; what was taken is not.
    let begun = told[0].at;
    store.end_supplier_letter(org, (id, begun), (Became::Later, "busy")).await.unwrap();
    assert!(store.supplier_told(org, id, 9).await.unwrap().is_empty());
    let of = (id, "psirt@northwind.example");
    let again = store.begin_supplier_letter(org, of, &things, "trimtab", later(9)).await.unwrap();
    assert_eq!(again, [0, 1]);
    store.end_supplier_letter(org, (id, later(9)), (Became::Sent, "")).await.unwrap();
    let none = store.begin_supplier_letter(org, of, &things, "trimtab", later(10)).await.unwrap();
    assert!(none.is_empty());
    // Late is another thing to tell than asked.
    let late = [("question-1".to_owned(), "late".to_owned())];
    let more = store.begin_supplier_letter(org, of, &late, "trimtab", later(11)).await.unwrap();
    assert_eq!(more, [0]);
    assert_eq!(store.supplier_tries(org, id, now()).await.unwrap(), 0);
    let tried = [(TRIED.to_owned(), "1".to_owned())];
    store.begin_supplier_letter(org, of, &tried, "person:1", later(12)).await.unwrap();
    assert_eq!(store.supplier_tries(org, id, later(12)).await.unwrap(), 1);
    assert_eq!(store.supplier_tries(org, id, later(13)).await.unwrap(), 0);
    // What never ended was lost with its process, and that is said.
    assert_eq!(store.lose_supplier_letters(org, later(11)).await.unwrap(), 0);
    assert_eq!(store.lose_supplier_letters(org, later(13)).await.unwrap(), 2);
    assert_eq!(store.supplier_told(org, id, 9).await.unwrap()[0].became, Became::Unknown);
    // By hand it is told again: what may not have come, and neither what was sent nor a try.
    assert_eq!(store.again_supplier_letters(org, id, "person:1", now()).await.unwrap(), 1);
    assert_eq!(store.again_supplier_letters(org, id, "person:1", now()).await.unwrap(), 0);
    let more = store.begin_supplier_letter(org, of, &late, "trimtab", later(14)).await.unwrap();
    assert_eq!(more, [0]);
    let none = store.begin_supplier_letter(org, of, &things, "trimtab", later(14)).await.unwrap();
    assert!(none.is_empty());
    assert_eq!(store.verify_ledger(org).await.unwrap().1, None);
}

pub(crate) async fn a_verdict_is_of_when_it_was_made(store: Store) {
    let world = World::new(store.clone()).await;
    let (org, asset) = (world.org, world.asset);
    let of = |judgement, revision: &str| NewVerdict {
        revision: Some(revision.to_owned()),
        ..verdict(asset, judgement, vec![])
    };
    let add = async |is: &NewVerdict, made, came| {
        let times = (later(made), later(came));
        store.add_verdict_made(org, is, "token:1", times).await.unwrap().0
    };
    let refused = add(&of(Judgement::Refused, "c1"), 5, 9).await;
    let told = store.ledger(org, 0, 100).await.unwrap();
    let told = told.iter().find(|e| e.data.contains("\"what\":\"verdict\"")).unwrap();
    assert!(told.at == later(9).as_microsecond());
    assert!(told.data.contains(&format!("\"made\":\"{}\"", later(5))), "{told:?}");
    // A pass that was made before it answers nothing, though it came after.
    add(&of(Judgement::Passed, "c0"), 4, 10).await;
    let is = async |id| store.verdict(org, id).await.unwrap().unwrap();
    assert_eq!((is(refused).await.at, is(refused).await.answered), (later(5), None));
    store.let_through(org, later(11)).await.unwrap();
    assert_eq!(is(refused).await.answered, None);
    let pass = add(&of(Judgement::Passed, "c2"), 6, 12).await;
    assert_eq!(is(refused).await.answered, Some((VerdictAnswer::Passed(pass), later(12))));
    // One that comes late, after the pass that was made later, is answered with the next look.
    let late = add(&of(Judgement::Refused, "c1b"), 5, 13).await;
    assert_eq!(is(late).await.answered, None);
    assert_eq!(store.let_through_of(org, Some(asset + 1), later(14)).await.unwrap(), 0);
    assert_eq!(store.let_through_of(org, Some(asset), later(14)).await.unwrap(), 1);
    assert_eq!(is(late).await.answered, Some((VerdictAnswer::Passed(pass), later(14))));
    // What was refused again after a pass was made is not answered by it, whenever that comes.
    let again = add(&of(Judgement::Refused, "c3"), 20, 20).await;
    assert_eq!(add(&of(Judgement::Refused, "c3"), 24, 24).await, again);
    add(&of(Judgement::Passed, "c2b"), 22, 25).await;
    store.let_through(org, later(26)).await.unwrap();
    assert_eq!(is(again).await.answered, None);
    let pass = add(&of(Judgement::Passed, "c4"), 25, 27).await;
    assert_eq!(is(again).await.answered, Some((VerdictAnswer::Passed(pass), later(27))));
}

pub(crate) async fn what_was_refused_on_a_branch_that_was_left_is_told_apart(store: Store) {
    let world = World::new(store.clone()).await;
    let (org, asset) = (world.org, world.asset);
    let refused = |branch: Option<&str>| NewVerdict {
        branch: branch.map(str::to_owned),
        ..verdict(asset, Judgement::Refused, vec![reason("CVE-1")])
    };
    let mut ids = Vec::new();
    for branch in [Some("topic"), Some("other"), None] {
        let told = store.add_verdict(org, &refused(branch), "token:1", later(1)).await.unwrap();
        ids.push(told.0);
    }
    let left = async |id| store.verdict(org, id).await.unwrap().unwrap().left;
    assert_eq!(store.leave_verdicts(org, later(1), later(2)).await.unwrap(), 0, "it is young");
    // Something came on one of them; the main line is never left.
    world.document("d1", &[(component("left", "1"), vec![])]).await;
    let new = NewSnapshot {
        document: "d1".into(),
        branch: Some("other".into()),
        ..NewSnapshot::default()
    };
    let production = ["production".to_owned()];
    let by = JudgedBy::new(&production, &high, later(30));
    store.add_snapshot(org, asset, &new, by, "token:1").await.unwrap();
    assert_eq!(store.leave_verdicts(org, later(20), later(40)).await.unwrap(), 1);
    assert_eq!(left(ids[0]).await, Some(later(40)));
    assert_eq!((left(ids[1]).await, left(ids[2]).await), (None, None));
    assert_eq!(store.leave_verdicts(org, later(20), later(41)).await.unwrap(), 0, "once");
    // It is neither open nor counted, and its list has it.
    let list = async |answered| {
        let filter = VerdictFilter { answered: Some(answered), ..VerdictFilter::default() };
        let page = store.verdicts(org, &filter, None, 9).await.unwrap();
        page.rows.iter().map(|is| is.id).collect::<Vec<_>>()
    };
    assert_eq!(list("left").await, [ids[0]]);
    assert_eq!(list("open").await, [ids[2], ids[1]]);
    let counts = store.count_verdicts(org, &VerdictFilter::default()).await.unwrap();
    assert_eq!((counts[&None].refused, counts[&None].left), (3, 1));
    let counted = async || {
        let filter = VerdictFilter { had_time: Some(later(50)), ..VerdictFilter::default() };
        let page = store.verdicts(org, &filter, None, 9).await.unwrap();
        let sums = store.refused(org, (later(0), later(50))).await.unwrap();
        assert_eq!(sums[&None].0, i64::try_from(page.rows.len()).unwrap(), "what is counted");
        sums[&None]
    };
    assert_eq!(counted().await, (2, 0));
    // When somebody goes on with it, it waits for an answer again, and a pass answers it.
    let more = NewVerdict { revision: Some("c9".to_owned()), ..refused(Some("topic")) };
    store.add_verdict(org, &more, "token:1", later(60)).await.unwrap();
    assert_eq!(left(ids[0]).await, None);
    let pass = NewVerdict {
        revision: Some("c10".to_owned()),
        ..verdict(asset, Judgement::Passed, vec![])
    };
    store.add_verdict(org, &pass, "token:1", later(61)).await.unwrap();
    assert!(store.verdict(org, ids[0]).await.unwrap().unwrap().answered.is_some());
    let told = store.ledger(org, 0, 500).await.unwrap();
    assert_eq!(told.iter().filter(|one| one.data.contains("verdict-left")).count(), 2);
}
