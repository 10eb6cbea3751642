//! The names by which addresses were resolved, from DNS answers seen in passing.

use crate::count::Table;
use crate::flow::FlowRecord;
use crate::observation::{AppFact, AppSeen};
use anomalyzer_wire::Addr;
use anomalyzer_wire::app::dns::{DnsName, Rdata};

/// Latest name of each address. Answers may be forged: the name is a hint for people, never a
/// reason to trust.
pub(super) struct Resolved {
    names: Table<Addr, DnsName>,
}

impl Resolved {
    pub(super) fn new(capacity: usize, seed: u64) -> Self {
        Self { names: Table::new(capacity, seed, |_| false) }
    }

    /// Remembers the question's name for every address in an answer, so that a chain of aliases
    /// leads to the name that was asked for.
    pub(super) fn learn(&mut self, seen: &AppSeen) {
        let AppFact::Dns(message) = &seen.fact else { return };
        if !message.response || message.answers.is_empty() {
            return;
        }
        let Some(question) = message.questions.first() else { return };
        for answer in &message.answers {
            let (Rdata::A(addr) | Rdata::Aaaa(addr)) = answer.data else { continue };
            if let (Some(name), _) = self.names.entry(addr, || question.name.clone())
                && *name != question.name
            {
                name.clone_from(&question.name);
            }
        }
    }

    /// Writes the responder's name into a flow's record.
    pub(super) fn join(&mut self, record: &mut FlowRecord) {
        if let Some(name) = self.names.get_mut(&record.tuple.dst) {
            record.names.get_or_insert_default().resolved = Some(name.normalised());
        }
    }
}
