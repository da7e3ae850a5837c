//! What packages hold, fetched by the real clients as they are configured here. A client that is not installed, or that
//! reaches no registry, skips its test and says so.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::Timestamp;
use trimtab_connect::registry::Options;
use trimtab_connect::registry::contents::{Contents, contents};

fn real(purl: &str) -> Option<Contents> {
    let folder = tempfile::tempdir().unwrap();
    let now: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    let options = Options { cache: Some(folder.path().join("kept")), ..Options::at(now) };
    match contents(&purl.parse().unwrap(), &options) {
        Ok(contents) => Some(contents),
        Err(why) => {
            eprintln!("SKIPPED {purl}: {}", why.message);
            assert!(std::env::var_os("CI").is_none(), "{why:?}");
            None
        }
    }
}

#[test]
fn a_wheel_tells_its_modules() {
    // The module has not the name of the package.
    if let Some(told) = real("pkg:pypi/pyyaml@6.0.2") {
        assert_eq!((told.names, told.otherwise), (vec!["_yaml".into(), "yaml".into()], None));
    }
    if let Some(told) = real("pkg:pypi/pluggy@1.5.0") {
        assert_eq!((told.names, told.otherwise), (vec!["pluggy".into()], None));
    }
    // It is found by entry points: nobody need name it.
    if let Some(told) = real("pkg:pypi/pytest-cov@5.0.0") {
        assert!(told.otherwise.is_some(), "{told:?}");
    }
}

#[test]
fn a_jar_tells_its_packages() {
    // Its group is `commons-collections`.
    if let Some(told) = real("pkg:maven/commons-collections/commons-collections@3.2.1") {
        assert_eq!(told.names, ["org.apache.commons.collections"]);
        assert_eq!(told.otherwise, None);
    }
    if let Some(told) = real("pkg:maven/com.h2database/h2@2.1.214") {
        assert!(told.otherwise.is_some(), "a driver is found by its service: {told:?}");
    }
}

#[test]
fn what_is_offline_is_not_known() {
    let options = Options { offline: true, ..Options::at(Timestamp::UNIX_EPOCH) };
    assert!(contents(&"pkg:pypi/pyyaml@6.0.2".parse().unwrap(), &options).is_err());
    let npm = contents(&"pkg:npm/left@1.0.0".parse().unwrap(), &Options::at(Timestamp::UNIX_EPOCH));
    assert!(npm.is_err());
}
