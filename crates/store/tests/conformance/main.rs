//! One suite for both engines: each case runs on SQLite and on a real PostgreSQL.

mod cases;
mod findings;
mod jobs;
mod people;

use std::sync::{LazyLock, Mutex};

use jiff::Timestamp;
use trimtab_store::Store;
use trimtab_testkit::postgres::Postgres;

/// One server for the whole suite; it ends with this process.
static SERVER: LazyLock<Option<Mutex<Postgres>>> =
    LazyLock::new(|| Postgres::start().map(Mutex::new));

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

/// Runs a case on an empty store of each engine.
fn on_both<F: Future<Output = ()>>(name: &str, case: impl Fn(Store) -> F) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.sqlite");
    runtime.block_on(async {
        let store = Store::open(file.to_str().unwrap(), now()).await.unwrap();
        case(store.clone()).await;
        store.close().await;
    });
    let Some(server) = &*SERVER else { return };
    // PostgreSQL cuts longer names.
    let address = server.lock().unwrap().database(&name[..name.len().min(60)]);
    runtime.block_on(async {
        let store = Store::open(&address, now()).await.unwrap();
        case(store.clone()).await;
        store.close().await;
    });
}

macro_rules! suite {
    ($($module:ident::$case:ident),* $(,)?) => {$(
        #[test]
        fn $case() {
            on_both(stringify!($case), $module::$case);
        }
    )*};
}

suite! {
    people::a_person_signs_in_with_a_session_that_ends,
    people::a_link_is_good_once,
    people::an_account_is_locked_after_failures,
    people::the_last_admin_stays,
    people::a_token_ends_with_its_person,
    people::a_time_step_is_used_once,
    jobs::the_most_urgent_job_comes_first_and_no_organisation_starves_another,
    jobs::equal_work_waits_once,
    jobs::no_job_is_taken_twice,
    jobs::a_dead_workers_job_is_taken_again,
    jobs::a_job_is_given_up_and_tried_again_by_hand,
    cases::the_ledger_holds_and_shows_what_was_changed,
    cases::two_organisations_never_see_each_other,
    cases::a_document_is_kept_once_and_comes_back_as_it_was,
    cases::a_charter_is_in_force_when_all_four_sides_agreed,
    cases::nobody_answers_their_own_question,
    findings::a_finding_lives_from_detected_to_deployed,
    findings::a_new_version_and_a_new_alias_keep_the_finding,
    findings::a_rollback_brings_it_back,
    findings::a_withdrawn_advisory_is_told_apart_from_a_fix,
    findings::lists_are_paged_without_gaps_or_repeats,
    findings::settling_twice_changes_nothing,
    findings::two_at_once_settle_one_after_the_other,
    findings::a_package_is_found_wherever_it_is,
    findings::a_first_snapshot_may_have_thousands_of_findings,
}
