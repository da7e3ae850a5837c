//! How often: signing in by address, the API by token. What each process can tell by itself is counted in it, by the
//! clock of the application; attempts to sign in, and the lock-out of an account, are kept in the store as well, and
//! count across processes.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use jiff::{SignedDuration, Timestamp};
use trimtab_store::{Org, Rate};

use crate::problem::Problem;
use crate::state::App;

/// Attempts to sign in from one address: so many at once, then one every so often.
const ATTEMPTS: u32 = 50;
/// How often one more.
const ATTEMPT: Duration = Duration::from_secs(2);
/// What is said then.
const TOO_MANY: &str = "Too many attempts to sign in came from your address.";
/// How many seconds of its rate a token may use up at once.
const BURST: u32 = 10;
/// When so many are remembered, those that are long past are forgotten.
const MOST: usize = 10_000;
/// So many failures in a row lock an account.
pub(crate) const FAILURES: i64 = 5;
/// The longest lock-out: longer would only serve who wants to lock somebody out.
const LONGEST: i64 = 60;

/// For how long an account is locked after so many failures in a row: a minute, then twice as long
/// with each further one.
pub(crate) fn lock(failures: i64) -> SignedDuration {
    let doubled = failures.saturating_sub(FAILURES).clamp(0, 6);
    SignedDuration::from_mins((1_i64 << doubled).min(LONGEST))
}

/// The clock of the application, as the limits read it.
#[derive(Clone)]
struct Told(fn() -> Timestamp);

/// Nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct At(u64);

impl std::ops::Add<Nanos> for At {
    type Output = At;

    fn add(self, more: Nanos) -> At {
        At(self.0.saturating_add(more.as_u64()))
    }
}

impl Reference for At {
    fn duration_since(&self, earlier: At) -> Nanos {
        self.0.saturating_sub(earlier.0).into()
    }

    fn saturating_sub(&self, less: Nanos) -> At {
        At(self.0.checked_sub(less.as_u64()).unwrap_or(self.0))
    }
}

impl Clock for Told {
    type Instant = At;

    fn now(&self) -> At {
        At(u64::try_from((self.0)().as_nanosecond()).unwrap_or_default())
    }
}

type Keyed<K> = RateLimiter<K, HashMapStateStore<K>, Told, NoOpMiddleware<At>>;

/// The limits of this process.
#[derive(Clone)]
pub(crate) struct Limits {
    clock: Told,
    addresses: Arc<Keyed<IpAddr>>,
    /// `None`: tokens may as often as they like.
    tokens: Option<Arc<Keyed<(Org, i64)>>>,
}

impl Limits {
    /// Limits by a clock. `rate`: how many requests of a token each second; 0: no limit.
    pub(crate) fn new(clock: fn() -> Timestamp, rate: u32) -> Limits {
        let clock = Told(clock);
        let attempts = NonZeroU32::new(ATTEMPTS).unwrap_or(NonZeroU32::MIN);
        let by_address = Quota::with_period(ATTEMPT).unwrap_or(Quota::per_second(attempts));
        let addresses = Keyed::hashmap_with_clock(by_address.allow_burst(attempts), clock.clone());
        let tokens = NonZeroU32::new(rate).map(|rate| {
            let burst = rate.saturating_mul(NonZeroU32::new(BURST).unwrap_or(NonZeroU32::MIN));
            let quota = Quota::per_second(rate).allow_burst(burst);
            Arc::new(Keyed::hashmap_with_clock(quota, clock.clone()))
        });
        Limits { clock, addresses: Arc::new(addresses), tokens }
    }

    /// Somebody at an address tries to sign in at this process.
    fn attempt(&self, from: IpAddr) -> Result<(), Problem> {
        check(&self.addresses, &network(from), &self.clock, TOO_MANY)
    }

    /// A token asks.
    ///
    /// # Errors
    /// Too often.
    pub(crate) fn token(&self, org: Org, token: i64) -> Result<(), Problem> {
        let Some(tokens) = &self.tokens else { return Ok(()) };
        check(tokens, &(org, token), &self.clock, "This token asks too often.")
    }
}

/// Somebody at an address tries to sign in. Who is refused by this process alone costs the store nothing.
///
/// # Errors
/// Too often, at whichever process of the store; or the store does not answer.
pub(crate) async fn attempt(app: &App, from: IpAddr) -> Result<(), Problem> {
    app.limits.attempt(from)?;
    let every = SignedDuration::try_from(ATTEMPT).unwrap_or(SignedDuration::from_secs(2));
    let rate = Rate { burst: ATTEMPTS, every };
    match app.store.attempt(&network(from).to_string(), rate, app.now()).await? {
        None => Ok(()),
        Some(wait) => {
            let seconds = u64::try_from(wait.as_secs()).unwrap_or_default();
            let begun = u64::from(wait.subsec_nanos() > 0);
            Err(Problem::too_often(TOO_MANY, (seconds + begun).max(1)))
        }
    }
}

fn check<K: Hash + Eq + Clone>(
    limit: &Keyed<K>,
    key: &K,
    clock: &Told,
    detail: &str,
) -> Result<(), Problem> {
    if limit.len() > MOST {
        limit.retain_recent();
    }
    limit.check_key(key).map_err(|not_until| {
        let wait = not_until.wait_time_from(clock.now());
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Problem::too_often(detail, seconds.max(1))
    })
}

/// Who has an IPv6 address has its whole network.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(four) => IpAddr::V4(four),
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

    use super::*;

    /// The time, in milliseconds: tests of one process share it, so only one test moves it.
    static NOW: AtomicI64 = AtomicI64::new(1_000_000);

    fn now() -> Timestamp {
        Timestamp::from_millisecond(NOW.load(SeqCst)).unwrap()
    }

    #[test]
    fn who_asks_too_often_waits_and_then_may_again() {
        let limits = Limits::new(now, 3);
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert!((0..ATTEMPTS).all(|_| limits.attempt(one).is_ok()));
        let refused = limits.attempt(one).unwrap_err();
        assert_eq!((refused.status, refused.retry_after), (429, Some(2)));
        assert!(limits.attempt(other).is_ok(), "others are not concerned");
        NOW.fetch_add(1999, SeqCst);
        assert!(limits.attempt(one).is_err());
        NOW.fetch_add(1, SeqCst);
        assert!(limits.attempt(one).is_ok() && limits.attempt(one).is_err());
        let network: [IpAddr; 2] =
            ["2001:db8::1".parse().unwrap(), "2001:db8::ffff:2".parse().unwrap()];
        assert!((0..ATTEMPTS as usize).all(|n| limits.attempt(network[n % 2]).is_ok()));
        assert!(limits.attempt(network[0]).is_err(), "a network is one");
        assert!((0..30).all(|_| limits.token(Org(1), 1).is_ok()));
        assert_eq!(limits.token(Org(1), 1).unwrap_err().retry_after, Some(1));
        assert!(limits.token(Org(1), 2).is_ok() && limits.token(Org(2), 1).is_ok());
        NOW.fetch_add(1000, SeqCst);
        assert!((0..3).all(|_| limits.token(Org(1), 1).is_ok()));
        assert!(limits.token(Org(1), 1).is_err());
        let endless = Limits::new(now, 0);
        assert!((0..1000).all(|_| endless.token(Org(1), 1).is_ok()));
    }

    #[test]
    fn a_lock_out_grows_and_ends() {
        let minutes: Vec<i64> = (5..14).map(|n| lock(n).as_secs() / 60).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(lock(i64::MAX), lock(100));
    }
}
