//! Which IP protocols a matcher's patterns are for.

/// A set of IP protocol numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Protocols([u64; 4]);

impl Protocols {
    /// All of them as soon as one is `None`.
    pub(super) fn of(protocols: impl Iterator<Item = Option<u8>>) -> Self {
        let mut set = Self::default();
        for protocol in protocols {
            match protocol {
                None => set = Self([u64::MAX; 4]),
                Some(proto) => {
                    if let Some(word) = set.0.get_mut(usize::from(proto >> 6)) {
                        *word |= 1 << (proto & 63);
                    }
                }
            }
        }
        set
    }

    /// True when the protocol is in the set.
    pub(super) fn holds(self, proto: u8) -> bool {
        self.0.get(usize::from(proto >> 6)).is_some_and(|word| word & (1 << (proto & 63)) != 0)
    }
}
