//! What stands in Redis, with servers that are killed, emptied and started again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[expect(dead_code, reason = "the tests of the stream use the rest")]
#[path = "../stream/client.rs"]
mod client;
mod ends;
mod node;
mod reader;
mod relaying;
#[expect(dead_code, reason = "the tests of the stream use the rest")]
#[path = "../stream/scene.rs"]
mod scene;
mod server;
mod several;

use server::Server;
