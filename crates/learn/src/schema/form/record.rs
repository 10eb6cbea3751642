//! One record, checked field by field.

use std::net::IpAddr;

use serde::Serialize;

use super::{FIELDS, Place, SCHEMA};
use crate::data::quoted;
use crate::data::value::{self, Number};
use crate::schema::{Cells, FieldError, address};

/// Words of [`Protocol`], in its order.
pub(super) const PROTOCOLS: &[&str] = &["TCP", "UDP", "ICMP"];
/// Words of [`Flag`], in its order.
pub(super) const FLAGS: &[&str] = &["SYN", "ACK", "RST", "FIN"];

/// Transport protocol of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP or ICMPv6.
    Icmp,
}

/// TCP flag of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Flag {
    /// A connection is asked for.
    Syn,
    /// Data, or an acknowledgement.
    Ack,
    /// A connection is refused or torn down.
    Rst,
    /// A connection ends.
    Fin,
}

/// A record whose fields are all valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Address that sent.
    pub source_ip: IpAddr,
    /// Address that received.
    pub destination_ip: IpAddr,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Bytes of a packet, 0 to 65,535.
    pub packet_size: u64,
    /// Bytes from source to destination, 0 to 10^18.
    pub bytes_sent: u64,
    /// Bytes from destination to source, 0 to 10^18.
    pub bytes_received: u64,
    /// TCP flag; never missing for TCP.
    pub flag: Option<Flag>,
}

impl Record {
    /// Reads a record from a JSON object whose fields are numbers or strings. All fields that are
    /// wrong are told, in the order of the form. Names that are no field are ignored.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, Vec<FieldError>> {
        let (record, places) = SCHEMA.cells_of(json)?;
        Self::from_cells(&Cells::new(&record, &places))
    }

    pub(super) fn from_cells(cells: &Cells<'_>) -> Result<Self, Vec<FieldError>> {
        let mut faults = Vec::new();
        let source_ip = note(&mut faults, Place::SourceIp, address_of(cells, Place::SourceIp));
        let destination_ip =
            note(&mut faults, Place::DestinationIp, address_of(cells, Place::DestinationIp));
        let protocol = note(&mut faults, Place::Protocol, protocol(cells));
        let packet_size = note(&mut faults, Place::PacketSize, size(cells, Place::PacketSize));
        let bytes_sent = note(&mut faults, Place::BytesSent, size(cells, Place::BytesSent));
        let bytes_received =
            note(&mut faults, Place::BytesReceived, size(cells, Place::BytesReceived));
        let flag = note(&mut faults, Place::Flag, flag(cells, protocol));
        let whole = || {
            Some(Self {
                source_ip: source_ip?,
                destination_ip: destination_ip?,
                protocol: protocol?,
                packet_size: packet_size?,
                bytes_sent: bytes_sent?,
                bytes_received: bytes_received?,
                flag: flag?,
            })
        };
        whole().ok_or(faults)
    }
}

/// Keeps the fault of a field.
fn note<T>(faults: &mut Vec<FieldError>, place: Place, result: Result<T, String>) -> Option<T> {
    result.map_err(|message| faults.push(FieldError { field: name(place).into(), message })).ok()
}

fn name(place: Place) -> &'static str {
    FIELDS.get(place as usize).map_or("record", |field| field.name)
}

fn text<'a>(cells: &Cells<'a>, place: Place) -> Option<&'a [u8]> {
    let cell = cells.get(place as usize).trim_ascii();
    (!value::is_missing(cell)).then_some(cell)
}

fn address_of(cells: &Cells<'_>, place: Place) -> Result<IpAddr, String> {
    let Some(cell) = text(cells, place) else {
        return Err("is missing: enter an IPv4 or IPv6 address".into());
    };
    let address = std::str::from_utf8(cell).ok().and_then(address::parse);
    address.ok_or_else(|| {
        format!("{} is not an address: enter one such as 192.168.1.10 or fd00::10", quoted(cell))
    })
}

fn size(cells: &Cells<'_>, place: Place) -> Result<u64, String> {
    let max = FIELDS.get(place as usize).and_then(|field| field.max).unwrap_or(0.0);
    let expected = format!("enter a whole number from 0 to {max}");
    let Some(cell) = text(cells, place) else {
        return Err(format!("is missing: {expected}"));
    };
    match value::number(cell) {
        Some(Number::Is(value)) if value < 0.0 => {
            Err(format!("{} is below 0: {expected}", quoted(cell)))
        }
        Some(Number::Is(value) | Number::Clamped(value)) if value > max => {
            Err(format!("{} is too large: {expected}", quoted(cell)))
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10^18")]
        Some(Number::Is(value)) if value.fract() == 0.0 => Ok(value as u64),
        _ => Err(format!("{} is not a whole number: {expected}", quoted(cell))),
    }
}

fn protocol(cells: &Cells<'_>) -> Result<Protocol, String> {
    let expected = "choose TCP, UDP or ICMP";
    let Some(cell) = text(cells, Place::Protocol) else {
        return Err(format!("is missing: {expected}"));
    };
    match cell.to_ascii_uppercase().as_slice() {
        b"TCP" | b"6" => Ok(Protocol::Tcp),
        b"UDP" | b"17" => Ok(Protocol::Udp),
        b"ICMP" | b"ICMPV6" | b"1" | b"58" => Ok(Protocol::Icmp),
        _ => Err(format!("{} is not known: {expected}", quoted(cell))),
    }
}

/// The flag, which only TCP must have.
fn flag(cells: &Cells<'_>, protocol: Option<Protocol>) -> Result<Option<Flag>, String> {
    let expected = "choose SYN, ACK, RST or FIN";
    let Some(cell) = text(cells, Place::Flag) else {
        return match protocol {
            Some(Protocol::Udp | Protocol::Icmp) => Ok(None),
            Some(Protocol::Tcp) | None => Err(format!("is missing: {expected}")),
        };
    };
    match cell.to_ascii_uppercase().as_slice() {
        b"SYN" => Ok(Some(Flag::Syn)),
        b"ACK" => Ok(Some(Flag::Ack)),
        b"RST" => Ok(Some(Flag::Rst)),
        b"FIN" => Ok(Some(Flag::Fin)),
        _ => Err(format!("{} is not known: {expected}", quoted(cell))),
    }
}
