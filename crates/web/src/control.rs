//! What the console can ask of the running program. The binary implements it.

use anomalyzer_engine::alert::{Suppression, suppress::Scope};
use anomalyzer_store::{Range, SourceId};
use anomalyzer_wire::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::Path;
use utoipa::ToSchema;

/// A refusal with words for the person who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What went wrong and what to do.
    pub message: String,
    /// Where: a settings key, a line of a list.
    pub place: Option<String>,
    /// The thing is not there, as opposed to: the request is wrong.
    pub missing: bool,
}

/// A result of the running program.
pub type Answer<T> = Result<T, Refusal>;

/// An interface that can be watched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Interface {
    /// Name.
    pub name: String,
    /// Description, where the system has one.
    pub description: Option<String>,
    /// Addresses.
    pub addresses: Vec<String>,
    /// Switched on.
    pub up: bool,
    /// The loopback interface.
    pub loopback: bool,
    /// Being watched now.
    pub watched: bool,
    /// Bytes a second over the last seconds, from the system's counters.
    pub bytes_per_second: f64,
    /// Packets a second likewise.
    pub packets_per_second: f64,
}

/// State of one watched interface.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct InterfaceState {
    /// Name.
    pub name: String,
    /// `watching`, `down`, `gone`, `not-permitted`, `failed`.
    pub state: String,
    /// In words, with what to do.
    pub problem: Option<String>,
    /// Frames that came since the start.
    pub received: u64,
    /// Frames that the kernel dropped.
    pub dropped: u64,
    /// Frames that the interface or its driver dropped.
    pub interface_dropped: u64,
    /// Share of frames dropped over the last minute, 0 to 1.
    pub drop_rate: f64,
}

/// A thing that is not well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// Stable name: `drops`, `storage_full`, `interface_down`, `lag`, `too_little_traffic`,
    /// `not_permitted`, `config`, `set_aside`...
    pub id: String,
    /// `warning` or `error`.
    pub level: String,
    /// In words, with what to do.
    pub text: String,
}

/// The program's own state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// `run` or `demo`.
    pub mode: String,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// `ok`, `warning` or `error`: the worst of `problems`.
    pub level: String,
    /// What is not well.
    pub problems: Vec<Problem>,
    /// Interfaces being watched.
    pub interfaces: Vec<InterfaceState>,
    /// Seconds between a packet and its flow's or alert's way to the console.
    pub lag_s: f64,
    /// Resident memory in bytes.
    pub memory_bytes: u64,
    /// Flows in the table.
    pub flows_active: u64,
    /// Free bytes of the disk with the data.
    pub disk_free_bytes: u64,
    /// Bytes of the stores: control, series, history, evidence.
    pub store_bytes: [u64; 4],
    /// Counters: name, value; names are stable.
    #[schema(value_type = Vec<(String, u64)>)]
    pub counters: Vec<(String, u64)>,
    /// Alerts made so far by detector and severity.
    #[schema(value_type = Vec<(String, String, u64)>)]
    pub alerts: Vec<(String, String, u64)>,
}

/// One settings key.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Setting {
    /// Key, such as `port-scan.ports`.
    pub key: String,
    /// Value in use, as written in TOML.
    pub value: String,
    /// Default.
    pub default: String,
    /// Where the value comes from: `default`, `file`, `environment`, `console`.
    pub origin: String,
    /// Unit: `s`, `ports`, `bytes`...; empty without.
    pub unit: String,
    /// One sentence.
    pub summary: String,
    /// Least and most, where there are bounds.
    pub range: Option<(f64, f64)>,
    /// `number`, `flag`, `text`, `list`.
    pub kind: String,
    /// Takes effect only after a restart.
    pub restart: bool,
}

/// A detector with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DetectorInfo {
    /// Id.
    pub id: String,
    /// One sentence.
    pub summary: String,
    /// The page: what it sees, why it matters, when it is wrong, how to tune (Markdown).
    pub about: String,
    /// Severity by default.
    pub severity: String,
    /// ATT&CK techniques.
    pub attack: Vec<String>,
    /// What a back-test needs: `flows` or `capture`.
    pub back_test: String,
    /// Switched on.
    pub enabled: bool,
    /// Its settings.
    pub settings: Vec<Setting>,
    /// Overrides for hosts: prefix, keys and values.
    #[schema(value_type = Vec<Object>)]
    pub hosts: Vec<HostOverride>,
    /// Entries in its tables, and evictions.
    #[schema(value_type = (u64, u64))]
    pub entries: (u64, u64),
}

/// Settings for the hosts of a prefix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HostOverride {
    /// Address or network.
    pub prefix: String,
    /// Keys without the detector's name, and values as in TOML.
    #[schema(value_type = Vec<(String, String)>)]
    pub values: Vec<(String, String)>,
}

/// A change of settings. A value of `None` goes back to file or default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsChange {
    /// Keys and values as in TOML.
    #[schema(value_type = Vec<(String, Option<String>)>)]
    pub set: Vec<(String, Option<String>)>,
    /// For a detector id: all its host overrides, in place of those before.
    #[schema(value_type = Vec<(String, Vec<HostOverride>)>)]
    pub hosts: Vec<(String, Vec<HostOverride>)>,
    /// The version that the change was made from ([`SettingsView::version`]).
    pub version: i64,
}

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SettingsView {
    /// Rises with each change.
    pub version: i64,
    /// Settings that belong to no detector.
    pub core: Vec<Setting>,
    /// Detectors.
    pub detectors: Vec<DetectorInfo>,
}

/// An alert in a back-test's answer.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TestedAlert {
    /// `gone`, `come` or `changed`.
    pub change: String,
    /// Severity before; `None` when it comes.
    pub before: Option<String>,
    /// Severity after; `None` when it goes.
    pub after: Option<String>,
    /// Detector.
    pub detector: String,
    /// One line.
    pub title: String,
    /// RFC 3339.
    pub first: String,
    /// Its id in the run that has it.
    pub id: String,
}

/// What a change of settings would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct BacktestAnswer {
    /// What was run over: `the last hour's packets`, `flows of ...`, a capture's name.
    pub over: String,
    /// RFC 3339, first and last packet time.
    pub range: Option<(String, String)>,
    /// Alerts that come, go or change.
    pub alerts: Vec<TestedAlert>,
    /// Alerts that stay the same.
    pub same: u64,
    /// What the test could not see, in words.
    pub notes: Vec<String>,
}

/// A keyword or threat list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ListInfo {
    /// Name.
    pub name: String,
    /// Shipped with the program: can be switched off, not edited.
    pub builtin: bool,
    /// In use.
    pub enabled: bool,
    /// Entries.
    pub entries: u64,
    /// Hits so far.
    pub hits: u64,
    /// Version for edits; 0 for built-in lists.
    pub version: i64,
    /// What was skipped or is wrong, with lines.
    pub problems: Vec<String>,
}

/// A list with its text.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ListText {
    /// The list.
    pub info: ListInfo,
    /// Its text.
    pub text: String,
}

/// Which lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ListKind {
    /// Keywords in payloads.
    Keywords,
    /// Addresses, names, fingerprints.
    Threats,
}

/// A rule that hides alerts, with what it does.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SuppressionInfo {
    /// The rule's id.
    pub id: String,
    /// The rule.
    #[schema(value_type = Object)]
    pub rule: Suppression,
    /// Alerts that it hides now.
    pub hides: u64,
    /// From the settings file: cannot be removed here.
    pub fixed: bool,
}

/// A packet of an alert's evidence.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EvidencePacket {
    /// RFC 3339 with nanoseconds.
    pub time: String,
    /// One line, as `--print-packets` writes it.
    pub line: String,
    /// Bytes on the wire.
    pub length: u32,
    /// The captured bytes, hex; empty for those who may not see payload.
    pub hex: String,
    /// Layers: name, first byte, length, fields (name, value).
    #[schema(value_type = Vec<Object>)]
    pub layers: Vec<PacketLayer>,
}

/// A layer of a packet.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PacketLayer {
    /// `Ethernet`, `IPv4`, `TCP`, `payload`...
    pub name: String,
    /// First byte within the frame.
    pub start: u32,
    /// Bytes.
    pub length: u32,
    /// Fields.
    #[schema(value_type = Vec<(String, String)>)]
    pub fields: Vec<(String, String)>,
}

/// A reading of the configuration, whoever asked for it: the API or SIGHUP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastReload {
    /// When it was over: wall clock.
    pub at: Timestamp,
    /// What was changed, in words; or what is wrong, so that all stays as it was.
    pub answer: Answer<Vec<String>>,
}

/// What the running program can be asked. Calls may block for a while; those that take long say so.
pub trait Control: Send + Sync {
    /// The program's state now.
    fn status(&self) -> Status;
    /// Interfaces with their rates.
    fn interfaces(&self) -> Answer<Vec<Interface>>;
    /// This run takes its packets from interfaces. False when it replays a file or makes its
    /// traffic up: then there is none to choose.
    fn captures(&self) -> bool {
        true
    }
    /// Watches these interfaces from now on, and after the next start.
    fn watch(&self, names: &[String]) -> Answer<()>;
    /// All settings.
    fn settings(&self) -> Answer<SettingsView>;
    /// Checks a change, keeps it and applies it at the next epoch. The new version.
    fn change_settings(&self, change: &SettingsChange, actor: &str) -> Answer<i64>;
    /// What a change would do to the alerts of a source within a range. Takes long.
    fn back_test(
        &self,
        change: &SettingsChange,
        source: SourceId,
        range: Option<Range>,
    ) -> Answer<BacktestAnswer>;
    /// Lists of a kind.
    fn lists(&self, kind: ListKind) -> Answer<Vec<ListInfo>>;
    /// One list with its text.
    fn list(&self, kind: ListKind, name: &str) -> Answer<ListText>;
    /// Checks and keeps a list; it holds from the next epoch on. `version` as in
    /// [`anomalyzer_store::Control::put_document`]. Says what was skipped.
    fn put_list(
        &self,
        kind: ListKind,
        name: &str,
        text: &str,
        version: Option<i64>,
        actor: &str,
    ) -> Answer<ListInfo>;
    /// Switches a list on or off.
    fn enable_list(&self, kind: ListKind, name: &str, enabled: bool, actor: &str) -> Answer<()>;
    /// Removes a list of the user's.
    fn remove_list(&self, kind: ListKind, name: &str, actor: &str) -> Answer<()>;
    /// Rules that hide alerts.
    fn suppressions(&self) -> Answer<Vec<SuppressionInfo>>;
    /// How many of the alerts of the last 7 days a scope would hide, and the titles of some.
    fn preview_suppression(&self, scope: &Scope) -> Answer<(u64, Vec<String>)>;
    /// Adds a rule; its id.
    fn suppress(&self, rule: &Suppression, actor: &str) -> Answer<String>;
    /// Removes a rule.
    fn unsuppress(&self, id: &str, actor: &str) -> Answer<()>;
    /// Tells the engine that alerts are false alarms, or are not.
    fn judge(
        &self,
        source: SourceId,
        ids: &[String],
        false_alarm: bool,
        reason: &str,
    ) -> Answer<()>;
    /// Analyses a capture file that lies at `path` (it is removed afterwards) as a source of its
    /// own. Returns at once; progress comes as `source` events.
    fn analyse(&self, path: &Path, name: &str) -> Answer<SourceId>;
    /// Stops an analysis, or removes what is kept of a source; never of the sensor.
    fn remove_source(&self, id: SourceId) -> Answer<()>;
    /// The packets that belong to an alert, decoded.
    fn evidence(&self, source: SourceId, alert: &str, payload: bool)
    -> Answer<Vec<EvidencePacket>>;
    /// The same as a pcapng file.
    fn evidence_file(&self, source: SourceId, alert: &str) -> Answer<Vec<u8>>;
    /// Another model is in use for the records of a schema; it is in the store.
    fn model_changed(&self, schema: &str);
    /// Reads configuration files again. What was changed, in words.
    fn reload(&self) -> Answer<Vec<String>>;
    /// How the last reading went, by SIGHUP too; `None` when there was none since the start.
    fn last_reload(&self) -> Option<LastReload>;
}
