//! Finds the partition keys that a request names, which policies restrict by `dynamodb:LeadingKeys`.
//!
//! A key that cannot be found counts as the empty text, which none of our policies allows.

use std::collections::HashMap;

use serde_json::Value;

use crate::template::Table;

#[derive(Clone, Debug)]
pub(crate) struct LeadingKeys {
    /// Each partition key's attribute, by table and index; `None` is the table itself.
    attributes: HashMap<(String, Option<String>), String>,
}

impl LeadingKeys {
    pub(crate) fn for_tables(tables: &[Table]) -> Self {
        let mut attributes = HashMap::new();
        for table in tables {
            let name = &table.name;
            attributes.insert((name.clone(), None), hash_key(&table.create));
            let indexes = table.create["GlobalSecondaryIndexes"].as_array();
            for index in indexes.into_iter().flatten() {
                let index_name = index["IndexName"].as_str().map(str::to_owned);
                attributes.insert((name.clone(), index_name), hash_key(index));
            }
        }
        Self { attributes }
    }

    /// The key in an operation on one item, which has a `Key` or an `Item`.
    pub(crate) fn of_item(&self, part: &Value) -> Vec<String> {
        let attribute = self.attribute(name(part), None);
        let item = part.get("Key").or_else(|| part.get("Item"));
        vec![value(item, attribute)]
    }

    /// The keys in one table's part of a batch.
    pub(crate) fn of_batch(&self, table: &str, part: &Value) -> Vec<String> {
        let attribute = self.attribute(table, None);
        let items = match part {
            Value::Array(writes) => writes
                .iter()
                .map(|write| {
                    let put = write.pointer("/PutRequest/Item");
                    put.or_else(|| write.pointer("/DeleteRequest/Key"))
                })
                .collect(),
            _ => {
                let keys = part["Keys"].as_array();
                keys.into_iter().flatten().map(Some).collect::<Vec<_>>()
            }
        };
        let keys = items.into_iter().map(|item| value(item, attribute));
        keys.collect()
    }

    /// The key that a query's condition compares the partition key with.
    pub(crate) fn of_query(&self, request: &Value) -> Vec<String> {
        let attribute = self.attribute(name(request), request["IndexName"].as_str());
        let names = &request["ExpressionAttributeNames"];
        let values = &request["ExpressionAttributeValues"];
        let condition = request["KeyConditionExpression"].as_str();
        let compared = condition.and_then(|condition| {
            let (_, right) = equalities(condition).find(|(left, _)| {
                let left = names[*left].as_str().unwrap_or(left);
                Some(left) == attribute
            })?;
            text(&values[right])
        });
        vec![compared.unwrap_or_default()]
    }

    /// `table` may be an ARN.
    fn attribute(&self, table: &str, index: Option<&str>) -> Option<&str> {
        let table = table.rsplit('/').next().unwrap_or_default();
        let place = (table.to_owned(), index.map(str::to_owned));
        self.attributes.get(&place).map(String::as_str)
    }
}

fn name(part: &Value) -> &str {
    part["TableName"].as_str().unwrap_or_default()
}

fn hash_key(table_or_index: &Value) -> String {
    let schema = table_or_index["KeySchema"].as_array().into_iter().flatten();
    let mut hash = schema.filter(|key| key["KeyType"] == "HASH");
    let key = hash.next().and_then(|key| key["AttributeName"].as_str());
    key.unwrap_or_default().to_owned()
}

fn value(item: Option<&Value>, attribute: Option<&str>) -> String {
    let value = item
        .zip(attribute)
        .map(|(item, attribute)| &item[attribute]);
    value.and_then(text).unwrap_or_default()
}

/// The text of a string, a number or (in base64) bytes.
fn text(value: &Value) -> Option<String> {
    let mut kinds = ["S", "N", "B"].into_iter();
    kinds.find_map(|kind| value[kind].as_str().map(str::to_owned))
}

/// The comparisons `a = b` in a key condition.
fn equalities(condition: &str) -> impl Iterator<Item = (&str, &str)> {
    let separates = |c: char| c.is_whitespace() || c == '(' || c == ')';
    let tokens: Vec<&str> = condition
        .split(separates)
        .flat_map(|word| split_at_equals(word))
        .collect();
    let parts: Vec<(&str, &str)> = tokens
        .windows(3)
        .filter(|window| window[1] == "=")
        .map(|window| (window[0], window[2]))
        .collect();
    parts.into_iter()
}

/// Splits `a=b` into `a`, `=`, `b`, without empty words.
fn split_at_equals(word: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = word;
    while let Some(at) = rest.find('=') {
        words.extend([&rest[..at], &rest[at..=at]]);
        rest = &rest[at + 1..];
    }
    words.push(rest);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys() -> LeadingKeys {
        let create = json!({
            "KeySchema": [
                { "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" },
            ],
            "GlobalSecondaryIndexes": [{
                "IndexName": "by-owner",
                "KeySchema": [{ "AttributeName": "owner", "KeyType": "HASH" }],
            }],
        });
        LeadingKeys::for_tables(&[Table {
            name: "things".to_owned(),
            create,
            ttl_attribute: None,
            stream: false,
        }])
    }

    fn query(index: Option<&str>, condition: &str) -> String {
        let mut request = json!({
            "TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/things",
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": { "#p": "pk" },
            "ExpressionAttributeValues": { ":p": { "S": "W#1" }, ":o": { "N": "7" } },
        });
        if let Some(index) = index {
            request["IndexName"] = json!(index);
        }
        keys().of_query(&request).remove(0)
    }

    #[test]
    fn the_key_of_a_query_is_found_in_its_condition() {
        for condition in [
            "pk = :p",
            "#p=:p AND begins_with(sk, :o)",
            "(sk >= :o) AND (pk = :p)",
            "sk BETWEEN :o AND :o AND pk =:p",
        ] {
            assert_eq!(query(None, condition), "W#1", "{condition}");
        }
        assert_eq!(query(Some("by-owner"), "owner = :o"), "7");
        assert_eq!(query(None, "owner = :o"), "", "not the table's key");
    }

    #[test]
    fn keys_are_found_in_items_and_batches() {
        let item = |key: &str| json!({ "pk": { "S": key } });
        let get = json!({ "TableName": "things", "Key": item("a") });
        assert_eq!(keys().of_item(&get), ["a"]);
        let put = json!({ "TableName": "things", "Item": item("b") });
        assert_eq!(keys().of_item(&put), ["b"]);
        let gets = json!({ "Keys": [item("a"), item("b")] });
        assert_eq!(keys().of_batch("things", &gets), ["a", "b"]);
        let writes = json!([
            { "PutRequest": { "Item": item("a") } },
            { "DeleteRequest": { "Key": item("b") } },
        ]);
        assert_eq!(keys().of_batch("things", &writes), ["a", "b"]);
    }
}
