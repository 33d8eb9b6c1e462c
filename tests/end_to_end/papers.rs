//! Licence and permits: what an agency brings is what the authority decides on, to the byte.

use std::time::Duration;

use domain::id::AgencyId;
use objects::{PaperObjects, StoredPaper};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::caps::market;
use crate::http::Answer;
use crate::workers::text;
use crate::world::{Agency, CENTRE, World, decision_on};

const LICENCE: &str = "business_licence";

pub fn pdf(words: &str) -> Vec<u8> {
    format!("%PDF-1.7\n{words}").into_bytes()
}

impl World {
    pub async fn bring(&self, desk: &str, kind: &str, content: &[u8]) -> Answer {
        let path = format!("/v1/papers/{kind}");
        let call = self.call("PUT", &path).token(desk);
        call.raw("application/pdf", content.to_vec()).send().await
    }

    async fn bring_licence(&self, desk: &str, words: &str) -> Value {
        self.bring(desk, LICENCE, &pdf(words)).await.expect(200)
    }

    /// A file as it comes, with its headers.
    pub async fn download(&self, token: &str, path: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let url = format!("{}{path}", self.platform.base_url());
        let answer = self.client.get(url).bearer_auth(token).send().await;
        let answer = answer.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let content = answer.bytes().await.expect("a body").to_vec();
        (status, headers, content)
    }

    /// What lies in the bucket of an agency.
    pub async fn stored_papers(&self, agency: &Agency) -> Vec<StoredPaper> {
        let id: AgencyId = agency.id.parse().expect("an agency");
        let objects = PaperObjects::new(&self.platform.operator_settings());
        objects.stored(&id).await.expect("a list")
    }

    /// What is answered to a request for a paper that must not be answered with one.
    async fn refused_paper(&self, token: &str, path: &str) -> Answer {
        self.call("GET", path).token(token).send().await
    }

    async fn decide(&self, agency: &Agency, version: &Value, decision: &str) -> Answer {
        let authority = self.authority().await;
        let path = format!("/v1/agencies/{}/reviews", agency.id);
        let call = self.call("POST", &path).token(&authority);
        call.json(&decision_on(version, decision)).send().await
    }

    /// The one agency that waits, as the authority's list shows it.
    async fn waiting_agency(&self) -> Value {
        let authority = self.authority().await;
        let call = self.call("GET", "/v1/reviews?kind=agency");
        let mut page = call.token(&authority).send().await.expect(200);
        assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{page}");
        page["items"][0].take()
    }
}

fn hash(content: &[u8]) -> String {
    domain::chain::Hash(runtime::secret::sha256(content)).to_string()
}

/// The hashes of these papers.
fn hashes(papers: &Value) -> Vec<String> {
    let papers = papers.as_array().expect("papers").iter();
    papers
        .map(|paper| text(&paper["sha256"]).to_owned())
        .collect()
}

#[tokio::test]
async fn a_paper_comes_back_as_it_was_brought() {
    let world = World::empty().await;
    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    let (desk, authority) = (world.desk(&agency).await, world.authority().await);
    // As large as one can be, and with bytes that are no text.
    let mut large = b"\x89PNG\r\n\x1a\n\xff\x00\xfe".to_vec();
    large.resize(4 * 1024 * 1024, 0xa5);
    let jpeg = include_bytes!("photo.jpg").to_vec();
    for (n, (kind, content, media_type, name)) in [
        (LICENCE, large, "image/png", "business_licence.png"),
        (
            "human_resources_permit",
            jpeg,
            "image/jpeg",
            "human_resources_permit.jpg",
        ),
        (
            "labour_dispatch_permit",
            pdf("<script>"),
            "application/pdf",
            "labour_dispatch_permit.pdf",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        // All are said to be PDF documents.
        let brought = world.bring(&desk, kind, &content).await.expect(200);
        assert_eq!(brought["version"], 2 + n, "{kind}");
        let again = world.bring(&desk, kind, &content).await.expect(200);
        assert_eq!(again, brought, "{kind}");
        let paper = &brought["papers"][n];
        assert_eq!(
            (
                &paper["kind"],
                &paper["media_type"],
                &paper["bytes"],
                &paper["sha256"]
            ),
            (
                &json!(kind),
                &json!(media_type),
                &json!(content.len()),
                &json!(hash(&content))
            )
        );
        let own = format!("/v1/papers/{kind}");
        for (token, path) in [
            (&desk, &*own),
            (&desk, text(&paper["path"])),
            (&authority, text(&paper["path"])),
        ] {
            let (status, headers, got) = world.download(token, path).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert!(got == content, "{path}");
            for (header, value) in [
                ("content-type", media_type),
                (
                    "content-disposition",
                    &format!("attachment; filename=\"{name}\""),
                ),
                ("content-security-policy", "default-src 'none'; sandbox"),
                ("x-content-type-options", "nosniff"),
                ("cache-control", "private, no-store"),
            ] {
                assert_eq!(headers[header], *value, "{path}");
            }
        }
    }
    assert_eq!(world.stored_papers(&agency).await.len(), 3);
    let deeds = world.deeds(&desk, "").await;
    let deeds: Vec<_> = deeds
        .iter()
        .map(|deed| (text(&deed["what"]), text(&deed["about"])))
        .collect();
    let kinds = ["labour_dispatch_permit", "human_resources_permit", LICENCE];
    assert_eq!(deeds, kinds.map(|kind| ("paper_changed", kind)));
}

#[tokio::test]
async fn what_is_no_paper_is_refused() {
    let world = World::empty().await;
    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    let mut too_large = pdf("");
    too_large.resize(4 * 1024 * 1024 + 1, b' ');
    for (kind, claimed, content, status, slug) in [
        (LICENCE, "text/html", pdf(""), 415, "unsupported-media-type"),
        (
            LICENCE,
            "application/json",
            pdf(""),
            415,
            "unsupported-media-type",
        ),
        (LICENCE, "application/pdf", too_large, 413, "too-large"),
        (LICENCE, "image/png", b"GIF89a".to_vec(), 422, "invalid"),
        (
            LICENCE,
            "application/pdf; a=b",
            b"<html>%PDF-1.7".to_vec(),
            422,
            "invalid",
        ),
        (LICENCE, "application/pdf", Vec::new(), 422, "invalid"),
        (
            "identity_card",
            "application/pdf",
            pdf(""),
            404,
            "not-found",
        ),
    ] {
        let path = format!("/v1/papers/{kind}");
        let call = world.call("PUT", &path).token(&desk);
        let answer = call.raw(claimed, content).send().await;
        let pointers: &[&str] = if status == 422 { &[""] } else { &[] };
        assert_eq!(answer.pointers(), pointers);
        answer.expect_problem(status, slug);
    }
    let own = world.shown_agency(&agency.id).await;
    assert_eq!((&own["papers"], &own["version"]), (&json!([]), &json!(1)));
    assert!(world.stored_papers(&agency).await.is_empty());
}

/// What is decided on is what was seen: a registration first, then what the approved agency proposes.
#[tokio::test]
async fn a_decision_is_on_the_papers_that_were_seen() {
    let world = World::empty().await;
    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    let (desk, authority) = (world.desk(&agency).await, world.authority().await);
    let [first, second, third] = ["first", "second", "third"].map(pdf);
    world.bring_licence(&desk, "first").await;
    let seen = world.waiting_agency().await;
    assert_eq!(hashes(&seen["papers"]), [hash(&first)]);
    let path_of_first = text(&seen["papers"][0]["path"]).to_owned();
    world.bring_licence(&desk, "second").await;
    let late = world.decide(&agency, &seen["version"], "approve").await;
    late.expect_problem(409, "changed-since");
    // Nobody has decided on the first.
    let gone = world.refused_paper(&authority, &path_of_first).await;
    gone.expect_problem(404, "not-found");

    // A rejected agency corrects itself, and what it was rejected for stays.
    let seen = world.waiting_agency().await;
    let path_of_second = text(&seen["papers"][0]["path"]).to_owned();
    let rejected = world
        .decide(&agency, &seen["version"], "reject")
        .await
        .expect(200);
    assert_eq!(rejected["status"], "rejected");
    let corrected = world.bring_licence(&desk, "first").await;
    assert_eq!(corrected["status"], "pending");
    assert!(world.download(&authority, &path_of_second).await.2 == second);
    let seen = world.waiting_agency().await;
    world
        .decide(&agency, &seen["version"], "approve")
        .await
        .expect(200);

    // Now it proposes, and the old one serves.
    let proposed = world.bring_licence(&desk, "third").await;
    assert_eq!(hashes(&proposed["papers"]), [hash(&first)]);
    assert_eq!(
        hashes(&proposed["pending_changes"]["papers"]),
        [hash(&third)]
    );
    let seen = world.waiting_agency().await;
    assert_eq!(seen["papers"], proposed["pending_changes"]["papers"]);
    let path_of_third = text(&seen["papers"][0]["path"]).to_owned();
    assert!(world.download(&desk, "/v1/papers/business_licence").await.2 == first);
    assert!(world.download(&authority, &path_of_third).await.2 == third);
    // The one that serves, brought again, takes the proposal back.
    let back = world.bring_licence(&desk, "first").await;
    assert_eq!(back["pending_changes"], Value::Null);
    let stale = world.decide(&agency, &seen["version"], "approve").await;
    stale.expect_problem(409, "changed-since");

    // A suspended one proposes too, and stays suspended.
    world.review(&agency, "suspend").await.expect(200);
    world.bring_licence(&desk, "third").await;
    let seen = world.waiting_agency().await;
    let approved = world
        .decide(&agency, &seen["version"], "approve")
        .await
        .expect(200);
    assert_eq!(
        (&approved["status"], hashes(&approved["papers"])),
        (&json!("suspended"), vec![hash(&third)])
    );
    let reviews = approved["reviews"].as_array().expect("reviews").iter();
    let decided: Vec<_> = reviews
        .map(|review| (text(&review["decision"]), hashes(&review["papers"])))
        .collect();
    let [first, second, third] = [first, second, third].map(|content| hash(&content));
    assert_eq!(
        decided,
        [
            ("reject", vec![second]),
            ("approve", vec![first]),
            ("suspend", vec![]),
            ("approve", vec![third])
        ]
    );
}

#[tokio::test]
async fn an_agency_reads_its_own_papers_alone() {
    let world = World::empty().await;
    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    let other = world.register(&["cleaning"], &[CENTRE]).await;
    let (desk, other_desk) = (world.desk(&agency).await, world.desk(&other).await);
    let brought = world.bring_licence(&desk, "ours").await;
    let path = text(&brought["papers"][0]["path"]).to_owned();
    let by_hash = path.replace(&format!("agency_id={}&", agency.id), "");
    let customer = world.customer("demo-customer-1").await;
    let authority = world.authority().await;
    let kind = "/v1/papers/business_licence";
    for (token, path, status, slug) in [
        (&other_desk, &*path, 404, "not-found"),
        (&other_desk, &by_hash, 404, "not-found"),
        (&other_desk, kind, 404, "not-found"),
        (&desk, "/v1/papers/human_resources_permit", 404, "not-found"),
        (
            &desk,
            &by_hash.replace(LICENCE, "human_resources_permit"),
            404,
            "not-found",
        ),
        (&desk, "/v1/papers/identity_card", 404, "not-found"),
        (&desk, &format!("{kind}?sha256=x"), 400, "malformed"),
        (&desk, &format!("{kind}?agency_id=x"), 400, "malformed"),
        (&customer, &path, 403, "forbidden"),
        (&authority, &by_hash, 400, "malformed"),
        (
            &authority,
            &format!("{kind}?agency_id=agy_00000000000000000000000000"),
            404,
            "not-found",
        ),
    ] {
        let answer = world.refused_paper(token, path).await;
        answer.expect_problem(status, slug);
    }
    // The same file is another agency's as well, and each has its own.
    let theirs = world.bring_licence(&other_desk, "ours").await;
    assert_eq!(hashes(&theirs["papers"]), hashes(&brought["papers"]));
    assert_eq!(world.stored_papers(&agency).await.len(), 1);
    assert_eq!(world.stored_papers(&other).await.len(), 1);
}

#[tokio::test]
async fn nobody_fills_the_bucket() {
    let world = market(r#""daily_changes_cap":2"#).await;
    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    world.bring_licence(&desk, "1").await;
    world.skip(Duration::from_secs(3_600));
    let desk = world.desk(&agency).await;
    let last = world.bring_licence(&desk, "2").await;
    let refused = world
        .bring(&desk, "human_resources_permit", &pdf("3"))
        .await;
    let wait = refused.headers["retry-after"].to_str().expect("text");
    let wait: u64 = wait.parse().expect("seconds");
    assert!((82_700..=82_801).contains(&wait), "{wait}");
    refused.expect_problem(429, "rate-limited");
    assert_eq!(world.bring_licence(&desk, "2").await, last);
    assert_eq!(world.stored_papers(&agency).await.len(), 2);

    // The first is named no more. The second is, and stays however old it is.
    world.skip(Duration::from_secs(86_401));
    let desk = world.desk(&agency).await;
    world
        .bring(&desk, "human_resources_permit", &pdf("3"))
        .await
        .expect(200);
    assert_eq!(world.stored_papers(&agency).await.len(), 2);
    assert!(world.download(&desk, "/v1/papers/business_licence").await.2 == pdf("2"));
    // What was decided on stays as well.
    world.review(&agency, "reject").await.expect(200);
    world.skip(Duration::from_secs(86_401));
    let desk = world.desk(&agency).await;
    world.bring_licence(&desk, "4").await;
    let rejected = format!("/v1/papers/{LICENCE}?sha256={}", hash(&pdf("2")));
    assert!(world.download(&desk, &rejected).await.2 == pdf("2"));
    assert_eq!(world.stored_papers(&agency).await.len(), 3);
}

#[tokio::test]
async fn a_market_can_require_papers() {
    let world = market(r#""required_papers":["business_licence","labour_dispatch_permit"]"#).await;
    let agency = world.register(&["cleaning"], &[CENTRE]).await;
    let desk = world.desk(&agency).await;
    world
        .bring(&desk, "labour_dispatch_permit", &pdf("permit"))
        .await
        .expect(200);
    let refused = world.review(&agency, "approve").await;
    let refused = refused.expect_problem(409, "papers-missing");
    assert_eq!(refused["missing"], json!([LICENCE]));
    world.bring_licence(&desk, "licence").await;
    let approved = world.review(&agency, "approve").await.expect(200);
    assert_eq!(approved["status"], "approved");
}
