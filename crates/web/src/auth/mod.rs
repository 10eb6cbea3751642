//! Who calls, and what he may do.

mod caller;
pub(crate) mod cookie;
pub(crate) mod guard;
pub(crate) mod identify;
pub(crate) mod links;
mod origin;
pub(crate) mod password;
pub(crate) mod secret;
pub(crate) mod throttle;

pub(crate) use caller::{Caller, Via};
