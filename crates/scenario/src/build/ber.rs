//! SNMP messages (RFC 3416) in the basic encoding rules.

/// Tag, length and content.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = content.len();
    if length < 128 {
        bytes.push(length as u8);
    } else {
        bytes.push(0x82);
        bytes.extend_from_slice(&(length as u16).to_be_bytes());
    }
    bytes.extend_from_slice(content);
    bytes
}

/// An integer or counter of four bytes at most.
pub fn integer(tag: u8, value: u32) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend_from_slice(&value.to_be_bytes());
    while bytes.len() > 1 && bytes[0] == 0 && bytes[1] < 128 {
        bytes.remove(0);
    }
    tlv(tag, &bytes)
}

/// Kinds of SNMP messages by their tag.
pub const GET: u8 = 0xa0;
/// See [`GET`].
pub const RESPONSE: u8 = 0xa2;
/// See [`GET`].
pub const GET_BULK: u8 = 0xa5;

/// An SNMPv2c message with community "public"; each binding is an encoded object identifier and an
/// encoded value. For [`GET_BULK`], `repetitions` is sent; otherwise no error.
pub fn snmp(kind: u8, id: u32, repetitions: u32, bindings: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let list: Vec<u8> = bindings
        .iter()
        .flat_map(|(name, value)| tlv(0x30, &[tlv(6, name), value.clone()].concat()))
        .collect();
    let body = [integer(2, id), integer(2, 0), integer(2, repetitions), tlv(0x30, &list)].concat();
    tlv(0x30, &[integer(2, 1), tlv(4, b"public"), tlv(kind, &body)].concat())
}

/// Encoded identifier of `ifInOctets` (column 10) and its neighbours of interface `index`.
pub fn interface_column(column: u8, index: u8) -> Vec<u8> {
    vec![0x2b, 6, 1, 2, 1, 2, 2, 1, column, index]
}
