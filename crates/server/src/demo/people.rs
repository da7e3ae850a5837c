//! The people of the made organisation, its teams and systems.

use jiff::Timestamp;
use trimtab_model::{Exposure, Role};
use trimtab_store::{Grant, NewPerson, Org, ScopeOf, Store, StoreError, System, Team};

use super::chance::Chance;

/// The teams, each with what its systems are about.
const TEAMS: [(&str, &str); 12] = [
    ("Bookings", "booking"),
    ("Cargo", "cargo"),
    ("Crew", "crew"),
    ("Fleet", "fleet"),
    ("Identity", "identity"),
    ("Insight", "insight"),
    ("Messages", "message"),
    ("Payments", "payment"),
    ("Platform", "platform"),
    ("Terminals", "terminal"),
    ("Ticketing", "ticket"),
    ("Web", "web"),
];
/// What systems do.
const PARTS: [&str; 7] = ["api", "portal", "worker", "admin", "sync", "reports", "gateway"];
/// How many systems there are.
const SYSTEMS: usize = 80;
const FIRST: [&str; 14] = [
    "Ada", "Bram", "Chidi", "Dilan", "Esme", "Femke", "Goran", "Hana", "Ines", "Joris", "Kavya",
    "Lars", "Mina", "Noor",
];
const LAST: [&str; 13] = [
    "Aalders", "Bakker", "Castro", "Dijk", "Eriksen", "Fontein", "Groen", "Haddad", "Ito",
    "Jansen", "Kovacs", "Lund", "Okafor",
];

/// Who there is.
pub(super) struct People {
    /// Holds every role.
    pub(super) everybody: i64,
    /// By side: those who speak for the whole organisation.
    pub(super) security: i64,
    pub(super) engineering: i64,
    pub(super) product: i64,
    pub(super) operations: i64,
    /// By team: who leads its engineering.
    pub(super) leads: Vec<i64>,
    pub(super) teams: Vec<i64>,
    pub(super) systems: Vec<System>,
}

pub(super) async fn fill(
    store: &Store,
    org: Org,
    chance: &mut Chance,
    at: Timestamp,
) -> Result<People, StoreError> {
    let mut names = Vec::new();
    for first in FIRST {
        names.extend(LAST.iter().map(|last| format!("{first} {last}")));
    }
    chance.shuffle(&mut names);
    let mut names = names.into_iter();
    let mut add = async |grants: Vec<Grant>| {
        let name = names.next().unwrap_or_else(|| "Somebody Else".to_owned());
        let email = format!("{}@harbour.example", name.to_lowercase().replace(' ', "."));
        let person = NewPerson { email, name, subject: None };
        store.add_person(org, &person, &grants, "trimtab", at).await
    };
    let all = |role| Grant { role, scope: ScopeOf::Organisation };
    let everybody = add(Role::ALL.iter().copied().map(all).collect()).await?;
    let security = add(vec![all(Role::Security)]).await?;
    for _ in 0..2 {
        add(vec![all(Role::Security)]).await?;
    }
    let engineering = add(vec![all(Role::Engineering)]).await?;
    let product = add(vec![all(Role::Product)]).await?;
    let operations = add(vec![all(Role::Operations)]).await?;
    add(vec![all(Role::Operations)]).await?;
    add(vec![all(Role::Leadership)]).await?;
    add(vec![all(Role::Auditor)]).await?;
    add(vec![all(Role::Admin)]).await?;
    let (mut leads, mut teams) = (Vec::new(), Vec::new());
    for (name, _) in TEAMS {
        let capacity = Some(chance.between(8, 24) as f64);
        let team = Team {
            id: 0,
            name: name.to_owned(),
            cadence: Some("every sprint".to_owned()),
            capacity,
            open_limit: None,
        };
        let id = store.put_team(org, &team, "trimtab", at).await?;
        let of = |role| Grant { role, scope: ScopeOf::Team(id) };
        leads.push(add(vec![of(Role::Engineering)]).await?);
        add(vec![of(Role::Product)]).await?;
        add(vec![of(Role::Engineering)]).await?;
        teams.push(id);
    }
    let systems = systems(store, org, &teams, chance, at).await?;
    Ok(People { everybody, security, engineering, product, operations, leads, teams, systems })
}

async fn systems(
    store: &Store,
    org: Org,
    teams: &[i64],
    chance: &mut Chance,
    at: Timestamp,
) -> Result<Vec<System>, StoreError> {
    let pairs = PARTS.iter().flat_map(|part| TEAMS.iter().zip(teams).map(move |t| (*part, t)));
    let mut systems: Vec<System> = Vec::new();
    for (part, ((_, about), team)) in pairs.take(SYSTEMS) {
        let open = matches!(part, "api" | "portal" | "gateway");
        let exposure =
            if open && chance.happens(70) { Exposure::Internet } else { Exposure::Internal };
        let tier = match part {
            "api" | "gateway" if chance.happens(50) => "vital",
            "admin" | "reports" => "supporting",
            _ => "standard",
        };
        let data = match *about {
            "payment" | "ticket" => vec!["personal".to_owned(), "payment".to_owned()],
            "booking" | "identity" | "crew" => vec!["personal".to_owned()],
            _ => vec!["public".to_owned()],
        };
        // Of some systems nobody has said everything yet: that is shown, too.
        let known = chance.happens(90);
        let needs = match (part, chance.one(&systems)) {
            ("portal" | "gateway", Some(other)) => vec![other.id],
            _ => Vec::new(),
        };
        let mut system = System {
            id: 0,
            name: format!("{about}-{part}"),
            team: Some(*team),
            product_owner: None,
            operations: Some("harbour duty phone".to_owned()),
            tier: known.then(|| tier.to_owned()),
            exposure: known.then_some(exposure),
            data: Some(data),
            environments: Some(vec!["production".to_owned(), "staging".to_owned()]),
            failure: known.then(|| failure(about, part)),
            needs,
        };
        system.id = store.put_system(org, &system, "trimtab", at).await?;
        systems.push(system);
    }
    Ok(systems)
}

/// What customers notice when a system fails, in one sentence.
fn failure(about: &str, part: &str) -> String {
    let many = format!("{about}s");
    let what = match about {
        "cargo" => "freight",
        "crew" => "crew lists",
        "fleet" => "sailings",
        "identity" => "accounts",
        "insight" => "figures",
        "platform" => "other services",
        "terminal" => "berths",
        "web" => "pages",
        _ => &many,
    };
    match part {
        "api" => format!("Nothing that needs {what} works."),
        "portal" => format!("Customers cannot manage their {what}."),
        "worker" => format!("Work on {what} is hours late."),
        "admin" => format!("Colleagues cannot correct {what}."),
        "sync" => format!("What is shown about {what} is out of date."),
        "reports" => format!("Reports on {what} arrive a day late."),
        _ => format!("Partners can neither send nor fetch {what}."),
    }
}
