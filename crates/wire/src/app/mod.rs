//! Facts of application protocols.

/// Application protocols, recognised by content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AppProto {
    /// Not recognised.
    #[default]
    Unknown,
}

impl AppProto {
    /// Name as the field writes it.
    pub const fn name(self) -> &'static str {
        "unknown"
    }
}
