//! The door before DynamoDB: who calls, and does the role's policy allow it?
//!
//! Every request's signature is verified, and the action is checked against the table, index or
//! stream that it is about, and its items' partition keys: a transaction's and a batch's for each of their parts. What is allowed
//! goes on to the database as it is; only names of streams and tables are translated in operations
//! that deal in ARNs, because the database has its own idea of region and account.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use local_cloud::Refusal;
use local_cloud::iam::{Call, Caller, Identities};
use serde_json::{Value, json};

use crate::dynamo::{Dynamo, StreamName, Writes};
use crate::leading_keys::LeadingKeys;
use crate::wire::{Capacity, Wire};

/// DynamoDB takes no larger bodies.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

#[derive(Clone)]
pub struct FrontDoor {
    inner: Arc<Inner>,
}

struct Inner {
    database: String,
    client: reqwest::Client,
    identities: Arc<Identities>,
    wire: Wire,
    writes: Writes,
    streams: Vec<StreamName>,
    keys: LeadingKeys,
    /// `arn:aws:dynamodb:<region>:<account>:` here.
    arn_prefix: String,
    /// The same in the database.
    inner_arn_prefix: String,
}

/// An action of an operation, and what it is about.
struct Asked<'a> {
    action: &'a str,
    resource: String,
    /// Partition keys of the items; `None` where the operation is about no items by key.
    leading_keys: Option<Vec<String>>,
}

impl FrontDoor {
    pub fn new(dynamo: &Dynamo, identities: Arc<Identities>, wire: Wire) -> Result<Self> {
        Ok(Self {
            inner: Arc::new(Inner {
                database: format!("{}/", dynamo.address()),
                client: reqwest::Client::builder().no_proxy().build()?,
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
        })
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
        let json = HeaderValue::from_static("application/x-amz-json-1.0");
        response.headers_mut().insert(CONTENT_TYPE, json);
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
        let (status, mut headers, mut body) = self.forward(parts.headers.clone(), body).await?;
        if writes(operation) {
            // Failed ones too: a transaction may be refused after another one's write was seen.
            self.writes.add();
        }
        if measures && status.is_success() {
            self.measure(&caller, operation, &body);
            if document.get("ReturnConsumedCapacity").is_none() {
                body = without_capacity(&body);
                headers.remove("x-amz-crc32");
            }
        } else if deals_in_arns(operation) {
            body = self.translate(&body, Direction::Outward);
            headers.remove("x-amz-crc32");
        }
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        *response.headers_mut() = headers;
        Ok(response)
    }

    async fn forward(
        &self,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<(StatusCode, HeaderMap, Bytes), Refusal> {
        headers.remove(HOST);
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        let failed = |error: reqwest::Error| {
            tracing::error!(%error, "the database does not answer");
            Refusal::new("InternalFailure", "the database does not answer")
        };
        let answer = self
            .client
            .post(&self.database)
            .headers(headers)
            .body(body)
            .send()
            .await
            .map_err(failed)?;
        let status = answer.status();
        let headers = answer.headers().clone();
        let body = answer.bytes().await.map_err(failed)?;
        Ok((status, headers, body))
    }

    /// Checks every action that the operation stands for.
    fn authorize(&self, caller: &Caller, operation: &str, request: &Value) -> Result<(), Refusal> {
        if caller.is_operator() {
            return Ok(());
        }
        for asked in self.actions(operation, request)? {
            let action = format!("dynamodb:{}", asked.action);
            let mut call = Call::new(caller, &action, &asked.resource);
            if let Some(keys) = asked.leading_keys {
                call = call.with_all("dynamodb:LeadingKeys", keys);
            }
            self.identities.authorize(&call)?;
        }
        Ok(())
    }

    /// The actions of an operation and what each is about, as the Service Authorization Reference
    /// has them.
    fn actions<'a>(&self, operation: &'a str, request: &Value) -> Result<Vec<Asked<'a>>, Refusal> {
        let unknown = || {
            Refusal::new(
                "AccessDeniedException",
                format!("{operation} is for the operator alone here"),
            )
        };
        let about = |action, of: &Value, leading_keys| Asked {
            action,
            resource: self.table_arn(of["TableName"].as_str().unwrap_or_default()),
            leading_keys,
        };
        let stream = |resource| Asked {
            action: operation,
            resource,
            leading_keys: None,
        };
        let items = || request["TransactItems"].as_array().into_iter().flatten();
        let keys = &self.keys;
        Ok(match operation {
            "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem" => {
                vec![about(operation, request, keys.of_one(request))]
            }
            "DescribeTable" => vec![about(operation, request, None)],
            "Query" | "Scan" => {
                // A scan has none: a role that may scan reads every key.
                let leading_keys = match operation {
                    "Query" => keys.of_query(request),
                    _ => None,
                };
                let mut asked = about(operation, request, leading_keys);
                if let Some(index) = request["IndexName"].as_str() {
                    asked.resource = format!("{}/index/{index}", asked.resource);
                }
                vec![asked]
            }
            "BatchGetItem" | "BatchWriteItem" => {
                let tables = request["RequestItems"].as_object().into_iter().flatten();
                tables
                    .map(|(name, part)| Asked {
                        action: operation,
                        resource: self.table_arn(name),
                        leading_keys: keys.of_batch(name, part),
                    })
                    .collect()
            }
            "TransactGetItems" => items()
                .map(|item| about("GetItem", &item["Get"], keys.of_one(&item["Get"])))
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
                    let asked = parts.find_map(|(part, action)| {
                        let part = item.get(part)?;
                        Some(about(action, part, keys.of_one(part)))
                    });
                    asked.ok_or_else(unknown)
                })
                .collect::<Result<_, _>>()?,
            "ListStreams" => {
                let table = about(operation, request, None).resource;
                vec![stream(format!("{table}/stream/*"))]
            }
            "DescribeStream" | "GetShardIterator" => {
                let arn = request["StreamArn"].as_str().unwrap_or_default();
                vec![stream(arn.to_owned())]
            }
            "GetRecords" => vec![stream(self.stream_of(request).ok_or_else(unknown)?)],
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

    /// The stream that a shard iterator of the database reads.
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

    fn measure(&self, caller: &Caller, operation: &str, body: &[u8]) {
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
            self.wire.consumed(function, table, operation, used);
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

/// Operations on tables and streams, not on items: items may hold any text and are left alone.
fn deals_in_arns(operation: &str) -> bool {
    [
        "CreateTable",
        "DeleteTable",
        "DescribeTable",
        "UpdateTable",
        "ListStreams",
        "DescribeStream",
        "GetShardIterator",
        "TagResource",
        "UntagResource",
        "ListTagsOfResource",
    ]
    .contains(&operation)
}

/// The caller did not ask for it.
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
