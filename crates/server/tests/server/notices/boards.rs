//! Boards are mailed to who asked for it: once for each time, with what they may see then.

use trimtab_store::Became::{self, Refused, Sent, Unknown};

use super::duty::mailing;
use super::*;

clock!(BOARDS, boards_clock);

/// Weeks from the first Monday at nine that comes.
fn week(n: i64) -> i64 {
    DIGEST + n * 7 * 24 * 60
}

#[test]
fn a_board_is_mailed_once_for_each_time_to_who_may_see_it_then() {
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    let world = begun(None, mailing(&smtp), boards_clock);
    let server = &world.server;
    let app = server.app();
    let whole = [(Role::Security, ScopeOf::Organisation)];
    let cyd = server.someone(world.org, "cyd", &whole);
    let dan = server.someone(world.org, "dan", &whole);
    let nil = server.someone(world.org, "nil", &[]);
    let path = "/boards/security/mail";
    let set = |who: &Someone, rhythm: &str, hour: &str| {
        server.send(who, path, &[("rhythm", rhythm), ("hour", hour)]).status
    };
    let runs_of = |who: &Someone| {
        let of = (who.id, "security");
        server.runtime.block_on(app.store.board_runs(world.org, of, 9)).unwrap()
    };
    let runs = || runs_of(&cyd);
    // Three ask for it at once, at a moment.
    let look = |minutes: i64| {
        BOARDS.store(minutes, Ordering::SeqCst);
        for n in 0..3 {
            world.job("mail-boards", &format!("{minutes} {n}"));
        }
        world.settle();
    };
    world.carries("ferry", world.system, 100..101);
    assert_eq!((set(&nil, "week-1", "9"), server.open(&nil, path).status), (403, 403));
    // What the form can say at a field comes back with it; the rest is in no list of it.
    let wrong = [("week-8", "9", 422), ("week-1", "24", 200), ("week-1", "x", 422), ("", "9", 422)];
    for (rhythm, hour, status) in wrong {
        assert_eq!(set(&cyd, rhythm, hour), status, "{rhythm} {hour}");
    }
    assert_eq!((set(&cyd, "week-1", "9"), set(&cyd, "week-1", "9")), (303, 303));
    assert_eq!(set(&dan, "week-1", "9"), 303);
    let closed = app.store.set_disabled(world.org, dan.id, true, "trimtab", boards_clock());
    server.runtime.block_on(closed).unwrap();
    let page = server.open(&cyd, path).text;
    assert!(page.contains("every Monday at 09:00 UTC"), "{page}");
    look(week(0) - 1);
    assert!(runs().is_empty(), "not before its time");

    // At its time once, to her alone: his account is closed.
    look(week(0));
    look(week(0) + 30);
    let got = smtp.mail();
    // As it was before it was put into short lines.
    let text = got["text"].as_str().unwrap().replace("=\r\n", "");
    assert_eq!(got["to"], json!([format!("cyd-{}@example.org", world.org.0)]));
    let first = format!(".{}.security.{}@", cyd.id, at(week(0)).as_second());
    for told in [
        first.as_str(),
        "Subject: Board of security: 1 critical finding",
        "multipart/alternative",
        "What: CVE-2026-100 in p100",
        "http://127.0.0.1/boards/security/mail",
        "<h1>Board of security</h1>",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let his = runs_of(&dan);
    assert_eq!((his.len(), his[0].became), (1, Refused));
    assert_eq!(his[0].detail, "the account is closed");
    assert_eq!(runs().iter().map(|run| run.became).collect::<Vec<_>>(), [Sent]);

    // Without a right at the time nothing is sent, and the page says so to her all the same.
    let grants = |roles: &[(Role, ScopeOf)]| {
        let grants: Vec<Grant> =
            roles.iter().map(|(role, scope)| Grant { role: *role, scope: *scope }).collect();
        let done = app.store.set_grants(world.org, cyd.id, &grants, "trimtab", boards_clock());
        server.runtime.block_on(done).unwrap();
    };
    grants(&[]);
    look(week(1));
    let page = server.open(&cyd, path);
    assert!(
        page.text.contains("not sent: the account may no longer see anything there"),
        "{}",
        page.text
    );
    grants(&whole);
    // Nor what a process began that ended meanwhile: it is not known, and not sent again.
    let due = app.store.board_mail(world.org, cyd.id, "security");
    let due = server.runtime.block_on(due).unwrap().unwrap();
    let claim = app.store.claim_board_mail(world.org, &due, at(week(3)), at(week(2)));
    assert!(server.runtime.block_on(claim).unwrap());
    look(week(2) + 11);
    assert_eq!(runs()[0].became, Unknown);
    // The next mail is that of the next time: none of the others was sent.
    look(week(3));
    let next = format!(".security.{}@", at(week(3)).as_second());
    let got = smtp.mail();
    assert!(got["text"].as_str().unwrap().contains(&next), "{got}");
    let became: Vec<Became> = runs().iter().map(|run| run.became).collect();
    assert_eq!(became, [Sent, Unknown, Refused, Sent]);

    // It ends when she says so, and both are in the ledger once.
    assert_eq!(set(&cyd, "never", ""), 303);
    look(week(4));
    assert_eq!(runs().len(), 4);
    let told = server.runtime.block_on(app.store.ledger(world.org, 0, 5000)).unwrap();
    let count = |what: &str| told.iter().filter(|entry| entry.data.contains(what)).count();
    assert_eq!((count("board-mail-set"), count("board-mail-ended")), (2, 1));
}
