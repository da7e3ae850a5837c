//! All findings of a filter, within a bound.

use trimtab_store::{Finding, FindingFilter, FindingOrder, Org, StoreError};

use crate::state::App;

/// How many are asked for at once.
const PAGE: usize = 500;

/// Findings of a filter, page by page until there are at least so many; and whether there are more.
pub(crate) async fn findings(
    app: &App,
    org: Org,
    filter: &FindingFilter,
    order: FindingOrder,
    most: usize,
) -> Result<(Vec<Finding>, bool), StoreError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = app.store.findings(org, filter, order, after, PAGE).await?;
        all.extend(page.rows);
        after = page.next;
        if after.is_none() || all.len() >= most {
            return Ok((all, after.is_some()));
        }
    }
}
