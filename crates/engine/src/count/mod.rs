//! Counting: small bounded building blocks that detectors share.
