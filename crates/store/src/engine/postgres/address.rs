//! Where the server is, and how a connection to it is made.

use std::future::Future;
use std::time::Duration;

use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::{Client, Config, Error, NoTls};

use super::siblings::Siblings;
use crate::engine::tls::Tls;
use crate::error::StoreError;

/// How long one server may take to answer, or to acknowledge what was sent.
const NETWORK_WAIT: Duration = Duration::from_secs(10);

/// Where the server is, and how to talk to it.
pub(in crate::engine) struct Address {
    pub(super) siblings: Siblings,
    config: Config,
    tls: Option<Tls>,
}

/// Reads a connection string and fills in what makes a lost server show.
pub(in crate::engine) fn configure(url: &str) -> Result<Address, StoreError> {
    let mut config: Config = url.parse().map_err(StoreError::unavailable)?;
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    if config.get_application_name().is_none() {
        config.application_name("tierline");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(NETWORK_WAIT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(NETWORK_WAIT);
    }
    config.keepalives_idle(NETWORK_WAIT);
    let tls = match config.get_ssl_mode() {
        SslMode::Require => Some(Tls::of_system()?),
        _ => None,
    };
    let siblings = Siblings::default();
    Ok(Address {
        siblings,
        config,
        tls,
    })
}

impl Address {
    /// Connects, and leaves the driving of the connection to the runtime of the caller.
    pub(super) async fn connect(&self) -> Result<Client, Error> {
        Ok(match &self.tls {
            Some(tls) => {
                let (client, driver) = self.config.connect(tls.clone()).await?;
                tokio::spawn(drive(driver));
                client
            }
            None => {
                let (client, driver) = self.config.connect(NoTls).await?;
                tokio::spawn(drive(driver));
                client
            }
        })
    }
}

async fn drive(driver: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = driver.await {
        tracing::warn!(%error, "a database connection ended");
    }
}
