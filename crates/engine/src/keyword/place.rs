//! Where keywords are sought and found, and signs that protocols' parsers see.

/// What bytes are a part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// A TCP stream or a datagram, as it came.
    #[default]
    Stream,
    /// The request line of an HTTP request.
    RequestTarget,
    /// The header lines of an HTTP request.
    RequestHeaders,
    /// The body of an HTTP request.
    RequestBody,
    /// No bytes: what a protocol's parser has seen.
    Protocol,
}

impl Place {
    /// In words, for an alert: `the request's target`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Stream => "the stream",
            Self::RequestTarget => "the request line",
            Self::RequestHeaders => "the request's headers",
            Self::RequestBody => "the request's body",
            Self::Protocol => "the protocol",
        }
    }
}

/// Where a pattern is sought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Where {
    /// In streams and datagrams as they come.
    #[default]
    Stream,
    /// In HTTP requests, as they come and decoded.
    Request,
    /// Only in their request line.
    Target,
    /// Only in their headers.
    Headers,
    /// Only in their body.
    Body,
}

impl Where {
    /// All of them by their names in a list.
    pub const ALL: [(&'static str, Self); 5] = [
        ("stream", Self::Stream),
        ("http-request", Self::Request),
        ("http-target", Self::Target),
        ("http-headers", Self::Headers),
        ("http-body", Self::Body),
    ];

    /// Its name in a list.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, place)| *place == self).map_or("", |(name, _)| name)
    }

    /// True when a pattern for this is to be found in that place.
    pub(super) const fn holds(self, place: Place) -> bool {
        match self {
            Self::Stream => matches!(place, Place::Stream | Place::Protocol),
            Self::Request => !matches!(place, Place::Stream | Place::Protocol),
            Self::Target => matches!(place, Place::RequestTarget),
            Self::Headers => matches!(place, Place::RequestHeaders),
            Self::Body => matches!(place, Place::RequestBody),
        }
    }
}

/// What the parser of a protocol sees and no search for bytes can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// A TLS heartbeat request that claims more payload than its record holds.
    TlsHeartbeatOverRead,
    /// A TLS heartbeat response that is larger than the request by more than padding explains, or
    /// that answers a request which claims more than it holds.
    TlsHeartbeatLeak,
    /// A form sent over clear HTTP to a public address without a name, by a client that calls
    /// itself a browser and names no page that the form was on.
    HttpFormToAddress,
}

impl Sign {
    /// All of them by their names in a list.
    pub const ALL: [(&'static str, Self); 3] = [
        ("tls-heartbeat-over-read", Self::TlsHeartbeatOverRead),
        ("tls-heartbeat-leak", Self::TlsHeartbeatLeak),
        ("http-form-to-address", Self::HttpFormToAddress),
    ];

    /// Its name in a list.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, sign)| *sign == self).map_or("", |(name, _)| name)
    }
}
