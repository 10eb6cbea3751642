//! HTTP/1.1 requests and responses (RFC 9112).

use crate::actor::MILLI;
use crate::rng::Rng;
use crate::session::{Fill, Side, Step};

/// Browsers as they name themselves.
pub const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
];

/// A GET request.
pub fn get(host: &str, path: &str, agent: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n\
         Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n"
    )
    .into_bytes()
}

/// A POST request with a body.
pub fn post(host: &str, path: &str, agent: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\nConnection: keep-alive\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The head of a response whose body of `length` bytes follows.
pub fn response_head(status: &str, kind: &str, length: u64) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nServer: nginx\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Cache-Control: max-age=600\r\nConnection: keep-alive\r\n\r\n"
    )
    .into_bytes()
}

/// A whole response with a short text body.
pub fn response(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let mut bytes = response_head(status, kind, body.len() as u64);
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

/// The text of a small HTML page.
pub fn html(title: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1>\
         <p>Welcome to the {title} page of the company.</p></body></html>\n"
    )
}

/// Steps of a download: request, head, body of random bytes.
pub fn download(host: &str, path: &str, agent: &str, kind: &str, length: u64) -> Vec<Step> {
    vec![
        Step::Send(Side::Client, get(host, path, agent)),
        Step::Wait(12 * MILLI),
        Step::Send(Side::Server, response_head("200 OK", kind, length)),
        Step::Bulk(Side::Server, Fill::Random, length),
    ]
}

/// Steps of a visit: a page and `objects` pictures over one connection, closed by the client.
pub fn page(rng: &mut Rng, host: &str, objects: u64) -> Vec<Step> {
    let agent = *rng.pick(&AGENTS);
    let mut steps = vec![
        Step::Send(Side::Client, get(host, "/", agent)),
        Step::Wait(rng.exponential(20 * MILLI)),
        Step::Send(Side::Server, response("200 OK", "text/html", &html("home"))),
    ];
    for index in 0..objects {
        steps.push(Step::Wait(rng.exponential(150 * MILLI)));
        let path = format!("/images/photo{}-{index}.avif", rng.below(900));
        let length = rng.pareto(700, 600_000);
        steps.extend(download(host, &path, agent, "image/avif", length));
    }
    steps.push(Step::Wait(rng.exponential(2_000 * MILLI)));
    steps.push(Step::Close(Side::Client));
    steps
}
