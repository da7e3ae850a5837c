//! The feeds: OSV records, and the catalogues beside them.

use trimtab_advisories::feed::{epss as epss_feed, kev as kev_feed, lifecycle as lifecycle_feed};
use trimtab_advisories::osv::Record;

use crate::{Target, seeds};

pub(crate) fn targets() -> Vec<Target> {
    let kev_seed = br#"{"catalogVersion":"1","dateReleased":"2026-01-01T00:00:00Z","count":1,"vulnerabilities":[{"cveID":"CVE-2026-1","dateAdded":"2026-01-01","dueDate":"2026-02-01","knownRansomwareCampaignUse":"Known"}]}"#;
    let epss_seed = b"#model_version:v2026,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1,0.5,0.9\n";
    let life_seed = br#"{"schema_version":"1","result":[{"name":"x","label":"X","identifiers":[{"type":"purl","id":"pkg:npm/x"}],"releases":[{"name":"1","releaseDate":"2026-01-01","eolFrom":"2027-01-01","isEol":false,"latest":{"name":"1.2"}}]}]}"#;
    vec![
        Target::new("osv", osv, seeds::advisories()),
        Target::new("kev", kev, vec![kev_seed.to_vec()]),
        Target::new("epss", epss, vec![epss_seed.to_vec()]),
        Target::new("lifecycle", lifecycle, vec![life_seed.to_vec()]),
    ]
}

/// One OSV record.
pub fn osv(bytes: &[u8]) {
    let _ = Record::parse(bytes);
}

/// CISA's catalogue.
pub fn kev(bytes: &[u8]) {
    let _ = kev_feed::Catalogue::parse(bytes);
}

/// FIRST's scores, plain or compressed.
pub fn epss(bytes: &[u8]) {
    let _ = epss_feed::read(bytes, |_, _| {});
}

/// endoflife.date's products.
pub fn lifecycle(bytes: &[u8]) {
    let _ = lifecycle_feed::parse(bytes);
}
