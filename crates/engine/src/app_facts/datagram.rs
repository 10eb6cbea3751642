//! Application facts of UDP datagrams.

use super::{AppState, FactSink, Stage, names};
use crate::flow::{Flow, Side};
use crate::observation::AppFact;
use crate::stream::Streams;
use anomalyzer_wire::Udp;
use anomalyzer_wire::app::quic::QuicInitial;
use anomalyzer_wire::app::{AppProto, Parsed, dhcp, dns, kerberos, recognise_udp};

/// Takes a UDP datagram.
pub(crate) fn datagram(flow: &mut Flow, side: Side, udp: Udp, payload: &[u8], sink: &mut FactSink) {
    if flow.app == AppProto::Unknown && flow.may_recognise() {
        flow.app = recognise_udp(payload, udp.src_port, udp.dst_port);
        if flow.app == AppProto::Quic {
            begin_quic(flow);
        }
    }
    let fact = match flow.app {
        AppProto::Dns | AppProto::Mdns | AppProto::Llmnr => {
            dns::parse_udp(payload).fact().map(AppFact::Dns)
        }
        AppProto::Nbns => dns::parse_nbns(payload).fact().map(AppFact::Nbns),
        AppProto::Dhcp => dhcp::parse_v4(payload).fact().map(|m| AppFact::Dhcp(Box::new(m))),
        AppProto::Dhcpv6 => dhcp::parse_v6(payload).fact().map(|m| AppFact::Dhcpv6(Box::new(m))),
        AppProto::Kerberos => kerberos::parse_udp(payload).fact().map(AppFact::Kerberos),
        AppProto::Quic if flow.streams.is_some() && side == flow.orig => quic(flow, payload),
        _ => None,
    };
    if let Some(fact) = fact {
        names::learn(flow, side, &fact);
        sink.facts.push(fact);
    }
}

/// The client's Initial packets are read until its hello is whole.
fn begin_quic(flow: &mut Flow) {
    let stage = Stage::Quic(Box::new(QuicInitial::new()));
    let app = AppState { stage, ..AppState::default() };
    flow.streams = Some(Box::new(Streams { app, ..Streams::default() }));
}

fn quic(flow: &mut Flow, payload: &[u8]) -> Option<AppFact> {
    let Stage::Quic(initial) = &mut flow.streams.as_mut()?.app.stage else { return None };
    match initial.feed(payload) {
        Parsed::NeedMore => None,
        Parsed::NotThis => {
            flow.streams = None;
            None
        }
        Parsed::Fact { fact, .. } => {
            flow.streams = None;
            Some(AppFact::Quic(Box::new(fact)))
        }
    }
}
