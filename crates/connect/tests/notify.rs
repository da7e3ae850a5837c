//! Letters through a real mail server, and to addresses of this machine that answer as chats do.
#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use trimtab_connect::SystemClock;
use trimtab_connect::http::Patience;
use trimtab_connect::notify::{
    Channel, Mail, Mattermost, NotSent, SIGNATURE, Security, Slack, Teams, Webhook, signature,
};
use trimtab_model::letter::{Item, Letter};
use trimtab_testkit::smtp::Smtp;

const FROM: &str = "Trimtab <trimtab@payments.example>";

fn letter() -> Letter {
    Letter {
        id: "team-1.2026-12-01".into(),
        subject: "Payments: 2 things\r\nBcc: everybody@evil.example".into(),
        lead: "Two changes remove 14 of 20 points of load — before Friday.".into(),
        items: vec![
            Item {
                title: "Raise <b>lodash</b> to 4.17.21 & test".into(),
                detail: "2 findings, one of them high.".into(),
                act: "Take it into the window of this week.".into(),
                link: "https://trimtab.example/updates/1?a=1&b=2".into(),
            },
            Item {
                title: "Ünïcode".into(),
                detail: ".\r\n.leading dot".into(),
                act: "Nothing.".into(),
                link: "https://trimtab.example/updates/2".into(),
            },
        ],
        more: 3,
        urgent: true,
        link: "https://trimtab.example/teams/1".into(),
        foot: "The team chose Tuesdays at 9; it is changed on the team's page.".into(),
    }
}

fn mail(port: u16, security: Security, login: Option<(&str, &str)>, to: &str) -> Mail {
    let login = login.map(|(name, word)| (name.to_owned(), word.to_owned()));
    Mail::new(("127.0.0.1", port), security, login, (FROM, to), patience()).unwrap()
}

/// The parts of a mail, decoded.
fn read(mail: &Value) -> Value {
    let python = trimtab_testkit::repository().join("target/tools/smtp/bin/python");
    // Read by another hand than the one that wrote it.
    let script = "import sys,json,email,email.policy\n\
        m=email.message_from_string(sys.argv[1],policy=email.policy.default)\n\
        print(json.dumps({'subject':m['subject'],'id':m['message-id'],'to':m['to'],'from':m['from'],'bcc':m['bcc'],\
        'auto':m['auto-submitted'],'importance':m['importance'],'text':m.get_body(('plain',)).get_content(),\
        'html':m.get_body(('html',)).get_content()}))";
    let output =
        Command::new(python).args(["-c", script, mail["text"].as_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_mail_says_the_same_in_text_and_html_and_nothing_slips_into_its_head() {
    let Some(mut server) = Smtp::start(&json!({})) else { return };
    mail(server.port(), Security::None, None, "Ann <ann@payments.example>")
        .send(&letter())
        .unwrap();
    let got = server.mail();
    assert_eq!(got["from"], "trimtab@payments.example");
    assert_eq!(got["to"], json!(["ann@payments.example"]));
    let read = read(&got);
    assert_eq!(read["subject"], "Payments: 2 things  Bcc: everybody@evil.example");
    assert_eq!((&read["bcc"], &read["auto"]), (&Value::Null, &json!("auto-generated")));
    assert_eq!(read["importance"], "high");
    assert_eq!(read["id"], "<team-1.2026-12-01@payments.example>");
    let text = read["text"].as_str().unwrap().replace("\r\n", "\n");
    assert!(text.starts_with("Two changes remove 14 of 20 points of load — before Friday.\n\n1. Raise <b>lodash</b> to 4.17.21 & test\n   2 findings, one of them high.\n   To do: Take it into the window of this week.\n   https://trimtab.example/updates/1?a=1&b=2\n\n2. Ünïcode\n   .  .leading dot\n"), "{text}");
    assert!(
        text.contains(
            "\nand 3 more.\n\nView all: https://trimtab.example/teams/1\n\n-- \nThe team"
        )
    );
    let html = read["html"].as_str().unwrap();
    assert!(html.contains("<a href=\"https://trimtab.example/updates/1?a=1&amp;b=2\"><strong>Raise &lt;b&gt;lodash&lt;/b&gt; to 4.17.21 &amp; test</strong></a>"));
    assert!(html.contains("<p>and 3 more.</p>") && !html.contains("<b>"));
}

#[test]
fn why_a_mail_was_not_taken_is_told_apart() {
    let Some(mut server) = Smtp::start(&json!({})) else { return };
    let send = |port, to: &str| mail(port, Security::None, None, to).send(&letter()).unwrap_err();
    let is = send(server.port(), "nobody@payments.example");
    assert!(matches!(&is, NotSent::Refused(why) if why.contains("no such mailbox")), "{is:?}");
    let is = send(server.port(), "full@payments.example");
    assert!(matches!(&is, NotSent::Later(why, None) if why.contains("mailbox is full")), "{is:?}");
    // Taken, and the connection breaks before the server can say so.
    let is = send(server.port(), "cut@payments.example");
    assert!(matches!(&is, NotSent::Unknown(_)), "{is:?}");
    assert_eq!(server.mail()["to"], json!(["cut@payments.example"]));
    // Taken, and no answer comes in time.
    let short = Patience { read: Duration::from_millis(300), ..patience() };
    let to = (FROM, "silent@payments.example");
    let mail = Mail::new(("127.0.0.1", server.port()), Security::None, None, to, short).unwrap();
    let is = mail.send(&letter()).unwrap_err();
    assert!(matches!(&is, NotSent::Unknown(_)), "{is:?}");
    assert_eq!(server.mail()["to"], json!(["silent@payments.example"]));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let is = send(closed, "ann@payments.example");
    assert!(matches!(&is, NotSent::Later(_, None)), "{is:?}");
    let refused = |server, to| {
        let made = Mail::new((server, 25), Security::None, None, (FROM, to), patience());
        made.unwrap_err().to_string()
    };
    assert_eq!(
        refused("mail.example", "a@b.example"),
        "no mail is sent to `mail.example` without TLS"
    );
    assert!(refused("localhost", "no address").starts_with("`no address` is not an address"));
}

/// Runs a test of this file in a process of its own that trusts what is in a file.
fn with_trust(file: &std::path::Path, name: &str, server: &Value) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--quiet"])
        .env("SSL_CERT_FILE", file)
        .env("TRIMTAB_TEST_SERVER", server.to_string())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[ignore = "tls_is_demanded_and_the_servers_certificate_is_looked_at runs it, with what it trusts in its environment"]
fn over_tls() {
    let server: Value =
        serde_json::from_str(&std::env::var("TRIMTAB_TEST_SERVER").unwrap()).unwrap();
    let security = if server["at_once"] == true { Security::Tls } else { Security::StartTls };
    let port = u16::try_from(server["port"].as_u64().unwrap()).unwrap();
    let login =
        |word| Some(("trimtab".to_owned(), word)).map(|(n, w): (String, &str)| (n, w.to_owned()));
    let to = (FROM, "ann@payments.example");
    let send = |word| {
        let mail = Mail::new(("localhost", port), security, login(word), to, patience());
        mail.unwrap().send(&letter())
    };
    if server["trusted"] == false {
        let is = send("right").unwrap_err();
        assert!(matches!(&is, NotSent::Refused(why) if why.contains("certificate")), "{is:?}");
        return;
    }
    send("right").unwrap();
    let is = send("wrong").unwrap_err();
    assert!(matches!(&is, NotSent::Refused(_)), "{is:?}");
}

#[test]
fn tls_is_demanded_and_the_servers_certificate_is_looked_at() {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let certificate = file("certificate.pem", params.self_signed(&key).unwrap().pem());
    let key = file("key.pem", key.serialize_pem());
    let nobody = file("nobody.pem", String::new());
    for at_once in [false, true] {
        let wished = json!({ "certificate": certificate, "key": key, "at_once": at_once, "login": ["trimtab", "right"] });
        let Some(mut server) = Smtp::start(&wished) else { return };
        let told = |trusted: bool| json!({ "port": server.port(), "at_once": at_once, "trusted": trusted });
        with_trust(&nobody, "over_tls", &told(false));
        with_trust(&certificate, "over_tls", &told(true));
        let got = server.mail();
        assert_eq!((&got["login"], &got["tls"]), (&json!("trimtab"), &json!(true)));
    }
    // A server without STARTTLS gets nothing.
    let Some(plain) = Smtp::start(&json!({})) else { return };
    let is = mail(plain.port(), Security::StartTls, None, "ann@payments.example").send(&letter());
    assert!(matches!(is, Err(NotSent::Refused(_))), "{is:?}");
}

/// An address that answers so, once for each answer, and tells what it was sent: head and body.
fn answering(answers: &[&str]) -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hooks/secret", listener.local_addr().unwrap());
    let answers: Vec<String> = answers.iter().map(|a| (*a).to_owned()).collect();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert!(reader.read_line(&mut head).unwrap() > 0);
            }
            let length = head.lines().find_map(|l| {
                let (name, value) = l.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse().unwrap())
            });
            let mut body = vec![0; length.unwrap()];
            reader.read_exact(&mut body).unwrap();
            tell.send((head, body)).unwrap();
            if !answer.is_empty() {
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    (address, told)
}

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

fn patience() -> Patience {
    Patience { read: Duration::from_secs(5), ..Patience::default() }
}

#[test]
fn each_chat_gets_the_letter_in_its_own_form() {
    type Make = fn(&str) -> Box<dyn Channel>;
    let all: [(Make, &str); 3] = [
        (|a| Box::new(Slack::new(a, patience(), &SystemClock).unwrap()), "/blocks/2/text/text"),
        (
            |a| Box::new(Teams::new(a, patience(), &SystemClock).unwrap()),
            "/attachments/0/content/body/2/items/0/text",
        ),
        (|a| Box::new(Mattermost::new(a, patience(), &SystemClock).unwrap()), "/text"),
    ];
    for (make, place) in all {
        let (address, told) = answering(&[TAKEN]);
        make(&address).send(&letter()).unwrap();
        let (head, body) = told.recv().unwrap();
        assert!(head.starts_with("POST /hooks/secret HTTP/1.1\r\n"), "{head}");
        let body: Value = serde_json::from_slice(&body).unwrap();
        let text = body.pointer(place).unwrap().as_str().unwrap();
        assert!(
            text.contains("4.17.21") && text.contains("https://trimtab.example/updates/1?a="),
            "{text}"
        );
    }
}

#[test]
fn a_webhook_is_signed_so_that_who_gets_it_can_prove_it() {
    let (address, told) = answering(&[TAKEN]);
    let webhook = Webhook::new(&address, b"the secret", patience(), &SystemClock).unwrap();
    webhook.send(&letter()).unwrap();
    let (head, body) = told.recv().unwrap();
    let header = |name: &str| {
        let line = head
            .lines()
            .find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)));
        line.unwrap().1.to_owned()
    };
    assert_eq!(header("Trimtab-Letter"), "team-1.2026-12-01");
    let signed = header(SIGNATURE);
    let (seconds, given) = signed.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    assert_eq!(given, signature(b"the secret", seconds.parse().unwrap(), &body));
    assert_ne!(given, signature(b"another", seconds.parse().unwrap(), &body));
    assert_ne!(given, signature(b"the secret", seconds.parse::<i64>().unwrap() + 1, &body));
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["more"], body["items"].as_array().unwrap().len()), (&json!(3), 2));
    // By another hand: `printf '1.{}' | openssl dgst -sha256 -hmac key`.
    assert_eq!(
        signature(b"key", 1, b"{}"),
        "1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224"
    );
}

#[test]
fn why_a_post_was_not_taken_is_told_apart_and_the_address_is_in_no_message() {
    let busy = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let gone =
        "HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\nConnection: close\r\n\r\nno_service";
    let echo = "HTTP/1.1 404 Not Found\r\nContent-Length: 25\r\nConnection: close\r\n\r\nCannot POST /hooks/secret";
    let broken = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (address, told) = answering(&[busy, gone, broken, "", echo]);
    let slack = Slack::new(&address, patience(), &SystemClock).unwrap();
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(slack.send(&letter()).unwrap_err());
        told.recv_timeout(Duration::from_secs(30)).unwrap();
    }
    assert!(matches!(&all[0], NotSent::Later(_, Some(wait)) if wait.as_secs() == 30), "{all:?}");
    assert!(
        matches!(&all[1], NotSent::Refused(why) if why.ends_with("answered 404: no_service")),
        "{all:?}"
    );
    assert!(matches!(&all[2], NotSent::Later(_, None)), "{all:?}");
    assert!(matches!(&all[3], NotSent::Unknown(_)), "{all:?}");
    assert!(matches!(&all[4], NotSent::Refused(why) if why.ends_with("answered 404")), "{all:?}");
    assert!(all.iter().all(|e| !format!("{e:?} {e}").contains("secret")));
    assert!(!format!("{slack:?}").contains("secret"));
    let elsewhere = Teams::new("http://chat.example/hooks/secret", patience(), &SystemClock);
    assert_eq!(elsewhere.unwrap_err().to_string(), "nothing is sent to `chat.example` without TLS");
    assert!(Webhook::new("https://chat.example/", b"", patience(), &SystemClock).is_err());
}
