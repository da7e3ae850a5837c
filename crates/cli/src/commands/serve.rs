//! `trimtab serve`: the server, until it is told to stop.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use trimtab_connect::http::Patience;
use trimtab_connect::notify::{Mail, Security};
use trimtab_feeds::{Named, plan};
use trimtab_model::{Code, Diagnostic, Role};
use trimtab_server::access::{Access, Key, Provider};
use trimtab_server::{Feeds, MailServer, Notices, Settings, first_link, log, start};

use super::Outcome;
use crate::args::{AccessArgs, MailSecurity, NoticeArgs, Serve, StoreArgs};
use crate::exit::Exit;
use crate::index;
use crate::io::Io;

/// The file name of the store in the data folder.
const NAME: &str = "trimtab.sqlite";

/// Runs the verb.
///
/// # Errors
/// The store cannot be opened, or the address is taken.
pub fn run(args: &Serve, io: &mut Io) -> Outcome {
    // Until the end: traces that wait are sent when it goes.
    let _logging = log(args.log_json);
    let store = address(&args.store, io)?;
    let settings = Settings {
        access: access(&args.access, &store)?,
        store,
        listen: args.listen.clone(),
        index: index::path(&args.index, io)?,
        public: args.public.clone().unwrap_or_else(|| format!("http://{}", args.listen)),
        largest_upload: args.largest_upload.saturating_mul(1 << 20),
        workers: args.workers,
        keep_days: args.keep_days,
        feeds: feeds(args)?,
        notices: notices(&args.notices)?,
    };
    let runtime = runtime()?;
    runtime.block_on(async {
        let refused = |text: String| {
            Diagnostic::new(Code::Usage, format!("the server cannot start: {text}"))
                .help("check --store and --listen")
        };
        let running = start(settings, Timestamp::now).await.map_err(refused)?;
        let link = first_link(&running.app, &args.organisation).await;
        if let Some(link) = link.map_err(|e| refused(e.to_string()))? {
            io.out(&format!("Sign in once, within a day, as the first admin:\n    {link}\n"));
        }
        if running.app.index().is_none() {
            io.err(match args.feeds_every {
                Some(_) => "There is no advisory index yet: it is being fetched.\n",
                None => "There is no advisory index yet: run `trimtab db update`.\n",
            });
        }
        io.err(&format!("Listening on {}\n", running.address));
        stopped().await;
        io.err("Stopping: finishing what has begun\n");
        running.stop().await;
        Ok(Exit::Clean)
    })
}

/// What is fetched how often. `None`: nothing.
fn feeds(args: &Serve) -> Result<Option<Feeds>, Diagnostic> {
    let named = args.feeds.named();
    let Some(hours) = args.feeds_every else {
        if named != Named::default() {
            let text = "the feeds to fetch are given, but not how often";
            return Err(Diagnostic::new(Code::Usage, text).help("add --feeds-every HOURS"));
        }
        return Ok(None);
    };
    // What is not there is told now and not after the first night.
    plan(&named)?;
    Ok(Some(Feeds { every: SignedDuration::from_hours(hours.into()), named }))
}

/// How notices leave.
fn notices(args: &NoticeArgs) -> Result<Notices, Diagnostic> {
    let refused = |text: String, help: &str| Diagnostic::new(Code::Usage, text).help(help);
    let Some(server) = &args.mail_server else {
        return Ok(Notices { mail: None, private: args.private_channels });
    };
    let (security, usual) = match args.mail_security {
        MailSecurity::Tls => (Security::Tls, 465),
        MailSecurity::Starttls => (Security::StartTls, 587),
        MailSecurity::None => (Security::None, 25),
    };
    let (host, port) = mail_place(server, usual).ok_or_else(|| {
        let help = "write HOST or HOST:PORT; an IPv6 address with a port goes in brackets";
        refused(format!("--mail-server `{server}` is not a host with a port"), help)
    })?;
    let from = args.mail_from.clone().unwrap_or_default();
    let password = args.mail_password_file.as_ref().map(std::fs::read_to_string).transpose();
    let password = password
        .map_err(|e| refused(format!("the mail password: {e}"), "check --mail-password-file"))?;
    let login = args.mail_user.clone().zip(password.map(|p| p.trim().to_owned()));
    // What cannot work is told now and not with the first letter.
    let tried = (host.as_str(), port);
    Mail::new(tried, security, login.clone(), (&from, &from), Patience::default()).map_err(
        |e| refused(e.to_string(), "check --mail-server, --mail-security and --mail-from"),
    )?;
    let mail = Some(MailServer { host, port, security, login, from });
    Ok(Notices { mail, private: args.private_channels })
}

/// A host and its port, or the usual one.
fn mail_place(text: &str, usual: u16) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
            (host, port)
        }
        None => match text.split_once(':') {
            // An address of IPv6 by itself.
            Some((_, rest)) if rest.contains(':') => (text, None),
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = port.map_or(Some(usual), |port| port.parse().ok().filter(|port| *port > 0))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    (!host.is_empty() && host.chars().all(plain)).then(|| (host.to_owned(), port))
}

/// How people and programs get in.
fn access(args: &AccessArgs, store: &str) -> Result<Access, Diagnostic> {
    let refused = |text: String, help: &str| Diagnostic::new(Code::Usage, text).help(help);
    // Processes that share a database must share a key: they get one by name only.
    let beside = || Some(Path::new(store).with_extension("key"));
    let key = match &args.key_file {
        Some(named) => Some(named.clone()),
        None if store.contains("://") => None,
        None => beside(),
    };
    let key = key.map(|path| Key::of_file(&path)).transpose();
    let key = key.map_err(|text| refused(text, "name another with --key-file FILE"))?;
    let role = |text: &String| {
        let (group, role) = text.rsplit_once('=').unwrap_or((text, ""));
        let role = Role::from_word(role).filter(|_| !group.is_empty());
        role.map(|role| (group.to_owned(), role)).ok_or_else(|| {
            let known: Vec<&str> = Role::ALL.iter().map(|r| r.as_str()).collect();
            let help = format!("write GROUP=ROLE; the roles are {}", known.join(", "));
            refused(format!("--oidc-role `{text}` is not a group and a role"), &help)
        })
    };
    let provider = match &args.oidc_issuer {
        None => None,
        Some(issuer) => {
            let secret = args.oidc_secret_file.as_ref().map(std::fs::read_to_string).transpose();
            let secret = secret.map_err(|e| {
                refused(format!("the provider's secret: {e}"), "check --oidc-secret-file")
            })?;
            let provider = Provider {
                name: args.oidc_name.clone(),
                issuer: issuer.clone(),
                client: args.oidc_client.clone().unwrap_or_default(),
                secret: secret.map(|s| s.trim().to_owned()),
                groups: args.oidc_groups.clone(),
                roles: args.oidc_roles.iter().map(role).collect::<Result<_, _>>()?,
            };
            provider.check().map_err(|text| refused(text, "check --oidc-issuer"))?;
            Some(provider)
        }
    };
    Ok(Access { key, proxies: args.proxies.clone(), token_rate: args.token_rate, provider })
}

/// The store that is named, or the default one.
///
/// # Errors
/// None is named and the system has no place for data.
pub fn address(args: &StoreArgs, io: &Io) -> Result<String, Diagnostic> {
    if let Some(store) = &args.store {
        return Ok(store.clone());
    }
    let none = || {
        Diagnostic::new(Code::Usage, "there is no folder for user data on this system")
            .help("name the store with --store FILE or TRIMTAB_STORE")
    };
    let folder = io.data_folder.as_ref().ok_or_else(none)?;
    std::fs::create_dir_all(folder).map_err(|e| {
        Diagnostic::new(Code::Usage, format!("`{}` cannot be made: {e}", folder.display()))
            .help("name the store with --store FILE")
    })?;
    Ok(folder.join(NAME).to_string_lossy().into_owned())
}

/// A runtime for what waits on many things at once.
///
/// # Errors
/// The system gives no threads.
pub fn runtime() -> Result<Runtime, Diagnostic> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Diagnostic::new(Code::Usage, format!("no threads can be started: {e}")))
}

/// Until somebody says stop.
pub(super) async fn stopped() {
    let (Ok(mut end), Ok(mut break_off)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = end.recv() => {}
        _ = break_off.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::mail_place;

    #[test]
    fn a_mail_server_has_a_host_and_a_port() {
        for (text, expected) in [
            ("mail.example", Some(("mail.example", 465))),
            ("mail.example:2525", Some(("mail.example", 2525))),
            ("[::1]:25", Some(("::1", 25))),
            ("[::1]", Some(("::1", 465))),
            ("::1", Some(("::1", 465))),
            ("", None),
            (":25", None),
            ("mail.example:", None),
            ("mail.example:0", None),
            ("mail.example:99999", None),
            ("mail example", None),
            ("[::1", None),
            ("[::1]25", None),
        ] {
            let is = mail_place(text, 465);
            assert_eq!(is, expected.map(|(host, port)| (host.to_owned(), port)), "{text}");
        }
    }
}
