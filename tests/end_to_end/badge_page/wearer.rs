//! A worker with a badge, and what others see of it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use aws_sdk_dynamodb::types::AttributeValue;
use badge::{BadgeFields, PhoneCodes, Token};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use demo::City;
use domain::badge::{Badge, BadgeDecision, BadgeStatus, Decider, StatusIndex};
use domain::chain::Actor;
use domain::id::{AgencyId, BadgeId, WorkerId};
use local::platform::Options;
use serde_json::{Value, json};
use store::{Appended, Badges, Directory, Issued, NewBadge, Step};

use crate::workforce::Hired;
use crate::world::{Agency, CENTRE, World};

pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// A worker with a badge, signed with a key of the test's own.
pub(super) struct Wearer {
    pub(super) world: World,
    pub(super) agency: Agency,
    pub(super) hired: Hired,
    pub(super) pair: Ed25519KeyPair,
    pub(super) badge: Badge,
    pub(super) token: String,
}

/// An answer's status, headers and body, as the client got them.
pub(super) type Seen = (u16, BTreeMap<String, String>, String);

impl Wearer {
    pub(super) async fn new() -> Self {
        Self::with_skills(&["cleaning"]).await
    }

    pub(super) async fn with_skills(skills: &[&'static str]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[41; 32]).expect("a key");
        let key = json!({
            "kid": 7,
            "x": URL_SAFE_NO_PAD.encode(pair.public_key()),
            "sign_from": "2026-01-01T00:00:00Z",
            "verify_until": "2100-01-01T00:00:00Z",
        });
        let keys = json!({ "keys": [key] }).to_string();
        let parameters = [
            ("BadgePublicKeys", keys),
            ("CloudFront", "beside".to_owned()),
            ("ViewerPlace", "yes".to_owned()),
        ];
        let world = World::with(Options {
            city: City::None,
            parameters: parameters
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            ..Options::default()
        })
        .await;
        let agency = world.agency(skills, &[CENTRE]).await;
        let hired = world.cleared_worker(&agency, skills).await;
        let mut wearer = Self {
            badge: unissued(&world, &agency, &hired),
            world,
            agency,
            hired,
            pair,
            token: String::new(),
        };
        wearer.issue(4_711).await;
        wearer
    }

    pub(super) fn badges(&self) -> Badges {
        Badges::new(&self.world.platform.operator_settings())
    }

    pub(super) async fn issue(&mut self, index: u32) {
        let new = NewBadge {
            badge: self.badge.clone(),
            body_hash: [0; 32],
            actor: Actor::Agency(self.badge.agency.clone(), None),
            directory: Directory::new(&self.world.platform.operator_settings()),
        };
        let workers = self.world.workers();
        let issued = self
            .badges()
            .issue(
                &workers,
                new,
                self.world.now(),
                || Ok(index),
                |_| Ok::<_, ()>(()),
            )
            .await
            .expect("the tables answer");
        let Issued::Done(badge) = issued else {
            panic!("{issued:?}");
        };
        self.badge = *badge;
        self.token = self.signed(self.fields());
    }

    pub(super) fn fields(&self) -> BadgeFields {
        BadgeFields {
            kid: 7,
            badge: self.badge.id.clone(),
            index: self.badge.index.0,
            expires_day: self.badge.expires_day,
        }
    }

    pub(super) fn signed(&self, fields: BadgeFields) -> String {
        let signature = self.pair.sign(&fields.signing_bytes());
        let signature = signature.as_ref().try_into().expect("64 bytes");
        Token::assemble(fields, signature).digits()
    }

    pub(super) fn code(&self) -> String {
        let codes = PhoneCodes::new(&self.world.platform.operator_settings());
        let key = codes.key_of(&self.badge.id);
        key.code(&self.badge.id, self.world.now())
    }

    pub(super) async fn json(&self, path: &str) -> Value {
        self.world
            .call("GET", path)
            .header("accept", "application/json")
            .send()
            .await
            .expect(200)
    }

    /// What a scan of the badge says.
    pub(super) async fn scan(&self) -> Value {
        self.json(&format!("/b/{}", self.token)).await
    }

    /// An answer as it came. What the gateway adds to every answer, such as its date, is left out.
    pub(super) async fn see(&self, path: &str, accept: &str, language: &str) -> Seen {
        let url = format!("{}{path}", self.world.platform.base_url());
        let request = self.world.client.get(url).header("accept", accept);
        let response = request
            .header("accept-language", language)
            .send()
            .await
            .expect("an answer");
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers
            .filter(|(name, _)| *name != "date")
            .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
            .collect();
        (status, headers, response.text().await.expect("a body"))
    }

    pub(super) fn calls(&self) -> u64 {
        let usage = self.world.platform.wire().usage("badge-verify");
        usage.calls.values().sum()
    }

    /// Suspends, reinstates or revokes the badge, as badge-issue does.
    pub(super) async fn decide(&self, decision: BadgeDecision) {
        let badges = self.badges();
        let before = badges
            .get(&self.badge.id)
            .await
            .expect("an answer")
            .expect("a badge");
        let actor = Actor::Agency(before.agency.clone(), None);
        let after = before.decided(decision, Decider::Agency);
        let after = after.expect("allowed").expect("a change");
        let step = badges.decide(&before, &after, actor, "lost");
        let step = step.expect("a step");
        let worker: WorkerId = self.hired.id.parse().expect("a worker");
        let changed = self
            .world
            .workers()
            .change(&worker, self.world.now(), |_| -> Result<Step, ()> {
                Ok(Step {
                    events: vec![step.event.clone()],
                    with: step.with.clone(),
                    ..Step::default()
                })
            })
            .await;
        assert!(matches!(changed, Ok(Appended::Done(_))), "{changed:?}");
    }

    /// All items of a partition.
    pub(super) async fn items(
        &self,
        table: &str,
        pk: String,
    ) -> Vec<HashMap<String, AttributeValue>> {
        let client = aws_sdk_dynamodb::Client::new(&self.world.platform.operator_sdk_config());
        let found = client
            .query()
            .table_name(self.world.setting(table))
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .send()
            .await
            .expect("an answer");
        found.items.unwrap_or_default()
    }

    pub(super) async fn scans(&self) -> Vec<HashMap<String, AttributeValue>> {
        self.world.drain().await;
        let pk = format!("S#{}", self.badge.id.bare());
        self.items("BADGES_TABLE", pk).await
    }
}

pub(super) fn unissued(world: &World, agency: &Agency, hired: &Hired) -> Badge {
    let agency: AgencyId = agency.id.parse().expect("an agency");
    let n = world.unique().to_be_bytes();
    let expires = world.now() + DAY * 200;
    Badge {
        id: BadgeId::from_bytes(&n),
        worker: hired.id.parse().expect("a worker"),
        agency,
        status: BadgeStatus::Valid,
        index: StatusIndex(0),
        expires_day: BadgeFields::last_day_before(expires).expect("a day"),
        issued_at: world.now(),
        version: 1,
        signed: None,
    }
}
