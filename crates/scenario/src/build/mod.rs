//! Builders of frames and of the application messages in them. Each file is one protocol; every
//! frame has valid lengths and checksums. What to send when is left to `office` and `attacks`.

pub mod arp;
pub mod ber;
pub mod cert;
pub mod checksum;
pub mod dcerpc;
pub mod dhcp;
pub mod dns;
pub mod http;
pub mod icmp;
pub mod ip;
pub mod kerberos;
pub mod login;
pub mod mail;
pub mod names;
pub mod ntp;
pub mod smb2;
pub mod ssh;
pub mod tcp;
pub mod tls;
pub mod udp;
pub mod voip;
