//! The HTTP API, the live stream, logins, and the console's files. The only HTTP server.

pub mod accounts;
mod app;
mod assets;
mod audit;
mod auth;
mod clock;
pub mod control;
mod data;
mod error;
mod extract;
mod frame;
mod hosts;
pub mod hub;
mod incoming;
mod io;
mod json;
mod limits;
mod metrics;
pub mod models;
mod openapi;
mod peer;
pub mod records;
mod report;
mod route;
mod routes;
mod server;
mod state;
#[cfg(test)]
mod tests;
mod times;
mod tls;

pub use control::Control;
pub use hub::Hub;
pub use server::{Options, Server, WebError, serve};
