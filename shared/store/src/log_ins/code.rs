//! Codes that were sent to phones: one item a phone, with the last one alone.

use std::time::Duration;

use domain::login_code::{MOST_TRIES, SentCodes, VALID};
use domain::market::Market;
use domain::time::Millis;
use serde::{Deserialize, Serialize};

use super::LogIns;
use crate::Error;
use crate::bytes::Bytes;
use crate::table::{Key, Rivals, Sent, Tries, read};

/// How long it is remembered how many were sent.
const REMEMBERED: Duration = Duration::from_secs(48 * 3_600);

#[derive(Serialize, Deserialize)]
struct CodeItem {
    v: u64,
    /// A keyed hash of the code; none once it was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<Bytes>,
    #[serde(flatten)]
    sent: SentCodes,
    /// How many were tried since the last one was sent.
    tries: u32,
    /// In seconds.
    ttl: i64,
}

impl LogIns {
    /// Keeps the hash of a code that is about to be sent; the one before it is good for nothing any more.
    ///
    /// # Errors
    /// How long to wait for the next one, if too many were sent lately.
    pub async fn keep_code(
        &self,
        phone_hash: &str,
        code_hash: &[u8; 32],
        market: &Market,
        now: Millis,
    ) -> Result<Result<(), Duration>, Error> {
        let mut tries = Tries::new("PutItem", Rivals::Few, phone_hash);
        loop {
            tries.next().await?;
            let found = self.table.get(Key::code(phone_hash)).await?;
            let found = found.map(read::<CodeItem>).transpose()?;
            let (version, before) = found.map_or_else(Default::default, |(_, it)| (it.v, it.sent));
            let sent = match before.with_another(market, now) {
                Ok(sent) => sent,
                Err(wait) => return Ok(Err(wait)),
            };
            let put = self.table.put(Key::code(phone_hash).item(CodeItem {
                v: version + 1,
                code: Some(Bytes(code_hash.to_vec())),
                sent,
                tries: 0,
                ttl: (now + REMEMBERED).second(),
            }));
            if put.on_version(version).send().await?.is_done() {
                return Ok(Ok(()));
            }
        }
    }

    /// Whether this is the code that was sent; then it is used up. The try is counted before anybody knows whether it is
    /// right, so that many at once are no more than as many one after another.
    pub async fn use_code(
        &self,
        phone_hash: &str,
        code_hash: &[u8; 32],
        now: Millis,
    ) -> Result<bool, Error> {
        let key = || Key::code(phone_hash);
        let count = self
            .table
            .update(key(), "ADD tries :one")
            .when("attribute_exists(#code) AND last_at > :earliest AND tries < :most")
            .value(":one", 1)
            .value(":earliest", now - VALID)
            .value(":most", MOST_TRIES);
        let Sent::Done(found) = count.send().await? else {
            return Ok(false);
        };
        let (_, found) = read::<CodeItem>(found)?;
        if found.code.is_none_or(|code| code.0 != *code_hash) {
            return Ok(false);
        }
        let used = self.table.update(key(), "REMOVE #code");
        let used = used.when("v = :v AND attribute_exists(#code)");
        let used = used.value(":v", found.v).send().await?;
        Ok(used.is_done())
    }
}
