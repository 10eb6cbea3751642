//! Countries, cities and networks of addresses, from files that the user gives (MMDB).
//!
//! None by default: nothing is loaded from elsewhere, nothing is asked of anybody. What a file says
//! is untrusted text, cut and escaped as names from traffic are.

use anomalyzer_wire::{Addr, HostileStr};
use maxminddb::{Reader, geoip2};
use serde::Serialize;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

/// Addresses whose places are kept in memory; then the table begins anew.
const CACHE_MAX: usize = 16_384;
/// Most bytes of a name.
const NAME_MAX: usize = 120;
/// Most bytes of a file: the largest in the field are below 200 MB.
const FILE_MAX: u64 = 1 << 30;

/// Where an address is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Place {
    /// ISO 3166-1 code of the country.
    pub(crate) country: Option<String>,
    /// The country's English name.
    pub(crate) country_name: Option<String>,
    /// The city's English name.
    pub(crate) city: Option<String>,
    /// Number and name of the network: `AS64500 Example`.
    pub(crate) network: Option<String>,
}

/// The files, and what was looked up.
#[derive(Default)]
pub(crate) struct Geo {
    readers: Vec<Reader<Vec<u8>>>,
    cache: Mutex<HashMap<Addr, Option<Arc<Place>>>>,
}

impl std::fmt::Debug for Geo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Geo").field("files", &self.readers.len()).finish_non_exhaustive()
    }
}

impl Geo {
    /// Reads the files. The error says which one is wrong and how.
    pub(crate) fn open(files: &[PathBuf]) -> Result<Self, String> {
        let readers = files.iter().map(|path| reader(path)).collect::<Result<_, _>>()?;
        Ok(Self { readers, cache: Mutex::default() })
    }

    /// Where the address is, as far as the files know. Addresses that nobody else can have are
    /// nowhere.
    pub(crate) fn place(&self, addr: Addr) -> Option<Arc<Place>> {
        if self.readers.is_empty() || is_private(addr) {
            return None;
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache.get(&addr) {
            return known.clone();
        }
        if cache.len() >= CACHE_MAX {
            cache.clear();
        }
        let place = self.look_up(addr.ip()).map(Arc::new);
        cache.insert(addr, place.clone());
        place
    }

    fn look_up(&self, ip: IpAddr) -> Option<Place> {
        let mut place = Place::default();
        for reader in &self.readers {
            let Ok(found) = reader.lookup(ip) else { continue };
            if let Ok(Some(city)) = found.decode::<geoip2::City<'_>>() {
                fill(&mut place.country, city.country.iso_code);
                fill(&mut place.country_name, city.country.names.english);
                fill(&mut place.city, city.city.names.english);
            }
            if let Ok(Some(asn)) = found.decode::<geoip2::Asn<'_>>() {
                let number = asn.autonomous_system_number.map(|n| format!("AS{n}"));
                let parts = [number.as_deref(), asn.autonomous_system_organization];
                let name: Vec<&str> = parts.into_iter().flatten().collect();
                fill(&mut place.network, Some(name.join(" ").as_str()));
            }
        }
        (place != Place::default()).then_some(place)
    }
}

/// Takes a name when there was none before.
fn fill(into: &mut Option<String>, name: Option<&str>) {
    if let (None, Some(name)) = (&into, name.filter(|name| !name.is_empty())) {
        *into = Some(HostileStr::capped(name.as_bytes(), NAME_MAX).escaped());
    }
}

fn reader(path: &Path) -> Result<Reader<Vec<u8>>, String> {
    let told = |why: String| format!("{}: {why}", path.display());
    let length = std::fs::metadata(path).map_err(|error| told(error.to_string()))?.len();
    if length > FILE_MAX {
        return Err(told("larger than 1 GiB, so it is no file of places".to_owned()));
    }
    let reader = Reader::open_readfile(path).map_err(|error| {
        told(format!(
            "no MMDB file that can be read ({error}); give one with countries, cities or networks"
        ))
    })?;
    Ok(reader)
}

/// Private, loopback, link-local, multicast, unspecified or documentation: in no file.
fn is_private(addr: Addr) -> bool {
    match addr.ip() {
        IpAddr::V4(ip) => {
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_multicast()
                || ip.is_broadcast()
                || ip.is_unspecified()
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
        }
    }
}
