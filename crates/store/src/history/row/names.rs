//! Names and fingerprints of a flow, within its row.

use super::cut;
use crate::packed::{Bytes, put_number, put_text};
use anomalyzer_engine::flow::FlowNames;
use anomalyzer_wire::HostileStr;

/// Texts of a flow, by their place in [`NamesRef::texts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(crate) enum Text {
    Sni,
    Alpn,
    Ja3,
    Ja4,
    Ja3s,
    Certificate,
    Host,
    Target,
    UserAgent,
    Dns,
    SshOriginator,
    SshResponder,
    Resolved,
}

/// How many [`Text`]s there are.
const TEXTS: usize = 13;

/// Names and fingerprints, borrowed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NamesRef<'a> {
    pub(crate) texts: [Option<&'a [u8]>; TEXTS],
    pub(crate) tls_version: u16,
    pub(crate) http_status: u16,
}

impl<'a> NamesRef<'a> {
    /// One of the texts.
    #[inline]
    pub(crate) fn text(&self, which: Text) -> Option<&'a [u8]> {
        self.texts.get(which as usize).copied().flatten()
    }

    /// What the responder was called: SNI, HTTP host, DNS question or resolved name.
    pub(crate) fn best(&self) -> Option<&'a [u8]> {
        let order = [Text::Sni, Text::Host, Text::Dns, Text::Resolved];
        order.into_iter().find_map(|which| self.text(which))
    }

    /// Those of a record.
    pub(super) fn of(names: &'a FlowNames) -> Self {
        let hostile = |text: &'a Option<HostileStr>| text.as_ref().map(HostileStr::as_bytes);
        let plain = |text: &'a Option<String>| text.as_ref().map(String::as_bytes);
        let [originator, responder] = &names.ssh;
        Self {
            texts: [
                hostile(&names.sni),
                hostile(&names.alpn),
                plain(&names.ja3),
                plain(&names.ja4),
                plain(&names.ja3s),
                hostile(&names.certificate),
                hostile(&names.http_host),
                hostile(&names.http_target),
                hostile(&names.user_agent),
                hostile(&names.dns_query),
                hostile(originator),
                hostile(responder),
                hostile(&names.resolved),
            ],
            tls_version: names.tls_version,
            http_status: names.http_status,
        }
    }

    /// As in a record.
    pub(super) fn to_owned(self) -> FlowNames {
        let hostile = |which| self.text(which).map(HostileStr::from);
        let plain = |which| self.text(which).map(|t| String::from_utf8_lossy(t).into_owned());
        FlowNames {
            sni: hostile(Text::Sni),
            alpn: hostile(Text::Alpn),
            ja3: plain(Text::Ja3),
            ja4: plain(Text::Ja4),
            ja3s: plain(Text::Ja3s),
            tls_version: self.tls_version,
            certificate: hostile(Text::Certificate),
            http_host: hostile(Text::Host),
            http_target: hostile(Text::Target),
            user_agent: hostile(Text::UserAgent),
            http_status: self.http_status,
            dns_query: hostile(Text::Dns),
            ssh: [hostile(Text::SshOriginator), hostile(Text::SshResponder)],
            resolved: hostile(Text::Resolved),
        }
    }

    /// Reads them; `None` when they are damaged.
    pub(super) fn read(bytes: &mut Bytes<'a>) -> Option<Self> {
        let present = u16::from_le_bytes(bytes.array()?);
        let mut names = Self {
            tls_version: u16::try_from(bytes.number()?).ok()?,
            http_status: u16::try_from(bytes.number()?).ok()?,
            ..Self::default()
        };
        for (place, text) in names.texts.iter_mut().enumerate() {
            if present >> place & 1 == 1 {
                *text = Some(bytes.text()?);
            }
        }
        Some(names)
    }

    /// Appends them.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let texts = self.texts.iter().enumerate();
        let present = texts.fold(0_u16, |set, (place, t)| set | u16::from(t.is_some()) << place);
        out.extend_from_slice(&present.to_le_bytes());
        put_number(out, self.tls_version.into());
        put_number(out, self.http_status.into());
        for text in self.texts.iter().flatten() {
            put_text(out, cut(text));
        }
    }
}
