//! A set of ports.

/// Ports kept in a sorted list before the bitmap takes over.
const SMALL: usize = 64;
const WORDS: usize = 65_536 / 64;

/// A set of 16-bit ports: a sorted list while small, then a bitmap of 8 KiB.
#[derive(Clone, Debug, Default)]
pub struct PortSet {
    small: Vec<u16>,
    bitmap: Option<Box<[u64; WORDS]>>,
    len: u32,
}

impl PortSet {
    /// Adds a port; true when it is new.
    pub fn insert(&mut self, port: u16) -> bool {
        let new = if let Some(bitmap) = &mut self.bitmap {
            set(bitmap, port)
        } else {
            match self.small.binary_search(&port) {
                Ok(_) => false,
                Err(at) => {
                    self.small.insert(at, port);
                    true
                }
            }
        };
        self.len += u32::from(new);
        if self.small.len() > SMALL {
            self.go_bitmap();
        }
        new
    }

    /// True when the port is in the set.
    pub fn contains(&self, port: u16) -> bool {
        match &self.bitmap {
            Some(bitmap) => {
                let word = bitmap.get(usize::from(port / 64)).copied().unwrap_or(0);
                word >> (port % 64) & 1 == 1
            }
            None => self.small.binary_search(&port).is_ok(),
        }
    }

    /// How many ports there are.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds all ports of another set.
    pub fn extend(&mut self, other: &Self) {
        if let (Some(mine), Some(theirs)) = (&mut self.bitmap, &other.bitmap) {
            for (a, b) in mine.iter_mut().zip(theirs.iter()) {
                *a |= b;
            }
            self.len = mine.iter().map(|w| w.count_ones()).sum();
            return;
        }
        for port in other.first(usize::MAX) {
            self.insert(port);
        }
    }

    /// The first `n` ports, ascending.
    pub fn first(&self, n: usize) -> Vec<u16> {
        match &self.bitmap {
            Some(_) => (0..=u16::MAX).filter(|&p| self.contains(p)).take(n).collect(),
            None => self.small.iter().copied().take(n).collect(),
        }
    }

    fn go_bitmap(&mut self) {
        let mut bitmap = Box::new([0; WORDS]);
        for &port in &self.small {
            set(&mut bitmap, port);
        }
        self.small = Vec::new();
        self.bitmap = Some(bitmap);
    }
}

fn set(bitmap: &mut [u64; WORDS], port: u16) -> bool {
    let Some(word) = bitmap.get_mut(usize::from(port / 64)) else { return false };
    let bit = 1 << (port % 64);
    let new = *word & bit == 0;
    *word |= bit;
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_every_port_once() {
        let mut set = PortSet::default();
        for i in 0..200_000_u32 {
            let port = u16::try_from(i.wrapping_mul(40_503) % 65_536).unwrap();
            assert_eq!(set.insert(port), i < 65_536, "{i}");
            assert!(set.contains(port));
        }
        assert_eq!(set.len(), 65_536);
        assert_eq!(set.first(3), [0, 1, 2]);
    }

    #[test]
    fn unions_of_every_size() {
        let range = |from: u16, to: u16| {
            let mut set = PortSet::default();
            (from..to).for_each(|p| assert!(set.insert(p)));
            set
        };
        for (a, b, len) in
            [((0, 10), (5, 20), 20), ((0, 200), (5, 20), 200), ((0, 9), (5, 300), 300)]
        {
            let mut set = range(a.0, a.1);
            set.extend(&range(b.0, b.1));
            assert_eq!(set.len(), len);
        }
        let mut set = range(0, 500);
        set.extend(&range(400, 900));
        assert_eq!(set.len(), 900);
    }

    #[test]
    fn lists_in_order_before_and_after_growing() {
        let mut set = PortSet::default();
        for port in (0..100).rev() {
            set.insert(port * 3);
            assert_eq!(set.first(1), [port * 3]);
        }
        assert_eq!(set.first(50).len(), 50);
        assert!(!set.contains(1));
    }
}
