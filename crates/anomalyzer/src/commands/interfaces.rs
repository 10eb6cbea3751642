//! `interfaces`: what can be watched.

use super::print;
use crate::failure::Failure;
use crate::input::live_failure;
use anomalyzer_capture::{LiveInterface, default_interface, interfaces};
use anomalyzer_engine::text;
use std::fmt::Write as _;

pub(super) fn run() -> Result<(), Failure> {
    let all = interfaces().map_err(|e| live_failure(&e))?;
    let busiest = default_interface().ok();
    let width = all.iter().map(|i| i.name.len()).max().unwrap_or(0);
    let mut table = String::new();
    for interface in &all {
        let mark = if busiest.as_deref() == Some(&interface.name) { '*' } else { ' ' };
        let _ = writeln!(table, "{mark} {:width$}  {}", interface.name, facts(interface));
    }
    if busiest.is_some() {
        table.push_str("\n* carries most traffic\n");
    }
    print(&table)
}

fn facts(interface: &LiveInterface) -> String {
    let mut facts = vec![if interface.up { "up" } else { "down" }.to_owned()];
    facts.extend(interface.addresses.iter().map(ToString::to_string));
    if interface.bytes > 0 {
        facts.push(text::bytes(interface.bytes));
    }
    facts.extend(interface.description.clone());
    facts.join(", ")
}
