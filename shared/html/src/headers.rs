//! Headers of answers to people's browsers.

/// A header's name in lower case, and its value.
pub type Header<'a> = (&'static str, &'a str);

/// For answers about a person: nobody is told where they were asked for, nobody keeps, frames or indexes them, and
/// they load and run nothing.
pub const PRIVATE: [Header<'static>; 7] = [
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex, nofollow"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("vary", "accept, accept-language"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
];
