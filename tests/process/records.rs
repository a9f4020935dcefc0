//! What a stopped installation has stored, read past the program.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Row as _};

/// The same trade under two names. What is read from a preview has the platform's number, and
/// people do say the same again; strategies do so only while they wait.
const TWO_NAMES: &str = "
    SELECT channel, text, group_concat(key, ' and ') AS what FROM versions
    WHERE version = 1 AND channel IN ('sim_desk', 'sim_keltner') 
        AND text NOT LIKE '%strategy is running%'
    GROUP BY channel, text HAVING count(*) > 1";

/// A version that changes nothing.
const TWO_VERSIONS: &str = "
    SELECT old.channel, old.text, old.key || ' again' AS what FROM versions old
    JOIN versions new ON new.channel = old.channel AND new.key = old.key
        AND new.version = old.version + 1 AND new.digest = old.digest";

/// Fails where a post is stored twice. Gives how many posts there are.
pub(crate) async fn each_post_is_stored_once(database: &Path) -> i64 {
    let options = SqliteConnectOptions::new().filename(database);
    let mut database = options.connect().await.unwrap();
    for query in [TWO_NAMES, TWO_VERSIONS] {
        let twice = sqlx::query(query).fetch_optional(&mut database).await;
        if let Some(row) = twice.unwrap() {
            let [channel, text, what] =
                ["channel", "text", "what"].map(|name| row.get::<String, _>(name));
            panic!("stored twice in {channel}: {what}\n{text}");
        }
    }
    let posts = sqlx::query("SELECT count(*) AS posts FROM posts");
    posts.fetch_one(&mut database).await.unwrap().get("posts")
}
