//! Waiting for conditions, never for times.

use std::time::Duration;

/// The longest that anything is waited for.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Fails when it takes too long.
pub(crate) async fn within<T>(longest: Duration, what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(longest, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// Looks again and again until there is something.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    within(LONGEST, what, async {
        loop {
            match look().await {
                Some(found) => return found,
                None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    })
    .await
}
