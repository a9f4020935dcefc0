//! The window of figures: how far back signals count.

use domain::statistics::DAY;
use domain::time::Timestamp;

/// How far back signals count, by when they were received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Window {
    /// So many days.
    Days(u32),
    /// All of them.
    #[default]
    All,
}

impl Window {
    /// Reads `7d`, `30d`, `90d`, `365d` or `all`, which is meant when nothing is said.
    ///
    /// # Errors
    ///
    /// What would be right.
    pub fn read(text: Option<&str>) -> Result<Self, String> {
        match text {
            None | Some("all") => Ok(Self::All),
            Some("7d") => Ok(Self::Days(7)),
            Some("30d") => Ok(Self::Days(30)),
            Some("90d") => Ok(Self::Days(90)),
            Some("365d") => Ok(Self::Days(365)),
            Some(other) => Err(format!("`{other}` is none; use 7d, 30d, 90d, 365d or all")),
        }
    }

    /// As it is read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Days(7) => "7d",
            Self::Days(30) => "30d",
            Self::Days(90) => "90d",
            Self::Days(_) => "365d",
            Self::All => "all",
        }
    }

    /// When it begins, seen from an instant; none where it never began.
    #[must_use]
    pub fn from(self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Days(days) => Some(at - DAY * days),
            Self::All => None,
        }
    }
}
