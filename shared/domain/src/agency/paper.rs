//! Papers (证照): licence and permits, by which the authority knows who an agency is and what it may do.
//!
//! A paper is known by the SHA-256 of its content: the same file is the same paper, whenever it comes. The identity card of the
//! legal representative is none of them: the licence names who that is, and more than that nobody here needs to keep.

use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::time::Millis;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperKind {
    /// 营业执照, which every agency has.
    BusinessLicence,
    /// 人力资源服务许可证, of those that find workers for households (Interim Regulations on the Human Resources Market,
    /// article 18).
    HumanResourcesPermit,
    /// 劳务派遣经营许可证, of those that send their own employees to work for others (Labour Contract Law, article 57).
    LabourDispatchPermit,
}

impl PaperKind {
    const ALL: [Self; 3] = [
        Self::BusinessLicence,
        Self::HumanResourcesPermit,
        Self::LabourDispatchPermit,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::BusinessLicence => "business_licence",
            Self::HumanResourcesPermit => "human_resources_permit",
            Self::LabourDispatchPermit => "labour_dispatch_permit",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a paper's content is, by its first bytes: nothing of it is decoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaperType {
    #[serde(rename = "application/pdf")]
    Pdf,
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/png")]
    Png,
}

impl PaperType {
    /// `None` if it is nothing that a paper can be.
    pub fn of(content: &[u8]) -> Option<Self> {
        let begins: [(&[u8], Self); 3] = [
            (b"%PDF-", Self::Pdf),
            (b"\xff\xd8\xff", Self::Jpeg),
            (b"\x89PNG\r\n\x1a\n", Self::Png),
        ];
        let found = begins
            .into_iter()
            .find(|(first, _)| content.starts_with(first));
        found.map(|(_, is)| is)
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// What the names of such files end in.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    pub kind: PaperKind,
    /// Of its content.
    pub sha256: Hash,
    pub media_type: PaperType,
    /// How large its content is.
    pub bytes: u64,
    pub uploaded_at: Millis,
}

/// At most one paper of a kind, in the order of kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Papers(Vec<Paper>);

impl Papers {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Paper> {
        self.0.iter()
    }

    pub fn get(&self, kind: PaperKind) -> Option<&Paper> {
        self.0.iter().find(|paper| paper.kind == kind)
    }

    /// Takes these in the place of those of the same kind. One that is there already stays as it is.
    #[must_use]
    pub fn with(mut self, papers: Self) -> Self {
        for paper in papers.0 {
            match self.0.binary_search_by_key(&paper.kind, |own| own.kind) {
                Ok(at) if self.0[at].sha256 == paper.sha256 => {}
                Ok(at) => self.0[at] = paper,
                Err(at) => self.0.insert(at, paper),
            }
        }
        self
    }

    /// Those that are not among `known`.
    #[must_use]
    pub fn without(mut self, known: &Self) -> Self {
        self.0.retain(|paper| {
            let known = known.get(paper.kind);
            known.is_none_or(|known| known.sha256 != paper.sha256)
        });
        self
    }
}

impl From<Paper> for Papers {
    fn from(paper: Paper) -> Self {
        Self(vec![paper])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_what_its_first_bytes_say() {
        for (content, expected) in [
            (&b"%PDF-1.7\n"[..], Some(PaperType::Pdf)),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some(PaperType::Jpeg)),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some(PaperType::Png)),
            (b"", None),
            (b"%PDF", None),
            (b" %PDF-1.7", None),
            (b"\xff\xd8", None),
            (b"\x89PNG\n\x1a\n", None),
            (b"GIF89a", None),
            (b"<!doctype html>%PDF-1.7", None),
            (b"PK\x03\x04", None),
        ] {
            let found = PaperType::of(content);
            assert_eq!(found, expected, "{}", content.escape_ascii());
            let stored = found.map(|found| serde_json::to_value(found).unwrap());
            let shown = found.map(|found| found.media_type().into());
            assert_eq!(stored, shown);
        }
    }

    #[test]
    fn kinds_are_called_in_paths_as_in_items() {
        for kind in PaperKind::ALL {
            assert_eq!(PaperKind::named(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(PaperKind::named("identity_card"), None);
    }

    #[test]
    fn the_same_content_is_the_same_paper() {
        use PaperKind::{BusinessLicence, LabourDispatchPermit};
        let paper = |kind, content: u8, at| Paper {
            kind,
            sha256: Hash([content; 32]),
            media_type: PaperType::Pdf,
            bytes: 9,
            uploaded_at: Millis(at),
        };
        let permit = Papers::from(paper(LabourDispatchPermit, 1, 1));
        let licence = paper(BusinessLicence, 2, 2);
        let both = permit.with(licence.clone().into());
        let kinds: Vec<PaperKind> = both.iter().map(|paper| paper.kind).collect();
        assert_eq!(kinds, [BusinessLicence, LabourDispatchPermit]);

        let again = Papers::from(paper(BusinessLicence, 2, 3));
        assert_eq!(both.clone().with(again.clone()), both);
        assert!(again.without(&both).is_empty());
        let other = Papers::from(paper(BusinessLicence, 1, 4));
        assert_eq!(other.clone().without(&both), other);
        assert_eq!(
            both.with(other.clone()).get(BusinessLicence),
            other.get(BusinessLicence)
        );
    }
}
