//! x
mod media;
mod page;
mod text;
