//! DynamoDB: `dynoxide` in this process, with the template's tables.
//!
//! It listens on a loopback port that only the [front door](crate::front_door) knows. It has its own
//! thread, because the database handles one request at a time and would block the functions.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use dynoxide::Database;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::get_records::{GetRecordsRequest, Record};
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use crate::leading_keys::LeadingKeys;
use crate::template::Table;
use crate::template::resolve::STREAM_LABEL;

/// Numbers the in-memory databases: SQLite finds them by name within the process.
static IN_MEMORY: AtomicU64 = AtomicU64::new(0);

const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

pub struct Dynamo {
    database: Database,
    path: Option<PathBuf>,
    address: String,
    streams: Vec<StreamName>,
    keys: LeadingKeys,
    writes: Writes,
    stop: Option<oneshot::Sender<()>>,
    served: Option<std::thread::JoinHandle<()>>,
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
    /// Opens the database, creates the tables that are missing, and serves it.
    pub async fn start(path: Option<&Path>, tables: &[Table]) -> Result<Self> {
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
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel::<()>();
        let served = serve(listener, database.clone(), stopped)?;
        Ok(Self {
            database,
            path: path.map(Path::to_owned),
            address,
            streams,
            keys: LeadingKeys::for_tables(tables),
            writes: Writes::new(),
            stop: Some(stop),
            served: Some(served),
        })
    }

    /// Where the database listens. It does not authenticate callers.
    pub(crate) fn address(&self) -> &str {
        &self.address
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

    pub fn stop(mut self) {
        drop(self.stop.take());
        if let Some(served) = self.served.take() {
            let _ = served.join();
        }
    }
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

fn serve(
    listener: std::net::TcpListener,
    database: Database,
    stopped: oneshot::Receiver<()>,
) -> Result<std::thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let run = move || {
        let served = runtime.block_on(async move {
            let listener =
                tokio::net::TcpListener::from_std(listener).map_err(|error| error.to_string())?;
            let stop = async move {
                let _ = stopped.await;
            };
            dynoxide::server::serve_with_shutdown(listener, database, stop).await
        });
        if let Err(error) = served {
            tracing::error!(error, "the tables are no longer served");
        }
    };
    Ok(std::thread::Builder::new()
        .name("dynamodb".to_owned())
        .spawn(run)?)
}
