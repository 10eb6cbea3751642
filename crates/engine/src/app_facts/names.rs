//! Names and fingerprints that stay with the flow.

use crate::flow::{Flow, FlowNames, Side};
use crate::observation::AppFact;
use anomalyzer_wire::HostileStr;
use anomalyzer_wire::app::http::HttpRequest;
use anomalyzer_wire::app::tls::{ClientHello, Ja4Transport, ServerFlight};

/// Keeps what a fact says about its flow. First facts win.
pub(super) fn learn(flow: &mut Flow, side: Side, fact: &AppFact) {
    let by_client = side == flow.orig;
    match fact {
        AppFact::TlsClient(hello) => client_hello(names(flow), hello, Ja4Transport::Tcp),
        AppFact::Quic(quic) => client_hello(names(flow), &quic.hello, Ja4Transport::Quic),
        AppFact::TlsServer(flight) => server_flight(names(flow), flight),
        AppFact::HttpRequest(request) => http_request(names(flow), request),
        AppFact::HttpResponse(response) => {
            let names = names(flow);
            if names.http_status == 0 {
                names.http_status = response.status;
            }
        }
        AppFact::Dns(message) => {
            if let Some(question) = message.questions.first()
                && flow.names.as_ref().is_none_or(|n| n.dns_query.is_none())
            {
                names(flow).dns_query = Some(question.name.normalised());
            }
        }
        AppFact::Nbns(message) => {
            names(flow).dns_query.get_or_insert_with(|| message.name.clone());
        }
        AppFact::Ssh(banner) => {
            let at = usize::from(!by_client);
            if let Some(slot) = names(flow).ssh.get_mut(at) {
                slot.get_or_insert_with(|| banner.software.clone());
            }
        }
        AppFact::Dhcp(_)
        | AppFact::Dhcpv6(_)
        | AppFact::SshEvent(_)
        | AppFact::Text(_)
        | AppFact::Smb(_)
        | AppFact::Kerberos(_)
        | AppFact::Rdp(_)
        | AppFact::Echo(_) => {}
    }
}

fn names(flow: &mut Flow) -> &mut FlowNames {
    flow.names.get_or_insert_with(Box::default)
}

fn client_hello(names: &mut FlowNames, hello: &ClientHello, transport: Ja4Transport) {
    if names.ja3.is_some() {
        return;
    }
    names.sni.clone_from(&hello.sni);
    names.alpn = hello.alpn.first().cloned();
    names.ja3 = Some(hello.ja3());
    names.ja4 = Some(hello.ja4(transport));
}

fn server_flight(names: &mut FlowNames, flight: &ServerFlight) {
    if let Some(hello) = &flight.hello {
        names.tls_version = hello.version;
        names.ja3s.get_or_insert_with(|| hello.ja3s());
    }
    if let Some(certificate) = &flight.certificate {
        names.certificate.clone_from(&certificate.subject_cn);
    }
}

fn http_request(names: &mut FlowNames, request: &HttpRequest) {
    if names.http_target.is_some() {
        return;
    }
    let mut target = request.method.as_bytes().to_vec();
    target.push(b' ');
    target.extend_from_slice(request.target.as_bytes());
    names.http_target = Some(HostileStr::from(target));
    names.http_host.clone_from(&request.host);
    names.user_agent.clone_from(&request.user_agent);
}
