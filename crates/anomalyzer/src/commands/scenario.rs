//! `scenario`: labelled synthetic captures.

use super::print;
use crate::cli::{ScenarioCommand, ScenarioWrite};
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::words;
use anomalyzer_capture::{InterfaceSpec, PcapngWriter, SNAPLEN_MAX};
use anomalyzer_engine::text;
use anomalyzer_scenario::{AttackKind, CSV_HEADER, Plan, Scenario, generate};
use anomalyzer_wire::LinkType;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Name that stands for all attacks.
const ALL: &str = "all";
const BUFFER_BYTES: usize = 256 << 10;

/// Writes a capture, or lists the attacks.
pub(super) fn run(command: &ScenarioCommand, terminal: &Terminal) -> Result<(), Failure> {
    match command {
        ScenarioCommand::List => print(&catalogue()),
        ScenarioCommand::Write(options) => write(options, terminal),
    }
}

fn catalogue() -> String {
    let width = AttackKind::ALL.iter().map(|k| k.name().len()).max().unwrap_or(0);
    let mut text = String::new();
    for kind in AttackKind::ALL {
        let found = match (kind.detector(), kind.technique()) {
            ("", _) => "stays quiet".to_owned(),
            (detector, "") => detector.to_owned(),
            (detector, technique) => format!("{detector} ({technique})"),
        };
        let _ = writeln!(text, "{:width$}  {found}", kind.name());
    }
    let story = "a sweep, a scan, guessed passwords and data carried out, by one host";
    let _ = writeln!(text, "{:width$}  {story}", Plan::INTRUSION);
    text
}

fn write(options: &ScenarioWrite, terminal: &Terminal) -> Result<(), Failure> {
    let mut plan = Plan::office(options.seed, options.minutes);
    for name in &options.attack {
        if name == Plan::INTRUSION {
            plan = plan.with_intrusion();
            continue;
        }
        for kind in kinds(name)? {
            plan = plan.with(kind);
        }
    }
    let mut scenario = generate(&plan);
    let shown = options.file.display().to_string();
    let failed = |e: &io::Error| Failure::writing(&shown, e);
    let packets = if options.file.as_os_str() == "-" {
        frames(io::stdout().lock(), &mut scenario).map_err(|e| failed(&e))?
    } else {
        let file = create(&options.file)?;
        frames(file, &mut scenario).map_err(|e| failed(&e))?
    };
    if let Some(path) = &options.truth {
        truth(path, &scenario)?;
    }
    terminal.note(&format!("{shown}: {}", text::counted(packets, "packet")));
    Ok(())
}

/// The kinds that a name stands for.
fn kinds(name: &str) -> Result<Vec<AttackKind>, Failure> {
    if name == ALL {
        let attacks = AttackKind::ALL.iter().copied();
        return Ok(attacks.filter(|k| !k.detector().is_empty()).collect());
    }
    if let Some(kind) = AttackKind::ALL.iter().find(|k| k.name() == name) {
        return Ok(vec![*kind]);
    }
    let hint = words::did_you_mean(
        name,
        AttackKind::ALL.iter().map(|k| k.name()).chain([ALL, Plan::INTRUSION]),
    );
    let see = "(see `anomalyzer scenario list`)";
    Err(Failure::usage(format!("no attack is called `{name}`{hint} {see}")))
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|e| Failure::writing(&path.display().to_string(), &e))
}

/// Writes the frames as they are made; answers how many.
fn frames(out: impl Write, scenario: &mut Scenario) -> io::Result<u64> {
    let out = BufWriter::with_capacity(BUFFER_BYTES, out);
    let mut writer = PcapngWriter::new(out, "anomalyzer scenario")?;
    writer.add_interface(&InterfaceSpec {
        link: LinkType::ETHERNET,
        snaplen: SNAPLEN_MAX,
        name: "office",
        description: "made by a scenario; no real network",
    })?;
    let mut packets = 0;
    for frame in scenario {
        writer.write(&frame.raw())?;
        packets += 1;
    }
    writer.finish()?.flush()?;
    Ok(packets)
}

fn truth(path: &Path, scenario: &Scenario) -> Result<(), Failure> {
    let mut table = format!("{CSV_HEADER}\n");
    for row in scenario.truth() {
        table.push_str(&row.csv());
        table.push('\n');
    }
    std::fs::write(path, table).map_err(|e| Failure::writing(&path.display().to_string(), &e))
}
