//! Makes the cloud durable: writes every change of state, in order, to one SQLite file.
//!
//! State lives in memory; a change is applied there under the cloud's lock and handed to this
//! journal under the same lock, so the file always holds a prefix of the changes. One thread
//! writes them, as many changes to a commit as are waiting. A call is answered after its change is
//! committed. Changes of one [`Vec<Op>`] are never split over two commits.
//!
//! `synchronous=OFF`: commits survive the end of this process, but not a power cut.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, params};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::error::Error;

/// At most this many calls share a commit: bounds how long the first of them waits.
const CALLS_PER_COMMIT: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Queue,
    Schedule,
    Session,
    Note,
    Object,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Queue => "queue",
            Kind::Schedule => "schedule",
            Kind::Session => "session",
            Kind::Note => "note",
            Kind::Object => "object",
        }
    }
}

/// The part of a message that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub queue: Arc<str>,
    pub visible_at: i64,
    pub receives: u32,
    pub receives_elsewhere: u32,
    pub first_received_at: Option<i64>,
    pub dead_letter_source: Option<Arc<str>>,
}

#[derive(Debug)]
pub(crate) enum Op {
    PutDocument {
        kind: Kind,
        key: String,
        body: String,
    },
    DeleteDocument {
        kind: Kind,
        key: String,
    },
    PutMessage {
        seq: u64,
        standing: Standing,
        content: String,
    },
    MoveMessage {
        seq: u64,
        standing: Standing,
    },
    DeleteMessage {
        seq: u64,
    },
    /// Every message of a queue.
    DeleteMessages {
        queue: Arc<str>,
    },
}

/// A message read at the start.
pub(crate) struct StoredMessage {
    pub seq: u64,
    pub standing: Standing,
    pub content: String,
}

type Done = oneshot::Sender<Result<(), JournalFailed>>;

/// The journal has failed; nothing is acknowledged any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JournalFailed;

enum Entry {
    Change(Vec<Op>, Done),
    End,
}

/// The journal of a cloud; without a file it keeps nothing.
pub(crate) struct Journal {
    writer: Option<(Sender<Entry>, JoinHandle<()>)>,
}

impl Journal {
    /// A journal that keeps nothing: the state ends with the process.
    pub(crate) fn forgetful() -> Self {
        Self { writer: None }
    }

    /// Starts the writer on an opened file.
    pub(crate) fn start(connection: Connection) -> Result<Self, std::io::Error> {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("local-cloud-journal".into())
            .spawn(move || write_all(connection, &receiver))?;
        Ok(Self {
            writer: Some((sender, thread)),
        })
    }

    /// Hands over a change; call this under the lock under which the change was made. The
    /// receiver is told when it is committed. `None`: there is nothing to wait for.
    pub(crate) fn append(
        &self,
        ops: Vec<Op>,
    ) -> Option<oneshot::Receiver<Result<(), JournalFailed>>> {
        let (sender, _) = self.writer.as_ref()?;
        if ops.is_empty() {
            return None;
        }
        let (done, committed) = oneshot::channel();
        // A writer that is gone drops `done`, which the waiting side reads as a failure.
        let _ = sender.send(Entry::Change(ops, done));
        Some(committed)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.writer.take() {
            let _ = sender.send(Entry::End);
            // So that the file can be opened again right away.
            let _ = thread.join();
        }
    }
}

/// Opens or makes the file. A second process on the same file is refused by SQLite's lock.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(2))?;
    connection.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = OFF;
         CREATE TABLE IF NOT EXISTS documents (
             kind TEXT NOT NULL,
             key TEXT NOT NULL,
             body TEXT NOT NULL,
             PRIMARY KEY (kind, key)
         ) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS messages (
             seq INTEGER PRIMARY KEY,
             queue TEXT NOT NULL,
             visible_at INTEGER NOT NULL,
             receives INTEGER NOT NULL,
             receives_elsewhere INTEGER NOT NULL,
             first_received_at INTEGER,
             dead_letter_source TEXT,
             content TEXT NOT NULL
         );",
    )?;
    Ok(connection)
}

/// All documents of a kind, read from JSON.
pub(crate) fn documents<T: DeserializeOwned>(
    c: &Connection,
    kind: Kind,
) -> Result<Vec<(String, T)>, Error> {
    let texts = texts(c, kind)?.into_iter();
    let read = |(key, body): (String, String)| match serde_json::from_str(&body) {
        Ok(document) => Ok((key, document)),
        Err(source) => Err(Error::Stored {
            what: format!("the {} {key}", kind.name()),
            source,
        }),
    };
    texts.map(read).collect()
}

/// All documents of a kind as they were written, by key.
pub(crate) fn texts(c: &Connection, kind: Kind) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement =
        c.prepare("SELECT key, body FROM documents WHERE kind = ?1 ORDER BY key")?;
    let rows = statement.query_map([kind.name()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// All messages in the order in which they were sent.
pub(crate) fn messages(c: &Connection) -> rusqlite::Result<Vec<StoredMessage>> {
    let mut statement = c.prepare(
        "SELECT seq, queue, visible_at, receives, receives_elsewhere, first_received_at,
                dead_letter_source, content
         FROM messages ORDER BY seq",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(StoredMessage {
            seq: row.get::<_, i64>(0)?.cast_unsigned(),
            standing: Standing {
                queue: row.get::<_, String>(1)?.into(),
                visible_at: row.get(2)?,
                receives: row.get(3)?,
                receives_elsewhere: row.get(4)?,
                first_received_at: row.get(5)?,
                dead_letter_source: row.get::<_, Option<String>>(6)?.map(Into::into),
            },
            content: row.get(7)?,
        })
    })?;
    rows.collect()
}

fn write_all(mut connection: Connection, entries: &Receiver<Entry>) {
    let mut failed = false;
    let mut ended = false;
    while !ended {
        let Ok(first) = entries.recv() else { return };
        let mut waiting = Vec::new();
        let mut next = Some(first);
        while let Some(entry) = next {
            match entry {
                Entry::Change(ops, done) => waiting.push((ops, done)),
                Entry::End => ended = true,
            }
            next = if waiting.len() < CALLS_PER_COMMIT {
                entries.try_recv().ok()
            } else {
                None
            };
        }
        if !failed && let Err(error) = commit(&mut connection, &waiting) {
            // Memory is ahead of the file from here on: stop acknowledging anything.
            tracing::error!(%error, "the emulated cloud cannot write its file any more; every call is refused from now on");
            failed = true;
        }
        for (_, done) in waiting {
            let _ = done.send(if failed { Err(JournalFailed) } else { Ok(()) });
        }
    }
}

fn commit(connection: &mut Connection, waiting: &[(Vec<Op>, Done)]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for op in waiting.iter().flat_map(|(ops, _)| ops) {
        write(&transaction, op)?;
    }
    transaction.commit()
}

fn write(transaction: &Transaction<'_>, op: &Op) -> rusqlite::Result<()> {
    match op {
        Op::PutDocument { kind, key, body } => transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO documents (kind, key, body) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![kind.name(), key, body])?,
        Op::DeleteDocument { kind, key } => transaction
            .prepare_cached("DELETE FROM documents WHERE kind = ?1 AND key = ?2")?
            .execute(params![kind.name(), key])?,
        Op::PutMessage {
            seq,
            standing: s,
            content,
        } => transaction
            .prepare_cached(
                "INSERT INTO messages (seq, queue, visible_at, receives, receives_elsewhere,
                                       first_received_at, dead_letter_source, content)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                seq.cast_signed(),
                &*s.queue,
                s.visible_at,
                s.receives,
                s.receives_elsewhere,
                s.first_received_at,
                s.dead_letter_source.as_deref(),
                content
            ])?,
        Op::MoveMessage { seq, standing: s } => transaction
            .prepare_cached(
                "UPDATE messages SET queue = ?2, visible_at = ?3, receives = ?4,
                        receives_elsewhere = ?5, first_received_at = ?6, dead_letter_source = ?7
                 WHERE seq = ?1",
            )?
            .execute(params![
                seq.cast_signed(),
                &*s.queue,
                s.visible_at,
                s.receives,
                s.receives_elsewhere,
                s.first_received_at,
                s.dead_letter_source.as_deref()
            ])?,
        Op::DeleteMessage { seq } => transaction
            .prepare_cached("DELETE FROM messages WHERE seq = ?1")?
            .execute([seq.cast_signed()])?,
        Op::DeleteMessages { queue } => transaction
            .prepare_cached("DELETE FROM messages WHERE queue = ?1")?
            .execute([&**queue])?,
    };
    Ok(())
}
