//! DynamoDB: `dynoxide` in this process, with the template's tables.
//!
//! Nobody reaches it but through the [front door](crate::front_door): it has no port of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use axum::body::Bytes;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::get_records::{GetRecordsRequest, Record};
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::{Database, DynoxideError};
use rusqlite::Connection;
use tokio::sync::{Mutex, watch};

use crate::leading_keys::LeadingKeys;
use crate::template::Table;
use crate::template::resolve::STREAM_LABEL;

/// Numbers the in-memory databases: SQLite finds them by name within the process.
static IN_MEMORY: AtomicU64 = AtomicU64::new(0);

const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

pub struct Dynamo {
    database: Database,
    path: Option<PathBuf>,
    streams: Vec<StreamName>,
    keys: LeadingKeys,
    writes: Writes,
}

/// DynamoDB's operations, with requests and answers in its JSON. Callers are not authenticated here.
#[derive(Clone)]
pub(crate) struct Operations {
    database: Database,
    /// The database handles one request at a time: the others wait here, and not on a thread.
    turn: Arc<Mutex<()>>,
}

/// The two ARNs of a table's stream.
#[derive(Clone, Debug)]
pub(crate) struct StreamName {
    pub(crate) table: String,
    /// The database's ARN.
    pub(crate) inner: String,
    /// The template's ARN.
    pub(crate) outer: String,
}

/// Counts writes, so that stream readers know when to read again.
#[derive(Clone)]
pub(crate) struct Writes {
    count: Arc<watch::Sender<u64>>,
}

impl Writes {
    fn new() -> Self {
        Self {
            count: Arc::new(watch::Sender::new(0)),
        }
    }

    pub(crate) fn add(&self) {
        self.count.send_modify(|count| *count += 1);
    }

    pub(crate) fn count(&self) -> u64 {
        *self.count.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }
}

impl Dynamo {
    /// Opens the database, and creates the tables that are missing.
    pub fn open(path: Option<&Path>, tables: &[Table]) -> Result<Self> {
        let location = match path {
            Some(path) => path
                .to_str()
                .context("the data directory's name is not UTF-8")?
                .to_owned(),
            // In memory, with a name so that a second connection can open it.
            None => {
                let number = IN_MEMORY.fetch_add(1, Ordering::Relaxed);
                format!("file:homehail-tables-{number}?mode=memory&cache=shared")
            }
        };
        let database = Database::new(&location)
            .map_err(|error| anyhow!("the tables cannot be opened: {error}"))?;
        // Does not wait for the disk: an acknowledged write survives the end of this process, but not
        // a power cut.
        database
            .enable_bulk_loading()
            .map_err(|error| anyhow!("the tables cannot be opened: {error}"))?;
        index_streams(&location)?;
        for table in tables {
            create_table(&database, table)
                .with_context(|| format!("the table `{}` cannot be created", table.name))?;
        }
        let mut streams = Vec::new();
        for table in tables.iter().filter(|table| table.stream) {
            let inner = describe(&database, &table.name)?
                .and_then(|description| description["LatestStreamArn"].as_str().map(str::to_owned))
                .with_context(|| format!("the table `{}` has no stream", table.name))?;
            let stream = format!("table/{}/stream/{STREAM_LABEL}", table.name);
            let outer = crate::arn("dynamodb", &stream);
            streams.push(StreamName {
                table: table.name.clone(),
                inner,
                outer,
            });
        }
        Ok(Self {
            database,
            path: path.map(Path::to_owned),
            streams,
            keys: LeadingKeys::for_tables(tables),
            writes: Writes::new(),
        })
    }

    pub(crate) fn operations(&self) -> Operations {
        Operations {
            database: self.database.clone(),
            turn: Arc::default(),
        }
    }

    pub(crate) fn streams(&self) -> &[StreamName] {
        &self.streams
    }

    pub(crate) fn keys(&self) -> &LeadingKeys {
        &self.keys
    }

    pub(crate) fn writes(&self) -> &Writes {
        &self.writes
    }

    #[cfg(test)]
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// A reader of the stream with this ARN (the template's) that starts after the sequence number `after`.
    pub(crate) fn reader(&self, stream: &str, after: Option<String>) -> Result<StreamReader> {
        let name = self
            .streams
            .iter()
            .find(|name| name.outer == stream)
            .with_context(|| format!("there is no stream {stream}"))?;
        let shard = dynoxide::streams::shard_id(&name.table);
        let (kind, sequence_number) = match after {
            Some(after) => ("AFTER_SEQUENCE_NUMBER", Some(after)),
            None => ("TRIM_HORIZON", None),
        };
        let request = GetShardIteratorRequest {
            stream_arn: name.inner.clone(),
            shard_id: shard.clone(),
            shard_iterator_type: kind.to_owned(),
            sequence_number,
        };
        let iterator = self
            .database
            .get_shard_iterator(request)
            .map_err(|error| anyhow!("{error}"))?
            .shard_iterator
            .context("the stream gives no iterator")?;
        Ok(StreamReader {
            database: self.database.clone(),
            shard,
            iterator,
        })
    }

    /// Deletes stream records that are a day old, as DynamoDB does. Call it once all consumers have read them.
    pub(crate) fn trim_streams(&self) -> Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // SQLite before 3.51.3 can corrupt a file when two connections write and make checkpoints at the same
        // time, so only the database's own connection makes them.
        connection.execute_batch(
            "PRAGMA synchronous = OFF;
             PRAGMA wal_autocheckpoint = 0;
             DELETE FROM _stream_records WHERE created_at < unixepoch() - 86400;",
        )?;
        Ok(())
    }

    /// Deletes items whose time to live has passed by the system's clock.
    pub(crate) fn sweep(&self) -> Result<()> {
        let swept = self
            .database
            .sweep_ttl()
            .map_err(|error| anyhow!("{error}"))?;
        if swept > 0 {
            self.writes.add();
        }
        Ok(())
    }
}

impl Operations {
    /// Runs an operation; answers its status and body, also if it is refused. Once begun it is not stopped by dropping
    /// the future, as a caller's end stops nothing on AWS.
    pub(crate) async fn run(&self, operation: &str, body: Bytes) -> (u16, Vec<u8>) {
        let (database, operation) = (self.database.clone(), operation.to_owned());
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let run = tokio::task::spawn_blocking(move || {
            let answer = answer(&database, &operation, &body);
            drop(turn);
            answer
        });
        let answer = run.await.unwrap_or_else(|error| {
            let fault = format!("the database failed: {error}");
            Err(DynoxideError::InternalServerError(fault))
        });
        match answer {
            Ok(body) => (200, body),
            Err(error) => (error.status_code(), error.to_json().into_bytes()),
        }
    }
}

/// The operations of functions, of the demo and its tests, and of the operator's handbook.
fn answer(database: &Database, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
    macro_rules! operations {
        ($($name:literal => $method:ident,)*) => {
            match operation {
                $($name => {
                    let request = serde_json::from_slice(body)
                        .map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
                    serde_json::to_vec(&database.$method(request)?)
                })*
                _ => return Err(DynoxideError::ValidationException(
                    format!("{operation} is not emulated here, or unknown to DynamoDB"),
                )),
            }
        };
    }
    let answer = operations! {
        "GetItem" => get_item,
        "PutItem" => put_item,
        "UpdateItem" => update_item,
        "DeleteItem" => delete_item,
        "Query" => query,
        "Scan" => scan,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "ListTables" => list_tables,
        "DescribeTable" => describe_table,
        "DescribeStream" => describe_stream,
        "GetShardIterator" => get_shard_iterator,
        "GetRecords" => get_records,
    };
    answer.map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

pub(crate) struct StreamReader {
    database: Database,
    pub(crate) shard: String,
    iterator: String,
}

impl StreamReader {
    pub(crate) fn next(&mut self, limit: usize) -> Result<Vec<Record>> {
        let request = GetRecordsRequest {
            shard_iterator: self.iterator.clone(),
            limit: Some(limit),
        };
        let answer = self
            .database
            .get_records(request)
            .map_err(|error| anyhow!("{error}"))?;
        if let Some(next) = answer.next_shard_iterator {
            self.iterator = next;
        }
        Ok(answer.records)
    }
}

/// For each write to a table with a stream, the database looks up the highest sequence number. Without an
/// index it scans all stream records and gets slower with every order.
fn index_streams(location: &str) -> Result<()> {
    let connection = Connection::open(location)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch(
        "CREATE INDEX IF NOT EXISTS homehail_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER));",
    )?;
    Ok(())
}

fn create_table(database: &Database, table: &Table) -> Result<()> {
    if describe(database, &table.name)?.is_some() {
        return Ok(());
    }
    let request = serde_json::from_value(table.create.clone())?;
    database
        .create_table(request)
        .map_err(|error| anyhow!("{error}"))?;
    if let Some(attribute) = &table.ttl_attribute {
        let request = serde_json::from_value(serde_json::json!({
            "TableName": table.name,
            "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
        }))?;
        database
            .update_time_to_live(request)
            .map_err(|error| anyhow!("{error}"))?;
    }
    Ok(())
}

fn describe(database: &Database, table: &str) -> Result<Option<serde_json::Value>> {
    let request: DescribeTableRequest =
        serde_json::from_value(serde_json::json!({ "TableName": table }))?;
    match database.describe_table(request) {
        Ok(answer) => Ok(Some(serde_json::to_value(answer)?["Table"].take())),
        Err(dynoxide::DynoxideError::ResourceNotFoundException(_)) => Ok(None),
        Err(error) => Err(anyhow!("{error}")),
    }
}
