//! Obituaries: how the guardian learns that somebody is gone, and of what.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::sync::Once;

use actix::{ArbiterHandle, Message, WeakRecipient};
use smol_str::SmolStr;

/// Which child, and which of its lives. A late word of an abandoned life is known by its number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Life {
    /// The child's name.
    pub child: SmolStr,
    /// Counted from 1.
    pub number: u64,
}

/// Why an actor is gone. Unless it says otherwise, it died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Its work is done; it is not raised again.
    Finished,
    /// It was asked to go.
    Asked,
    /// It gave up, and may be raised again.
    Failed(String),
    /// It gave up, and raising it again cannot help: the process must begin anew.
    Fatal(String),
    /// It panicked or was dropped.
    Died(String),
    /// It did not answer how it was.
    Frozen(String),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("finished"),
            Self::Asked => f.write_str("asked to stop"),
            Self::Failed(why) => write!(f, "failed: {why}"),
            Self::Fatal(why) => write!(f, "failed for good: {why}"),
            Self::Died(why) => write!(f, "died: {why}"),
            Self::Frozen(why) => write!(f, "frozen: {why}"),
        }
    }
}

/// A life has ended.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Gone {
    /// Whose.
    pub life: Life,
    /// How.
    pub exit: Exit,
}

/// A guard that every supervised actor owns. Dropping it tells the guardian.
#[derive(Debug)]
pub struct Obituary {
    life: Life,
    exit: Option<Exit>,
    parent: WeakRecipient<Gone>,
    /// The thread that was this life's alone and ends with it.
    own: Option<ArbiterHandle>,
}

impl Obituary {
    pub(crate) fn new(life: Life, parent: WeakRecipient<Gone>, own: Option<ArbiterHandle>) -> Self {
        remember_panics();
        Self {
            life,
            exit: None,
            parent,
            own,
        }
    }

    /// Says how this life ends; the first word stands.
    pub fn record(&mut self, exit: Exit) {
        self.exit.get_or_insert(exit);
    }
}

impl Drop for Obituary {
    fn drop(&mut self) {
        if let Some(own) = &self.own {
            own.stop();
        }
        let Some(parent) = self.parent.upgrade() else {
            return;
        };
        let exit = if std::thread::panicking() {
            Exit::Died(last_panic())
        } else {
            self.exit
                .take()
                .unwrap_or_else(|| Exit::Died("dropped without a word".to_owned()))
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "one per life, and it must arrive"
        )]
        parent.do_send(Gone {
            life: self.life.clone(),
            exit,
        });
    }
}

thread_local! {
    /// What the last panic on this thread said. An obituary that is dropped by it reads it.
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Lets obituaries say of what an actor died, and keeps whatever hook there was.
fn remember_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let place = panic
                .location()
                .map(ToString::to_string)
                .unwrap_or_default();
            let said = format!("panicked at {place}: {}", words(panic.payload()));
            LAST_PANIC.with_borrow_mut(|last| *last = said);
            before(panic);
        }));
    });
}

fn last_panic() -> String {
    LAST_PANIC.with_borrow(Clone::clone)
}

/// What a panic's payload says, where it is text.
pub(crate) fn words(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no words")
}
