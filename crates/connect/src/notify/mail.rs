//! Mail by SMTP: text and HTML, the same words in both. Nothing is sent unencrypted but to this machine.

use std::error::Error;
use std::time::Duration;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use trimtab_model::letter::{Item, Letter};

use super::{Channel, NotSent, clipped, one_line};

/// So long a server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most items in one mail.
const ITEMS: usize = 100;

/// How the connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte on (port 465 as a rule).
    Tls,
    /// STARTTLS, without which nothing is sent (port 587 as a rule).
    StartTls,
    /// None: only to this machine.
    None,
}

/// A mail server with who writes and to whom.
pub struct Mail {
    transport: SmtpTransport,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail(from {}, to {})", self.from, self.to.len())
    }
}

impl Mail {
    /// By way of a server, with name and password if it wants them.
    ///
    /// # Errors
    /// An address is none; TLS cannot be set up; a server elsewhere is to be used without it.
    pub fn new(
        (server, port): (&str, u16),
        security: Security,
        login: Option<(String, String)>,
        from: &str,
        to: &[String],
    ) -> Result<Mail, NotSent> {
        let here = ["127.0.0.1", "localhost", "::1"].contains(&server);
        if security == Security::None && !here {
            return Err(NotSent::Refused(format!("no mail goes to `{server}` without TLS")));
        }
        if to.is_empty() {
            return Err(NotSent::Refused("nobody is named to whom the mail goes".to_owned()));
        }
        let address = |text: &str| {
            let parsed: Result<Mailbox, _> = text.parse();
            parsed.map_err(|error| NotSent::Refused(format!("`{text}` is no address: {error}")))
        };
        let tls = || {
            TlsParameters::new(server.to_owned())
                .map_err(|error| NotSent::Refused(format!("TLS cannot be set up: {error}")))
        };
        let tls = match security {
            Security::Tls => Tls::Wrapper(tls()?),
            Security::StartTls => Tls::Required(tls()?),
            Security::None => Tls::None,
        };
        let mut transport =
            SmtpTransport::builder_dangerous(server).port(port).tls(tls).timeout(Some(PATIENCE));
        if let Some((name, password)) = login {
            transport = transport.credentials(Credentials::new(name, password));
        }
        let to = to.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
        Ok(Mail { transport: transport.build(), from: address(from)?, to })
    }

    /// The mail that a letter makes. Its id is the letter's, so that it is the same mail when it is sent again.
    fn message(&self, letter: &Letter) -> Result<Message, NotSent> {
        let letter = letter.with_at_most(ITEMS);
        let own = self.from.email.domain();
        let mut mail = Message::builder()
            .from(self.from.clone())
            .subject(clipped(&one_line(&letter.subject), 300))
            .message_id(Some(format!("<{}@{own}>", letter.id)));
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let alternatives = MultiPart::alternative()
            .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(text(&letter)))
            .singlepart(SinglePart::builder().header(ContentType::TEXT_HTML).body(html(&letter)));
        let mut mail = mail
            .multipart(alternatives)
            .map_err(|error| NotSent::Refused(format!("the mail cannot be made: {error}")))?;
        // Programs that answer by themselves do not answer to programs (RFC 3834).
        let mut headers = vec![("Auto-Submitted", "auto-generated")];
        if letter.urgent {
            headers.push(("Importance", "high"));
        }
        for (name, value) in headers {
            let name = HeaderName::new_from_ascii_str(name);
            mail.headers_mut().insert_raw(HeaderValue::new(name, value.to_owned()));
        }
        Ok(mail)
    }
}

impl Channel for Mail {
    fn send(&self, letter: &Letter) -> Result<(), NotSent> {
        let mail = self.message(letter)?;
        self.transport.send(&mail).map(|_| ()).map_err(|error| {
            let source = error.source().map_or_else(String::new, |source| format!(": {source}"));
            let why = clipped(&one_line(&format!("{error}{source}")), 300);
            let never = error.is_permanent() || error.is_client() || error.is_tls();
            match () {
                () if never || is_untrusted(&error) => NotSent::Refused(why),
                // It broke while something was on its way.
                () if error.is_timeout() || error.is_response() => NotSent::Unknown(why),
                () => NotSent::Later(why, None),
            }
        })
    }
}

/// Whether TLS found something wrong: a certificate does not become right by waiting.
fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let within = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let within = within.and_then(|within| within.downcast_ref::<rustls::Error>());
        if error.is::<rustls::Error>() || within.is_some() {
            return true;
        }
        next = error.source();
    }
    false
}

fn text(letter: &Letter) -> String {
    let mut text = format!("{}\r\n", letter.lead);
    for (nth, Item { title, detail, act, link }) in letter.items.iter().enumerate() {
        let number = format!("{}. ", nth.saturating_add(1));
        let space = " ".repeat(number.len());
        text.push_str(&format!(
            "\r\n{number}{}\r\n{space}{}\r\n{space}To do: {}\r\n{space}{link}\r\n",
            one_line(title),
            one_line(detail),
            one_line(act)
        ));
    }
    if let Some(rest) = letter.rest() {
        text.push_str(&format!("\r\n{rest}.\r\n"));
    }
    text.push_str(&format!("\r\nAll of it: {}\r\n\r\n-- \r\n{}\r\n", letter.link, letter.foot));
    text
}

/// Without a picture, a style sheet or anything to be fetched: readable wherever mail is read.
fn html(letter: &Letter) -> String {
    let mut items = String::new();
    for Item { title, detail, act, link } in &letter.items {
        items.push_str(&format!(
            "<li style=\"margin:0 0 1em\"><a href=\"{}\"><strong>{}</strong></a><br>{}<br>To do: {}</li>\n",
            escaped(link),
            escaped(title),
            escaped(detail),
            escaped(act)
        ));
    }
    let rest = letter.rest().map_or_else(String::new, |rest| format!("<p>{rest}.</p>\n"));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{subject}</title></head>\n\
         <body style=\"font:16px/1.5 sans-serif;max-width:42em\">\n<p>{lead}</p>\n<ol>\n{items}</ol>\n{rest}\
         <p><a href=\"{link}\">All of it</a></p>\n<p><small>{foot}</small></p>\n</body></html>\n",
        subject = escaped(&letter.subject),
        lead = escaped(&letter.lead),
        link = escaped(&letter.link),
        foot = escaped(&letter.foot),
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
