//! Who calls, and what he may do.

mod caller;
pub(crate) mod guard;

pub(crate) use caller::{Caller, Via};
