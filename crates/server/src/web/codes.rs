//! One-time codes: turned on by a code that proves the app has the secret, turned off by another.

use axum::Form;
use axum::extract::State;
use qrcodegen::{QrCode, QrCodeEcc};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{
    Field, Form as View, Input, Link, Notice, Pairs, Squares, Urgency, Value,
};
use trimtab_store::Org;

use super::{Page, Sorry, html, layout, mended, own_form, sign_in};
use crate::access::Who;
use crate::access::codes::{Codes, kept, read, recovery, written};
use crate::access::limits::{FAILURES, lock};
use crate::problem::Problem;
use crate::state::App;

/// What the form sends.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    csrf: String,
    /// The secret that was shown, sealed; empty: codes are to be turned off.
    #[serde(default)]
    sealed: String,
    code: String,
}

/// What a secret is sealed for.
pub(crate) fn of(org: Org, person: i64) -> String {
    format!("codes:{}:{person}", org.0)
}

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, None, None).await
}

async fn show(app: &App, who: &Who, codes: Option<Codes>, wrong: Option<&str>) -> Page {
    who.session.as_ref().ok_or_else(Problem::unauthorised)?;
    let on = who.person.totp.is_some();
    let headline = if on { "One-time codes are on." } else { "One-time codes are off." };
    let title = "One-time codes";
    let mut layout = layout(app, who, Entry::Today, title, headline.to_owned()).await?;
    layout.entry = None;
    layout.crumbs = vec![Link::to("My account", "/account"), Link::words(title)];
    let mut form = View {
        action: "/account/codes".into(),
        csrf: layout.csrf.clone(),
        fields: vec![Field::new("code", "A code of your app", Input::Secret("one-time-code"))],
        submit: "Turn them on".to_owned(),
        cancel: Some(Link::to("Back", "/account")),
        ..View::default()
    };
    let mut about = Vec::new();
    let follows = if on {
        let left = app.store.recovery_codes(who.org, who.person.id).await?;
        about.push(("Recovery codes left".to_owned(), left.to_string().into()));
        form.submit = "Turn them off".to_owned();
        form.grave = true;
        vec!["Signing in takes no more than your password then.".to_owned()]
    } else {
        let Some(key) = &app.settings.access.key else {
            let detail = "This server was started without a key, so it keeps no such secrets. Ask who \
                runs it to give it one: --key-file.";
            return Err(Problem::conflict(detail).into());
        };
        let codes = match codes {
            Some(codes) => codes,
            None => Codes::new().map_err(|e| Problem::no_random_bytes(&e))?,
        };
        let sealed = codes
            .seal(key, &of(who.org, who.person.id))
            .map_err(|e| Problem::no_random_bytes(&e))?;
        form.fields.push(Field::new("sealed", "", Input::Hidden).holding(written(&sealed)));
        let address = codes.address(&who.person.email);
        about
            .extend(address.as_deref().and_then(picture).map(|p| ("Picture".to_owned(), p.into())));
        about.push(("Secret".to_owned(), Value::Code(codes.text())));
        about.extend(address.map(|a| ("As an address".to_owned(), Value::Code(a))));
        vec![
            "Show the picture to an app for one-time codes, or give it the secret; then type the \
             code that it shows."
                .to_owned(),
            "After that, signing in takes your password and a code.".to_owned(),
        ]
    };
    mended(&mut form, wrong.map(|wrong| ("code", wrong.to_owned())));
    Ok(html(&Act { layout, follows, about: Pairs(about), form }))
}

/// An address as a picture (QR, with a quarter of it to spare). `None`: it is too long for one.
fn picture(address: &str) -> Option<Squares> {
    let code = QrCode::encode_text(address, QrCodeEcc::Quartile).ok()?;
    let size = code.size();
    let all = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
    let place = |(x, y): (i32, i32)| Some((usize::try_from(x).ok()?, usize::try_from(y).ok()?));
    Some(Squares {
        label: "The secret as a picture for a camera".to_owned(),
        size: usize::try_from(size).ok()?,
        dark: all.filter(|(x, y)| code.get_module(*x, *y)).filter_map(place).collect(),
    })
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let mut who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let (org, id, now) = (who.org, who.person.id, app.now());
    if who.person.totp.is_some() {
        const WRONG: &str =
            "The code is not right, was used, or the account is locked for a while.";
        let locked = who.person.locked_until.is_some_and(|until| now < until);
        if locked || !sign_in::is_code(&app, org, &who.person, &sent.code, now).await? {
            if !locked {
                let until = now + lock(who.person.failures.saturating_add(1));
                app.store.note_attempt(org, id, false, FAILURES, until).await?;
            }
            return show(&app, &who, None, Some(WRONG)).await;
        }
        app.store.set_totp(org, id, None, &who.actor(), now).await?;
        who.person.totp = None;
        return show(&app, &who, None, None).await;
    }
    let key = app.settings.access.key.as_ref();
    let sealed = read(&sent.sealed);
    let opened = key.zip(sealed.as_ref()).and_then(|(k, s)| Codes::open(k, s, &of(org, id)));
    let (Some(codes), Some(sealed)) = (opened, sealed) else {
        return show(&app, &who, None, Some("Here is a new secret: the old one was lost.")).await;
    };
    let Some(step) = codes.step(&sent.code, now) else {
        let wrong = "This is not the code of the secret. Does the device tell the right time?";
        return show(&app, &who, Some(codes), Some(wrong)).await;
    };
    let recovery = recovery().map_err(|e| Problem::no_random_bytes(&e))?;
    app.store.set_totp(org, id, Some(sealed), &who.actor(), now).await?;
    // The code that turned them on signs nobody in.
    app.store.use_totp_step(org, id, step).await?;
    let digests: Vec<String> = recovery.iter().map(|code| kept(code)).collect();
    app.store.set_recovery_codes(org, id, &digests).await?;
    once(&app, &who, &recovery).await
}

/// The recovery codes, once.
async fn once(app: &App, who: &Who, recovery: &[String]) -> Page {
    let headline = "One-time codes are on. Keep your recovery codes.".to_owned();
    let mut layout = layout(app, who, Entry::Today, "Recovery codes", headline).await?;
    layout.entry = None;
    layout.crumbs = vec![Link::to("My account", "/account"), Link::words("Recovery codes")];
    layout.flash = Some(Notice {
        urgency: Urgency::Note,
        text: "Copy the recovery codes now. They are not shown again.".to_owned(),
        next: Some(Link::to("My account", "/account")),
    });
    let follows = vec![
        "Each of them stands in for one code of a lost device, once.".to_owned(),
        "From now on, signing in takes your password and a code.".to_owned(),
    ];
    let code = |(n, code): (usize, &String)| (format!("{}", n + 1), Value::Code(code.clone()));
    let about = Pairs(recovery.iter().enumerate().map(code).collect());
    let form = View {
        action: "/sign-out".into(),
        csrf: layout.csrf.clone(),
        submit: "Sign out, to try it".to_owned(),
        cancel: Some(Link::to("My account", "/account")),
        ..View::default()
    };
    Ok(html(&Act { layout, follows, about, form }))
}
