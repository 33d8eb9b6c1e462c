//! What an agency's claims come to, counted from the table's stream.

use domain::order::{ClaimCounts, ClaimNews};
use serde::{Deserialize, Serialize};

use super::Orders;
use crate::Error;
use crate::table::{self, Attributes, Key, Rivals, Tries};

#[derive(Default, Serialize, Deserialize)]
struct CountsItem {
    v: u64,
    co: ClaimCounts,
}

impl Orders {
    /// Counts what a change of an order says about its agency's claims. Doing so again is harmless, as long as what came
    /// after it is counted again too.
    pub async fn count_claim(&self, news: &ClaimNews) -> Result<(), Error> {
        let mut tries = Tries::new("PutItem", Rivals::Many, news.order.as_str());
        loop {
            tries.next().await?;
            let found = self.table.get(Key::counts(&news.agency)).await?;
            let (version, before) = found.map(read).transpose()?.unwrap_or_default();
            let counts = before.with(news);
            if counts == before {
                return Ok(());
            }
            let item = Key::counts(&news.agency).item(CountsItem {
                v: version + 1,
                co: counts,
            });
            let put = self.table.put(item).on_version(version);
            if put.send().await?.is_done() {
                return Ok(());
            }
        }
    }
}

/// Its version, and what is counted.
pub(super) fn read(item: Attributes) -> Result<(u64, ClaimCounts), Error> {
    let (_, item) = table::read::<CountsItem>(item)?;
    Ok((item.v, item.co))
}
