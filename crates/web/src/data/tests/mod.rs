//! The routes of data against stores that hold what the engine made.

mod alerts;
mod control;
mod description;
mod exports;
mod flows;
mod geo;
mod labels;
mod machine;
mod report;
mod site;
mod traffic;
