//! How the server grows with its portfolio: generated assets of 300 real components each, taken in by the
//! program's own server, then looked at.
//!
//!     cargo bench -p trimtab-cli --bench scale -- [ASSETS …] [--store postgres://…] [--db INDEX] [--next INDEX]
//!
//! For each number of assets, a line of a table: uploads a second when new and when identical, the 95th
//! percentile of lists and of details, the memory of the server, and, with `--next`, how long it takes until
//! every finding is as another index says.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use sha2::Digest;
use trimtab_model::Role;
use trimtab_store::{
    Grant, JobState, NewPerson, NewToken, Org, ScopeOf, Session, Store, System, Team,
};
use trimtab_testkit::served::Served;

/// Components of one document.
const COMPONENTS: usize = 300;
/// Assets of one system, and systems of one team.
const ASSETS: usize = 10;
const SYSTEMS: usize = 10;
/// Clients that upload at once.
const CLIENTS: usize = 4;
/// How often each page is opened.
const OPENED: usize = 40;
const SECRET: &str = "trimtab_scale";
/// Lists and searches: `{q}` is a package.
const LISTS: [&str; 25] = [
    "/",
    "/today/new?side=security",
    "/today/choices?side=engineering",
    "/findings",
    "/findings?order=deadline",
    "/findings?by=package",
    "/findings?by=action",
    "/findings?by=vulnerability",
    "/findings?level=high",
    "/findings?q=lodash",
    "/findings?q=e",
    "/where?q=lodash",
    "/where?q=lodash&running=true",
    "/where?q=e",
    "/search?q=lodash",
    "/exceptions",
    "/plan",
    "/teams/1/plan",
    "/metrics",
    "/ledger",
    "/systems",
    "/systems/1",
    "/teams",
    "/teams/1",
    "/api/v1/findings?limit=100",
];

fn digest(text: &str) -> String {
    sha2::Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// The components of real projects, each once.
fn pool() -> Vec<String> {
    let shared = std::env::var("TRIMTAB_SHARED")
        .map_or_else(|_| trimtab_testkit::repository().join("../shared"), PathBuf::from);
    let options = trimtab_extract::Options::default();
    let inventory = trimtab_extract::scan_path(&shared.join("corpus/projects"), &options);
    let mut all: Vec<String> = inventory
        .components()
        .filter(|(_, c)| c.purl.version().is_some())
        .map(|(_, c)| c.purl.to_string())
        .collect();
    all.sort();
    all.dedup();
    assert!(all.len() > 5000, "the corpus is not there: {} components", all.len());
    all
}

/// A document of one asset, always the same.
fn document(pool: &[String], asset: usize) -> String {
    let mut seed = (asset as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % pool.len() as u64).unwrap_or(0)
    };
    let components: Vec<_> = (0..COMPONENTS)
        .map(|_| &pool[next()])
        .map(|purl| serde_json::json!({ "type": "library", "name": purl, "purl": purl }))
        .collect();
    serde_json::json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": components })
    .to_string()
}

/// Starts the program's own server.
fn serve(store: &str, index: &Path) -> Served {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trimtab"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--token-rate", "0", "--store", store, "--db"])
        .arg(index)
        .env("RUST_LOG", "warn");
    Served::start(&mut command)
}

/// Resident memory of a process now and at most, in MB.
fn memory(id: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name)).unwrap_or_default();
        let kilobytes = line.split_whitespace().nth(1).and_then(|n| n.parse().ok());
        kilobytes.unwrap_or(0u64) / 1024
    };
    (of("VmRSS"), of("VmHWM"))
}

/// Processor time of a process so far, in milliseconds: what does not depend on who else works here.
fn worked(id: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    // The fields after the name: 14 and 15 of all are in user and system mode, in hundredths of a second.
    let ticks = after.split_whitespace().skip(11).take(2);
    ticks.filter_map(|n| n.parse::<f64>().ok()).sum::<f64>() * 10.0
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

/// Uploads the documents of all assets. Gives how long it took until they were accepted.
fn upload(server: &Served, pool: &[String], assets: usize) -> Duration {
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                let agent = agent();
                for asset in (client..assets).step_by(CLIENTS) {
                    let url = format!(
                        "{}/api/v1/snapshots?asset=a{asset}&revision=r1&system=s{}",
                        server.base(),
                        asset / ASSETS
                    );
                    let sent = agent
                        .post(&url)
                        .header("authorization", format!("Bearer {SECRET}"))
                        .send(document(pool, asset))
                        .expect("an answer");
                    assert!(sent.status().is_success(), "{}", sent.status());
                }
            });
        }
    });
    begun.elapsed()
}

/// Opens a page so often; gives how long each time took, in milliseconds.
fn open(server: &Served, agent: &ureq::Agent, path: &str) -> Vec<f64> {
    let one = |_| {
        let begun = Instant::now();
        let mut answer = agent
            .get(format!("{}{path}", server.base()))
            .header("cookie", format!("trimtab={SECRET}"))
            .call()
            .expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let _body = answer.body_mut().with_config().limit(64 << 20).read_to_vec().expect("a body");
        begun.elapsed().as_secs_f64() * 1000.0
    };
    // What the first one warms is warm for people too.
    let _first = one(0);
    (0..OPENED).map(one).collect()
}

fn percentile(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() * 95 / 100).copied().unwrap_or(f64::NAN)
}

async fn begin(store: &Store) -> Org {
    let now = Timestamp::now();
    let org = store.add_organisation("Scale", now).await.expect("the store");
    let ada = NewPerson { email: "ada@example.org".into(), name: "Ada".into(), subject: None };
    let grants: Vec<Grant> =
        Role::ALL.iter().map(|r| Grant { role: *r, scope: ScopeOf::Organisation }).collect();
    let person = store.add_person(org, &ada, &grants, "trimtab", now).await.expect("the store");
    let expires = now + SignedDuration::from_hours(24);
    let token = NewToken {
        name: "CI".into(),
        person,
        actions: vec!["view".into(), "upload".into()],
        scope: ScopeOf::Organisation,
        expires,
    };
    store.add_token(org, &token, &digest(SECRET), "trimtab", now).await.expect("the store");
    let session = Session { org, person, csrf: "csrf".into(), expires };
    store.add_session(&digest(SECRET), &session, now).await.expect("the store");
    org
}

/// The systems of so many assets, and their teams.
async fn describe(store: &Store, org: Org, assets: usize) {
    let mut team = None;
    for number in 0..assets.div_ceil(ASSETS) {
        if number % SYSTEMS == 0 {
            let name = format!("t{}", number / SYSTEMS);
            let new = Team { id: 0, name, cadence: None, capacity: None, open_limit: None };
            team =
                Some(store.put_team(org, &new, "trimtab", Timestamp::now()).await.expect("a team"));
        }
        let new = System { name: format!("s{number}"), team, ..System::default() };
        store.put_system(org, &new, "trimtab", Timestamp::now()).await.expect("a system");
    }
}

/// Waits until nothing waits to be read, matched or settled.
async fn idle(store: &Store, org: Org) {
    loop {
        let mut busy = 0;
        for state in [JobState::Waiting, JobState::Running] {
            let jobs = store.jobs(org, state, 50).await.expect("the store");
            // What follows of it, by the minute and the hour, is another matter.
            let settles = ["read-document", "rematch"];
            busy += jobs.iter().filter(|job| settles.contains(&&*job.kind)).count();
        }
        if busy == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn main() {
    let mut sizes = Vec::new();
    let (mut address, mut index, mut next) = (None, None, None);
    let mut args = std::env::args().skip(1).filter(|a| a != "--bench");
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--store" => address = args.next(),
            "--db" => index = args.next().map(PathBuf::from),
            "--next" => next = args.next().map(PathBuf::from),
            number => sizes.push(number.parse::<usize>().expect("a number of assets")),
        }
    }
    if sizes.is_empty() {
        sizes = vec![100, 1000];
    }
    let index = index.expect("name the index with --db");
    let pool = pool();
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    println!(
        "{} distinct components in the pool\n\
         | assets | findings | new/s | CPU ms each | identical/s | CPU ms each | lists p95 ms | details p95 ms | slowest list | delta s | memory MB (most) | store MB |\n\
         |---:|---:|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|",
        pool.len()
    );
    for assets in sizes {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("store.sqlite");
        let store = address.clone().unwrap_or_else(|| file.display().to_string());
        // The server's own index, which may be replaced.
        let own = folder.path().join("own.index");
        std::fs::copy(&index, &own).expect("the index");
        let opened = runtime.block_on(Store::open(&store, Timestamp::now())).expect("the store");
        let org = runtime.block_on(begin(&opened));
        runtime.block_on(describe(&opened, org, assets));
        let server = serve(&store, &own);
        let (begun, before) = (Instant::now(), worked(server.id()));
        upload(&server, &pool, assets);
        runtime.block_on(idle(&opened, org));
        let new = assets as f64 / begun.elapsed().as_secs_f64();
        let between = worked(server.id());
        let identical = assets as f64 / upload(&server, &pool, assets).as_secs_f64();
        let each = |from: f64, to: f64| (to - from) / assets as f64;
        let (new_ms, identical_ms) = (each(before, between), each(between, worked(server.id())));
        if store.starts_with("postgres") {
            // What autovacuum does within the first minute.
            let done = Command::new("psql").args([&store, "-qc", "ANALYZE"]).status();
            assert!(done.is_ok_and(|s| s.success()), "psql is needed to measure PostgreSQL");
        }
        let agent = agent();
        let lists: Vec<(f64, &str)> =
            LISTS.iter().map(|path| (percentile(open(&server, &agent, path)), *path)).collect();
        let slowest = lists.iter().max_by(|a, b| a.0.total_cmp(&b.0)).expect("some list");
        let filter = trimtab_store::FindingFilter::default();
        let order = trimtab_store::FindingOrder::Level;
        let page = runtime.block_on(opened.findings(org, &filter, order, None, 20));
        let found = page.expect("the store").rows;
        let mut details = Vec::new();
        for finding in found.iter().step_by(5) {
            let purl = finding.package.replace('@', "%40");
            for path in [
                format!("/findings/{}", finding.id),
                format!("/vulnerabilities/{}", finding.vulnerability.1),
                format!("/packages?purl={purl}"),
            ] {
                details.push((percentile(open(&server, &agent, &path)), path));
            }
        }
        let detail = details.iter().max_by(|a, b| a.0.total_cmp(&b.0)).expect("some detail");
        let delta = next.as_ref().map(|next| {
            let begun = Instant::now();
            let aside = folder.path().join("next.index");
            std::fs::copy(next, &aside).expect("the next index");
            std::fs::rename(&aside, &own).expect("the next index");
            let begun_at = Timestamp::now();
            runtime.block_on(async {
                // Until the server has noticed it, and then until it is done.
                loop {
                    let done = opened.jobs(org, JobState::Done, 50).await.expect("the store");
                    if done.iter().any(|job| job.kind == "rematch" && job.created >= begun_at) {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                idle(&opened, org).await;
            });
            begun.elapsed().as_secs_f64()
        });
        let count = runtime.block_on(opened.count_findings(org, &filter)).expect("the store");
        let (now, most) = memory(server.id());
        let size = std::fs::metadata(&file).map_or(0, |m| m.len() >> 20);
        println!(
            "| {assets} | {}{} | {new:.0} | {new_ms:.1} | {identical:.0} | {identical_ms:.2} | {:.0} | {:.0} ({}) | {} | {} | {now} ({most}) | {size} |",
            if count.is_least { "> " } else { "" },
            count.number,
            slowest.0,
            detail.0,
            detail.1,
            slowest.1,
            delta.map_or("–".to_owned(), |d| format!("{d:.1}")),
        );
        for (time, path) in &lists {
            eprintln!("  {assets}: {path} {time:.1} ms");
        }
    }
}
