//! One-time codes: turned on, asked for, used once each, and what stands in for a lost device.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use jiff::{SignedDuration, Timestamp};
use totp_rs::{Builder, Secret};
use trimtab_server::Access;
use trimtab_server::access::Key;

use crate::harness::{Answer, FORM, Server, encode, hidden};

/// How far the clock of this file's one server is ahead, in seconds.
static AHEAD: AtomicI64 = AtomicI64::new(0);
static BEGUN: LazyLock<Timestamp> = LazyLock::new(Timestamp::now);

fn clock() -> Timestamp {
    // It stands still between the steps of the test: a code is good for half a minute.
    *BEGUN + SignedDuration::from_secs(AHEAD.load(SeqCst))
}

fn code(secret: &str) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).with_account_name("x").build().unwrap();
    totp.generate(u64::try_from(clock().as_second()).unwrap()).to_string()
}

fn cookie(answer: &Answer) -> Option<String> {
    answer.header("set-cookie").map(|c| c.split(';').next().unwrap().to_owned())
}

/// What stands in the list of a page as code.
fn codes(page: &str) -> Vec<String> {
    page.split("<code>").skip(1).map(|c| c.split('<').next().unwrap().to_owned()).collect()
}

/// What a camera reads in the picture of a page.
fn seen(page: &str) -> String {
    let svg = page.split("<svg class=\"squares\"").nth(1).unwrap();
    let attribute =
        |name: &str| svg.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next();
    let side: usize = attribute("viewBox").unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    let mut dark = vec![vec![false; side]; side];
    for bar in attribute("d").unwrap().split('M').skip(1) {
        let numbers: Vec<usize> =
            bar.split([' ', 'h', 'v']).map_while(|n| n.parse().ok()).collect();
        let [x, y, length, ..] = numbers[..] else { panic!("{bar}") };
        dark[y + 4][x + 4..][..length].fill(true);
    }
    let pixel = |x: usize, y: usize| if dark[y / 5][x / 5] { 0 } else { 255 };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(side * 5, side * 5, pixel);
    image.detect_grids()[0].decode().unwrap().1
}

#[test]
fn a_code_is_asked_for_and_good_once() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::of_file(&folder.path().join("key")).unwrap();
    let server = Server::with(clock, Access { key: Some(key), ..Access::default() });
    let admin = server.first_admin();
    let own = [("cookie", admin.as_str()), FORM];
    let page = server.ask("GET", "/account/codes", &own, b"");
    assert_eq!(page.status, 200, "{}", page.text);
    let (csrf, sealed) = (hidden(&page.text, "csrf"), hidden(&page.text, "sealed"));
    let shown = codes(&page.text);
    let secret = shown.iter().find(|c| c.len() == 32).unwrap();
    let address = shown.iter().find(|c| c.starts_with("otpauth://totp/")).unwrap();
    assert_eq!(
        seen(&page.text),
        address.replace("&#38;", "&"),
        "what a camera reads is the address"
    );
    assert!(!sealed.contains(secret.as_str()));
    let send = |path: &str, cookie: &str, form: String| {
        server.ask("POST", path, &[("cookie", cookie), FORM], form.as_bytes())
    };
    let turn = |code: &str, sealed: &str| {
        send("/account/codes", &admin, format!("csrf={csrf}&sealed={sealed}&code={code}"))
    };
    assert!(turn("000000", &sealed).text.contains("This is not the code"));
    assert!(turn("000000", "AAAA").text.contains("Here is a new secret"));
    let on = turn(&code(secret), &sealed);
    assert!(on.text.contains("They are not shown again"), "{}", on.text);
    let recovery: Vec<String> = codes(&on.text).into_iter().filter(|c| c.len() == 19).collect();
    assert_eq!(recovery.len(), 10, "{}", on.text);
    let app = server.app();
    let org = server.org();
    let kept = server.runtime.block_on(app.store.people(org)).unwrap()[0].totp.clone().unwrap();
    let bytes = Secret::try_from_base32(secret.as_str()).unwrap();
    assert!(!kept.windows(8).any(|w| bytes.as_bytes().starts_with(w)), "it is sealed");

    let password = || {
        let form = "email=ada%40example.org&password=correct+horse+battery";
        let asked = send("/sign-in", "a=b", form.to_owned());
        assert!(asked.status == 200 && asked.text.contains("Your one-time code"), "{asked:?}");
        cookie(&asked).unwrap()
    };
    let step = password();
    assert!(step.starts_with("trimtab-step="), "{step}");
    let open = server.ask("GET", "/account", &[("cookie", &step)], b"");
    assert_eq!(open.status, 303, "half in is not in");
    let give =
        |step: &str, code: &str| send("/sign-in/code", step, format!("code={}", encode(code)));
    let wrong = "The code is not right";
    assert!(
        give(&step, &code(secret)).text.contains(wrong),
        "the code that turned them on is used"
    );
    AHEAD.fetch_add(60, SeqCst);
    let good = code(secret);
    let signed = give(&step, &good);
    assert_eq!((signed.status, signed.header("location")), (303, Some("/")), "{signed:?}");
    let session = cookie(&signed).unwrap();
    assert_eq!(server.ask("GET", "/account", &[("cookie", &session)], b"").status, 200);
    assert_eq!(give(&step, &good).header("location"), Some("/sign-in"), "the step is over");
    let second = password();
    assert!(give(&second, &good).text.contains(wrong), "a code is good once");
    let spoken = recovery[0].to_uppercase().replace('-', " ");
    assert_eq!(give(&second, &spoken).header("location"), Some("/"));
    let third = password();
    assert!(give(&third, &recovery[0]).text.contains(wrong), "so is a recovery code");
    for _ in 0..4 {
        // The password again does not make failures forgotten.
        assert!(give(&password(), "123456").text.contains(wrong));
    }
    AHEAD.fetch_add(30, SeqCst);
    assert!(give(&third, &code(secret)).text.contains(wrong), "locked");
    AHEAD.fetch_add(61, SeqCst);
    assert_eq!(give(&third, &code(secret)).header("location"), Some("/"), "a lock ends");
    let late = password();
    AHEAD.fetch_add(301, SeqCst);
    assert_eq!(give(&late, &code(secret)).header("location"), Some("/sign-in"), "too late");

    let off = turn("123456", "");
    assert!(off.text.contains(wrong) && off.text.contains("Turn them off"), "{}", off.text);
    assert!(turn(&recovery[1], "").text.contains("One-time codes are off"));
    let form = "email=ada%40example.org&password=correct+horse+battery".to_owned();
    assert_eq!(send("/sign-in", "a=b", form).header("location"), Some("/"));
    let ledger = server.runtime.block_on(app.store.ledger(org, 0, 100)).unwrap();
    let told: Vec<&str> = ledger.iter().map(|e| e.data.as_str()).collect();
    assert!(
        told.iter().any(|d| d.contains("totp-on")) && told.iter().any(|d| d.contains("totp-off"))
    );
    assert!(!told.join("").contains(secret.as_str()));
}

#[test]
fn a_server_without_a_key_keeps_no_secrets() {
    let server = Server::new();
    let admin = server.first_admin();
    let page = server.ask("GET", "/account/codes", &[("cookie", &admin)], b"");
    assert_eq!(page.status, 409);
    assert!(page.text.contains("--key-file"), "{}", page.text);
}
