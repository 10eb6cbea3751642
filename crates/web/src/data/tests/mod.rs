//! The routes of data against stores that hold what the engine made.

mod alerts;
mod control;
mod machine;
mod site;
