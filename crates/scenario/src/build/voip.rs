//! Telephony: SIP (RFC 3261) requests and responses, RTP (RFC 3550) packets.

use std::net::IpAddr;

/// The parties of one call as SIP names them.
#[derive(Clone, Debug)]
pub struct Call {
    /// Call-ID without host.
    pub id: String,
    /// Number of the caller.
    pub from: String,
    /// Number of the called.
    pub to: String,
    /// Address that the caller's request came from.
    pub via: IpAddr,
    /// Sequence number.
    pub sequence: u32,
}

impl Call {
    fn headers(&self, method: &str, to_tag: bool) -> String {
        let Self { id, from, to, via, sequence } = self;
        let tag = if to_tag { ";tag=b7" } else { "" };
        format!(
            "Via: SIP/2.0/UDP {via}:5060;branch=z9hG4bK{id}{sequence}\r\n\
             From: <sip:{from}@pbx.office.example>;tag=a1\r\n\
             To: <sip:{to}@pbx.office.example>{tag}\r\nCall-ID: {id}@office.example\r\n\
             CSeq: {sequence} {method}\r\nMax-Forwards: 70\r\nUser-Agent: Desk Phone 5\r\n"
        )
    }

    /// A request; `media` adds a session description that offers G.711 at this address and port.
    pub fn request(&self, method: &str, media: Option<(IpAddr, u16)>) -> Vec<u8> {
        let head = self.headers(method, !matches!(method, "INVITE" | "REGISTER" | "OPTIONS"));
        let contact = format!("Contact: <sip:{}@{}:5060>\r\n", self.from, self.via);
        let uri = if method == "REGISTER" { "" } else { &format!("{}@", self.to) };
        let start = format!("{method} sip:{uri}pbx.office.example SIP/2.0\r\n");
        with_body(&[start, head, contact].concat(), media)
    }

    /// A response to `method`.
    pub fn response(&self, status: &str, method: &str, media: Option<(IpAddr, u16)>) -> Vec<u8> {
        with_body(&format!("SIP/2.0 {status}\r\n{}", self.headers(method, true)), media)
    }
}

fn with_body(head: &str, media: Option<(IpAddr, u16)>) -> Vec<u8> {
    let Some((ip, port)) = media else {
        return format!("{head}Content-Length: 0\r\n\r\n").into_bytes();
    };
    let body = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=call\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n"
    );
    format!("{head}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// One RTP packet of 20 ms of G.711.
pub fn rtp(index: u32, source: u32, sound: &[u8; 160]) -> Vec<u8> {
    let mut bytes = vec![0x80, if index == 0 { 0x80 } else { 0 }];
    bytes.extend_from_slice(&(index as u16).to_be_bytes());
    bytes.extend_from_slice(&(index * 160).to_be_bytes());
    bytes.extend_from_slice(&source.to_be_bytes());
    bytes.extend_from_slice(sound);
    bytes
}
