//! Openings as the standards and real servers write them; one line a case.

#![allow(clippy::enum_glob_use, reason = "tables of protocols read best without a prefix")]

use super::*;
use crate::app::AppProto::*;

fn tcp(originator: &[u8], responder: &[u8], port: u16) -> (AppProto, bool) {
    let r = recognise_tcp(originator, responder, port);
    (r.proto, r.certain)
}

#[test]
fn one_direction_is_enough_on_any_port() {
    let cases: &[(&[u8], AppProto)] = &[
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Tls),
        (b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", Tls),
        (b"GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n", Http),
        (b"GET /\r\n", Http),
        (b"PURGE /x HTTP/1.0\r\n", Http),
        (b"HTTP/1.1 404 Not Found\r\n", Http),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Http2),
        (b"SSH-2.0-OpenSSH_9.6\r\n", Ssh),
        (b"220 mail.example.org ESMTP Postfix\r\n", Smtp),
        (b"EHLO me\r\n", Smtp),
        (b"220 ProFTPD Server (Debian)\r\n", Ftp),
        (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", Imap),
        (b"+OK POP3 ready <1@x>\r\n", Pop3),
        (b"200 news.example.org NNTP ready\r\n", Nntp),
        (b"\xff\xfd\x18\xff\xfd\x20", Telnet),
        (b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00", Rdp),
        (b"\x03\x00\x00\x2b\x26\xe0\x00\x00\x00\x00\x00Cookie: mstshash=x\r\n", Rdp),
        (b"\x00\x00\x00\x45\xffSMB\x72\x00", Smb),
        (b"\x00\x00\x00\xf0\xfeSMB\x40\x00", Smb),
        (b"\x81\x00\x00\x44\x20CKFDENECFDEFFCFGEFFC", Smb),
        (b"\x05\x00\x0b\x03\x10\x00\x00\x00\x48\x00\x00\x00", Dcerpc),
        (b"\x00\x00\x01\x00\x6a\x81\xfd\x30", Kerberos),
        (b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00", Ldap),
        (b"\x4a\x00\x00\x00\x0a8.0.31\x00", Mysql),
        (b"\x00\x00\x00\x08\x04\xd2\x16\x2f", Postgres),
        (b"\x00\x00\x00\x29\x00\x03\x00\x00user\x00", Postgres),
        (b"\x12\x01\x00\x2f\x00\x00\x01\x00\x00\x00\x1a\x00\x06\x01\x00\x20", Tds),
        (b"*1\r\n$4\r\nPING\r\n", Redis),
        (b"\x3a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00\x00", Mongo),
        (b"\x10\x1a\x00\x04MQTT\x04\x02\x00\x3c", Mqtt),
        (b"AMQP\x00\x00\x09\x01", Amqp),
        (b"NICK joe\r\nUSER joe 0 * :Joe\r\n", Irc),
        (b":irc.example.org NOTICE * :*** Looking up\r\n", Irc),
        (b"<?xml version='1.0'?><stream:stream to='x'", Xmpp),
        (b"\x13BitTorrent protocol\x00\x00", Bittorrent),
        (b"RFB 003.008\n", Vnc),
        (b"OPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n", Rtsp),
        (b"REGISTER sip:h SIP/2.0\r\n", Sip),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x1d\x01\x04", Bgp),
        (b"\x68\x04\x07\x00\x00\x00", Iec104),
        (b"\x05\x64\x05\xc0\x01\x00\x00\x04\xe9\x21", Dnp3),
        (b"\x03\x00\x00\x19\x02\xf0\x80\x32\x01\x00\x00", S7),
        (b"\x65\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00________\x00\x00\x00\x00\x01\x00\x00\x00", Enip),
        (b"0032git-upload-pack /x\0host=h\0", Git),
        (b"@RSYNCD: 31.0\n", Rsync),
        (b"INFO {\"server_id\":\"x\"}\r\n", Nats),
        (b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n", Stratum),
        (b"\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x01", Pptp),
    ];
    for (bytes, proto) in cases {
        assert_eq!(tcp(bytes, b"", 4242), (*proto, true), "{:?}", bytes.escape_ascii().to_string());
        // A capture that begins within the connection swaps the directions.
        assert_eq!(tcp(b"", bytes, 4242), (*proto, true));
    }
}

#[test]
fn two_open_readings_settle_each_other() {
    assert_eq!(tcp(b"USER joe\r\n", b"220 hello\r\n", 2121), (Ftp, true));
    assert_eq!(tcp(b"\x05\x01\x00", b"\x05\x00", 1080), (Socks, true));
    assert_eq!(tcp(b"\x05\x01\x00", b"", 1080), (Socks, false));
    assert_eq!(tcp(b"USER joe\r\n", b"+OK ready\r\n", 2110), (Pop3, true));
    assert_eq!(tcp(b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x02", b"", 502), (Modbus, true));
    assert_eq!(tcp(b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x02", b"", 5020), (Modbus, false));
}

#[test]
fn short_prefixes_ask_for_more_and_noise_does_not() {
    assert!(recognise_tcp(b"G", b"", 80).need_more);
    assert!(recognise_tcp(b"", b"", 80).need_more);
    assert!(recognise_tcp(b"\x16\x03", b"", 443).need_more);
    let noise = [0xa7; 64];
    let told = recognise_tcp(&noise, &noise, 443);
    assert_eq!(told, Recognition { proto: Unknown, certain: false, need_more: false });
}

#[test]
fn datagrams() {
    let dns = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03org\x00\x00\x01\x00\x01";
    let udp = |payload: &[u8], port| recognise_udp(payload, 40000, port);
    assert_eq!(udp(dns, 53), Dns);
    assert_eq!(udp(dns, 4242), Dns);
    assert_eq!(udp(dns, 5353), Mdns);
    assert_eq!(udp(dns, 5355), Llmnr);
    assert_eq!(udp(b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl", 4242), Stun);
    assert_eq!(udp(b"M-SEARCH * HTTP/1.1\r\n\r\n", 1900), Ssdp);
    assert_eq!(udp(b"HTTP/1.1 200 OK\r\nST: x\r\n\r\n", 50000), Ssdp);
    assert_eq!(udp(b"INVITE sip:a@b SIP/2.0\r\n", 5060), Sip);
    assert_eq!(udp(b"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19", 4242), Snmp);
    assert_eq!(udp(&[0x23; 48], 123), Ntp);
    assert_eq!(udp(b"\x00\x01file\x00octet\x00", 69), Tftp);
    assert_eq!(udp(b"<34>1 2003-10-11T22:14:15Z h a - - x", 4242), Syslog);
    assert_eq!(udp(b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe", 6881), Bittorrent);
    let mut wireguard = [0u8; 148];
    wireguard[0] = 1;
    assert_eq!(udp(&wireguard, 51820), Wireguard);
    let mut quic = [0u8; 1200];
    quic[..6].copy_from_slice(&[0xc3, 0, 0, 0, 1, 8]);
    assert_eq!(udp(&quic, 443), Quic);
    assert_eq!(udp(&quic, 4433), Quic);
    let mut dhcp = [0u8; 300];
    dhcp[..3].copy_from_slice(&[1, 1, 6]);
    assert_eq!(recognise_udp(&dhcp, 68, 67), Dhcp);
    let mut g711 = [0x55; 172];
    g711[..2].copy_from_slice(&[0x80, 0]);
    assert_eq!(udp(&g711, 16384), Rtp);
    assert_eq!(udp(b"\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x01", 4242), Dtls);
    assert_eq!(udp(&[0xa7; 64], 4242), Unknown);
    assert_eq!(udp(b"", 53), Unknown);
    let reset = b"\x38\x33\x48\x57\x70\x3d\x96\xdb\x39\x00\x00\x00\x00\x00";
    assert_eq!(udp(reset, 4242), OpenVpn);
    let framed = [b"\x00\x0e", &reset[..], b"\x00\x16"].concat();
    assert_eq!(tcp(&framed, b"", 1194), (OpenVpn, true));
    assert_eq!(udp(b"\x00\x01\x00\x00abcdefghijklmnop", 3478), Stun);
    assert_eq!(udp(b"\x02\x01\x00\x00\x1d\x00", 427), Slp);
    assert_eq!(udp(b"\x06\x00\xff\x06\x00\x00\x11\xbe", 623), Rmcp);
}
