//! The shapes of records that are written by hand or kept as text, for the description of the API.
//! Nothing is made of these types; a test holds real answers against them.
#![expect(dead_code, reason = "documentation")]

use super::geo::Place;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A device that an address belongs to.
#[derive(ToSchema)]
pub(crate) struct DeviceRef {
    /// Id of the device.
    id: String,
    /// Its best name.
    name: String,
}

/// Counters of one direction of a flow.
#[derive(ToSchema)]
pub(crate) struct FlowSide {
    packets: u64,
    /// Bytes on the wire.
    bytes: u64,
    /// Bytes of IP packets.
    ip_bytes: u64,
    /// Payload bytes.
    payload: u64,
    retransmissions: u64,
    #[schema(required = false)]
    out_of_order: u64,
    /// Bytes missing in the stream.
    #[schema(required = false)]
    missed: u64,
    ttl: u8,
    /// Union of the TCP flags seen.
    #[schema(required = false)]
    tcp_flags: u8,
}

/// The outermost tunnel of a flow.
#[derive(ToSchema)]
pub(crate) struct FlowTunnel {
    kind: String,
    src: String,
    dst: String,
    id: u64,
    depth: u64,
}

/// A flow record. Fields without a value are left out. Names that are not UTF-8 are escaped, with
/// their bytes in a field `NAME_hex`.
#[derive(ToSchema)]
pub(crate) struct Flow {
    /// `flow`.
    r#type: String,
    schema: u32,
    /// Identity within its run.
    id: String,
    /// Community ID v1.
    community_id: String,
    /// First packet, RFC 3339.
    ts: String,
    /// Seconds.
    duration: f64,
    src: String,
    src_port: u16,
    dst: String,
    dst_port: u16,
    proto: String,
    app: String,
    /// As Zeek has it.
    conn_state: String,
    /// As Zeek has it.
    history: String,
    /// `closed`, `idle`, `active`, `evicted`, `input-end`.
    end: String,
    orig: FlowSide,
    resp: FlowSide,
    #[schema(required = false)]
    rtt_ms: f64,
    #[schema(required = false)]
    vlan: u16,
    #[schema(required = false)]
    tunnel: FlowTunnel,
    #[schema(required = false)]
    src_mac: String,
    #[schema(required = false)]
    dst_mac: String,
    #[schema(required = false)]
    sni: String,
    #[schema(required = false)]
    alpn: String,
    #[schema(required = false)]
    ja3: String,
    #[schema(required = false)]
    ja4: String,
    #[schema(required = false)]
    ja3s: String,
    #[schema(required = false)]
    tls_version: String,
    #[schema(required = false)]
    certificate: String,
    #[schema(required = false)]
    http_host: String,
    #[schema(required = false)]
    http_target: String,
    #[schema(required = false)]
    http_status: u16,
    #[schema(required = false)]
    user_agent: String,
    #[schema(required = false)]
    dns_query: String,
    #[schema(required = false)]
    ssh_client: String,
    #[schema(required = false)]
    ssh_server: String,
    #[schema(required = false)]
    resolved: String,
    /// Names the record for good; null in the stream of events.
    key: Option<String>,
    src_device: Option<DeviceRef>,
    dst_device: Option<DeviceRef>,
    src_place: Option<Place>,
    dst_place: Option<Place>,
}

/// An alert by its id.
#[derive(ToSchema, serde::Serialize)]
pub(crate) struct AlertRef {
    /// Id.
    pub(crate) id: String,
    /// One line.
    pub(crate) title: String,
    /// Severity.
    pub(crate) severity: &'static str,
}

/// A flow with the alerts that name it.
#[derive(ToSchema)]
pub(crate) struct FlowDetail {
    #[schema(inline)]
    #[serde(flatten)]
    flow: Flow,
    alerts: Vec<AlertRef>,
}

/// A named value of an alert.
#[derive(ToSchema)]
pub(crate) struct EvidenceValue {
    value: f64,
    #[schema(required = false)]
    threshold: f64,
    #[schema(required = false)]
    window_s: f64,
    #[schema(required = false)]
    mean: f64,
    #[schema(required = false)]
    z: f64,
}

/// What was said to the engine about an alert.
#[derive(ToSchema)]
pub(crate) struct Said {
    verdict: String,
    reason: String,
    #[schema(required = false)]
    given: String,
}

/// Who changed a state.
#[derive(ToSchema)]
pub(crate) struct ChangedBy {
    by: String,
    at: String,
}

/// An alert record (docs/output.md) with what people made of it.
#[derive(ToSchema)]
pub(crate) struct Alert {
    /// `alert`.
    r#type: String,
    schema: u32,
    id: String,
    detector: String,
    technique: String,
    severity: String,
    confidence: f64,
    title: String,
    explanation: String,
    advice: String,
    src: Vec<String>,
    src_count: u64,
    #[schema(required = false)]
    src_count_estimated: bool,
    #[schema(required = false)]
    src_mac: Vec<String>,
    dst: Vec<String>,
    dst_count: u64,
    #[schema(required = false)]
    dst_count_estimated: bool,
    #[schema(required = false)]
    dst_mac: Vec<String>,
    dst_ports: Vec<u16>,
    dst_port_count: u64,
    #[schema(required = false)]
    dst_port_count_estimated: bool,
    first: String,
    last: String,
    count: u64,
    evidence: BTreeMap<String, EvidenceValue>,
    flows: Vec<String>,
    attack: Vec<String>,
    #[schema(required = false)]
    folded: BTreeMap<String, u64>,
    #[schema(required = false)]
    feedback: Said,
    #[schema(required = false)]
    sensor: String,
    source: i64,
    /// `open`, `acknowledged`, `closed`, `false-alarm`.
    state: String,
    escalated: bool,
    note: String,
    changed: Option<ChangedBy>,
    incident: Option<String>,
    suppressed: Option<String>,
    revision: i64,
}

/// What was done to an alert.
#[derive(ToSchema, serde::Serialize)]
pub(crate) struct HistoryEntry {
    /// RFC 3339, wall clock.
    pub(crate) at: String,
    /// Who.
    pub(crate) actor: String,
    /// What.
    pub(crate) what: String,
}

/// An alert with its story and what is near it.
#[derive(ToSchema)]
pub(crate) struct AlertDetail {
    #[schema(inline)]
    #[serde(flatten)]
    alert: Alert,
    history: Vec<HistoryEntry>,
    related: Vec<AlertRef>,
}

/// A step of an incident.
#[derive(ToSchema)]
pub(crate) struct StoryStep {
    alert: String,
    first: String,
    last: String,
    #[schema(required = false)]
    stage: String,
    detector: String,
    technique: String,
    severity: String,
    title: String,
    link: String,
    #[schema(required = false)]
    hypothesis: String,
}

/// How many alerts belong to an incident; of one that was asked for by its id, the alerts.
#[derive(ToSchema)]
#[serde(untagged)]
pub(crate) enum IncidentAlerts {
    /// How many.
    Count(u64),
    /// Which.
    Alerts(Vec<Alert>),
}

/// An incident record (docs/output.md) with what people made of its alerts.
#[derive(ToSchema)]
pub(crate) struct Incident {
    /// `incident`.
    r#type: String,
    schema: u32,
    id: String,
    severity: String,
    title: String,
    explanation: String,
    advice: String,
    attackers: Vec<String>,
    attacker_count: u64,
    victims: Vec<String>,
    victim_count: u64,
    first: String,
    last: String,
    stages: Vec<String>,
    alerts: IncidentAlerts,
    story: Vec<StoryStep>,
    #[schema(required = false)]
    story_left_out: u64,
    #[schema(required = false)]
    context: BTreeMap<String, u64>,
    #[schema(required = false)]
    sensor: String,
    source: i64,
    state: String,
    escalated: bool,
}

/// An incident, or an alert that belongs to none.
#[derive(ToSchema)]
#[expect(clippy::large_enum_variant, reason = "a description, of which no value is made")]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum InboxEntry {
    /// An incident.
    Incident {
        /// The incident.
        incident: Incident,
    },
    /// An alert.
    Alert {
        /// The alert.
        alert: Alert,
    },
}

/// A service that a device offers.
#[derive(ToSchema)]
pub(crate) struct Service {
    /// IP protocol number.
    proto: u8,
    port: u16,
    app: String,
    last: String,
}

/// A name and where it comes from.
#[derive(ToSchema)]
pub(crate) struct SeenName {
    from: String,
    name: String,
}

/// A device of the site.
#[derive(ToSchema)]
pub(crate) struct Device {
    /// `mac:…` or `ip:…`.
    id: String,
    mac: Option<String>,
    vendor: Option<String>,
    /// Latest first.
    addresses: Vec<String>,
    names: Vec<SeenName>,
    /// Best name, or address.
    label: String,
    first: String,
    last: String,
    services: Vec<Service>,
    learned: String,
    bytes_sent: u64,
    bytes_received: u64,
    flows: u64,
    /// Given by a user.
    name: String,
    owner: String,
    tags: Vec<String>,
    notes: String,
    /// `new`, `known` or `ignored`.
    status: String,
    /// Seen within the last 5 minutes.
    online: bool,
    source: i64,
    /// Open alerts of medium severity and above that name it; null in the stream of events.
    open_alerts: Option<u64>,
}
