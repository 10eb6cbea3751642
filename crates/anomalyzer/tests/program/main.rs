//! The program from outside: what users and scripts rely on.

// Helpers of tests may panic as tests may; the lint knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod backtest;
mod contract;
mod damage;
mod demo;
mod hostile;
mod indicators;
mod inputs;
mod judgement;
mod models;
mod outputs;
mod reload;
mod state;
mod systemd;
mod tools;
