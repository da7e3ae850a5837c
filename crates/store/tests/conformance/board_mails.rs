//! Boards that are mailed: each time once, however many look.

use jiff::{SignedDuration, Timestamp};
use trimtab_store::{Became, BoardMail, Store};

use crate::now;

fn later(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

pub(crate) async fn a_board_is_mailed_once_for_each_time(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let wish = |side: &str, hours: i64| BoardMail {
        person: 7,
        side: side.to_owned(),
        rhythm: "week-1".to_owned(),
        hour: 9,
        zone: "Europe/Berlin".to_owned(),
        team: (side == "product").then_some(4),
        next: later(hours),
    };
    assert!(store.next_mail(org).await.unwrap().is_none());
    store.set_board_mail(org, &wish("security", 5), "person:7", now()).await.unwrap();
    store.set_board_mail(org, &wish("security", 2), "person:7", now()).await.unwrap();
    store.set_board_mail(org, &wish("product", 3), "person:7", now()).await.unwrap();
    assert!(store.next_mail(org).await.unwrap().is_some());
    assert!(store.next_mail(other).await.unwrap().is_none());
    let is = wish("security", 2);
    assert_eq!(store.board_mail(org, 7, "security").await.unwrap(), Some(is.clone()));
    assert_eq!(store.board_mail(other, 7, "security").await.unwrap(), None);

    // Due at its time and not before, those that wait longest first.
    assert_eq!(store.board_mails_due(org, later(1), 9).await.unwrap(), []);
    assert_eq!(store.board_mails_due(org, later(2), 9).await.unwrap(), [wish("security", 2)]);
    let both = [is.clone(), wish("product", 3)];
    assert_eq!(store.board_mails_due(org, later(3), 9).await.unwrap(), both);
    assert_eq!(store.board_mails_due(org, later(3), 1).await.unwrap(), [wish("security", 2)]);
    assert_eq!(store.board_mails_due(other, later(3), 9).await.unwrap(), []);

    // However many look at once, one claims it.
    let claim = || store.claim_board_mail(org, &is, later(9), later(2));
    let (one, two, three) = tokio::join!(claim(), claim(), claim());
    let claims = [one, two, three].map(Result::unwrap);
    assert_eq!(claims.iter().filter(|claimed| **claimed).count(), 1, "{claims:?}");
    assert!(!claim().await.unwrap());
    assert_eq!(store.board_mails_due(org, later(3), 9).await.unwrap(), [wish("product", 3)]);
    // A clock that goes back and a wish that is set again do not bring the time again.
    store.set_board_mail(org, &is, "person:7", later(1)).await.unwrap();
    assert!(!claim().await.unwrap());
    assert_eq!(store.board_mail(org, 7, "security").await.unwrap(), Some(wish("security", 9)));

    // What was begun and did not end is not known; what is known then is what holds.
    let of = (7, "security");
    let runs = store.board_runs(org, of, 9).await.unwrap();
    assert_eq!((runs.len(), runs[0].due, runs[0].became), (1, later(2), Became::Begun));
    assert_eq!(store.lose_board_runs(org, later(2), later(3)).await.unwrap(), 0, "not before");
    assert_eq!(store.lose_board_runs(other, later(3), later(3)).await.unwrap(), 0);
    assert_eq!(store.lose_board_runs(org, later(3), later(3)).await.unwrap(), 1);
    let runs = store.board_runs(org, of, 9).await.unwrap();
    assert_eq!((runs[0].became, runs[0].changed), (Became::Unknown, later(3)));
    assert!(runs[0].detail.contains("may have come"), "{runs:?}");
    assert!(!claim().await.unwrap(), "and is not sent again");
    // What was not taken is tried again when it is time, by one; of what is asked for no longer nothing is.
    let put_off = (Became::Later, Some(later(6)), "busy");
    assert!(store.end_board_run(org, &is, put_off, later(4)).await.unwrap());
    assert_eq!(store.next_mail(org).await.unwrap(), Some(later(3)), "the other board's");
    assert_eq!(store.board_runs_again(org, later(5), 9).await.unwrap(), []);
    assert_eq!(store.board_runs_again(other, later(6), 9).await.unwrap(), []);
    assert_eq!(store.drop_board_runs(org, later(6)).await.unwrap(), 0);
    let again = store.board_runs_again(org, later(6), 9).await.unwrap();
    let [(board, run)] = again.as_slice() else { panic!("{again:?}") };
    assert_eq!((board, run.tries, run.again), (&is, 1, Some(later(6))));
    let begin = || store.begin_board_run_again(org, (board, run), later(6));
    assert_eq!((begin().await.unwrap(), begin().await.unwrap()), (true, false), "by one");
    assert_eq!(store.board_runs(org, of, 9).await.unwrap()[0].tries, 2);
    let sent = (Became::Sent, None, "");
    assert!(store.end_board_run(org, &is, sent, later(4)).await.unwrap());
    assert!(!store.end_board_run(org, &is, sent, later(4)).await.unwrap(), "known already");
    assert_eq!(store.board_runs(org, of, 9).await.unwrap()[0].became, Became::Sent);
    assert_eq!(store.board_runs(org, (8, "security"), 9).await.unwrap(), []);

    // What is older than a year goes, with the next time.
    let aged = wish("security", 9);
    let year = 24 * 400;
    assert!(store.claim_board_mail(org, &aged, later(year + 9), later(year + 5)).await.unwrap());
    let runs = store.board_runs(org, of, 9).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.due).collect::<Vec<_>>(), [later(9)]);

    assert!(store.end_board_mail(org, of, "person:7", later(5)).await.unwrap());
    assert!(!store.end_board_mail(org, of, "person:7", later(5)).await.unwrap(), "once");
    assert_eq!(store.board_mail(org, 7, "security").await.unwrap(), None);
    assert!(
        !store.claim_board_mail(org, &wish("security", year + 9), later(0), now()).await.unwrap()
    );
    let told = store.ledger(org, 0, 100).await.unwrap();
    let words = |what: &str| told.iter().filter(|entry| entry.data.contains(what)).count();
    assert_eq!((words("board-mail-set"), words("board-mail-ended")), (4, 1));
}
