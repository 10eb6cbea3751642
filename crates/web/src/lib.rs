//! The HTTP API, the live stream, logins, and the console's files. The only HTTP server.

pub mod control;
pub mod hub;
mod server;

pub use control::Control;
pub use hub::Hub;
pub use server::{Options, Server, WebError, serve};
