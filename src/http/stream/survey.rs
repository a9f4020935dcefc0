//! One answer for many who ask the same at once.
//!
//! After a deploy everybody comes back within seconds, and each has to know where the stream stands. Asking the
//! store for each would keep its connections from those who then read what they missed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// A question that is asked once for all who wait for its answer.
pub(super) struct Survey<T, E> {
    /// How many have asked.
    asked: AtomicU64,
    last: Mutex<Option<Answer<T, E>>>,
}

struct Answer<T, E> {
    /// The question was put after so many had asked, so to each of them it is news.
    covers: u64,
    told: Result<T, Arc<E>>,
}

impl<T: Clone, E> Survey<T, E> {
    pub(super) const fn new() -> Self {
        Self {
            asked: AtomicU64::new(0),
            last: Mutex::const_new(None),
        }
    }

    /// The answer to a question that was put after this call began: by this one, or by another who asked
    /// at the same time. Never an older one: a listener has taken his place before he asks, and what was
    /// stored in between must be in the answer.
    pub(super) async fn ask(&self, put: impl AsyncFnOnce() -> Result<T, E>) -> Result<T, Arc<E>> {
        let nth = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut last = self.last.lock().await;
        if let Some(answer) = last.as_ref().filter(|answer| answer.covers >= nth) {
            return answer.told.clone();
        }
        let covers = self.asked.load(Ordering::Acquire);
        let told = put().await.map_err(Arc::new);
        *last = Some(Answer {
            covers,
            told: told.clone(),
        });
        told
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn all_who_wait_share_the_next_answer_and_none_gets_an_older_one() {
        let survey = Survey::<u64, ()>::new();
        let (puts, gate) = (Cell::new(0), Semaphore::new(0));
        let ask = || {
            survey.ask(async || {
                puts.set(puts.get() + 1);
                let nth = puts.get();
                gate.acquire().await.unwrap().forget();
                Ok(nth)
            })
        };
        let late = async {
            // The first question is on its way by now: its answer may be older than what these must know.
            assert_eq!(puts.get(), 1);
            gate.add_permits(2);
            join_all((0..50).map(|_| ask())).await
        };
        let (first, late) = tokio::join!(ask(), late);
        assert_eq!(first, Ok(1));
        assert_eq!(late, vec![Ok(2); 50]);
        assert_eq!(puts.get(), 2);
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_who_waited_and_the_next_asks_anew() {
        let survey = Survey::<u64, u64>::new();
        let puts = Cell::new(0);
        let ask = || {
            survey.ask(async || {
                puts.set(puts.get() + 1);
                tokio::task::yield_now().await;
                if puts.get() == 1 {
                    Err(7)
                } else {
                    Ok(puts.get())
                }
            })
        };
        assert_eq!(ask().await, Err(Arc::new(7)));
        assert_eq!(ask().await, Ok(2));
    }

    #[tokio::test]
    async fn whoever_gives_up_while_asking_leaves_the_question_to_the_next() {
        let survey = Survey::<u64, ()>::new();
        let never = survey.ask(async || std::future::pending().await);
        tokio::select! {
            biased;
            _ = never => unreachable!("nobody answers"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!(survey.ask(async || Ok(1)).await, Ok(1));
    }
}
