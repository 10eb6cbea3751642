//! The server on real sockets: TLS, slow and silent clients, stopping.

#![allow(clippy::disallowed_methods)] // how long things take is what is tested

use super::fixture::{Nothing, PASSWORD, options};
use crate::{Hub, Options, Server, accounts, serve};
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_store::control::Role;
use anomalyzer_store::{SourceId, Store};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

struct Running {
    server: Server,
    store: Store,
    hub: Hub,
    dir: TempDir,
}

fn run(options: &Options) -> Running {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &anomalyzer_store::Options::default()).unwrap();
    let hub = Hub::default();
    let server = serve(options, &store, &hub, Arc::new(Nothing::default())).unwrap();
    Running { server, store, hub, dir }
}

fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Sends a request on a connection of its own; the whole answer.
fn exchange(addr: SocketAddr, request: &str) -> String {
    let mut stream = connect(addr);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n")
}

#[test]
fn the_first_start_prints_a_link_for_the_set_up() {
    let running = run(&options());
    let (addr, link) = (running.server.addr, running.server.link.clone());
    let token = link.strip_prefix(&format!("http://{addr}/setup#token=")).unwrap();
    assert!(exchange(addr, &get("/", "")).starts_with("HTTP/1.1 200"));
    let answer = exchange(addr, &get(&format!("/api/v1/setup/interfaces?token={token}"), ""));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(!format!("{:?}", running.server).contains(token));
    running.server.stop(Duration::from_secs(1));
    assert!(TcpStream::connect(addr).is_err(), "it has stopped");
}

#[test]
fn with_users_the_link_has_no_token() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &anomalyzer_store::Options::default()).unwrap();
    accounts::add_user(&store, "adam", Role::Admin, PASSWORD).unwrap();
    let server = serve(&options(), &store, &Hub::default(), Arc::new(Nothing::default())).unwrap();
    assert_eq!(server.link, format!("http://{}/", server.addr));
    server.stop(Duration::from_secs(1));
}

#[test]
fn a_printed_token_works_at_once_and_ends_the_one_before() {
    let running = run(&options());
    let addr = running.server.addr;
    let status = |token: &str| {
        let answer =
            exchange(addr, &get("/api/v1/users", &format!("Authorization: Bearer {token}\r\n")));
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    let first = running.server.print_token().unwrap();
    assert_eq!(status(&first), "200");
    let second = running.server.print_token().unwrap();
    assert_eq!((status(&first), status(&second)), ("401".into(), "200".into()));
    // It is a user of the program's own: the set-up still has to be done.
    assert!(accounts::setup_needed(&running.store).unwrap());
    running.server.stop(Duration::from_secs(1));
}

#[test]
fn other_addresses_without_tls_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), &anomalyzer_store::Options::default()).unwrap();
    let listen = SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = Options { listen, ..options() };
    let error = serve(&refused, &store, &Hub::default(), Arc::new(Nothing::default())).unwrap_err();
    assert!(error.to_string().contains("--insecure-http"), "{error}");
    let told = Options { insecure_http: true, ..refused };
    let server = serve(&told, &store, &Hub::default(), Arc::new(Nothing::default())).unwrap();
    let answer = exchange(
        SocketAddr::from(([127, 0, 0, 1], server.addr.port())),
        &get("/api/v1/session", ""),
    );
    assert!(answer.contains("\"insecure\":true"), "{answer}");
    assert!(server.link.starts_with("http://192.0.2.7:"), "{}", server.link);
    server.stop(Duration::from_secs(1));
}

#[test]
fn headers_that_do_not_come_end_the_connection() {
    let running = run(&options());
    let addr = running.server.addr;
    let begin = Instant::now();
    let slow: Vec<_> = (0..20)
        .map(|_| {
            std::thread::spawn(move || {
                let mut stream = connect(addr);
                stream.write_all(b"GET / HTTP/1.1\r\nHost: local").unwrap();
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest);
                begin.elapsed()
            })
        })
        .collect();
    // Meanwhile others are served.
    assert!(exchange(addr, &get("/healthz", "")).ends_with("ok\n"));
    for thread in slow {
        let took = thread.join().unwrap();
        assert!((8..16).contains(&took.as_secs()), "{took:?}");
    }
    running.server.stop(Duration::from_secs(1));
}

#[test]
fn too_many_bytes_of_headers_are_refused() {
    let running = run(&options());
    let answer =
        exchange(running.server.addr, &get("/", &format!("X-Long: {}\r\n", "x".repeat(20_000))));
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many = "X-More: 1\r\n".repeat(100);
    let answer = exchange(running.server.addr, &get("/", &many));
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    running.server.stop(Duration::from_secs(1));
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let running = run(&options());
    let mut stream = connect(running.server.addr);
    let head =
        "POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    stream.write_all(format!("{head}Content-Length: 1000000000\r\n\r\n{{").as_bytes()).unwrap();
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 413");
    // Without a length it is cut off where the limit is.
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(4_096));
    let chunked = format!(
        "{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunk}{chunk}0\r\n\r\n"
    );
    assert!(exchange(running.server.addr, &chunked).starts_with("HTTP/1.1 413"));
    running.server.stop(Duration::from_secs(1));
}

#[test]
fn tls_is_served_with_a_certificate_of_our_own() {
    let running = run(&Options { tls: true, ..options() });
    let addr = running.server.addr;
    assert!(running.server.link.starts_with("https://"));
    let (answer, fingerprint) = over_tls(addr, &get("/healthz", ""));
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("strict-transport-security"));
    assert_eq!(Some(&fingerprint), running.server.fingerprint.as_ref());
    let tls = running.dir.path().join("tls");
    let mode = |name: &str| std::fs::metadata(tls.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("key.pem"), mode("certificate.pem")), (0o600, 0o600));
    // Plain HTTP on this port gets nothing.
    assert!(!exchange(addr, &get("/healthz", "")).contains("200"));
    // A new certificate is taken up while the server runs.
    let key = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(tls.join("key.pem"), key.signing_key.serialize_pem()).unwrap();
    std::fs::write(tls.join("certificate.pem"), key.cert.pem()).unwrap();
    let begin = Instant::now();
    while over_tls(addr, &get("/healthz", "")).1 == fingerprint {
        assert!(begin.elapsed() < Duration::from_secs(15), "the old one stays");
        std::thread::sleep(Duration::from_millis(300));
    }
    running.server.stop(Duration::from_secs(1));
}

#[test]
fn a_key_that_everybody_may_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = (dir.path().join("c.pem"), dir.path().join("k.pem"));
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    let store =
        Store::open(&dir.path().join("data"), &anomalyzer_store::Options::default()).unwrap();
    let options = Options { tls: true, certificate: Some((certificate, key.clone())), ..options() };
    let start = || serve(&options, &store, &Hub::default(), Arc::new(Nothing::default()));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = start().unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    start().unwrap().stop(Duration::from_secs(1));
}

#[test]
fn stalled_streams_hold_up_nobody() {
    let running = run(&options());
    let addr = running.server.addr;
    let mut streams = Vec::new();
    for _ in 0..8 {
        let token = running.server_token();
        for _ in 0..8 {
            let mut stream = connect(addr);
            let request = get("/api/v1/events", &format!("Authorization: Bearer {token}\r\n"));
            stream.write_all(request.as_bytes()).unwrap();
            streams.push(stream);
        }
    }
    let begin = Instant::now();
    while running.hub.counts().0 < 64 {
        assert!(begin.elapsed() < Duration::from_secs(10), "{}", running.hub.counts().0);
        std::thread::sleep(Duration::from_millis(10));
    }
    let begin = Instant::now();
    for second in 0..5_000 {
        let totals = SecondTotals { second, ..Default::default() };
        running.hub.second(SourceId(1), &totals, &[]);
    }
    let published = begin.elapsed();
    assert!(published < Duration::from_secs(5), "publishing waits: {published:?}");
    let begin = Instant::now();
    assert!(exchange(addr, &get("/healthz", "")).ends_with("ok\n"));
    assert!(begin.elapsed() < Duration::from_secs(1));
    // Ending the server does not wait for them either.
    let begin = Instant::now();
    running.server.stop(Duration::from_secs(2));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

impl Running {
    /// A token of a user of its own.
    fn server_token(&self) -> String {
        let name = format!("user{}", self.store.control().users().unwrap().len());
        let user = anomalyzer_store::control::NewUser {
            name: name.clone(),
            role: Role::Viewer,
            password: String::new(),
        };
        self.store.control().add_user(&user, crate::clock::now()).unwrap();
        accounts::add_token(&self.store, &name, "test", Role::Viewer, 1).unwrap()
    }
}

/// Sends a request over TLS; the answer and the certificate's fingerprint.
fn over_tls(addr: SocketAddr, request: &str) -> (String, String) {
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .dangerous()
    .with_custom_certificate_verifier(Arc::new(AnyCertificate))
    .with_no_client_auth();
    let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = connect(addr);
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let certificate = session.peer_certificates().unwrap()[0].clone();
    let digest = ring::digest::digest(&ring::digest::SHA256, &certificate);
    (String::from_utf8_lossy(&answer).into_owned(), crate::auth::secret::hex(digest.as_ref()))
}

/// Takes any certificate: the test compares fingerprints itself.
#[derive(Debug)]
struct AnyCertificate;

impl rustls::client::danger::ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
