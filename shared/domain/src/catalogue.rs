//! What can be ordered in a city, and what can be wished for: services as people read of them, and tags.
//!
//! A tag is what a worker brings for a service beside doing it, such as a style of cooking, a language, or that she works at
//! night. Agencies say which their workers have, customers which they wish for. Two tags wish for a worker's sex, for personal
//! care alone (Employment Promotion Law, article 27): nobody has them as skills, and they never score. There is none for an age.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::check::Sex;
use crate::credit::{CreditRules, Section};
use crate::service::{Service, ServiceSet};

/// The most tags that a customer can wish for in one order.
pub const MOST_WISHES: usize = 8;
/// The most tags that a worker can have for one service.
pub const MOST_TAGS: usize = 8;

/// The code of a tag, such as `home_style`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a tag: 1 to 32 of a to z, 0 to 9 and _")]
pub struct NotATag;

impl Tag {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The sex that is wished for by this tag, if it is one of those two.
    pub fn sex(&self) -> Option<Sex> {
        match self.as_str() {
            "female_worker" => Some(Sex::Female),
            "male_worker" => Some(Sex::Male),
            _ => None,
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Tag {
    type Err = NotATag;

    fn from_str(text: &str) -> Result<Self, NotATag> {
        let is_code = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let is_tag = (1..=32).contains(&text.len()) && text.bytes().all(is_code);
        is_tag.then(|| Self(text.to_owned())).ok_or(NotATag)
    }
}

impl TryFrom<String> for Tag {
    type Error = NotATag;

    fn try_from(text: String) -> Result<Self, NotATag> {
        text.parse()
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

/// Why a tag cannot stand where it was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagFault {
    #[error("{0} is none of this city's tags")]
    Unknown(Tag),
    #[error("{tag} is no tag of {service}")]
    OfOtherServices { tag: Tag, service: Service },
    #[error("{0} can only be wished for")]
    OnlyAWish(Tag),
}

/// A city's services and tags. A service that is not listed is described as usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Catalogue {
    services: BTreeMap<Service, ServiceTerms>,
    tags: Vec<TagTerms>,
}

/// A name in the languages of the product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    pub zh: String,
    pub en: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceTerms {
    pub name: Name,
    /// How long a visit usually takes.
    pub usual_duration_min: u32,
    pub price_fen: PriceBand,
}

/// What a visit of the usual duration costs, from agency to agency, in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceBand {
    pub from: i64,
    pub to: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagTerms {
    pub tag: Tag,
    pub name: Name,
    /// The services that it goes with.
    pub services: ServiceSet,
}

impl Catalogue {
    pub fn terms(&self, service: Service) -> ServiceTerms {
        let own = self.services.get(&service).cloned();
        own.unwrap_or_else(|| usual_terms(service))
    }

    /// The tags that go with a service, in the city's order.
    pub fn tags(&self, service: Service) -> impl Iterator<Item = &TagTerms> {
        let tags = self.tags.iter();
        tags.filter(move |terms| terms.services.contains(service))
    }

    /// Whether there is this tag, for whatever service.
    ///
    /// # Errors
    /// When there is none.
    pub fn check_known(&self, tag: &Tag) -> Result<&TagTerms, TagFault> {
        let known = self.tags.iter().find(|terms| terms.tag == *tag);
        known.ok_or_else(|| TagFault::Unknown(tag.clone()))
    }

    /// Whether this tag can be wished for with a service.
    ///
    /// # Errors
    /// When it goes with other services, or there is none.
    pub fn check_wish(&self, tag: &Tag, service: Service) -> Result<(), TagFault> {
        let known = self.check_known(tag)?;
        if known.services.contains(service) {
            return Ok(());
        }
        let tag = tag.clone();
        Err(TagFault::OfOtherServices { tag, service })
    }

    /// Whether a worker can have this tag for a service.
    ///
    /// # Errors
    /// As [`Self::check_wish`], and when it can only be wished for.
    pub fn check_skill(&self, tag: &Tag, service: Service) -> Result<(), TagFault> {
        self.check_wish(tag, service)?;
        match tag.sex() {
            None => Ok(()),
            Some(_) => Err(TagFault::OnlyAWish(tag.clone())),
        }
    }

    /// What these settings must be, if they are not.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let makes_sense = |terms: &ServiceTerms| {
            let PriceBand { from, to } = terms.price_fen;
            (30..=1_440).contains(&terms.usual_duration_min) && (0..=to).contains(&from)
        };
        let codes: BTreeSet<&Tag> = self.tags.iter().map(|terms| &terms.tag).collect();
        let is_for_care = |terms: &TagTerms| terms.services.iter().all(Service::is_personal_care);
        if !self.services.values().all(makes_sense) {
            Some("of 30 to 1440 minutes, at prices that ascend")
        } else if codes.len() != self.tags.len() {
            Some("of tags with different codes")
        } else if !self
            .tags
            .iter()
            .all(|terms| terms.tag.sex().is_none() || is_for_care(terms))
        {
            Some("without wishes for a sex but for maternity_care, elder_care and live_in")
        } else {
            None
        }
    }
}

/// A service as anybody can read of it.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceView {
    service: Service,
    #[serde(flatten)]
    terms: ServiceTerms,
    /// The sections of a worker's credit record that must be clear.
    requires: Vec<Section>,
    tags: Vec<TagView>,
}

#[derive(Clone, Debug, Serialize)]
struct TagView {
    tag: Tag,
    name: Name,
}

impl Catalogue {
    /// The services that can be ordered in a city, with what its rules require of a worker's record.
    pub fn views(&self, services: ServiceSet, rules: &CreditRules) -> Vec<ServiceView> {
        let is_required = |section: &Section, service| {
            let rule = rules.rule(*section);
            rule.required_by.contains(service)
        };
        let view = |service| ServiceView {
            service,
            terms: self.terms(service),
            requires: Section::ALL
                .iter()
                .copied()
                .filter(|section| is_required(section, service))
                .collect(),
            tags: self
                .tags(service)
                .map(|terms| TagView {
                    tag: terms.tag.clone(),
                    name: terms.name.clone(),
                })
                .collect(),
        };
        services.iter().map(view).collect()
    }
}

fn usual_terms(service: Service) -> ServiceTerms {
    let (zh, en, minutes, from, to) = match service {
        Service::Cleaning => ("日常保洁", "Cleaning", 120, 8_000, 16_000),
        Service::DeepCleaning => ("深度保洁", "Deep cleaning", 240, 24_000, 60_000),
        Service::ApplianceCleaning => ("家电清洗", "Appliance cleaning", 120, 10_000, 40_000),
        Service::Cooking => ("做饭", "Cooking", 120, 8_000, 20_000),
        Service::Childcare => ("育儿", "Childcare", 480, 20_000, 40_000),
        Service::MaternityCare => ("月嫂", "Maternity care", 1_440, 30_000, 80_000),
        Service::ElderCare => ("养老护理", "Elder care", 480, 16_000, 36_000),
        Service::LiveIn => ("住家", "Live-in help", 1_440, 18_000, 36_000),
    };
    ServiceTerms {
        name: name(zh, en),
        usual_duration_min: minutes,
        price_fen: PriceBand { from, to },
    }
}

fn name(zh: &str, en: &str) -> Name {
    let (zh, en) = (zh.to_owned(), en.to_owned());
    Name { zh, en }
}

/// What is usual in Harbin.
impl Default for Catalogue {
    fn default() -> Self {
        use Service::{
            ApplianceCleaning, Childcare, Cleaning, Cooking, DeepCleaning, ElderCare, LiveIn,
            MaternityCare,
        };
        const HOME: &[Service] = &[Cleaning, DeepCleaning, LiveIn];
        const APPLIANCES: &[Service] = &[ApplianceCleaning];
        const MEALS: &[Service] = &[Cooking, LiveIn];
        const CHILDREN: &[Service] = &[Childcare, MaternityCare, LiveIn];
        const INFANTS: &[Service] = &[MaternityCare];
        const ELDERS: &[Service] = &[ElderCare, LiveIn];
        const CARE: &[Service] = &[Childcare, MaternityCare, ElderCare, LiveIn];
        const PERSONAL: &[Service] = &[MaternityCare, ElderCare, LiveIn];
        let tags = [
            (
                "northeastern_cuisine",
                "东北菜",
                "North-eastern cuisine",
                MEALS,
            ),
            ("sichuan_cuisine", "川菜", "Sichuan cuisine", MEALS),
            ("cantonese_cuisine", "粤菜", "Cantonese cuisine", MEALS),
            ("russian_cuisine", "俄餐", "Russian cuisine", MEALS),
            ("korean_cuisine", "朝鲜族菜", "Korean cuisine", MEALS),
            ("home_style", "家常菜", "Home cooking", MEALS),
            ("flour_food", "面食", "Noodles, dumplings and buns", MEALS),
            ("halal", "清真", "Halal", MEALS),
            ("vegetarian", "素食", "Vegetarian", MEALS),
            ("light_diet", "少油少盐", "Little oil and salt", MEALS),
            ("postnatal_meals", "月子餐", "Postnatal meals", INFANTS),
            ("lactation", "催乳", "Help with lactation", INFANTS),
            ("newborn", "新生儿护理", "Newborns", CHILDREN),
            ("twins", "双胞胎", "Twins", CHILDREN),
            ("early_learning", "早教", "Early learning", CHILDREN),
            ("dementia_care", "失智照护", "Care with dementia", ELDERS),
            (
                "bedridden_care",
                "卧床照护",
                "Care of the bedridden",
                ELDERS,
            ),
            ("rehabilitation", "康复护理", "Rehabilitation", ELDERS),
            ("hospital_visits", "陪诊", "Company to the hospital", ELDERS),
            ("night_work", "夜间看护", "Nights", CARE),
            ("english", "英语", "English", CARE),
            ("russian", "俄语", "Russian", CARE),
            ("korean", "朝鲜语", "Korean", CARE),
            ("driving", "会开车", "Drives a car", CARE),
            ("windows", "擦玻璃", "Windows", HOME),
            ("wardrobes", "收纳整理", "Putting in order", HOME),
            ("own_tools", "自带工具", "Brings the tools", HOME),
            ("range_hoods", "油烟机", "Range hoods", APPLIANCES),
            ("air_conditioners", "空调", "Air conditioners", APPLIANCES),
            ("washing_machines", "洗衣机", "Washing machines", APPLIANCES),
            (
                "underfloor_heating",
                "地暖",
                "Underfloor heating",
                APPLIANCES,
            ),
            ("pets", "不怕宠物", "At ease with pets", Service::ALL),
            ("non_smoker", "不吸烟", "Does not smoke", Service::ALL),
            ("female_worker", "女性", "A woman", PERSONAL),
            ("male_worker", "男性", "A man", PERSONAL),
        ];
        let terms = |(code, zh, en, services): (&str, &str, &str, &[Service])| TagTerms {
            tag: Tag(code.to_owned()),
            name: name(zh, en),
            services: services.iter().copied().collect(),
        };
        Self {
            services: BTreeMap::new(),
            tags: tags.into_iter().map(terms).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_catalogue_makes_sense() {
        let catalogue = Catalogue::default();
        assert_eq!(catalogue.fault(), None);
        for service in Service::ALL {
            assert!(catalogue.tags(*service).count() >= 3, "{service}");
            let only = Catalogue {
                services: BTreeMap::from([(*service, catalogue.terms(*service))]),
                ..Catalogue::default()
            };
            assert_eq!(only.fault(), None, "{service}");
        }
        for terms in &catalogue.tags {
            assert_eq!(terms.tag.as_str().parse(), Ok(terms.tag.clone()));
        }
    }

    #[test]
    fn a_sex_is_wished_for_personal_care_alone_and_is_no_skill() {
        let catalogue = Catalogue::default();
        let woman: Tag = "female_worker".parse().unwrap();
        for service in Service::ALL {
            let wish = catalogue.check_wish(&woman, *service);
            assert_eq!(wish.is_ok(), service.is_personal_care(), "{service}");
            assert!(catalogue.check_skill(&woman, *service).is_err());
        }
        let mut elsewhere = catalogue;
        let sexes = elsewhere.tags.iter_mut().filter(|t| t.tag.sex().is_some());
        sexes.for_each(|terms| terms.services = ServiceSet::all());
        assert!(elsewhere.fault().is_some());
    }

    #[test]
    fn a_tag_is_refused_by_its_name() {
        let catalogue = Catalogue::default();
        let told = |tag: &str, service| {
            let tag: Tag = tag.parse().unwrap();
            catalogue
                .check_skill(&tag, service)
                .map_err(|f| f.to_string())
        };
        assert_eq!(told("halal", Service::Cooking), Ok(()));
        let other = Err("halal is no tag of cleaning".to_owned());
        assert_eq!(told("halal", Service::Cleaning), other);
        let unknown = Err("young is none of this city's tags".to_owned());
        assert_eq!(told("young", Service::ElderCare), unknown);
        for text in ["", "Halal", "清真", &"a".repeat(33)] {
            assert_eq!(text.parse::<Tag>(), Err(NotATag));
        }
    }
}
