//! The questions about the log, as queries ask them.

use domain::chain::Hash;
use runtime::Problem;
use runtime::http::{self, Query, Request};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WantedProof {
    pub(crate) leaf: Leaf,
    /// The whole log unless given.
    pub(crate) size: Option<u64>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// The leaf of this event.
    Event(Hash),
    /// The leaf at this index, from 0.
    Index(u64),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SizeRange {
    pub(crate) from: u64,
    /// The whole log unless given.
    pub(crate) to: Option<u64>,
}

impl WantedProof {
    /// Reads `leaf` or `index`, and `size`; 400 `malformed`.
    pub(crate) fn from_request(request: &Request) -> Result<Self, Problem> {
        let query = http::query(request, &["leaf", "index", "size"])?;
        let event = query.text("leaf").map(|text| {
            let hash = text.parse::<Hash>();
            hash.map_err(|error| malformed(&format!("leaf {error}.")))
        });
        let leaf = match (event.transpose()?, number(&query, "index")?) {
            (Some(hash), None) => Leaf::Event(hash),
            (None, Some(index)) => Leaf::Index(index),
            _ => return Err(malformed("Either leaf or index must be given.")),
        };
        let size = number(&query, "size")?;
        Ok(Self { leaf, size })
    }
}

impl SizeRange {
    /// Reads `from` and `to`; 400 `malformed`.
    pub(crate) fn from_request(request: &Request) -> Result<Self, Problem> {
        let query = http::query(request, &["from", "to"])?;
        let from = number(&query, "from")?.ok_or_else(|| malformed("from must be given."))?;
        let to = number(&query, "to")?;
        if to.is_some_and(|to| to < from) {
            return Err(malformed("from must not be larger than to."));
        }
        Ok(Self { from, to })
    }
}

fn number(query: &Query, name: &str) -> Result<Option<u64>, Problem> {
    let Some(text) = query.text(name) else {
        return Ok(None);
    };
    http::whole(text)
        .map(Some)
        .ok_or_else(|| malformed(&format!("{name} must be a whole number from 0.")))
}

fn malformed(detail: &str) -> Problem {
    Problem::malformed().detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(query: &str) -> Request {
        let mut request = Request::new(lambda_http::Body::Empty);
        *request.uri_mut() = format!("https://x.test/v1/log?{query}").parse().unwrap();
        request
    }

    #[test]
    fn a_leaf_is_named_by_its_event_or_its_place() {
        let hash = "ab".repeat(32);
        assert_eq!(
            WantedProof::from_request(&request(&format!("leaf={hash}&size=7"))),
            Ok(WantedProof {
                leaf: Leaf::Event(Hash([0xab; 32])),
                size: Some(7)
            })
        );
        assert_eq!(
            WantedProof::from_request(&request("index=3")),
            Ok(WantedProof {
                leaf: Leaf::Index(3),
                size: None
            })
        );
        for query in [
            "",
            "size=3",
            "index=3&leaf=00",
            &format!("index=3&leaf={hash}"),
            "leaf=abc",
            "index=-1",
            "index=%2B1",
            "index=",
            "index=1.5",
            "index=99999999999999999999",
            "index=1&size=x",
            "index=1&index=2",
            "index=1&more=2",
        ] {
            let refused = WantedProof::from_request(&request(query)).unwrap_err();
            assert_eq!(refused.slug, "malformed", "{query}");
        }
    }

    #[test]
    fn two_sizes_are_the_smaller_and_the_larger() {
        let between = |from, to| Ok(SizeRange { from, to });
        assert_eq!(
            SizeRange::from_request(&request("from=3&to=9")),
            between(3, Some(9))
        );
        assert_eq!(
            SizeRange::from_request(&request("from=3")),
            between(3, None)
        );
        assert_eq!(
            SizeRange::from_request(&request("from=3&to=3")),
            between(3, Some(3))
        );
        for query in ["", "to=3", "from=4&to=3", "from=a", "from=1&to=-2"] {
            let refused = SizeRange::from_request(&request(query)).unwrap_err();
            assert_eq!(refused.slug, "malformed", "{query}");
        }
    }
}
