//! Moving an installation from its file to PostgreSQL, through the program itself.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::home::Home;
use crate::listener::Listener;

#[expect(clippy::disallowed_methods, reason = "a test asks where its server is")]
fn server() -> String {
    std::env::var("TOUCHSTONE_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("this test needs a PostgreSQL: run it by `scripts/services cargo nextest run`")
    })
}

async fn tell(sql: String) {
    let mut connection = PgConnection::connect(&server()).await.unwrap();
    sqlx::query(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_installation_moves_to_postgresql_and_its_listeners_go_on_where_they_were() {
    let name = format!("moving_{}", std::process::id());
    tell(format!("CREATE DATABASE {name}")).await;
    let mut url = url::Url::parse(&server()).unwrap();
    url.set_path(&name);
    let password = url.password().unwrap().to_owned();

    // It runs on its file, is listened to, and stops.
    let home = Home::simulated();
    let running = home.start(&[]).await;
    let mut listener = Listener::connect(&running.api.address, None).await;
    for _ in 0..20 {
        listener.event().await;
    }
    let position = listener.position();
    running.stop().await;

    // Its record is copied, once.
    let (from, to) = ("sqlite:data/simulator.db", format!("{url}#simulator"));
    let copied = home.run(&["copy", "--from", from, "--to", &to], "");
    assert_eq!(copied.code, Some(0), "{}", copied.err);
    assert!(copied.out.contains("every digest"), "{}", copied.out);
    let again = home.run(&["copy", "--from", from, "--to", &to], "");
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("is not empty"), "{}", again.err);

    // And it goes on from there: the same epoch, the next numbers.
    let home = home.with("STORE__URL", url.as_str());
    let running = home.start(&[]).await;
    let mut again = Listener::connect(&running.api.address, Some(&position)).await;
    assert_eq!(again.resumed, "replay");
    assert_eq!(again.epoch, listener.epoch);
    for _ in 0..20 {
        again.event().await;
    }
    assert!(running.api.events().await.len() as u64 >= again.at);
    for said in [running.said(), running.logged(), copied.out, copied.err] {
        assert!(!said.contains(&password), "{said}");
    }
    running.stop().await;

    let checked = home.run(&["check"], "");
    assert!(checked.out.contains("PostgreSQL"), "{}", checked.out);
    assert!(!checked.out.contains(&password), "{}", checked.out);
    let migrated = home.run(&["migrate"], "");
    assert!(
        migrated.out.contains("schema simulator is up to date"),
        "{}",
        migrated.out
    );
    tell(format!("DROP DATABASE {name} WITH (FORCE)")).await;
}
