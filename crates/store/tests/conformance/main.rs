//! One suite for both engines: each case runs on SQLite and on a real PostgreSQL.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod arrive;
mod backup;
mod board_mails;
mod cases;
mod changes;
mod contained;
mod cut;
mod described;
mod findings;
mod former;
mod history;
mod incidents;
mod inventoried;
mod jobs;
mod narrowed;
mod notices;
mod own_digests;
mod packs;
mod people;
mod places;
mod plans;
mod published;
mod reports;
mod reviews;
mod shares;
mod sums;
mod suppliers;
mod tickets;
mod together;
mod verdicts;
mod waiting;

use std::sync::{LazyLock, Mutex};

use jiff::Timestamp;
use trimtab_store::{DecisionKind, NewDecision, Store};
use trimtab_testkit::postgres::Postgres;

/// One server for the whole suite; it ends with this process.
static SERVER: LazyLock<Option<Mutex<Postgres>>> =
    LazyLock::new(|| Postgres::start().map(Mutex::new));

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

/// An exception of everything that an engineer asks for, without an end.
fn exception() -> NewDecision {
    NewDecision {
        kind: DecisionKind::Exception,
        vulnerability: None,
        package: None,
        asset: None,
        system: None,
        environment: None,
        reason: "x".into(),
        justification: None,
        control: None,
        author: 1,
        author_role: "engineering".into(),
        expires: None,
    }
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

/// An empty store of each engine, to copy something into.
async fn fresh(name: &str) -> Vec<(Store, tempfile::TempDir)> {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.sqlite");
    let mut stores = vec![(Store::open(file.to_str().unwrap(), now()).await.unwrap(), folder)];
    if let Some(server) = &*SERVER {
        let name = format!("{}_to_{n}", &name[..name.len().min(40)]);
        let address = server.lock().unwrap().database(&name);
        let store = Store::open(&address, now()).await.unwrap();
        stores.push((store, tempfile::tempdir().unwrap()));
    }
    stores
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
    contained::what_is_contained_is_listed_with_its_findings,
    contained::what_is_asked_and_what_it_came_to_is_kept,
    contained::of_two_changes_of_a_supplier_one_counts,
    published::who_merged_an_update_is_kept_once,
    published::what_registries_tell_is_believed_of_what_is_carried,
    verdicts::a_verdict_is_of_when_it_was_made,
    verdicts::what_was_refused_on_a_branch_that_was_left_is_told_apart,
    verdicts::a_verdict_is_said_once_and_answered_by_a_later_one,
    verdicts::a_refusal_is_let_through_by_a_decision_after_it,
    verdicts::a_near_miss_is_opened_once_and_keeps_its_verdict,
    verdicts::a_supplier_is_told_each_thing_once_however_many_look,
    verdicts::how_a_product_stands_is_kept_until_something_changes,
    packs::what_is_carried_is_counted_by_package,
    packs::deployments_are_told_with_what_they_carried,
    packs::a_pack_keeps_what_was_carried,
    packs::a_prepared_pack_is_kept_until_the_review_is_opened,
    packs::who_wants_not_to_be_shown_is_not,
    packs::what_was_carried_once_is_found_when_it_is_gone,
    packs::how_grave_many_decisions_are_is_asked_for_together,
    arrive::several_together_are_as_each_alone,
    arrive::what_is_done_together_has_its_numbers_before,
    arrive::only_ones_own_jobs_end,
    arrive::tables_that_grew_are_counted,
    cut::lists_are_narrowed_before_they_are_cut,
    cut::findings_are_narrowed_to_what_is_due_and_at_risk,
    cut::a_ledger_is_verified_in_parts,
    waiting::what_waits_is_found_until_it_is_done,
    waiting::the_ledger_is_read_backwards_by_filter,
    described::every_change_of_the_description_is_counted,
    former::what_is_removed_keeps_its_name_and_its_number,
    sums::what_is_kept_is_what_is_counted,
    sums::what_plans_are_made_of_tells_in_which_system_it_is,
    notices::what_is_to_be_told_is_as_old_as_it_is_the_same,
    notices::what_a_digest_told_is_news_again_with_another_mark,
    notices::what_is_cut_in_two_is_no_other_alarm,
    notices::a_letter_is_begun_once_however_many_decide,
    notices::what_everybody_refused_goes_to_others_once,
    notices::what_became_of_a_copy_is_noted_and_nothing_is_sent_twice,
    notices::a_calendar_has_one_address_until_it_is_taken_back,
    notices::letters_of_what_is_over_are_let_go,
    notices::a_rota_has_its_covers_and_none_twice,
    notices::a_channel_is_tried_so_often,
    tickets::a_tracker_is_kept_and_forgotten_with_its_tickets,
    tickets::a_ticket_is_known_beside_its_tracker,
    tickets::a_copy_elsewhere_does_not_write_the_tickets,
    together::what_is_done_together_is_done_or_not,
    together::a_call_that_gives_up_undoes_the_whole,
    together::what_need_not_wait_for_the_disk_is_seen_at_once,
    people::a_person_signs_in_with_a_session_that_ends,
    people::a_link_is_good_once,
    people::a_network_tries_so_often_and_then_waits,
    people::an_account_is_locked_after_failures,
    people::the_last_admin_stays,
    people::a_token_ends_with_its_person,
    people::a_time_step_is_used_once,
    people::a_step_is_taken_once_and_ends,
    people::a_recovery_code_is_good_once,
    shares::a_link_shows_a_board_until_it_ends,
    board_mails::a_board_is_mailed_once_for_each_time,
    own_digests::a_digest_of_ones_own_tells_each_thing_once,
    own_digests::what_is_told_somebody_at_once_is_told_once,
    suppliers::a_supplier_is_found_by_the_systems_of_its_products,
    suppliers::a_supplier_comes_by_a_link_until_it_ends,
    suppliers::what_came_and_what_was_asked_is_kept,
    jobs::the_most_urgent_job_comes_first_and_no_organisation_starves_another,
    jobs::more_of_the_same_is_taken_with_it,
    jobs::equal_work_waits_once,
    jobs::no_job_is_taken_twice,
    jobs::a_dead_workers_job_is_taken_again,
    jobs::a_job_is_given_up_and_tried_again_by_hand,
    jobs::a_kind_can_be_left_to_others_and_what_waits_begins_earlier,
    cases::the_ledger_holds_and_shows_what_was_changed,
    cases::two_organisations_never_see_each_other,
    cases::a_document_is_kept_once_and_comes_back_as_it_was,
    cases::a_charter_is_in_force_when_all_four_sides_agreed,
    cases::terms_that_were_never_told_are_told_once,
    cases::nobody_answers_their_own_question,
    findings::a_finding_lives_from_detected_to_deployed,
    findings::a_new_version_and_a_new_alias_keep_the_finding,
    findings::a_rollback_brings_it_back,
    findings::what_stopped_is_known_not_to_run,
    findings::a_cluster_lists_all_that_it_runs,
    findings::an_acceptance_is_added_once_and_in_its_order,
    findings::a_withdrawn_advisory_is_told_apart_from_a_fix,
    findings::lists_are_paged_without_gaps_or_repeats,
    findings::settling_twice_changes_nothing,
    changes::a_change_comes_to_what_settling_every_asset_does,
    changes::a_change_looks_at_some_packages_alone,
    findings::two_at_once_settle_one_after_the_other,
    history::a_finding_s_history_is_all_that_happened_about_it,
    history::what_was_fixed_last_comes_first,
    inventoried::an_asset_that_goes_to_another_system_is_told,
    inventoried::systems_are_counted_by_how_new_their_inventories_are,
    places::a_package_is_found_wherever_it_is,
    places::pages_of_places_are_whole_however_narrow,
    places::what_only_a_tool_says_is_somewhere,
    findings::a_first_snapshot_may_have_thousands_of_findings,
    findings::an_asset_with_a_long_past_may_have_many_new_ones,
    reports::a_finding_lives_while_any_source_says_so,
    reports::what_a_newer_snapshot_no_longer_has_is_gone_whatever_a_tool_said,
    reports::a_tool_does_not_decide_what_is_one_and_the_same,
    reports::more_findings_than_a_block_of_ids,
    reports::vex_documents_hold_once,
    reports::a_key_is_answered_once,
    reports::feeds_are_noted,
    narrowed::findings_are_narrowed_by_what_belongs_to_them,
    narrowed::capitals_of_every_alphabet_are_letters,
    narrowed::a_frequent_text_finds_all,
    narrowed::decisions_of_no_system_touch_what_they_cover,
    narrowed::pages_of_lists_are_whole,
    plans::a_plan_is_kept_as_the_difference_to_the_one_before,
    plans::what_waits_for_a_day_within_its_window_is_not_of_the_window_before,
    plans::what_was_carried_out_is_kept_once,
    incidents::an_incident_is_told_in_order_and_in_the_ledger,
    incidents::near_misses_are_told_apart,
    incidents::an_appeal_is_answered_once_and_by_another,
    incidents::what_needs_two_is_granted_by_two_people,
    incidents::people_of_systems_are_named_in_place_of_those_before,
    reviews::a_review_is_prepared_opened_and_closed_once,
    reviews::who_sees_a_review_sees_all_of_its_systems,
    reviews::goals_are_kept_until_they_are_given_up,
    reviews::answers_are_counted_and_not_kept,
    reviews::a_group_of_systems_has_a_name_of_its_own,
    backup::a_copy_loses_nothing,
    backup::a_backup_comes_back_whole,
    backup::a_damaged_backup_is_refused_and_leaves_the_store_empty,
    backup::what_is_evidence_is_never_let_go,
    backup::notices_go_when_they_were_sent_or_are_old,
    backup::a_large_document_lies_in_pieces,
}
