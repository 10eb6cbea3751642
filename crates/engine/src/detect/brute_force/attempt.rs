//! What a log-in attempt is, and over which service.

use crate::flow::FiveTuple;
use anomalyzer_wire::app::AppProto;
use anomalyzer_wire::{Addr, HostileStr, Timestamp};

/// A service that asks for a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Service {
    Ssh,
    Ftp,
    Telnet,
    Rdp,
    Smb,
    Smtp,
    Imap,
    Pop3,
    Http,
    Kerberos,
    Dcerpc,
    Other,
}

impl Service {
    /// The technique value.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ssh => "ssh",
            Self::Ftp => "ftp",
            Self::Telnet => "telnet",
            Self::Rdp => "rdp",
            Self::Smb => "smb",
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Http => "http",
            Self::Kerberos => "kerberos",
            Self::Dcerpc => "dcerpc",
            Self::Other => "other",
        }
    }

    /// The name in sentences.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Ssh => "SSH",
            Self::Ftp => "FTP",
            Self::Telnet => "Telnet",
            Self::Rdp => "RDP",
            Self::Smb => "SMB",
            Self::Smtp => "SMTP",
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Http => "HTTP",
            Self::Kerberos => "Kerberos",
            Self::Dcerpc => "DCE/RPC",
            Self::Other => "a service",
        }
    }

    /// The service of a dialogue whose answers are read.
    pub(super) const fn of(app: AppProto) -> Option<Self> {
        Some(match app {
            AppProto::Ftp => Self::Ftp,
            AppProto::Telnet => Self::Telnet,
            AppProto::Smtp => Self::Smtp,
            AppProto::Imap => Self::Imap,
            AppProto::Pop3 => Self::Pop3,
            _ => return None,
        })
    }

    /// Clients of it keep a password and repeat it unasked when it has become wrong.
    pub(super) const fn is_repeated_by_clients(self) -> bool {
        !matches!(self, Self::Ssh | Self::Telnet | Self::Rdp)
    }
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The server refused: its answer, or a session that was never opened, says so.
    Failed,
    /// A short session as failed tries make them; it may have been something else.
    Short,
    /// The server let in.
    Succeeded,
}

/// One try.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) tuple: FiveTuple,
    pub(super) service: Service,
    pub(super) what: What,
    pub(super) user: Option<HostileStr>,
    pub(super) time: Timestamp,
}

/// One source and one service of one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pair {
    pub(super) src: Addr,
    pub(super) dst: Addr,
    pub(super) port: u16,
    pub(super) service: Service,
}

/// What an incident is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// One source, one service of one host.
    Pair(Pair),
    /// One source, the same service of many hosts.
    Source(Addr, Service),
    /// Many sources, one service of one host.
    Target(Addr, u16, Service),
}

impl Attempt {
    pub(super) const fn pair(&self) -> Pair {
        let Self { tuple: FiveTuple { src, dst, dst_port, .. }, service, .. } = *self;
        Pair { src, dst, port: dst_port, service }
    }
}
