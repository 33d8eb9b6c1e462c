//! The HTTP server in front of the database: authenticates each DynamoDB request and checks it against
//! the policies of the caller's role.
//!
//! It checks the action with the table, index or stream and with the items' partition keys. In a
//! transaction or batch it checks each part. Allowed requests reach the database unchanged, except that ARNs are
//! translated, because the database uses another region and account.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use local_cloud::Refusal;
use local_cloud::iam::{Call, Caller, Identities};
use serde_json::{Value, json};

use crate::dynamo::{Dynamo, Operations, StreamName, Writes};
use crate::leading_keys::LeadingKeys;
use crate::wire::{Capacity, Wire};

/// DynamoDB takes no larger bodies.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");

#[derive(Clone)]
pub struct FrontDoor {
    inner: Arc<Inner>,
}

struct Inner {
    operations: Operations,
    identities: Arc<Identities>,
    wire: Wire,
    writes: Writes,
    streams: Vec<StreamName>,
    keys: LeadingKeys,
    /// `arn:aws:dynamodb:<region>:<account>:` as callers write it.
    arn_prefix: String,
    /// The same as the database writes it.
    inner_arn_prefix: String,
}

/// A permission that a request needs.
struct Permission<'a> {
    action: &'a str,
    resource: String,
    /// Partition keys of the items; `None` if the operation does not name items by key.
    leading_keys: Option<Vec<String>>,
}

impl FrontDoor {
    pub fn new(dynamo: &Dynamo, identities: Arc<Identities>, wire: Wire) -> Self {
        Self {
            inner: Arc::new(Inner {
                operations: dynamo.operations(),
                identities,
                wire,
                writes: dynamo.writes().clone(),
                streams: dynamo.streams().to_vec(),
                keys: dynamo.keys().clone(),
                arn_prefix: crate::arn("dynamodb", ""),
                inner_arn_prefix: format!(
                    "arn:aws:dynamodb:{}:{}:",
                    dynoxide::streams::LOCAL_REGION,
                    dynoxide::streams::LOCAL_ACCOUNT
                ),
            }),
        }
    }

    pub fn router(self) -> Router {
        Router::new().fallback(serve).with_state(self)
    }
}

async fn serve(State(door): State<FrontDoor>, request: Request) -> Response {
    door.inner.answer(request).await.unwrap_or_else(|refused| {
        let body = json!({
            "__type": format!("com.amazon.coral.service#{}", refused.json_code()),
            "message": refused.message,
        });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = match refused.code {
            "InternalFailure" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        response
    })
}

impl Inner {
    async fn answer(&self, request: Request) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_LIMIT)
            .await
            .map_err(|_| Refusal::new("ValidationException", "The request is too large"))?;
        let target = parts
            .headers
            .get("x-amz-target")
            .and_then(|target| target.to_str().ok())
            .unwrap_or_default();
        let operation = target
            .strip_prefix("DynamoDB_20120810.")
            .or_else(|| target.strip_prefix("DynamoDBStreams_20120810."))
            .ok_or_else(|| {
                Refusal::new("UnknownOperationException", "not an operation of DynamoDB")
            })?;
        let caller =
            self.identities
                .authenticate(&parts.method, &parts.uri, &parts.headers, &body)?;
        let document: Value = serde_json::from_slice(&body)
            .map_err(|_| Refusal::new("SerializationException", "the body is not JSON"))?;
        self.authorize(&caller, operation, &document)?;

        let measures = self.wire.measures_capacity() && has_capacity(operation);
        let body = if measures {
            let mut document = document.clone();
            document["ReturnConsumedCapacity"] = Value::from("INDEXES");
            Bytes::from(document.to_string())
        } else if deals_in_arns(operation) {
            self.translate(&body, Direction::Inward)
        } else {
            body
        };
        let (status, body) = self.operations.run(operation, body).await;
        let mut body = Bytes::from(body);
        if writes(operation) {
            // Refused writes count too: a count too many only makes stream readers read once more.
            self.writes.add();
        }
        if measures && status == 200 {
            self.count_capacity(&caller, operation, &body);
            if document.get("ReturnConsumedCapacity").is_none() {
                body = without_capacity(&body);
            }
        } else if deals_in_arns(operation) {
            body = self.translate(&body, Direction::Outward);
        }
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        Ok(response)
    }

    fn authorize(&self, caller: &Caller, operation: &str, request: &Value) -> Result<(), Refusal> {
        if caller.is_operator() {
            return Ok(());
        }
        for permission in self.permissions(operation, request)? {
            let action = format!("dynamodb:{}", permission.action);
            let mut call = Call::new(caller, &action, &permission.resource);
            if let Some(keys) = permission.leading_keys {
                call = call.with_all("dynamodb:LeadingKeys", keys);
            }
            self.identities.authorize(&call)?;
        }
        Ok(())
    }

    /// The permissions that a request needs, by the Service Authorization Reference.
    fn permissions<'a>(
        &self,
        operation: &'a str,
        request: &Value,
    ) -> Result<Vec<Permission<'a>>, Refusal> {
        let keys = &self.keys;
        let unknown = || {
            Refusal::new(
                "AccessDeniedException",
                format!("only the operator can call {operation} here"),
            )
        };
        let on_table = |action, part: &Value, leading_keys| Permission {
            action,
            resource: self.table_arn(part["TableName"].as_str().unwrap_or_default()),
            leading_keys,
        };
        let on_item = |action, part: &Value| on_table(action, part, Some(keys.of_item(part)));
        let on_stream = |resource| Permission {
            action: operation,
            resource,
            leading_keys: None,
        };
        let items = || request["TransactItems"].as_array().into_iter().flatten();
        Ok(match operation {
            "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" => {
                vec![on_item(operation, request)]
            }
            "DescribeTable" => vec![on_table(operation, request, None)],
            "Query" | "Scan" => {
                // A scan names no keys: a role that may scan can read them all.
                let leading_keys = (operation == "Query").then(|| keys.of_query(request));
                let mut permission = on_table(operation, request, leading_keys);
                if let Some(index) = request["IndexName"].as_str() {
                    permission.resource = format!("{}/index/{index}", permission.resource);
                }
                vec![permission]
            }
            "BatchGetItem" | "BatchWriteItem" => {
                let tables = request["RequestItems"].as_object().into_iter().flatten();
                tables
                    .map(|(name, part)| Permission {
                        action: operation,
                        resource: self.table_arn(name),
                        leading_keys: Some(keys.of_batch(name, part)),
                    })
                    .collect()
            }
            "TransactGetItems" => items()
                .map(|item| on_item("GetItem", &item["Get"]))
                .collect(),
            "TransactWriteItems" => items()
                .map(|item| {
                    let mut parts = [
                        ("Put", "PutItem"),
                        ("Update", "UpdateItem"),
                        ("Delete", "DeleteItem"),
                        ("ConditionCheck", "ConditionCheckItem"),
                    ]
                    .into_iter();
                    parts
                        .find_map(|(part, action)| Some(on_item(action, item.get(part)?)))
                        .ok_or_else(unknown)
                })
                .collect::<Result<_, _>>()?,
            "DescribeStream" | "GetShardIterator" => {
                let arn = request["StreamArn"].as_str().unwrap_or_default();
                vec![on_stream(arn.to_owned())]
            }
            "GetRecords" => vec![on_stream(self.stream_of(request).ok_or_else(unknown)?)],
            _ => return Err(unknown()),
        })
    }

    fn table_arn(&self, name_or_arn: &str) -> String {
        if name_or_arn.starts_with("arn:") {
            name_or_arn.to_owned()
        } else {
            format!("{}table/{name_or_arn}", self.arn_prefix)
        }
    }

    /// The ARN of the stream that the request's shard iterator reads.
    fn stream_of(&self, request: &Value) -> Option<String> {
        let iterator = STANDARD.decode(request["ShardIterator"].as_str()?).ok()?;
        let iterator = String::from_utf8(iterator).ok()?;
        let stream = self
            .streams
            .iter()
            .find(|stream| iterator.contains(&format!("\"{}\"", stream.table)))?;
        Some(stream.outer.clone())
    }

    fn translate(&self, body: &Bytes, direction: Direction) -> Bytes {
        let Ok(mut text) = std::str::from_utf8(body).map(str::to_owned) else {
            return body.clone();
        };
        let streams = self
            .streams
            .iter()
            .map(|stream| (stream.inner.as_str(), stream.outer.as_str()));
        let prefix = (self.inner_arn_prefix.as_str(), self.arn_prefix.as_str());
        for (inner, outer) in streams.chain([prefix]) {
            text = match direction {
                Direction::Inward => text.replace(outer, inner),
                Direction::Outward => text.replace(inner, outer),
            };
        }
        Bytes::from(text)
    }

    fn count_capacity(&self, caller: &Caller, operation: &str, body: &[u8]) {
        let Ok(answer) = serde_json::from_slice::<Value>(body) else {
            return;
        };
        let function = caller.arn.rsplit('/').next().unwrap_or_default();
        let consumed = match &answer["ConsumedCapacity"] {
            Value::Array(several) => several.as_slice(),
            one => std::slice::from_ref(one),
        };
        for one in consumed {
            let Some(table) = one["TableName"].as_str() else {
                continue;
            };
            let all = one["CapacityUnits"].as_f64().unwrap_or_default();
            let of_table = one.pointer("/Table/CapacityUnits").and_then(Value::as_f64);
            let used = if writes(operation) {
                Capacity {
                    read: 0.0,
                    write_table: of_table.unwrap_or(all),
                    write: all,
                }
            } else {
                Capacity {
                    read: all,
                    ..Capacity::default()
                }
            };
            self.wire.add_capacity(function, table, operation, used);
        }
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Inward,
    Outward,
}

fn writes(operation: &str) -> bool {
    [
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "BatchWriteItem",
        "TransactWriteItems",
    ]
    .contains(&operation)
}

fn has_capacity(operation: &str) -> bool {
    writes(operation)
        || ["GetItem", "Query", "BatchGetItem", "TransactGetItems"].contains(&operation)
}

/// Operations on tables and streams. Those on items are not translated, since an item may hold any text.
fn deals_in_arns(operation: &str) -> bool {
    ["DescribeTable", "DescribeStream", "GetShardIterator"].contains(&operation)
}

/// Removes the consumed capacity, which the caller did not ask for.
fn without_capacity(body: &Bytes) -> Bytes {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(mut answer)) => {
            answer.remove("ConsumedCapacity");
            Bytes::from(Value::Object(answer).to_string())
        }
        _ => body.clone(),
    }
}

#[cfg(test)]
mod tests;
