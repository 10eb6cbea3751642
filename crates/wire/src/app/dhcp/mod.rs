//! DHCP for IPv4 (RFC 2131, RFC 2132) and the basics of DHCPv6 (RFC 8415).
//!
//! A list of options needs no library; ours reads what comes before the damage.

mod v4;
mod v6;

pub use v4::{DhcpMessage, parse_v4};
pub use v6::{Dhcpv6Message, parse_v6};
