//! Mail by SMTP: text and HTML, the same words in both. Nothing is sent unencrypted but to this machine.

use std::error::Error;
use std::io;

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport};
use trimtab_model::letter::{Item, Letter};

use super::{Channel, NotSent, clipped, one_line};
use crate::html::escaped;
use crate::http::Patience;

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

/// A mail server with who writes and to whom. One address: what is refused for one is not lost for others.
pub struct Mail {
    transport: SmtpTransport,
    from: Mailbox,
    to: Mailbox,
}

/// What is mailed whole: the same as text and as HTML.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// What tells it from every other: letters, digits and `.`.
    pub id: &'a str,
    /// Its subject.
    pub subject: &'a str,
    /// As text, with CRLF.
    pub text: &'a str,
    /// As HTML that needs nothing else.
    pub html: &'a str,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail(from {}, to {})", self.from, self.to)
    }
}

impl Mail {
    /// By way of a server, with name and password if it wants them. Servers that look into mails take their time:
    /// `patience.read` is for each of their answers.
    ///
    /// # Errors
    /// An address is none; TLS cannot be set up; a server elsewhere is to be used without it.
    pub fn new(
        (server, port): (&str, u16),
        security: Security,
        login: Option<(String, String)>,
        (from, to): (&str, &str),
        patience: Patience,
    ) -> Result<Mail, NotSent> {
        let here = ["127.0.0.1", "localhost", "::1"].contains(&server);
        if security == Security::None && !here {
            return Err(NotSent::Refused(format!("no mail is sent to `{server}` without TLS")));
        }
        let address = |text: &str| {
            let parsed: Result<Mailbox, _> = text.parse();
            parsed.map_err(|error| NotSent::Refused(format!("`{text}` is not an address: {error}")))
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
        let mut transport = SmtpTransport::builder_dangerous(server)
            .port(port)
            .tls(tls)
            .timeout(Some(patience.read));
        if let Some((name, password)) = login {
            transport = transport.credentials(Credentials::new(name, password));
        }
        Ok(Mail { transport: transport.build(), from: address(from)?, to: address(to)? })
    }

    /// The mail that a letter makes. Its id is the letter's, so that it is the same mail when it is sent again.
    fn message(&self, letter: &Letter) -> Result<Message, NotSent> {
        let letter = letter.with_at_most(ITEMS);
        let (text, html) = (text(&letter), html(&letter));
        let written =
            Written { id: &letter.id, subject: &letter.subject, text: &text, html: &html };
        self.mail(&written, letter.urgent)
    }

    fn mail(&self, is: &Written<'_>, urgent: bool) -> Result<Message, NotSent> {
        let own = self.from.email.domain();
        let mail = Message::builder()
            .from(self.from.clone())
            .to(self.to.clone())
            .subject(clipped(&one_line(is.subject), 300))
            .message_id(Some(format!("<{}@{own}>", is.id)));
        let part = |kind: ContentType, body: &str| {
            SinglePart::builder().header(kind).body(body.to_owned())
        };
        let alternatives = MultiPart::alternative()
            .singlepart(part(ContentType::TEXT_PLAIN, is.text))
            .singlepart(part(ContentType::TEXT_HTML, is.html));
        let mut mail = mail.multipart(alternatives).map_err(|error| {
            NotSent::Refused(format!("the mail could not be composed: {error}"))
        })?;
        // Programs that answer by themselves do not answer to programs (RFC 3834).
        let mut headers = vec![("Auto-Submitted", "auto-generated")];
        if urgent {
            headers.push(("Importance", "high"));
        }
        for (name, value) in headers {
            let name = HeaderName::new_from_ascii_str(name);
            mail.headers_mut().insert_raw(HeaderValue::new(name, value.to_owned()));
        }
        Ok(mail)
    }

    /// Hands over what is no letter: something that was written whole, as text and as HTML.
    ///
    /// # Errors
    /// It was not taken, or nobody knows.
    pub fn send_written(&self, is: &Written<'_>) -> Result<(), NotSent> {
        self.hand_over(&self.mail(is, false)?)
    }

    fn hand_over(&self, mail: &Message) -> Result<(), NotSent> {
        self.transport.send(mail).map(|_| ()).map_err(|error| {
            let source = error.source().map_or_else(String::new, |source| format!(": {source}"));
            let why = clipped(&one_line(&format!("{error}{source}")), 300);
            let never = error.is_permanent() || error.is_client() || error.is_tls();
            match () {
                () if never || is_untrusted(&error) => NotSent::Refused(why),
                // It broke while something was on its way, or no answer came.
                () if error.is_response() || is_broken(&error) => NotSent::Unknown(why),
                () => NotSent::Later(why, None),
            }
        })
    }
}

impl Channel for Mail {
    fn send(&self, letter: &Letter) -> Result<(), NotSent> {
        self.hand_over(&self.message(letter)?)
    }
}

/// An error with all that lies below it.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}

/// Whether TLS found something wrong: a certificate does not become right by waiting.
fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| {
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let within = within.and_then(|within| within.downcast_ref::<rustls::Error>());
        error.is::<rustls::Error>() || within.is_some()
    })
}

/// Whether a connection that stood broke, or its other end fell silent: then nobody knows what was taken. That none
/// could be made is another kind.
fn is_broken(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof, WouldBlock,
    };
    let kinds = [BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof, WouldBlock];
    causes(error).any(|error| {
        error.downcast_ref::<io::Error>().is_some_and(|error| kinds.contains(&error.kind()))
    })
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
    text.push_str(&format!("\r\nView all: {}\r\n\r\n-- \r\n{}\r\n", letter.link, letter.foot));
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
         <p><a href=\"{link}\">View all</a></p>\n<p><small>{foot}</small></p>\n</body></html>\n",
        subject = escaped(&letter.subject),
        lead = escaped(&letter.lead),
        link = escaped(&letter.link),
        foot = escaped(&letter.foot),
    )
}
