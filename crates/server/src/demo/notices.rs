//! What the teams of the year were told: a digest of last week, what was *now*, and what is new since.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::json;
use trimtab_engine::notices::{Message, Why};
use trimtab_store::{Became, NewLetter, NewRecipient, Org, OwnDigest, RotaCover};

use crate::notices::letters::Said;
use crate::notices::wishes::{Quiet, Wishes};
use crate::notices::{duty, others, own, things, why_word};
use crate::state::App;

/// So many things of each team are newer than its digest.
const NEW: usize = 3;

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A team's lead and those of the whole organisation in turns of a week; one takes days of the next turn.
async fn rota(
    app: &App,
    org: Org,
    team: i64,
    (lead, others): (i64, &[i64]),
    now: Timestamp,
) -> Result<(), String> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let monday = i64::from(today.weekday().to_monday_zero_offset());
    let day = |by: i64| today.checked_add((by - monday).days()).map(|day| day.to_string());
    let people: Vec<i64> = std::iter::once(lead).chain(others.iter().copied()).collect();
    let last = others.last().copied().unwrap_or(lead);
    let kept = duty::Told { people, first: day(0).map_err(told)?, ..duty::Told::default() };
    app.store.put_rota(org, (team, &json!(kept)), "trimtab", now).await.map_err(told)?;
    let (first, until) = (day(9).map_err(told)?, day(11).map_err(told)?);
    let cover = RotaCover { first, until, person: last };
    app.store.add_cover(org, (team, &cover), "trimtab", now).await.map(|_| ()).map_err(told)
}

/// Tells every team, each with the lead of its engineering on duty.
pub(super) async fn fill(
    app: &App,
    org: Org,
    (leads, on_call): (&[i64], &[i64]),
    now: Timestamp,
) -> Result<(), String> {
    // One of them answers for many teams, and has what waits brought together.
    if let Some(lead) = leads.first().copied() {
        let is = own::When { zone: "Europe/Berlin".to_owned(), ..own::When::default() };
        let next = is.next(now).unwrap_or(now + SignedDuration::from_hours(24));
        let digest = OwnDigest { person: lead, told: json!(is), next };
        let by = format!("person:{lead}");
        app.store.set_own_digest(org, &digest, &by, now).await.map_err(told)?;
    }
    let others = others::of_teams(app, org, now).await.map_err(|e| e.detail)?;
    let hours = |hours: i64| now - SignedDuration::from_hours(hours);
    for (team, lead) in app.store.teams(org).await.map_err(told)?.iter().zip(leads) {
        let address = format!("{}@harbour.example", team.name.to_lowercase());
        let wishes = Wishes {
            days: vec!["monday".to_owned(), "thursday".to_owned()],
            quiet: Some(Quiet { from: "18:00".to_owned(), to: "07:00".to_owned() }),
            budget: 2,
            channel: "mail".to_owned(),
            addresses: vec![address.clone()],
            circles: [vec![*lead], Vec::new(), Vec::new()],
            ..Wishes::default()
        };
        app.store
            .put_wishes(org, team.id, (&json!(wishes), None), "trimtab", now)
            .await
            .map_err(told)?;
        rota(app, org, team.id, (*lead, on_call), now).await?;
        let more = others.get(&team.id).cloned().unwrap_or_default();
        let looked =
            things::of_team(app, org, (team, &more), Some(now), now).await.map_err(|e| e.detail)?;
        let all = looked.things;
        let before = all.get(..all.len().saturating_sub(NEW)).unwrap_or_default();
        for (is, at) in [(before, hours(75)), (all.as_slice(), hours(5))] {
            app.store.bring_pending(org, team.id, (is, ""), at).await.map_err(told)?;
            if at != hours(75) || is.is_empty() {
                continue;
            }
            let lead = app.store.person(org, *lead).await.map_err(told)?;
            let lead = lead.map_or_else(|| (address.clone(), None), |p| (p.email, Some(p.id)));
            let pending = app.store.pending(org, team.id).await.map_err(told)?;
            let keys = |urgent: bool| {
                let wanted = pending.iter().filter(|p| !urgent || p.urgent.is_some());
                wanted.map(|p| p.item.as_str().into()).collect::<Vec<Box<str>>>()
            };
            let letters = [
                (Why::Now, keys(true), lead, hours(74)),
                (Why::Digest, keys(false), (address.clone(), None), hours(48)),
            ];
            let wished = app.store.wishes(org, team.id).await.map_err(told)?;
            let mut turn = wished.map_or(1, |wished| wished.turn);
            for (why, keys, (address, person), at) in letters {
                if keys.is_empty() {
                    continue;
                }
                let message = Message { why, keys };
                let new = NewLetter {
                    team: team.id,
                    why: why_word(why).to_owned(),
                    items: message.keys.iter().map(ToString::to_string).collect(),
                    told: json!(Said::new(&message, &pending)),
                };
                let to = [NewRecipient { channel: "mail".to_owned(), address, person }];
                let begun = app.store.begin_letter(org, turn, (&new, &to), at).await;
                if let Some(letter) = begun.map_err(told)? {
                    turn += 1;
                    let sent = (Became::Sent, None, "");
                    app.store.end_copy(org, (letter, 0), sent, at).await.map_err(told)?;
                }
            }
        }
    }
    Ok(())
}
