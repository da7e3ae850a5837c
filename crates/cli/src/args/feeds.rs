//! What an index is built of.

use clap::Args as ClapArgs;
use trimtab_feeds::Named;

/// Which feeds.
#[derive(Debug, Clone, PartialEq, Eq, ClapArgs)]
pub struct FeedArgs {
    /// A folder or URL with `<Ecosystem>/all.zip`, as OSV publishes it [default: OSV's public bucket, with CISA's KEV and FIRST's EPSS]
    #[arg(long, value_name = "FOLDER|URL")]
    pub from: Option<String>,
    /// Malicious packages in the same layout [default: found next to --from]
    #[arg(long, value_name = "FILE|FOLDER|URL")]
    pub malicious: Option<String>,
    /// Known exploited vulnerabilities, CISA's JSON [default: found next to --from]
    #[arg(long, value_name = "FILE|FOLDER|URL")]
    pub kev: Option<String>,
    /// EPSS scores, csv.gz [default: found next to --from]
    #[arg(long, value_name = "FILE|FOLDER|URL")]
    pub epss: Option<String>,
    /// Product lifecycles, JSON [default: found next to --from]
    #[arg(long, value_name = "FILE|FOLDER|URL")]
    pub lifecycle: Option<String>,
    /// Only these ecosystems, separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub ecosystems: Vec<String>,
}

impl FeedArgs {
    /// As the update takes them.
    pub fn named(&self) -> Named {
        Named {
            from: self.from.clone(),
            malicious: self.malicious.clone(),
            kev: self.kev.clone(),
            epss: self.epss.clone(),
            lifecycle: self.lifecycle.clone(),
            ecosystems: self.ecosystems.clone(),
        }
    }
}
