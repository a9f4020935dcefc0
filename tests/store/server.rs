//! A real PostgreSQL: each test has a database of its own on it.

use std::sync::atomic::{AtomicU32, Ordering};

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use touchstone::store::PgStore;
use touchstone::store::postgres::Options;

#[expect(clippy::disallowed_methods, reason = "a test asks where its server is")]
/// Where the server is that `scripts/services` started.
fn server() -> String {
    std::env::var("TOUCHSTONE_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("these tests need a PostgreSQL: run them by `scripts/services cargo nextest run`")
    })
}

/// A database that goes with the test.
pub(crate) struct House {
    name: String,
    /// Its address, for a superuser.
    pub(crate) url: SecretString,
}

impl House {
    pub(crate) async fn make() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let nth = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{nth}", std::process::id());
        tell(&format!("CREATE DATABASE {name}")).await;
        let mut url = url::Url::parse(&server()).unwrap();
        url.set_path(&name);
        Self {
            name,
            url: SecretString::from(url.to_string()),
        }
    }

    pub(crate) fn options(&self) -> Options {
        Options::at(self.url.clone())
    }

    /// A connection past the store.
    pub(crate) async fn person(&self) -> PgConnection {
        PgConnection::connect(self.url.expose_secret())
            .await
            .unwrap()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let name = self.name.clone();
        // The test's own runtime is on its way out.
        let clearing = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(tell(&format!("DROP DATABASE {name} WITH (FORCE)")));
        });
        clearing.join().ok();
    }
}

async fn tell(sql: &str) {
    let mut connection = PgConnection::connect(&server()).await.unwrap();
    sqlx::query(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

pub(crate) async fn store() -> (PgStore, House) {
    let house = House::make().await;
    (PgStore::open(house.options()).await.unwrap(), house)
}
