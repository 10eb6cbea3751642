//! What the detectors of a segment share: kinds of hardware addresses, and both kinds of
//! addresses in saved state. It judges nothing.

use anomalyzer_wire::{Addr, Mac, Timestamp};
use serde_json::Value;
use std::net::IpAddr;

/// True for hardware addresses that several devices share by design, as first-hop redundancy and
/// load balancing do: VRRP and CARP (RFC 9568), HSRP 1, 2 and for IPv6, GLBP, Microsoft NLB, and
/// every group address.
pub(super) const fn is_shared(mac: Mac) -> bool {
    mac.is_multicast()
        || matches!(
            mac.0,
            [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _]
                | [0x00, 0x00, 0x0c, 0x07, 0xac, _]
                | [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _]
                | [0x00, 0x05, 0x73, 0xa0, _, _]
                | [0x00, 0x07, 0xb4, _, _, _]
                | [0x02, 0xbf, _, _, _, _]
        )
}

/// True when the address names one device.
pub(crate) const fn is_device(mac: Mac) -> bool {
    !mac.is_zero() && !mac.is_multicast() && !is_shared(mac)
}

/// True for an address that software made up (locally administered bit): private Wi-Fi addresses,
/// virtual machines and containers.
pub(crate) const fn is_made_up(mac: Mac) -> bool {
    mac.0[0] & 2 != 0
}

/// A hardware address out of saved state.
pub(super) fn mac_of(value: Option<&Value>) -> Option<Mac> {
    let mut bytes = [0; 6];
    let mut parts = value?.as_str()?.split(':');
    for byte in &mut bytes {
        let part = parts.next().filter(|p| p.len() == 2)?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(Mac(bytes))
}

/// An IP address out of saved state.
pub(super) fn addr_of(value: Option<&Value>) -> Option<Addr> {
    value?.as_str()?.parse::<IpAddr>().ok().map(Addr::from)
}

/// A time out of saved state, in nanoseconds since 1970.
pub(super) fn time_of(value: Option<&Value>) -> Option<Timestamp> {
    value?.as_i64().map(Timestamp::from_nanos)
}

/// The list under `key` in saved state of this version, when it holds at most `most` items.
pub(super) fn list_of<'a>(saved: &'a Value, key: &str, most: usize) -> Result<&'a [Value], String> {
    if saved.get("version").and_then(Value::as_u64) != Some(1) {
        return Err("`version` must be 1".into());
    }
    let list = saved.get(key).and_then(Value::as_array);
    let list = list.ok_or_else(|| format!("`{key}` must be a list"))?;
    if list.len() > most {
        return Err(format!("`{key}` holds {}, at most {most} are allowed", list.len()));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_of_addresses() {
        let mac = |text: &str| mac_of(Some(&json!(text))).unwrap();
        for shared in [
            "00:00:5e:00:01:0a",
            "00:00:5e:00:02:0a",
            "00:00:0c:07:ac:01",
            "00:00:0c:9f:f0:01",
            "00:05:73:a0:00:01",
            "00:07:b4:00:01:02",
            "02:bf:0a:00:00:01",
            "03:bf:0a:00:00:01",
            "ff:ff:ff:ff:ff:ff",
        ] {
            assert!(is_shared(mac(shared)) && !is_device(mac(shared)), "{shared}");
        }
        assert!(is_device(mac("00:25:b3:bf:91:ee")) && !is_made_up(mac("00:25:b3:bf:91:ee")));
        assert!(is_made_up(mac("da:a1:19:00:00:01")));
        assert!(!is_device(Mac::default()));
    }

    #[test]
    fn saved_values_are_checked() {
        for wrong in ["", "00:11", "00:11:22:33:44:55:66", "00:11:22:33:44:5", "zz:11:22:33:44:55"]
        {
            assert_eq!(mac_of(Some(&json!(wrong))), None, "{wrong}");
        }
        assert_eq!(mac_of(Some(&json!(7))), None);
        assert_eq!(addr_of(Some(&json!("10.0.0.256"))), None);
        assert!(list_of(&json!({"version": 1, "x": [1, 2]}), "x", 2).is_ok());
        for wrong in
            [json!({"x": []}), json!({"version": 1}), json!({"version": 1, "x": [1, 2, 3]})]
        {
            assert!(list_of(&wrong, "x", 2).is_err());
        }
    }
}
