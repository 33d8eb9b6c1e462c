//! The changes of one call, on their way to the journal.

use serde::Serialize;

use crate::journal::{Kind, Op};

/// Changes that are committed together or not at all, made at one instant.
pub(crate) struct Transaction {
    /// Milliseconds since the epoch, by the cloud's clock.
    pub(crate) now: i64,
    ops: Vec<Op>,
}

impl Transaction {
    pub(crate) fn at(now: i64) -> Self {
        Self {
            now,
            ops: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, op: Op) {
        self.ops.push(op);
    }

    pub(crate) fn put(&mut self, kind: Kind, key: &str, document: &impl Serialize) {
        // Our documents are maps of texts and numbers, which always serialise.
        let body = serde_json::to_string(document).unwrap_or_default();
        self.put_text(kind, key, &body);
    }

    pub(crate) fn put_text(&mut self, kind: Kind, key: &str, text: &str) {
        self.push(Op::PutDocument {
            kind,
            key: key.to_owned(),
            body: text.to_owned(),
        });
    }

    pub(crate) fn remove(&mut self, kind: Kind, key: &str) {
        self.push(Op::DeleteDocument {
            kind,
            key: key.to_owned(),
        });
    }

    pub(crate) fn into_ops(self) -> Vec<Op> {
        self.ops
    }
}
