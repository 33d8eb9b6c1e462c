//! The ports of a run.
//!
//! `--port` sets the gateway's. The others are picked at the first start and kept, so that addresses given
//! out before a restart still work after it.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::keys::write_private;

/// Listeners that are bound but not served yet.
pub(crate) struct Ports {
    pub(crate) gateway: TcpListener,
    pub(crate) dynamodb: TcpListener,
    pub(crate) cloud: TcpListener,
    pub(crate) wechat: TcpListener,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
struct Numbers {
    dynamodb: u16,
    cloud: u16,
    wechat: u16,
}

impl Ports {
    /// Binds all ports on the loopback address and keeps their numbers in `file`.
    pub(crate) async fn bind(gateway: u16, file: Option<&Path>) -> Result<Self> {
        let before: Numbers = file
            .and_then(|file| std::fs::read(file).ok())
            .and_then(|content| serde_json::from_slice(&content).ok())
            .unwrap_or_default();
        let ports = Self {
            gateway: TcpListener::bind(("127.0.0.1", gateway))
                .await
                .with_context(|| {
                    format!("port {gateway} cannot be used: choose another with --port")
                })?,
            dynamodb: bind_again(before.dynamodb).await?,
            cloud: bind_again(before.cloud).await?,
            wechat: bind_again(before.wechat).await?,
        };
        let now = Numbers {
            dynamodb: ports.dynamodb.local_addr()?.port(),
            cloud: ports.cloud.local_addr()?.port(),
            wechat: ports.wechat.local_addr()?.port(),
        };
        if let Some(file) = file
            && now != before
        {
            write_private(file, &serde_json::to_vec(&now)?)?;
        }
        Ok(ports)
    }
}

/// Binds this port, or another one if it is taken.
async fn bind_again(port: u16) -> Result<TcpListener> {
    match TcpListener::bind(("127.0.0.1", port)).await {
        Ok(listener) => Ok(listener),
        Err(_) => Ok(TcpListener::bind(("127.0.0.1", 0)).await?),
    }
}
