//! The server as a whole: rights, browsers, log-ins, streams. Stores are real; of the program only
//! [`Nothing`] stands behind the trait.

mod access;
mod browser;
mod description;
mod fixture;
mod live;
mod login;
mod models;
mod paths;
mod sessions;
mod sockets;
