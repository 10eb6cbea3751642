//! The HTTP API, the live stream, logins, and the console's files. The only HTTP server.

#![allow(dead_code, unused_imports, reason = "parts are still coming in")]

mod audit;
mod auth;
mod clock;
pub mod control;
mod data;
mod error;
mod extract;
pub mod hub;
mod json;
mod limits;
mod openapi;
mod route;
mod routes;
mod server;
mod state;
mod times;

pub use control::Control;
pub use hub::Hub;
pub use server::{Options, Server, WebError, serve};
