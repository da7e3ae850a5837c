//! People, sessions, links, tokens.

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Role;
use trimtab_store::{
    Grant, NewPerson, NewToken, Org, Rate, ScopeOf, Session, SignInStep, Store, StoreError,
};

use crate::now;

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

const ADMIN: Grant = Grant { role: Role::Admin, scope: ScopeOf::Organisation };

async fn start(store: &Store) -> (Org, i64) {
    let org = store.add_organisation("Ferries", now()).await.unwrap();
    let person = NewPerson { email: "Ada@Example.org".into(), name: "Ada".into(), subject: None };
    let id = store.add_person(org, &person, &[ADMIN], "trimtab", now()).await.unwrap();
    (org, id)
}

pub(crate) async fn a_person_signs_in_with_a_session_that_ends(store: Store) {
    let (org, ada) = start(&store).await;
    let found = store.people_of_email("ada@example.ORG").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1.id, ada);
    let again = NewPerson { email: "ada@example.org".into(), name: "Else".into(), subject: None };
    let refused = store.add_person(org, &again, &[], "trimtab", now()).await;
    assert!(matches!(refused, Err(StoreError::Exists(_))), "{refused:?}");

    let session = Session { org, person: ada, csrf: "c".into(), expires: later(60) };
    store.add_session("d1", &session, now()).await.unwrap();
    assert_eq!(store.session("d1", later(59)).await.unwrap(), Some(session.clone()));
    assert_eq!(store.session("d1", later(60)).await.unwrap(), None);
    assert_eq!(store.session("d2", now()).await.unwrap(), None);
    store.set_password(org, ada, "$argon2id$x", "person:1", now()).await.unwrap();
    assert_eq!(store.session("d1", now()).await.unwrap(), None, "a new password ends sessions");
    store.add_session("d3", &session, now()).await.unwrap();
    store.end_session("d3").await.unwrap();
    assert_eq!(store.session("d3", now()).await.unwrap(), None);
}

pub(crate) async fn a_link_is_good_once(store: Store) {
    let (org, ada) = start(&store).await;
    store.add_link(org, ada, "l1", later(60)).await.unwrap();
    store.add_link(org, ada, "l2", later(60)).await.unwrap();
    assert_eq!(store.use_link("l1", now()).await.unwrap(), Some((org, ada)));
    assert_eq!(store.use_link("l1", now()).await.unwrap(), None);
    assert_eq!(store.use_link("l2", later(61)).await.unwrap(), None, "too old");
    assert_eq!(store.use_link("l3", now()).await.unwrap(), None);
}

pub(crate) async fn an_account_is_locked_after_failures(store: Store) {
    let (org, ada) = start(&store).await;
    for expected in 1..=3 {
        let failures = store.note_attempt(org, ada, false, 3, later(900)).await.unwrap();
        assert_eq!(failures, expected);
        let locked = store.person(org, ada).await.unwrap().unwrap().locked_until;
        assert_eq!(locked.is_some(), expected == 3);
    }
    assert_eq!(store.note_attempt(org, ada, true, 3, later(900)).await.unwrap(), 0);
    assert_eq!(store.person(org, ada).await.unwrap().unwrap().locked_until, None);
}

pub(crate) async fn the_last_admin_stays(store: Store) {
    let (org, ada) = start(&store).await;
    let security = Grant { role: Role::Security, scope: ScopeOf::Organisation };
    let refused = store.set_grants(org, ada, &[security], "person:1", now()).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))));
    assert_eq!(store.grants(org, ada).await.unwrap(), [ADMIN], "nothing was changed");
    let bob = NewPerson { email: "bob@example.org".into(), name: "Bob".into(), subject: None };
    let bob = store.add_person(org, &bob, &[ADMIN], "person:1", now()).await.unwrap();
    store.set_grants(org, ada, &[security], "person:2", now()).await.unwrap();
    assert_eq!(store.grants(org, ada).await.unwrap(), [security]);
    assert_eq!(store.grants(org, bob).await.unwrap(), [ADMIN]);
    let all = store.all_grants(org).await.unwrap();
    assert_eq!((all.len(), &all[&ada], &all[&bob]), (2, &vec![security], &vec![ADMIN]));
}

pub(crate) async fn a_token_ends_with_its_person(store: Store) {
    let (org, ada) = start(&store).await;
    let new = NewToken {
        name: "ci".into(),
        person: ada,
        actions: vec!["upload".into()],
        scope: ScopeOf::System(7),
        expires: later(3600),
    };
    let id = store.add_token(org, &new, "t1", "person:1", now()).await.unwrap();
    let token = store.token("t1", now()).await.unwrap().unwrap();
    assert_eq!(
        (token.id, token.scope, token.actions.as_slice()),
        (id, ScopeOf::System(7), &["upload".to_owned()][..])
    );
    assert_eq!(store.token("t1", later(3600)).await.unwrap(), None, "ended");
    store.note_token(&token, later(1)).await.unwrap();
    assert!(store.tokens(org).await.unwrap()[0].used.is_some());
    assert!(store.revoke_token(org, id, "person:1", now()).await.unwrap());
    assert!(!store.revoke_token(org, id, "person:1", now()).await.unwrap());
    assert_eq!(store.token("t1", now()).await.unwrap(), None, "revoked");

    store.add_token(org, &new, "t2", "person:1", now()).await.unwrap();
    store.set_disabled(org, ada, true, "trimtab", now()).await.unwrap();
    assert_eq!(store.token("t2", now()).await.unwrap(), None, "its person may not sign in");
    store.set_disabled(org, ada, false, "trimtab", now()).await.unwrap();
    assert_eq!(store.token("t2", now()).await.unwrap(), None, "it stays revoked");
}

pub(crate) async fn a_time_step_is_used_once(store: Store) {
    let (org, ada) = start(&store).await;
    assert!(store.use_totp_step(org, ada, 100).await.unwrap());
    assert!(!store.use_totp_step(org, ada, 100).await.unwrap());
    assert!(!store.use_totp_step(org, ada, 99).await.unwrap());
    assert!(store.use_totp_step(org, ada, 101).await.unwrap());
}

pub(crate) async fn a_step_is_taken_once_and_ends(store: Store) {
    let (org, ada) = start(&store).await;
    let step = SignInStep { org, kind: "code".into(), data: serde_json::json!({ "person": ada }) };
    store.add_step("s1", &step, later(300), now()).await.unwrap();
    assert_eq!(store.step("s1", "code", later(299)).await.unwrap(), Some(step.clone()));
    assert_eq!(store.step("s1", "provider", now()).await.unwrap(), None, "of another kind");
    assert_eq!(store.step("s1", "code", later(300)).await.unwrap(), None, "too late");
    assert!(store.end_step("s1").await.unwrap());
    assert!(!store.end_step("s1").await.unwrap(), "only one goes on");
    assert_eq!(store.step("s1", "code", now()).await.unwrap(), None);
    store.add_step("s2", &step, later(1), now()).await.unwrap();
    store.add_step("s3", &step, later(9), later(2)).await.unwrap();
    assert!(!store.end_step("s2").await.unwrap(), "what ended unused is forgotten");
}

pub(crate) async fn a_recovery_code_is_good_once(store: Store) {
    let (org, ada) = start(&store).await;
    let codes = ["r1".to_owned(), "r2".to_owned()];
    store.set_recovery_codes(org, ada, &codes).await.unwrap();
    assert_eq!(store.recovery_codes(org, ada).await.unwrap(), 2);
    assert!(store.use_recovery_code(org, ada, "r1").await.unwrap());
    assert!(!store.use_recovery_code(org, ada, "r1").await.unwrap());
    assert!(!store.use_recovery_code(org, ada + 1, "r2").await.unwrap(), "another's");
    store.set_recovery_codes(org, ada, &["r3".to_owned()]).await.unwrap();
    assert!(!store.use_recovery_code(org, ada, "r2").await.unwrap(), "replaced");
    store.set_totp(org, ada, None, "person:1", now()).await.unwrap();
    assert_eq!(store.recovery_codes(org, ada).await.unwrap(), 0, "they end with the secret");
    store.set_subject(org, ada, "https://id.example ada", "provider", now()).await.unwrap();
    let known = store.person_of_subject(org, "https://id.example ada").await.unwrap();
    assert_eq!(known.map(|p| p.id), Some(ada));
}

pub(crate) async fn a_network_tries_so_often_and_then_waits(store: Store) {
    let seconds = |n| now() + SignedDuration::from_secs(n);
    let rate = Rate { burst: 3, every: SignedDuration::from_secs(10) };
    let attempt = async |network: &str, at: i64| {
        let wait = store.attempt(network, rate, seconds(at)).await.unwrap();
        wait.map(|wait| wait.as_secs())
    };
    for _ in 0..3 {
        assert_eq!(attempt("192.0.2.1", 0).await, None);
    }
    assert_eq!(attempt("192.0.2.1", 0).await, Some(10));
    assert_eq!(attempt("192.0.2.1", 9).await, Some(1), "what is refused costs nothing more");
    assert_eq!(attempt("192.0.2.2", 9).await, None, "others are not concerned");
    assert_eq!(attempt("192.0.2.1", 10).await, None);
    assert_eq!(attempt("192.0.2.1", 10).await, Some(10));
    // Many at once are as many as one after the other.
    let mut tries = Vec::new();
    for _ in 0..12 {
        let store = store.clone();
        tries.push(tokio::spawn(async move {
            store.attempt("192.0.2.3", rate, now()).await.unwrap().is_none()
        }));
    }
    let mut may = 0;
    for one in tries {
        may += usize::from(one.await.unwrap());
    }
    assert_eq!(may, 3);
    // What is past is forgotten.
    assert_eq!(attempt("192.0.2.4", 1000).await, None);
    let sums = store.sums().await.unwrap();
    assert_eq!(sums["attempt"].rows, 1);
    for _ in 0..2 {
        assert_eq!(attempt("192.0.2.1", 2000).await, None);
    }
    // The clock of a server was days ahead: nobody waits for it.
    for _ in 0..3 {
        assert_eq!(attempt("192.0.2.5", 1_000_000).await, None);
    }
    for _ in 0..3 {
        assert_eq!(attempt("192.0.2.5", 2000).await, None);
    }
    assert_eq!(attempt("192.0.2.5", 2000).await, Some(10));
}
