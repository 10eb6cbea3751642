//! Settings that belong to the program around the engine: captures and stores. They stand here so
//! that one table makes the reference, the checks and the console's page of all settings.

/// How interfaces are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureSettings {
    /// Size of the kernel's ring for each interface, in bytes.
    pub buffer_bytes: u32,
    /// Bytes kept of each frame.
    pub snaplen: u32,
    /// 1: ask interfaces for frames to other machines too.
    pub promiscuous: u8,
    /// Rings for each interface, which share its frames.
    pub queues: u16,
}

/// How long what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// Days of flow records, counted back from their source's latest time.
    pub history_days: u32,
    /// Most bytes of flow records.
    pub history_bytes: u64,
    /// Most bytes of packets kept for alerts.
    pub evidence_bytes: u64,
    /// 1: with payload; 0: headers only.
    pub evidence_payload: u8,
    /// Free bytes of the disk below which nothing but alerts is written.
    pub free_bytes_min: u64,
    /// Days of closed alerts and of the audit trail.
    pub alert_days: u32,
}
