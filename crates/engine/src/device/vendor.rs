//! Who made a network card, by the first bytes of its address (the IEEE's public registry).

use anomalyzer_wire::Mac;
use macaddr_ouidb::OUI_DB_BUNDLED;

/// The name under which the maker is registered. Addresses that software made up (the locally
/// administered bit) have none.
pub fn vendor(mac: Mac) -> Option<String> {
    if crate::detect::hardware::is_made_up(mac) || mac.is_multicast() {
        return None;
    }
    let entry = OUI_DB_BUNDLED.lookup(&mac.0)?;
    Some(entry.name().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makers_are_known_and_made_up_addresses_have_none() {
        let name = vendor(Mac([0x00, 0x25, 0xb3, 0, 0, 1])).unwrap();
        assert!(name.to_ascii_lowercase().contains("hewlett"), "{name}");
        assert_eq!(vendor(Mac([0x02, 0x25, 0xb3, 0, 0, 1])), None);
        assert_eq!(vendor(Mac([0xff; 6])), None);
    }
}
