//! BatchGetItem until nothing is left, over one table or several.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use crate::Error;
use crate::key::{Attributes, Key};

const CALL: &str = "BatchGetItem";
/// The most keys of one call.
const MOST: usize = 100;
/// How often what was left undone is asked for again, and how long after the first time; then twice that.
const ROUNDS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// The items of these keys, each with its table, consistently read, in no order. What is not there is left
/// out. A key given twice is asked for once.
pub(crate) async fn get(
    client: &Client,
    keys: impl IntoIterator<Item = (&str, Key)>,
) -> Result<Vec<Attributes>, Error> {
    let mut wanted: Vec<(&str, Key)> = Vec::new();
    for key in keys {
        if !wanted.contains(&key) {
            wanted.push(key);
        }
    }
    let mut items = Vec::with_capacity(wanted.len());
    for chunk in wanted.chunks(MOST) {
        let mut by_table: HashMap<&str, Vec<Attributes>> = HashMap::new();
        for (table, key) in chunk {
            by_table
                .entry(table)
                .or_default()
                .push(key.clone().attributes());
        }
        let mut request = HashMap::new();
        for (table, keys) in by_table {
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .build();
            request.insert(
                table.to_owned(),
                keys.map_err(|error| Error::unbuildable(CALL, error))?,
            );
        }
        drain(client, request, &mut items).await?;
    }
    Ok(items)
}

async fn drain(
    client: &Client,
    mut request: HashMap<String, KeysAndAttributes>,
    items: &mut Vec<Attributes>,
) -> Result<(), Error> {
    for round in 0..ROUNDS {
        if round > 0 {
            tokio::time::sleep(PAUSE * 2_u32.pow(round - 1)).await;
        }
        let answer = client
            .batch_get_item()
            .set_request_items(Some(request))
            .send()
            .await
            .map_err(|error| Error::call(CALL, error))?;
        items.extend(
            answer
                .responses
                .into_iter()
                .flatten()
                .flat_map(|(_, items)| items),
        );
        request = answer.unprocessed_keys.unwrap_or_default();
        if request.is_empty() {
            return Ok(());
        }
    }
    Err(Error::Busy { call: CALL })
}
