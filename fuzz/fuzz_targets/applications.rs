//! Any bytes as what every application protocol's parser reads; the first byte chooses.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    use anomalyzer_wire::app::fuzz;
    const TARGETS: [fn(&[u8]); 14] = [
        fuzz::recognise,
        fuzz::dns,
        fuzz::tls_client,
        fuzz::tls_server,
        fuzz::certificate,
        fuzz::quic,
        fuzz::http,
        fuzz::dhcp,
        fuzz::ssh,
        fuzz::text,
        fuzz::smb,
        fuzz::kerberos,
        fuzz::rdp,
        fuzz::ssdp,
    ];
    if let Some((first, rest)) = data.split_first() {
        TARGETS[usize::from(*first) % TARGETS.len()](rest);
    }
});
