//! Recorded prices for whoever tries a signal again: of a venue, or of an archive.

mod archive;
mod venue;

pub use archive::ArchivedPaths;
pub use venue::VenuePaths;
