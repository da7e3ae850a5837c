//! Recommendations of Microsoft Defender for Cloud (CSV). They are about the settings of resources and
//! name no package, so that all of them are left out, and counted: who sends one learns that it
//! was understood.

use super::Format;
use crate::document::Document;
use crate::reading::Reading;
use crate::table::Table;

pub(super) const FORMAT: Format = Format {
    id: "azure-recommendations",
    name: "Microsoft Defender for Cloud recommendations",
    tool: "Microsoft Defender for Cloud",
    words: &[],
    sniff,
    read,
};

fn sniff(document: &Document) -> bool {
    let head = document.text().and_then(|text| text.lines().next());
    head.is_some_and(|head| head.contains("subscriptionId") && head.contains("recommendationId"))
}

fn read(document: &Document, reading: &mut Reading) {
    let table = Table::read(document.text().unwrap_or_default());
    table
        .rows()
        .for_each(|_| reading.leave_out("a recommendation about a resource, without a package"));
    table.tell(reading);
}
