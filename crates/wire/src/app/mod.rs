//! Facts of application protocols.
